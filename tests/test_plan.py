"""Stage 5: laws 1 to 4 and 12 on data, what is refused, and that a plan is what its id says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldseam.assess.evaluate import Status, default_settings, evaluate
from goldseam.control import Control, Severity, Verdict, compliant, control, harmless, violation
from goldseam.model.errors import ExemptResource, PlanRefused
from goldseam.model.values import ABSENT, Json, Placeholder, Unknown, Value, document_digest
from goldseam.repair.plan import Plan, Purpose, calls_derived, image_path
from goldseam.repair.propose import Rules, propose, reversal
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
    back = reversal(plan, mended, toy.HOUSE, rules=Rules(toy.CONTROLS))
    assert back.purpose is Purpose.ROLLBACK
    assert back.changes[0].after == house.facets["doors"]
    assert image_path(back, toy.HOUSE)[-1] == {"doors": house.facets["doors"]}
    assert toy.no_open_door.id in back.breaks


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


def test_a_plan_holds_the_values_of_all_that_the_controls_of_its_facets_read() -> None:
    """Two controls read the changed facet, one of them another facet too: both facets are held, a third is not."""

    @control(
        "toy.house.lit-street", toy.HOUSE, severity=Severity.LOW,
        disrupts=harmless("it is only light", source="Toys, a page"),
        compliant=[{"lamp": {"watts": 9}, "street": "quiet"}], violating=[{"lamp": ABSENT, "street": "loud"}],
    )  # fmt: skip
    def lit_street(lamp: Value, street: str) -> Verdict:
        """The lamp is lit where the street is loud."""
        return compliant if lamp or street == "quiet" else violation(because="it is dark and loud")

    plan = propose(toy.house(lamp={"watts": 1}), [toy.lamp_lit], [*toy.CONTROLS, lit_street])
    assert plan.values == {"lamp": {"watts": 1}, "street": "quiet"}
    elsewhere = propose(toy.house(lamp={"watts": 1}, street="loud"), [toy.lamp_lit], [*toy.CONTROLS, lit_street])
    assert plan.id != elsewhere.id
    unread = propose(toy.house(lamp={"watts": 1}, street=Unknown("denied")), [toy.lamp_lit], [toy.lamp_lit, lit_street])
    throttled = propose(
        toy.house(lamp={"watts": 1}, street=Unknown("throttled")), [toy.lamp_lit], [toy.lamp_lit, lit_street]
    )
    assert unread.untold == (lit_street.id,)
    assert unread.id == throttled.id, "why a facet could not be read is no part of a plan"
    assert "street" not in unread.witness


def test_a_plan_names_its_cloud_its_catalog_and_the_settings_that_were_used() -> None:
    def settings(control: Control, resource: object) -> Mapping[str, Json]:
        del resource
        return {"watts": 7} if control is toy.lamp_lit else control.defaults

    house = toy.house(doors=["open"], lamp={"watts": 1})
    plan = propose(house, [toy.lamp_lit, toy.no_open_door], toy.CONTROLS, settings, catalog_version="c1")
    document = plan.to_json()
    assert (document["format"], document["cloud"], document["catalog_version"]) == (2, "toy", "c1")
    assert document["confirm"] is None
    assert plan.settings == {toy.lamp_lit.id: {"watts": 7}, toy.no_open_door.id: {"instead": ""}}
    assert plan.id != propose(house, [toy.lamp_lit, toy.no_open_door], toy.CONTROLS, settings).id
    doors_only = propose(house, [toy.no_open_door], toy.CONTROLS, settings)
    assert doors_only.settings == {toy.no_open_door.id: {"instead": ""}}, "others at their defaults are left out"


@pytest.mark.parametrize("member", sorted(propose(toy.house(doors=["open"]), [toy.no_open_door], ()).to_json()))
def test_no_member_of_a_plan_can_be_changed_without_its_id(member: str) -> None:
    """The mutation: leave one member out of the comparison in `Plan.from_json`."""
    plan = propose(toy.house(doors=["open", "shut"]), [toy.no_open_door], toy.CONTROLS)
    odds: tuple[Json, ...] = ("other", None, [], {}, 3, [1])
    for odd in odds:
        document = {**plan.to_json(), member: odd}
        if document == plan.to_json():
            continue
        with pytest.raises((PlanRefused, KeyError, TypeError, ValueError, AttributeError)):
            Plan.from_json(document)
    with pytest.raises(PlanRefused, match="not what its id says"):
        Plan.from_json({**plan.to_json(), "more": 1})


def test_a_plan_of_the_older_format_is_read_and_verified_and_goes_no_further() -> None:
    document = json.loads((Path(__file__).parent / "recorded" / "plan_format_1.json").read_text("utf-8"))
    plan = Plan.from_json(document)
    assert (plan.format, plan.id) == (1, document["id"])
    assert plan.to_json() == document
    assert [change.facet for change in plan.changes] == ["doors", "lamp"]
    with pytest.raises(PlanRefused, match=r"older goldseam.*make it again"):
        plan.require_current()
    after = toy.house(doors=["shut"], lamp={"watts": 5})
    back = reversal(plan, after, toy.HOUSE, rules=Rules(toy.CONTROLS, catalog_version="c1"))
    assert (back.format, back.of, back.changes[-1].after) == (2, plan.id, ["open", "shut"])
    with pytest.raises(PlanRefused, match="not what its id says"):
        Plan.from_json({**document, "reversible": False})
    with pytest.raises(PlanRefused, match="upgrade"):
        Plan.from_json({**document, "format": 3})


def test_what_cannot_be_read_is_not_brought_back() -> None:
    plan = propose(toy.house(doors=["open", "shut"]), [toy.no_open_door], toy.CONTROLS)
    with pytest.raises(PlanRefused, match=r"the doors of .* cannot be read \(denied\)"):
        reversal(plan, toy.house(doors=Unknown("denied")), toy.HOUSE)


def test_placeholders_of_the_older_format_are_placeholders_still() -> None:
    """The mutation: read a plan of format 1 as it stands; its way back would send `{"told by": …}` to the cloud."""
    call = toy.call("Put", toy.REF)
    document = json.loads((Path(__file__).parent / "recorded" / "plan_format_1.json").read_text("utf-8"))
    document["changes"][0]["before"] = [{"told by": ["lamp", "secret"]}, {"told by": ["lamp", 7]}]
    document["calls"] = [{**call.to_json(), "parameters": {"IfMatch": {"told by": ["doors", "version"]}}}]
    document["id"] = _id_of_format_1(document)
    plan = Plan.from_json(document)
    assert plan.changes[0].before == [Placeholder("lamp", "secret"), {"told by": ["lamp", 7]}]
    assert plan.calls[0].parameters == {"IfMatch": Placeholder("doors", "version")}
    assert plan.to_json() == document


def _id_of_format_1(document: Mapping[str, Json]) -> str:
    content = {name: value for name, value in document.items() if name not in ("id", "permissions")}
    return f"p-{document_digest(content)[:32]}"
