"""Whether requests come that SQS rejects once a queue is encrypted: over plain HTTP, or signed in the old way."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facts.sources import QUEUE_METRICS
from goldseam.clouds.aws.facts.traffic import traffic_of
from goldseam.clouds.aws.public import no
from goldseam.clouds.aws.services.metrics import TRAFFIC
from goldseam.clouds.aws.services.sqs import QUEUE
from goldseam.clouds.aws.statements import asks_tls
from goldseam.control import Answer, Surroundings, fact
from goldseam.model.values import Unknown, Value

_EVERYTHING: Final = "sqs:*"
_OLD_SIGNATURES: Final = frozenset({
    "us-east-1", "us-west-1", "us-west-2", "us-gov-west-1", "eu-west-1", "ap-northeast-1", "ap-southeast-1",
    "ap-southeast-2", "sa-east-1", "cn-north-1",
})  # fmt: skip
"""Regions opened before 2014 was a month old, where older versions of signatures than 4 may be taken.

Regions that came later take version 4 only (Amazon S3 API Reference, Appendix: Authenticating requests (AWS signature
version 2)). That SQS takes no older one anywhere is not documented.
"""


@fact(
    "old_requests", QUEUE, bool, needs={TRAFFIC: ("queues",)}, dear=True, lag=QUEUE_METRICS.lag,
    source=QUEUE_METRICS.source, tolerant=True,
)  # fmt: skip
def queue_old_requests(policy: Value | Unknown, arn: Value | Unknown, *, around: Surroundings) -> Answer:
    """Whether requests come over plain HTTP, or signed before Signature Version 4.

    False where the queue's policy denies plain HTTP to everyone in a region that takes version 4 only, or where no
    message was sent in the last 14 days. Nothing tells that such requests do come.
    """
    if not isinstance(policy, Unknown) and not isinstance(arn, Unknown) and _denied(policy, str(arn), around):
        return no("the policy denies plain HTTP to everyone", "the region takes Signature Version 4 only")
    traffic = traffic_of(QUEUE, around)
    if isinstance(traffic, Unknown):
        return traffic
    if traffic.value == 0:
        return no(*traffic.evidence)
    return Unknown("messages are sent to it, and nothing tells whether all of them over TLS")


def _denied(policy: Value, arn: str, around: Surroundings) -> bool:
    return around.ref.region not in _OLD_SIGNATURES and asks_tls(policy, _EVERYTHING, arn)
