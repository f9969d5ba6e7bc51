"""The laws that every control and facet keeps on its own examples, without any cloud."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.write import check_calls
from goldseam.control import Compliant, Control, Example, Kind, ShouldBe, Verdict, Violation
from goldseam.errors import PlanRefused
from goldseam.evaluate import verdict_on
from goldseam.plan import Plan, propose
from goldseam.resource import Ref, Resource
from goldseam.values import Json, Unknown, Value, same

ACCOUNT = "123456789012"
REGION = "eu-west-1"


def ref_of(kind: Kind, name: str = "goldseam-example", account: str = ACCOUNT, region: str = REGION) -> Ref:
    assert isinstance(kind, AwsKind)
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
    _leads_there_and_back(control.kind, resource, mended)
    beside = {item.resource for item in plan.permissions} - {resource.ref.address, "*", *map(str, settings.values())}
    assert all(_is_made(name, resource.ref) for name in beside), beside
    check_calls((*plan.calls, *plan.undo))


def _is_made(name: str, ref: Ref) -> bool:
    """Whether it is a kind of thing, of the resource's own service, account and region, that gets its id when made."""
    return name.endswith("/*") and name.split(":")[:5] == ref.address.split(":")[:5]


def _has_nothing_to_do(control: Control, mended: Resource, settings: Mapping[str, Json]) -> None:
    with pytest.raises(PlanRefused, match="already passes"):
        propose(mended, [control], [control], lambda *_: settings)


def _leads_there_and_back(kind: Kind, before: Resource, mended: Resource) -> None:
    for name in before.facets:
        facet = kind.facet(name)
        one, other = held(before, name), held(mended, name)
        if same(one, other):
            continue
        there, back = facet.write(before.ref, one, other), facet.write(before.ref, other, one)
        assert there, name
        assert back, name
        assert same(there[-1].leaves, other), name
        assert same(back[-1].leaves, one), name
        assert facet.write(before.ref, other, other) == ()


def says_its_piece(controls: Iterable[Control], *, no_requirements: frozenset[str] = frozenset()) -> None:
    """Title, reason, what a fix disrupts, and what it answers to."""
    for control in controls:
        assert control.title, control.id
        assert control.why, control.id
        assert not control.title.endswith("."), control.id
        assert control.disruption.harms or control.disruption.why, control.id
        assert control.requirements or control.id in no_requirements, control.id
