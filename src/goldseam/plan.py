"""Stage 5: what would be changed, as data. Pure.

A plan is one change to one resource. Its id is the hash of its content, and everything that comes after (approval,
grant, execution, record) names that id. Several findings on one resource become one plan with one write for each
facet: the controls are asked in turn, each about the state that the ones before it left, until none has anything to
add (laws 1 and 12).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Final

from goldseam.control import Call, Compliant, Control, Kind, Permission, ShouldBe, Step
from goldseam.errors import ExemptResource, PlanRefused
from goldseam.evaluate import SettingsOf, default_settings, finding_id, verdict_on
from goldseam.resource import Ref, Resource
from goldseam.values import Json, Unknown, Value, difference, digest, document_digest, plain, restored, same

_ROUNDS: Final = 8


class Purpose(StrEnum):
    """Why a plan was made."""

    REPAIR = "repair"
    ROLLBACK = "rollback"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True)
class Change:
    """One facet before, as it was read, and after, as it is predicted."""

    facet: str
    before: Value
    after: Value

    def to_json(self) -> dict[str, Json]:
        """The change as a JSON object."""
        return {"facet": self.facet, "before": plain(self.before), "after": plain(self.after)}

    @classmethod
    def from_json(cls, document: Mapping[str, Json]) -> Change:
        """The inverse of `to_json`."""
        return cls(document["facet"], restored(document["before"]), restored(document["after"]))


@dataclass(frozen=True)
class Plan:
    """One change to one resource.

    `witness` holds the digest of every facet that the plan rests on: apply stops when one has moved (law 7).
    `fixes` and `breaks` are the controls whose verdict the change turns, over all controls of the kind.
    `permissions` are what the calls and their undo need together. `undo` is empty when there is no way back.
    `because` says for each control what is wrong; `disruption` what the change may break. `of` is the plan that this
    one takes back, `follows` the one executed on the resource before it: the same change, needed again, is another
    plan with another id, which old approvals do not cover.
    """

    purpose: Purpose
    ref: Ref
    controls: tuple[str, ...]
    because: Mapping[str, str]
    settings: Mapping[str, Mapping[str, Json]]
    changes: tuple[Change, ...]
    calls: tuple[Call, ...]
    undo: tuple[Call, ...]
    reversible: bool
    witness: Mapping[str, str]
    fixes: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()
    disruption: tuple[str, ...] = ()
    of: str = ""
    follows: str = ""

    @cached_property
    def id(self) -> str:
        """The hash of the plan's content: `p-` and 32 hexadecimal digits.

        128 bits, because an approval names a plan by its id: nobody may find two plans with one id.
        """
        return f"p-{document_digest(self._content())[:32]}"

    @property
    def findings(self) -> tuple[str, ...]:
        """The ids of the findings that the plan is for."""
        return tuple(finding_id(control, self.ref) for control in self.controls)

    @property
    def permissions(self) -> tuple[Permission, ...]:
        """The permissions that executing the plan, and undoing it on failure, takes: no more."""
        return tuple(sorted({item for call in (*self.calls, *self.undo) for item in call.permissions}))

    def _content(self) -> dict[str, Json]:
        return {
            "purpose": str(self.purpose),
            "of": self.of,
            "follows": self.follows,
            "ref": self.ref.to_json(),
            "controls": list(self.controls),
            "because": dict(self.because),
            "settings": plain(self.settings),
            "changes": [change.to_json() for change in self.changes],
            "calls": [call.to_json() for call in self.calls],
            "undo": [call.to_json() for call in self.undo],
            "reversible": self.reversible,
            "witness": dict(self.witness),
            "fixes": list(self.fixes),
            "breaks": list(self.breaks),
            "disruption": list(self.disruption),
        }

    def to_json(self) -> dict[str, Json]:
        """The plan as a JSON object, with its id."""
        return {"id": self.id, **self._content(), "permissions": [item.to_json() for item in self.permissions]}

    @classmethod
    def from_json(cls, document: Mapping[str, Json]) -> Plan:
        """The inverse of `to_json`; raises PlanRefused when the content does not have the hash that names it."""
        plan = cls(
            Purpose(document["purpose"]),
            Ref.from_json(document["ref"]),
            tuple(document["controls"]),
            document["because"],
            {name: {key: restored(it) for key, it in held.items()} for name, held in document["settings"].items()},
            tuple(Change.from_json(item) for item in document["changes"]),
            tuple(Call.from_json(item) for item in document["calls"]),
            tuple(Call.from_json(item) for item in document["undo"]),
            document["reversible"],
            document["witness"],
            tuple(document["fixes"]),
            tuple(document["breaks"]),
            tuple(document["disruption"]),
            document["of"],
            document["follows"],
        )
        if plan.id != document["id"]:
            msg = f"the content of plan {document['id']} is not what its id says; make the plan again"
            raise PlanRefused(msg)
        return plan


def propose(
    resource: Resource,
    wanted: Sequence[Control],
    controls: Sequence[Control],
    settings_of: SettingsOf = default_settings,
    exempt: frozenset[str] = frozenset(),
    follows: str = "",
) -> Plan:
    """The one plan that makes the wanted controls pass on a resource.

    `controls` are all enabled controls of the kind, for the what-if; `exempt` are the ids of those with an exemption
    in force on this resource; `follows` is the plan that was executed on it last, from the ledger.
    Steps: 1. converge; 2. write the calls and their undo; 3. look at every other control;
    4. refuse what does not fix, what breaks as much as it fixes, and what an exemption covers.

    Raises PlanRefused (also while an accepted change of what the controls look at still waits), ExemptResource.
    """
    if named := exempt & {control.id for control in wanted}:
        msg = f"{', '.join(sorted(named))} is exempt on {resource.ref}; withdraw the exemption first"
        raise ExemptResource(msg)
    wanted = sorted(wanted, key=lambda control: control.id)
    because = _reasons(resource, wanted, settings_of)
    _refuse_waiting(resource, wanted)
    target = _converged(resource, wanted, settings_of)
    plan = _assembled(
        Purpose.REPAIR, resource, _changes(resource, target, sorted(target.facets)), wanted[0].kind,
        controls=tuple(control.id for control in wanted),
        because=because,
        settings={control.id: dict(settings_of(control, resource)) for control in wanted},
        witness={name: digest(resource.facets[name]) for control in wanted for name in control.reads},
        disruption=tuple(dict.fromkeys(c.disruption.harms for c in wanted if c.disruption.harms)),
    )  # fmt: skip
    return _judged(replace(plan, follows=follows), resource, target, wanted, controls, settings_of, exempt)


def reversal(plan: Plan, now: Resource, kind: Kind, purpose: Purpose = Purpose.ROLLBACK, follows: str = "") -> Plan:
    """The plan that brings a resource back from where it is `now` to where it was before a plan, last change first.

    Raises PlanRefused when there is no call that does it, or when there is nothing to take back.
    """
    before = now.with_facets({change.facet: change.before for change in plan.changes})
    order = [change.facet for change in reversed(plan.changes)]
    back = _assembled(
        purpose, now, _changes(now, before, order), kind,
        controls=(),
        because={},
        settings={},
        witness={change.facet: digest(now.facets[change.facet]) for change in plan.changes},
        of=plan.id,
    )  # fmt: skip
    return replace(back, follows=follows)


def with_what_if(plan: Plan, kind_controls: Sequence[Control], now: Resource, settings_of: SettingsOf) -> Plan:
    """The plan with the controls that it would turn, for a rollback: a person sees what it opens again."""
    after = now.with_facets({change.facet: change.after for change in plan.changes})
    fixes, breaks = _what_if(now, after, kind_controls, settings_of)
    return replace(plan, fixes=fixes, breaks=breaks)


def image_path(plan: Plan, kind: Kind) -> tuple[Mapping[str, Value], ...]:
    """The states of the changed facets along the plan: before the first call, and after each (law 8)."""
    state = {change.facet: change.before for change in plan.changes}
    path = [dict(state)]
    for step in _steps(plan.ref, plan.changes, kind):
        state[step.facet] = step.leaves
        path.append(dict(state))
    return tuple(path)


def values_along(plan: Plan, kind: Kind) -> Mapping[str, list[Value]]:
    """For each changed facet, the values that it has along the plan, in order."""
    along: dict[str, list[Value]] = {change.facet: [] for change in plan.changes}
    for image in image_path(plan, kind):
        for name, value in image.items():
            if place_of(value, along[name]) is None:
                along[name].append(value)
    return along


def back_steps(plan: Plan, kind: Kind, change: Change, value: Value) -> tuple[Step, ...] | None:
    """The steps that bring one facet back to where it began; None when there is no way."""
    try:
        return kind.facet(change.facet).write(plan.ref, value, change.before)
    except PlanRefused:
        return None


def place_of(value: Value, values: Sequence[Value]) -> int | None:
    """Where a value is among others; None when it is not."""
    return next((at for at, other in enumerate(values) if same(value, other)), None)


def calls_derived(plan: Plan, kind: Kind) -> bool:
    """Whether the plan's calls and undo are those that its before and after images give: nothing was slipped in."""
    calls = tuple(step.call for step in _steps(plan.ref, plan.changes, kind))
    return calls == plan.calls and _undo(plan.ref, plan.changes, kind) == (plan.undo if plan.reversible else None)


def _reasons(resource: Resource, wanted: Sequence[Control], settings_of: SettingsOf) -> dict[str, str]:
    reasons = {}
    for control in wanted:
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
        reasons[control.id] = verdict.because
    return reasons


def _refuse_waiting(resource: Resource, wanted: Sequence[Control]) -> None:
    """What the cloud has accepted and not made yet is not asked for again, nor is anything beside it."""
    looked_at = {name for control in wanted for name in control.reads}
    for facet, reason in sorted(resource.pending.items()):
        if facet in looked_at:
            msg = f"a change of the {facet} of {resource.ref} waits for {reason}; scan again when that is over"
            raise PlanRefused(msg)


def _converged(resource: Resource, wanted: Sequence[Control], settings_of: SettingsOf) -> Resource:
    """The state in which every wanted control passes, reached by asking each in turn."""
    state = resource
    for _ in range(_ROUNDS):
        moved = False
        for control in wanted:
            verdict = verdict_on(control, state, settings_of(control, resource))
            if isinstance(verdict, ShouldBe):
                state, moved = state.with_facets(verdict.changes), True
        if not moved:
            return state
    msg = f"the controls {', '.join(c.id for c in wanted)} contradict each other on {resource.ref}"
    raise PlanRefused(msg)


def _assembled(
    purpose: Purpose,
    resource: Resource,
    changes: tuple[Change, ...],
    kind: Kind,
    *,
    controls: tuple[str, ...],
    because: Mapping[str, str],
    settings: Mapping[str, Mapping[str, Json]],
    witness: Mapping[str, str],
    disruption: tuple[str, ...] = (),
    of: str = "",
) -> Plan:
    if not changes:
        msg = f"nothing would change on {resource.ref}"
        raise PlanRefused(msg)
    steps = _steps(resource.ref, changes, kind)
    undo = _undo(resource.ref, changes, kind)
    seen = {**witness, **{change.facet: digest(change.before) for change in changes}}
    return Plan(
        purpose, resource.ref, controls, because, settings, changes, tuple(step.call for step in steps),
        undo or (), undo is not None, seen, disruption=disruption, of=of,
    )  # fmt: skip


def _changes(resource: Resource, target: Resource, order: Iterable[str]) -> tuple[Change, ...]:
    """The facets that differ, in an order: by name on the way there, and backwards on the way back."""
    pairs = ((name, resource.facets[name], target.facets[name]) for name in order)
    return tuple(Change(name, before, after) for name, before, after in pairs if not same(before, after))


def _steps(ref: Ref, changes: Iterable[Change], kind: Kind) -> tuple[Step, ...]:
    return tuple(
        step for change in changes for step in kind.facet(change.facet).write(ref, change.before, change.after)
    )


def _undo(ref: Ref, changes: Sequence[Change], kind: Kind) -> tuple[Call, ...] | None:
    """The calls back, last change first; None when one of the changes has no way back."""
    backwards = [Change(change.facet, change.after, change.before) for change in reversed(changes)]
    try:
        return tuple(step.call for step in _steps(ref, backwards, kind))
    except PlanRefused:
        return None


def _judged(
    plan: Plan,
    resource: Resource,
    target: Resource,
    wanted: Sequence[Control],
    controls: Sequence[Control],
    settings_of: SettingsOf,
    exempt: frozenset[str],
) -> Plan:
    fixes, breaks = _what_if(resource, target, controls, settings_of)
    if missed := {control.id for control in wanted} - set(fixes):
        msg = f"the change would not make {', '.join(sorted(missed))} pass on {resource.ref}"
        raise PlanRefused(msg)
    _refuse_breakage(resource, wanted, [c for c in controls if c.id in breaks])
    refuse_exempt(resource, target, [c for c in controls if c.id in exempt], settings_of)
    return replace(plan, fixes=fixes, breaks=breaks)


def _what_if(
    resource: Resource, target: Resource, controls: Sequence[Control], settings_of: SettingsOf
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    fixes, breaks = [], []
    for control in controls:
        settings = settings_of(control, resource)
        before = isinstance(verdict_on(control, resource, settings), Compliant)
        after = isinstance(verdict_on(control, target, settings), Compliant)
        if after and not before:
            fixes.append(control.id)
        elif before and not after:
            breaks.append(control.id)
    return tuple(fixes), tuple(breaks)


def _refuse_breakage(resource: Resource, wanted: Sequence[Control], broken: Sequence[Control]) -> None:
    worst = max(control.severity.rank for control in wanted)
    if grave := [control.id for control in broken if control.severity.rank >= worst]:
        msg = f"the change would break {', '.join(grave)} on {resource.ref}"
        raise PlanRefused(msg)


def refuse_exempt(resource: Resource, target: Resource, exempt: Sequence[Control], settings_of: SettingsOf) -> None:
    """What an exempt control objects to must be left exactly as it is (law 11)."""
    for control in exempt:
        settings = settings_of(control, resource)
        if _objection(control, resource, settings) != _objection(control, target, settings):
            msg = f"the change would touch what is exempt from {control.id} on {resource.ref}"
            raise ExemptResource(msg)


def _objection(control: Control, resource: Resource, settings: Mapping[str, Json]) -> Json:
    verdict = verdict_on(control, resource, settings)
    if isinstance(verdict, ShouldBe):
        return {name: difference(resource.facets[name], after) for name, after in verdict.changes.items()}
    return verdict.because if hasattr(verdict, "because") else ""
