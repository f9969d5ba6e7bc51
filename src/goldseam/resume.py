"""What a crash left, ended: verified, undone, or reported as a conflict (law 8).

The ledger tells what was meant, a fresh reading what came of it. A reading that is a state of the plan's own is
finished or taken back; any other is somebody else's and is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from goldseam.apply import (
    Doors,
    facets_of,
    followed,
    outcome_of,
    record_after,
    record_outcome,
)
from goldseam.control import Kind
from goldseam.errors import CloudError, HomeLocked, LedgerBroken, PlanRefused, Refused, ResourceGone
from goldseam.plan import Plan, Purpose, back_steps, image_path, place_of, reversal, values_along
from goldseam.ports import Entry, KeySource, Ledger
from goldseam.record import Signer, checkpoint
from goldseam.repair import Leave, conclude, proven, repair
from goldseam.rollback import executed_plan
from goldseam.settle import Image, settled
from goldseam.values import same
from goldseam.verify import Proof, verify

_ONCE: Final = (0.0,)


@dataclass(frozen=True, slots=True)
class Resumed:
    """What became of a repair that had not ended.

    `state` is `verified`, `undone`, `conflict`, `pending`, `running` where another process is at it, or `open` where
    something is missing that `because` names. `recovery` is the plan that took it back, if one had to.
    """

    plan: str
    state: str
    because: str
    recovery: str = ""


@dataclass(frozen=True, slots=True)
class _Case:
    """A plan without an end, and what to end it with."""

    plan: Plan
    kind: Kind
    doors: Doors
    source: KeySource | None
    signer: Signer
    by: str


def unfinished(ledger: Ledger) -> tuple[Entry, ...]:
    """The claims of repairs that have no final outcome, oldest first; recoveries are part of what they recover."""
    return tuple(
        claim
        for claim in ledger.verified(kind="repair")
        if claim.body["purpose"] != Purpose.RECOVERY and outcome_of(ledger, claim.body["plan"]) in ("", "pending")
    )


def resume(doors: Doors, source: KeySource | None, signer: Signer, by: str) -> tuple[Resumed, ...]:
    """End every repair that has not ended, and sign the ledger.

    `source` gives the keys for taking back what is half done; without one that stays open, and says so.

    Raises HomeError.
    """
    ended = tuple(_resumed(claim, doors, source, signer, by) for claim in unfinished(doors.ledger))
    _seal(doors.ledger, signer)
    return ended


def closed_by_looking(doors: Doors, signer: Signer, account: str) -> tuple[Resumed, ...]:
    """Look once at each repair of an account that waits, and close those for which what they waited for has come.

    It takes no key. What did not come out as planned is left `pending` for `resume`, which can take it back; it is
    answered as `open`. Raises HomeError.
    """
    waiting = [
        claim
        for claim in unfinished(doors.ledger)
        if claim.body["ref"]["account"] == account and outcome_of(doors.ledger, claim.body["plan"]) == "pending"
    ]
    looked = tuple(_looked_at(claim, doors, signer) for claim in waiting)
    if any(item.state == "verified" for item in looked):
        _seal(doors.ledger, signer)
    return looked


def _looked_at(claim: Entry, doors: Doors, signer: Signer) -> Resumed:
    plan = executed_plan(doors.ledger, claim.body["plan"])
    case = _Case(plan, doors.catalog.kind(plan.ref.kind), doors, None, signer, "scan")
    try:
        with doors.locks.hold(f"plan {plan.id}"):
            if outcome_of(doors.ledger, plan.id) != "pending":
                return Resumed(plan.id, outcome_of(doors.ledger, plan.id), "it ended meanwhile")
            return _pending(case) or Resumed(plan.id, "open", "it did not come out as planned; run `goldseam resume`")
    except HomeLocked as error:
        return Resumed(plan.id, "running", str(error))
    except (CloudError, ResourceGone) as error:
        return Resumed(plan.id, "open", f"{error}; then run `goldseam resume`")


def _seal(ledger: Ledger, signer: Signer) -> None:
    """Sign the ledger up to its newest outcome, unless that is signed."""
    signed = max((entry.body["seq"] for entry in ledger.verified(kind="checkpoint")), default=0)
    outcomes = tuple(ledger.entries(kind="outcome"))
    if outcomes and outcomes[-1].seq > signed:
        checkpoint(ledger, outcomes[-1], signer)


def _resumed(claim: Entry, doors: Doors, source: KeySource | None, signer: Signer, by: str) -> Resumed:
    plan = executed_plan(doors.ledger, claim.body["plan"])
    case = _Case(plan, doors.catalog.kind(plan.ref.kind), doors, source, signer, by)
    try:
        with doors.locks.hold(f"plan {plan.id}"):
            ended = _ended(case, outcome_of(doors.ledger, plan.id))
            if ended.state in ("verified", "undone", "conflict"):
                _close_recoveries(case)
            return ended
    except HomeLocked as error:
        return Resumed(plan.id, "running", str(error))
    except (Refused, CloudError, ResourceGone) as error:
        return Resumed(plan.id, "open", f"{error}; then run `goldseam resume` again")


def _ended(case: _Case, state: str) -> Resumed:
    if state not in ("", "pending"):
        return Resumed(case.plan.id, state, "it ended meanwhile")
    if state == "pending":
        return _pending(case) or _by_reading(case, [image_path(case.plan, case.kind)[-1]])
    if not _is_whole(case.doors.ledger):
        return _without_journal(case)
    steps = [entry.body for entry in case.doors.ledger.entries(kind="intent", plan=case.plan.id)]
    if not steps:
        return _closed(case, "undone", "it was stopped before the first call")
    forward = [step for step in steps if not step["undo"]]
    taken_back = len(forward) < len(steps) or any(True for _ in _recoveries(case))
    if len(forward) == len(case.plan.calls) and not taken_back:
        seen = proven(case.plan, case.doors)
        if seen.state is not Proof.FAILED:
            conclude(case.plan, case.doors, seen)
            return Resumed(case.plan.id, str(seen.state), seen.because)
    return _by_reading(case, _expected(case, len(forward), taken_back=taken_back))


def _is_whole(ledger: Ledger) -> bool:
    try:
        ledger.require_whole()
    except LedgerBroken:
        return False
    return True


def _without_journal(case: _Case) -> Resumed:
    """End a plan whose claim verifies on a ledger that is broken: intents may be missing, so only readings count."""
    seen = proven(case.plan, case.doors)
    if seen.state is Proof.VERIFIED:
        conclude(case.plan, case.doors, seen)
        return Resumed(case.plan.id, str(seen.state), seen.because)
    return _by_reading(case, ())


def _pending(case: _Case) -> Resumed | None:
    """Look once whether what was waited for has come; None where it came out otherwise. Nothing is waited for here."""
    plan, doors = case.plan, case.doors
    seen = verify(plan, doors.catalog, doors.reader, facets_of(plan, doors.catalog), doors.clock, _ONCE)
    if seen.state is Proof.PENDING:
        return Resumed(plan.id, "pending", seen.because)
    if seen.state is Proof.VERIFIED:
        conclude(plan, doors, seen)
        return Resumed(plan.id, "verified", seen.because)
    return None


def _expected(case: _Case, intents: int, *, taken_back: bool) -> Sequence[Image]:
    """The states that the journal lets one expect: before or after the last call that was meant."""
    return () if taken_back else image_path(case.plan, case.kind)[intents - 1 : intents + 1]


def _by_reading(case: _Case, expected: Sequence[Image]) -> Resumed:
    """End a plan by the state that its resource is in."""
    now = settled(case.plan, case.doors.reader, case.doors.clock, expected)
    if now is None:
        told = f"{case.plan.ref} cannot be read; see to that, and run `goldseam resume` again"
        return Resumed(case.plan.id, "open", told)
    if same(now, image_path(case.plan, case.kind)[0]):
        return _closed(case, "undone", "a fresh reading shows the resource as it was before")
    if not _is_own(case, now):
        told = f"{case.plan.ref} is in a state that is not the plan's own: look at it, and mend it by hand"
        return _closed(case, "conflict", told)
    return _taken_back(case)


def _is_own(case: _Case, now: Image) -> bool:
    """Whether each facet has a value that the plan, its undoing or an earlier recovery of it can have left."""
    own = {name: list(values) for name, values in values_along(case.plan, case.kind).items()}
    for back in _recoveries(case):
        for name, values in values_along(back, case.kind).items():
            own[name] += values
    for change in case.plan.changes:
        for value in tuple(own[change.facet]):
            own[change.facet] += (step.leaves for step in back_steps(case.plan, case.kind, change, value) or ())
    return all(place_of(value, own[name]) is not None for name, value in now.items())


def _taken_back(case: _Case) -> Resumed:
    """Bring a half-done plan back to where it began, by a plan of its own under a key of its own."""
    plan, doors = case.plan, case.doors
    now = doors.reader.read(plan.ref, facets_of(plan, doors.catalog))
    try:
        back = reversal(plan, now, case.kind, Purpose.RECOVERY, followed(doors.ledger, plan.ref))
    except PlanRefused as error:
        return _closed(case, "conflict", f"it is half done and cannot be taken back: {error}")
    if case.source is None:
        told = f"it is half done, and taking it back needs a key: name a source to `goldseam resume` ({plan.ref})"
        return Resumed(plan.id, "open", told)
    done = repair(back, Leave(case.by, (), case.source), doors, case.signer)
    if done.state != "verified":
        return Resumed(plan.id, "open", done.because, back.id)
    _closed(case, "undone", f"it was half done; taken back by plan `{back.id}`")
    return Resumed(plan.id, "undone", f"it was half done; taken back by plan `{back.id}`", back.id)


def _closed(case: _Case, state: str, because: str) -> Resumed:
    record_after(case.doors, case.plan)
    record_outcome(case.doors.ledger, case.plan, state, because)
    return Resumed(case.plan.id, state, because)


def _recoveries(case: _Case) -> Iterator[Plan]:
    for claim in case.doors.ledger.verified(kind="repair"):
        if claim.body["of"] == case.plan.id and claim.body["purpose"] == Purpose.RECOVERY:
            yield executed_plan(case.doors.ledger, claim.body["plan"])


def _close_recoveries(case: _Case) -> None:
    """Say of recoveries that a crash cut short what a fresh reading shows, now that what they were for has ended."""
    for back in _recoveries(case):
        if not outcome_of(case.doors.ledger, back.id):
            state = _reached(case, back)
            record_outcome(case.doors.ledger, back, state, f"it was cut short; plan `{case.plan.id}` has ended since")


def _reached(case: _Case, back: Plan) -> str:
    path = image_path(back, case.kind)
    now = settled(back, case.doors.reader, case.doors.clock, [path[-1]])
    if now is not None and same(now, path[-1]):
        return "verified"
    return "undone" if now is not None and same(now, path[0]) else "conflict"
