"""What loads without an error and still means nothing: hidden policies, rules that match nothing, ended guardrails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, product
from typing import Final

from goldseam.control import Catalog, Control
from goldseam.decide.policy.overlap import Rule, controls_of, covers
from goldseam.decide.policy.ownership import MANAGED_BY
from goldseam.decide.policy.rules import Guardrail, Policy, PolicySet
from goldseam.model.values import Json

_MOST_TRIED: Final = 20_000
"""Combinations of values that are tried; where there are more, the clauses are taken to be able to hold."""
_LARGEST_SET: Final = 16


@dataclass(frozen=True, slots=True)
class PolicyWarning:
    """A rule that means less than it seems to: its name, file and line, and why."""

    rule: str
    where: str
    because: str

    def to_json(self) -> dict[str, Json]:
        """The warning as a JSON object."""
        return {"name": self.rule, "where": self.where, "because": self.because}


def review_policies(policies: PolicySet, catalog: Catalog, now: datetime) -> tuple[PolicyWarning, ...]:
    """Every warning on a set of policies, in the order of the file; `now` is when guardrails have ended."""
    guarding = [(rule, because) for rule in policies.guardrails for because in _of_guardrail(rule, catalog, now)]
    found: list[tuple[Rule, str]] = [*guarding]
    for number, policy in enumerate(policies.policies):
        found += [(policy, because) for because in _of_rule(policy, catalog)]
        found += [(policy, because) for because in _hidden(policy, policies.policies[:number], catalog)]
    return tuple(PolicyWarning(rule.name, rule.where, because) for rule, because in found)


def _of_guardrail(rule: Guardrail, catalog: Catalog, now: datetime) -> Iterator[str]:
    if rule.until is not None and not rule.holds_at(now):
        yield f"it ended at {rule.until.isoformat()}; remove it, or set `until` anew"
    yield from _of_rule(rule, catalog)


def _of_rule(rule: Rule, catalog: Catalog) -> Iterator[str]:
    """Why a rule can match nothing, or is never certain."""
    controls = controls_of(rule, catalog)
    if not controls:
        yield "it matches nothing: none of its controls is of a kind in its scope, with tags where it names some"
        return
    if not _can_hold(rule, controls, catalog):
        yield "it matches nothing: its clauses cannot hold together for any control that it names"
    for name in dict.fromkeys(name for clause in rule.when for name in clause.facts):
        if name != MANAGED_BY and not any(_has_fact(control, name, catalog) for control in controls):
            yield f"it is never certain: no kind of its controls has the fact `{name}`, so it is always unknown"


def _has_fact(control: Control, name: str, catalog: Catalog) -> bool:
    return any(rule.name == name for rule in catalog.facts_of(control.kind))


def _can_hold(rule: Rule, controls: Sequence[Control], catalog: Catalog) -> bool:
    """Whether the clauses can hold together: every value of closed variables is tried, the others stay unknown."""
    mentioned = {name: clause.types[name] for clause in rule.when for name in clause.mentions}
    choices: dict[str, Sequence[Json]] = {}
    for name, kind in mentioned.items():
        closed = catalog.fact_values.get(name.partition(".")[2], frozenset()) if name.startswith("context.") else ()
        if kind is bool:
            choices[name] = (True, False)
        elif name != f"context.{MANAGED_BY}" and 0 < len(closed) <= _LARGEST_SET:
            choices[name] = sorted(closed)
    tried = islice(_values(controls, choices), _MOST_TRIED + 1)
    for number, values in enumerate(tried):
        if number == _MOST_TRIED or all(clause.truth(values) is not False for clause in rule.when):
            return True
    return False


def _values(controls: Sequence[Control], choices: Mapping[str, Sequence[Json]]) -> Iterator[Mapping[str, Json]]:
    for control in controls:
        about: dict[str, Json] = {"finding.control": control.id, "finding.severity": str(control.severity)}
        about["resource.kind"] = control.kind.name
        for held in product(*choices.values()):
            yield {**about, **dict(zip(choices, held, strict=True))}


def _hidden(policy: Policy, before: Sequence[Policy], catalog: Catalog) -> Iterator[str]:
    """Why a policy never decides: for each of its controls an earlier one applies wherever it does."""
    if hiding := _hiding(policy, before, catalog):
        named = ", ".join(f"`{item.name}` ({item.where})" for item in hiding)
        earlier = f"policies {named} before it apply" if len(hiding) > 1 else f"policy {named} before it applies"
        yield f"it decides nothing: {earlier} wherever it does; put it first"


def _hiding(policy: Policy, before: Sequence[Policy], catalog: Catalog) -> list[Policy]:
    """The earlier policies that hide one, for each control the first; none where a control is not hidden."""
    found: list[Policy] = []
    covering = [item for item in before if covers(item, policy)]
    for control in controls_of(policy, catalog):
        first = next((item for item in covering if item.names(control)), None)
        if first is None:
            return []
        if first not in found:
            found.append(first)
    return found
