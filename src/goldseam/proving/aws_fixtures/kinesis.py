"""Data streams of Kinesis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import kinesis
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack


def _stream(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    for each in pair(name):
        ground.make("kinesis.CreateStream", StreamName=each, ShardCount=1)
    refs = [reference(ground, kinesis.STREAM, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.kinesis.stream": Fixture(
        _stream,
        normal=frozenset({"EncryptionType", "KeyId"}),
        lacks=(Lack("ministack", "encryption", "ministack does not look for the right on the key"),),
    )
}
