"""Every use case is there once, declares its right, prints nothing and answers with what cannot be changed."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from goldseam import service
from goldseam.model.errors import NotPermitted
from goldseam.service.context import ServiceContext
from goldseam.service.rights import EVERY_RIGHT, Actor, Right, UseCase, needs

FOLDER = Path(service.__file__).parent
BENEATH = {"automation", "context", "execution", "interruption", "keys", "masking", "pipeline", "policy_comparison",
           "readings", "rights", "selection", "views"}  # fmt: skip
"""Modules that use cases stand on; every other one holds use cases."""
NOUNS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in {*BENEATH, "__init__"})
ON_A_CONTEXT = {"approval_of", "record_lapsed"}
"""Functions that one use case does for another."""


def use_cases() -> Iterator[tuple[str, UseCase[Any, Any]]]:
    for noun in NOUNS:
        module = import_module(f"goldseam.service.{noun}")
        for name, item in vars(module).items():
            if isinstance(item, UseCase) and item.function.__module__ == module.__name__:
                yield f"{noun}.{name}", item


USE_CASES = dict(use_cases())


def test_the_nouns_are_these() -> None:
    assert set(NOUNS) >= {
        "approvals", "audit", "connections", "controls", "exemptions", "findings", "plans", "policies", "repairs",
        "rollbacks", "scans",
    }  # fmt: skip
    assert {path.stem for path in FOLDER.glob("*.py")} >= BENEATH


@pytest.mark.parametrize("noun", NOUNS)
def test_every_public_function_on_a_context_declares_one_right(noun: str) -> None:
    """The mutation: take `@needs` away from a use case."""
    module = import_module(f"goldseam.service.{noun}")
    bare = {
        name
        for name, item in vars(module).items()
        if inspect.isfunction(item)
        and item.__module__ == module.__name__
        and not name.startswith("_")
        and next(iter(inspect.signature(item).parameters), "") == "context"
    }
    assert bare <= ON_A_CONTEXT
    tree = ast.parse((FOLDER / f"{noun}.py").read_text(encoding="utf-8"))
    declared = {
        node.name: [part for part in node.decorator_list if ast.unparse(part).startswith("needs(")]
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.decorator_list and not node.name.startswith("_")
    }
    assert all(len(rights) == 1 for rights in declared.values())
    assert declared.keys() == {name.partition(".")[2] for name in USE_CASES if name.startswith(f"{noun}.")}


def test_every_right_is_needed_by_a_use_case() -> None:
    assert {item.right for item in USE_CASES.values()} == set(Right)


@pytest.mark.parametrize("name", USE_CASES)
def test_an_actor_without_the_right_is_refused_before_anything_is_opened(name: str, tmp_path: Path) -> None:
    """The mutation: call the function whatever the actor's rights are."""
    case, home = USE_CASES[name], tmp_path / "home"
    context = ServiceContext(home).acting(Actor("ann", EVERY_RIGHT - {case.right}))
    with pytest.raises(NotPermitted, match=f"`ann` has no right to {case.right}"):
        case(context)
    assert not home.exists()


def test_the_right_alone_is_enough() -> None:
    @needs(Right.REVIEW)
    def reviewed(context: ServiceContext, what: str) -> str:
        return f"{what} by {context.actor.name}"

    context = ServiceContext().acting(Actor("ann", frozenset({Right.REVIEW})))
    assert reviewed(context, "p-1") == "p-1 by ann"


def test_whoever_names_no_actor_has_every_right_and_nobody_vouches_for_the_name() -> None:
    named = ServiceContext().by("dana").actor
    assert (named.name, named.rights, named.authenticated) == ("dana", EVERY_RIGHT, False)
    own = ServiceContext().by("").actor
    assert own.name
    assert (own.rights, own.authenticated) == (EVERY_RIGHT, False)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_the_service_layer_prints_nothing_asks_nobody_and_never_exits(path: Path) -> None:
    """The mutation: `print` in a use case, or an import of what writes on a terminal."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert not called & {"print", "input", "exit", "quit", "sys.exit", "os._exit", "getpass.getpass"}
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {name.partition(".")[0] for name in imported} & {"rich", "typer", "sys", "click"}
    assert "goldseam.model.display" not in imported


@pytest.mark.parametrize("noun", NOUNS)
def test_requests_and_results_are_frozen(noun: str) -> None:
    module = import_module(f"goldseam.service.{noun}")
    for name, item in vars(module).items():
        if inspect.isclass(item) and is_dataclass(item) and item.__module__ == module.__name__:
            assert item.__dataclass_params__.frozen or name.startswith("_"), name  # type: ignore[attr-defined]
            assert all(part.type not in ("list", "dict") for part in fields(item))
