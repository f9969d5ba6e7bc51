"""Plans and repairs as they may be shown: sensitive values are masked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from goldseam.decide import Decision
from goldseam.model.values import Json, Unknown, Value, restored, same
from goldseam.repair.execute import Repair
from goldseam.repair.plan import Change, Plan, Purpose
from goldseam.service.masking import Masking


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A facet before and after."""

    facet: str
    before: Value | Unknown
    after: Value | Unknown


@dataclass(frozen=True, slots=True)
class CallView:
    """A call by its operation and region."""

    operation: str
    region: str


@dataclass(frozen=True, slots=True)
class PermissionView:
    """A permission that a plan takes."""

    action: str
    resource: str


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan for people: what is wrong, what changes, the calls and the way back, what else it does.

    `kind` is the kind's title, `takes_back` the plan that this one takes back (empty for a repair), `no_way_back` why
    it cannot be undone (empty where it can), `modes` what was decided on its findings.
    """

    id: str
    purpose: str
    kind: str
    resource: str
    address: str
    because: Mapping[str, str]
    takes_back: str
    changes: tuple[ChangeView, ...]
    calls: tuple[CallView, ...]
    undo: tuple[CallView, ...]
    no_way_back: str
    permissions: tuple[PermissionView, ...]
    disruption: str
    fixes: tuple[str, ...]
    breaks: tuple[str, ...]
    modes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RepairView:
    """What became of a plan, for people.

    `changes` is the difference between two fresh readings, `unplanned` that from what was planned to what was read,
    where a verified repair came out otherwise.
    """

    plan: str
    state: str
    because: str
    address: str
    changes: tuple[ChangeView, ...]
    unplanned: tuple[ChangeView, ...]
    requests: tuple[str, ...]


def plan_view(plan: Plan, decisions: Sequence[Decision], masking: Masking) -> PlanView:
    """A plan for people, with the decisions on its findings; raises UnknownName for a kind that does not exist."""
    kind, secrets = masking.catalog.kind(plan.ref.kind), masking.secrets_of(plan)
    return PlanView(
        plan.id,
        str(plan.purpose),
        kind.title,
        plan.ref.id,
        plan.ref.address,
        {control: secrets.text(because) for control, because in plan.because.items()},
        plan.of if plan.purpose is not Purpose.REPAIR else "",
        tuple(_change(plan, change, masking) for change in plan.changes),
        tuple(CallView(call.operation, call.region) for call in plan.calls),
        tuple(CallView(call.operation, call.region) for call in plan.undo),
        "" if plan.reversible else masking.no_way_back(plan),
        tuple(PermissionView(item.action, item.resource) for item in plan.permissions),
        secrets.text("; ".join(plan.disruption)),
        tuple(plan.fixes),
        tuple(plan.breaks),
        tuple(sorted({str(decision.mode) for decision in decisions})),
    )


def repair_view(repair: Repair, plan: Plan, masking: Masking) -> RepairView:
    """What became of a plan, for people; raises UnknownName for a kind that does not exist."""
    shown = masking.repair(repair)
    return RepairView(
        plan.id,
        repair.state,
        str(shown["because"]),
        plan.ref.address,
        tuple(_changes(repair, plan, shown)),
        tuple(_unplanned(repair, plan, masking, shown["after"] or {})),
        tuple(receipt.request_id for receipt in repair.receipts),
    )


def _change(plan: Plan, change: Change, masking: Masking) -> ChangeView:
    sides = (masking.value(plan.ref.kind, change.facet, value) for value in (change.before, change.after))
    return ChangeView(change.facet, *sides)


def _changes(repair: Repair, plan: Plan, shown: Mapping[str, Json]) -> Iterator[ChangeView]:
    if repair.after is None:
        return
    for change in plan.changes:
        before, after = (restored((shown[side] or {}).get(change.facet)) for side in ("before", "after"))
        if not same(before, after):
            yield ChangeView(change.facet, before, after)


def _unplanned(repair: Repair, plan: Plan, masking: Masking, after: Mapping[str, Json]) -> Iterator[ChangeView]:
    """Facet by facet, from what was planned to what was read, where a verified repair is not as planned."""
    if repair.state != "verified" or repair.after is None:
        return
    for change in plan.changes:
        if not same(repair.after.facets.get(change.facet), change.after):
            planned = masking.value(plan.ref.kind, change.facet, change.after)
            yield ChangeView(change.facet, planned, restored(after.get(change.facet)))
