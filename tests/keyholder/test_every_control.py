"""Every plan that a control of the catalogue can lead to, and the way back, is one that a keyholder can work out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import orjson
import pytest

from goldseam.clouds.aws.cloud import AWS, aws_catalog
from goldseam.clouds.aws.kind import AwsKind
from goldseam.control import Control, Example
from goldseam.keyholder.derive import derived, identified
from goldseam.model.errors import PlanRefused
from goldseam.model.resource import Resource
from goldseam.model.values import Json, Unknown
from goldseam.repair.plan import Plan
from goldseam.repair.propose import Rules, propose, reversal
from tests.aws.laws import ACCOUNT, REGION

CATALOG, CLOUDS = aws_catalog(), {"aws": AWS}
ID = {"aws.kms.key": "1234abcd-12ab-34cd-56ef-1234567890ab"}


def resource_of(control: Control, example: Example) -> Resource:
    kind = control.kind
    assert isinstance(kind, AwsKind)
    made = kind.ref("aws", ACCOUNT, "global" if kind.account_wide else REGION, ID.get(kind.name, "goldseam-example"))
    listed = made.address.replace("*", "0a1b") if kind.find and kind.find.address else made.address
    ref = replace(made, address=listed)
    facets = {name: kind.facet(name).normal(value) for name, value in example.facets.items()}
    return Resource(ref, {**{facet.name: Unknown("not in the example") for facet in kind.facets}, **facets})


def _settings(given: tuple[Control, Mapping[str, Json]], control: Control, resource: Resource) -> Mapping[str, Json]:
    return given[1] if control == given[0] else control.defaults


def rules(control: Control) -> Rules:
    return Rules(CATALOG.controls_of[control.kind.name], catalog_version=CATALOG.version)


def plans_of(control: Control) -> list[tuple[Resource, Plan]]:
    found = []
    for example in control.violating:
        resource = resource_of(control, example)
        chosen = control.chosen(example.settings)
        try:
            plan = propose(
                resource, [control], rules(control).controls, partial(_settings, (control, chosen)),
                catalog_version=CATALOG.version,
            )  # fmt: skip
        except PlanRefused:
            continue
        found.append((resource, plan))
    return found


@pytest.mark.parametrize("control", [item for item in CATALOG.controls if item.fixable], ids=lambda item: item.id)
def test_the_keyholder_can_work_out_the_plans_of(control: Control) -> None:
    plans = plans_of(control)
    assert plans
    for resource, plan in plans:
        again = identified(orjson.loads(orjson.dumps(plan.to_json())))
        takes = derived(again, CATALOG, {}, CLOUDS)
        assert takes.permissions == plan.permissions
        if plan.reversible:
            after = resource.with_facets({change.facet: change.after for change in plan.changes})
            back = identified(
                orjson.loads(orjson.dumps(reversal(plan, after, control.kind, rules=rules(control)).to_json()))
            )
            assert derived(back, CATALOG, {plan.id: takes.record}, CLOUDS).controls == (control.id,)
