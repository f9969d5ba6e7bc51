"""One plan carried out, and what is stored of its resource afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from goldseam.model.errors import CloudError, ResourceGone
from goldseam.repair.authorize import Leave
from goldseam.repair.execute import Repair, repair
from goldseam.repair.plan import Plan
from goldseam.service.context import ServiceContext
from goldseam.service.keys import Source, key_source
from goldseam.service.readings import Proposal, fresh_look


@dataclass(frozen=True, slots=True)
class Done:
    """A repair that ended, with its plan."""

    plan: Plan
    repair: Repair


def carried_out(
    context: ServiceContext, proposal: Proposal, source: Source, by: str, *, emergency: bool = False
) -> Done:
    """Execute a plan under the decisions on it, and store what its resource is like then.

    Raises UsageError for a key source that is not set up, and what `repair.execute.repair` raises.
    """
    plan = proposal.plan
    assert plan is not None
    leave = Leave(by, proposal.decisions, key_source(context, source), emergency=emergency)
    with context.interruption.under_way(plan) as ended:
        done = repair(plan, leave, context.doors(context.account), context.home.signer)
        ended(done.state)
    remember(context, plan)
    return Done(plan, done)


def remember(context: ServiceContext, plan: Plan) -> None:
    """Store the resource and its facts as they read now, so that findings are right without another scan."""
    if context.interruption.signal:
        return
    scans = context.home.scans
    known = scans.scans()
    if not known:
        return
    try:
        seen = fresh_look(context, plan.ref, context.standing())
    except (CloudError, ResourceGone) as error:
        context.notify(
            f"goldseam: the repair is recorded, but `findings` shows {plan.ref.address} as before it: {error}"
        )
        return
    scans.update(str(known[0]["id"]), seen)
