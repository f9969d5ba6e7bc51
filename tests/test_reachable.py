"""Nothing is kept that nobody can reach; what tests alone use is dead as well."""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from typing import Final

import pytest

from goldseam import control
from goldseam.control import Control, FactRule, Kind
from tests.reachability import Node, Program

ROOT: Final = Path(__file__).parents[1]
SOURCE: Final = ROOT / "src" / "goldseam"
AWAITED: Final = {
    "goldseam.keyholder.webhook": "gives rotating codes to repairs without a person, which the worker makes",
}
"""What is proved and has no caller yet, with what will call it; an entry that is reached has to go."""


def entered(program: Program) -> list[Node]:
    """Where the program is entered: its commands, `python -m`, and the language that plug-ins of others import."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["scripts"], *project.get("entry-points", {}).values()]
    starts = [(module, name) for group in groups for module, _, name in (it.partition(":") for it in group.values())]
    starts += [(name, "") for name in program.modules if name.endswith(".__main__")]
    language = program.modules["goldseam.control"].imports
    return starts + [(module, name) for module, _, name in (language[it].rpartition(".") for it in control.__all__)]


def found_by_catalogs(program: Program) -> dict[str, frozenset[str]]:
    """What `Catalog.of` takes out of each module of a cloud: kinds, controls and facts, alone or in a list."""
    clouds = [name for name in program.modules if name.startswith("goldseam.clouds.")]
    return {
        name: frozenset(key for key, value in vars(import_module(name)).items() if _rules(value)) for name in clouds
    }


def _rules(value: object) -> bool:
    items = value if isinstance(value, (tuple, list)) else (value,)
    return any(isinstance(item, (Control, FactRule, Kind)) for item in items)


def test_everything_is_reached_from_an_entry() -> None:
    """The mutation: add a function that nothing calls, or a test alone, to any module."""
    program = Program.below(SOURCE)
    program.finds = found_by_catalogs(program)
    program.enter(*entered(program))
    assert program.dead() == sorted(AWAITED)


PACKAGE: Final = {
    "__init__": "",
    "cli": """\
        from house.rooms import shown as display
        from house import plugins, twin
        from importlib import import_module
        from pkgutil import iter_modules
        def main():
            unused = 1
            for found in iter_modules(plugins.__path__):
                import_module(found.name).install(unused)
            return display(), twin.one
    """,
    "rooms/__init__": "from house.rooms.hall import shown, hidden",
    "rooms/hall": """\
        LIMIT = 1
        unused = made()
        def made(): return 2
        def shown(size=LIMIT): return unused if (unused := size) else None
        def hidden(): return helper()
        def helper(): ...
    """,
    "plugins/__init__": "",
    "plugins/one": """\
        from functools import cache
        from house.language import control
        def install(value): ...
        @control('x')
        def registered(): return used()
        @cache
        def kept(): ...
        def used(): ...
    """,
    "language": "def control(name): ...",
    "twin": "one = 1\ntwo = 2",
    "attic": "def forgotten(): return 1",
}


@pytest.fixture
def house(tmp_path: Path) -> Program:
    for name, text in PACKAGE.items():
        path = tmp_path / "house" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    return Program.below(tmp_path / "house")


def test_what_is_planted_is_found(house: Program) -> None:
    """A module, a name, what only the dead call, a name like a local one, a re-export, what is cached: all are dead.

    The mutations: `_references` forgets what a function binds, `Module.run` holds assignments, `_registered` takes any
    decorator.
    """
    house.enter(("house.cli", "main"))
    assert house.dead() == [
        "house.attic",
        "house.plugins.one:kept",
        "house.rooms.hall:helper",
        "house.rooms.hall:hidden",
        "house.rooms.hall:made",
        "house.rooms.hall:unused",
        "house.twin:two",
    ]


def test_what_the_program_looks_for_itself_is_reached(house: Program) -> None:
    """The mutation: `_found_in` forgets `finds`."""
    house.finds = {"house.plugins.one": frozenset({"kept"}), "house.twin": frozenset({"two"})}
    house.enter(("house.cli", "main"))
    assert "house.plugins.one:kept" not in house.dead()
    assert "house.twin:two" in house.dead()  # no folder that is walked
