"""Where two rules meet: whether they can apply to one finding, and whether one applies wherever another does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from goldseam.control import Catalog, Control
from goldseam.decide.clause import Clause
from goldseam.decide.policy.rules import TAGS, Guardrail, Policy, Scope
from goldseam.model.pattern import matches

Rule: TypeAlias = Policy | Guardrail


def always(clauses: Iterable[Clause]) -> bool:
    """Whether there is no condition: every clause is `true`."""
    return all(clause.text.strip() == "true" for clause in clauses)


def controls_of(rule: Rule, catalog: Catalog) -> tuple[Control, ...]:
    """The controls that a rule can apply to: those that it names, of kinds in its scope, with tags where it asks."""
    return tuple(
        control
        for control in catalog.controls
        if rule.names(control)
        and matches(rule.scope.kinds, control.kind.name)
        and (not rule.scope.tags or TAGS in control.kind.facet_by_name)
    )


def may_overlap(one: Rule, other: Rule, catalog: Catalog) -> bool:
    """Whether both can apply to one finding; true where that cannot be ruled out."""
    shared = set(controls_of(one, catalog)) & set(controls_of(other, catalog))
    sides = ((one.scope.accounts, other.scope.accounts), (one.scope.regions, other.scope.regions))
    return bool(shared) and all(_may_meet(first, second) for first, second in sides)


def _may_meet(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether a name can match patterns of both; two patterns with `*` are taken to meet."""
    return any(("*" in first and "*" in last) or matches((first,), last) or matches((last,), first)
               for first in one for last in other)  # fmt: skip


def covers(one: Rule, other: Rule) -> bool:
    """Whether a rule applies wherever another does that names the same control."""
    texts = {clause.text for clause in other.when}
    clauses = all(clause.text in texts or always((clause,)) for clause in one.when)
    return clauses and _scope_covers(one.scope, other.scope)


def _scope_covers(one: Scope, other: Scope) -> bool:
    sides = ((one.accounts, other.accounts), (one.regions, other.regions), (one.kinds, other.kinds))
    tags = all(name in other.tags and _all_within(other.tags[name], held) for name, held in one.tags.items())
    return tags and all(_all_within(inner, outer) for outer, inner in sides)


def _all_within(inner: Sequence[str], outer: Sequence[str]) -> bool:
    """Whether every name that an inner pattern matches is matched by an outer one.

    An outer pattern that matches the inner one as it is written matches all that it stands for.
    """
    return all(matches(outer, pattern) for pattern in inner)
