"""How much traffic there was in the last two weeks, where CloudWatch counts it by resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facts.sources import DATABASE_METRICS, QUEUE_METRICS, TOPIC_METRICS, Lag
from goldseam.clouds.aws.services.metrics import DAYS, TRAFFIC
from goldseam.clouds.aws.services.rds.instance import DB_INSTANCE
from goldseam.clouds.aws.services.sns import TOPIC
from goldseam.clouds.aws.services.sqs import QUEUE
from goldseam.control import Answer, FactRule, Kind, Surroundings, fact, known
from goldseam.model.values import Unknown

_COUNTED: Final[Mapping[Kind, tuple[str, str, bool, Lag]]] = {
    QUEUE: ("queues", "messages were sent to it", True, QUEUE_METRICS),
    TOPIC: ("topics", "messages were published to it", True, TOPIC_METRICS),
    DB_INSTANCE: ("databases", "connections were open at one time, at most", False, DATABASE_METRICS),
}
"""By kind: where it is counted, what is counted, whether no series means nothing to count, and the metrics' lag.

An idle queue or topic reports nothing (SQS Developer Guide, "Available CloudWatch metrics for Amazon SQS"; SNS
Developer Guide, "Monitoring Amazon SNS topics using CloudWatch"). A running database always reports.
"""


def _of(kind: Kind) -> FactRule:
    facet, _, _, behind = _COUNTED[kind]

    @fact("traffic", kind, int, needs={TRAFFIC: (facet,)}, dear=True, lag=behind.lag, source=behind.source)
    def traffic(*, around: Surroundings) -> Answer:
        """How much traffic there was in the last 14 days: messages, or the most connections at one time."""
        return traffic_of(kind, around)

    return traffic


def traffic_of(kind: Kind, around: Surroundings) -> Answer:
    """What CloudWatch counted of one resource."""
    facet, what, silence_is_none, _ = _COUNTED[kind]
    counts = _counts(around, facet)
    if isinstance(counts, Unknown):
        return counts
    name = around.ref.id.rpartition("/")[2].rpartition(":")[2]
    if name not in counts and not silence_is_none:
        return Unknown(f"CloudWatch has no data of it in the last {DAYS} days")
    count = counts.get(name, 0)
    if count is None:
        return Unknown("CloudWatch could not tell its data")
    return known(count, f"in the last {DAYS} days, {count} {what}")


def _counts(around: Surroundings, facet: str) -> Mapping[str, int | None] | Unknown:
    held = around.of(TRAFFIC)
    if isinstance(held, Unknown):
        return held
    found: Mapping[str, int | None] | Unknown = Unknown("nothing was counted")
    for region in held:
        found = region.facets.get(facet, Unknown(f"the traffic of {facet} was not read"))
    return found


BY_METRICS: Final = tuple(map(_of, _COUNTED))
"""The kinds whose traffic CloudWatch tells."""
