"""Emergency rollbacks: one authorized person takes a repair back at once, and somebody else reviews it afterwards.

An outage must not wait for a second approver. The wait is all that an emergency skips: the rollback still takes back
the whole plan, on a resource that has not changed since, within a day, and never touches what is exempt. It stays open
on record until another person has reviewed it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from goldseam.model.errors import NotApproved, UnknownName, UsageError
from goldseam.ports import Entry, Ledger
from goldseam.repair.claim import executed_plan, outcome_of
from goldseam.repair.plan import Plan, Purpose

LONGEST: Final = timedelta(hours=24)
"""How long after a repair it can be taken back as an emergency."""


def declare(ledger: Ledger, back: Plan, by: str, because: str) -> Entry:
    """Record that a person takes a repair back as an emergency, and why; raises UsageError without a reason."""
    if not because.strip():
        msg = "an emergency rollback needs a reason; add -m 'what is broken'"
        raise UsageError(msg)
    body = {"plan": back.id, "of": back.of, "ref": back.ref.to_json(), "by": by, "because": because}
    return ledger.append("emergency", body)


def review(ledger: Ledger, plan_id: str, by: str, comment: str) -> Entry:
    """Record that somebody else has reviewed an emergency; raises UnknownName, NotApproved for the same person."""
    waiting = {str(entry.body["plan"]): entry for entry in unreviewed(ledger)}
    if plan_id not in waiting:
        raise UnknownName("emergency rollback without a review", plan_id, waiting)
    if waiting[plan_id].body["by"] == by:
        msg = f"`{by}` made the emergency rollback `{plan_id}`; have somebody else review it"
        raise NotApproved(msg)
    return ledger.append("review", {"plan": plan_id, "by": by, "comment": comment})


def unreviewed(ledger: Ledger) -> tuple[Entry, ...]:
    """The emergencies that were carried out, or begun, and that nobody else has reviewed yet, oldest first."""
    made = {str(entry.body["plan"]): entry for entry in ledger.entries(kind="emergency")}
    for entry in ledger.verified(kind="review"):
        held = made.get(str(entry.body["plan"]))
        if held is not None and held.body["by"] != entry.body["by"] and held.seq < entry.seq:
            del made[str(entry.body["plan"])]
    return tuple(made.values())


def check_emergency(plan: Plan, by: str, ledger: Ledger, now: datetime) -> None:
    """Raise NotApproved unless a rollback is an emergency of this person: on record, whole, and not too late."""
    declared = [entry for entry in ledger.verified(kind="emergency", plan=plan.id) if entry.body["by"] == by]
    if plan.purpose is not Purpose.ROLLBACK or not declared:
        msg = f"plan `{plan.id}` is no emergency of `{by}`; run `goldseam rollback {plan.of} --emergency -m 'why'`"
        raise NotApproved(msg)
    executed = executed_plan(ledger, plan.of)
    if {change.facet for change in plan.changes} != {change.facet for change in executed.changes}:
        msg = f"plan `{plan.id}` takes back a part of `{plan.of}`; an emergency takes back the whole of it"
        raise NotApproved(msg)
    ended = [datetime.fromisoformat(entry.at) for entry in ledger.verified(kind="outcome", plan=plan.of)]
    if not ended or now - ended[0] > LONGEST:
        state = outcome_of(ledger, plan.of) or "has not ended"
        msg = (
            f"plan `{plan.of}` ({state}) was carried out more than 24 hours ago; an emergency is only possible within "
            f"a day: have the rollback approved with `goldseam approve {plan.id}`"
        )
        raise NotApproved(msg)
