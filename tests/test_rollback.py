"""Taking a repair back: another plan like any other, refused when somebody changed the object since."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from goldseam.control import Control
from goldseam.decide import Exemption
from goldseam.decide.policy import Mode
from goldseam.model.errors import ExemptResource, NotApproved, RollbackRefused, Stale, UnknownName, UsageError
from goldseam.model.values import ABSENT, Value, plain, same
from goldseam.repair.authorize import Leave
from goldseam.repair.claim import followed
from goldseam.repair.emergency import declare, review, unreviewed
from goldseam.repair.execute import Repair, repair
from goldseam.repair.plan import Plan, Purpose
from goldseam.repair.propose import reversal
from goldseam.repair.rollback import plan_rollback
from tests.memory_cloud import CONTROLS, REF, VAULT, Fault, Scene, no_world_rule, private, scene, sealed, welded
from tests.test_apply import done, exemption


@pytest.fixture
def stage(tmp_path: Path) -> Scene:
    return scene(tmp_path)


def leave(stage: Scene, back: Plan, mode: Mode = Mode.AUTO, needed: int = 0, groups: tuple[str, ...] = ()) -> Leave:
    """What the policies decide on the findings of the repair that is taken back."""
    return stage.leave(back, mode, needed, groups)


def fixed(stage: Scene, *wanted: Control) -> Plan:
    plan = stage.plan(*wanted, follows=followed(stage.home.ledger, REF))
    stage.approved(plan)
    assert done(stage, plan).state == "verified"
    return plan


def taken_back(stage: Scene, plan: Plan) -> Repair:
    back = plan_rollback(plan.id, stage.doors)
    stage.approved(back)
    return repair(back, leave(stage, back), stage.doors, stage.home.signer)


@pytest.mark.parametrize("wanted", [*((control,) for control in CONTROLS), CONTROLS])
def test_peers_22_rollback_gives_the_image_before(stage: Scene, wanted: tuple[Control, ...]) -> None:
    before = stage.facts()
    plan = fixed(stage, *wanted)
    result = taken_back(stage, plan)
    assert result.state == "verified"
    assert same(stage.facts(), before)


def test_peers_22_rollback_of_what_was_absent(stage: Scene) -> None:
    stage.cloud.change("policy", {"allow": ["*"]})
    plan = fixed(stage, private)
    assert stage.cloud.hold()["policy"] is ABSENT
    taken_back(stage, plan)
    assert stage.cloud.hold()["policy"] == {"allow": ["*"]}


def test_a_rollback_is_a_plan_like_any_other(stage: Scene) -> None:
    plan = fixed(stage)
    back = plan_rollback(plan.id, stage.doors)
    assert (back.purpose, back.of, back.follows) == (Purpose.ROLLBACK, plan.id, plan.id)
    assert set(back.breaks) == {control.id for control in CONTROLS}
    assert Plan.from_json(back.to_json()) == back
    with pytest.raises(NotApproved):
        repair(back, leave(stage, back), stage.doors, stage.home.signer)


@pytest.mark.parametrize(
    ("facet", "value"),
    [
        ("rules", ["cellar", "office", "garage"]),
        ("policy", ABSENT),
        ("dials", {"tries": 2, "tone": "low"}),
        ("sealed", False),
    ],
)
def test_peers_22_rollback_is_refused_when_the_object_changed_since(stage: Scene, facet: str, value: Value) -> None:
    was = stage.cloud.hold()[facet]
    plan = fixed(stage)
    repaired = stage.cloud.hold()[facet]
    stage.cloud.change(facet, value)
    found, calls = stage.facts(), len(stage.cloud.calls)
    with pytest.raises(RollbackRefused, match=f"the {facet} of .* changed since plan `{plan.id}`") as caught:
        plan_rollback(plan.id, stage.doors)
    view = caught.value.view
    assert view[facet] == {"before": plain(was), "after": plain(repaired), "now": plain(value), "moved": True}
    assert {name for name, item in view.items() if item["moved"]} == {facet}
    assert same(stage.facts(), found)
    assert len(stage.cloud.calls) == calls


def test_a_change_elsewhere_does_not_bar_a_rollback(stage: Scene) -> None:
    plan = fixed(stage, sealed)
    stage.cloud.change("rules", ["garage"])
    assert taken_back(stage, plan).state == "verified"
    assert stage.cloud.hold()["rules"] == ["garage"]


def test_what_moves_between_the_plan_and_its_execution_is_stale(stage: Scene) -> None:
    plan = fixed(stage, private)
    back = plan_rollback(plan.id, stage.doors)
    stage.approved(back)
    stage.cloud.change("policy", {"allow": ["eve"]})
    with pytest.raises(Stale, match="changed since the plan was made"):
        repair(back, leave(stage, back), stage.doors, stage.home.signer)
    assert stage.cloud.hold()["policy"] == {"allow": ["eve"]}


def test_what_cannot_be_read_is_not_taken_back(stage: Scene) -> None:
    plan = fixed(stage, sealed)
    stage.cloud.unreadable = {"sealed": "denied"}
    with pytest.raises(RollbackRefused):
        plan_rollback(plan.id, stage.doors)


def test_what_has_no_way_back_says_so(stage: Scene) -> None:
    plan = fixed(stage, welded)
    with pytest.raises(RollbackRefused, match=r"cannot be taken back: .*for good"):
        plan_rollback(plan.id, stage.doors)


def test_a_repair_is_taken_back_once(stage: Scene) -> None:
    plan = fixed(stage, sealed)
    result = taken_back(stage, plan)
    with pytest.raises(RollbackRefused, match=f"was taken back already, by `{result.plan}`"):
        plan_rollback(plan.id, stage.doors)


def test_what_did_not_happen_is_not_taken_back(stage: Scene) -> None:
    with pytest.raises(UnknownName):
        plan_rollback("p-none", stage.doors)
    stage.cloud.faults = [Fault("vault.Seal", "denied")]
    plan = stage.plan(sealed)
    assert done(stage, plan).state == "undone"
    with pytest.raises(RollbackRefused, match=r"nothing to take back: .* ended as `undone`"):
        plan_rollback(plan.id, stage.doors)


def test_back_and_forth_and_back_again(stage: Scene) -> None:
    before = stage.facts()
    ids = []
    for _ in range(3):
        plan = fixed(stage)
        ids.append(plan.id)
        ids.append(taken_back(stage, plan).plan)
        assert same(stage.facts(), before)
    assert len(set(ids)) == 6
    latest = fixed(stage)
    assert taken_back(stage, latest).state == "verified"


def test_a_rollback_can_itself_be_taken_back(stage: Scene) -> None:
    plan = fixed(stage, no_world_rule)
    repaired = stage.facts()
    back = taken_back(stage, plan)
    again = plan_rollback(back.plan, stage.doors)
    stage.approved(again)
    assert repair(again, leave(stage, again), stage.doors, stage.home.signer).state == "verified"
    assert same(stage.facts(), repaired)


def test_law_11_a_rollback_does_not_reach_what_is_exempt(stage: Scene) -> None:
    """An exemption elsewhere does not matter; one on what the rollback would touch stops it."""
    stage.cloud.change("rules", ["office", "world:1"])
    plan = fixed(stage, sealed, no_world_rule)
    held: Exemption = exemption(stage, private)
    stage.exemptions.append(held)
    assert taken_back(stage, plan).state == "verified"
    stage.exemptions.clear()
    second = fixed(stage, private)
    back = plan_rollback(second.id, stage.doors)
    stage.approved(back)
    stage.exemptions.append(Exemption(private.id, REF, "web", "so", held.expires, "", "ann", held.at))
    with pytest.raises(ExemptResource, match=r"would touch what is exempt from mem.vault.private"):
        repair(back, leave(stage, back), stage.doors, stage.home.signer)


# A rollback needs what a repair of that resource needs.


def test_a_rollback_does_not_approve_itself(stage: Scene) -> None:
    """Automatic or not, somebody approves the rollback. The mutation: need no approval where the policy says auto."""
    back = plan_rollback(fixed(stage, sealed, private).id, stage.doors)
    for mode in (Mode.AUTO, Mode.ASK):
        with pytest.raises(NotApproved, match=f"0 of 1 approvals; run `goldseam approve {back.id}`.*--emergency"):
            repair(back, leave(stage, back, mode), stage.doors, stage.home.signer)
    stage.approved(back)
    assert repair(back, leave(stage, back), stage.doors, stage.home.signer).state == "verified"


def test_a_rollback_needs_the_approvals_groups_and_four_eyes_of_a_repair(stage: Scene) -> None:
    back = plan_rollback(fixed(stage, sealed, private).id, stage.doors)
    stage.approved(back, "ann")
    with pytest.raises(NotApproved, match="0 of 2 approvals from network"):
        repair(back, leave(stage, back, Mode.ASK, 2, ("network",)), stage.doors, stage.home.signer)
    two = leave(stage, back, Mode.ASK, 2)
    with pytest.raises(NotApproved, match="1 of 2"):
        repair(back, two, stage.doors, stage.home.signer)
    stage.approved(back, "bob")
    with pytest.raises(NotApproved, match="1 of 2 approvals, by someone else"):
        repair(back, replace(two, requester="ann"), stage.doors, stage.home.signer)
    stage.approved(back, "eve")
    assert repair(back, replace(two, requester="ann"), stage.doors, stage.home.signer).state == "verified"


@pytest.mark.parametrize("mode", [Mode.LEAVE, Mode.ASSIST])
def test_a_rollback_that_the_policy_does_not_allow_is_refused(stage: Scene, mode: Mode) -> None:
    back = plan_rollback(fixed(stage, sealed, private).id, stage.doors)
    stage.approved(back)
    with pytest.raises(NotApproved, match=f"the policy says `{mode}`"):
        repair(back, leave(stage, back, mode), stage.doors, stage.home.signer)


def test_a_rollback_needs_a_decision_on_every_finding_of_the_repair(stage: Scene) -> None:
    plan = fixed(stage, sealed, private)
    back = plan_rollback(plan.id, stage.doors)
    stage.approved(back)
    whole = leave(stage, back)
    assert {item.finding for item in whole.decisions} == set(plan.findings)
    for missing in plan.findings:
        part = tuple(item for item in whole.decisions if item.finding != missing)
        with pytest.raises(NotApproved, match=f"no decision on {missing}"):
            repair(back, replace(whole, decisions=part), stage.doors, stage.home.signer)


def test_approvals_of_the_repair_do_not_approve_its_rollback(stage: Scene) -> None:
    plan = fixed(stage, sealed)
    for person in ("ann", "bob", "eve"):
        stage.approved(plan, person)
    back = plan_rollback(plan.id, stage.doors)
    with pytest.raises(NotApproved, match="0 of 1"):
        repair(back, leave(stage, back), stage.doors, stage.home.signer)


# In an outage, one person, with a reason, within a day; somebody else reviews it.


def emergency(stage: Scene, back: Plan, by: str = "ann") -> Repair:
    wanted = replace(leave(stage, back, Mode.LEAVE, 5, ("nobody",)), by=by, emergency=True)
    return repair(back, wanted, stage.doors, stage.home.signer)


def test_an_emergency_waits_for_nobody_and_stays_open_until_somebody_else_reviewed_it(stage: Scene) -> None:
    back = plan_rollback(fixed(stage, sealed, private).id, stage.doors)
    declare(stage.home.ledger, back, "ann", "checkout is down")
    assert emergency(stage, back).state == "verified"
    (waiting,) = unreviewed(stage.home.ledger)
    assert (waiting.body["plan"], waiting.body["by"], waiting.body["because"]) == (back.id, "ann", "checkout is down")
    with pytest.raises(NotApproved, match="have somebody else review it"):
        review(stage.home.ledger, back.id, "ann", "fine")
    with pytest.raises(UnknownName):
        review(stage.home.ledger, "p-other", "bob", "fine")
    review(stage.home.ledger, back.id, "bob", "the policy was too wide")
    assert unreviewed(stage.home.ledger) == ()


def test_an_emergency_is_on_record_first_with_its_person_and_reason(stage: Scene) -> None:
    back = plan_rollback(fixed(stage, sealed).id, stage.doors)
    with pytest.raises(NotApproved, match="is no emergency of `ann`"):
        emergency(stage, back)
    with pytest.raises(UsageError, match="needs a reason"):
        declare(stage.home.ledger, back, "ann", "  ")
    declare(stage.home.ledger, back, "ann", "down")
    with pytest.raises(NotApproved, match="is no emergency of `bob`"):
        emergency(stage, back, "bob")
    assert stage.keys.asked[-1][0]["purpose"] == "repair"


def test_an_emergency_is_of_one_whole_rollback(stage: Scene) -> None:
    """Another plan's declaration permits nothing, and neither does one for a part of a plan."""
    first = plan_rollback(fixed(stage, sealed).id, stage.doors)
    declare(stage.home.ledger, first, "ann", "down")
    assert emergency(stage, first).state == "verified"
    plan = fixed(stage, sealed, private)
    second = plan_rollback(plan.id, stage.doors)
    with pytest.raises(NotApproved, match="is no emergency"):
        emergency(stage, second)
    (one,) = (change for change in plan.changes if change.facet == "policy")
    part = reversal(replace(plan, changes=(one,)), stage.cloud.read(REF, frozenset(second.values)), VAULT)
    part = replace(part, of=plan.id)
    declare(stage.home.ledger, part, "ann", "down")
    with pytest.raises(NotApproved, match="takes back a part"):
        emergency(stage, part)


def test_an_emergency_is_possible_for_a_day(stage: Scene) -> None:
    back = plan_rollback(fixed(stage, sealed).id, stage.doors)
    declare(stage.home.ledger, back, "ann", "down")
    stage.cloud.clock.time += timedelta(hours=24, minutes=1)
    with pytest.raises(NotApproved, match=f"more than 24 hours ago.*goldseam approve {back.id}"):
        emergency(stage, back)


def test_an_emergency_never_reaches_what_is_exempt(stage: Scene) -> None:
    plan = fixed(stage, private)
    back = plan_rollback(plan.id, stage.doors)
    declare(stage.home.ledger, back, "ann", "down")
    held = exemption(stage, sealed)
    stage.exemptions.append(Exemption(private.id, REF, "web", "so", held.expires, "", "ann", held.at))
    with pytest.raises(ExemptResource):
        emergency(stage, back)


def test_an_emergency_does_not_overwrite_what_changed_since(stage: Scene) -> None:
    plan = fixed(stage, private)
    back = plan_rollback(plan.id, stage.doors)
    declare(stage.home.ledger, back, "ann", "down")
    stage.cloud.change("policy", {"allow": ["eve"]})
    with pytest.raises(Stale):
        emergency(stage, back)
