"""What a crash left, ended: each state that the ledger and the cloud can be found in. See also test_crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldseam.apply import record_outcome
from goldseam.authorise import authorise
from goldseam.claim import Claim
from goldseam.control import Call
from goldseam.plan import Plan
from goldseam.record import verify_ledger
from goldseam.resume import Resumed, resume, unfinished
from goldseam.values import Json, plain, same
from tests.memory_cloud import VAULT, Fault, Scene, scene, sealed, welded
from tests.test_apply import done


@pytest.fixture
def stage(tmp_path: Path) -> Scene:
    return scene(tmp_path)


def stopped(
    stage: Scene, plan: Plan, calls: int, *, answered: bool = True, tried: bool = True, before: bool = True
) -> Claim:
    """Leave a plan as a process does that dies after its n-th call; `tried`: the last intent led to a call."""
    stage.approved(plan)
    held = authorise(plan, stage.leave(plan), VAULT, stage.home.ledger, stage.cloud.clock)
    claim, writer = held.claim, stage.cloud.open_writer(held.key, plan.calls)
    if before:
        claim.append("before", {"facets": plain(stage.cloud.hold())})
    for step, call in enumerate(plan.calls[:calls], 1):
        last = step == calls
        claim.append("intent", {"step": step, "undo": False, "call": call.to_json()})
        if tried or not last:
            receipt = writer.call(call)
            if answered or not last:
                claim.append("result", {"step": step, "undo": False, "request_id": receipt.request_id})
    return claim


def resumed(stage: Scene, *, key: bool = True, minutes: float = 21) -> Resumed:
    """What `resume` says, some minutes after the last thing happened."""
    stage.later(minutes)
    (ended,) = resume(stage.doors, stage.keys if key else None, stage.home.signer, "ann")
    return ended


def states(stage: Scene) -> dict[str, str]:
    return {entry.body["plan"]: entry.body["state"] for entry in stage.home.ledger.entries(kind="outcome")}


def test_nothing_left_is_nothing_to_do(stage: Scene) -> None:
    done(stage, stage.plan())
    entries = stage.kinds()
    assert resume(stage.doors, stage.keys, stage.home.signer, "ann") == ()
    assert stage.kinds() == entries


@pytest.mark.parametrize("before", [True, False])
def test_a_claim_without_a_call_is_undone_without_a_key(stage: Scene, before: bool) -> None:
    plan = stage.plan()
    stopped(stage, plan, 0, before=before)
    ended = resumed(stage, key=False)
    assert (ended.state, ended.because) == ("undone", "it was stopped before the first call")
    assert stage.cloud.calls == []


def test_an_intent_that_led_to_nothing_is_undone_without_a_key(stage: Scene) -> None:
    plan = stage.plan()
    stopped(stage, plan, 1, tried=False)
    assert resumed(stage, key=False).state == "undone"
    assert stage.cloud.calls == []


@pytest.mark.parametrize("answered", [True, False])
def test_all_done_is_verified_without_a_key(stage: Scene, answered: bool) -> None:
    plan = stage.plan()
    stopped(stage, plan, 5, answered=answered)
    assert resumed(stage, key=False).state == "verified"
    assert len(stage.cloud.calls) == 5
    assert verify_ledger(stage.home.ledger.entries(), stage.home.signer.public).signed


@pytest.mark.parametrize("calls", [1, 2, 3, 4])
@pytest.mark.parametrize("answered", [True, False])
def test_half_done_is_taken_back_under_a_key_of_its_own(stage: Scene, calls: int, answered: bool) -> None:
    before = stage.facts()
    plan = stage.plan()
    stopped(stage, plan, calls, answered=answered)
    ended = resumed(stage)
    assert ended.state == "undone"
    assert same(stage.facts(), before)
    assert states(stage) == {plan.id: "undone", ended.recovery: "verified"}
    assert stage.cloud.granted == [plan.id, ended.recovery]
    (claim,) = (entry for entry in stage.home.ledger.entries(kind="repair") if entry.body["plan"] == ended.recovery)
    assert (claim.body["purpose"], claim.body["of"]) == ("recovery", plan.id)


def test_peers_12_a_lagging_reading_after_a_crash_does_not_say_undone(stage: Scene) -> None:
    plan = stage.plan(sealed)
    stage.cloud.lag = 3.0
    stopped(stage, plan, 1, answered=False)
    assert resumed(stage).state == "verified"
    assert stage.cloud.hold()["sealed"] is True


def test_a_key_that_is_refused_leaves_it_open_for_the_next_time(stage: Scene) -> None:
    before = stage.facts()
    plan = stage.plan()
    stopped(stage, plan, 2)
    stage.keys.refuses = "not now; ask later"
    ended = resumed(stage)
    assert ended.state == "open"
    assert "not now" in ended.because
    stage.keys.refuses = ""
    assert resumed(stage).state == "undone"
    assert same(stage.facts(), before)


def test_a_recovery_that_fails_leaves_it_open_and_the_next_one_ends_both(stage: Scene) -> None:
    before = stage.facts()
    plan = stage.plan()
    stopped(stage, plan, 4)
    stage.cloud.faults = [Fault("vault.PutPolicy", "denied")]
    first = resumed(stage)
    assert first.state == "open"
    assert first.recovery
    second = resumed(stage)
    assert second.state == "undone"
    assert second.recovery != first.recovery
    assert same(stage.facts(), before)
    assert set(states(stage)) == {plan.id, first.recovery, second.recovery}
    assert unfinished(stage.home.ledger) == ()


@pytest.mark.parametrize("calls", [1, 3, 5])
def test_somebody_elses_state_is_reported_and_left_alone(stage: Scene, calls: int) -> None:
    plan = stage.plan()
    stopped(stage, plan, calls)
    stage.cloud.change("dials", {"tries": 66, "tone": "shrill"})
    found, made = stage.facts(), len(stage.cloud.calls)
    ended = resumed(stage)
    assert ended.state == "conflict"
    assert same(stage.facts(), found)
    assert len(stage.cloud.calls) == made


def test_a_half_done_plan_without_a_way_back_is_reported(stage: Scene) -> None:
    plan = stage.plan(sealed, welded)
    stopped(stage, plan, 2)
    stage.cloud.hold()["sealed"] = False
    ended = resumed(stage)
    assert ended.state == "conflict"
    assert "cannot be taken back" in ended.because


def test_what_cannot_be_read_stays_open(stage: Scene) -> None:
    plan = stage.plan()
    stopped(stage, plan, 2)
    stage.cloud.deaf = 1000
    ended = resumed(stage)
    assert (ended.state, "cannot be read" in ended.because) == ("open", True)
    stage.cloud.deaf = 0
    assert resumed(stage).state == "undone"


def test_a_resource_that_is_gone_stays_open_and_says_so(stage: Scene) -> None:
    plan = stage.plan()
    stopped(stage, plan, 5)
    stage.cloud.vaults.clear()
    assert resumed(stage).state == "open"


def test_a_repair_that_runs_is_left_to_its_process(stage: Scene) -> None:
    plan = stage.plan()
    stopped(stage, plan, 2)
    with stage.home.locks.hold(f"plan {plan.id}"):
        ended = resumed(stage)
    assert ended.state == "running"
    assert len(stage.cloud.calls) == 2
    assert states(stage) == {}


def test_several_are_ended_each_on_its_own(stage: Scene) -> None:
    first = stage.plan()
    claim = stopped(stage, first, 3)
    stage.cloud.change("contents", "silver")
    record_outcome(claim, first.ref, "pending", "the next reboot", {"sealed": "the next reboot"})
    assert [claim.body["plan"] for claim in unfinished(stage.home.ledger)] == [first.id]
    assert resumed(stage).state == "undone"


def test_each_call_of_a_recovery_has_its_intent(stage: Scene) -> None:
    stopped(stage, stage.plan(), 4)
    intents: list[Json] = []

    def look(call: Call, moment: str) -> None:
        if moment == "before":
            last = stage.home.ledger.last()
            assert last is not None
            assert (last.kind, last.body["call"]) == ("intent", call.to_json())
            intents.append(last.body)

    stage.cloud.on_call = look
    assert resumed(stage).state == "undone"
    assert intents
