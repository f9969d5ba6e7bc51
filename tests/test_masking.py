"""Documents as they leave the store: nothing declared is in them, and what is not declared stays as it is."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldseam.assess.context import Fact, gather
from goldseam.assess.evaluate import default_settings, verdict_on
from goldseam.audit.masking import masked_plan, places
from goldseam.control import MASKED, Answer, FactRule, Kind, Mask, Surroundings, fact, known, undecided
from goldseam.model.errors import DEBUGGING
from goldseam.model.resource import Resource
from goldseam.model.values import Json, Unknown, canonical, plain
from goldseam.repair.plan import Plan
from goldseam.repair.propose import propose
from tests import toy

MASK = Mask(b"k")
SECRET = "canary-\"in'\\a-house"
HOUSE = Kind("toy.house", "house", (toy.Bag(name="doors"), toy.Whole(name="lamp", sensitive=("env.*", "[].v", "note"))))


def plan_of(lamp: Json) -> Plan:
    resource = Resource(toy.REF, {"doors": ["open", "shut"], "lamp": lamp, "seal": "wax", "street": "quiet"})
    return propose(resource, [toy.lamp_lit, toy.no_open_door], [toy.lamp_lit, toy.no_open_door])


def test_a_plan_shows_that_a_secret_is_there_and_not_which() -> None:
    document = plan_of({"watts": 1, "env": {"KEY": SECRET}, "color": "red"}).to_json()
    shown = masked_plan(document, HOUSE, MASK)
    text = canonical(shown).decode()
    assert "canary" in canonical(document).decode()
    assert "canary" not in text
    assert shown["id"] == document["id"]
    (lamp,) = (change for change in shown["changes"] if change["facet"] == "lamp")
    assert lamp["before"] == {"watts": 1, "env": {"KEY": MASK.of(SECRET)}, "color": "red"}
    assert lamp["after"]["env"] == lamp["before"]["env"]
    (call,) = (call for call in shown["calls"] if call["operation"] == "house.Put")
    assert call["parameters"]["Value"]["env"]["KEY"] == MASK.of(SECRET)
    assert call["parameters"]["Value"]["color"] == "red"


def test_a_digest_of_a_value_with_a_secret_is_masked_too() -> None:
    """Plans of format 1 hold digests of what they rest on."""
    plan = plan_of({"watts": 1, "note": SECRET})
    document = {**plan.to_json(), "witness": dict(plan.witness)}
    shown = masked_plan(document, HOUSE, MASK)
    assert shown["witness"]["lamp"] == MASK.of(document["witness"]["lamp"])
    assert shown["witness"]["doors"] == document["witness"]["doors"]


def test_the_masked_places_are_listed_and_no_other_differs() -> None:
    document = plan_of({"watts": 1, "note": SECRET}).to_json()
    shown = masked_plan(document, HOUSE, MASK)
    assert set(shown["masked"]) == set(places(document, shown))
    assert "/changes/1/before/note" in shown["masked"]
    assert len(shown["masked"]) == 5


def test_a_plan_without_secrets_is_shown_as_it_is() -> None:
    document = plan_of({"watts": 1, "color": "red"}).to_json()
    assert masked_plan(document, HOUSE, MASK) == {**document, "masked": []}


def test_the_values_of_a_plan_are_masked_by_facet() -> None:
    document = plan_of({"watts": 1}).to_json() | {"values": {"lamp": {"note": SECRET, "watts": 1}, "doors": ["x"]}}
    shown = masked_plan(document, HOUSE, MASK)
    assert shown["values"] == {"lamp": {"note": MASK.of(SECRET), "watts": 1}, "doors": ["x"]}


def test_an_unknown_kind_declares_nothing_and_is_masked_whole() -> None:
    shown = masked_plan(plan_of({"watts": 1, "color": "scarlet red"}).to_json(), None, MASK)
    text = canonical([shown["changes"], shown["calls"], shown["undo"], shown["because"]]).decode()
    assert "scarlet" not in text
    assert shown["ref"] == plain(toy.REF.to_json())


WORDS: st.SearchStrategy[Any] = st.text(max_size=6) | st.integers(-9, 9) | st.booleans() | st.none()
LAMPS = st.fixed_dictionaries(
    {"watts": st.just(1)},
    optional={
        "env": st.dictionaries(st.text(max_size=4), WORDS | st.lists(WORDS, max_size=2), max_size=3),
        "text": WORDS.map(lambda word: json.dumps({"deep": word})),
        "other": WORDS,
    },
)


@settings(deadline=None)
@given(LAMPS, st.sampled_from(["env", "note"]))
def test_no_document_shows_a_declared_secret(lamp: dict[str, Any], where: str) -> None:
    planted = {**lamp, "env": {**lamp.get("env", {}), "P": SECRET}} if where == "env" else {**lamp, "note": [SECRET]}
    planted["copy"] = "kept openly"
    document = plan_of(planted).to_json()
    document["because"] = {"toy.house.lamp-lit": f"the lamp is {json.dumps(planted)}", "x": f"{planted}"}
    shown = canonical(masked_plan(document, HOUSE, MASK)).decode()
    assert "canary" in canonical(document).decode()
    assert "canary" not in shown
    assert MASKED.search(shown)


def test_a_reason_that_quotes_a_secret_is_cleaned_where_it_is_made() -> None:
    secretive = Kind("toy.house", "house", (toy.Bag(name="doors", sensitive=("[]",)), *toy.HOUSE.facets[1:]))
    control = replace(toy.no_open_door, kind=secretive)
    resource = Resource(toy.REF, {"doors": ["open " + SECRET, "open street", "shut"]})
    verdict = verdict_on(control, resource, default_settings(control, resource))
    assert "canary" not in verdict.because  # type: ignore[union-attr]
    assert verdict.because.endswith("stands open")  # type: ignore[union-attr]


def test_a_rule_that_cannot_tell_does_not_repeat_a_secret() -> None:
    """The mutation: `_discreet` leaves the reason of an unknown as it is."""
    secretive = Kind("toy.house", "house", (*toy.HOUSE.facets[:3], toy.Seen(name="street", sensitive=("",))))
    control = replace(toy.quiet_street, kind=secretive, rule=lambda street: undecided(because=f"what is {street}?"))
    unknown = verdict_on(control, Resource(toy.REF, {"street": SECRET}), {})
    assert isinstance(unknown, Unknown)
    assert unknown.reason.startswith("what is ")
    assert "canary" not in unknown.reason


def test_a_rule_that_breaks_on_a_secret_does_not_repeat_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DEBUGGING, "on", True)

    def breaks(street: str) -> object:
        return int(street)

    secretive = Kind("toy.house", "house", (*toy.HOUSE.facets[:3], toy.Seen(name="street", sensitive=("",))))
    control = replace(toy.quiet_street, kind=secretive, rule=breaks)  # type: ignore[arg-type]
    unknown = verdict_on(control, Resource(toy.REF, {"street": SECRET}), {})
    assert "ValueError" in unknown.reason  # type: ignore[union-attr]
    assert "canary" not in unknown.reason  # type: ignore[union-attr]


def secretive_fact(answer: Answer, *, needs: bool = False) -> FactRule:
    def rule(lamp: Json, *, around: Surroundings) -> Answer:
        return answer

    return fact("lit", HOUSE, bool, needs={HOUSE: ("lamp",)} if needs else None)(rule)


def gathered(rule: FactRule, own: Json, *beside: Json) -> Fact:
    around = Surroundings(
        toy.REF, datetime(2026, 1, 1, tzinfo=UTC), {HOUSE.name: tuple(Resource(toy.REF, {"lamp": i}) for i in beside)}
    )
    (found,) = gather(Resource(toy.REF, {"lamp": own}), [rule], around)
    return found


def test_evidence_that_quotes_a_secret_of_the_resource_is_cleaned_where_it_is_made() -> None:
    found = gathered(secretive_fact(known(True, f"the note is {SECRET}", "it burns")), {"note": SECRET})
    assert found.value is True
    assert MASKED.sub("*", found.evidence[0]) == "the note is *"
    assert found.evidence[1] == "it burns"


def test_evidence_that_quotes_a_secret_of_another_resource_is_cleaned_too() -> None:
    rule = secretive_fact(known(True, f"the other's note is {SECRET}"), needs=True)
    assert "canary" not in gathered(rule, {"note": "x"}, {"note": "y"}, {"note": SECRET}).evidence[0]


def test_the_reason_why_a_fact_is_unknown_is_cleaned() -> None:
    found = gathered(secretive_fact(Unknown(f"cannot read {SECRET}")), {"note": SECRET})
    assert isinstance(found.value, Unknown)
    assert "canary" not in found.value.reason
