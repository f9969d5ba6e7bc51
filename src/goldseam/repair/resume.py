"""What a crash left, ended: verified, undone, or reported as a conflict (law 8).

The ledger tells what was meant, a fresh reading what came of it. A reading that is a state of the plan's own is
finished or taken back; any other is somebody else's and is left alone.

The process that was at it may still live. So recovery raises the epoch first: the other can write no intent any more,
and sends nothing without one. What it was about to send when the epoch was raised can arrive until its key has expired:
nothing is written before that, and no reading is final while a call may still arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from goldseam.audit.record import CheckpointSigner, checkpoint
from goldseam.control import Kind
from goldseam.model.errors import ClaimLost, CloudError, HomeLocked, LedgerBroken, PlanRefused, Refused, ResourceGone
from goldseam.model.values import same
from goldseam.ports import Entry, KeySource, Ledger
from goldseam.repair.apply import Doors, facets_of, record_after, record_outcome
from goldseam.repair.authorize import Leave, recoveries
from goldseam.repair.claim import (
    CLOCK_SKEW,
    ENDED,
    LONGEST_GRANT,
    Claim,
    current_epoch,
    epoch_of,
    executed_plan,
    followed,
    keys_valid_until,
    latest_outcomes,
    may_still_be_sent,
    outcome_of,
    take_over,
    verified_claims,
)
from goldseam.repair.execute import conclude, proven, repair
from goldseam.repair.plan import Plan, Purpose, image_path, own_values, place_of
from goldseam.repair.propose import reversal
from goldseam.repair.readback import Image, settled
from goldseam.repair.verify import VerificationResult, verify

_ONCE: Final = (0.0,)
_STEP: Final = 30.0
"""Seconds between two reports while a key is waited for."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """What became of a repair that had not ended.

    `state` is `verified`, `undone`, `conflict`, `pending`, `running` where another process is at it, or `open` where
    something is missing that `because` names. `recovery` is the plan that took it back, if one had to; `until` the time
    (UTC, ISO 8601) after which it can go on, where only a key of its own has to expire first.
    """

    plan: str
    state: str
    because: str
    recovery: str = ""
    until: str = ""


def _forget(plan: Plan) -> None:
    del plan


@dataclass(frozen=True, slots=True)
class _Means:
    """What repairs are ended with; see `resume`."""

    source: KeySource | None
    signer: CheckpointSigner
    by: str
    keep: Callable[[Plan], None] = _forget


@dataclass(frozen=True, slots=True)
class _Case:
    """A plan without an end, and what to end it with; keys requested up to the entry `waited` were waited out."""

    plan: Plan
    kind: Kind
    doors: Doors
    means: _Means
    waited: int = 0

    @property
    def ledger(self) -> Ledger:
        """Where it is recorded."""
        return self.doors.ledger

    @property
    def attempts(self) -> tuple[str, ...]:
        """The plan and its recoveries: whatever had a key to change the resource for it."""
        return (self.plan.id, *(back.id for back in recoveries(self.ledger, self.plan.id)))

    def keys_valid(self) -> datetime | None:
        """Until when an old key may still be used; None when none can."""
        until = keys_valid_until(self.ledger, self.attempts, self.waited)
        return None if until is None or until <= self.doors.clock.now() else until

    def arrives_until(self) -> datetime | None:
        """Until when a call that was meant before may still arrive; None when none can."""
        return self.keys_valid() if may_still_be_sent(self.ledger, self.attempts) else None

    def unrecorded_until(self, began: Entry) -> datetime | None:
        """On a broken ledger, until when a key may last whose record is missing; None when none can."""
        until = datetime.fromisoformat(began.at) + LONGEST_GRANT + CLOCK_SKEW
        return until if began.seq > self.waited and until > self.doors.clock.now() else None


def unfinished(ledger: Ledger) -> tuple[Entry, ...]:
    """The claims of repairs that have no final outcome, oldest first; recoveries are part of what they recover."""
    states = latest_outcomes(ledger)
    return tuple(
        claim
        for claim in verified_claims(ledger)
        if claim.body["purpose"] != Purpose.RECOVERY and states.get(claim.body["plan"], "") not in ENDED
    )


def resume(
    doors: Doors,
    source: KeySource | None,
    signer: CheckpointSigner,
    by: str,
    *,
    keep: Callable[[Plan], None] = _forget,
    waiting: Callable[[datetime], None] | None = None,
) -> tuple[Resumed, ...]:
    """End every repair that has not ended, and sign the ledger.

    `source` gives the keys for taking back what is half done; without one that stays open, and says so. `keep` receives
    each recovery before its key is requested, so that it can be approved. With `waiting`, keys of earlier attempts are
    waited for; it is told until when, every half minute.

    Raises HomeError.
    """
    means, newest = _Means(source, signer, by, keep), _newest_key(doors.ledger)
    claims = {claim.body["plan"]: claim for claim in unfinished(doors.ledger)}
    ended = {plan: _resumed(claim, doors, means) for plan, claim in claims.items()}
    late = [item for item in ended.values() if item.until]
    if late and waiting is not None:
        _wait(doors, max(datetime.fromisoformat(item.until) for item in late), waiting)
        ended |= {item.plan: _resumed(claims[item.plan], doors, means, newest) for item in late}
    _seal(doors.ledger, means.signer)
    return tuple(ended.values())


def _newest_key(ledger: Ledger) -> int:
    """The number of the newest entry about a key: what comes after it is not waited for."""
    return max((entry.seq for kind in ("request", "grant") for entry in ledger.entries(kind=kind)), default=0)


def _wait(doors: Doors, until: datetime, waiting: Callable[[datetime], None]) -> None:
    """Wait by the clock, and not longer than any key lasts: whatever the wall clock says then, it has expired."""
    left = min(until - doors.clock.now(), LONGEST_GRANT + CLOCK_SKEW).total_seconds()
    while left > 0:
        waiting(until)
        doors.clock.sleep(min(left, _STEP))
        left -= _STEP


def closed_by_looking(doors: Doors, signer: CheckpointSigner, account: str) -> tuple[Resumed, ...]:
    """Look once at each repair of an account that waits, and close those for which what they waited for has come.

    It takes no key. What did not come out as planned is left `pending` for `resume`, which can take it back; it is
    answered as `open`. Raises HomeError.
    """
    waiting = [
        claim
        for claim in unfinished(doors.ledger)
        if claim.body["ref"]["account"] == account and outcome_of(doors.ledger, claim.body["plan"]) == "pending"
    ]
    looked = tuple(_looked_at(claim, doors, _Means(None, signer, "scan")) for claim in waiting)
    if any(item.state == "verified" for item in looked):
        _seal(doors.ledger, signer)
    return looked


def _looked_at(claim: Entry, doors: Doors, means: _Means) -> Resumed:
    plan = executed_plan(doors.ledger, claim.body["plan"])
    case = _Case(plan, doors.catalog.kind(plan.ref.kind), doors, means)
    try:
        with doors.locks.hold(f"plan {plan.id}"):
            if outcome_of(doors.ledger, plan.id) != "pending":
                return Resumed(plan.id, outcome_of(doors.ledger, plan.id), "it ended meanwhile")
            began = current_epoch(doors.ledger, plan.id)
            seen = _pending(case, began) if began is not None else None
            return seen or Resumed(plan.id, "open", "it did not come out as planned; run `goldseam resume`")
    except (HomeLocked, ClaimLost) as error:
        return Resumed(plan.id, "running", str(error))
    except (CloudError, ResourceGone) as error:
        return Resumed(plan.id, "open", f"{error}; then run `goldseam resume`")


def _seal(ledger: Ledger, signer: CheckpointSigner) -> None:
    """Sign the ledger up to its newest outcome, unless that is signed."""
    signed = max((entry.body["seq"] for entry in ledger.verified(kind="checkpoint")), default=0)
    outcomes = tuple(ledger.entries(kind="outcome"))
    if outcomes and outcomes[-1].seq > signed:
        checkpoint(ledger, outcomes[-1], signer)


def _resumed(claim: Entry, doors: Doors, means: _Means, waited: int = 0) -> Resumed:
    plan = executed_plan(doors.ledger, claim.body["plan"])
    case = _Case(plan, doors.catalog.kind(plan.ref.kind), doors, means, waited)
    try:
        with doors.locks.hold(f"plan {plan.id}"):
            return _ended(case)
    except (HomeLocked, ClaimLost) as error:
        return Resumed(plan.id, "running", str(error))
    except (Refused, CloudError, ResourceGone) as error:
        return Resumed(plan.id, "open", f"{error}; then run `goldseam resume` again")


def _ended(case: _Case) -> Resumed:
    """End one repair.

    Steps: 1. whether it ended meanwhile; 2. a repair that waits is looked at; 3. raise the epoch, of its recoveries
    too; 4. a broken ledger may lack intents: only readings count; 5. nothing was sent: it ends; 6. a call may still
    arrive: nothing is final; 7. read, and close or take back.
    """
    plan, ledger = case.plan, case.ledger
    # 1. meanwhile
    began, state = current_epoch(ledger, plan.id), outcome_of(ledger, plan.id)
    if state in ENDED or began is None:
        return Resumed(plan.id, state or "undone", "it ended meanwhile")
    # 2. what waits
    if state == "pending" and (seen := _pending(case, began)) is not None:
        return seen
    # 3. epoch; an earlier `resume` raised it before, as long as only time is missing
    if began.kind == "takeover" and (until := case.arrives_until()):
        return _too_early(case, until)
    claim, backs = _taken_over(case)
    # 4. what a broken ledger may lack
    ended = _by_journal(case, claim, state) if _is_whole(ledger) else _without_journal(case, claim, began)
    if ended.state in ENDED:
        _close_recoveries(case, backs)
    return ended


def _taken_over(case: _Case) -> tuple[Claim, list[tuple[Plan, Claim]]]:
    """The claim of the plan, then of each recovery of it that has not ended, under epochs of this process."""
    claim = take_over(case.ledger, case.plan.id, case.means.by)
    left = [back for back in recoveries(case.ledger, case.plan.id) if outcome_of(case.ledger, back.id) not in ENDED]
    return claim, [(back, take_over(case.ledger, back.id, case.means.by)) for back in left]


def _too_early(case: _Case, until: datetime, recovery: str = "") -> Resumed:
    """Left open while a key of an earlier attempt lasts."""
    shown = until + timedelta(seconds=59)
    told = (
        f"the key given to it is valid until {shown:%H:%M} UTC;"
        " run `goldseam resume` after that, or `goldseam resume --wait`"
    )
    return Resumed(case.plan.id, "open", told, recovery, until.isoformat())


def _is_whole(ledger: Ledger) -> bool:
    try:
        ledger.require_whole()
    except LedgerBroken:
        return False
    return True


def _without_journal(case: _Case, claim: Claim, began: Entry) -> Resumed:
    """Step 4: end a plan whose claim verifies by readings only, once no key can last whose record may be missing."""
    if until := case.unrecorded_until(began):
        return _too_early(case, until)
    seen = proven(case.plan, case.doors)
    if seen.state is VerificationResult.VERIFIED:
        conclude(claim, case.plan, seen)
        return Resumed(case.plan.id, str(seen.state), seen.because)
    return _by_reading(case, claim, ())


def _pending(case: _Case, began: Entry) -> Resumed | None:
    """Look once whether what was waited for has come; None where it came out otherwise. Nothing is waited for here."""
    plan, doors = case.plan, case.doors
    seen = verify(plan, doors.catalog, doors.reader, facets_of(plan, doors.catalog), doors.clock, _ONCE)
    if seen.state is VerificationResult.PENDING:
        return Resumed(plan.id, "pending", seen.because)
    if seen.state is VerificationResult.VERIFIED:
        conclude(Claim(plan.id, epoch_of(began), case.ledger), plan, seen)
        return Resumed(plan.id, "verified", seen.because)
    return None


def _by_journal(case: _Case, claim: Claim, state: str) -> Resumed:
    """Steps 5 to 7: verified where all calls that were meant were done, else by the state that is read."""
    steps = [entry.body for entry in case.ledger.entries(kind="intent", plan=case.plan.id)]
    # 5. nothing was sent
    if not steps:
        return _closed(case, claim, "undone", "it was stopped before the first call")
    # 6. what may still arrive
    if until := case.arrives_until():
        return _too_early(case, until)
    # 7. reading
    path = image_path(case.plan, case.kind)
    if state == "pending":
        return _by_reading(case, claim, path[-1:])
    forward = [step for step in steps if not step["undo"]]
    taken_back = len(forward) < len(steps) or bool(recoveries(case.ledger, case.plan.id))
    if taken_back:
        return _by_reading(case, claim, ())
    if len(forward) == len(case.plan.calls):
        seen = proven(case.plan, case.doors)
        if seen.state is not VerificationResult.FAILED:
            conclude(claim, case.plan, seen)
            return Resumed(case.plan.id, str(seen.state), seen.because)
    answered = len(list(case.ledger.entries(kind="result", plan=case.plan.id))) == len(forward)
    return _by_reading(case, claim, path[len(forward) - (not answered) : len(forward) + 1])


def _by_reading(case: _Case, claim: Claim, expected: Sequence[Image]) -> Resumed:
    """End a plan by the state that its resource is in; what is awaited are the states that the journal promises."""
    now = settled(case.plan, case.doors.reader, case.doors.clock, expected)
    if now is None:
        told = f"{case.plan.ref} cannot be read; see to that, and run `goldseam resume` again"
        return Resumed(case.plan.id, "open", told)
    if same(now, image_path(case.plan, case.kind)[0]):
        if until := case.keys_valid():
            return _too_early(case, until)
        return _closed(case, claim, "undone", "a fresh reading shows the resource as it was before")
    if not _is_own(case, now):
        told = f"{case.plan.ref} is in a state that is not the plan's own: look at it, and mend it by hand"
        return _closed(case, claim, "conflict", told)
    return _taken_back(case, claim)


def _is_own(case: _Case, now: Image) -> bool:
    """Whether each facet has a value that the plan, its undo or an earlier recovery of it can have left."""
    own = own_values(case.plan, case.kind, recoveries(case.ledger, case.plan.id))
    return all(place_of(value, own[name]) is not None for name, value in now.items())


def _taken_back(case: _Case, claim: Claim) -> Resumed:
    """Bring a half-done plan back to where it began, by a plan of its own under a key of its own."""
    plan, doors = case.plan, case.doors
    now = doors.reader.read(plan.ref, facets_of(plan, doors.catalog))
    try:
        back = reversal(
            plan, now, case.kind, Purpose.RECOVERY, followed(doors.ledger, plan.ref), doors.rules(plan.ref.kind)
        )
    except PlanRefused as error:
        return _closed(case, claim, "conflict", f"it is half done and cannot be taken back: {error}")
    case.means.keep(back)
    if until := case.keys_valid():
        return _too_early(case, until, back.id)
    if case.means.source is None:
        told = f"it is half done, and taking it back needs a key: name a source to `goldseam resume` ({plan.ref})"
        return Resumed(plan.id, "open", told, back.id)
    return _recovered(case, claim, back, case.means.source)


def _recovered(case: _Case, claim: Claim, back: Plan, source: KeySource) -> Resumed:
    leave = Leave(case.means.by, (), source, recovers=claim)
    try:
        done = repair(back, leave, case.doors, case.means.signer)
    except Refused as error:
        return Resumed(case.plan.id, "open", f"{error}; then run `goldseam resume` again", back.id)
    if done.state != "verified":
        return Resumed(case.plan.id, "open", done.because, back.id)
    _closed(case, claim, "undone", f"it was half done; taken back by plan `{back.id}`")
    return Resumed(case.plan.id, "undone", f"it was half done; taken back by plan `{back.id}`", back.id)


def _closed(case: _Case, claim: Claim, state: str, because: str) -> Resumed:
    record_after(claim, case.doors, case.plan)
    record_outcome(claim, case.plan.ref, state, because)
    return Resumed(case.plan.id, state, because)


def _close_recoveries(case: _Case, backs: Sequence[tuple[Plan, Claim]]) -> None:
    """Record of recoveries that a crash cut short what a fresh reading shows, now that what they were for has ended."""
    for back, claim in backs:
        told = f"it was cut short; plan `{case.plan.id}` has ended since"
        record_outcome(claim, back.ref, _reached(case, back), told)


def _reached(case: _Case, back: Plan) -> str:
    path = image_path(back, case.kind)
    now = settled(back, case.doors.reader, case.doors.clock, [path[-1]])
    if now is not None and same(now, path[-1]):
        return "verified"
    return "undone" if now is not None and same(now, path[0]) else "conflict"
