"""Law 6: under its grant a plan's calls succeed, one permission fewer fails, and nothing else is allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Protocol, runtime_checkable

from goldseam.control import Call, Permission, Told
from goldseam.model.errors import AccessDenied, CloudError, PlanRefused, RefusedCall
from goldseam.model.resource import Ref
from goldseam.model.values import Unknown, same
from goldseam.proving.ground import CannotPlace, Ground, Hand, PlacedExample, words_of
from goldseam.proving.repairing import Work
from goldseam.repair.plan import Plan
from goldseam.repair.propose import reversal

EVERYTHING = "*"


@runtime_checkable
class Narrowing(Ground, Protocol):
    """A place that enforces permissions."""

    def grant(self, permissions: Sequence[Permission]) -> Callable[[Sequence[Call]], Hand]:
        """What opens hands under a session of the remediator role that has these permissions and no others."""

    def unasked(self, placed: PlacedExample) -> frozenset[str]:
        """Actions that the cloud asks for and the place does not, so that it cannot show whether they are needed."""

    def harmless(self) -> Permission:
        """A permission that no call of a plan needs, for a grant that allows nothing."""

    def readings(self, placed: PlacedExample) -> Sequence[Call]:
        """The calls that reading the resource takes, which no grant for writing may allow."""

    def restore(self, placed: PlacedExample, facet: str, value: object) -> None:
        """Bring a facet back with every right."""


def shape(plan: Plan) -> tuple[str, ...]:
    """What the permissions of a plan depend on: its operations and what each asks for, on which part of the ref."""
    calls = (*plan.calls, *plan.undo)
    return tuple(
        f"{call.operation} {permission.action} {permission.resource.replace(plan.ref.address, '@')}"
        for call in calls
        for permission in call.permissions
    )


def exact(ground: Narrowing, work: Work, plan: Plan) -> str:
    """Law 6 on one plan, on the resource that it was made for."""
    back = _way_back(plan, work)
    if problem := _allowed(ground, plan, back):
        return problem
    unasked = ground.unasked(work.placed)
    for permission in (item for item in _own(plan) if item.action not in unasked):
        rest = [item for item in plan.permissions if item != permission]
        refused = _refused(ground, rest, plan, back)
        _restored(ground, work.placed, plan)
        if not refused:
            return f"without {permission.action} on {_place(permission)} everything is done all the same"
    return _confined(ground, work, plan)


def _own(plan: Plan) -> list[Permission]:
    """The permissions of the services that are called.

    What those services ask of others, such as to hand over a role, no emulator checks; a cloud's documentation says it.
    """
    called = {item.action.partition(":")[0] for call in (*plan.calls, *plan.undo) for item in call.permissions[:1]}
    return [item for item in plan.permissions if item.action.partition(":")[0] in called]


def _place(permission: Permission) -> str:
    return "every resource" if permission.resource == EVERYTHING else "the resource"


def _way_back(plan: Plan, work: Work) -> tuple[Call, ...]:
    if not plan.reversible:
        return ()
    after = {change.facet: change.after for change in plan.changes}
    return reversal(plan, work.ground.now(work.placed).with_facets(after), work.placed.kind).calls


def _allowed(ground: Narrowing, plan: Plan, back: Sequence[Call]) -> str:
    hand = ground.grant(plan.permissions)((*plan.calls, *back))
    for call in (*plan.calls, *back):
        try:
            hand.call(call, words_of(ground, plan.ref, call))
        except CloudError as error:
            return f"{call.operation} fails under the grant: {error.code}"
    return ""


def _refused(ground: Narrowing, permissions: Sequence[Permission], plan: Plan, back: Sequence[Call]) -> bool:
    """Whether something of the plan or its undo is refused with these permissions only."""
    if not permissions:
        permissions = [ground.harmless()]
    hand = ground.grant(permissions)((*plan.calls, *back))
    return any(_is_refused(hand, call, words_of(ground, plan.ref, call)) for call in (*plan.calls, *back))


def _is_refused(hand: Hand, call: Call, words: Told) -> bool:
    try:
        hand.call(call, words)
    except AccessDenied:
        return True
    except (CloudError, RefusedCall):
        return False  # refused by what it is, not by who asks
    return False


def _restored(ground: Narrowing, placed: PlacedExample, plan: Plan) -> None:
    now = ground.now(placed).facets
    for change in plan.changes:
        value = now[change.facet]
        if not isinstance(value, Unknown) and not same(value, change.before):
            with suppress(CannotPlace):  # where the state cannot be shown, permissions are tried all the same
                ground.restore(placed, change.facet, change.before)


def _confined(ground: Narrowing, work: Work, plan: Plan) -> str:
    """Another action on the resource, and the plan's actions on another resource, are refused."""
    other = [*ground.readings(work.placed), *_elsewhere(work, plan), *_otherwise(work, plan)]
    hand = ground.grant(plan.permissions)(other)
    for call in other:
        if not _is_refused(hand, call, words_of(ground, plan.ref, call)):
            return f"{call.operation} on {_whose(call, plan.ref)} is allowed under the grant"
    return ""


def _whose(call: Call, ref: Ref) -> str:
    return "the resource" if any(item.resource == ref.address for item in call.permissions) else "something else"


def _elsewhere(work: Work, plan: Plan) -> Iterator[Call]:
    """The plan's own calls on a neighbour, where permissions can tell the two apart."""
    for ref in work.placed.neighbours:
        for change in plan.changes:
            steps = work.placed.kind.facet(change.facet).write(ref, change.before, change.after)
            for step in steps:
                if all(permission.resource != EVERYTHING for permission in step.call.permissions):
                    yield step.call


def _otherwise(work: Work, plan: Plan) -> Iterator[Call]:
    """Writes of the same resource for other controls, with actions that the plan does not have."""
    held, seen = {permission.action for permission in plan.permissions}, set[str]()
    resource = work.ground.now(work.placed)
    for control in work.controls:
        try:
            calls = work.plan([control], resource).calls
        except PlanRefused:  # nothing wrong there, so nothing to write
            continue
        for call in calls:
            if call.operation not in seen and not held & {item.action for item in call.permissions}:
                seen.add(call.operation)
                yield call
