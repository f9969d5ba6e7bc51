"""The keyholder's own allow-list: whatever a server asks for, nothing beyond it is ever granted. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from goldseam.control import Catalog, Setting, Unusable, Whereabouts
from goldseam.control.dependent import declared, resolved
from goldseam.keyholder.derive import Derived
from goldseam.model.errors import GrantRefused, UsageError
from goldseam.model.pattern import matches
from goldseam.model.values import Json, Unknown, canonical, canonical_document, plain
from goldseam.repair.plan import Plan


@dataclass(frozen=True, slots=True)
class Rule:
    """What may be granted: patterns in which only `*` is special, and how many approvals that takes.

    A plan fits when its account, its kind, every control and every permission match. An empty list matches nothing.
    `settings` holds, by name, the values beside the controls' defaults that need no signed approval, in any form that a
    policy takes: `{"by": "region", "values": …}` lists each for its region.
    """

    accounts: tuple[str, ...]
    kinds: tuple[str, ...]
    controls: tuple[str, ...]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    approvals: int
    settings: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Allowance:
    """A plan that the allow-list holds, and the approvals that it takes.

    `record` is what is kept when it is granted. `doubts` say why at least one signed approval is needed, whatever the
    rules say.
    """

    plan: Plan
    approvals: int
    record: Mapping[str, Json]
    doubts: tuple[str, ...] = ()

    @property
    def needed(self) -> int:
        """How many signed approvals the plan needs."""
        return max(self.approvals, 1 if self.doubts else 0)


def allowed(takes: Derived, unusual: Mapping[str, Sequence[Json]], rules: Iterable[Rule]) -> Allowance:
    """The plan as allowed by every rule that it fits, the most careful wins; raises GrantRefused when it fits none.

    What takes a plan back fits the rules that the plan fits. `unusual` are the settings that are not the defaults.
    """
    plan, fitting, faults = takes.plan, list[Rule](), list[str]()
    for rule in rules:
        if fault := _misfit(takes, rule):
            faults.append(fault)
        else:
            fitting.append(rule)
    if not fitting:
        why = faults[-1] if faults else "the list is empty"
        msg = f"the keyholder's allow-list does not hold plan {plan.id}: {why}; change the list there if it should"
        raise GrantRefused(msg)
    doubts = [*takes.doubts]
    for rule in fitting:
        doubts += [f"the keyholder's rules do not list {name}" for name in _unlisted(unusual, rule)]
    return Allowance(plan, max(rule.approvals for rule in fitting), takes.record, tuple(dict.fromkeys(doubts)))


def listed_settings(plan: Plan, catalog: Catalog, rule: Rule) -> Rule:
    """The rule with its settings as they are for the resource of a plan: each a value that the plan may hold.

    A value may be listed for a region or an account only; what a control does not take is not listed for it.
    """
    at = Whereabouts(plan.ref)
    known: dict[str, list[Setting]] = {}
    for name in plan.settings:
        for setting in catalog.control(name).settings:
            known.setdefault(setting.name, []).append(setting)
    listed = {
        name: tuple(held for setting in known[name] for value in values for held in _held(setting, value, at))
        for name, values in rule.settings.items()
        if name in known
    }
    return replace(rule, settings=listed)


def _held(setting: Setting, value: Json, at: Whereabouts) -> tuple[Json, ...]:
    """What a listed value is in a plan for one resource: none where it is no value for it."""
    try:
        found = resolved((setting,), declared("", (setting,), {setting.name: value}), at)[setting.name]
    except UsageError:
        return ()
    return () if isinstance(found, Unusable | Unknown) else (found,)


def _unlisted(unusual: Mapping[str, Sequence[Json]], rule: Rule) -> list[str]:
    """The settings that a rule does not list, each with its value."""
    listed = {name: {canonical_document(plain(value)) for value in values} for name, values in rule.settings.items()}
    return [
        f"setting `{name}` as {canonical(value).decode()}"
        for name, values in unusual.items()
        for value in values
        if canonical_document(plain(value)) not in listed.get(name, set())
    ]


def _misfit(takes: Derived, rule: Rule) -> str:
    """Why a rule does not cover a plan; nothing when it does."""
    plan, permissions = takes.plan, takes.permissions
    if not takes.controls:
        return "it is for no control"
    if not permissions:
        return "it asks for no permission at all"
    named = [
        ("account", plan.ref.account, rule.accounts),
        ("kind", plan.ref.kind, rule.kinds),
        *(("control", control, rule.controls) for control in takes.controls),
    ]
    for what, name, patterns in named:
        if not matches(patterns, name):
            return f"{what} `{name}`"
    for item in permissions:
        if not (matches(rule.actions, item.action) and matches(rule.resources, item.resource)):
            return f"`{item.action}` on `{item.resource}`"
    return ""
