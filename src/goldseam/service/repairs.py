"""Repairs: plans carried out, automatically or by a person's leave, and what a crash left finished."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from goldseam.assess.evaluate import Status
from goldseam.decide.policy import Mode
from goldseam.model.errors import CloudError, HomeLocked, Refused, ResourceGone, UsageError
from goldseam.model.resource import Ref
from goldseam.model.values import Json
from goldseam.ports import KeySource
from goldseam.repair.resume import Resumed, unfinished
from goldseam.repair.resume import resume as end_unfinished
from goldseam.service.context import ServiceContext
from goldseam.service.execution import Done, carried_out, remember
from goldseam.service.keys import Source, key_source
from goldseam.service.readings import Proposal, decided, fresh_look, proposed
from goldseam.service.rights import Right, needs
from goldseam.service.views import RepairView, repair_view

NOT_CARRIED_OUT: Final = (Refused, ResourceGone, CloudError, HomeLocked)
"""What ends one repair of many, and not the others."""


@needs(Right.PLAN)
def ready(context: ServiceContext, plan_id: str) -> Proposal:
    """A plan with the decisions on its findings as they are now, to be shown before it is applied.

    Raises UnknownName, ResourceGone, CloudError.
    """
    return decided(context, context.home.plans.get(plan_id).plan)


@needs(Right.REPAIR)
def apply(context: ServiceContext, plan_id: str, source: Source) -> Done:
    """Carry a plan out under the decisions of a reading made now; what was decided when it was made is not used.

    Raises UnknownName, UsageError, and what `repair.execute` raises.
    """
    proposal = decided(context, context.home.plans.get(plan_id).plan)
    return carried_out(context, proposal, source, context.actor.name)


@needs(Right.READ)
def automatic(context: ServiceContext) -> tuple[Ref, ...]:
    """The resources with findings whose stored forecast is automatic; each is decided again before it is repaired."""
    kept = context.home.scans.findings(status=str(Status.FAIL))
    auto = (item.finding.ref for item in kept if item.decision is not None and item.decision.mode is Mode.AUTO)
    return tuple(dict.fromkeys(auto))


@needs(Right.REPAIR)
def apply_automatic(context: ServiceContext, ref: Ref, source: Source) -> Done | None:
    """Repair what is automatic on a resource, planned and decided on one reading made now; None where nothing is.

    Raises what `apply` raises, and PlanRefused.
    """
    standing = context.standing()
    seen = fresh_look(context, ref, standing)
    named = {decision.finding for decision in seen.decisions if decision.mode is Mode.AUTO}
    wanted = [context.catalog.control(item.control) for item in seen.findings if item.id in named]
    if not wanted:
        return None
    proposal = proposed(context, seen, wanted, standing)
    assert proposal.plan is not None
    context.home.plans.save([(proposal.plan, proposal.decisions)])
    return carried_out(context, proposal, source, "policy")


@needs(Right.REPAIR)
def resume(
    context: ServiceContext, source: Source, waiting: Callable[[datetime], None] | None = None
) -> tuple[Resumed, ...]:
    """End what has not ended; with `waiting` it waits for keys to expire, and reports until when."""
    home = context.home
    if not unfinished(home.ledger):
        return ()
    with context.interruption.under_way() as ended:
        done = end_unfinished(
            context.doors(context.account),
            _if_known(context, source),
            home.signer,
            context.actor.name,
            keep=lambda back: home.plans.save([(back, ())]),
            waiting=waiting,
        )
        for item in done:
            ended(f"{item.plan} {item.state}")
    for item in done:
        remember(context, home.plans.get(item.plan).plan)
    return tuple(done)


@needs(Right.READ)
def view(context: ServiceContext, done: Done) -> RepairView:
    """What became of a plan, for people."""
    return repair_view(done.repair, done.plan, context.masking)


@needs(Right.READ)
def document(context: ServiceContext, done: Done) -> Mapping[str, Json]:
    """What became of a plan, for programs."""
    return context.masking.repair(done.repair)


def _if_known(context: ServiceContext, source: Source) -> KeySource | None:
    """The key source, or none where none is set up: what needs no key is ended all the same."""
    try:
        return key_source(context, source)
    except UsageError as error:
        context.notify(f"goldseam: {error}")
        return None
