"""Rollbacks: repairs taken back by plans of their own, at once in an outage."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from goldseam.model.errors import UsageError
from goldseam.repair.approval import approve
from goldseam.repair.emergency import declare
from goldseam.repair.plan import Plan
from goldseam.repair.rollback import plan_rollback
from goldseam.service.approvals import Consent, approval_of
from goldseam.service.context import ServiceContext
from goldseam.service.execution import Done, carried_out
from goldseam.service.keys import Source
from goldseam.service.readings import Proposal, rollback_decisions
from goldseam.service.rights import Right, needs


@dataclass(frozen=True, slots=True)
class EmergencyRequest:
    """Why a repair is taken back without waiting for an approval, and the file of the key that signs it."""

    because: str
    signing_key: Path | None = None


@needs(Right.ROLL_BACK)
def prepare(context: ServiceContext, plan_id: str, emergency: EmergencyRequest | None = None) -> Proposal:
    """Make the plan that takes a repair back, with the decisions on it.

    Raises UsageError for an emergency without a reason, UnknownName, RollbackRefused, CloudError.
    """
    if emergency is not None and not emergency.because.strip():
        raise UsageError("an emergency rollback needs a reason; add -m 'what is broken'")
    back = plan_rollback(plan_id, context.doors(context.account))
    decisions = rollback_decisions(context, back)
    context.home.plans.save([(back, decisions)])
    return Proposal(back.ref, back, decisions)


@needs(Right.ROLL_BACK)
def roll_back(
    context: ServiceContext, prepared: Proposal, source: Source, emergency: EmergencyRequest | None = None
) -> Done:
    """Carry out a prepared rollback; an emergency waits for no approval, and somebody else reviews it afterwards.

    Raises what `repairs.apply` raises.
    """
    assert prepared.plan is not None
    if emergency is not None:
        _declare(context, prepared.plan, emergency)
    return carried_out(context, prepared, source, context.actor.name, emergency=emergency is not None)


def _declare(context: ServiceContext, back: Plan, emergency: EmergencyRequest) -> None:
    """Record the emergency, with the approval that a keyholder asks for where a key to sign it is given."""
    ledger = context.home.ledger
    declare(ledger, back, context.actor.name, emergency.because)
    if emergency.signing_key is not None:
        consent = Consent(emergency.because, (), emergency.signing_key)
        approve(ledger, approval_of(context, back, consent, emergency=True))
