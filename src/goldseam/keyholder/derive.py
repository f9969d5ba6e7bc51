"""What a plan really is, worked out from the values that it holds alone. Pure.

A server that was taken over can write any plan. The keyholder believes none of it: from the values before, it computes
what the named controls would change under the settings, with the functions that make plans, and the plan must be that
as a whole: images, calls, undo, reasons, disruption, what-if, reversibility. What takes something back must be the
inverse of a plan that was granted here, on the same resource. Unknown is a refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from goldseam.assess.evaluate import SettingsOf, owner_of
from goldseam.clouds.protocol import AddressCheck, cloud_of
from goldseam.control import Catalog, Control, Kind, Permission, Whereabouts
from goldseam.control.dependent import resolved
from goldseam.model.errors import MISSHAPEN, GoldseamError, GrantRefused
from goldseam.model.resource import Resource
from goldseam.model.values import Json, Unknown, canonical_document, digest, plain, same
from goldseam.repair.plan import Plan, Purpose, own_values
from goldseam.repair.propose import Rules, propose, restoration

_SPECIAL: Final = frozenset("*?${}\\\"'")
"""Characters that would mean more than themselves in a policy; no name of a resource holds them."""


@dataclass(frozen=True, slots=True)
class Derived:
    """A plan that is what the keyholder works out itself, and the permissions that it takes.

    `controls` are those that the allow-list is asked about: the plan's own, or those of the plan that it takes back.
    `record` is what is kept of a grant, to bind what takes it back: reference, images, controls and settings. `doubts`
    say why the plan is never granted without a signed approval.
    """

    plan: Plan
    permissions: tuple[Permission, ...]
    controls: tuple[str, ...]
    record: Mapping[str, Json]
    doubts: tuple[str, ...] = ()


def identified(document: Mapping[str, Json]) -> Plan:
    """The plan in a document, if its id is the hash of its content; raises PlanRefused or GrantRefused."""
    try:
        plan = Plan.from_json(document)
    except MISSHAPEN as error:
        msg = "what was sent is not a plan; make the plan again"
        raise GrantRefused(msg) from error
    plan.require_current()
    return plan


def derived(
    plan: Plan, catalog: Catalog, granted: Mapping[str, Mapping[str, Json]], clouds: Mapping[str, AddressCheck]
) -> Derived:
    """The plan as the keyholder works it out; raises GrantRefused when it is any other.

    `granted` holds the record of every plan that was granted here, by id; `clouds` are those that the keyholder knows,
    by name.
    """
    if plan.catalog_version != catalog.version:
        why = f"it was made by catalog {plan.catalog_version or 'unknown'}, and this keyholder has {catalog.version}"
        msg = f"plan {plan.id} is not granted: {why}; install the same goldseam on both sides"
        raise GrantRefused(msg)
    try:
        return _derived(plan, catalog, granted, clouds)
    except GrantRefused:
        raise
    except GoldseamError as error:
        raise _refusal(plan, str(error)) from error
    except MISSHAPEN as error:
        raise _refusal(plan, "its values do not fit the kind") from error


def unusual_settings(plan: Plan, catalog: Catalog) -> dict[str, list[Json]]:
    """The settings in a plan that are not the controls' defaults: their values, by name."""
    found: dict[str, list[Json]] = {}
    for name, settings in plan.settings.items():
        defaults = plain(catalog.control(name).defaults)
        for key, value in settings.items():
            if not same(value, defaults.get(key)):
                found.setdefault(key, []).append(value)
    return found


def _derived(
    plan: Plan, catalog: Catalog, granted: Mapping[str, Mapping[str, Json]], clouds: Mapping[str, AddressCheck]
) -> Derived:
    kind = catalog.kind(plan.ref.kind)
    _check_reference(plan, kind, clouds)
    rules = Rules(catalog.controls_of.get(kind.name, ()), _settings_in(plan), catalog.version)
    seen = Resource(plan.ref, plan.values)
    controls, doubts = plan.controls, tuple[str, ...]()
    if plan.purpose is Purpose.REPAIR:
        wanted = [catalog.control(name) for name in plan.controls]
        _check_repair(plan, seen, wanted, rules)
        owners = (owner_of(control, seen) for control in wanted)
        doubts = tuple(dict.fromkeys(owner.reason for owner in owners if isinstance(owner, Unknown)))
    else:
        controls, doubts = _check_return(plan, seen, kind, rules, granted)
    if not plan.reversible:
        doubts = (*doubts, "it cannot be taken back")
    if plan.untold:
        doubts = (*doubts, f"its effect on these controls is unknown: {', '.join(plan.untold)}")
    return Derived(plan, plan.permissions, controls, _record(plan, kind, controls), doubts)


def _settings_in(plan: Plan) -> SettingsOf:
    def chosen(control: Control, resource: Resource) -> Mapping[str, Json]:
        held = plan.settings.get(control.id)
        if not held:
            return control.defaults
        # What a plan holds is resolved: here it stays as it is, unless it is not where the cloud wants it.
        return resolved(control.settings, control.chosen(held), Whereabouts(resource.ref))

    return chosen


def _check_repair(plan: Plan, seen: Resource, wanted: list[Control], rules: Rules) -> None:
    """The plan is what its controls would change."""
    if not wanted or any(control.kind.name != plan.ref.kind for control in wanted):
        raise _refusal(plan, "it names no control of the kind that it changes")
    again = propose(
        seen, wanted, rules.controls, rules.settings_of, follows=plan.follows, catalog_version=rules.catalog_version
    )
    _check_same(plan, again, "its controls would change")


def _check_return(
    plan: Plan, seen: Resource, kind: Kind, rules: Rules, granted: Mapping[str, Mapping[str, Json]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The plan is the inverse of one that was granted here; answers that one's controls, and doubts."""
    record = granted.get(plan.of)
    if record is None:
        raise _refusal(plan, f"it takes back `{plan.of}`, which was not granted here")
    if canonical_document(plan.ref.to_json()) != canonical_document(record["ref"]):
        raise _refusal(plan, f"it takes back `{plan.of}`, which was granted for another resource")
    target = {change.facet: change.after for change in plan.changes}
    if foreign := sorted(target.keys() - record["before"].keys()):
        raise _refusal(plan, f"it changes the {', '.join(foreign)}, which `{plan.of}` did not")
    order = [name for name in reversed(record["order"]) if name in target]
    wanted = {name: target[name] for name in order}
    again = restoration(seen, wanted, kind, rules, purpose=plan.purpose, of=plan.of, follows=plan.follows)
    _check_same(plan, again, f"takes `{plan.of}` back")
    if any(digest(after) != record["before"].get(name) for name, after in target.items()):
        raise _refusal(plan, f"it does not restore what `{plan.of}` found")
    return tuple(record["controls"]), _drift(plan, record)


def _drift(plan: Plan, record: Mapping[str, Json]) -> tuple[str, ...]:
    """A recovery begins at a state of the plan's own; a rollback at the one that the plan led to, or is doubted."""
    found = {change.facet: digest(change.before) for change in plan.changes}
    if plan.purpose is Purpose.RECOVERY:
        if any(before not in record["along"][name] for name, before in found.items()):
            raise _refusal(plan, f"it does not begin at a state of `{plan.of}`")
        return ()
    return () if found == record["after"] else (f"the resource is not exactly as `{plan.of}` predicted",)


def _record(plan: Plan, kind: Kind, controls: tuple[str, ...]) -> dict[str, Json]:
    """What is kept of a grant: digests of images only, since values may be sensitive."""
    return {
        "purpose": str(plan.purpose),
        "ref": plan.ref.to_json(),
        "controls": list(controls),
        "settings": plain(plan.settings),
        "order": [change.facet for change in plan.changes],
        "before": {change.facet: digest(change.before) for change in plan.changes},
        "after": {change.facet: digest(change.after) for change in plan.changes},
        "along": {name: sorted(map(digest, values)) for name, values in own_values(plan, kind).items()},
    }


def _check_same(plan: Plan, again: Plan, what: str) -> None:
    """Whether a plan is, as a whole, what was worked out; else the refusal names the members that differ."""
    said, made = plan.to_json(), again.to_json()
    if odd := [
        name for name in made if name != "id" and canonical_document(said.get(name)) != canonical_document(made[name])
    ]:
        raise _refusal(plan, f"its {', '.join(odd)} are not what {what}")


def _check_reference(plan: Plan, kind: Kind, clouds: Mapping[str, AddressCheck]) -> None:
    """The address is, by the cloud's own check, that of the id, and no part of the name holds a wildcard."""
    ref = plan.ref
    if any(_SPECIAL & set(part) for part in (ref.account, ref.region, ref.id, ref.address)):
        raise _refusal(plan, "the name of its resource holds a wildcard")
    cloud = clouds.get(cloud_of(kind.name))
    if cloud is None:
        raise _refusal(
            plan, f"this keyholder does not know the cloud of `{kind.name}`, so nothing vouches for its address"
        )
    addressed = cloud.addressed(kind, ref)
    if isinstance(addressed, Unknown):
        raise _refusal(plan, f"whether `{ref.address}` is the address of `{ref.id}` is unknown: {addressed.reason}")
    if not addressed:
        raise _refusal(plan, f"`{ref.address}` is not the address of `{ref.id}`")


def _refusal(plan: Plan, why: str) -> GrantRefused:
    return GrantRefused(f"plan {plan.id} is not granted: {why}; make the plan again")
