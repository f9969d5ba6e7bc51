"""The laws that every control and facet keeps on its own examples, without any cloud."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from goldseam.assess.evaluate import verdict_on
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.write import check_calls
from goldseam.control import Compliant, Control, Example, Kind, ShouldBe, Verdict, Violation
from goldseam.model.errors import PlanRefused
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json, Unknown, Value, same
from goldseam.repair.plan import Plan
from goldseam.repair.propose import propose

ACCOUNT = "123456789012"
REGION = "eu-west-1"


IDS = {
    "aws.fsx.file-system": "fs-0123456789abcdef0",
    "aws.kafka.cluster": f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/goldseam/1234abcd-12ab-34cd-56ef-1234567890ab-1",
    "aws.transfer.server": "s-0123456789abcdef0",
}
"""Ids of kinds that AWS names itself, where its API checks their form."""


def ref_of(kind: Kind, name: str = "", account: str = ACCOUNT, region: str = REGION) -> Ref:
    assert isinstance(kind, AwsKind)
    part = kind.find is not None and kind.find.within is not None
    name = name or IDS.get(kind.name) or ("goldseam-whole/goldseam-example" if part else "goldseam-example")
    return kind.ref("aws", account, "global" if kind.account_wide else region, name)


def resource_of(kind: Kind, facets: Mapping[str, Value]) -> Resource:
    """The facets as a reading would give them."""
    return Resource(ref_of(kind), {name: kind.facet(name).normal(value) for name, value in facets.items()})


def as_read(control: Control, example: Example) -> Resource:
    return resource_of(control.kind, example.facets)


def verdict(control: Control, example: Example) -> Verdict:
    found = verdict_on(control, as_read(control, example), control.chosen(example.settings))
    assert not isinstance(found, Unknown), found
    return found


def planned(control: Control, example: Example) -> Plan:
    chosen = control.chosen(example.settings)
    return propose(as_read(control, example), [control], [control], lambda *_: chosen)


def after(plan: Plan, resource: Resource) -> Resource:
    """The resource with the plan carried out."""
    return resource.with_facets({change.facet: change.after for change in plan.changes})


def held(resource: Resource, name: str) -> Value:
    value = resource.facets[name]
    assert not isinstance(value, Unknown), value
    return value


def left(control: Control, example: Example, facet: str) -> Value:
    """What the fix makes of a facet of the example."""
    return held(after(planned(control, example), as_read(control, example)), facet)


def operations(plan: Plan) -> list[str]:
    return [call.operation for call in plan.calls]


def parameters(plan: Plan) -> list[Json]:
    return [dict(call.parameters) for call in plan.calls]


def keeps_its_laws(control: Control) -> None:
    """Examples are what they say; each fix is a fixed point, exactly what was said, and leads there and back."""
    for example in control.compliant:
        assert isinstance(verdict(control, example), Compliant), (control.id, example)
    for example in control.violating:
        found = verdict(control, example)
        assert isinstance(found, (ShouldBe, Violation)), (control.id, example)
        assert found.because
        if isinstance(found, ShouldBe):
            _is_mended(control, example)
        else:
            assert found.guide, (control.id, example)


def _is_mended(control: Control, example: Example) -> None:
    resource, plan, settings = as_read(control, example), planned(control, example), control.chosen(example.settings)
    mended = after(plan, resource)
    assert isinstance(verdict_on(control, mended, settings), Compliant), (control.id, example)
    _has_nothing_to_do(control, mended, settings)
    changed = {change.facet for change in plan.changes}
    assert example.leaves is None or changed <= set(example.leaves), (control.id, changed)
    for name, value in (example.leaves or {}).items():
        assert same(mended.facets[name], control.kind.facet(name).normal(value)), (control.id, mended.facets[name])
    _leads_there_and_back(control.kind, resource, mended, reversible=plan.reversible)
    _asks_only_for_what_it_names(plan)
    check_calls((*plan.calls, *plan.undo))


def _asks_only_for_what_it_names(plan: Plan) -> None:
    """Permissions are on the resource itself, on everything, on one that is named whole, or on what the cloud names."""
    own = plan.ref.address
    beside = ":".join(own.split(":")[:5])
    for resource in {permission.resource for permission in plan.permissions} - {own, "*"}:
        whole = resource.startswith("arn:") and not set(resource.removesuffix(":*")) & set("*<{")
        of_own = resource.startswith(f"{own}/")
        named_by_the_cloud = resource.startswith(f"{beside}:") and resource.endswith("/*")
        by_a_key = ":kms:" in resource and resource.endswith(":key/*")  # aliases name no key
        assert whole or of_own or named_by_the_cloud or by_a_key, resource


def _has_nothing_to_do(control: Control, mended: Resource, settings: Mapping[str, Json]) -> None:
    with pytest.raises(PlanRefused, match="already passes"):
        propose(mended, [control], [control], lambda *_: settings)


def _leads_there_and_back(kind: Kind, before: Resource, mended: Resource, *, reversible: bool) -> None:
    for name in before.facets:
        facet = kind.facet(name)
        one, other = held(before, name), held(mended, name)
        if same(one, other):
            continue
        there = facet.write(before.ref, one, other)
        assert there, name
        assert same(there[-1].leaves, other), name
        assert facet.write(before.ref, other, other) == ()
        if not reversible:
            with pytest.raises(PlanRefused):
                facet.write(before.ref, other, one)
            continue
        back = facet.write(before.ref, other, one)
        assert back, name
        assert same(back[-1].leaves, one), name


def says_its_piece(controls: Iterable[Control], *, no_requirements: frozenset[str] = frozenset()) -> None:
    """Title, reason, what a fix disrupts, and what it answers to."""
    for control in controls:
        assert control.title, control.id
        assert control.why, control.id
        assert not control.title.endswith("."), control.id
        assert control.claimed, control.id
        assert control.requirements or control.id in no_requirements, control.id
