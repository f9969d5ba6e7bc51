"""What import contracts cannot say: pure modules, short functions, short files, words that are not names."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "goldseam"
FILES = sorted(SOURCE.rglob("*.py"))
PURE = [
    *(SOURCE / "model" / f"{name}.py" for name in ("values", "resource", "errors")),
    *(SOURCE / "assess" / f"{name}.py" for name in ("evaluate", "context")),
    SOURCE / "audit" / "masking.py",
    SOURCE / "repair" / "plan.py",
    *sorted((SOURCE / "control").glob("*.py")),
    *sorted(path for path in (SOURCE / "decide").glob("*.py") if path.stem != "clause"),  # it loads CEL
]
PURE_MAY_IMPORT = {
    "__future__", "abc", "base64", "collections", "dataclasses", "datetime", "difflib", "enum", "functools", "goldseam",
    "hashlib", "inspect", "ipaddress", "math", "orjson", "re", "types", "typing", "zoneinfo",
}  # fmt: skip
PURE_MAY_NOT_CALL = {"open", "print", "input", "now", "utcnow", "today", "getenv", "urandom"}
LONGEST_FUNCTION = 30
LONGEST_FILE = 400
NOT_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "base", "common", "misc", "models"}


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def short(path: Path) -> str:
    return str(path.relative_to(SOURCE))


@pytest.mark.parametrize("path", PURE, ids=short)
def test_pure_modules_import_only_what_has_no_effect(path: Path) -> None:
    roots = {name.partition(".")[0] for name in imported(parsed(path))}
    assert roots <= PURE_MAY_IMPORT


@pytest.mark.parametrize("path", PURE, ids=short)
def test_pure_modules_read_no_clock_and_no_file(path: Path) -> None:
    called = {
        node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
    }
    assert not called & PURE_MAY_NOT_CALL


@pytest.mark.parametrize("path", FILES, ids=short)
def test_functions_and_files_stay_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    long = {
        node.name: _body_lines(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and _body_lines(node) > LONGEST_FUNCTION
    }
    assert not long
    assert len(text.splitlines()) <= LONGEST_FILE or short(path) == "cli/app.py"


def _body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of the statements, without the signature and the docstring."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body and body[-1].end_lineno else 0


@pytest.mark.parametrize("path", FILES, ids=short)
def test_modules_are_named_for_what_they_do(path: Path) -> None:
    assert not {part.removesuffix(".py") for part in path.relative_to(SOURCE).parts} & NOT_NAMES


@pytest.mark.parametrize("path", FILES, ids=short)
def test_no_handler_swallows_everything(path: Path) -> None:
    broad = [
        node.lineno
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}))
        and not any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
        and not any(isinstance(inner, ast.Attribute) and inner.attr == "set_exception" for inner in ast.walk(node))
    ]
    assert not broad or short(path) in {"cli/__init__.py", "keyholder/commands.py"}


def test_the_core_names_no_cloud() -> None:
    for path in PURE:
        strings = [node.value for node in ast.walk(parsed(path)) if isinstance(node, ast.Constant)]
        assert not [text for text in strings if isinstance(text, str) and text.startswith(("aws.", "arn:"))]


def test_plug_ins_see_the_language_and_never_a_stage() -> None:
    language = {
        "goldseam.control",
        "goldseam.model.resource",
        "goldseam.model.values",
        "goldseam.model.errors",
        "goldseam.ports",
    }
    doors = {
        "protocol",
        "registry",
        "plugins",
        "conformance",
        "account",
        "names",
        "read",
        "write",
        "cloud",
        "client",
        "keys",
        "permissions",
        "session_policy",
        "commands",
    }
    for path in sorted((SOURCE / "clouds").rglob("*.py")):
        if path.stem in doors or "proving" in path.parts:
            continue
        ours = {name for name in imported(parsed(path)) if name.startswith("goldseam") and "clouds" not in name}
        assert {re.sub(r"^(goldseam\.control)\..*", r"\1", name) for name in ours} <= language, path


ABOUT_ANOTHER_PROCESS = {
    "cli/processes.py": {
        "clouds",
        "keyholder",
        "proving",
    },  # the customer's own process; the proofs, which start emulators
    "cli/tour.py": {"demo"},  # starts the embedded cloud and types commands
}
MAY_BE_KNOWN = {"cli", "service", "model", "ports"}  # ports are the model's: protocols and values


@pytest.mark.parametrize("path", [path for path in FILES if short(path).startswith("cli/")], ids=short)
def test_a_front_end_knows_the_service_layer_and_the_model_only(path: Path) -> None:
    """Types as well, which the import contract leaves out. The mutation: import `Plan` from `repair.plan`."""
    rooms = {name.split(".")[1] for name in imported(parsed(path)) if name.startswith("goldseam.")}
    assert rooms <= MAY_BE_KNOWN | ABOUT_ANOTHER_PROCESS.get(short(path), set())


@pytest.mark.parametrize("path", [path for path in FILES if not short(path).startswith("cli/")], ids=short)
def test_nothing_below_knows_the_command_line(path: Path) -> None:
    """Neither where types are checked nor inside a function. The mutation: `from goldseam.cli import output`."""
    names = {name for name in imported(parsed(path)) if f"{name}.".startswith("goldseam.cli.")}
    assert not names or short(path) == "__main__.py"


def test_the_architecture_page_shows_the_layers_of_the_contract() -> None:
    root = SOURCE.parents[1]
    contract = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    layers = [re.split(r" [:|] ", layer) for layer in contract[0]["layers"]]
    page = (root / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[^|]+) \|", page, flags=re.MULTILINE)
    assert [re.findall(r"`(\w+)`", row) for row in rows] == layers


def test_only_apply_reaches_a_writer() -> None:
    users = {
        short(path)
        for path in FILES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom) and node.module == "goldseam.ports"
        for alias in node.names
        if alias.name in {"Writer", "WriterFactory"}
    }
    makers = {"repair/apply.py", "clouds/aws/write.py", "clouds/aws/account.py", "clouds/protocol.py"}
    assert users <= makers | {"service/interruption.py"} | _pass_it_on()  # interruption only ever holds a call back


def _pass_it_on() -> set[str]:
    """Modules that hand the factory to apply and never open it."""
    names = {"repair/execute.py", "repair/resume.py", "repair/rollback.py", "service/pipeline.py"}
    for name in names:
        assert "writer(" not in (SOURCE / name).read_text(encoding="utf-8")
    return names


def test_what_services_share_stands_below_them() -> None:
    """A module of the cloud's own folder knows no service; only `cloud.py`, which finds them all, does.

    The mutation: let `public.py` import from `services/ec2`.
    """
    folder = SOURCE / "clouds" / "aws"
    climbing = {
        short(path)
        for path in folder.glob("*.py")
        for node in ast.walk(parsed(path))
        if isinstance(node, (ast.Import, ast.ImportFrom)) and _names_a_service(node)
    }
    assert climbing == {"clouds/aws/cloud.py"}


def _names_a_service(node: ast.Import | ast.ImportFrom) -> bool:
    module = getattr(node, "module", None) or ""
    names = [alias.name if isinstance(node, ast.Import) else f"{module}.{alias.name}" for alias in node.names]
    return any(f"{name}.".startswith("goldseam.clouds.aws.services.") for name in names)


def test_the_architecture_page_says_where_things_are() -> None:
    """The mutation: move `entry_hash` out of `audit/chain.py`, or name another file on the page."""
    page = (SOURCE.parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| [^|]+ \| `([\w/]+\.py)` \| `(\w+)` \|$", page, flags=re.MULTILINE)
    assert len(rows) == 10
    for file, name in rows:
        defined = {getattr(node, "name", "") for node in ast.walk(parsed(SOURCE / file))}
        assert name in defined, f"{file} does not define {name}"


def test_the_picture_names_modules_that_are_there() -> None:
    """The mutation: a stage is renamed and the picture is not."""
    page = (SOURCE.parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")
    picture = page.partition("```mermaid")[2].partition("```")[0]
    stages = re.findall(r'"(\w+/\w+)<br>', picture)
    assert len(stages) == 8
    assert [name for name in stages if not (SOURCE / f"{name}.py").exists()] == []
