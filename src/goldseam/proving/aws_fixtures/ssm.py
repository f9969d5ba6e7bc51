"""Documents, parameters, and the settings of a region."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import ssm
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import REGION, EmulatedGround, Fixture, FixtureResult, Lack

_CONTENT: Final = {
    "schemaVersion": "2.2", "description": "proof",
    "mainSteps": [{"action": "aws:runShellScript", "name": "run", "inputs": {"runCommand": ["true"]}}],
}  # fmt: skip


def _document(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    for each in pair(name):
        ground.make("ssm.CreateDocument", Name=each, Content=json.dumps(_CONTENT), DocumentType="Command")
    refs = [reference(ground, ssm.DOCUMENT, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


def _region(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del name, facets
    neighbour = reference(ground, ssm.REGION, "us-east-1", "us-east-1")
    return FixtureResult(reference(ground, ssm.REGION, REGION), neighbours=(neighbour,))


def _parameter(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    wanted = facets.get("parameter_name", f"/{name}")
    for each in (wanted, f"/{name}-beside"):
        ground.make("ssm.PutParameter", Name=each, Value="not-one", Type=facets.get("type", "String"), Overwrite=True)
    refs = [reference(ground, ssm.PARAMETER, each) for each in (wanted, f"/{name}-beside")]
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.ssm.document": Fixture(_document, lacks=(Lack("ministack", "sharing", "ministack has no documents"),)),
    "aws.ssm.parameter": Fixture(_parameter),
    "aws.ssm.region": Fixture(
        _region,
        lacks=(Lack("moto", "public_sharing", "moto has no settings of a region"),),
        normal=frozenset({"LastModifiedDate", "LastModifiedUser", "Status"}),
    ),
}
