"""Every document that the command line prints has a name, a version, a place in the manual, and a shape that stays."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

from tests.e2e.shapes import shape, together
from tests.e2e.world import ASK, BLOCKED, PUBLIC, Person, World

Shapes: TypeAlias = dict[str, dict[str, str]]
"""By schema, the types at each path."""
Place: TypeAlias = tuple[str, str]

ROOT: Final = Path(__file__).parents[2]
RECORDED: Final = Path(__file__).with_name("shapes.json")
_NAME: Final = re.compile(r"goldseam\.[a-z-]+/\d+")
ELSEWHERE: Final = {"goldseam.conform/1": "tests/proving/test_report.py, which has a table of laws to print"}


def recorded() -> Shapes:
    held: Shapes = json.loads(RECORDED.read_text(encoding="utf-8"))
    return held


def test_the_manual_and_this_test_know_every_schema() -> None:
    """The mutation: a command prints a document of a new name, or of the next version, and nobody writes it down."""
    sources = [*(ROOT / "src/goldseam/cli").glob("*.py"), ROOT / "src/goldseam/proving/report.py"]
    code = [re.sub(r'""".*?"""', "", path.read_text(encoding="utf-8"), flags=re.DOTALL) for path in sources]
    printed = {name for text in code for name in _NAME.findall(text)}
    manual = re.findall(r"^\| `(\S+)` \|", (ROOT / "docs/json.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert printed == set(manual)
    assert printed == recorded().keys() | ELSEWHERE.keys()
    assert len(manual) == len(set(manual))


def test_no_document_changes_its_shape_within_a_version(world: World, dana: Person, tmp_path: Path) -> None:
    """The mutation: `findings[].because` is renamed, left out, or a list.

    What is new is recorded: the shapes that were found are in the file that the failure names.
    """
    documents: dict[str, list[dict[str, str]]] = {}
    for document in told(world, dana):
        documents.setdefault(document.pop("schema"), []).append(shape(document))
    found = {name: together(shapes) for name, shapes in sorted(documents.items())}
    fresh = tmp_path / "shapes.json"
    fresh.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    gone, other, new = differences(recorded(), found)
    assert (gone, other) == ([], []), "what is renamed, removed or of another type makes the next version"
    assert new == [], f"record what is new: copy {fresh} to {RECORDED.name}"


def test_what_changes_of_a_document_is_told() -> None:
    """The mutation: `differences` looks at one side only, or not at types."""
    held = {"goldseam.x/1": shape({"a": "text", "b": [{"c": 1}], "settings": {"days": 1}})}
    same = shape({"a": "other", "b": [{"c": 2}, {"c": 3}], "settings": {"months": "2"}})
    assert differences(held, {"goldseam.x/1": same}) == ([], [], [])
    moved = shape({"z": "text", "b": [{"c": None}, {"c": 1}], "settings": 7})
    place = "goldseam.x/1"
    assert differences(held, {place: moved}) == ([(place, "a")], [(place, "b[].c")], [(place, "z")])
    assert differences(held, {})[0] == [(place, path) for path in held[place]]


def differences(held: Shapes, found: Shapes) -> tuple[list[Place], list[Place], list[Place]]:
    """The paths that are gone, of another type, and new."""
    now = {(name, path): kind for name, paths in found.items() for path, kind in paths.items()}
    before = {(name, path): kind for name, paths in held.items() for path, kind in paths.items()}
    other = [place for place, kind in before.items() if now.get(place, kind) != kind]
    return [place for place in before if place not in now], other, [place for place in now if place not in before]


def told(world: World, dana: Person) -> Iterator[dict[str, Any]]:
    """What every command answers in one story, from the first scan to a ledger that is sealed anew."""

    def asks(*words: str) -> dict[str, Any]:
        document: dict[str, Any] = dana.run(*words, "--json").json
        return document

    bucket, policy = world.storage.data_bucket, world.folder / "policy.yaml"
    policy.write_text(ASK, encoding="utf-8")
    for verb in ("check", "use", "show"):
        yield asks("policy", verb, *([str(policy)] if verb != "show" else []))
    yield asks("scan", "--control", PUBLIC, "--control", BLOCKED)
    yield asks("policy", "simulate", str(policy), "--all")
    yield (listed := asks("findings"))
    mine = {item["control"]: item for item in listed["findings"] if item["resource"].endswith(f":{bucket}")}
    yield asks("explain", mine[PUBLIC]["id"])
    yield asks("controls")
    yield asks("controls", PUBLIC)
    yield asks("exempt", mine[BLOCKED]["id"], "--owner", "web", "--reason", "moves", "--expires", "5d")
    yield asks("exempt")
    dana.run("exempt", mine[BLOCKED]["id"], "--withdraw")
    yield (plans := asks("plan", mine[PUBLIC]["id"]))
    plan = plans["plans"][0]["id"]
    yield asks("approve", plan, "-m", "agreed")
    yield asks("apply", plan, "--yes")
    yield (back := asks("rollback", plan, "--yes", "--emergency", "-m", "exports fail"))
    yield asks("review")
    yield asks("review", back["repairs"][0]["plan"], "--by", "noor", "-m", "seen")
    yield asks("resume")
    yield asks("connect")
    yield asks("ledger", "show")
    yield asks("ledger", "checkpoint")
    yield asks("ledger", "verify")
    yield asks("database", "status")
    yield asks("database", "migrate")
    yield asks("database", "prune", "--days", "30")
    yield _code(world)
    for name in ("ledger.key", "ledger.pub"):
        (dana.home / name).unlink()
    yield asks("ledger", "reseal", "-m", "the keys were lost")
    yield asks("ledger", "verify")


def _code(world: World) -> dict[str, Any]:
    noor = world.person("noor", world.people.scanner, role="")
    noor.uses(ASK)
    with world.keyholder(noor, automated=False) as config:
        plan = noor.planned(noor.scanned()[BLOCKED, world.storage.data_bucket])
        noor.run("approve", plan["id"], "-m", "agreed")
        noor.run("apply", plan["id"], "--yes", "--key", "keyholder")
        document: dict[str, Any] = noor.run("key", plan["id"], "--config", str(config), "--json", shows_code=True).json
    world.codes += [document["code"], document["code"].replace("-", "")]
    return document
