"""Analyzers: no emulator has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import accessanalyzer
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import reference
from goldseam.proving.emulated import REGION, EmulatedGround, Fixture, FixtureResult, Lack


def _region(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del name, facets
    return FixtureResult(reference(ground, accessanalyzer.REGION, REGION))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.accessanalyzer.region": Fixture(
        _region,
        lacks=tuple(
            Lack(name, "analyzers", f"{name} does not have Access Analyzer") for name in ("ministack", "moto")
        ),
    ),
}  # fmt: skip
