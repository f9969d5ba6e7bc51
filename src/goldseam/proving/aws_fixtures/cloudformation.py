"""Stacks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import cloudformation
from goldseam.model.values import Json, Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult


def _stack(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    outputs = {key: {"Value": "not-a-secret-1"} for key in facets.get("secret_outputs", ())}
    template: Json = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    if outputs:
        template["Outputs"] = outputs
    refs = []
    for each in pair(name):
        made = ground.make("cloudformation.CreateStack", StackName=each, TemplateBody=json.dumps(template))
        refs.append(reference(ground, cloudformation.STACK, str(made["StackId"]).partition(":stack/")[2]))
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.cloudformation.stack": Fixture(_stack),
}
