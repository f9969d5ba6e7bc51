"""The keyholder's own allow-list: whatever a server asks for, nothing beyond it is ever granted. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from goldseam.control import Permission
from goldseam.errors import GrantRefused
from goldseam.plan import Plan


@dataclass(frozen=True, slots=True)
class Rule:
    """What may be granted: patterns in which only `*` is special, and how many approvals that takes.

    A plan fits when its account, its kind, every control and every permission match. An empty list matches nothing.
    """

    accounts: tuple[str, ...]
    kinds: tuple[str, ...]
    controls: tuple[str, ...]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    approvals: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """A plan that the allow-list holds, and the approvals that it takes."""

    plan: Plan
    approvals: int


def allowed(plan: Plan, permissions: Sequence[Permission], rules: Iterable[Rule]) -> Allowance:
    """The plan as allowed by every rule that it fits, the most careful wins; raises GrantRefused when it fits none.

    A plan without controls takes something back; that it restores what this keyholder once changed is checked before.
    """
    fitting, faults = [], []
    for rule in rules:
        if fault := _misfit(plan, permissions, rule):
            faults.append(fault)
        else:
            fitting.append(rule)
    if not fitting:
        why = faults[-1] if faults else "the list is empty"
        msg = f"the keyholder's allow-list does not hold plan {plan.id}: {why}; change the list there if it should"
        raise GrantRefused(msg)
    return Allowance(plan, max(rule.approvals for rule in fitting))


def _misfit(plan: Plan, permissions: Sequence[Permission], rule: Rule) -> str:
    """Why a rule does not cover a plan; nothing when it does."""
    if not permissions:
        return "it asks for no permission at all"
    if not _matches(plan.ref.account, rule.accounts):
        return f"account `{plan.ref.account}`"
    if not _matches(plan.ref.kind, rule.kinds):
        return f"kind `{plan.ref.kind}`"
    for control in plan.controls:
        if not _matches(control, rule.controls):
            return f"control `{control}`"
    for item in permissions:
        if not (_matches(item.action, rule.actions) and _matches(item.resource, rule.resources)):
            return f"`{item.action}` on `{item.resource}`"
    return ""


def _matches(text: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns covers the text; a `*` in the text is covered only by a `*` in the pattern."""
    return any(re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), text, re.DOTALL) for pattern in patterns)
