"""Stage 5: from a resource and the controls that it fails to the one plan that repairs it. Pure.

Several findings on one resource become one plan with one write for each facet: the controls are asked in turn, each
about the state that the ones before it left, until none has anything to add (laws 1 and 12). A keyholder calls the
same functions on the values that a plan holds, and grants a plan only when it is, as a whole, what comes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from goldseam.assess.evaluate import SettingsOf, converged, default_settings, owner_of, verdict_on
from goldseam.control import Compliant, Control, Kind, Owner, ShouldBe, Unusable
from goldseam.model.errors import ExemptResource, PlanRefused
from goldseam.model.resource import Resource
from goldseam.model.values import Json, Unknown, Value, difference, plain, same
from goldseam.repair.plan import Change, Plan, Purpose, steps_of, undo_of

_UNREAD: Final = Unknown("it could not be read")
"""What a plan holds of a facet that could not be read: the reason may differ between two readings, the plan may not."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a plan is held against: all controls of the kind, their settings, and the catalog that they come from."""

    controls: Sequence[Control]
    settings_of: SettingsOf = default_settings
    catalog_version: str = ""


def propose(
    resource: Resource,
    wanted: Sequence[Control],
    controls: Sequence[Control],
    settings_of: SettingsOf = default_settings,
    exempt: frozenset[str] = frozenset(),
    follows: str = "",
    catalog_version: str = "",
) -> Plan:
    """The one plan that makes the wanted controls pass on a resource.

    `controls` are all enabled controls of the kind, for the what-if; `exempt` are the ids of those with an exemption
    in force on this resource; `follows` is the plan that was executed on it last, from the ledger.
    Steps: 1. converge; 2. write the calls and their undo; 3. look at every other control;
    4. refuse what does not fix, what breaks as much as it fixes, and what an exemption covers. A fix that says what it
    leaves to a person (`ShouldBe.remains`) is one, and is not among the plan's `fixes`.

    Raises PlanRefused (also while an accepted change of what the controls look at still waits), ExemptResource.
    """
    if named := exempt & {control.id for control in wanted}:
        msg = f"{', '.join(sorted(named))} is exempt on {resource.ref}; withdraw the exemption first"
        raise ExemptResource(msg)
    rules = Rules(controls, settings_of, catalog_version)
    wanted = sorted(wanted, key=lambda control: control.id)
    because = _reasons(resource, wanted, settings_of)
    _refuse_waiting(resource, wanted)
    # 1. converge
    target, settled = converged(resource, wanted, settings_of)
    if not settled:
        msg = f"the controls {', '.join(c.id for c in wanted)} contradict each other on {resource.ref}"
        raise PlanRefused(msg)
    # 2. calls and undo, 3. every other control
    changes = _changes(resource, target, sorted(target.facets))
    plan = replace(
        _assembled(Purpose.REPAIR, resource, changes, wanted[0].kind, rules, wanted),
        because=because,
        disruption=tuple(dict.fromkeys(c.disruption.harms for c in wanted if c.disruption.harms)),
        follows=follows,
    )
    # 4. refuse
    _refuse_useless(plan, resource, wanted, rules, _in_part(wanted, resource, target, settings_of))
    refuse_exempt(resource, target, [c for c in controls if c.id in exempt], settings_of)
    return plan


def reversal(
    plan: Plan,
    now: Resource,
    kind: Kind,
    purpose: Purpose = Purpose.ROLLBACK,
    follows: str = "",
    rules: Rules | None = None,
) -> Plan:
    """The plan that brings a resource back from where it is `now` to where it was before a plan, last change first.

    `rules` are for the what-if: a person sees what taking it back opens again. Raises PlanRefused when there is no call
    that does it, or when there is nothing to take back.
    """
    target = {change.facet: change.before for change in reversed(plan.changes)}
    return restoration(now, target, kind, rules or Rules(()), purpose=purpose, of=plan.id, follows=follows)


def restoration(
    now: Resource, target: Mapping[str, Value], kind: Kind, rules: Rules, *, purpose: Purpose, of: str, follows: str
) -> Plan:
    """The plan that brings facets to earlier values, in the order in which they are given; raises PlanRefused."""
    for name in target:
        if isinstance(value := now.facets.get(name, _UNREAD), Unknown):
            msg = f"the {name} of {now.ref} cannot be read ({value.reason}); see to that, and plan again"
            raise PlanRefused(msg)
    changes = _changes(now, now.with_facets(target), target)
    return replace(_assembled(purpose, now, changes, kind, rules, ()), of=of, follows=follows)


def refuse_exempt(resource: Resource, target: Resource, exempt: Sequence[Control], settings_of: SettingsOf) -> None:
    """What an exempt control objects to must be left exactly as it is (law 11)."""
    for control in exempt:
        settings = settings_of(control, resource)
        if _objection(control, resource, settings) != _objection(control, target, settings):
            msg = f"the change would touch what is exempt from {control.id} on {resource.ref}"
            raise ExemptResource(msg)


def _reasons(resource: Resource, wanted: Sequence[Control], settings_of: SettingsOf) -> dict[str, str]:
    reasons = {}
    for control in wanted:
        owner = owner_of(control, resource)
        if isinstance(owner, Owner):
            msg = f"{control.id} is not applicable on {resource.ref}: {owner.reason} ({owner.source})"
            raise PlanRefused(msg)
        verdict = verdict_on(control, resource, settings_of(control, resource))
        if isinstance(verdict, Unknown):
            msg = f"{control.id} cannot be told on {resource.ref}: {verdict.reason}"
            raise PlanRefused(msg)
        if isinstance(verdict, Compliant):
            msg = f"{control.id} already passes on {resource.ref}: nothing to repair"
            raise PlanRefused(msg)
        if not isinstance(verdict, ShouldBe):
            msg = f"{control.id} has no fix on {resource.ref}: {verdict.because}; {verdict.guide or 'mend it by hand'}"
            raise PlanRefused(msg)
        reasons[control.id] = "; ".join(filter(None, (verdict.because, verdict.remains)))
    return reasons


def _refuse_waiting(resource: Resource, wanted: Sequence[Control]) -> None:
    """What the cloud has accepted and not made yet is not asked for again, nor is anything beside it."""
    looked_at = {name for control in wanted for name in control.reads}
    for facet, reason in sorted(resource.pending.items()):
        if facet in looked_at:
            msg = f"a change of the {facet} of {resource.ref} waits for {reason}; scan again when that is over"
            raise PlanRefused(msg)


def _assembled(
    purpose: Purpose,
    resource: Resource,
    changes: tuple[Change, ...],
    kind: Kind,
    rules: Rules,
    wanted: Sequence[Control],
) -> Plan:
    """A plan with all that follows from its changes: calls, undo, what it rests on, what it does to other controls."""
    if not changes:
        msg = f"nothing would change on {resource.ref}"
        raise PlanRefused(msg)
    undo = undo_of(resource.ref, changes, kind)
    concerned = _concerned(changes, rules.controls, wanted)
    fixes, breaks, untold = _what_if(resource, changes, concerned, rules)
    return Plan(
        purpose,
        resource.ref,
        tuple(control.id for control in wanted),
        {},
        _settings_used(resource, concerned, wanted, rules),
        changes,
        tuple(step.call for step in steps_of(resource.ref, changes, kind)),
        undo or (),
        undo is not None,
        _rests_on(resource, changes, concerned),
        fixes,
        breaks,
        untold,
        catalog_version=rules.catalog_version,
    )


def _concerned(changes: Iterable[Change], controls: Sequence[Control], wanted: Sequence[Control]) -> list[Control]:
    """The controls whose verdict the changes can turn, and the wanted ones, by id."""
    changed = {change.facet for change in changes}
    found = {control for control in controls if not changed.isdisjoint(control.reads)}
    return sorted(found.union(wanted), key=lambda control: control.id)


def _rests_on(
    resource: Resource, changes: Iterable[Change], concerned: Iterable[Control]
) -> dict[str, Value | Unknown]:
    """Every facet that a concerned control reads or that tells whose the resource is, and every changed one."""
    read = (name for control in concerned for name in (*control.reads, *control.kind.owner_facets))
    names = {change.facet for change in changes}.union(read)
    held = {name: resource.facets.get(name, _UNREAD) for name in sorted(names)}
    return {name: _UNREAD if isinstance(value, Unknown) else value for name, value in held.items()}


def _settings_used(
    resource: Resource, concerned: Iterable[Control], wanted: Sequence[Control], rules: Rules
) -> dict[str, Mapping[str, Json]]:
    """The settings of the wanted controls, and of the others where they are not the defaults."""
    chosen = {control: _plain_settings(rules.settings_of(control, resource)) for control in concerned}
    return {
        control.id: plain(settings)
        for control, settings in chosen.items()
        if control in wanted or not same(settings, control.defaults)
    }


def _plain_settings(settings: Mapping[str, Json]) -> Mapping[str, Json]:
    """The settings with the values that controls are judged with, be they usable in a fix or not."""
    return {name: item.value if isinstance(item, Unusable) else item for name, item in settings.items()}


def _changes(resource: Resource, target: Resource, order: Iterable[str]) -> tuple[Change, ...]:
    """The facets that differ, in an order: by name on the way there, and backwards on the way back."""
    pairs = ((name, resource.facets[name], target.facets[name]) for name in order)
    return tuple(Change(name, before, after) for name, before, after in pairs if not same(before, after))


def _in_part(
    wanted: Iterable[Control], resource: Resource, target: Resource, settings_of: SettingsOf
) -> frozenset[str]:
    """The controls whose fix says that it leaves something to a person, and leaves nothing else."""
    found = set()
    for control in wanted:
        settings = settings_of(control, resource)
        before, after = (verdict_on(control, state, settings) for state in (resource, target))
        if isinstance(before, ShouldBe) and before.remains and not isinstance(after, (ShouldBe, Compliant)):
            found.add(control.id)
    return frozenset(found)


def _refuse_useless(
    plan: Plan, resource: Resource, wanted: Sequence[Control], rules: Rules, in_part: frozenset[str]
) -> None:
    if missed := {control.id for control in wanted} - set(plan.fixes) - in_part:
        msg = f"the change would not make {', '.join(sorted(missed))} pass on {resource.ref}"
        raise PlanRefused(msg)
    worst = max(control.severity.rank for control in wanted)
    if grave := [item.id for item in rules.controls if item.id in plan.breaks and item.severity.rank >= worst]:
        msg = f"the change would break {', '.join(grave)} on {resource.ref}"
        raise PlanRefused(msg)


def _what_if(
    resource: Resource, changes: Iterable[Change], controls: Sequence[Control], rules: Rules
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The controls that the changes make pass, those that they make fail, and those of which it cannot be told."""
    target = resource.with_facets({change.facet: change.after for change in changes})
    fixes, breaks, untold = [], [], []
    for control in controls:
        settings = rules.settings_of(control, resource)
        before, after = (verdict_on(control, state, settings) for state in (resource, target))
        if isinstance(before, Unknown) or isinstance(after, Unknown):
            untold.append(control.id)
        elif isinstance(after, Compliant) and not isinstance(before, Compliant):
            fixes.append(control.id)
        elif isinstance(before, Compliant) and not isinstance(after, Compliant):
            breaks.append(control.id)
    return tuple(fixes), tuple(breaks), tuple(untold)


def _objection(control: Control, resource: Resource, settings: Mapping[str, Json]) -> Json:
    verdict = verdict_on(control, resource, settings)
    if isinstance(verdict, ShouldBe):
        return {name: difference(resource.facets[name], after) for name, after in verdict.changes.items()}
    return verdict.because if hasattr(verdict, "because") else ""
