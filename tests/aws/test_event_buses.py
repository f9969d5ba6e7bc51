from __future__ import annotations

import json

from goldseam.clouds.aws.facet import AwsFacet
from goldseam.clouds.aws.services import events, logs
from goldseam.control import Example
from goldseam.model.values import ABSENT
from tests.aws.laws import operations, parameters, planned

BUS = events.policy_not_public.violating[1]


def test_peers_03_a_bus_keeps_the_statements_that_name_someone() -> None:
    plan = planned(events.policy_not_public, BUS)
    assert operations(plan) == ["events.PutPermission"]
    held = json.loads(parameters(plan)[0]["Policy"])["Statement"]
    assert [item["Sid"] for item in held] == ["Partner", "Organisation"]
    assert json.loads(plan.undo[0].parameters["Policy"]) == BUS.facets["policy"]


def test_a_bus_without_a_policy_has_none() -> None:
    facet = events.BUS.facet("policy")
    assert isinstance(facet, AwsFacet)
    for item in ({}, {"Policy": ""}, {"Policy": json.dumps({"Version": "2012-10-17", "Statement": []})}):
        assert facet.read(None, None, item).value is ABSENT  # type: ignore[arg-type] # the listing says it


def test_peers_03_a_policy_on_log_groups_with_nothing_left_goes_and_the_others_stay() -> None:
    example = logs.policies_not_public.violating[1]
    plan = planned(logs.policies_not_public, example)
    assert operations(plan) == ["logs.DeleteResourcePolicy"]
    assert [call.operation for call in plan.undo] == ["logs.PutResourcePolicy"]
    both = dict.fromkeys(("a", "b"), example.facets["policies"]["open"])
    plan = planned(logs.policies_not_public, Example({"policies": both}))
    assert [call["policyName"] for call in parameters(plan)] == ["b", "a"]
