"""Approvals and rejections of plans, and reviews of emergency rollbacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from goldseam.audit.record import exported
from goldseam.model.errors import NotApproved
from goldseam.model.values import Json
from goldseam.ports import Entry
from goldseam.repair.approval import Approval
from goldseam.repair.approval import approve as record_approval
from goldseam.repair.approval import reject as record_rejection
from goldseam.repair.authorize import file_plan
from goldseam.repair.emergency import review as record_review
from goldseam.repair.emergency import unreviewed
from goldseam.repair.plan import Plan, Purpose
from goldseam.service.context import ServiceContext
from goldseam.service.rights import Right, needs


@dataclass(frozen=True, slots=True)
class Consent:
    """A person's yes to a plan; `signing_key` is the file of the key that signs it for a keyholder."""

    comment: str = ""
    groups: Sequence[str] = ()
    signing_key: Path | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """A person's yes or no on record; `takes_back` is the plan that the answered one takes back, empty for a repair."""

    plan: str
    by: str
    takes_back: str
    entry: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Emergency:
    """An emergency rollback that waits for a review by somebody else."""

    plan: str
    at: str
    by: str
    because: str
    entry: Mapping[str, Json]


@needs(Right.APPROVE)
def approve(context: ServiceContext, plan_id: str, consent: Consent) -> Answered:
    """Record a yes; raises UnknownName, PlanRefused, NotApproved where the yes would not count."""
    _check_known(context, "an approval", signed=consent.signing_key is not None)
    plan = _filed(context, plan_id)
    return _answered(context, plan, record_approval(context.home.ledger, approval_of(context, plan, consent)))


@needs(Right.APPROVE)
def reject(context: ServiceContext, plan_id: str, comment: str = "") -> Answered:
    """Record a no; the plan cannot be executed after that. Raises UnknownName, PlanRefused."""
    plan = _filed(context, plan_id)
    return _answered(context, plan, record_rejection(context.home.ledger, plan.id, context.actor.name, comment))


@needs(Right.READ)
def unreviewed_emergencies(context: ServiceContext) -> tuple[Emergency, ...]:
    """The emergency rollbacks that nobody else has reviewed yet, oldest first."""
    return tuple(
        Emergency(body["plan"], entry.at, body["by"], body["because"], _shown(context, entry))
        for entry in unreviewed(context.home.ledger)
        for body in (entry.body,)
    )


@needs(Right.REVIEW)
def review(context: ServiceContext, plan_id: str, comment: str) -> Answered:
    """Record a review of an emergency rollback; raises UnknownName, NotApproved for whoever made it."""
    _check_known(context, "a review", signed=False)
    entry = record_review(context.home.ledger, plan_id, context.actor.name, comment)
    return Answered(plan_id, str(entry.body["by"]), "", _shown(context, entry))


def approval_of(context: ServiceContext, plan: Plan, consent: Consent, *, emergency: bool = False) -> Approval:
    """The actor's yes to a plan, signed where a key is given; raises InvalidDocument, UsageError for a bad key."""
    now, by, groups = context.clock.now(), context.actor.name, tuple(consent.groups)
    if consent.signing_key is None:
        return Approval(plan.id, by, groups, now.isoformat(), consent.comment)
    from goldseam.keyholder.approval import signed_approval
    from goldseam.keyholder.identity import PrivateKey

    key = PrivateKey.load(consent.signing_key)
    signed = signed_approval(plan, by, key, now, groups=groups, comment=consent.comment, emergency=emergency)
    return Approval.from_json(signed)


def _check_known(context: ServiceContext, what: str, *, signed: bool) -> None:
    """Four eyes count people, not names: on a shared store somebody or a signature has to vouch for the name."""
    if context.shared and not context.actor.authenticated and not signed:
        msg = (
            f"{what} by `{context.actor.name}` does not count on a shared store, since nobody vouches for the name; "
            "sign it with --signing-key, or log in"
        )
        raise NotApproved(msg)


def _filed(context: ServiceContext, plan_id: str) -> Plan:
    """The plan, in the ledger with the decisions that led to it; raises UnknownName, PlanRefused."""
    filed = context.home.plans.get(plan_id)
    filed.plan.require_current()
    file_plan(context.home.ledger, filed.plan, filed.decisions)
    return filed.plan


def _answered(context: ServiceContext, plan: Plan, entry: Entry) -> Answered:
    takes_back = plan.of if plan.purpose is Purpose.ROLLBACK else ""
    return Answered(plan.id, context.actor.name, takes_back, _shown(context, entry))


def _shown(context: ServiceContext, entry: Entry) -> Mapping[str, Json]:
    shown: Mapping[str, Json] = orjson.loads(exported(entry, context.masking.entries(context.home)))
    return shown
