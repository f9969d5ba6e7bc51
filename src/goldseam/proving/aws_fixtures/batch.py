"""Job definitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import batch
from goldseam.model.values import Json, Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult


def _definition(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    container: Json = {
        "image": "app:1",
        "vcpus": 1,
        "memory": 64,
        "privileged": facets.get("privileged", False),
        "environment": [{"name": each, "value": "not-a-secret-1"} for each in facets.get("secrets", ())],
    }
    refs = []
    for each in pair(name):
        made = ground.make(
            "batch.RegisterJobDefinition", jobDefinitionName=each, type="container", containerProperties=container
        )
        refs.append(reference(ground, batch.JOB_DEFINITION, made["jobDefinitionArn"]))
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.batch.job-definition": Fixture(_definition),
}
