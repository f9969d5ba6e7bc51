"""Policies that load and still mean nothing are warned of."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from goldseam.decide.policy import load_policies, review_policies
from tests.test_policy import CATALOG

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def warned(policies: str, guardrails: str = "") -> dict[str, str]:
    text = f"version: 2\n{f'guardrails: [{guardrails}]' if guardrails else '# none'}\npolicies: [{policies}]\n"
    held = load_policies(text, "rules.yaml", CATALOG)
    return {item.rule: item.because for item in review_policies(held, CATALOG, NOW)}


ALL = "{name: all, controls: '*', mode: ask}"
HIDDEN = (
    "{name: p, controls: test.vault.locked, mode: leave}",
    "{name: p, controls: '*', mode: auto, when: ['!context.serves_website']}",
    "{name: p, controls: '*', mode: leave, scope: {accounts: ['111122223333'], regions: eu-1, tags: {team: web}}}",
)


@pytest.mark.parametrize("line", HIDDEN)
def test_a_policy_behind_one_that_always_applies_is_hidden(line: str) -> None:
    """The mutation: only equal scopes hide, or a policy after it hides it too."""
    assert warned(f"{ALL}, {line}") == {
        "p": "it decides nothing: policy `all` (rules.yaml:3) before it applies wherever it does; put it first"
    }
    assert warned(f"{line}, {ALL}") == {}


@pytest.mark.parametrize(
    ("first", "hidden"),
    [
        ("{name: a, controls: test.vault.*, mode: ask}", False),
        ("{name: a, controls: test.vault.*, mode: ask}, {name: b, controls: test.shelf.*, mode: ask}", True),
        ("{name: a, controls: '*', mode: ask, scope: {regions: 'eu-*'}}", True),
        ("{name: a, controls: '*', mode: ask, scope: {regions: [eu-2]}}", False),
        ("{name: a, controls: '*', mode: ask, scope: {accounts: '1*'}}", False),
        ("{name: a, controls: '*', mode: ask, scope: {kinds: [test.vault]}}", False),
        ("{name: a, controls: '*', mode: ask, when: ['true']}", True),
        ("{name: a, controls: '*', mode: ask, when: ['!context.serves_website']}", False),
        ("{name: a, controls: '*', mode: ask, scope: {tags: {team: web}}}", False),
    ],
)
def test_a_policy_is_hidden_only_where_earlier_ones_apply_wherever_it_does(first: str, hidden: bool) -> None:
    last = "{name: p, controls: '*', mode: leave, scope: {regions: [eu-1]}, when: [\"context.environment == 'dev'\"]}"
    assert ("p" in warned(f"{first}, {last}")) is hidden


def test_the_same_clause_and_tags_hide() -> None:
    same = "when: ['!context.serves_website'], scope: {tags: {team: 'w*'}}"
    inner = "when: ['!context.serves_website', 'true'], scope: {tags: {team: web, tier: a}}"
    wider = "when: ['!context.serves_website'], scope: {tags: {team: [web, data]}}"
    first = f"{{name: a, controls: test.vault.*, mode: ask, {same}}}"
    assert "p" in warned(f"{first}, {{name: p, controls: test.vault.*, mode: leave, {inner}}}")
    assert "p" not in warned(f"{first}, {{name: p, controls: test.vault.*, mode: leave, {wider}}}")


@pytest.mark.parametrize(
    ("line", "because"),
    [
        ("controls: test.vault.*, scope: {kinds: test.shelf}", "it matches nothing: none of its controls"),
        ("controls: test.shelf.*, scope: {tags: {team: web}}", "it matches nothing: none of its controls"),
        (
            "controls: test.vault.*, when: [\"context.environment == 'dev'\", \"context.environment == 'staging'\"]",
            "it matches nothing: its clauses cannot hold together",
        ),
        ("controls: test.vault.*, when: ['context.serves_website && !context.serves_website']", "cannot hold together"),
        ("controls: test.vault.*, when: [\"finding.severity == 'low'\"]", "cannot hold together"),
        ("controls: test.vault.*, when: [\"finding.control == 'test.shelf.locked'\"]", "cannot hold together"),
        ("controls: '*', when: ['false']", "cannot hold together"),
        ("controls: test.shelf.*, when: ['!context.serves_website']", "has the fact `serves_website`, so it is always"),
    ],
)
def test_a_rule_that_matches_nothing_is_warned_of(line: str, because: str) -> None:
    """A policy as a guardrail. The mutation: unknown values are tried as false, so that nearly everything can hold."""
    assert because in warned(f"{{name: p, mode: ask, {line}}}")["p"]
    assert because in warned(ALL, f"{{name: p, at_most: ask, {line}}}")["p"]


@pytest.mark.parametrize(
    "line",
    [
        "controls: test.vault.*, when: [\"context.environment != 'dev'\", \"context.environment != 'staging'\"]",
        "controls: '*', when: ['!context.serves_website']",
        "controls: '*', when: [\"finding.severity == 'low'\"]",
        "controls: test.vault.*, when: [\"resource.tags.team == 'web'\", 'precedent.approved > 3']",
        "controls: test.vault.*, scope: {tags: {team: web}}",
    ],
)
def test_a_rule_that_can_match_is_not_warned_of(line: str) -> None:
    assert warned(f"{{name: p, mode: ask, {line}}}") == {}


def test_a_guardrail_that_has_ended_is_warned_of() -> None:
    past, future = ("{name: g, at_most: leave, until: '2026-12-01'}", "{name: g, at_most: leave, until: '2026-12-02'}")
    assert warned(ALL, past) == {"g": "it ended at 2026-12-01T00:00:00+00:00; remove it, or set `until` anew"}
    assert warned(ALL, future) == {}


def test_warnings_stand_in_the_order_of_the_file_with_their_lines() -> None:
    rules = "guardrails:\n- {name: g, at_most: ask, until: '2026-01-01'}\npolicies:\n"
    text = f"version: 2\n{rules}- {{name: a, controls: '*', mode: ask}}\n- {{name: b, controls: '*', mode: ask}}\n"
    found = review_policies(load_policies(text, "rules.yaml", CATALOG), CATALOG, NOW)
    assert [(item.rule, item.where) for item in found] == [("g", "rules.yaml:3"), ("b", "rules.yaml:6")]
    assert found[0].to_json() == {"name": "g", "where": "rules.yaml:3", "because": found[0].because}
