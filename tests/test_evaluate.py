"""Stage 2: statuses, and law 5 (unknown is not pass)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from goldseam.assess.evaluate import Finding, Status, evaluate
from goldseam.control import Catalog, Control, Severity, Verdict, compliant, control, harmless, undecided, violation
from goldseam.model.errors import DEBUGGING, PlanRefused, UnknownName, UsageError
from goldseam.model.resource import Resource
from goldseam.model.values import ABSENT, Json, Unknown, Value
from goldseam.repair.propose import propose
from tests import toy


def status_of(found: tuple[Finding, ...], rule: Control) -> Status:
    return next(finding.status for finding in found if finding.control == rule.id)


def test_a_good_house_passes_everything() -> None:
    assert {finding.status for finding in evaluate(toy.house(), toy.CONTROLS)} == {Status.PASS}


def test_law_5_an_unreadable_facet_is_unknown_for_exactly_the_controls_that_read_it() -> None:
    found = evaluate(toy.house(doors=Unknown("denied")), toy.CONTROLS)
    unknown = {finding.control for finding in found if finding.status is Status.UNKNOWN}
    assert unknown == {toy.no_open_door.id, toy.no_window_door.id}
    assert {finding.because for finding in found if finding.status is Status.UNKNOWN} == {"denied"}


def test_law_5_a_facet_that_was_not_read_is_unknown() -> None:
    bare = toy.house()
    without = type(bare)(bare.ref, {name: value for name, value in bare.facets.items() if name != "lamp"})
    assert status_of(evaluate(without, toy.CONTROLS), toy.lamp_lit) is Status.UNKNOWN


def test_law_5_a_rule_that_meets_what_nobody_foresaw_has_not_judged_it() -> None:
    found = evaluate(toy.house(doors=7), toy.CONTROLS)
    odd = next(finding for finding in found if finding.control == toy.no_open_door.id)
    assert odd.status is Status.UNKNOWN
    assert "does not understand" in odd.because
    assert {finding.status for finding in found if finding.control == toy.lamp_lit.id} == {Status.PASS}


def test_law_5_a_rule_may_say_that_it_cannot_tell_and_then_there_is_no_fix() -> None:
    """Only its own finding is unknown. The mutation: what a rule does not know is a violation."""
    wary = replace(
        toy.lamp_lit, rule=lambda _, **settings: undecided(because="the lamp is of a make that is not known")
    )
    house = toy.house(doors=["open street"])
    found = evaluate(house, [wary, toy.no_open_door])
    assert (found[0].status, found[0].because) == (Status.UNKNOWN, "the lamp is of a make that is not known")
    assert (found[0].changes, found[0].guide, found[0].state) == ({}, "", "")
    assert found[1].status is Status.FAIL
    with pytest.raises(PlanRefused, match="cannot be told"):
        propose(house, [wary], [wary, toy.no_open_door])
    plan = propose(house, [toy.no_open_door], [wary, toy.no_open_door])
    assert toy.lamp_lit.id not in {*plan.fixes, *plan.breaks}


@dataclass(frozen=True)
class Odd(toy.Whole):
    """A lamp whose normal form is not made of everything."""

    def normal(self, value: Value) -> Value:
        return value if value == {"watts": 10} else 1 // 0


def deep(street: object) -> Verdict:
    return deep([street])


def early(street: object) -> Verdict:
    return next(iter([street][1:]))  # type: ignore[return-value]


def ended(street: object) -> Verdict:
    return next(iter([next(iter(())) for _ in [street]]))


def odd_pattern(street: object) -> Verdict:
    return compliant if re.match("[", str(street)) else violation(because="", guide="")


def inner(street: object) -> Verdict:
    return next(next(iter(())) for _ in [street])


@pytest.mark.parametrize(
    ("rule", "name", "words"),
    [
        (deep, "RecursionError", "it is nested too deeply"),
        (early, "StopIteration", "an item is missing"),
        (ended, "StopIteration", "an item is missing"),
        (inner, "RuntimeError", "an item is missing"),
        (odd_pattern, "error", "a value has not the expected form"),
        (lambda street: 1 // 0, "ZeroDivisionError", "a number is out of range"),
        (lambda street: street["a"], "TypeError", "a value is not of the expected type"),
        (lambda street: {street: 1}["a"], "KeyError", "`a` is missing"),
        (lambda street: street.missing, "AttributeError", "a value is not of the expected type"),
        (int, "ValueError", "a value has not the expected form"),
        (lambda street: None, "AttributeError", "a value is not of the expected type"),
    ],
    ids=map(str, range(11)),
)
def test_law_5_whatever_a_rule_raises_is_unknown_for_its_control_alone(
    rule: Any, name: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In words for a person; Python's name of it stands there for whoever debugs, and only then.

    The mutation: `in_words` adds the name of the exception without asking for `--debug`.
    """
    controls = [replace(toy.quiet_street, rule=rule), toy.lamp_lit]
    found = evaluate(toy.house(), controls)
    assert [finding.status for finding in found] == [Status.UNKNOWN, Status.PASS]
    assert found[0].because == f"the rule does not understand what was read ({words}); report this"
    monkeypatch.setattr(DEBUGGING, "on", True)
    assert f"({words} [{name}: " in evaluate(toy.house(), controls)[0].because


def test_law_5_a_normal_form_or_settings_that_cannot_be_made_are_unknown_for_their_control_alone() -> None:
    kind = replace(toy.HOUSE, facets=(*(facet for facet in toy.HOUSE.facets if facet.name != "lamp"), Odd(name="lamp")))
    found = evaluate(toy.house(lamp={"watts": 1}), [replace(toy.lamp_lit, kind=kind), toy.quiet_street])
    assert [finding.status for finding in found] == [Status.UNKNOWN, Status.PASS]

    def given(control: Control, _: Resource) -> Mapping[str, Json]:
        return control.defaults if control is toy.quiet_street else {"a": {}}["settings"]

    found = evaluate(toy.house(), [toy.lamp_lit, toy.quiet_street], given)
    assert [finding.status for finding in found] == [Status.UNKNOWN, Status.PASS]
    assert "`settings` is missing" in found[0].because


@pytest.mark.parametrize("error", [OSError, MemoryError, KeyboardInterrupt, UnknownName])
def test_what_is_not_about_the_document_is_not_taken_for_a_verdict(error: type[BaseException]) -> None:
    def rule(street: str) -> Verdict:
        raise error("a", "b", ()) if error is UnknownName else error

    with pytest.raises(error):
        evaluate(toy.house(), [replace(toy.quiet_street, rule=rule)])


def test_a_violation_carries_its_guide() -> None:
    (finding,) = evaluate(toy.house(street="loud"), [toy.quiet_street])
    assert (finding.status, finding.changes, finding.guide) == (Status.FAIL, {}, "move house")


def test_a_finding_keeps_its_name_from_scan_to_scan_and_moves_its_state_with_what_offends() -> None:
    (first,) = evaluate(toy.house(doors=["open", "shut"]), [toy.no_open_door])
    (neighbour,) = evaluate(toy.house(doors=["open", "shut", "barred"]), [toy.no_open_door])
    (worse,) = evaluate(toy.house(doors=["open", "open-wide"]), [toy.no_open_door])
    assert first.id == neighbour.id == worse.id
    assert first.state == neighbour.state
    assert first.state != worse.state


def test_a_finding_survives_being_written_down() -> None:
    (finding,) = evaluate(toy.house(lamp=ABSENT), [toy.lamp_lit])
    assert Finding.from_json(finding.to_json()) == finding


def test_settings_are_checked() -> None:
    assert toy.lamp_lit.chosen({"watts": 7}) == {"watts": 7}
    with pytest.raises(UnknownName, match="did you mean `watts`"):
        toy.lamp_lit.chosen({"wats": 7})
    for wrong in (0, 101, "7", True, 7.0):
        with pytest.raises(UsageError, match="setting `watts`"):
            toy.lamp_lit.chosen({"watts": wrong})


def test_a_control_that_does_not_fit_its_kind_does_not_load() -> None:
    def windows(windows: object) -> Verdict:
        """Windows."""
        del windows
        return compliant

    make = control("x", toy.HOUSE, severity=Severity.LOW, disrupts=harmless("x", source="Toys, a page"),
                   compliant=[{"windows": 1}], violating=[{"windows": 2}])  # fmt: skip
    with pytest.raises(UnknownName):
        make(windows)


def test_fixable_and_reversible_are_shown_by_the_examples() -> None:
    assert toy.no_open_door.fixable
    assert toy.no_open_door.reversible
    assert toy.sealed.fixable
    assert not toy.sealed.reversible
    assert not toy.quiet_street.fixable


def test_the_catalogue_reads_only_what_controls_read() -> None:
    catalog = Catalog.of([toy])
    assert set(catalog.controls) == {*toy.CONTROLS, toy.lamp_dark}
    only = catalog.only([toy.lamp_lit])
    assert only.wanted() == {toy.HOUSE: frozenset({"lamp"})}
    with pytest.raises(UnknownName, match="lamp-lit"):
        catalog.control("toy.house.lamp-litt")


def test_settings_given_by_name_and_left_at_their_defaults_give_the_same_findings() -> None:
    for house in (toy.house(), toy.house(lamp=ABSENT)):
        by_name = evaluate(house, toy.CONTROLS, lambda control, _: dict(control.defaults))
        assert by_name == evaluate(house, toy.CONTROLS)
    brighter = evaluate(toy.house(lamp=ABSENT), [toy.lamp_lit], lambda control, _: control.chosen({"watts": 7}))
    assert brighter != evaluate(toy.house(lamp=ABSENT), [toy.lamp_lit])


def test_a_control_remade_with_other_defaults_keeps_them() -> None:
    settings = tuple(replace(setting, default=setting.default + 1) for setting in toy.lamp_lit.settings)
    (remade,) = evaluate(toy.house(lamp=ABSENT), [replace(toy.lamp_lit, settings=settings)])
    brighter = {"watts": toy.lamp_lit.defaults["watts"] + 1}
    (given,) = evaluate(toy.house(lamp=ABSENT), [toy.lamp_lit], lambda *_: brighter)
    assert remade == given
