"""A command that is killed, or typed twice at once: a repair ends, and runs once (law 8)."""

from __future__ import annotations

import signal
from datetime import timedelta
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


def killed(world: World, dana: Person, operation: str, moment: Literal["before", "after"]) -> Any:
    """The plan of a repair that was killed while a call was on its way, or answered."""
    plan = ready(world, dana)
    gate = Gate(operation, moment, lost=True)
    world.wire.gates.append(gate)
    process = dana.start("apply", plan["id"], "--yes")
    gate.reached(process)
    process.send_signal(signal.SIGKILL)
    assert dana.finished(process).code == -signal.SIGKILL
    gate.go.set()
    return plan


@pytest.mark.parametrize(
    ("operation", "moment", "left_open", "state"),
    [
        (FIRST, "before", True, "undone"),
        (FIRST, "after", False, "undone"),
        (LAST, "after", False, "verified"),
    ],
)
def test_a_repair_that_was_killed_is_resumed_when_its_key_has_expired(
    world: World, dana: Person, operation: str, moment: Literal["before", "after"], left_open: bool, state: str
) -> None:
    plan = killed(world, dana, operation, moment)
    assert is_open(world) is left_open
    writes = list(world.wire.writes)
    early = dana.run("resume", "--json")
    (item,) = early.json["resumed"]
    assert (early.code, item["plan"], item["state"]) == (3, plan["id"], "open")
    assert "the key given to it is valid until" in item["because"]
    assert world.wire.writes == writes
    world.wire.key_lasts = timedelta(minutes=35)
    resumed = dana.waits("resume", "--wait", "--json")
    assert (resumed.code, [item["state"] for item in resumed.json["resumed"]]) == (0, [state])
    assert "waiting until" in resumed.err
    assert is_open(world) is (state == "undone")
    assert dana.run("ledger", "verify").code == 0
    assert dana.run("resume").out.startswith("Nothing is unfinished")
    statuses = {dana.findings()[control, world.storage.data_bucket]["status"] for control in (PUBLIC, BLOCKED)}
    assert statuses == {"pass" if state == "verified" else "fail"}
    assert world.wire.secrets


def test_a_recovery_can_be_approved_by_its_id(world: World, dana: Person) -> None:
    """Without a key source it stays open; its plan is kept, shown and approved, and the approval is on record."""
    killed(world, dana, FIRST, "after")
    world.wire.key_lasts = timedelta(minutes=35)
    (item,) = dana.waits("resume", "--wait", "--json", "--key", "keyholder").json["resumed"]
    assert (item["state"], "needs a key" in item["because"]) == ("open", True)
    (back,) = dana.run("plan", item["recovery"], "--format", "json").json["plans"]
    assert (back["purpose"], back["of"]) == ("recovery", item["plan"])
    assert dana.run("approve", item["recovery"]).code == 0
    refused = dana.run("apply", item["recovery"], "--yes")
    assert (refused.code, "only `goldseam resume` executes it" in refused.err) == (1, True)
    resumed = dana.waits("resume", "--wait", "--json")
    assert [done["recovery"] for done in resumed.json["resumed"]] == [item["recovery"]]
    assert is_open(world)
    (approval,) = dana.ledger(kind="approval", plan=item["recovery"])
    (claim,) = dana.ledger(kind="repair", plan=item["recovery"])
    assert claim["body"]["approvals"] == [approval["hash"]]


def test_a_repair_that_is_paused_is_left_to_it_and_taken_over_when_its_lock_is_lost(world: World, dana: Person) -> None:
    """It wakes up with the answer of its first call, and sends no second one."""
    plan = ready(world, dana)
    gate = Gate(FIRST, "after")
    world.wire.gates.append(gate)
    process = dana.start("apply", plan["id"], "--yes")
    gate.reached(process)
    process.send_signal(signal.SIGSTOP)
    gate.go.set()
    running = dana.run("resume", "--json")
    assert [item["state"] for item in running.json["resumed"]] == ["running"]
    (dana.home / "locks").rename(dana.home / "lost")
    world.wire.key_lasts = timedelta(minutes=35)
    assert dana.waits("resume", "--wait").code == 0
    assert is_open(world)
    writes = list(world.wire.writes)
    process.send_signal(signal.SIGCONT)
    woken = dana.finished(process)
    assert (woken.code, "another process took plan" in woken.err) == (1, True)
    assert world.wire.writes == writes
    assert is_open(world)
    assert dana.run("ledger", "verify").code == 0


def test_two_at_once_make_one_repair(world: World, dana: Person) -> None:
    plan = ready(world, dana)
    gate = Gate(FIRST, "before")
    world.wire.gates.append(gate)
    first = dana.start("apply", plan["id"], "--yes")
    gate.reached(first)
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
