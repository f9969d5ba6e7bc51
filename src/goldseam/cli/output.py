"""How answers look: JSON of a versioned schema for programs, plain or coloured text for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from goldseam.cli import streams
from goldseam.model.display import visible, write_error, write_json, write_prompt
from goldseam.model.values import ABSENT, Json, Value, changed_parts, indented_document, plain

if TYPE_CHECKING:
    from rich.console import Console

SEVERITY_STYLE: Final = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}
_WIDE: Final = 240
"""Columns where nobody looks: a file or a pipe has no edge to fold at."""

STATUS_STYLE: Final = {"pass": "green", "fail": "red", "unknown": "magenta", "exempt": "blue", "not_applicable": "dim"}
STATE_STYLE: Final = {"verified": "bold yellow", "pending": "yellow", "undone": "magenta", "conflict": "bold red"}


def print_json(schema: str, **members: Json) -> None:
    """One JSON document on standard output; `schema` is its name and version (`goldseam.findings/1`)."""
    write_json(indented_document({"schema": schema, **members}))


@cache
def console() -> Console:
    """Where people read; colour only on a terminal, and not when NO_COLOR is set."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _WIDE)


def say(text: str = "", style: str = "") -> None:
    """One line for people, whatever the text holds: control characters are shown, markup and emoji are not read."""
    console().print(visible(text), style=style or None, markup=False, emoji=False)


def note(text: str) -> None:
    """One line beside the answer, on standard error: progress and hints."""
    write_error(text)


def note_unseen(text: str) -> None:
    """What was done, on standard error, where standard output no longer reaches anybody."""
    sys.stdout.flush()
    if streams.lost():
        note(f"goldseam: standard output is closed; {text}")


def table(headings: Sequence[str], rows: Iterable[Sequence[tuple[str, str] | str]]) -> None:
    """A table without lines; a cell is a text, or a text and its style."""
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        made.add_column(heading, overflow="fold")
    for row in rows:
        cells = ((cell, "") if isinstance(cell, str) else cell for cell in row)
        made.add_row(*(Text(visible(text), style) for text, style in cells))
    console().print(made)


def pretty(value: Value) -> list[str]:
    """A value in lines for a diff; no lines for what is not there."""
    return [] if value is ABSENT else json.dumps(plain(value), indent=2, sort_keys=True).splitlines()


def print_diff(before: Value, after: Value, indent: str = "    ") -> None:
    """What goes, in red, and what comes, in green, each under its place; and how much stays beside it."""
    for path, gone, come, stay in changed_parts(before, after):
        if path:
            say(f"{indent}{path}", "bold")
        for item, sign, style in (*((i, "-", "red") for i in gone), *((i, "+", "green") for i in come)):
            for line in pretty(item):
                say(f"{indent}{sign} {line}", style)
        if stay:
            say(f"{indent}  … {count(stay, 'other')} {'stays as it is' if stay == 1 else 'stay as they are'}", "dim")


def count(number: int, noun: str) -> str:
    """`1 finding`, `2 findings`, `2 policies`."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


def ask(question: str) -> bool:
    """Whether a person says yes; no when nobody can be asked, or nobody saw what the question is about."""
    if not sys.stdin.isatty():
        return False
    sys.stdout.flush()
    if streams.lost() or streams.lost(sys.stderr):
        note("standard output is closed: the plan could not be shown, so no confirmation is asked for")
        return False
    write_prompt(f"{question} [y/N] ")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def ask_code(question: str) -> str:
    """What a person types without an echo."""
    import getpass

    return getpass.getpass(visible(question))


def summary(counts: Mapping[str, int]) -> str:
    """Counts in words, without the zeros; names may be joined by `_`."""
    return ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts.items() if number) or "nothing"
