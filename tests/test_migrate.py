"""Files of version 1, where the most careful policy decided, are rewritten and never decide less carefully."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from goldseam.assess.context import Fact
from goldseam.assess.evaluate import evaluate
from goldseam.decide import Circumstances, Decision, Usage, decide, settings_of
from goldseam.decide.policy import Limits, Mode, Policy, PolicySet, load_policies, migrate_policies
from goldseam.decide.policy.load import load_sections
from goldseam.model.document import parsed
from goldseam.model.errors import InvalidDocument
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json, Unknown
from tests.test_policy import CATALOG, VAULT, locked

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
UNKNOWN = Unknown("not seen")
HOME, AWAY = "111122223333", "444455556666"


def version_1(*policies: Any, **sections: Any) -> str:
    """JSON is YAML."""
    return json.dumps({"version": 1, **sections, "policies": list(policies)})


def old_policies(text: str) -> PolicySet:
    top = parsed("old.yaml", text).fields(("version", "ownership", "policies"))
    return load_sections(top, text, CATALOG)


@dataclass(frozen=True)
class Old:
    """What version 1 decided: every policy that applies counts, the most careful of each."""

    mode: Mode
    needed: int
    groups: frozenset[str] | None
    limits: Limits
    settings: Any


@dataclass(frozen=True)
class Situation:
    """What a decision is made on, beside the policies."""

    resource: Resource
    facts: tuple[Fact, ...]
    usage: Usage

    @property
    def values(self) -> dict[str, Json]:
        ref = self.resource.ref
        values: dict[str, Json] = {"resource.account": ref.account, "resource.region": ref.region}
        values |= {f"context.{fact.name}": fact.value for fact in self.facts if not isinstance(fact.value, Unknown)}
        if not isinstance(self.resource.facets["tags"], Unknown):
            values["resource.tags"] = self.resource.facets["tags"]
        return values


def applying(held: PolicySet, case: Situation) -> list[tuple[Policy, Mode]]:
    found = []
    for policy in held.naming(locked):
        truths = [policy.scope.covers(case.resource, VAULT)[0], *(item.truth(case.values) for item in policy.when)]
        if False not in truths:
            found.append((policy, Mode.most_careful((policy.mode, Mode.ASK)) if None in truths else policy.mode))
    return found


def old_decision(text: str, case: Situation) -> Old:
    held = old_policies(text)
    found = applying(held, case)
    modes = [mode for _, mode in found]
    named = [frozenset(policy.approvals.groups) for policy, _ in found if policy.approvals.groups]
    limits = [policy.limits for policy, _ in found] or [Limits()]
    least = Limits(min(item.per_hour for item in limits), min(item.per_account for item in limits))
    used, account = case.usage, case.resource.ref.account
    if named and not frozenset.intersection(*named):
        modes.append(Mode.ASSIST)
    if used.last_hour >= least.per_hour or used.by_account.get(account, 0) >= least.per_account:
        modes.append(Mode.ASK)
    if any(policy.window is not None and not policy.window.open_at(NOW) for policy, _ in found):
        modes.append(Mode.ASK)
    giving = sorted((item for item in held.naming(locked) if item.settings), key=lambda item: item.mode.rank)
    chosen = next((item.settings for item in giving if item.scope.covers(case.resource, VAULT)[0]), {})
    return Old(
        Mode.most_careful(modes if found else ()),
        max((policy.approvals.needed for policy, _ in found), default=1),
        frozenset.intersection(*named) if named else None,
        least,
        {**locked.defaults, **chosen},
    )


def new_decision(held: PolicySet, case: Situation) -> tuple[Decision, Any]:
    chosen = settings_of(held)
    (finding,) = evaluate(case.resource, [locked], chosen)
    around = Circumstances(NOW, (), case.usage)
    return decide(finding, locked, case.resource, case.facts, held, around), chosen(locked, case.resource)


CLAUSES = ["true", "!context.serves_website", "context.environment == 'dev'", "resource.tags.team == 'web'", "false"]
SCOPES: list[dict[str, Any]] = [
    {}, {}, {"accounts": [HOME]}, {"accounts": [AWAY, "9*"]}, {"tags": {"team": "web"}}, {"regions": "eu-*"},
    {"kinds": "test.shelf"},
]  # fmt: skip
MORE: list[dict[str, Any]] = [
    {}, {}, {"approvals": {"needed": 2}}, {"approvals": {"from": ["a", "b"]}},
    {"approvals": {"needed": 3, "from": "b"}},
    {"approvals": {"from": ["c"]}}, {"limits": {"per_hour": 100, "per_account": 100}}, {"limits": {"per_account": 1}},
    {"limits": {"per_hour": 2}}, {"window": {"days": "sat-sun"}}, {"window": {"days": "mon"}},
    {"settings": {"turns": 3}}, {"settings": {"turns": 4}},
]  # fmt: skip
written = st.builds(
    lambda mode, scope, when, one, two: {
        "controls": ["test.vault.*"], "mode": mode, **({"scope": scope} if scope else {}),
        **({"when": when} if when or mode != "auto" else {"when": ["true"]}), **one, **two,
    },
    st.sampled_from(["auto", "auto", "auto", "ask", "ask", "assist", "leave"]),
    st.sampled_from(SCOPES), st.lists(st.sampled_from(CLAUSES), min_size=1, max_size=2),
    st.sampled_from(MORE), st.sampled_from(MORE),
)  # fmt: skip
files = st.lists(written, min_size=1, max_size=4).map(
    lambda held: version_1(*({"name": f"p{number}", **item} for number, item in enumerate(held)))
)
situations = st.builds(
    lambda account, tags, serves, environment, used: Situation(
        Resource(Ref("test.vault", account, "eu-1", "v", "v"), {"lock": "off", "tags": tags}),
        (Fact("serves_website", serves, ()), Fact("environment", environment, ()), Fact("managed_by", "", ())),
        Usage(used, {account: used}),
    ),
    st.sampled_from([HOME, HOME, AWAY]),
    st.sampled_from([{"team": "web"}, {"team": "web"}, {}, UNKNOWN]),
    st.sampled_from([False, False, UNKNOWN, True]),
    st.sampled_from(["dev", "dev", UNKNOWN, "production"]),
    st.sampled_from([0, 0, 1, 3, 50]),
)


DOUBTFUL = (
    version_1(
        {"name": "a", "controls": "*", "mode": "auto", "when": ["true"]},
        {"name": "b", "controls": "*", "mode": "auto", "when": ["!context.serves_website"]},
    ),
    Situation(
        Resource(Ref("test.vault", HOME, "eu-1", "v", "v"), {"lock": "off", "tags": {}}),
        (Fact("serves_website", UNKNOWN, ()), Fact("managed_by", "", ())),
        Usage(),
    ),
)
"""Two automatic policies of which the second may apply: version 1 asked."""


@example(*DOUBTFUL)
@settings(deadline=None, max_examples=600, derandomize=True, database=None)
@given(files, situations)
def test_a_migrated_file_never_decides_less_carefully(text: str, case: Situation) -> None:
    """Mode, approvals, limits and settings; and the mode is the same where no settings are in doubt.

    The mutations: the order of the file is kept; no guardrail is written, or none for a doubtful automatic policy, or
    one without its limits.
    """
    held = load_policies(migrate_policies(text, "old.yaml", CATALOG), "new.yaml", CATALOG)
    old, (new, chosen) = old_decision(text, case), new_decision(held, case)
    assert new.mode.rank <= old.mode.rank
    assert new.mode is Mode.AUTO or new.approvals_needed >= old.needed
    assert old.groups is None or (new.approval_groups and (not old.groups or set(new.approval_groups) <= old.groups))
    assert new.limits.per_hour <= old.limits.per_hour
    assert new.limits.per_account <= old.limits.per_account
    assert chosen == old.settings
    assert new.mode is old.mode or any(line.layer == "setting" and line.caps for line in new.trace)


def test_every_outcome_is_among_the_situations() -> None:
    """What the law quantifies over holds every mode, so it is about something."""
    seen: set[Mode] = set()

    @settings(deadline=None, max_examples=300, derandomize=True, database=None)
    @given(files, situations)
    def run(text: str, case: Situation) -> None:
        seen.add(old_decision(text, case).mode)

    run()
    assert seen == set(Mode)


OLD = """\
# What we had.
version: 1
ownership:
  markers:
    - {tag: stack, value: 7, means: in-house}
policies:
  - name: vaults
    controls: ["test.vault.*"]
    scope: {accounts: [111122223333], tags: {tier: [1, web]}}
    when: ["context.managed_by != 'in-house'"]
    mode: auto
    settings: {turns: {by: account, values: {111122223333: 3}}}
    limits: {per_hour: 50}
  - name: shelves
    controls: test.shelf.locked
    mode: leave
  - name: two-people
    controls: "*"
    when:
      - "context.environment == 'production'"
    mode: ask
    approvals: {needed: 2, from: [security]}
"""


def test_a_file_is_rewritten_in_order_with_what_counted_beside_it() -> None:
    text = migrate_policies(OLD, "old.yaml", CATALOG)
    held = load_policies(text, "new.yaml", CATALOG)
    assert [(item.name, item.mode) for item in held.policies] == [
        ("shelves", "leave"), ("two-people", "ask"), ("vaults", "auto"),
    ]  # fmt: skip
    assert held.policies[2].scope.accounts == ("111122223333",)
    assert held.policies[2].settings == {"turns": {"by": "account", "values": {"111122223333": 3}}}
    assert held.policies[2].scope.tags == {"tier": ("1", "web")}
    assert held.ownership == old_policies(OLD.replace(": 7,", ': "7",').replace("111122223333", '"111122223333"')
                                          .replace("[1, web]", '["1", web]')).ownership  # fmt: skip
    assert [(item.name, item.limits) for item in held.guardrails] == [
        ("cap-two-people", Limits(20, 5)), ("cap-vaults", Limits(50, 5)),
    ]  # fmt: skip
    assert held.guardrails[0].approvals == held.policies[1].approvals
    assert text.startswith("# Rewritten from version 1")
    assert '"1"' in text
    assert "&" not in text, "no anchors, which would be refused"


def test_a_file_of_one_policy_needs_no_guardrail() -> None:
    text = migrate_policies(version_1({"name": "a", "controls": "*", "mode": "ask"}), "old.yaml", CATALOG)
    assert "guardrails" not in text
    assert load_policies(migrate_policies(version_1(), "o", CATALOG), "n", CATALOG).policies == ()


def test_a_guardrail_gets_a_name_of_its_own() -> None:
    """Names are at most 80 characters, and `cap-` before one may be taken."""
    name = "n" * 80
    first = {"name": "cap-b", "controls": "*", "mode": "leave", "limits": {"per_hour": 50}}
    rest = [{"name": item, "controls": "*", "mode": "ask"} for item in ("b", name, "cap-" + name[:76])]
    held = load_policies(migrate_policies(version_1(first, *rest), "old.yaml", CATALOG), "new.yaml", CATALOG)
    assert [item.name for item in held.guardrails] == [
        "cap-b 2", "cap-" + "n" * 74 + " 2", ("cap-cap-" + "n" * 72),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 2\npolicies: []\n", "the file is of version 2 already; nothing is to be rewritten"),
        ("version: 3\npolicies: []\n", "`version` cannot be `3`"),
        ("version: 1\npolicies: {}\n", "`policies` is a list"),
        (version_1({"name": "a", "controls": "*", "mode": "aks"}), "there is no mode `aks`"),
        (version_1({"name": "a", "controls": "*", "mode": "ask", "scope": {"accounts": ["1111"]}}), "is never `1111`"),
        (
            version_1({"name": "a", "controls": "*", "mode": "auto", "when": ["context.environment != 'prod'"]}),
            "did you mean `production`",
        ),
        (version_1({"name": "a", "controls": "*", "mode": "ask", "scope": 7}), "`scope` is a mapping"),
        (version_1(7), "a policy is a mapping"),
        (version_1(ownership=[1]), "`ownership` is a mapping"),
    ],
)
def test_what_cannot_be_rewritten_says_why_with_its_line(text: str, said: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        migrate_policies(text, "old.yaml", CATALOG)
    assert said in caught.value.problem
    assert caught.value.line == 1 or text.startswith("version")
