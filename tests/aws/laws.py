"""What the laws ask of every control, checked on a control's own examples without any cloud."""

from __future__ import annotations

import pytest

from goldseam.control import Control, Example, ShouldBe, Verdict
from goldseam.errors import PlanRefused
from goldseam.evaluate import verdict_on
from goldseam.plan import Plan, propose
from goldseam.resource import Ref, Resource
from goldseam.values import Json, Unknown, same

ADDRESS = "arn:aws:test:eu-west-1:123456789012:thing"


def as_read(control: Control, example: Example) -> Resource:
    """The example as a reading would give it."""
    ref = Ref(control.kind.name, "123456789012", "eu-west-1", "goldseam-example", ADDRESS)
    return Resource(ref, {name: control.kind.facet(name).normal(value) for name, value in example.facets.items()})


def verdict(control: Control, example: Example) -> Verdict:
    found = verdict_on(control, as_read(control, example), control.chosen(example.settings))
    assert isinstance(found, Verdict)
    return found


def planned(control: Control, example: Example) -> Plan:
    chosen = control.chosen(example.settings)
    return propose(as_read(control, example), [control], [control], lambda *_: chosen)


def left(control: Control, example: Example, facet: str) -> Json:
    """What the fix makes of a facet of the example."""
    value = after(control, example).facets[facet]
    assert not isinstance(value, Unknown)
    return value


def after(control: Control, example: Example) -> Resource:
    """The example with the fix in place."""
    changes = {change.facet: change.after for change in planned(control, example).changes}
    return as_read(control, example).with_facets(changes)


def keeps_the_laws(control: Control, example: Example) -> None:
    """Fixed point, exact result, undo both ways, and permissions on the resource itself."""
    resource, plan = as_read(control, example), planned(control, example)
    fixed = after(control, example)
    found = verdict_on(control, fixed, control.chosen(example.settings))
    assert not isinstance(found, ShouldBe), found
    with pytest.raises(PlanRefused, match="already passes"):
        propose(fixed, [control], [control], lambda *_: control.chosen(example.settings))
    for name, value in (example.leaves or {}).items():
        wanted = control.kind.facet(name).normal(value)
        assert same(fixed.facets[name], wanted), (name, fixed.facets[name])
    changed = {change.facet for change in plan.changes}
    assert not example.leaves or changed <= set(example.leaves)
    for name in changed:
        _there_and_back(control, name, resource, fixed)
    assert {permission.resource for permission in plan.permissions} == {ADDRESS}


def _there_and_back(control: Control, name: str, before: Resource, fixed: Resource) -> None:
    facet = control.kind.facet(name)
    there = facet.write(before.ref, before.facets[name], fixed.facets[name])
    back = facet.write(before.ref, fixed.facets[name], before.facets[name])
    assert there
    assert same(there[-1].leaves, fixed.facets[name])
    assert back
    assert same(back[-1].leaves, before.facets[name])
    assert facet.write(before.ref, fixed.facets[name], fixed.facets[name]) == ()


def operations(plan: Plan) -> list[str]:
    return [call.operation for call in plan.calls]


def parameters(plan: Plan) -> list[Json]:
    return [dict(call.parameters) for call in plan.calls]
