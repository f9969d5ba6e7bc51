"""What CloudWatch counted of traffic in the last two weeks, for all resources of a sort in a region at once.

CloudWatch charges for each series that is read, so these facets are only for facts that somebody asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Literal

from goldseam.clouds.aws.facet import Look, Reading
from goldseam.clouds.aws.kind import Ask, AwsKind
from goldseam.model.resource import Ref
from goldseam.model.values import Json

DAYS: Final = 14
"""How far back: as far as CloudWatch lists metrics (CloudWatch API Reference, ListMetrics: the past two weeks)."""

_AT_ONCE: Final = 500
"""Series in one call (CloudWatch API Reference, GetMetricData)."""

_DAY: Final = 86_400
_LIST: Final = "cloudwatch.ListMetrics"
_DATA: Final = "cloudwatch.GetMetricData"
_WHOLE: Final = frozenset({"Complete", "PartialData"})


@dataclass(frozen=True)
class Counted(Look):
    """A number for each resource of a sort, by name: the sum, or the most, of a metric over the days.

    A name without a series had no data point. One of which CloudWatch could not tell the data is left null.
    """

    namespace: str = field(kw_only=True)
    metric: str = field(kw_only=True)
    dimension: str = field(kw_only=True)
    statistic: Literal["Sum", "Maximum"] = field(default="Sum", kw_only=True)

    @property
    def read_operations(self) -> tuple[str, ...]:
        """Which series there are, and what they hold."""
        return (_LIST, _DATA)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """List the series, then read them, many at once."""
        del item
        named = {"Namespace": self.namespace, "MetricName": self.metric}
        held = ask.every(_LIST, named, ref.region, "Metrics")
        names = sorted({name for metric in held for name in self._named(metric)})
        counts: dict[str, Json] = {}
        for start in range(0, len(names), _AT_ONCE):
            counts |= self._counts(ask, ref.region, names[start : start + _AT_ONCE])
        return Reading(counts)

    def _named(self, metric: Mapping[str, Json]) -> Iterator[str]:
        """The name of the resource that a series is of, where it is of one alone."""
        dimensions = list(metric.get("Dimensions") or [])
        if len(dimensions) == 1 and dimensions[0]["Name"] == self.dimension:
            yield str(dimensions[0]["Value"])

    def _counts(self, ask: Ask, region: str, names: Sequence[str]) -> dict[str, Json]:
        today = date.fromisoformat(ask.today())
        asked = {
            "MetricDataQueries": [self._query(number, name) for number, name in enumerate(names)],
            "StartTime": f"{today - timedelta(days=DAYS)}T00:00:00Z",
            "EndTime": f"{today + timedelta(days=1)}T00:00:00Z",
        }
        values: dict[str, list[float]] = {}
        failed: set[str] = set()
        for result in ask.every(_DATA, asked, region, "MetricDataResults"):
            values.setdefault(result["Id"], []).extend(result.get("Values") or ())
            if result.get("StatusCode", "Complete") not in _WHOLE:
                failed.add(result["Id"])
        return {name: self._count(f"m{number}", values, failed) for number, name in enumerate(names)}

    def _count(self, id: str, values: Mapping[str, list[float]], failed: set[str]) -> Json:
        held = values.get(id)
        if held is None or id in failed:
            return None
        return int(sum(held) if self.statistic == "Sum" else max(held, default=0))

    def _query(self, number: int, name: str) -> Json:
        dimensions = [{"Name": self.dimension, "Value": name}]
        metric = {"Namespace": self.namespace, "MetricName": self.metric, "Dimensions": dimensions}
        return {"Id": f"m{number}", "MetricStat": {"Metric": metric, "Period": _DAY, "Stat": self.statistic}}


TRAFFIC: Final = AwsKind(
    "aws.cloudwatch.traffic",
    "traffic of a region",
    (
        Counted(name="queues", namespace="AWS/SQS", metric="NumberOfMessagesSent", dimension="QueueName"),
        Counted(name="topics", namespace="AWS/SNS", metric="NumberOfMessagesPublished", dimension="TopicName"),
        Counted(
            name="databases",
            namespace="AWS/RDS",
            metric="DatabaseConnections",
            dimension="DBInstanceIdentifier",
            statistic="Maximum",
        ),
    ),
    address="arn:{partition}:cloudwatch:{region}:{account}:metrics",
)
