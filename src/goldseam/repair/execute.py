"""Stages 6 to 9 on one plan: leave, execution, proof and record."""

from __future__ import annotations

from dataclasses import dataclass, field

from goldseam.audit.record import CheckpointSigner, checkpoint
from goldseam.model.errors import HomeError
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json, plain
from goldseam.ports import Entry, Receipt
from goldseam.repair.apply import Applied, Doors, State, apply, facets_of, record_outcome, take_back
from goldseam.repair.authorize import Grant, Leave, authorize
from goldseam.repair.claim import Claim
from goldseam.repair.plan import Plan
from goldseam.repair.verify import Verification, VerificationResult, verify


@dataclass(frozen=True, slots=True)
class Repair:
    """What became of a plan: `verified`, `pending`, `undone`, `conflict`, or `open` where `goldseam resume` goes on.

    `before` and `after` are whole fresh readings; `entries` all that the ledger says about the plan.
    """

    plan: str
    state: str
    because: str
    before: Resource
    after: Resource | None
    receipts: tuple[Receipt, ...]
    entries: tuple[Entry, ...] = field(repr=False)

    def to_json(self) -> dict[str, Json]:
        """The repair as a JSON object."""
        return {
            "plan": self.plan,
            "state": self.state,
            "because": self.because,
            "before": plain(self.before.facets),
            "after": plain(self.after.facets) if self.after else None,
            "requests": [receipt.request_id for receipt in self.receipts],
            "entries": [entry.seq for entry in self.entries],
        }


def lock_of(ref: Ref) -> str:
    """The name of the lock that keeps two repairs of one resource apart: by cloud, account and address."""
    return f"resource {ref.kind.partition('.')[0]} {ref.account} {ref.address}"


def repair(plan: Plan, leave: Leave, doors: Doors, signer: CheckpointSigner) -> Repair:
    """Execute a plan from approval to a verdict.

    Steps: 1. keep others off this plan and its resource; 2. checks, claim and key; 3. apply; 4. verify; 5. take back
    what did not work; 6. record the image after and the outcome; 7. sign the ledger up to here.

    Raises what `authorize` and `apply` raise, and HomeLocked.
    """
    kind = doors.catalog.kind(plan.ref.kind)
    # 1. one at a time
    with doors.locks.hold(f"plan {plan.id}"), doors.locks.hold(lock_of(plan.ref)):
        # 2. leave, claim and key
        grant = authorize(plan, leave, kind, doors.ledger, doors.clock)
        # 3. the calls
        applied = apply(plan, grant, doors)
        try:
            return _ended(applied, grant, doors, signer)
        except HomeError as error:
            msg = f"{error}; then run `goldseam resume`, since plan `{plan.id}` is not on record as ended"
            raise type(error)(msg) from error


def _ended(applied: Applied, grant: Grant, doors: Doors, signer: CheckpointSigner) -> Repair:
    plan, state, because, after = applied.plan, str(applied.state), applied.because, applied.after
    if applied.state is State.DONE:
        # 4. proof
        seen = proven(plan, doors)
        state, because, after = str(seen.state), seen.because, seen.after
        if seen.state is VerificationResult.FAILED:
            # 5. back
            applied = take_back(applied, grant, doors, f"it did not work: {because}")
            state, because, after = str(applied.state), applied.because, applied.after
        else:
            # 6. for the record
            conclude(grant.claim, plan, seen)
    # 7. sealed
    entries = tuple(doors.ledger.entries(plan=plan.id))
    checkpoint(doors.ledger, entries[-1], signer)
    return Repair(plan.id, state, because, applied.before, after, applied.results, entries)


def proven(plan: Plan, doors: Doors) -> Verification:
    """What fresh readings show of an executed plan."""
    return verify(plan, doors.catalog, doors.reader, facets_of(plan, doors.catalog), doors.clock)


def conclude(claim: Claim, plan: Plan, seen: Verification) -> None:
    """Record a fresh image and the outcome of a plan that verified, or that waits for something."""
    if seen.after is not None:
        claim.append("after", {"facets": plain(seen.after.facets)})
    record_outcome(claim, plan.ref, seen.state, seen.because, seen.waits)
