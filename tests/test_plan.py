"""Stage 5: laws 1 to 4 and 12 on data, what is refused, and that a plan is what its id says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldseam.errors import ExemptResource, PlanRefused
from goldseam.evaluate import Status, default_settings, evaluate
from goldseam.plan import Plan, Purpose, calls_derived, image_path, propose, reversal, with_what_if
from goldseam.values import ABSENT, Unknown
from tests import toy

DOORS = st.lists(st.sampled_from(["open", "open-wide", "open-window", "shut-window", "shut", "barred"]), unique=True)


def after(plan: Plan, house: object) -> object:
    assert isinstance(house, type(toy.house()))
    return house.with_facets({change.facet: change.after for change in plan.changes})


def test_the_plan_holds_calls_images_permissions_and_the_way_back() -> None:
    plan = propose(toy.house(doors=["open", "shut"]), [toy.no_open_door], toy.CONTROLS)
    assert [call.operation for call in plan.calls] == ["house.Remove"]
    assert [call.operation for call in plan.undo] == ["house.Add"]
    assert plan.changes[0].before == ["open", "shut"]
    assert plan.changes[0].after == ["shut"]
    assert {item.action for item in plan.permissions} == {"Remove", "Add"}
    assert plan.fixes == (toy.no_open_door.id,)
    assert plan.disruption == ("visitors",)


@given(DOORS)
def test_law_12_several_findings_on_one_facet_become_one_plan_with_one_write(doors: list[str]) -> None:
    house = toy.house(doors=sorted(doors))
    wanted = [c for c in (toy.no_open_door, toy.no_window_door) if evaluate(house, [c])[0].status is Status.FAIL]
    if not wanted:
        return
    plan = propose(house, wanted, toy.CONTROLS)
    assert len(plan.calls) == 1
    assert {c.id for c in wanted} <= set(plan.fixes)


@given(DOORS)
def test_law_1_the_planned_state_passes_and_planning_again_is_refused(doors: list[str]) -> None:
    house = toy.house(doors=sorted({*doors, "open"}))
    plan = propose(house, [toy.no_open_door], toy.CONTROLS)
    mended = house.with_facets({change.facet: change.after for change in plan.changes})
    assert evaluate(mended, [toy.no_open_door])[0].status is Status.PASS
    with pytest.raises(PlanRefused, match="already passes"):
        propose(mended, [toy.no_open_door], toy.CONTROLS)


@given(DOORS)
def test_law_2_the_reversal_leads_to_the_before_image(doors: list[str]) -> None:
    house = toy.house(doors=sorted({*doors, "open"}))
    plan = propose(house, [toy.no_open_door], toy.CONTROLS)
    mended = house.with_facets({change.facet: change.after for change in plan.changes})
    back = reversal(plan, mended, toy.HOUSE)
    assert back.purpose is Purpose.ROLLBACK
    assert back.changes[0].after == house.facets["doors"]
    assert image_path(back, toy.HOUSE)[-1] == {"doors": house.facets["doors"]}
    shown = with_what_if(back, toy.CONTROLS, mended, default_settings)
    assert toy.no_open_door.id in shown.breaks


def test_a_replacement_is_added_before_the_offence_goes() -> None:
    def settings(control: object, resource: object) -> dict[str, str]:
        del resource
        return {"instead": "narrow"} if control is toy.no_open_door else dict(default_settings(control, house))  # type: ignore[arg-type]

    house = toy.house(doors=["open", "shut"])
    plan = propose(house, [toy.no_open_door], [toy.no_open_door], settings)
    assert [call.operation for call in plan.calls] == ["house.Add", "house.Remove"]
    assert image_path(plan, toy.HOUSE)[1] == {"doors": ["narrow", "open", "shut"]}
    assert plan.settings == {toy.no_open_door.id: {"instead": "narrow"}}


def test_controls_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(PlanRefused, match="contradict"):
        propose(toy.house(lamp={"watts": 1}), [toy.lamp_lit, toy.lamp_dark], [toy.lamp_lit, toy.lamp_dark])


def test_a_plan_that_breaks_a_graver_control_is_refused() -> None:
    with pytest.raises(PlanRefused, match=r"would break toy\.house\.lamp-dark"):
        propose(toy.house(lamp=ABSENT), [toy.lamp_lit], [*toy.CONTROLS, toy.lamp_dark])


def test_a_plan_that_breaks_a_lesser_control_shows_it() -> None:
    plan = propose(toy.house(), [toy.lamp_dark], [*toy.CONTROLS, toy.lamp_dark])
    assert plan.breaks == (toy.lamp_lit.id,)


@pytest.mark.parametrize(
    ("house", "rule", "why"),
    [
        (toy.house(), toy.no_open_door, "already passes"),
        (toy.house(street="loud"), toy.quiet_street, "move house"),
        (toy.house(doors=Unknown("denied")), toy.no_open_door, "denied"),
    ],
)
def test_there_is_no_plan_where_nothing_can_be_done(house: object, rule: object, why: str) -> None:
    with pytest.raises(PlanRefused, match=why):
        propose(house, [rule], toy.CONTROLS)  # type: ignore[arg-type, list-item]


def test_a_fix_without_a_way_back_says_so() -> None:
    plan = propose(toy.house(seal=ABSENT), [toy.sealed], toy.CONTROLS)
    assert not plan.reversible
    assert plan.undo == ()


def test_law_11_what_is_exempt_is_not_planned() -> None:
    with pytest.raises(ExemptResource):
        propose(toy.house(doors=["open"]), [toy.no_open_door], toy.CONTROLS, exempt=frozenset({toy.no_open_door.id}))


def test_law_11_another_control_may_not_touch_what_is_exempt() -> None:
    exempt = frozenset({toy.no_open_door.id})
    with pytest.raises(ExemptResource, match="what is exempt"):
        propose(toy.house(doors=["open-window"]), [toy.no_window_door], toy.CONTROLS, exempt=exempt)
    beside = propose(toy.house(doors=["open", "shut-window"]), [toy.no_window_door], toy.CONTROLS, exempt=exempt)
    assert beside.changes[0].after == ["open"]


def test_a_plan_survives_being_written_down_and_is_refused_when_changed() -> None:
    plan = propose(toy.house(doors=["open", "shut"]), [toy.no_open_door], toy.CONTROLS)
    assert Plan.from_json(plan.to_json()) == plan
    assert Plan.from_json(plan.to_json()).id == plan.id
    tampered = plan.to_json()
    tampered["calls"][0]["parameters"]["Items"] = ["shut"]
    with pytest.raises(PlanRefused, match="its id"):
        Plan.from_json(tampered)


def test_calls_that_do_not_follow_from_the_images_are_noticed() -> None:
    plan = propose(toy.house(doors=["open", "shut"]), [toy.no_open_door], toy.CONTROLS)
    assert calls_derived(plan, toy.HOUSE)
    slipped = replace(plan, calls=(*plan.calls, toy.call("Burn", toy.REF)))
    assert not calls_derived(slipped, toy.HOUSE)
    assert not calls_derived(replace(plan, undo=()), toy.HOUSE)


def test_equal_plans_have_one_id_and_different_ones_have_two() -> None:
    house = toy.house(doors=["open", "shut"])
    first, again = (propose(house, [toy.no_open_door], toy.CONTROLS) for _ in range(2))
    other = propose(toy.house(doors=["open"]), [toy.no_open_door], toy.CONTROLS)
    assert first.id == again.id != other.id


def test_the_same_offence_come_back_is_another_plan() -> None:
    house = toy.house(doors=["open", "shut"])
    first = propose(house, [toy.no_open_door], toy.CONTROLS)
    second = propose(house, [toy.no_open_door], toy.CONTROLS, follows=first.id)
    assert first.id != second.id
    assert Plan.from_json(second.to_json()).follows == first.id
