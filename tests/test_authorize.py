"""Stage 6: whoever may say no is asked before the key is, and what is silent forbids."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goldseam.control import Control
from goldseam.decide import Decision
from goldseam.decide.policy import Limits, Mode
from goldseam.model.errors import (
    AlreadyDone,
    ClaimLost,
    GoldseamError,
    GrantRefused,
    NotApproved,
    PlanRefused,
    Unreachable,
)
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json
from goldseam.ports import Entry, Key, Ledger, Secret
from goldseam.repair.apply import record_outcome
from goldseam.repair.approval import Approval, approve, reject
from goldseam.repair.authorize import Grant, Leave, authorize
from goldseam.repair.claim import Claim, standing_claims, take_over
from goldseam.repair.execute import repair
from goldseam.repair.plan import Change, Plan, Purpose
from goldseam.repair.propose import propose, reversal
from tests.memory_cloud import (
    OTHER,
    PLENTY,
    REF,
    VAULT,
    WATCHED,
    Scene,
    guarded,
    no_world_rule,
    office_settings,
    private,
    scene,
    sealed,
    welded,
)


@pytest.fixture
def stage(tmp_path: Path) -> Scene:
    return scene(tmp_path)


def asked(
    stage: Scene,
    plan: Plan,
    decisions: Sequence[Decision],
    requester: str | None = None,
    recovers: Claim | None = None,
) -> Grant:
    leave = Leave("ann", tuple(decisions), stage.keys, requester, recovers)
    return authorize(plan, leave, VAULT, stage.home.ledger, stage.cloud.clock)


def released(held: Grant) -> None:
    """Nothing was sent under the grant."""
    held.claim.append("release", {"because": "a test"})


def decisions(
    plan: Plan, mode: Mode, needed: int = 0, groups: tuple[str, ...] = (), limits: Limits = PLENTY
) -> tuple[Decision, ...]:
    return tuple(Decision(finding, mode, "p", needed, groups, (), "v1", limits) for finding in plan.findings)


def test_auto_needs_nobody_and_everything_is_on_record(stage: Scene) -> None:
    plan = stage.plan()
    grant = asked(stage, plan, decisions(plan, Mode.AUTO))
    assert grant.plan == plan.id
    assert stage.kinds() == ["plan", "repair", "request", "grant"]
    filed, claim, request, granted = (entry for entry in stage.home.ledger.entries() if entry.kind != "checkpoint")
    assert Plan.from_json(filed.body["document"]) == plan
    assert set(filed.body["decisions"]) == set(plan.findings)
    assert claim.body["automatic"] is True
    assert {entry.body["epoch"] for entry in (claim, request, granted)} == {1}
    assert request.body["source"] == "keyholder"
    assert granted.body["permissions"] == [permission.to_json() for permission in plan.permissions]
    assert granted.body["narrowed"] is True


@pytest.mark.parametrize("mode", [Mode.LEAVE, Mode.ASSIST])
def test_law_10_leave_and_assist_get_no_key_whoever_approves(stage: Scene, mode: Mode) -> None:
    plan = stage.plan()
    stage.approved(plan)
    with pytest.raises(NotApproved, match=f"the policy says `{mode}`"):
        asked(stage, plan, decisions(plan, mode))
    assert stage.keys.asked == []


def test_law_10_no_decision_is_no(stage: Scene) -> None:
    plan = stage.plan()
    stage.approved(plan)
    with pytest.raises(NotApproved, match="has no decision on"):
        asked(stage, plan, ())
    with pytest.raises(NotApproved, match=f"has no decision on {plan.findings[1]}"):
        asked(stage, plan, [item for item in decisions(plan, Mode.AUTO) if item.finding != plan.findings[1]])
    assert stage.keys.asked == []


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(modes=st.lists(st.sampled_from(list(Mode)), min_size=4, max_size=4), approvals=st.integers(0, 3))
def test_law_10_the_most_careful_decision_wins(stage: Scene, modes: list[Mode], approvals: int) -> None:
    plan = replace(stage.plan(), follows=f"{modes}{approvals}")
    made = [
        Decision(finding, mode, "p", 2, (), (), "v1", PLENTY)
        for finding, mode in zip(plan.findings, modes, strict=True)
    ]
    for number in range(approvals):
        stage.approved(plan, f"person {number}")
    allowed = min(mode.rank for mode in modes) >= Mode.ASK.rank and (approvals >= 2 or set(modes) == {Mode.AUTO})
    before = len(stage.keys.asked)
    if allowed and plan.id not in stage.cloud.granted:
        held = asked(stage, plan, made)
        assert held.plan == plan.id
        released(held)
    elif not allowed:
        with pytest.raises(NotApproved):
            asked(stage, plan, made)
        assert len(stage.keys.asked) == before


def test_ask_needs_a_person(stage: Scene) -> None:
    plan = stage.plan()
    with pytest.raises(NotApproved, match=f"0 of 1 approvals; run `goldseam approve {plan.id}`"):
        asked(stage, plan, decisions(plan, Mode.ASK))
    stage.approved(plan)
    asked(stage, plan, decisions(plan, Mode.ASK))
    (entry,) = stage.home.ledger.entries(kind="approval")
    (claim,) = stage.home.ledger.entries(kind="repair")
    assert claim.body["approvals"] == [entry.hash]
    assert stage.keys.asked[0][1] == [entry.body]


def test_one_person_counts_once(stage: Scene) -> None:
    plan = stage.plan()
    for _ in range(3):
        stage.approved(plan, "bob")
    with pytest.raises(NotApproved, match="1 of 2"):
        asked(stage, plan, decisions(plan, Mode.ASK, 2))
    stage.approved(plan, "eve")
    asked(stage, plan, decisions(plan, Mode.ASK, 2))


def test_only_the_named_groups_count(stage: Scene) -> None:
    plan = stage.plan()
    stage.approved(plan)
    with pytest.raises(NotApproved, match="0 of 1 approvals from network or legal"):
        asked(stage, plan, decisions(plan, Mode.ASK, 1, ("network", "legal")))
    asked(stage, plan, decisions(plan, Mode.ASK, 1, ("network", "security")))


def test_who_asks_on_a_server_is_not_who_approves(stage: Scene) -> None:
    plan = stage.plan()
    stage.approved(plan, "ann")
    with pytest.raises(NotApproved, match="by someone else than who asks for it"):
        asked(stage, plan, decisions(plan, Mode.ASK, 1), requester="ann")
    stage.approved(plan, "bob")
    asked(stage, plan, decisions(plan, Mode.ASK, 1), requester="ann")


def test_an_approval_of_another_plan_does_not_count(stage: Scene) -> None:
    plan = stage.plan()
    stage.approved(stage.plan(sealed))
    with pytest.raises(NotApproved):
        asked(stage, plan, decisions(plan, Mode.ASK))


def test_a_no_is_final(stage: Scene) -> None:
    plan = stage.plan()
    stage.approved(plan)
    reject(stage.home.ledger, plan.id, "eve", "not on a Friday")
    with pytest.raises(NotApproved, match="rejected by eve"):
        asked(stage, plan, decisions(plan, Mode.AUTO))
    assert stage.keys.asked == []


def test_what_cannot_be_taken_back_is_never_automatic(stage: Scene) -> None:
    plan = stage.plan(welded)
    assert not plan.reversible
    with pytest.raises(NotApproved, match="0 of 1"):
        asked(stage, plan, decisions(plan, Mode.AUTO))
    stage.approved(plan)
    asked(stage, plan, decisions(plan, Mode.AUTO))


def test_what_cannot_be_told_of_another_control_is_never_automatic(stage: Scene) -> None:
    """A control that reads three facets, of which one cannot be read: what the plan does to it is unknown."""
    stage.cloud.unreadable = {"dials": "denied"}
    now = stage.cloud.read(REF, FACETS)
    plan = propose(now, [private], WATCHED.controls, office_settings)
    assert plan.untold == (guarded.id,)
    with pytest.raises(NotApproved, match="0 of 1"):
        asked(stage, plan, decisions(plan, Mode.AUTO))
    stage.approved(plan)
    asked(stage, plan, decisions(plan, Mode.AUTO))


def test_a_person_with_two_keys_is_one_person_and_two_resources_are_two_plans(stage: Scene) -> None:
    """Approvals count people, and bind to one resource of a kind."""
    here, there = stage.plan(private), stage.plan(private, ref=OTHER)
    for signature in ("aa", "bb"):
        signed = Approval(here.id, "bob", ("security",), "2030-01-01T00:00:00+00:00", digest="d", signature=signature)
        approve(stage.home.ledger, signed)
    with pytest.raises(NotApproved, match="1 of 2"):
        asked(stage, here, decisions(here, Mode.ASK, 2))
    with pytest.raises(NotApproved, match="0 of 1"):
        asked(stage, there, decisions(there, Mode.ASK, 1))
    with pytest.raises(NotApproved, match=f"no decision on {there.findings[0]}"):
        asked(stage, there, decisions(here, Mode.AUTO))


def test_an_executed_plan_gets_no_second_key(stage: Scene) -> None:
    plan = stage.plan()
    repair(plan, stage.leave(plan), stage.doors, stage.home.signer)
    with pytest.raises(AlreadyDone, match="executed before"):
        asked(stage, plan, decisions(plan, Mode.AUTO))
    assert len(stage.keys.asked) == 1


def test_a_refused_key_is_on_record_and_the_plan_can_be_asked_for_again(stage: Scene) -> None:
    plan = stage.plan()
    stage.keys.refuses = "not today; ask tomorrow"
    with pytest.raises(GrantRefused, match="not today"):
        asked(stage, plan, decisions(plan, Mode.AUTO))
    assert stage.kinds() == ["plan", "repair", "request", "refusal", "release"]
    stage.keys.refuses = ""
    asked(stage, plan, decisions(plan, Mode.AUTO))


@pytest.mark.parametrize(("lasts", "told"), [(0, "has expired"), (-5, "has expired"), (60, "longer than 15 minutes")])
def test_a_key_that_is_not_what_was_asked_for_is_not_used(stage: Scene, lasts: int, told: str) -> None:
    plan = stage.plan()
    stage.keys.lasts = timedelta(minutes=lasts)
    with pytest.raises(GrantRefused, match=told):
        asked(stage, plan, decisions(plan, Mode.AUTO))
    assert "grant" not in stage.kinds()


def test_a_rollback_needs_the_decisions_of_the_repair_and_a_person(stage: Scene) -> None:
    plan = stage.plan(private)
    repair(plan, stage.leave(plan), stage.doors, stage.home.signer)
    back = reversal(plan, stage.cloud.read(REF, frozenset(["policy"])), VAULT)
    with pytest.raises(NotApproved, match=f"no decision on {plan.findings[0]}"):
        asked(stage, back, ())
    with pytest.raises(NotApproved, match="0 of 1"):
        asked(stage, back, decisions(plan, Mode.AUTO))
    stage.approved(back)
    asked(stage, back, decisions(plan, Mode.AUTO))


# --- a recovery is of one unfinished repair, on its resource, along its path


FACETS = frozenset(facet.name for facet in VAULT.facets)


def half_done(stage: Scene, *wanted: Control, calls: int = 1, ref: Ref = REF) -> tuple[Plan, Claim]:
    """A repair that a crash cut short after some calls, taken over."""
    plan = stage.plan(*wanted, ref=ref)
    held = authorize(plan, stage.leave(plan), VAULT, stage.home.ledger, stage.cloud.clock)
    writer = stage.cloud.open_writer(held.key, plan.calls)
    for step, call in enumerate(plan.calls[:calls], 1):
        held.claim.append("intent", {"step": step, "undo": False, "call": call.to_json()})
        writer.call(call)
    stage.keys.asked.clear()
    return plan, take_over(stage.home.ledger, plan.id, "ann")


def back_from(stage: Scene, plan: Plan, ref: Ref = REF) -> Plan:
    return reversal(plan, stage.cloud.read(ref, FACETS), VAULT, Purpose.RECOVERY)


def refused(stage: Scene, back: Plan, claim: Claim | None, match: str) -> None:
    kinds = stage.kinds(back.id)
    with pytest.raises((NotApproved, PlanRefused), match=match):
        asked(stage, back, (), recovers=claim)
    assert stage.keys.asked == []
    assert "repair" not in stage.kinds(back.id)[len(kinds) :]


def test_a_recovery_of_an_unfinished_repair_needs_no_decision(stage: Scene) -> None:
    plan, claim = half_done(stage, private, sealed)
    assert asked(stage, back_from(stage, plan), (), recovers=claim).claim.epoch == 1


def test_a_recovery_is_made_by_whoever_took_the_repair_over(stage: Scene) -> None:
    plan, claim = half_done(stage, private, sealed)
    other, of_other = half_done(stage, private, sealed, ref=OTHER)
    back = back_from(stage, plan)
    for held in (None, of_other):
        refused(stage, back, held, "only `goldseam resume` executes it")
    take_over(stage.home.ledger, plan.id, "bob")
    with pytest.raises(ClaimLost, match=f"took plan `{plan.id}` over"):
        asked(stage, back, (), recovers=claim)
    assert stage.keys.asked == []
    assert other.id != plan.id


@pytest.mark.parametrize("state", ["verified", "undone", "conflict"])
def test_a_recovery_is_not_of_a_repair_that_ended(stage: Scene, state: str) -> None:
    plan, claim = half_done(stage, private, sealed)
    back = back_from(stage, plan)
    record_outcome(claim, plan.ref, state, "a test")
    refused(stage, back, claim, "which is not unfinished")


def test_a_recovery_is_not_of_what_was_never_executed_or_was_released(stage: Scene) -> None:
    plan = stage.plan(private)
    stage.cloud.change("policy", {"allow": ["ann"], "note": "keep"})
    back = back_from(stage, plan)
    refused(stage, back, Claim(plan.id, 1, stage.home.ledger), "which is not unfinished")
    stage.cloud.change("policy", {"allow": ["*", "ann"], "note": "keep"})
    released(asked(stage, plan, decisions(plan, Mode.AUTO)))
    stage.keys.asked.clear()
    refused(stage, back, Claim(plan.id, 1, stage.home.ledger), "which is not unfinished")


@pytest.mark.parametrize("part", ["id", "account", "region", "address"])
def test_a_recovery_stays_on_its_resource_compared_whole(stage: Scene, part: str) -> None:
    plan, claim = half_done(stage, private, sealed)
    back = back_from(stage, plan)
    refused(stage, _on(back, replace(plan.ref, **{part: "another"})), claim, "a recovery stays on it")


def _on(back: Plan, ref: Ref) -> Plan:
    """The same recovery for another resource, with the calls that its change takes there."""
    there = Resource(ref, {change.facet: change.before for change in back.changes})
    target = replace(back, ref=ref, changes=tuple(Change(c.facet, c.after, c.before) for c in back.changes))
    return replace(reversal(target, there, VAULT, Purpose.RECOVERY), of=back.of)


def _made(plan: Plan, *changes: Change) -> Plan:
    """A recovery of a plan with other changes, and the calls that they take."""
    forged = replace(plan, changes=tuple(Change(c.facet, c.after, c.before) for c in reversed(changes)))
    now = Resource(plan.ref, {change.facet: change.before for change in changes})
    return replace(reversal(forged, now, VAULT, Purpose.RECOVERY), of=plan.id)


OPEN: Final = {"allow": ["*", "ann"], "note": "keep"}
CLOSED: Final = {"allow": ["ann"], "note": "keep"}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param((Change("policy", CLOSED, {"allow": ["*", "eve"]}),), id="to another image before"),
        pytest.param((Change("policy", {"allow": ["eve"]}, OPEN),), id="from a state that is not the plan's"),
        pytest.param((Change("dials", {"tries": 99, "tone": "low"}, {"tries": 3, "tone": "low"}),), id="another facet"),
        pytest.param(
            (Change("policy", CLOSED, OPEN), Change("rules", ["office"], ["office", "world:1"])), id="one facet more"
        ),
        pytest.param(
            (Change("sealed", after=False, before=True), Change("policy", CLOSED, {"allow": ["*"]})),
            id="the second",
        ),
        pytest.param((Change("policy", OPEN, CLOSED),), id="forwards"),
    ],
)
def test_a_recovery_goes_back_along_the_plan_s_own_path(stage: Scene, changes: tuple[Change, ...]) -> None:
    plan, claim = half_done(stage, private, sealed, calls=2)
    refused(stage, _made(plan, *changes), claim, "does not go back along")
    asked(stage, back_from(stage, plan), (), recovers=claim)


def test_a_recovery_s_calls_are_those_that_its_change_takes(stage: Scene) -> None:
    plan, claim = half_done(stage, private, sealed)
    back = back_from(stage, plan)
    refused(
        stage, replace(back, calls=(*back.calls, *stage.plan(no_world_rule).calls)), claim, "not those that its change"
    )


def test_a_recovery_is_not_of_a_recovery(stage: Scene) -> None:
    plan, claim = half_done(stage, private, sealed, calls=2)
    back = back_from(stage, plan)
    asked(stage, back, (), recovers=claim)
    stage.keys.asked.clear()
    held = take_over(stage.home.ledger, back.id, "ann")
    forth = replace(reversal(back, stage.cloud.read(REF, FACETS).with_facets({"policy": OPEN, "sealed": False}), VAULT),
                    purpose=Purpose.RECOVERY)  # fmt: skip
    refused(stage, forth, held, "a recovery stays on it")


def test_a_rejected_recovery_is_not_made_and_an_approved_one_reaches_the_source_with_its_approval(stage: Scene) -> None:
    plan, claim = half_done(stage, private, sealed)
    back = back_from(stage, plan)
    stage.approved(back, "bob")
    released(asked(stage, back, (), recovers=claim))
    assert [approval["by"] for approval in stage.keys.asked[0][1]] == ["bob"]
    stage.keys.asked.clear()
    reject(stage.home.ledger, back.id, "eve")
    refused(stage, back, claim, "rejected by eve")


# --- the claim comes first


@pytest.mark.parametrize("trouble", ["refused", "already given", "no answer", "stopped", "too long"])
def test_whatever_fails_between_the_claim_and_the_first_call_releases_it(stage: Scene, trouble: str) -> None:
    plan = stage.plan()
    source = Failing(stage, trouble)
    leave = replace(stage.leave(plan), source=source)
    with pytest.raises((GoldseamError, KeyboardInterrupt)):
        repair(plan, leave, stage.doors, stage.home.signer)
    assert source.seen == ["plan", "repair", "request"]
    assert stage.kinds()[-1] == "release"
    assert standing_claims(stage.home.ledger) == []
    assert repair(plan, stage.leave(plan), stage.doors, stage.home.signer).state == "verified"


@dataclass
class Failing:
    """A key source that has trouble, and looks at the ledger."""

    stage: Scene
    trouble: str
    name: str = "failing"
    seen: list[str] = field(default_factory=list)

    def key_for(self, plan: Mapping[str, Json], approvals: object) -> Key:
        self.seen = self.stage.kinds()
        troubles: dict[str, BaseException] = {
            "refused": GrantRefused("no; ask later"),
            "already given": AlreadyDone("given before; plan again"),
            "no answer": Unreachable("no answer; try again"),
            "stopped": KeyboardInterrupt(),
        }
        if self.trouble in troubles:
            raise troubles[self.trouble]
        return Key("failing", self.stage.cloud.clock.now() + timedelta(hours=1), Secret(token="t"))


def test_a_lost_race_costs_no_key(stage: Scene) -> None:
    """Another process claimed the plan after it was looked for; the source is not asked."""
    plan = stage.plan()
    late = replace(stage.leave(plan), source=stage.keys)
    raced = Racing(stage.home.ledger)
    with pytest.raises(AlreadyDone):
        authorize(plan, late, VAULT, raced, stage.cloud.clock)  # type: ignore[arg-type]
    assert stage.keys.asked == []
    assert stage.kinds() == ["plan", "repair"]


@dataclass
class Racing:
    """A ledger in which somebody else is first."""

    ledger: Ledger

    def claim(self, plan_id: str, body: Mapping[str, Json], *, check: Callable[[], None] | None = None) -> Entry:
        self.ledger.claim(plan_id, {**body, "by": "bob"}, check=check)
        return self.ledger.claim(plan_id, body, check=check)

    def __getattr__(self, name: str) -> Callable[..., object]:
        return getattr(self.ledger, name)  # type: ignore[no-any-return]


@dataclass
class Nosy:
    """A key source that looks at the ledger when it is asked."""

    stage: Scene
    name: str = "nosy"
    seen: list[str] = field(default_factory=list)

    def key_for(self, plan: object, approvals: object) -> object:
        self.seen = self.stage.kinds()
        msg = "only looking; ask someone else"
        raise GrantRefused(msg)


def test_the_request_is_on_record_before_the_source_is_asked(stage: Scene) -> None:
    plan, nosy = stage.plan(), Nosy(stage)
    stage.approved(plan)
    with pytest.raises(GrantRefused):
        authorize(plan, replace(stage.leave(plan), source=nosy), VAULT, stage.home.ledger, stage.cloud.clock)  # type: ignore[arg-type]
    assert nosy.seen == ["approval", "plan", "repair", "request"]


def test_a_signed_approval_reaches_the_source_as_it_was_signed() -> None:
    signed = Approval("p-1", "bob", ("security",), "2030-01-01T00:00:00+00:00", "ok", "d" * 64, "s" * 128)
    assert Approval.from_json(signed.to_json()) == signed
    assert set(signed.to_json()) == {"plan", "by", "groups", "at", "comment", "digest", "signature"}
    assert set(replace(signed, signature="").to_json()) == {"plan", "by", "groups", "at", "comment"}
