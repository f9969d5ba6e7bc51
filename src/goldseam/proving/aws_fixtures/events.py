"""Event buses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import events
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack


def _bus(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    for each in pair(name):
        ground.make("events.CreateEventBus", Name=each)
    refs = [reference(ground, events.BUS, each) for each in pair(name)]
    return FixtureResult(refs[0], {"goldseam-example": name}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.events.bus": Fixture(
        _bus,
        lacks=(Lack("ministack", "policy", "it takes no whole policy"),),
        normal=frozenset({"LastModifiedTime"}),
    ),
}
