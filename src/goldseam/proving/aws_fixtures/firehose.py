"""Delivery streams of Firehose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import firehose
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult


def _stream(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    role = "arn:aws:iam::123456789012:role/firehose"
    source = {}
    if facets.get("source") == "KinesisStreamAsSource":
        ground.make("kinesis.CreateStream", StreamName=name, ShardCount=1)
        stream = f"arn:aws:kinesis:eu-west-1:{ground.account}:stream/{name}"
        source = {"KinesisStreamSourceConfiguration": {"KinesisStreamARN": stream, "RoleARN": role}}
    for each in pair(name):
        ground.make(
            "firehose.CreateDeliveryStream", DeliveryStreamName=each, **source,
            DeliveryStreamType=facets.get("source", "DirectPut"),
            ExtendedS3DestinationConfiguration={"RoleARN": role, "BucketARN": "arn:aws:s3:::records"},
        )  # fmt: skip
    refs = [reference(ground, firehose.DELIVERY_STREAM, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.firehose.stream": Fixture(
        _stream, normal=frozenset({"DeliveryStreamEncryptionConfiguration", "LastUpdateTimestamp", "VersionId"})
    )
}
