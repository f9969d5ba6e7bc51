"""Workgroups of Athena."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import athena
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult


def _workgroup(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    location = facets.get("location", ABSENT)
    results = {} if location is ABSENT else {"OutputLocation": location}
    managed = {"ManagedQueryResultsConfiguration": {"Enabled": True}} if facets.get("managed") else {}
    for each in pair(name):
        ground.make("athena.CreateWorkGroup", Name=each, Configuration={"ResultConfiguration": results, **managed})
    refs: list[Ref] = [reference(ground, athena.WORKGROUP, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {"aws.athena.workgroup": Fixture(_workgroup)}
