"""Hostile text on a terminal: it is shown, it makes one line, and nothing writes around the one place that does so."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from goldseam import cli
from goldseam.assess.evaluate import Finding, Status
from goldseam.cli import output, tracebacks
from goldseam.cli.planning import print_commands
from goldseam.cli.records import in_words
from goldseam.cli.scanning import print_findings, print_reasoning
from goldseam.cli.showing import print_plan, print_repair
from goldseam.clouds.aws.commands import command_words
from goldseam.clouds.commands import command_line
from goldseam.control import Call, Catalog, Permission, Secrets
from goldseam.decide import Decision, TraceLine
from goldseam.decide.policy import Mode
from goldseam.keyholder.commands import run_command
from goldseam.model.display import (
    shell_word,
    visible,
    visible_json,
    write_error,
    write_json,
    write_line,
    write_prompt,
)
from goldseam.model.resource import Ref, Resource
from goldseam.ports import Receipt
from goldseam.repair.execute import Repair
from goldseam.repair.plan import Change, Plan
from goldseam.repair.propose import propose
from goldseam.service.findings import listed
from goldseam.service.masking import Masking
from goldseam.service.views import plan_view, repair_view
from goldseam.store.scans import Kept
from tests import toy

SOURCE = Path(__file__).parents[1] / "src" / "goldseam"
CATALOG = Catalog.of([toy])
MASKING = Masking(CATALOG)
HOSTILE = [
    "\x1b[31mred", "\x1b]0;title\x07", "\0", "a\nb", "a\r\nb", "\x85", "\x9b2J", "\x7f", "\u202egnp.exe",
    "\u2066a\u2069", "\u200e\u200f\u061c", "\u200b\u2028\u2029", "\ufeff", "\U000e0041", "[red]a[/red]", ":warning:",
    "\ud800", "\t",
    "a'b\\",
]  # fmt: skip
TEXTS = st.sampled_from(HOSTILE) | st.lists(st.sampled_from(HOSTILE) | st.text(max_size=3), max_size=4).map("".join)
HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
SHOWN = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def hidden(text: str) -> list[str]:
    """The characters of a text that a terminal does not show, but for the ends of lines."""
    return [character for character in text if unicodedata.category(character) in HIDDEN and character != "\n"]


def test_every_character_that_is_not_seen_is_escaped_and_no_other() -> None:
    for code in range(0x110000):
        character = chr(code)
        if unicodedata.category(character) in HIDDEN:
            assert visible(character).startswith("\\"), hex(code)
            assert visible(character).isascii()
            assert code < 0x20 or not hidden(visible_json(f'"{character}"')), hex(code)
        elif unicodedata.category(character) != "Cn":
            assert visible(character) == character


def test_escapes_are_those_that_people_know() -> None:
    assert visible("a\x1b\x9b\n\t\u202e\U000e0041é🦄") == r"a\x1b\x9b\n\t\u202e\U000e0041é🦄"


@given(st.recursive(TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner, max_size=2), max_leaves=4))
def test_escaped_json_is_the_same_document(document: Any) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=2)
    assert json.loads(visible_json(text)) == document
    assert not hidden(visible_json(text))


@given(st.lists(TEXTS.filter(lambda text: "\0" not in text and "\ud800" not in text), min_size=1, max_size=8))
@example(["\x1b1", "\u202e7", "\n# rm -rf", "'", "\\n", "$(id)", "`id`", "!a", "", "é", "\x1b'\\"])
@settings(deadline=None, max_examples=25)
def test_a_quoted_word_is_one_line_and_a_shell_reads_the_same_bytes(words: list[str]) -> None:
    line = " ".join(map(shell_word, words))
    assert not hidden(line)
    assert "\n" not in line
    done = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True, env={"LC_ALL": "C"}
    )
    assert done.stdout.decode().split("\0")[:-1] == words


@given(TEXTS.filter(lambda text: text and "\0" not in text and "\ud800" not in text and not text.startswith("-")))
@settings(deadline=None, max_examples=15)
def test_a_command_with_hostile_text_says_the_same_bytes(text: str) -> None:
    line = command_line(command_words, Call("s3.PutBucketTagging", "eu-west-1", {"Bucket": text}, ()))
    script = f"aws() {{ printf '%s\\0' \"$@\"; }}; {line}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True, env={"LC_ALL": "C"})
    words = ["s3api", "put-bucket-tagging", "--bucket", text, "--region", "eu-west-1"]
    assert done.stdout.decode().split("\0")[:-1] == words
    assert not hidden(line)


def test_a_command_that_no_shell_can_hold_is_a_remark() -> None:
    call = Call("s3.PutBucketTagging", "eu-west-1", {"Bucket": "a\0b"}, ())
    assert (
        command_line(command_words, call)
        == "# s3.PutBucketTagging cannot be typed: it holds a NUL character, which no command line can"
    )


def hostile_plan(text: str) -> Plan:
    """A plan with the text wherever something of the cloud's or a person's stands."""
    made = propose(toy.house(lamp={"watts": 1}), [toy.lamp_lit], toy.CONTROLS)
    ref = Ref(toy.HOUSE.name, text, text, text, f"toy:{text}")
    values = {"watts": [text, {"a": text, text: text}], text: text}
    call = Call("s3.PutBucketTagging", text, {"Bucket": text, "Tagging": {"TagSet": [text]}}, (Permission(text, text),))
    changes = (Change("lamp", values, {**values, "watts": [text * 2]}), Change("seal", text, f"{text}."))
    return replace(
        made, ref=ref, because={toy.lamp_lit.id: text}, changes=changes, calls=(call,), undo=(call,),
        disruption=(text,), breaks=(text,), of=text,
    )  # fmt: skip


def decided(text: str) -> Decision:
    line = TraceLine("fact", text, None, text, (text, text))
    return Decision("f-1", Mode.ASK, text, 1, (text,), (line,), "v")


def repaired(plan: Plan, text: str) -> Repair:
    before = Resource(plan.ref, {"lamp": plan.changes[0].before, "seal": text})
    after = Resource(plan.ref, {"lamp": plan.changes[0].after, "seal": text})
    return Repair(plan.id, "verified", text, before, after, (Receipt(text, {}),), ())


def found(text: str) -> Kept:
    ref = Ref(toy.HOUSE.name, text, text, text, f"toy:{text}")
    return Kept(Finding("f-1", toy.lamp_lit.id, ref, Status.FAIL, text), decided(text), text, text)


RENDERERS: Mapping[str, Callable[[str], object]] = {
    "say": lambda text: output.say(text, "bold"),
    "note": output.note,
    "line": write_line,
    "error": write_error,
    "table": lambda text: output.table(("A", "B"), [(text, (text, "red")), (f"a{text}", "b")]),
    "diff": lambda text: output.print_diff({text: text, "b": [text]}, {text: [text], "b": [f"{text}."]}),
    "plan": lambda text: print_plan(plan_view(hostile_plan(text), (decided(text),), MASKING)),
    "commands": lambda text: print_commands(f"p-1: {text}", list(MASKING.commands(hostile_plan(text), command_words))),
    "repair": lambda text: print_repair(repair_view(repaired(hostile_plan(text), text), hostile_plan(text), MASKING)),
    "reasoning": lambda text: print_reasoning(decided(text), Secrets()),
    "findings": lambda text: print_findings([listed(found(text), CATALOG)]),
    "ledger": lambda text: output.table(("WHAT",), [(in_words({"by": text, "reason": text}),)]),
    "fault": lambda text: tracebacks.written(ValueError(text)),
    "prompt": lambda text: write_prompt(f"{text} [y/N] "),
}


HOLDS_VALUES = {"diff", "plan", "commands", "repair", "reasoning", "findings"}
"""What shows values, which hold no surrogates: the reader lets none pass."""


@pytest.mark.parametrize("name", RENDERERS)
@SHOWN
@given(text=TEXTS.filter(bool))
def test_no_renderer_lets_hostile_text_through(name: str, text: str, capfd: pytest.CaptureFixture[str]) -> None:
    if name in HOLDS_VALUES:
        text = text.replace("\ud800", "")
    lines = []
    for shown in (text, "A" * len(text)):
        output.console.cache_clear()
        RENDERERS[name](shown)
        sys.stdout.flush()
        sys.stderr.flush()
        captured = capfd.readouterr()
        written = captured.out + captured.err
        assert not hidden(written), repr(written)
        lines.append(written.count("\n"))
    if name not in ("fault", "diff", "plan", "repair", "table", "findings", "ledger"):
        assert lines[0] == lines[1], (text, lines)


def test_a_cell_keeps_markup_and_names_of_emoji_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    output.say("[red]a[/red] :warning: {b}")
    output.table(("A",), [("[red]a[/red] :warning:",)])
    assert capsys.readouterr().out.count("[red]a[/red] :warning:") == 2


@SHOWN
@given(text=TEXTS.filter(lambda text: "\ud800" not in text))
def test_json_for_programs_shows_nothing_hidden_and_says_the_same(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output.print_json("goldseam.test/1", a=text, b={text: [text]})
    write_json(json.dumps({"a": text}, ensure_ascii=False))
    printed = capsys.readouterr().out
    assert not hidden(printed)
    first, _, rest = printed.partition("\n}\n")
    assert json.loads(first + "}") == {"schema": "goldseam.test/1", "a": text, "b": {text: [text]}}
    assert json.loads(rest) == {"a": text}


@pytest.mark.parametrize(
    "words",
    [("explain", "f-\x1b[31m\n\u202e"), ("sc\x1b[2Jan",), ("findings", "--status", "\x9b\n"), ("plan", "\u2066")],
)
def test_an_error_shows_what_the_user_typed(
    words: tuple[str, ...], capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.run(["--home", str(tmp_path / "home"), *words]) == 2
    captured = capfd.readouterr()
    assert not hidden(captured.out + captured.err)
    assert "\\" in captured.err


def test_a_traceback_and_the_keyholder_show_it_too(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run_command(["--config", str(tmp_path / "a\x1b[31m\nb.yaml"), "show"]) == 2
    command = [sys.executable, "-m", "goldseam", "--home", str(tmp_path / "home"), "--debug", "explain", "f-\x1b[31m"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" in done.stderr
    assert not hidden(capfd.readouterr().err + done.stderr)


ALLOWED = {
    ("model/display.py", "sys.stdout.write"): "the one place",
    ("model/display.py", "sys.stderr.write"): "the one place",
    ("cli/output.py", "console().print"): "lines and tables with styles; every text passes `visible` first",
    ("proving/report.py", "console.print"): "the table of laws: ids of this catalogue, and notes that pass `visible`",
    ("cli/app.py", "typer.echo"): "the version, which is ours",
    ("cli/output.py", "getpass.getpass"): "asks for a code that is not shown; the question passes `visible`",
    ("cli/output.py", "sys.stderr.handed on"): "asks whether the stream has lost its reader; nothing is written",
    ("cli/streams.py", "os.write"): "beneath the standard streams, for what was written to them",
    ("cli/interruption.py", "os.write"): "a line from within a signal handler; it passes `visible`",
    ("audit/record.py", "show"): "what gives an entry whole or masked; it writes nothing",
    ("cli/__init__.py", "show"): "the parser's own report of a mistake, whose message passes `visible` first",
}
WRITERS = re.compile(
    r"print|pprint|input|show|getpass\.getpass|(\w+\.)*(echo|secho|prompt|confirm)|(sys\.)?(__)?std(out|err)(__)?\..*"
    r"|(.*\.)?console(\(.*\))?\.(print|log|out|input|rule|status)|os\.write|warnings\.warn|traceback\.print_\w+"
    r"|logging\.(debug|info|warning|error|critical|exception|basicConfig)"
)
HARMLESS = {"sys.stdout.flush", "sys.stderr.flush", "sys.stdout.isatty", "sys.stderr.isatty", "sys.stdout.fileno"}


def test_nothing_else_writes_to_a_terminal() -> None:
    found = {
        (str(path.relative_to(SOURCE)), call)
        for path in sorted(SOURCE.rglob("*.py"))
        for call in calls(ast.parse(path.read_text(encoding="utf-8")))
        if WRITERS.fullmatch(call) and call not in HARMLESS
    }
    assert found == set(ALLOWED)


def test_no_line_for_people_holds_a_line_break_of_its_own() -> None:
    """It would be shown as `\\n`. The mutation: `say("\\nfacts")`."""
    found = [
        f"{path.relative_to(SOURCE)}:{node.lineno}"
        for path in sorted(SOURCE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and re.fullmatch(r"(.*\.)?(say|note|write_line|write_error)", ast.unparse(node.func))
        for part in (part for argument in node.args for part in ast.walk(argument))
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and "\n" in part.value
    ]
    assert found == []


def calls(tree: ast.AST) -> Iterator[str]:
    """What is called in a module, and the standard streams where they are handed on."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                if ast.unparse(argument) in ("sys.stdout", "sys.stderr"):
                    yield f"{ast.unparse(argument)}.handed on"
