"""Taking a repair back: another plan like any other, refused when somebody changed the object since."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldseam.claim import followed
from goldseam.control import Control
from goldseam.decide import Exemption
from goldseam.errors import ExemptResource, NotApproved, RollbackRefused, Stale, UnknownName
from goldseam.plan import Plan, Purpose
from goldseam.repair import Leave, Repair, repair
from goldseam.rollback import plan_rollback
from goldseam.values import ABSENT, Value, plain, same
from tests.memory_cloud import CONTROLS, REF, Fault, Scene, no_world_rule, private, scene, sealed, welded
from tests.test_apply import done, exemption


@pytest.fixture
def stage(tmp_path: Path) -> Scene:
    return scene(tmp_path)


def fixed(stage: Scene, *wanted: Control) -> Plan:
    plan = stage.plan(*wanted, follows=followed(stage.home.ledger, REF))
    stage.approved(plan)
    assert done(stage, plan).state == "verified"
    return plan


def taken_back(stage: Scene, plan: Plan) -> Repair:
    back = plan_rollback(plan.id, stage.doors)
    stage.approved(back)
    return repair(back, Leave("ann", (), stage.keys), stage.doors, stage.home.signer)


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
        repair(back, Leave("ann", (), stage.keys), stage.doors, stage.home.signer)


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
        repair(back, Leave("ann", (), stage.keys), stage.doors, stage.home.signer)
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
    assert repair(again, Leave("ann", (), stage.keys), stage.doors, stage.home.signer).state == "verified"
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
        repair(back, Leave("ann", (), stage.keys), stage.doors, stage.home.signer)
