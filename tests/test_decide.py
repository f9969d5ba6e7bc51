"""Decisions: the first policy that applies, capped. The laws are properties, each also seen to fail when broken."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

import goldseam.decide
from goldseam.assess.context import Fact
from goldseam.assess.evaluate import Finding, Status, evaluate
from goldseam.control import (
    Control,
    Disruption,
    Facet,
    Kind,
    Severity,
    Step,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.decide import (
    Circumstances,
    Decision,
    Exemption,
    Precedent,
    TraceLine,
    Usage,
    decide,
    exempted,
    explain_decision,
    lapsed,
    marked,
    settings_of,
)
from goldseam.decide.clause import Clause, ClauseEnvironment
from goldseam.decide.policy import (
    Approvals,
    Guardrail,
    Limits,
    Mode,
    NameMarker,
    Ownership,
    Policy,
    PolicySet,
    Scope,
    TagMarker,
    Window,
    no_policies,
)
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import ABSENT, Json, Unknown, Value

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
SERIAL = count()


@dataclass(frozen=True)
class Plain(Facet):
    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        return ()


VAULT = Kind("test.vault", "vault", (Plain(name="lock"), Plain(name="tags")))


def vault_control(disrupts: Disruption) -> Control:
    @control(
        "test.vault.locked", VAULT, severity=Severity.HIGH, disrupts=disrupts,
        compliant=[{"lock": "on"}], violating=[{"lock": "off"}, {"lock": "jammed"}],
    )  # fmt: skip
    def locked(lock: Value, *, turns: int = 2) -> Verdict:
        """The vault is locked."""
        if lock == "jammed":
            return violation(because="the lock is jammed", guide="call a locksmith")
        return compliant if lock == "on" else should_be(lock="on", because=f"unlocked for {turns} turns")

    return locked


HARMLESS = vault_control(harmless("a lock shuts nobody out", source="Toys, a page"))
RISKY = vault_control(may_disrupt("who is inside stays inside", unless={"empty": True}))
RECKLESS = vault_control(may_disrupt("nobody knows"))
REF = Ref("test.vault", "1", "eu-1", "v", "v")


def vault(**facets: Value) -> Resource:
    return Resource(REF, {"lock": "off", "tags": {}, **facets})


def found(resource: Resource, rule: Control = HARMLESS) -> Finding:
    return evaluate(resource, [rule])[0]


CLAUSES = ClauseEnvironment({"empty": bool, "quiet": bool, "environment": str, "managed_by": str})
EMPTY, QUIET = "context.empty", "context.quiet"


@cache
def compiled(text: str) -> Clause:
    return CLAUSES.compile(text, "p:1")


def policy(*when: str, mode: Mode = Mode.AUTO, name: str = "one", **more: Any) -> Policy:
    return Policy(name, ("test.*",), mode, when=tuple(map(compiled, when)), **more)


def policies(*held: Policy, guardrails: tuple[Guardrail, ...] = ()) -> PolicySet:
    return PolicySet(held, "v1", guardrails=guardrails)


def guardrail(*when: str, at_most: Mode = Mode.AUTO, name: str = "guard", **more: Any) -> Guardrail:
    return Guardrail(name, at_most, when=tuple(map(compiled, when)), **more)


def facts(**values: Json | Unknown) -> tuple[Fact, ...]:
    return tuple(Fact(name, value, () if isinstance(value, Unknown) else ("seen",)) for name, value in values.items())


def decided(
    *held: Policy, rule: Control = HARMLESS, lock: Value = "off", about: tuple[Fact, ...] = (), **around: Any
) -> Decision:
    if "managed_by" not in {fact.name for fact in about}:
        about = (*about, *facts(managed_by=""))
    resource = vault(lock=lock, tags=around.pop("tags", {}))
    extra = {name: around.pop(name) for name in ("precedent", "reversible") if name in around}
    rules = policies(*held, guardrails=around.pop("guardrails", ()))
    circumstances = Circumstances(**{"now": NOW, **around})
    return decide(found(resource, rule), rule, resource, about, rules, circumstances, **extra)


ALWAYS = policy("true")


def exemption(finding: Finding, *, days: int = 1) -> Exemption:
    return Exemption(
        finding.control, finding.ref, "web team", "it is a museum", NOW + timedelta(days=days), finding.state, "ann",
        NOW - timedelta(days=9),
    )  # fmt: skip


# Each layer by itself


def test_a_harmless_fix_under_a_policy_that_holds_is_automatic() -> None:
    decision = decided(ALWAYS)
    assert (decision.mode, decision.policy, decision.approvals_needed, decision.policy_version) == (
        "auto",
        "one",
        0,
        "v1",
    )


def test_no_policy_leaves_everything() -> None:
    resource = vault()
    decision = decide(found(resource), HARMLESS, resource, (), no_policies(), Circumstances(NOW))
    assert (decision.mode, decision.policy) == (Mode.LEAVE, "")
    assert any(line.text == "a policy names this control" and line.truth is False for line in decision.trace)


@pytest.mark.parametrize("mode", Mode)
def test_the_mode_of_the_policy_is_the_most(mode: Mode) -> None:
    decision = decided(policy("true", mode=mode))
    assert decision.mode is mode
    assert decision.approvals_needed == (0 if mode is Mode.AUTO else 1)


@pytest.mark.parametrize(
    ("about", "mode"),
    [(facts(quiet=True), "auto"), (facts(quiet=False), "leave"), (facts(quiet=Unknown("no logs")), "ask"), ((), "ask")],
)
def test_a_clause_is_true_false_or_unknown(about: tuple[Fact, ...], mode: str) -> None:
    decision = decided(policy(QUIET), about=about)
    assert decision.mode == mode
    assert decision.policy == ("" if mode == "leave" else "one")


def test_a_false_clause_outweighs_an_unknown_one() -> None:
    assert decided(policy(QUIET, EMPTY), about=facts(quiet=False)).mode is Mode.LEAVE


@pytest.mark.parametrize("text", ["resource.tags.team == 'web'", "1 / 0 == 1", "'a'.matches('(')"])
def test_peers_13_an_error_in_a_clause_never_acts(text: str) -> None:
    assert decided(policy(text)).mode is Mode.ASK


def test_an_empty_clause_list_never_acts() -> None:
    assert decided(policy()).mode is Mode.LEAVE
    assert decided(policy(), ALWAYS).mode is Mode.LEAVE


def test_the_first_policy_that_applies_decides() -> None:
    """The mutation: the policies after it are asked too, as when the most careful one counted."""
    rest = policy(mode=Mode.ASK, name="rest")
    assert (decided(ALWAYS, rest).mode, decided(ALWAYS, rest).policy) == (Mode.AUTO, "one")
    assert (decided(rest, ALWAYS).mode, decided(rest, ALWAYS).policy) == (Mode.ASK, "rest")
    assert decided(policy("false", mode=Mode.LEAVE, name="off"), ALWAYS).mode is Mode.AUTO
    assert [line.about for line in decided(ALWAYS, rest).trace if line.layer == "policy"] == ["one"]


def test_a_policy_that_may_apply_caps_what_the_next_one_says() -> None:
    """The mutations: what may apply decides by itself; or does not count."""
    unsure = {mode: policy(QUIET, mode=mode, name=f"unsure-{mode}") for mode in Mode}
    ask, leave = (policy("true", mode=mode, name=str(mode)) for mode in (Mode.ASK, Mode.LEAVE))
    for mode, capped in ((Mode.AUTO, "ask"), (Mode.ASK, "ask"), (Mode.ASSIST, "assist"), (Mode.LEAVE, "leave")):
        assert decided(unsure[mode], ALWAYS).mode == capped
        assert decided(unsure[mode]).mode == capped, "none follows, so its own word counts"
    decision = decided(unsure[Mode.AUTO], unsure[Mode.ASSIST], ask)
    assert (decision.mode, decision.policy) == (Mode.ASSIST, "unsure-assist")
    assert (decided(unsure[Mode.AUTO], leave).mode, decided(unsure[Mode.AUTO], leave).policy) == ("leave", "leave")


def test_a_policy_that_may_apply_makes_approvals_limits_and_windows_stricter() -> None:
    """The mutation: only the policy that applies for certain is asked for approvals."""
    office = Window(frozenset({6}), 0, 60, "UTC")
    unsure = policy(
        QUIET, name="unsure", approvals=Approvals(2, ("web", "security")), limits=Limits(3, 9), window=office
    )
    sure = policy("true", name="sure", mode=Mode.ASK, approvals=Approvals(1, ("security",)), limits=Limits(9, 1))
    after = policy("true", name="after", approvals=Approvals(9, ("nobody",)), limits=Limits(0, 0))
    decision = decided(unsure, sure, after)
    assert (decision.approvals_needed, decision.approval_groups, decision.limits) == (2, ("security",), Limits(3, 1))
    assert [line.about for line in decision.trace if line.layer == "window"] == ["unsure"]


def test_scope_leaves_out_and_unknown_tags_ask() -> None:
    scoped = policy("true", scope=Scope(tags={"team": ("web",)}))
    assert decided(scoped, tags={"team": "web"}).mode is Mode.AUTO
    assert decided(scoped, tags={"team": "data"}).mode is Mode.LEAVE
    assert decided(scoped, tags=Unknown("access denied")).mode is Mode.ASK
    assert decided(policy("true", scope=Scope(accounts=("2",)))).mode is Mode.LEAVE


def test_approvals_satisfy_the_policy_that_decides_and_every_guardrail() -> None:
    one = policy("true", mode=Mode.ASK, name="one", approvals=Approvals(2, ()))
    two = guardrail("true", name="two", approvals=Approvals(1, ("web", "security")))
    three = guardrail("true", name="three", approvals=Approvals(1, ("security",)))
    decision = decided(one, guardrails=(two, three))
    assert (decision.approvals_needed, decision.approval_groups) == (2, ("security",))
    four = guardrail("true", name="four", approvals=Approvals(1, ("web",)))
    assert decided(one, guardrails=(three, four)).mode is Mode.ASSIST


# Guardrails


@pytest.mark.parametrize("at_most", [Mode.LEAVE, Mode.ASSIST, Mode.ASK])
def test_a_guardrail_caps_whatever_policy_decides(at_most: Mode) -> None:
    """The mutation: a guardrail is one more policy, and the first that applies comes before it."""
    decision = decided(ALWAYS, guardrails=(guardrail(at_most=at_most),))
    assert (decision.mode, decision.policy) == (at_most, "one")
    (line,) = [line for line in decision.trace if line.layer == "guardrail"]
    assert (line.about, line.caps, line.truth) == ("guard", at_most, True)
    assert decided(policy("true", mode=Mode.LEAVE), guardrails=(guardrail(at_most=at_most),)).mode is Mode.LEAVE


def test_the_most_careful_guardrail_counts_in_any_order() -> None:
    held = (guardrail(at_most=Mode.ASK, name="a"), guardrail(at_most=Mode.LEAVE, name="b"), guardrail(name="c"))
    assert {decided(ALWAYS, guardrails=order).mode for order in (held, held[::-1])} == {Mode.LEAVE}


def test_a_guardrail_caps_where_it_applies_and_where_it_may() -> None:
    """Unknown is never yes: a cap that may apply is kept. The mutation: an unknown guardrail does not hold."""
    unsure = guardrail(QUIET, at_most=Mode.LEAVE)
    for about, mode in ((facts(quiet=True), "leave"), (facts(quiet=False), "auto"), ((), "leave")):
        assert decided(ALWAYS, about=about, guardrails=(unsure,)).mode == mode
    elsewhere = guardrail(at_most=Mode.LEAVE, scope=Scope(accounts=("2",)))
    assert decided(ALWAYS, guardrails=(elsewhere,)).mode is Mode.AUTO
    tagged = guardrail(at_most=Mode.ASSIST, scope=Scope(tags={"team": ("web",)}))
    for tags, mode in (({"team": "web"}, "assist"), ({}, "auto"), (Unknown("access denied"), "assist")):
        assert decided(ALWAYS, tags=tags, guardrails=(tagged,)).mode == mode
    others = guardrail(at_most=Mode.LEAVE, controls=("other.*",))
    assert decided(ALWAYS, guardrails=(others,)).mode is Mode.AUTO


def test_a_guardrail_without_a_mode_that_may_apply_asks() -> None:
    assert decided(ALWAYS, guardrails=(guardrail(QUIET, limits=Limits()),)).mode is Mode.ASK
    assert decided(ALWAYS, guardrails=(guardrail("true", limits=Limits()),)).mode is Mode.AUTO


def test_a_freeze_ends() -> None:
    """The mutation: `until` is the last moment of it, or nothing at all."""
    frozen = guardrail(at_most=Mode.LEAVE, until=NOW + timedelta(days=7))
    assert decided(ALWAYS, guardrails=(frozen,)).mode is Mode.LEAVE
    assert decided(ALWAYS, guardrails=(frozen,), now=NOW + timedelta(days=7)).mode is Mode.AUTO


def test_limits_and_windows_of_guardrails_hold_beside_those_of_the_policy() -> None:
    organization = guardrail(limits=Limits(3, 100_000))
    assert decided(ALWAYS, guardrails=(organization,)).limits == Limits(3, 5)
    assert decided(ALWAYS, guardrails=(organization,), usage=Usage(2)).mode is Mode.AUTO
    assert decided(ALWAYS, guardrails=(organization,), usage=Usage(3)).mode is Mode.ASK
    sundays = guardrail(window=Window(frozenset({6}), 0, 1440, "UTC"))
    assert decided(ALWAYS, guardrails=(sundays,)).mode is Mode.ASK
    assert decided(ALWAYS, guardrails=(sundays,), now=NOW - timedelta(days=1)).mode is Mode.AUTO


def test_without_a_policy_a_guardrail_permits_nothing() -> None:
    assert decided(guardrails=(guardrail(at_most=Mode.ASK),)).mode is Mode.LEAVE


def test_a_guardrail_asks_for_the_facts_of_its_clauses() -> None:
    assert policies(guardrails=(guardrail(QUIET),)).facts == {"quiet"}


@pytest.mark.parametrize(
    ("about", "mode"),
    [
        (facts(empty=True), "auto"),
        (facts(empty=False), "ask"),
        (facts(empty=Unknown("not seen")), "ask"),
        (facts(empty=1), "ask"),
        ((), "ask"),
    ],
)
def test_a_fix_that_may_disrupt_needs_its_facts(about: tuple[Fact, ...], mode: str) -> None:
    assert decided(ALWAYS, rule=RISKY, about=about).mode == mode


@pytest.mark.parametrize("claim", [Disruption(), harmless("a lock shuts nobody out", source="")])
def test_harmless_without_a_source_is_never_automatic(claim: Disruption) -> None:
    """The mutation: whatever names no harm counts as harmless."""
    decision = decided(ALWAYS, rule=vault_control(claim))
    assert decision.mode is Mode.ASK
    assert any(line.text == "what a fix disrupts is known" and line.truth is None for line in decision.trace)


def test_the_decision_names_the_source_of_harmless() -> None:
    """The mutation: the trace says why the fix is harmless, and not by which page."""
    assert any("Toys, a page" in line.text for line in decided(ALWAYS).trace)


def test_a_fix_that_nothing_excuses_is_never_automatic() -> None:
    assert decided(ALWAYS, rule=RECKLESS).mode is Mode.ASK


def test_a_fix_without_a_way_back_is_never_automatic() -> None:
    assert decided(ALWAYS, reversible=False).mode is Mode.ASK


def test_what_has_no_fix_is_at_most_assisted_with_the_guide() -> None:
    decision = decided(ALWAYS, lock="jammed")
    assert decision.mode is Mode.ASSIST
    assert ("the lock is jammed", "call a locksmith") in [line.evidence for line in decision.trace]


@pytest.mark.parametrize("lock", ["on", Unknown("access denied")])
def test_what_passes_or_is_unknown_is_left(lock: Value) -> None:
    decision = decided(ALWAYS, lock=lock)
    assert decision.mode is Mode.LEAVE
    assert decision.approvals_needed == 1


@pytest.mark.parametrize(
    ("value", "mode"), [("", "auto"), ("terraform", "ask"), (Unknown("access denied"), "ask"), (ABSENT, "ask")]
)
def test_what_code_manages_is_asked_about(value: Json | Unknown, mode: str) -> None:
    decision = decided(ALWAYS, about=facts(managed_by=value))
    assert decision.mode == mode
    assert any("change the code too" in line.effect for line in decision.trace) is (mode == "ask")


def ownership_line(decision: Decision) -> TraceLine:
    return next(line for line in decision.trace if line.text == "no ownership marker was found")


def test_a_kind_of_which_no_fact_tells_the_owner_is_asked_about() -> None:
    """Silence is not yes: 36 kinds with a fix had no fact, and each of their fixes was automatic."""
    resource = vault()
    decision = decide(found(resource), HARMLESS, resource, (), policies(ALWAYS), Circumstances(NOW))
    assert decision.mode is Mode.ASK
    assert ownership_line(decision).truth is None
    assert ownership_line(decision).evidence == ("managed_by is unknown: it is not told of this kind of resource",)


@pytest.mark.parametrize(
    ("own", "by_tag", "mode"),
    [
        ("", "", "auto"),
        ("", "terraform", "ask"),
        ("", Unknown("access denied"), "ask"),
        (Unknown("access denied"), "", "ask"),
        (Unknown("access denied"), "terraform", "ask"),
        ("cdk", "", "ask"),
    ],
)
def test_without_markers_of_the_policy_tags_by_convention_count(
    own: Value | Unknown, by_tag: Value | Unknown, mode: str
) -> None:
    about = facts(managed_by=own, managed_by_tag=by_tag)
    assert decided(ALWAYS, about=about).mode == mode
    clause = decided(policy("context.managed_by == ''"), about=about)
    assert (clause.mode is Mode.AUTO) is (mode == "auto")


MARKERS = Ownership(
    (TagMarker("managed-by", ("terra*", "tofu"), "terraform"), TagMarker("stack", ("*",), "inhouse"),
     NameMarker("tf-*", "terraform"))
)  # fmt: skip


def owned(tags: Value | Unknown, *, called: str = "v", own: Value | Unknown = "", by_tag: Value = "") -> Decision:
    resource = Resource(replace(REF, id=called, address=called), {"lock": "off", "tags": tags})
    held = PolicySet((policy("context.managed_by == ''"),), "v1", MARKERS)
    about = facts(managed_by=own, managed_by_tag=by_tag)
    return decide(found(resource), HARMLESS, resource, about, held, Circumstances(NOW))


@pytest.mark.parametrize(
    ("tags", "called", "own", "tool"),
    [
        ({}, "v", "", ""),
        ({"managed-by": "ann"}, "v", "", ""),
        ({"managed-by": "terraform"}, "v", "", "terraform"),
        ({"Managed-By": "TERRAGRUNT"}, "v", "", "terraform"),
        ({"managed-by": "not-terraform"}, "v", "", ""),
        ({"Managed-By": "TerraForm Cloud"}, "v", "", "terraform"),
        ({"team": "web", "stack": "x"}, "v", "", "inhouse"),
        ({}, "tf-vault", "", "terraform"),
        ({}, "shop/TF-vault", "", "terraform"),
        ({}, "not-tf-vault", "", ""),
        ({}, "tf-vault", "cloudformation", "cloudformation"),
        ({}, "tf-vault", Unknown("access denied"), "terraform"),
        ({}, "v", Unknown("access denied"), None),
        (Unknown("access denied"), "v", "", None),
    ],
)
def test_markers_of_the_policy_tell_the_owner(
    tags: Value | Unknown, called: str, own: Value | Unknown, tool: str | None
) -> None:
    decision = owned(tags, called=called, own=own)
    line = ownership_line(decision)
    assert line.truth is (None if tool is None else not tool)
    assert decision.mode == ("auto" if tool == "" else "ask" if tool is None else "leave")
    if tool:
        assert line.evidence[0].startswith(f'managed_by is "{tool}": ')
    if tool == "":
        assert "no declared marker found (tag `managed-by`: `terra*` or `tofu`; " in line.evidence[0]


def test_markers_of_the_policy_take_the_place_of_convention() -> None:
    """Only what the policy names counts then, beside what tools write themselves."""
    assert owned({"iac": "pulumi"}, by_tag="pulumi").mode is Mode.AUTO
    assert owned({"iac": "pulumi"}, by_tag="pulumi", own="cdk").mode is Mode.LEAVE


def test_a_name_marker_tells_the_owner_where_no_fact_does() -> None:
    resource = Resource(replace(REF, id="tf-v"), {"lock": "off", "tags": {}})
    decision = decide(found(resource), HARMLESS, resource, (), PolicySet((ALWAYS,), "v1", MARKERS), Circumstances(NOW))
    assert ownership_line(decision).evidence == (
        'managed_by is "terraform": it is called `tf-v`, a declared marker (name `tf-*`)',
    )


@pytest.mark.parametrize(
    ("own", "by_tag", "called", "markers", "mode"),
    [
        (None, None, "v", None, "auto"),
        (None, None, "v", MARKERS.markers, "auto"),
        (Unknown("access denied"), "", "v", None, "auto"),
        (Unknown("access denied"), Unknown("access denied"), "v", None, "auto"),
        (Unknown("access denied"), "", "v", MARKERS.markers, "auto"),
        ("", "", "v", None, "auto"),
        ("cloudformation", "", "v", None, "ask"),
        (Unknown("access denied"), "terraform", "v", None, "ask"),
        (Unknown("access denied"), "", "tf-v", MARKERS.markers, "ask"),
    ],
)
def test_the_word_of_the_policy_counts_only_where_nothing_else_tells(
    own: Value | Unknown, by_tag: Value | Unknown, called: str, markers: tuple[Any, ...] | None, mode: str
) -> None:
    """The mutations: the word of the policy before a marker that was found; or for every kind."""
    resource = Resource(replace(REF, id=called, address=called), {"lock": "off", "tags": {}})
    known = {"managed_by": own, "managed_by_tag": by_tag}
    about = facts(**{name: value for name, value in known.items() if value is not None})
    for pattern, expected in ((VAULT.name, mode), ("test.v*", mode), ("test.shelf", "auto" if own == "" else "ask")):
        held = PolicySet((ALWAYS,), "v1", Ownership(markers, (pattern,)))
        assert decide(found(resource), HARMLESS, resource, about, held, Circumstances(NOW)).mode == expected


def test_the_trace_says_whose_word_it_is_and_what_else_was_not_known() -> None:
    about = facts(managed_by=Unknown("access denied"))
    held = PolicySet((ALWAYS,), "v1", Ownership(None, (VAULT.name,)))
    decision = decide(found(vault()), HARMLESS, vault(), about, held, Circumstances(NOW))
    (line,) = ownership_line(decision).evidence
    assert line == (
        f'managed_by is "": the policy says that no code manages resources of kind {VAULT.name} (`unmanaged`); '
        "else it would not be known: access denied"
    )


@pytest.mark.parametrize(
    ("past", "mode"),
    [
        (Precedent("c"), "auto"),
        (Precedent("c", repaired=1), "auto"),
        (Precedent("c", repaired=2), "ask"),
        (Precedent("c", approved=9, repaired=3), "ask"),
        (Precedent("c", approved=2, rejected=1, rolled_back=1), "auto"),
        (Precedent("c", approved=2, rejected=1, rolled_back=2), "ask"),
        (Precedent("c", rolled_back=1), "ask"),
    ],
)
def test_peers_20_after_the_second_time_fixing_stops(past: Precedent, mode: str) -> None:
    assert decided(ALWAYS, precedent=past).mode == mode


@pytest.mark.parametrize(
    ("limits", "usage", "mode"),
    [
        (Limits(), Usage(), "auto"),
        (Limits(), Usage(19, {"1": 4}), "auto"),
        (Limits(), Usage(20, {}), "ask"),
        (Limits(), Usage(5, {"1": 5}), "ask"),
        (Limits(), Usage(5, {"2": 5}), "auto"),
        (Limits(per_hour=0), Usage(), "ask"),
        (Limits(per_account=0), Usage(), "ask"),
    ],
)
def test_peers_14_limits_count_and_zero_is_zero(limits: Limits, usage: Usage, mode: str) -> None:
    assert decided(policy("true", limits=limits), usage=usage).mode == mode


def test_the_limits_are_those_of_the_policy_that_decides_and_of_those_that_may_apply() -> None:
    strict = policy("true", name="strict", limits=Limits(per_hour=0))
    assert decided(ALWAYS, strict).mode is Mode.AUTO
    assert decided(strict, ALWAYS).mode is Mode.ASK
    assert decided(policy("false", name="strict", limits=Limits(per_hour=0)), ALWAYS).mode is Mode.AUTO
    assert decided(policy(QUIET, name="strict", limits=Limits(per_hour=0)), ALWAYS).limits == Limits(0, 5)


def test_every_automated_repair_counts_whichever_policy_decided_it() -> None:
    """The mutation: usage is counted for each policy by itself."""
    few = policy("true", name="few", limits=Limits(3, 3))
    many = policy("finding.severity == 'low'", name="many", limits=Limits(50, 50))
    assert decided(many, few, usage=Usage(3, {"1": 1})).mode is Mode.ASK


def test_usage_counts_on() -> None:
    assert Usage(1, {"a": 1}).after("a").after("b") == Usage(3, {"a": 2, "b": 1})


def test_outside_its_window_nothing_is_automatic() -> None:
    workdays = policy("true", window=Window(frozenset(range(5)), 540, 1020, "UTC"))
    assert decided(workdays).mode is Mode.AUTO
    assert decided(workdays, now=NOW + timedelta(hours=5)).mode is Mode.ASK
    assert decided(workdays, ALWAYS, now=NOW - timedelta(days=1)).mode is Mode.ASK
    assert decided(ALWAYS, workdays, now=NOW - timedelta(days=1)).mode is Mode.AUTO


# Exemptions


def test_an_exemption_in_force_leaves_and_marks() -> None:
    finding = found(vault())
    item = exemption(finding)
    decision = decided(ALWAYS, exemptions=(item,))
    assert decision.mode is Mode.LEAVE
    assert any(line.layer == "exemption" and line.effect == "leave: exempt" for line in decision.trace)
    assert exempted(finding, [item], NOW) == item
    assert marked(finding, [item], NOW).status is Status.EXEMPT
    assert marked(finding, [], NOW) == finding


@pytest.mark.parametrize(
    ("change", "now", "because"),
    [
        ({}, NOW + timedelta(days=1), "it expired at 2026-03-03T12:00:00+00:00"),
        ({"state": "other"}, NOW, "what is wrong is no longer what it was given for"),
    ],
)
def test_a_lapsed_exemption_is_reported_and_does_not_hold(
    change: Mapping[str, str], now: datetime, because: str
) -> None:
    finding = found(vault())
    item = replace(exemption(finding), **change)  # type: ignore[arg-type]
    decision = decided(ALWAYS, exemptions=(item,), now=now)
    assert decision.mode is Mode.AUTO
    assert [line.effect for line in decision.trace if line.layer == "exemption"] == [f"lapsed: {because}"]
    assert [lapse.because for lapse in lapsed(finding, [item], now)] == [because]
    assert exempted(finding, [item], now) is None


def test_an_exemption_lapses_when_the_finding_is_mended() -> None:
    item = exemption(found(vault()))
    assert lapsed(found(vault(lock="on")), [item], NOW)


def test_an_exemption_survives_a_reading_that_failed() -> None:
    item = exemption(found(vault()))
    assert exempted(found(vault(lock=Unknown("throttled"))), [item], NOW) == item


@pytest.mark.parametrize("change", [{"control": "test.vault.other"}, {"ref": replace(REF, account="2")}])
def test_an_exemption_is_of_one_control_on_one_resource(change: Mapping[str, Any]) -> None:
    finding = found(vault())
    item = replace(exemption(finding), **change)
    assert exempted(finding, [item], NOW) is None
    assert lapsed(finding, [item], NOW + timedelta(days=9)) == ()


def test_what_is_marked_exempt_stays_left_without_its_exemption() -> None:
    resource = vault()
    finding = replace(found(resource), status=Status.EXEMPT)
    assert decide(finding, HARMLESS, resource, (), policies(ALWAYS), Circumstances(NOW)).mode is Mode.LEAVE


# The trace


def test_the_trace_tells_every_clause_with_its_evidence() -> None:
    about = (Fact("quiet", True, ("no call in 30 days",)), Fact("empty", Unknown("no camera")))
    decision = decided(policy(QUIET, f"!{EMPTY} || resource.region == 'eu-1'", EMPTY), about=about)
    clauses = [line for line in decision.trace if line.layer == "clause"]
    assert [(line.text, line.truth, line.effect, line.evidence) for line in clauses] == [
        (QUIET, True, "holds", ("quiet is true: no call in 30 days",)),
        (f"!{EMPTY} || resource.region == 'eu-1'", True, "holds",
         ("empty is unknown: no camera", 'resource.region is "eu-1"')),
        (EMPTY, None, "unknown: at most ask", ("empty is unknown: no camera",)),
    ]  # fmt: skip


def test_the_trace_tells_of_every_layer() -> None:
    about = facts(empty=False, managed_by="")
    office = Window(frozenset({0}), 0, 60, "UTC")
    decision = decided(
        policy("true", window=office), rule=RISKY, about=about, precedent=Precedent("c"),
        exemptions=(replace(exemption(found(vault())), state="old"),),
    )  # fmt: skip
    assert {line.layer for line in decision.trace} == {
        "policy", "clause", "control", "fact", "exemption", "limit", "window", "precedent",
    }  # fmt: skip
    assert "policy `one` (), mode auto, applies" in [line.text for line in decision.trace]


UNTOLD = "quiet is unknown: it is not told of this kind of resource"


@pytest.mark.parametrize(
    ("held", "around", "said"),
    [
        ((ALWAYS,), {}, ("Policy `one` is the first that applies and decides: auto; nothing objects.",)),
        ((policy(mode=Mode.ASK),), {}, ("Policy `one` is the first that applies and decides: ask.",)),
        ((), {}, ("No policy applies, and silence means no: nothing is done.",)),
        ((policy("false"),), {}, ("No policy applies, and silence means no: nothing is done.",)),
        (
            (policy(QUIET, name="unsure"), ALWAYS),
            {},
            (
                f"Clause `context.quiet` is unknown ({UNTOLD}): at most ask.",
                "Policy `unsure` may apply; until that is known it is not automatic.",
            ),
        ),
        (
            (policy("true", scope=Scope(tags={"team": ("web",)})),),
            {"tags": Unknown("access denied")},
            ("Policy `one` may apply (the tags team cannot be told: access denied): at most ask.",),
        ),
        (
            (ALWAYS,),
            {"guardrails": (guardrail(at_most=Mode.LEAVE),)},
            (
                "Guardrail `guard` applies: nothing is done.",
                "Policy `one` is the first that applies; by itself it would allow auto.",
            ),
        ),
        (
            (policy("true", mode=Mode.ASK),),
            {
                "guardrails": (guardrail(at_most=Mode.ASSIST, scope=Scope(tags={"a": ("b",)})),),
                "tags": Unknown("denied"),
            },
            (
                "Guardrail `guard` may apply (the tags a cannot be told: denied): at most assist.",
                "Policy `one` is the first that applies; by itself it would allow ask.",
            ),
        ),
        (
            (policy("true", limits=Limits(0, 5)),),
            {},
            (
                "Fewer than 0 automated repairs in the last hour: no (there were 0); at most ask.",
                "Policy `one` is the first that applies; by itself it would allow auto.",
            ),
        ),
        (
            (policy("false", name="giving", settings={"turns": 3}), ALWAYS),
            {},
            (
                "Policy `one` is the first that applies and decides: auto; nothing objects.",
                "The settings are those of policy `giving`, the first in scope that gives some.",
            ),
        ),
        (
            (ALWAYS, policy("true", name="t", settings={"turns": 3}, scope=Scope(tags={"a": ("b",)}))),
            {"tags": Unknown("denied")},
            (
                "The settings may be those of policy `t` (the tags a cannot be told: denied): at most ask.",
                "Policy `one` is the first that applies; by itself it would allow auto.",
            ),
        ),
        (
            (ALWAYS,),
            {"about": facts(managed_by="terraform")},
            (
                'managed_by is "terraform": seen: at most ask.',
                "Policy `one` is the first that applies; by itself it would allow auto.",
            ),
        ),
    ],
)
def test_a_decision_is_explained_in_words_the_deciding_one_first(
    held: tuple[Policy, ...], around: Mapping[str, Any], said: tuple[str, ...]
) -> None:
    """The mutations: what holds the decision is not named; or a line that allows more is."""
    assert explain_decision(decided(*held, **around)) == said


def test_decisions_and_exemptions_are_kept_as_json() -> None:
    decision = decided(policy(QUIET, approvals=Approvals(2, ("security",))), about=facts(quiet=Unknown("?")))
    assert Decision.from_json(decision.to_json()) == decision
    item = exemption(found(vault()))
    assert Exemption.from_json(item.to_json()) == item
    line = TraceLine("limit", "a", None, "b", ("c",))
    assert TraceLine.from_json(line.to_json()) == line


# Settings


def test_settings_are_those_of_the_first_policy_in_scope_that_gives_some() -> None:
    """The mutations: the most careful policy in scope; or one whose clauses hold."""
    here = policy("false", name="here", settings={"turns": 3})
    elsewhere = policy(mode=Mode.LEAVE, name="else", settings={"turns": 4}, scope=Scope(accounts=("2",)))
    later = policy(mode=Mode.LEAVE, name="later", settings={"turns": 5})
    silent = policy(mode=Mode.LEAVE, name="silent")
    chosen = settings_of(policies(silent, elsewhere, here, later))
    assert chosen(HARMLESS, vault()) == {"turns": 3}
    assert chosen(HARMLESS, replace(vault(), ref=replace(REF, account="2"))) == {"turns": 4}
    assert settings_of(no_policies())(HARMLESS, vault()) == {"turns": 2}


def test_settings_are_not_given_where_tags_cannot_be_told() -> None:
    tagged = policy(mode=Mode.ASK, settings={"turns": 3}, scope=Scope(tags={"team": ("web",)}))
    chosen = settings_of(policies(tagged))
    assert chosen(HARMLESS, vault(tags={"team": "web"})) == {"turns": 3}
    assert chosen(HARMLESS, vault(tags=Unknown("access denied"))) == {"turns": 2}


def test_the_decision_says_when_the_settings_are_another_policys() -> None:
    giving = policy("false", name="giving", settings={"turns": 3})
    (line,) = [line for line in decided(giving, ALWAYS).trace if line.layer == "setting"]
    assert (line.about, line.truth, line.caps) == ("giving", True, None)
    assert line.text == "the settings are those of policy `giving` ()"
    own = policy("true", name="own", settings={"turns": 3})
    assert [line for line in decided(own, ALWAYS).trace if line.layer == "setting"] == []


def test_settings_that_may_be_another_policys_are_asked_about() -> None:
    """The policy is automatic and certain, its settings are not. The mutation: a policy behind it is not looked at."""
    tagged = policy("true", name="tagged", settings={"turns": 3}, scope=Scope(tags={"team": ("web",)}))
    same_ones = replace(tagged, settings={"turns": 2})
    unread = Unknown("access denied")
    assert decided(ALWAYS, tagged, tags={}).mode is Mode.AUTO
    decision = decided(ALWAYS, tagged, tags=unread)
    assert decision.mode is Mode.ASK
    assert [(line.about, line.truth, line.caps) for line in decision.trace if line.layer == "setting"] == [
        ("tagged", None, Mode.ASK)
    ]
    assert decided(ALWAYS, same_ones, tags=unread).mode is Mode.AUTO


# The laws, over worlds


@dataclass(frozen=True)
class World:
    lock: Value
    tags: Value
    about: tuple[Fact, ...]
    held: tuple[Policy, ...]
    guards: tuple[Guardrail, ...]
    rule: Control
    usage: Usage
    past: Precedent | None
    exemptions: tuple[Exemption, ...]
    reversible: bool | None

    @property
    def resource(self) -> Resource:
        return vault(lock=self.lock, tags=self.tags)

    @property
    def finding(self) -> Finding:
        return found(self.resource, self.rule)


def judged(world: World, stage: ModuleType) -> Decision:
    decision: Decision = stage.decide(
        world.finding, world.rule, world.resource, world.about, policies(*world.held, guardrails=world.guards),
        Circumstances(NOW, world.exemptions, world.usage), precedent=world.past, reversible=world.reversible,
    )  # fmt: skip
    return decision


def often(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    """Mostly the usual value: else so much would stand in the way that hardly a world were automatic."""
    return st.sampled_from([*[usual] * 3 * len(others), *others])


UNKNOWN = Unknown("not seen")
TEXTS = ["true", QUIET, EMPTY, "false", f"{QUIET} || {EMPTY}", f"!{QUIET} && {EMPTY}", "resource.tags.team == 'web'"]
WHENS = [(), *((text,) for text in TEXTS), *((one, two) for one in TEXTS for two in TEXTS)]
BOUNDS = [
    (Scope(), Limits()),
    (Scope(tags={"team": ("web",)}), Limits()),
    (Scope(regions=("us-*",)), Limits()),
    (Scope(), Limits(0, 5)),
    (Scope(), Limits(20, 0)),
]
POLICIES = [
    policy(*when, mode=mode, name=f"p{next(SERIAL)}", scope=scope, limits=limits)
    for mode in (Mode.AUTO, Mode.AUTO, *Mode)
    for when in WHENS
    for scope, limits in BOUNDS
]
PASTS = [Precedent("c", *counts) for counts in ((3, 1), (0, 0, 0, 1), (0, 0, 0, 2), (1, 1, 1))]
unknowable = {
    "quiet": st.sampled_from([True, True, UNKNOWN, False]),
    "empty": st.sampled_from([True, True, UNKNOWN, False]),
    "managed_by": st.sampled_from(["", "", "", UNKNOWN, "terraform"]),
}
OWNED = {"managed_by": unknowable.pop("managed_by")}
known_values = {
    "quiet": st.booleans(),
    "empty": st.booleans(),
    "managed_by": st.sampled_from(["", "terraform"]),
}
GUARDRAILS = [
    guardrail(*when, at_most=at_most, name=f"g{next(SERIAL)}", scope=scope, limits=limits, until=until)
    for at_most, limits in ((Mode.LEAVE, None), (Mode.ASSIST, None), (Mode.ASK, None), (Mode.AUTO, Limits(2, 2)))
    for when in ((), (QUIET,), (EMPTY,), ("false",), (f"!{QUIET}",))
    for scope in (Scope(), Scope(tags={"team": ("web",)}), Scope(regions=("us-*",)))
    for until in (None, NOW)
]
held_guardrails = st.sampled_from(GUARDRAILS)
unsure_guardrails = st.sampled_from([
    (guardrail(QUIET, at_most=Mode.ASK),),
    (guardrail(EMPTY, at_most=Mode.LEAVE), guardrail(QUIET, at_most=Mode.ASSIST)),
])  # fmt: skip
held_policies = st.sampled_from([policy("true"), policy(QUIET), policy(EMPTY)]) | st.sampled_from(POLICIES)
last_policies = often((ALWAYS,), (), (policy("true", mode=Mode.ASK, name="rest"),))
worlds = st.builds(
    World,
    lock=often("off", "on", "jammed", UNKNOWN),
    tags=st.sampled_from([{"team": "web"}, {"team": "web"}, {}, UNKNOWN]),
    about=st.fixed_dictionaries(OWNED, optional=unknowable).map(lambda values: facts(**values)),
    held=st.builds(lambda first, last: (*first, *last), st.lists(held_policies, max_size=2), last_policies),
    guards=often(st.just(()), held_guardrails.map(lambda item: (item,)), unsure_guardrails).flatmap(lambda item: item),
    rule=st.sampled_from([HARMLESS, HARMLESS, RISKY, RISKY, RECKLESS]),
    usage=often(Usage(), Usage(1, {"1": 1}), Usage(20, {"1": 1}), Usage(5, {"1": 5})),
    past=often(None, *PASTS),
    exemptions=st.just(()),
    reversible=often(None, True, False),
)


def law_5(stage: ModuleType, data: st.DataObject) -> None:
    """What is automatic stays so whatever the unknown turns out to be; an unknown finding never is."""
    world = data.draw(worlds)
    if judged(world, stage).mode is not Mode.AUTO:
        return
    assert world.finding.status is Status.FAIL
    told = {fact.name: fact.value for fact in world.about}
    for name in ("quiet", "empty", *(["managed_by"] if "managed_by" in told else [])):
        if isinstance(told.get(name, UNKNOWN), Unknown):
            told[name] = data.draw(known_values[name])
    tags = data.draw(st.sampled_from([{}, {"team": "web"}])) if isinstance(world.tags, Unknown) else world.tags
    assert judged(replace(world, about=facts(**told), tags=tags), stage).mode is Mode.AUTO


def applying(world: World) -> list[tuple[Policy, bool | None]]:
    """Every policy of a world in order, with whether it applies: None where it may."""
    values = {f"context.{fact.name}": fact.value for fact in world.about if not isinstance(fact.value, Unknown)}
    if not isinstance(world.tags, Unknown):
        values["resource.tags"] = world.tags
    told = []
    for item in world.held:
        truths = [item.scope.covers(world.resource, VAULT)[0], *(clause.truth(values) for clause in item.when)]
        told.append((item, False if False in truths else None if None in truths else True))
    return told


def law_10(stage: ModuleType, data: st.DataObject) -> None:
    """Something may be done only where a policy applies, and unasked only where the first that may is certain."""
    world = data.draw(worlds)
    mode = judged(world, stage).mode
    reached = [(item, applies) for item, applies in applying(world) if applies is not False]
    if not reached:
        assert mode is Mode.LEAVE
        return
    item, applies = reached[0]
    assert mode.rank <= item.mode.rank
    assert mode is not Mode.AUTO or (applies is True and item.when)


def law_11(stage: ModuleType, data: st.DataObject) -> None:
    """PEERS 15: with an exemption in force nothing is done, whatever else holds."""
    world = data.draw(worlds)
    item = exemption(world.finding, days=data.draw(st.integers(1, 900)))
    others = [replace(item, state="old"), replace(item, control="other")]
    exemptions = tuple(data.draw(st.permutations([item, *others])))
    assert judged(replace(world, exemptions=exemptions), stage).mode is Mode.LEAVE


def the_first_decides(stage: ModuleType, data: st.DataObject) -> None:
    """What comes after a policy that applies changes nothing."""
    world = data.draw(worlds)
    certain = [number for number, (_, applies) in enumerate(applying(world), 1) if applies]
    assume(certain)
    alone = judged(replace(world, held=world.held[: certain[0]]), stage)
    together = judged(world, stage)
    assert (together.mode, together.policy, together.limits) == (alone.mode, alone.policy, alone.limits)


def what_may_apply_caps(stage: ModuleType, data: st.DataObject) -> None:
    """A policy that may apply allows its own mode, at most ask, and no more than the next one; it loosens nothing."""
    world = data.draw(worlds)
    item = data.draw(held_policies)
    whole = replace(world, held=(item, *world.held))
    assume(applying(whole)[0][1] is None)
    without, alone, together = (judged(each, stage) for each in (world, replace(world, held=(item,)), whole))
    assert together.mode.rank <= min(Mode.ASK.rank, item.mode.rank, alone.mode.rank)
    assert together.limits.per_hour <= item.limits.per_hour
    assert together.limits.per_account <= item.limits.per_account
    if without.policy:
        assert together.mode is Mode.most_careful((without.mode, alone.mode))
        assert together.approvals_needed >= without.approvals_needed
        assert together.limits.per_hour <= without.limits.per_hour
        assert together.limits.per_account <= without.limits.per_account


def guardrails_only_cap(stage: ModuleType, data: st.DataObject) -> None:
    """One more guardrail, wherever it stands, loosens nothing; where it is not certain to be out, it caps."""
    world, item = data.draw(worlds), data.draw(held_guardrails)
    guards = tuple(data.draw(st.permutations([*world.guards, item])))
    before, after = judged(world, stage), judged(replace(world, guards=guards), stage)
    assert after.mode.rank <= before.mode.rank
    assert after.policy == before.policy
    assert after.limits.per_hour <= before.limits.per_hour
    as_policy = policy("true", name="p", scope=item.scope)
    ((_, applies),) = applying(replace(world, held=(replace(as_policy, when=item.when),)))
    if applies is not False and item.holds_at(NOW):
        assert after.mode.rank <= item.at_most.rank
        assert applies is True or after.mode is not Mode.AUTO


def zero_is_zero(stage: ModuleType, data: st.DataObject) -> None:
    """PEERS 14: a limit that is reached, zero at once, leaves nothing automatic: of a guardrail, or who decides."""
    world = data.draw(worlds)
    limits = Limits(data.draw(st.integers(0, 2)), data.draw(st.integers(0, 2)))
    if data.draw(st.booleans()):
        limited = replace(world, guards=(*world.guards, guardrail("true", limits=limits)))
    else:
        limited = replace(world, held=(policy("true", name="limited", limits=limits), *world.held))
    decision = judged(limited, stage)
    if world.usage.last_hour >= limits.per_hour or world.usage.by_account.get("1", 0) >= limits.per_account:
        assert decision.mode is not Mode.AUTO


Law = Callable[[ModuleType, st.DataObject], None]
LAWS: tuple[Law, ...] = (
    law_5, law_10, law_11, the_first_decides, what_may_apply_caps, guardrails_only_cap, zero_is_zero,
)  # fmt: skip


def hold(law: Law, stage: ModuleType, **how: Any) -> None:
    @settings(deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True, **how)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        law(stage, data)

    run()


@pytest.mark.parametrize("law", LAWS, ids=lambda law: str(law.__name__))
def test_the_laws_hold(law: Law) -> None:
    hold(law, goldseam.decide, max_examples=300)


def test_the_worlds_are_of_every_kind() -> None:
    """What the laws quantify over holds every outcome."""
    seen: set[Mode] = set()

    @settings(deadline=None, max_examples=300, database=None, derandomize=True)
    @given(worlds)
    def run(world: World) -> None:
        seen.add(judged(world, goldseam.decide).mode)

    run()
    assert seen == set(Mode)


BREAKS = [
    (law_5, "ruling", "None if None in truths else True", "True"),
    (law_5, "opinions", "and isinstance(fact.value, str) else None", "and isinstance(fact.value, str) else True"),
    (law_5, "opinions", "truth = None if fact is None or", "truth = True if fact is None or"),
    (law_5, "ruling", "if applies is not False:", "if applies:"),
    (law_10, "ruling", "if applies is False:\n        return None", "if applies is False:\n        return Mode.ASK"),
    (law_10, "ruling", "        return Mode.LEAVE", "        return Mode.AUTO"),
    (law_10, "ruling", "Mode.most_careful(mode for mode, _ in reached)", "reached[-1][0] if reached else Mode.LEAVE"),
    (law_11, "opinions", "return Opinion(Mode.LEAVE, tuple(lines))", "return Opinion(Mode.ASK, tuple(lines))"),
    (law_11, "exemption", "item.ref == finding.ref", "item.ref is None"),
    (the_first_decides, "ruling", "if applies:\n            break", "if applies is None:\n            break"),
    (the_first_decides, "ruling", "        if applies:\n            break\n", ""),
    (what_may_apply_caps, "ruling", "if applies:\n            break", "if applies is not False:\n            break"),
    (what_may_apply_caps, "ruling", "Mode.most_careful((policy.mode, Mode.ASK))", "policy.mode"),
    (what_may_apply_caps, "ruling", "(*(policy for _, policy in reached), *holding)",
     "(*(policy for _, policy in reached[-1:]), *holding)"),
    (guardrails_only_cap, "ruling", "(ordered, capped, agreement, settings)", "(ordered, agreement, settings)"),
    (guardrails_only_cap, "ruling", "if applies is not False:", "if applies:"),
    (guardrails_only_cap, "ruling", "most = Mode.most_careful((most, allowed))", "most = allowed"),
    (guardrails_only_cap, "ruling", "else Mode.most_careful((guardrail.at_most, Mode.ASK))", "else Mode.ASK"),
    (guardrails_only_cap, "ruling", "or not guardrail.holds_at(now)", "or guardrail.holds_at(now)"),
    (zero_is_zero, "opinions", "min(limit.per_hour for limit in limits)", "limits[0].per_hour or 99"),
    (zero_is_zero, "opinions", "min(limit.per_account for", "max(limit.per_account for"),
    (zero_is_zero, "ruling", "tuple(rule.limits for rule in rules if", "tuple(rule.limits for rule in rules[:1] if"),
]  # fmt: skip


@pytest.fixture
def broken(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """A copy of the stage with one line of one of its modules made wrong."""
    _, wrong, right, instead = request.param
    name = f"broken_decide_{next(SERIAL)}"
    (tmp_path / name).mkdir()
    for source in Path(goldseam.decide.__file__).parent.glob("*.py"):
        text = source.read_text()
        if source.stem == wrong:
            assert text.count(right) == 1, f"`{right}` is not once in {source.name}"
            text = text.replace(right, instead)
        (tmp_path / name / source.name).write_text(re.sub(r"goldseam\.decide(?!\.(policy|clause)\b)", name, text))
    sys.path.insert(0, str(tmp_path))
    try:
        yield importlib.import_module(name)
    finally:
        sys.path.remove(str(tmp_path))
        for module in [module for module in sys.modules if module.startswith(name)]:
            del sys.modules[module]


@pytest.mark.parametrize(("broken", "law"), [(case, case[0]) for case in BREAKS], indirect=["broken"])
def test_each_law_is_seen_to_fail_when_it_is_broken(broken: ModuleType, law: Law) -> None:
    with pytest.raises(AssertionError):
        hold(law, broken, max_examples=3000, phases=[Phase.generate])
