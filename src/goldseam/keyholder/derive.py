"""The calls and permissions that a plan really takes, worked out from its before and after images alone. Pure.

A server that was taken over can write any plan. It cannot make the keyholder grant a call that does not follow from
the images, a change that the named controls do not ask for, or an undo of something that was never done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from goldseam.clouds.aws.kind import AwsKind
from goldseam.control import Call, Catalog, Compliant, Control, Kind, Permission
from goldseam.errors import GoldseamError, GrantRefused
from goldseam.evaluate import verdict_on
from goldseam.plan import Plan, Purpose, calls_derived
from goldseam.resource import Ref, Resource
from goldseam.values import Json, Unknown, digest

_SPECIAL: Final = frozenset("*?${}\\\"'")
"""Characters that would mean more than themselves in a policy; no name of a resource holds them."""
_PLACE: Final = 5
"""Fields of an ARN that say where: `arn`, partition, service, region, account."""
_SHAPE_FAULTS: Final = (KeyError, TypeError, ValueError, AttributeError, IndexError)
"""What reading a document of the wrong shape raises."""


@dataclass(frozen=True, slots=True)
class Derived:
    """A plan whose calls follow from its images, and the permissions that these calls take."""

    plan: Plan
    permissions: tuple[Permission, ...]


def identified(document: Mapping[str, Json]) -> Plan:
    """The plan in a document, if its id is the hash of its content; raises PlanRefused or GrantRefused."""
    try:
        return Plan.from_json(document)
    except _SHAPE_FAULTS as error:
        msg = "what was sent is not a plan; make the plan again"
        raise GrantRefused(msg) from error


def derived(plan: Plan, catalog: Catalog, granted: Mapping[str, Mapping[str, str]]) -> Derived:
    """The plan with its permissions worked out anew; raises GrantRefused.

    `granted` holds, for every plan that was granted before, the digests of the facets that it would change.
    """
    try:
        _check(plan, catalog, granted)
    except GrantRefused:
        raise
    except GoldseamError as error:
        raise _refusal(plan, str(error)) from error
    except _SHAPE_FAULTS as error:
        raise _refusal(plan, "its images do not fit the kind") from error
    calls: tuple[Call, ...] = (*plan.calls, *plan.undo)
    return Derived(plan, tuple(sorted({item for call in calls for item in call.permissions})))


def restores(plan: Plan) -> dict[str, str]:
    """The digest of each facet before the plan: what a later plan may bring back."""
    return {change.facet: digest(change.before) for change in plan.changes}


def _check(plan: Plan, catalog: Catalog, granted: Mapping[str, Mapping[str, str]]) -> None:
    kind = catalog.kind(plan.ref.kind)
    _check_reference(plan, kind)
    if not calls_derived(plan, kind):
        raise _refusal(plan, "its calls do not follow from its before and after images")
    if plan.purpose is Purpose.REPAIR:
        _check_repair(plan, [catalog.control(name) for name in plan.controls])
    else:
        _check_return(plan, granted)


def _check_reference(plan: Plan, kind: Kind) -> None:
    """The address is the one that the kind gives to the id, and no part of the name holds a wildcard."""
    ref = plan.ref
    if any(_SPECIAL & set(part) for part in (ref.account, ref.region, ref.id, ref.address)):
        raise _refusal(plan, "the name of its resource holds a wildcard")
    if isinstance(kind, AwsKind) and not _addressed(kind, ref):
        raise _refusal(plan, f"`{ref.address}` is not the address of `{ref.id}`")


def _addressed(kind: AwsKind, ref: Ref) -> bool:
    """Whether the address is the kind's for the id; where the listing says it, the same service, place and account."""
    partition = ref.address.split(":")[1] if ref.address.startswith("arn:") else "aws"
    made = kind.ref(partition, ref.account, ref.region, ref.id).address
    if kind.find is None or not kind.find.address:
        return made == ref.address
    return made.split(":")[:_PLACE] == ref.address.split(":")[:_PLACE]


def _check_repair(plan: Plan, controls: list[Control]) -> None:
    """Every change is of a facet that a named control reads, and leaves that control with nothing to ask for."""
    if not controls or any(control.kind.name != plan.ref.kind for control in controls):
        raise _refusal(plan, "it names no control of the kind that it changes")
    read = {name for control in controls for name in control.reads}
    if foreign := sorted({change.facet for change in plan.changes} - read):
        raise _refusal(plan, f"none of its controls is about {', '.join(foreign)}")
    after = Resource(plan.ref, {change.facet: change.after for change in plan.changes})
    for control in controls:
        verdict = verdict_on(control, after, control.chosen(plan.settings.get(control.id, {})))
        if not isinstance(verdict, (Compliant, Unknown)):
            raise _refusal(plan, f"it would not make {control.id} pass")


def _check_return(plan: Plan, granted: Mapping[str, Mapping[str, str]]) -> None:
    """What takes a plan back restores exactly what that plan, granted here, found."""
    before = granted.get(plan.of)
    if before is None:
        raise _refusal(plan, f"it takes back `{plan.of}`, which was not granted here")
    after = {change.facet: digest(change.after) for change in plan.changes}
    if not after or any(before.get(facet) != value for facet, value in after.items()):
        raise _refusal(plan, f"it does not restore what `{plan.of}` found")


def _refusal(plan: Plan, why: str) -> GrantRefused:
    return GrantRefused(f"plan {plan.id} is not granted: {why}; make the plan again")
