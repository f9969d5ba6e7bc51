"""What a crash left, ended: each state that the ledger and the cloud can be found in. See also test_crash."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from goldseam.audit.record import verify_ledger
from goldseam.control import Call
from goldseam.model.errors import ClaimLost
from goldseam.model.values import Json, plain, same
from goldseam.proving.ground import Alone
from goldseam.repair.apply import record_outcome
from goldseam.repair.authorize import authorize
from goldseam.repair.claim import Claim
from goldseam.repair.plan import Plan
from goldseam.repair.resume import Resumed, resume, unfinished
from tests.memory_cloud import OTHER, VAULT, Fault, Scene, scene, sealed, welded
from tests.test_apply import claimed, done


@pytest.fixture
def stage(tmp_path: Path) -> Scene:
    return scene(tmp_path)


def stopped(
    stage: Scene, plan: Plan, calls: int, *, answered: bool = True, tried: bool = True, before: bool = True
) -> Claim:
    """Leave a plan as a process does that dies after its n-th call; `tried`: the last intent led to a call."""
    stage.approved(plan)
    held = authorize(plan, stage.leave(plan), VAULT, stage.home.ledger, stage.cloud.clock)
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


# --- keys of the attempt before


def early(ended: Resumed) -> None:
    """It is open for no other reason than that a key lasts until 12:20, five minutes of which are for the clocks."""
    assert ended.state == "open"
    assert "the key given to it is valid until 12:20 UTC; run `goldseam resume` after that" in ended.because
    assert "`goldseam resume --wait`" in ended.because
    assert ended.until.startswith("2030-01-07T12:20:")


@pytest.mark.parametrize("calls", [1, 3, 4])
@pytest.mark.parametrize("answered", [True, False])
@pytest.mark.parametrize(("minutes", "soon"), [(0, True), (14.9, True), (15.1, True), (19.8, True), (20.1, False)])
def test_nothing_is_written_before_the_old_key_has_expired_on_every_clock(
    stage: Scene, calls: int, minutes: float, *, answered: bool, soon: bool
) -> None:
    before = stage.facts()
    stopped(stage, stage.plan(), calls, answered=answered)
    half, made = stage.facts(), len(stage.cloud.calls)
    ended = resumed(stage, minutes=minutes)
    if soon:
        early(ended)
        assert (len(stage.cloud.calls), len(stage.cloud.granted)) == (made, 1)
        assert same(stage.facts(), half)
        assert states(stage) == {}
    else:
        assert ended.state == "undone"
        assert same(stage.facts(), before)


@pytest.mark.parametrize(("tried", "read"), [(False, "before"), (True, "after")])
def test_no_reading_is_final_while_a_call_may_still_arrive(stage: Scene, read: str, *, tried: bool) -> None:
    """The intent of the last call has no answer: it may be on its way, whatever a reading shows now."""
    plan = stage.plan(sealed)
    stopped(stage, plan, 1, tried=tried, answered=False)
    assert stage.cloud.hold()["sealed"] is (read == "after")
    early(resumed(stage, minutes=0))
    assert states(stage) == {}
    assert resumed(stage).state == ("verified" if read == "after" else "undone")


def test_a_failure_that_left_open_whether_the_call_was_done_may_still_arrive(stage: Scene) -> None:
    plan = stage.plan(sealed)
    claim = stopped(stage, plan, 1, tried=False)
    claim.append("failure", {"step": 1, "undo": False, "code": "Throttling", "message": "", "uncertain": True})
    early(resumed(stage, minutes=0))
    assert resumed(stage).state == "undone"


def test_a_reading_that_lags_behind_an_answer_is_not_believed(stage: Scene) -> None:
    """The first of five calls was answered, the reading does not show it yet: it is not undone."""
    before = stage.facts()
    plan = stage.plan()
    stage.cloud.lag = 60.0
    stopped(stage, plan, 1)
    early(resumed(stage, minutes=0))
    assert states(stage) == {}
    stage.cloud.lag = 0.0
    assert resumed(stage).state == "undone"
    assert same(stage.facts(), before)


def test_what_was_answered_to_the_end_is_verified_at_once(stage: Scene) -> None:
    stopped(stage, stage.plan(), 5)
    assert resumed(stage, minutes=0).state == "verified"


def test_what_sent_nothing_ends_at_once_although_its_key_lasts(stage: Scene) -> None:
    plan = stage.plan()
    claim = stopped(stage, plan, 0)
    assert resumed(stage, minutes=0).state == "undone"
    with pytest.raises(ClaimLost):
        claim.append("intent", {"step": 1, "undo": False, "call": plan.calls[0].to_json()})


def test_the_epoch_is_raised_before_anything_else_and_once_while_time_is_missing(stage: Scene) -> None:
    plan = stage.plan()
    claim = stopped(stage, plan, 2, answered=False)
    for _ in range(3):
        early(resumed(stage, minutes=0))
    assert stage.kinds(plan.id).count("takeover") == 1
    with pytest.raises(ClaimLost):
        claim.append("result", {"step": 2, "undo": False, "request_id": "r"})


def test_the_key_of_a_recovery_that_was_cut_short_is_waited_for_too(stage: Scene) -> None:
    before = stage.facts()
    stopped(stage, stage.plan(), 4)
    stage.cloud.faults = [Fault("vault.PutPolicy", "denied")]
    assert resumed(stage).state == "open"
    half, calls = stage.facts(), len(stage.cloud.calls)
    second = resumed(stage, minutes=15)
    assert "is valid until 12:41 UTC" in second.because
    assert (same(stage.facts(), half), len(stage.cloud.calls)) == (True, calls)
    assert resumed(stage).state == "undone"
    assert same(stage.facts(), before)


def test_a_recovery_that_still_lives_is_shut_out_before_the_next_one_is_made(stage: Scene) -> None:
    stopped(stage, stage.plan(), 3)
    stage.later()

    def stop(call: Call, moment: str) -> None:
        raise KeyboardInterrupt

    stage.cloud.on_call = stop
    with pytest.raises(KeyboardInterrupt):
        resumed(stage, minutes=0)
    stage.cloud.on_call = lambda call, moment: None
    first = Claim(next(stage.home.ledger.entries(kind="takeover")).body["plan"], 2, stage.home.ledger)
    (lives,) = [
        Claim(claim.body["plan"], 1, stage.home.ledger)
        for claim in stage.home.ledger.entries(kind="repair")
        if claim.body["of"] == first.plan
    ]
    seen: list[Plan] = []

    def keep(back: Plan) -> None:
        seen.append(back)
        for claim in (first, lives):
            with pytest.raises(ClaimLost):
                claim.append("intent", {"step": 2, "undo": False, "call": back.calls[0].to_json()})

    stage.later()
    (ended,) = resume(stage.doors, stage.keys, stage.home.signer, "ann", keep=keep)
    assert (ended.state, ended.recovery) == ("undone", seen[0].id)
    assert set(states(stage)) == {first.plan, lives.plan, seen[0].id}


def test_a_request_without_an_answer_counts_as_a_key_of_fifteen_minutes(stage: Scene) -> None:
    plan = stage.plan()
    stage.home.ledger.append("plan", {"plan": plan.id, "document": plan.to_json(), "decisions": {}})
    claim = claimed(stage, plan)
    claim.append("request", {"ref": plan.ref.to_json(), "source": "keyholder"})
    claim.append("intent", {"step": 1, "undo": False, "call": plan.calls[0].to_json()})
    early(resumed(stage, minutes=1))
    assert resumed(stage).state == "undone"


@pytest.mark.parametrize(
    ("jump", "state", "steps"), [(0, "undone", 40), (-4, "undone", 40), (-180, "open", 40), (180, "open", 0)]
)
def test_waiting_lasts_as_long_as_a_key_may_and_then_goes_on(stage: Scene, jump: int, state: str, steps: int) -> None:
    """Where the clock was set back, waiting still ends: no key lasts longer. One that is hours off gets no key."""
    before = stage.facts()
    stopped(stage, stage.plan(), 3)
    half, off = stage.facts(), timedelta(minutes=jump)
    stage.cloud.clock.time, stage.cloud.ahead = stage.cloud.clock.time + off, off
    told: list[datetime] = []
    (ended,) = resume(stage.doors, stage.keys, stage.home.signer, "ann", waiting=told.append)
    assert (ended.state, len(told)) == (state, steps)
    assert same(stage.facts(), before if state == "undone" else half)


def test_a_key_that_somebody_else_was_given_meanwhile_was_not_waited_out(stage: Scene) -> None:
    """Another process recovers while this one waits, and stops just before its first call."""
    stopped(stage, stage.plan(), 3)
    half = stage.facts()
    told: list[datetime] = []

    def stop(call: Call, moment: str) -> None:
        raise KeyboardInterrupt

    def waiting(until: datetime) -> None:
        told.append(until)
        if len(told) == 39:
            stage.later()
            stage.cloud.on_call = stop
            with pytest.raises(KeyboardInterrupt):
                resume(replace(stage.doors, locks=Alone()), stage.keys, stage.home.signer, "bob")
            stage.cloud.on_call = lambda call, moment: None

    (ended,) = resume(stage.doors, stage.keys, stage.home.signer, "ann", waiting=waiting)
    assert (ended.state, len(stage.cloud.granted)) == ("open", 2)
    assert "is valid until 13:0" in ended.because
    assert same(stage.facts(), half)
    assert resumed(stage).state == "undone"


def test_those_that_need_no_waiting_are_ended_before_it(stage: Scene) -> None:
    one, other = stage.plan(), stage.plan(sealed, ref=OTHER)
    stopped(stage, one, 2)
    stopped(stage, other, 0)
    seen: list[dict[str, str]] = []
    ended = resume(stage.doors, stage.keys, stage.home.signer, "ann", waiting=lambda until: seen.append(states(stage)))
    assert seen[0] == {other.id: "undone"}
    assert [(item.plan, item.state) for item in ended] == [(one.id, "undone"), (other.id, "undone")]


# --- a recovery can be approved


def test_a_recovery_is_kept_before_its_key_is_requested_and_its_approval_reaches_the_source(stage: Scene) -> None:
    plan = stage.plan()
    stopped(stage, plan, 2)
    stage.later()
    kept: list[Plan] = []
    stage.keys.refuses = "it has 0 of the 1 approvals that it needs; have it approved with `goldseam approve`"
    ended = resume(stage.doors, stage.keys, stage.home.signer, "ann", keep=kept.append)
    assert [(item.state, item.recovery) for item in ended] == [("open", kept[0].id)]
    assert "goldseam approve" in ended[0].because
    stage.approved(kept[0], "bob")
    stage.keys.refuses = ""
    (again,) = resume(stage.doors, stage.keys, stage.home.signer, "ann", keep=kept.append)
    assert (again.state, again.recovery) == ("undone", kept[0].id)
    document, approvals = stage.keys.asked[-1]
    assert (document["id"], [approval["by"] for approval in approvals]) == (kept[0].id, ["bob"])
    assert [item.id for item in kept] == [kept[0].id] * 2


def test_two_that_resume_make_one_recovery(stage: Scene) -> None:
    """The locks of one are lost: it was paused with its recovery made and its key not requested."""
    before = stage.facts()
    plan = stage.plan()
    stopped(stage, plan, 3)
    stage.later()
    said: list[Resumed] = []

    def overtaken(back: Plan) -> None:
        other = replace(stage.doors, locks=Alone())
        said.extend(resume(other, stage.keys, stage.home.signer, "bob"))

    (first,) = resume(stage.doors, stage.keys, stage.home.signer, "ann", keep=overtaken)
    assert [item.state for item in said] == ["undone"]
    assert first.state in ("open", "running")
    assert same(stage.facts(), before)
    assert len(stage.cloud.granted) == 2
    assert unfinished(stage.home.ledger) == ()
