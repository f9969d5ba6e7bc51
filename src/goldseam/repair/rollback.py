"""Taking a repair back: another plan, which goes through the same stages.

It is refused when the object changed since the repair: who took it back then would take somebody else's change with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from goldseam.model.errors import PlanRefused, RollbackRefused
from goldseam.model.resource import Resource
from goldseam.model.values import ABSENT, Json, Unknown, Value, plain, restored, same
from goldseam.ports import Ledger
from goldseam.repair.apply import Doors, facets_of
from goldseam.repair.claim import executed_plan, followed, outcome_of
from goldseam.repair.plan import Plan, Purpose
from goldseam.repair.propose import reversal


@dataclass(frozen=True, slots=True)
class ThreeWay:
    """One facet before a repair, after it, and now."""

    facet: str
    before: Value
    after: Value | Unknown
    now: Value | Unknown

    @property
    def moved(self) -> bool:
        """Whether somebody changed it since the repair."""
        return not same(self.after, self.now)

    def to_json(self) -> dict[str, Json]:
        """The three states as a JSON object."""
        return {"before": plain(self.before), "after": plain(self.after), "now": plain(self.now), "moved": self.moved}


def plan_rollback(plan_id: str, doors: Doors) -> Plan:
    """The plan that takes an executed one back, with what that opens again.

    Raises UnknownName, ResourceGone, and RollbackRefused with the three states of every facet that the plan changed.
    """
    plan = executed_plan(doors.ledger, plan_id)
    _check_executed(plan, doors.ledger)
    now = doors.reader.read(plan.ref, facets_of(plan, doors.catalog))
    _check_unmoved(plan, three_way(plan, doors.ledger, now))
    kind = doors.catalog.kind(plan.ref.kind)
    try:
        return reversal(plan, now, kind, Purpose.ROLLBACK, followed(doors.ledger, plan.ref), doors.rules(plan.ref.kind))
    except PlanRefused as error:
        msg = f"plan `{plan_id}` cannot be taken back: {error}"
        raise RollbackRefused(msg) from error


def three_way(plan: Plan, ledger: Ledger, now: Resource) -> tuple[ThreeWay, ...]:
    """The facets that a plan changed: before it, after it as the ledger has them, and now."""
    after: Mapping[str, Json] = {}
    ended = max((entry.seq for entry in ledger.verified(kind="outcome", plan=plan.id)), default=0)
    for entry in ledger.verified(kind="after", plan=plan.id):
        if entry.seq < ended:  # an outcome is signed as it is written: an image added behind the last is a forgery
            after = entry.body["facets"]
    missing = plain(Unknown("it is not in the ledger"))
    return tuple(
        ThreeWay(
            change.facet,
            change.before,
            restored(after.get(change.facet, missing)),
            now.facets.get(change.facet, ABSENT),
        )
        for change in plan.changes
    )


def _check_executed(plan: Plan, ledger: Ledger) -> None:
    for claim in ledger.entries(kind="repair"):
        if claim.body.get("of") == plan.id and outcome_of(ledger, claim.body["plan"]) == "verified":
            msg = f"plan `{plan.id}` was taken back already, by `{claim.body['plan']}`"
            raise RollbackRefused(msg)
    state = outcome_of(ledger, plan.id)
    if state not in ("verified", "pending"):
        told = f"ended as `{state}`" if state else "has not ended; run `goldseam resume` first"
        msg = f"there is nothing to take back: plan `{plan.id}` {told}"
        raise RollbackRefused(msg)


def _check_unmoved(plan: Plan, views: tuple[ThreeWay, ...]) -> None:
    if moved := [view.facet for view in views if view.moved]:
        names = ", ".join(moved)
        msg = (
            f"the {names} of {plan.ref} changed since plan `{plan.id}`; look at before, after and now, and mend by hand"
        )
        raise RollbackRefused(msg, {view.facet: view.to_json() for view in views})
