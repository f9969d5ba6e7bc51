"""Stage 6: whoever may say no is asked before the key is, and what is silent forbids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goldseam.authorise import Approval, Grant, authorise, reject
from goldseam.decide import Decision
from goldseam.errors import AlreadyDone, GrantRefused, NotApproved
from goldseam.plan import Plan, Purpose, reversal
from goldseam.policy import Mode
from goldseam.repair import repair
from tests.memory_cloud import REF, VAULT, Scene, private, scene, sealed, welded


@pytest.fixture
def stage(tmp_path: Path) -> Scene:
    return scene(tmp_path)


def asked(stage: Scene, plan: Plan, decisions: Sequence[Decision], requester: str | None = None) -> Grant:
    return authorise(plan, decisions, stage.keys, stage.home.ledger, stage.cloud.clock, requester)


def decisions(plan: Plan, mode: Mode, needed: int = 0, groups: tuple[str, ...] = ()) -> tuple[Decision, ...]:
    return tuple(Decision(finding, mode, "p", needed, groups, (), "v1") for finding in plan.findings)


def test_auto_needs_nobody_and_everything_is_on_record(stage: Scene) -> None:
    plan = stage.plan()
    grant = asked(stage, plan, decisions(plan, Mode.AUTO))
    assert grant.plan == plan.id
    assert stage.kinds() == ["plan", "request", "grant"]
    filed, request, granted = stage.home.ledger.entries()
    assert Plan.from_json(filed.body["document"]) == plan
    assert set(filed.body["decisions"]) == set(plan.findings)
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
    made = [Decision(finding, mode, "p", 2, (), (), "v1") for finding, mode in zip(plan.findings, modes, strict=True)]
    for number in range(approvals):
        stage.approved(plan, f"person {number}")
    allowed = min(mode.rank for mode in modes) >= Mode.ASK.rank and (approvals >= 2 or set(modes) == {Mode.AUTO})
    before = len(stage.keys.asked)
    if allowed and plan.id not in stage.cloud.granted:
        assert asked(stage, plan, made).plan == plan.id
    elif not allowed:
        with pytest.raises(NotApproved):
            asked(stage, plan, made)
        assert len(stage.keys.asked) == before


def test_ask_needs_a_person(stage: Scene) -> None:
    plan = stage.plan()
    with pytest.raises(NotApproved, match=f"0 of 1 approvals; run `goldseam approve {plan.id}`"):
        asked(stage, plan, decisions(plan, Mode.ASK))
    stage.approved(plan)
    grant = asked(stage, plan, decisions(plan, Mode.ASK))
    (entry,) = stage.home.ledger.entries(kind="approval")
    assert grant.approvals == (entry.hash,)
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
    assert stage.kinds() == ["plan", "request", "refusal"]
    stage.keys.refuses = ""
    asked(stage, plan, decisions(plan, Mode.AUTO))


@pytest.mark.parametrize(("lasts", "told"), [(0, "has expired"), (-5, "has expired"), (60, "longer than 15 minutes")])
def test_a_key_that_is_not_what_was_asked_for_is_not_used(stage: Scene, lasts: int, told: str) -> None:
    plan = stage.plan()
    stage.keys.lasts = timedelta(minutes=lasts)
    with pytest.raises(GrantRefused, match=told):
        asked(stage, plan, decisions(plan, Mode.AUTO))
    assert "grant" not in stage.kinds()


def test_a_rollback_needs_a_person_and_no_decision(stage: Scene) -> None:
    plan = stage.plan(private)
    repair(plan, stage.leave(plan), stage.doors, stage.home.signer)
    back = reversal(plan, stage.cloud.read(REF, frozenset(["policy"])), VAULT)
    with pytest.raises(NotApproved, match="0 of 1"):
        asked(stage, back, ())
    stage.approved(back)
    asked(stage, back, ())


def test_a_recovery_is_of_something_that_was_executed(stage: Scene) -> None:
    plan = stage.plan(private)
    stage.cloud.change("policy", {"allow": ["ann"], "note": "keep"})
    back = reversal(plan, stage.cloud.read(REF, frozenset(["policy"])), VAULT, Purpose.RECOVERY)
    with pytest.raises(NotApproved, match="which was never executed"):
        asked(stage, back, ())
    assert stage.keys.asked == []


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
        authorise(plan, decisions(plan, Mode.ASK), nosy, stage.home.ledger, stage.cloud.clock)  # type: ignore[arg-type]
    assert nosy.seen == ["approval", "plan", "request"]


def test_a_signed_approval_reaches_the_source_as_it_was_signed() -> None:
    signed = Approval("p-1", "bob", ("security",), "2030-01-01T00:00:00+00:00", "ok", "d" * 64, "s" * 128)
    assert Approval.from_json(signed.to_json()) == signed
    assert set(signed.to_json()) == {"plan", "by", "groups", "at", "comment", "digest", "signature"}
    assert set(replace(signed, signature="").to_json()) == {"plan", "by", "groups", "at", "comment"}
