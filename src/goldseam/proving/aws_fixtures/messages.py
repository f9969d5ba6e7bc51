"""Topics and queues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import sns, sqs
from goldseam.model.resource import Ref
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult

_EXAMPLE: Final = "goldseam-example"
"""The name of the resource in the examples of storage and messaging."""


def _topic(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    refs = [reference(ground, sns.TOPIC, ground.make("sns.CreateTopic", Name=each)["TopicArn"]) for each in pair(name)]
    return FixtureResult(refs[0], {_EXAMPLE: name}, (refs[1],))


def _subscribe(ground: EmulatedGround, ref: Ref, value: Value) -> None:
    for host in value:
        ground.make("sns.Subscribe", TopicArn=ref.id, Protocol="http", Endpoint=f"http://{host}/in")


def _queue(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    refs = [
        reference(ground, sqs.QUEUE, ground.make("sqs.CreateQueue", QueueName=each)["QueueUrl"]) for each in pair(name)
    ]
    return FixtureResult(refs[0], {_EXAMPLE: name}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.sns.topic": Fixture(_topic, {"plain_subscribers": _subscribe}, normal=frozenset({"KmsMasterKeyId"})),
    "aws.sqs.queue": Fixture(_queue, normal=frozenset({"KmsMasterKeyId", "SqsManagedSseEnabled"})),
}
