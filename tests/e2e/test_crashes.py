"""A command that is killed, or typed twice at once: a repair ends, and runs once (law 8)."""

from __future__ import annotations

import signal
from typing import Any, Literal

import pytest

from tests.e2e.wire import Gate
from tests.e2e.world import AUTO, BLOCKED, PUBLIC, Person, World

FIRST, LAST = "PUT ?policy", "PUT ?publicAccessBlock"


def ready(world: World, person: Person) -> Any:
    """A plan of two calls that is automatic."""
    person.uses(AUTO)
    found = person.scanned()
    plan = person.planned(*(found[control, world.storage.data_bucket] for control in (PUBLIC, BLOCKED)))
    assert [call["operation"] for call in plan["calls"]] == ["s3.PutBucketPolicy", "s3.PutPublicAccessBlock"]
    return plan


def is_open(world: World) -> bool:
    return len(world.bucket_policy(world.storage.data_bucket)["Statement"]) == 3


@pytest.mark.parametrize(
    ("operation", "moment", "left_open", "state"),
    [
        (FIRST, "before", True, "undone"),
        (FIRST, "after", False, "undone"),
        (LAST, "after", False, "verified"),
    ],
)
def test_a_repair_that_was_killed_is_resumed(
    world: World, dana: Person, operation: str, moment: Literal["before", "after"], left_open: bool, state: str
) -> None:
    plan = ready(world, dana)
    gate = Gate(operation, moment, lost=True)
    world.wire.gates.append(gate)
    process = dana.start("apply", plan["id"], "--yes")
    gate.arrived.wait()
    process.send_signal(signal.SIGKILL)
    assert dana.finished(process).code == -signal.SIGKILL
    gate.go.set()
    assert is_open(world) is left_open
    resumed = dana.run("resume", "--json")
    assert (resumed.code, [item["state"] for item in resumed.json["resumed"]]) == (0, [state])
    assert is_open(world) is (state == "undone")
    assert dana.run("ledger", "verify").code == 0
    assert dana.run("resume").out.startswith("Nothing is unfinished")
    statuses = {dana.findings()[control, world.storage.data_bucket]["status"] for control in (PUBLIC, BLOCKED)}
    assert statuses == {"pass" if state == "verified" else "fail"}
    assert world.wire.secrets


def test_two_at_once_make_one_repair(world: World, dana: Person) -> None:
    plan = ready(world, dana)
    gate = Gate(FIRST, "before")
    world.wire.gates.append(gate)
    first = dana.start("apply", plan["id"], "--yes")
    gate.arrived.wait()
    second = dana.run("apply", plan["id"], "--yes")
    assert second.code == 2
    (told,) = second.told
    assert f"process {first.pid} is working on" in told
    gate.go.set()
    assert dana.finished(first).code == 0
    third = dana.run("apply", plan["id"], "--yes")
    assert (third.code, "was executed before" in third.err) == (1, True)
    assert world.wire.writes == [FIRST, LAST]
    assert len(dana.ledger(kind="repair")) == 1


def test_a_race_makes_one_repair(world: World, dana: Person) -> None:
    plan = ready(world, dana)
    both = [dana.start("apply", plan["id"], "--yes") for _ in range(2)]
    codes = sorted(dana.finished(process).code for process in both)
    assert codes[0] == 0
    assert codes[1] in (1, 2)
    assert world.wire.writes == [FIRST, LAST]
