"""Stage 7: execute a plan. The only stage that holds a writer.

Nothing is sent without its intent in the ledger first, so that whoever comes after a crash knows what may have been
done. What failed is taken back as far as the plan's own states go; a state that is none of the plan's own is somebody
else's, and is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from goldseam.assess.evaluate import SettingsOf, Status, evaluate
from goldseam.control import Call, Catalog, Kind, Secrets
from goldseam.decide import Exemption, exempted, held
from goldseam.model.errors import (
    CloudError,
    ExemptResource,
    GrantRefused,
    RefusedCall,
    ResourceGone,
    Stale,
)
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json, Unknown, plain, same
from goldseam.ports import Clock, Entry, Ledger, Locks, Reader, Receipt, Writer, WriterFactory
from goldseam.repair.authorize import Grant
from goldseam.repair.claim import Claim
from goldseam.repair.plan import Plan, Purpose, back_steps, image_path, place_of, require_derived, values_along
from goldseam.repair.propose import Rules, refuse_exempt
from goldseam.repair.readback import Image, settled, words_for


@dataclass(frozen=True, slots=True)
class Doors:
    """Everything outside that executing a plan goes through, and what the controls are judged by."""

    catalog: Catalog
    reader: Reader
    open_writer: WriterFactory
    ledger: Ledger
    locks: Locks
    clock: Clock
    exemptions: Callable[[], Sequence[Exemption]]
    settings_of: SettingsOf

    def rules(self, kind: str) -> Rules:
        """What a plan for a resource of that kind is held against."""
        return Rules(self.catalog.controls_of.get(kind, ()), self.settings_of, self.catalog.version)


class State(StrEnum):
    """Where the execution of a plan stands; `done` still has to be verified, `open` is for `goldseam resume`."""

    DONE = "done"
    UNDONE = "undone"
    CONFLICT = "conflict"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Applied:
    """What executing a plan came to. `results` has the cloud's receipt of each call that was answered.

    `after` is a fresh reading where the plan has ended: undone, or in conflict.
    """

    plan: Plan
    before: Resource
    results: tuple[Receipt, ...]
    state: State
    because: str = ""
    after: Resource | None = None


@dataclass(slots=True)
class _Hand:
    """The writer at work on one plan, with the ledger at its side: an intent before each call, a result after."""

    plan: Plan
    kind: Kind
    grant: Grant
    doors: Doors
    writer: Writer
    receipts: list[Receipt]


def apply(plan: Plan, grant: Grant, doors: Doors) -> Applied:
    """Execute a plan under its grant and claim; the caller holds the lock of the resource.

    Steps: 1. the grant is for this plan and lasts; 2. read afresh; 3. compare with what the plan was made for (law 7);
    4. look for exemptions again (law 11); 5. record the image before; 6. for each call: record the intent, call, record
    the result; 7. on failure: read what it came to, and take it back in reverse, recorded likewise. What fails before
    the first intent releases the claim.

    Raises GrantRefused, Stale, PlanRefused, ExemptResource, ResourceGone, CloudError and HomeError; after all but the
    last, nothing was changed. Raises ClaimLost when another process took the repair over: what was sent until then is
    ended there.
    """
    kind = doors.catalog.kind(plan.ref.kind)
    if grant.plan != plan.id or grant.claim.plan != plan.id:
        msg = f"the grant is for plan `{grant.plan}`, not for `{plan.id}`; request one for this plan"
        raise GrantRefused(msg)
    with grant.claim.released_on_failure(grant.key.secret.scrubbed):
        # 1. grant
        _check_grant(plan, kind, grant, doors)
        # 2. read afresh
        before = doors.reader.read(plan.ref, facets_of(plan, doors.catalog))
        # 3. compare
        _check_fresh(plan, before)
        # 4. exemptions
        _check_exempt(plan, before, doors)
        hand = _opened(plan, kind, grant, doors)
        # 5. before
        grant.claim.append("before", {"facets": plain(before.facets)})
    # 6. calls, and 7. back when one fails
    return _carried_out(hand, before)


def take_back(applied: Applied, grant: Grant, doors: Doors, because: str) -> Applied:
    """Undo a plan whose calls were all answered, for it did not do what it promised; raises ClaimLost, HomeError."""
    plan = applied.plan
    hand = _opened(plan, doors.catalog.kind(plan.ref.kind), grant, doors)
    return _undone(hand, applied.before, len(plan.calls), because)


def facets_of(plan: Plan, catalog: Catalog) -> frozenset[str]:
    """The facets to read for the images before and after: all that any control of the kind looks at."""
    controls = catalog.controls_of.get(plan.ref.kind, ())
    changed = {change.facet for change in plan.changes}
    return frozenset(changed.union(plan.values, *(control.reads for control in controls)))


def record_outcome(claim: Claim, ref: Ref, state: str, because: str, waits: Mapping[str, str] | None = None) -> Entry:
    """Close a repair, or record what it waits for."""
    body = {"ref": ref.to_json(), "state": state, "because": because, "waits": dict(waits or {})}
    return claim.append("outcome", body)


def _check_grant(plan: Plan, kind: Kind, grant: Grant, doors: Doors) -> None:
    """The grant still lasts, and the plan's calls are those that its images give."""
    if grant.key.expires <= doors.clock.now():
        msg = f"the grant for plan `{plan.id}` has expired; request a new one"
        raise GrantRefused(msg)
    require_derived(plan, kind)


def _check_fresh(plan: Plan, now: Resource) -> None:
    """Every facet that the plan rests on is as it was seen, or cannot be read now as it could not then."""
    for name, seen in plan.values.items():
        value = now.facets.get(name, Unknown("it was not read"))
        if isinstance(value, Unknown) and isinstance(seen, Unknown):
            continue
        if isinstance(value, Unknown):
            msg = f"the {name} of {plan.ref} cannot be read ({value.reason}); nothing was changed, try again"
            raise Stale(msg)
        if not same(value, seen):
            msg = f"the {name} of {plan.ref} changed since the plan was made; nothing was changed, plan again"
            raise Stale(msg)


def _check_exempt(plan: Plan, now: Resource, doors: Doors) -> None:
    """No exemption in force covers what the plan is for or what it would touch, as things are now (law 11)."""
    given = [item for item in doors.exemptions() if item.ref == plan.ref]
    for whole in held(plan.ref, given, doors.clock.now()):
        raise ExemptResource(whole)
    named = {item.control for item in given}
    controls = [control for control in doors.catalog.controls_of.get(plan.ref.kind, ()) if control.id in named]
    changed = {change.facet for change in plan.changes}
    exempt = []
    for control, finding in zip(controls, evaluate(now, controls, doors.settings_of), strict=True):
        if exempted(finding, given, doors.clock.now()):
            exempt.append(control)
            untold = finding.status is Status.UNKNOWN and not changed.isdisjoint(control.reads)
            if untold or control.id in plan.controls:
                msg = f"{control.id} is exempt on {plan.ref}; withdraw the exemption first"
                raise ExemptResource(msg)
    target = now.with_facets({change.facet: change.after for change in plan.changes})
    refuse_exempt(now, target, exempt, doors.settings_of)


def _opened(plan: Plan, kind: Kind, grant: Grant, doors: Doors) -> _Hand:
    writer = doors.open_writer(grant.key, _possible_calls(plan, kind))
    return _Hand(plan, kind, grant, doors, writer, [])


def _possible_calls(plan: Plan, kind: Kind) -> tuple[Call, ...]:
    """The plan's calls, and those back from each state along it: nothing else can be sent."""
    found = [*plan.calls, *plan.undo]
    for change in plan.changes:
        for value in values_along(plan, kind)[change.facet]:
            found += (step.call for step in back_steps(plan, kind, change, value) or () if step.call not in found)
    return tuple(found)


def _carried_out(hand: _Hand, before: Resource) -> Applied:
    for step, call in enumerate(hand.plan.calls, 1):
        error = _sent(hand, step, call, undo=False)
        if error is not None and not _happened(hand, step, error):
            return _undone(hand, before, step - 1, f"call {step} ({call.operation}) failed: {_words(hand, error)}")
    return Applied(hand.plan, before, tuple(hand.receipts), State.DONE)


def _sent(hand: _Hand, step: int, call: Call, *, undo: bool) -> CloudError | RefusedCall | None:
    """Make one call, with the intent on disk before and the answer after; the error when it failed."""
    place: dict[str, Json] = {"step": step, "undo": undo}
    hand.grant.claim.append("intent", {**place, "call": call.to_json()})
    try:
        receipt = hand.writer.call(call, words_for(hand.plan, hand.kind, call, hand.doors.reader, hand.doors.clock))
    except (CloudError, RefusedCall) as error:
        told = {"code": getattr(error, "code", ""), "request_id": getattr(error, "request_id", "")}
        failure = {**place, **told, "message": _words(hand, error), "uncertain": _is_uncertain(error)}
        hand.grant.claim.append("failure", failure)
        return error
    hand.grant.claim.append("result", {**place, "request_id": receipt.request_id})
    hand.receipts.append(receipt)
    return None


def _words(hand: _Hand, error: Exception) -> str:
    """What a cloud said, without the key and without the sensitive values that it was sent."""
    sides = ((change.facet, side) for change in hand.plan.changes for side in (change.before, change.after))
    sensitive = Secrets.of((hand.kind.facet(name), value) for name, value in sides)
    return sensitive.text(hand.grant.key.secret.scrubbed(str(error)))


def _is_uncertain(error: Exception) -> bool:
    """Whether the call may have been carried out, by any of its attempts; one that was not sent was not."""
    return isinstance(error, CloudError) and error.uncertain


def _happened(hand: _Hand, step: int, error: Exception) -> bool:
    """Whether a call that failed was done nevertheless; where any attempt may have been, only a reading shows it."""
    if not _is_uncertain(error):
        return False
    path = image_path(hand.plan, hand.kind)
    return same(settled(hand.plan, hand.doors.reader, hand.doors.clock, [path[step]]), path[step])


def _undone(hand: _Hand, before: Resource, done: int, because: str) -> Applied:
    """Take back the first `done` calls, from the state that a fresh reading and the receipts tell."""
    plan, path = hand.plan, image_path(hand.plan, hand.kind)
    if plan.purpose is Purpose.RECOVERY:
        return Applied(plan, before, tuple(hand.receipts), State.OPEN, f"{because}; run `goldseam resume` again")
    now = settled(plan, hand.doors.reader, hand.doors.clock, [path[done]])
    if now is None:
        return Applied(plan, before, tuple(hand.receipts), State.OPEN, f"{because}; {_UNSEEN}")
    start = _start(hand, now, path[done])
    if start is None:
        told = f"{because}; {plan.ref} is in a state that is not the plan's own: look at it"
        return _ended(hand, before, State.CONFLICT, told)
    return _walked_back(hand, before, start, because)


def _start(hand: _Hand, now: Image, expected: Image) -> Image | None:
    """Where to go back from: of what was answered and what is seen, the one further along; None for a stranger's state.

    A reading may lag behind what was answered, and a call may have been done although its answer was an error.
    """
    start = {}
    for name, along in values_along(hand.plan, hand.kind).items():
        seen, meant = place_of(now[name], along), place_of(expected[name], along)
        if seen is None or meant is None:
            return None
        start[name] = along[max(seen, meant)]
    return start


_UNSEEN: Final = "the resource cannot be read, so nothing was taken back yet: run `goldseam resume`"


def _walked_back(hand: _Hand, before: Resource, start: Image, because: str) -> Applied:
    """Go back from a state; where a call fails, look again and go back from there, once."""
    first = image_path(hand.plan, hand.kind)[0]
    now: Image | None = start
    for _ in range(2):
        back = _back(hand, start)
        if back is None:
            told = f"{because}; no call takes back what was done: look at {hand.plan.ref}"
            return _ended(hand, before, State.CONFLICT, told)
        failed = next((call for step, call in enumerate(back, 1) if _sent(hand, step, call, undo=True)), None)
        now = settled(hand.plan, hand.doors.reader, hand.doors.clock, [first])
        if same(now, first):
            return _ended(hand, before, State.UNDONE, because)
        if failed is None or now is None or (seen := _start(hand, now, first)) is None:
            break
        start = seen
    if failed is not None or now is None:
        told = f"{because}; taking it back failed too{f' ({failed.operation})' if failed else ''}"
        return Applied(hand.plan, before, tuple(hand.receipts), State.OPEN, f"{told}; run `goldseam resume`")
    told = f"{because}; after taking it back {hand.plan.ref} is not as it was: look at it"
    return _ended(hand, before, State.CONFLICT, told)


def _back(hand: _Hand, start: Image) -> list[Call] | None:
    """The calls from a state back to where the plan began, last change first; None when there is no way."""
    found: list[Call] = []
    for change in reversed(hand.plan.changes):
        steps = back_steps(hand.plan, hand.kind, change, start[change.facet])
        if steps is None:
            return None
        found += (step.call for step in steps)
    return found


def _ended(hand: _Hand, before: Resource, state: State, because: str) -> Applied:
    after = record_after(hand.grant.claim, hand.doors, hand.plan)
    record_outcome(hand.grant.claim, hand.plan.ref, state, because)
    return Applied(hand.plan, before, tuple(hand.receipts), state, because, after)


def record_after(claim: Claim, doors: Doors, plan: Plan) -> Resource | None:
    """Record the whole resource as a fresh reading shows it; None, and no entry, when it cannot be read."""
    try:
        after = doors.reader.read(plan.ref, facets_of(plan, doors.catalog))
    except (CloudError, ResourceGone):
        return None
    claim.append("after", {"facets": plain(after.facets)})
    return after
