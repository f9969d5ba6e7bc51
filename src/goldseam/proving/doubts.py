"""Laws 5 and 7, and what the memory alone can show: what is not known, what moved, and what fails half-way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from goldseam.assess.context import Fact
from goldseam.assess.evaluate import Status, evaluate
from goldseam.control import Catalog, Control
from goldseam.decide import MANAGED_BY, Circumstances, decide
from goldseam.decide.policy import Mode, PolicySet, load_policies
from goldseam.model.errors import GoldseamError, Stale
from goldseam.model.resource import Resource
from goldseam.model.values import Unknown, Value, same
from goldseam.proving.cases import ExampleCase, settings_in, values_of
from goldseam.proving.ground import CannotPlace, Ground, NothingAsked, PlacedExample
from goldseam.proving.memory import Faults, MemoryGround
from goldseam.proving.repairing import CallWatch, Work, prepared
from goldseam.repair.plan import Plan

_NOON: Final = datetime(2030, 1, 7, 12, tzinfo=UTC)


def unknown(case: ExampleCase, ground: Ground, placed: PlacedExample, facet: str, policies: PolicySet) -> str:
    """Law 5: a facet that cannot be read makes the verdict unknown, and no decision more than `ask`.

    Where a facet says itself which of its parts are unknown, what is wrong by the others may be said, and never a pass.
    """
    control, seen = case.control, ground.denied(placed, facet)
    finding = evaluate(seen, [control], settings_in(placed, control))[0]
    if not isinstance(seen.facets.get(facet), Unknown):
        if not placed.kind.facet(facet).in_parts:
            return f"{facet} was refused, and reads as if it were known"
        if same(seen.facets[facet], ground.now(placed).facets[facet]):
            raise NothingAsked(f"no part of {facet} takes a call there")
        return f"{facet} was refused, and the verdict is `pass`" if finding.status is Status.PASS else ""
    if finding.status is not Status.UNKNOWN:
        return f"{facet} is unknown, and the verdict is `{finding.status}`"
    decision = decide(finding, control, seen, favourable(control), policies, Circumstances(_NOON))
    if decision.mode.rank > Mode.ASK.rank:
        return f"{facet} is unknown, and the decision is `{decision.mode}`"
    return ""


def favourable(control: Control) -> list[Fact]:
    """Facts that show that nothing would be disrupted and no code manages it: whatever holds back, it is not these."""
    wanted = {**control.disruption.unless, MANAGED_BY: ""}
    return [Fact(name, value, ("as the proof has it",)) for name, value in wanted.items()]


def eager(catalog: Catalog) -> PolicySet:
    """The policy that lets goldseam repair whatever it can by itself."""
    lines = ["version: 2", "policies:", "  - name: eager", "    controls:"]
    lines += [f"      - {control.id}" for control in catalog.controls]
    lines += ["    when:", '      - "resource.id == resource.id"', "    mode: auto"]
    return load_policies("\n".join(lines) + "\n", "eager.yaml", catalog)


def stale(control: Control, work: Work) -> str:
    """Law 7: when what the plan rests on moved, execution stops before the first call. Each facet in turn."""
    ground, placed = work.ground, work.placed
    before = ground.now(placed)
    plan = work.plan([control], before)
    moved = 0
    for facet in sorted(plan.witness):
        value = _another(work, plan, facet, before)
        if value is None:
            continue
        try:
            ground.meddle(placed, facet, value)
        except CannotPlace:
            continue
        moved += 1
        if problem := _stopped(work, plan, facet):
            return problem
        ground.meddle(placed, facet, before.facets[facet])
    if not moved:
        raise CannotPlace("no one else can change what the plan rests on there")
    return ""


def _stopped(work: Work, plan: Plan, facet: str) -> str:
    watch = CallWatch(work.ground, work.placed)
    try:
        work.execute(plan, watch)
    except Stale:
        return f"{len(watch.sent)} calls were made before it was noticed that {facet} moved" if watch.sent else ""
    except GoldseamError as error:
        return f"{facet} moved, and execution ended otherwise: {type(error).__name__}"
    return f"{facet} moved, and the plan was executed all the same"


def _another(work: Work, plan: Plan, facet: str, before: Resource) -> Value | None:
    """Some other value that the facet may have: of another example, else the one that the plan makes."""
    now = before.facets[facet]
    planned = [change.after for change in plan.changes if change.facet == facet]
    candidates = [*planned, *values_of(work.controls, facet)]
    return next((value for value in candidates if not same(value, now)), None)


def interrupted(case: ExampleCase, ground: MemoryGround) -> str:
    """Law 2 when a call fails: whatever was done before it is taken back, and the resource reads as before."""
    calls, at = 1, 1
    while at <= calls:
        work = prepared(case, ground)
        before = ground.now(work.placed)
        plan = work.plan([case.control], before)
        calls = len(plan.calls)
        problem = _half_done(work, plan, ground, at) if plan.reversible else ""
        if problem or not _unchanged(before, ground.now(work.placed), plan):
            return problem or f"call {at} of {calls} failed, and what was done before it was not taken back"
        at += 1
    return ""


def _half_done(work: Work, plan: Plan, ground: MemoryGround, at: int) -> str:
    whole, ground.faults = ground.faults, replace(ground.faults, fails=at)
    try:
        work.execute(plan, CallWatch(ground, work.placed))
    except GoldseamError as error:
        return f"call {at} failed, and that was not dealt with: {type(error).__name__}"
    finally:
        ground.faults = whole
    return ""


def _unchanged(before: Resource, now: Resource, plan: Plan) -> bool:
    return not plan.reversible or all(same(before.facets[name], now.facets[name]) for name in before.facets)


def disbelieved(case: ExampleCase, ground: MemoryGround) -> str:
    """Law 1 when the cloud lies: a plan whose last call was answered and not done is not called verified."""
    work = prepared(case, ground)
    plan = work.plan([case.control], ground.now(work.placed))
    whole, lies = ground.faults, frozenset(call.operation for call in plan.calls)
    ground.faults = Faults(lies=lies)
    try:
        work.execute(plan, CallWatch(ground, work.placed))
        return "" if work.verified(plan) else "nothing was done, and it was called verified"
    finally:
        ground.faults = whole


def late(case: ExampleCase, ground: MemoryGround) -> str:
    """Law 1 when reading lags behind writing: the repair is still seen to have worked."""
    work = prepared(case, ground)
    plan = work.plan([case.control], ground.now(work.placed))
    whole, ground.faults = ground.faults, replace(ground.faults, lag=2)
    try:
        work.execute(plan, CallWatch(ground, work.placed))
        return work.verified(plan)
    finally:
        ground.faults = whole
