"""Stage 8: nothing is called fixed that is not, and what is waited for is said."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from goldseam.audit.record import verify_ledger
from goldseam.control import Control
from goldseam.model.errors import PlanRefused
from goldseam.repair.apply import apply, facets_of
from goldseam.repair.execute import repair
from goldseam.repair.plan import Plan
from goldseam.repair.propose import reversal
from goldseam.repair.resume import closed_by_looking, resume, unfinished
from goldseam.repair.verify import PATIENCE, Verification, VerificationResult, verify
from tests.memory_cloud import (
    CATALOG,
    OTHER,
    REF,
    VAULT,
    Fault,
    Scene,
    dials_safe,
    no_world_rule,
    private,
    scene,
    sealed,
)
from tests.test_apply import done, grant, outcome


@pytest.fixture
def stage(tmp_path: Path) -> Scene:
    return scene(tmp_path)


def looked(stage: Scene, plan: Plan, patience: tuple[float, ...] = PATIENCE) -> Verification:
    return verify(plan, CATALOG, stage.cloud, facets_of(plan, CATALOG), stage.cloud.clock, patience)


def applied(stage: Scene, *wanted: Control) -> Plan:
    plan = stage.plan(*wanted)
    apply(plan, grant(stage, plan), stage.doors)
    return plan


def test_what_passes_is_verified_at_the_first_look(stage: Scene) -> None:
    plan = applied(stage)
    stage.cloud.clock.waited.clear()
    seen = looked(stage, plan)
    assert (seen.state, stage.cloud.clock.waited) == (VerificationResult.VERIFIED, [0.0])
    assert seen.because.endswith("pass")


def test_peers_08_nothing_done_is_nothing_fixed(stage: Scene) -> None:
    seen = looked(stage, stage.plan(sealed))
    assert seen.state is VerificationResult.FAILED
    assert seen.because == "mem.vault.sealed does not pass: it is not sealed"


@pytest.mark.parametrize("lag", [0.2, 3.0, 20.0])
def test_peers_12_a_reading_that_lags_is_waited_for(stage: Scene, lag: float) -> None:
    stage.cloud.lag = lag
    plan = applied(stage)
    seen = looked(stage, plan)
    assert seen.state is VerificationResult.VERIFIED
    assert sum(stage.cloud.clock.waited) >= lag


def test_peers_12_when_patience_ends_it_says_what_it_saw(stage: Scene) -> None:
    plan = stage.plan(no_world_rule)
    stage.cloud.lag = 10_000.0
    apply(plan, grant(stage, plan), stage.doors)
    stage.cloud.clock.waited.clear()
    seen = looked(stage, plan)
    assert seen.state is VerificationResult.FAILED
    assert "world:1, world:2 lets the world in" in seen.because
    assert stage.cloud.clock.waited == list(PATIENCE)


def test_peers_10_an_accepted_change_that_waits_is_pending_and_never_fixed(stage: Scene) -> None:
    plan = stage.plan(sealed)
    stage.cloud.pending = {"sealed": "the next reboot"}
    result = done(stage, plan)
    assert result.state == outcome(stage) == "pending"
    assert result.because == "sealed waits for the next reboot"
    (last,) = stage.home.ledger.entries(kind="outcome")
    assert last.body["waits"] == {"sealed": "the next reboot"}
    assert [item.state for item in resume(stage.doors, stage.keys, stage.home.signer, "ann")] == ["pending"]
    assert len(list(stage.home.ledger.entries(kind="outcome"))) == 1
    stage.cloud.pending = {}
    assert [item.state for item in resume(stage.doors, stage.keys, stage.home.signer, "ann")] == ["verified"]
    assert outcome(stage) == "verified"


def test_peers_10_what_waits_is_not_asked_for_again(stage: Scene) -> None:
    stage.cloud.pending = {"sealed": "the next reboot"}
    with pytest.raises(PlanRefused, match="waits for the next reboot"):
        stage.plan(sealed)
    assert stage.plan(dials_safe).controls == ("mem.vault.dials-safe",)


def test_a_later_scan_closes_what_waited_and_leaves_what_came_out_otherwise_to_resume(stage: Scene) -> None:
    plan, other = stage.plan(sealed), stage.plan(dials_safe, ref=OTHER)
    stage.cloud.pending = {"sealed": "the next reboot", "dials": "the night"}
    assert {done(stage, item).state for item in (plan, other)} == {"pending"}
    look = partial(closed_by_looking, stage.doors, stage.home.signer)
    assert look("another account") == ()
    assert {item.state for item in look("acc")} == {"pending"}
    stage.cloud.pending = {}
    stage.cloud.change("dials", {"tries": 99, "tone": "low"}, OTHER)
    calls = len(stage.cloud.calls)
    assert {item.plan: item.state for item in look("acc")} == {plan.id: "verified", other.id: "open"}
    assert len(stage.cloud.calls) == calls
    assert [claim.body["plan"] for claim in unfinished(stage.home.ledger)] == [other.id]
    assert verify_ledger(stage.home.ledger.entries(), stage.home.signer.public).checkpoints > 2


def test_what_waits_elsewhere_does_not_matter(stage: Scene) -> None:
    stage.cloud.pending = {"dials": "the next reboot"}
    assert done(stage, stage.plan(sealed)).state == "verified"


def test_law_5_what_cannot_be_read_is_not_verified_and_not_undone(stage: Scene) -> None:
    plan = stage.plan(sealed)
    stage.cloud.on_call = lambda call, moment: stage.cloud.unreadable.update(sealed="access denied")
    result = done(stage, plan)
    assert result.state == "pending"
    assert "a reading: access denied" in result.because
    assert len(stage.cloud.calls) == 1


def test_a_cloud_that_does_not_answer_is_asked_again(stage: Scene) -> None:
    plan = applied(stage)
    stage.cloud.deaf = 2
    assert looked(stage, plan).state is VerificationResult.VERIFIED
    stage.cloud.deaf = 99
    seen = looked(stage, plan)
    assert (seen.state, seen.after) == (VerificationResult.PENDING, None)
    assert "cannot be read" in seen.because


def test_a_resource_that_is_gone_is_not_fixed(stage: Scene) -> None:
    plan = applied(stage)
    del stage.cloud.vaults[REF.address]
    assert looked(stage, plan).state is VerificationResult.FAILED


def test_the_settings_of_the_plan_judge_it(stage: Scene) -> None:
    plan = applied(stage, no_world_rule)
    assert plan.settings == {no_world_rule.id: {"instead": "cellar"}}
    assert looked(stage, Plan.from_json(plan.to_json())).state is VerificationResult.VERIFIED


def test_one_control_that_does_not_pass_is_enough(stage: Scene) -> None:
    plan = stage.plan()
    stage.cloud.faults = [Fault("vault.PutPolicy", "lie")]
    apply(plan, grant(stage, plan), stage.doors)
    seen = looked(stage, plan)
    assert (seen.state, seen.because) == (
        VerificationResult.FAILED,
        "mem.vault.private does not pass: everybody is allowed",
    )


def test_a_repair_that_passes_otherwise_than_planned_says_so(stage: Scene) -> None:
    plan = applied(stage, private)
    stage.cloud.change("policy", {"allow": ["ann"], "note": "changed"})
    seen = looked(stage, plan)
    assert seen.state is VerificationResult.VERIFIED
    assert seen.because == (
        "mem.vault.private passes; not exactly as planned (accepted, since the verdict of every control of the "
        'plan is as planned): the policy.note is "changed", and "keep" was planned'
    )


def test_a_rollback_is_verified_by_its_image(stage: Scene) -> None:
    plan = stage.plan(sealed)
    assert repair(plan, stage.leave(plan), stage.doors, stage.home.signer).state == "verified"
    back = reversal(plan, stage.cloud.read(REF, facets_of(plan, CATALOG)), VAULT)
    seen = looked(stage, back)
    assert (seen.state, seen.because) == (VerificationResult.FAILED, "the sealed is true, and false was planned")
    stage.cloud.change("sealed", value=False)
    assert looked(stage, back).because == "sealed as before"
    stage.cloud.unreadable = {"sealed": "denied"}
    assert looked(stage, replace(back), (0.0,)).state is VerificationResult.PENDING
