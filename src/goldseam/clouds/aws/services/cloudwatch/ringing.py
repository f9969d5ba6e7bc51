"""Whether one event makes an alarm notify a topic: what a metric filter publishes, and what an alarm makes of it. Pure.

A filter publishes its value for each event, and its default value for minutes that have log events of which none
matches (Amazon CloudWatch Logs User Guide, "Configuring metric values for a metric filter").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from goldseam.clouds.aws.services.cloudtrail.account import region_of
from goldseam.clouds.aws.services.cloudwatch.pattern import alternatives, does
from goldseam.model.values import Json

_NARROWED: Final = ("fieldSelectionCriteria", "applyOnTransformedLogs", "emitSystemFieldDimensions")
"""What makes a filter count fewer events, events of another form, or under dimensions (PutMetricFilter)."""

_OF_ALL: Final = frozenset({"Sum", "Maximum"})
"""Statistics that one event moves whatever else is published in its period."""

_OF_EVENTS: Final = frozenset({"Average", "Minimum"})
"""Statistics that are the value of an event where nothing is published but events."""


class Metric(NamedTuple):
    """What a filter publishes, where: the value of each event, its unit, and whether 0 is published without one."""

    region: str
    namespace: str
    name: str
    value: float = 1
    unit: str = "None"
    zeroes: bool = False


def counted(watch: Json, least: str) -> Iterator[Metric]:
    """The metrics that count each event which the pattern matches, by a value above zero and without dimensions."""
    for group in sighted(watch, least):
        for each in group["filters"]:
            if does(each.get("filterPattern", ""), least) and not any(each.get(name) for name in _NARROWED):
                for published in each["metricTransformations"]:
                    yield from _metric(published, region_of(group["arn"]))


def sighted(watch: Json, least: str) -> list[Json]:
    """The log groups whose trail leaves none of the services out that the pattern names."""
    named = {comparison for each in alternatives(least) or () for comparison in each}
    return [
        group
        for group in watch["groups"]
        if not any(f"$.eventSource = {source}" in named for source in group.get("leftOut", ()))
    ]


def _metric(published: Mapping[str, Json], region: str) -> Iterator[Metric]:
    """The metric, where it is known what one event adds to it: a value may also be a field of the event."""
    value, default = _number(published.get("metricValue")), published.get("defaultValue")
    if value > 0 and default in {None, 0} and not published.get("dimensions"):
        unit = str(published.get("unit") or "None")
        yield Metric(
            region, published["metricNamespace"], published["metricName"], value, unit, zeroes=default is not None
        )


def _number(text: object) -> float:
    """A number as CloudWatch Logs writes it; 0 where it is none."""
    try:
        return float(str(text))
    except ValueError:
        return 0


def watches(alarm: Json, metric: Metric) -> bool:
    """Whether an alarm is on a metric."""
    held = (alarm["Region"], alarm.get("Namespace"), alarm.get("MetricName"))
    return held == (metric.region, metric.namespace, metric.name)


def topics_of(alarm: Json) -> tuple[str, ...]:
    """The SNS topics that an alarm notifies when it goes off."""
    return tuple(action for action in alarm.get("AlarmActions") or () if action.split(":")[2:3] == ["sns"])


def why_silent(alarm: Json, metric: Metric) -> str:
    """The setting for which one event leaves an alarm on the metric silent; empty where the alarm notifies a topic.

    Source: Amazon CloudWatch API Reference, "PutMetricAlarm", and Amazon CloudWatch User Guide, "Configuring how
    CloudWatch alarms treat missing data": an alarm on data of another unit gets none, and one to which missing data is
    breaching is in ALARM before the event.
    """
    needed = alarm.get("DatapointsToAlarm") or alarm.get("EvaluationPeriods")
    silent = {
        "ActionsEnabled is false": not alarm.get("ActionsEnabled", True),
        "AlarmActions has no SNS topic": not topics_of(alarm),
        f"Dimensions are {alarm.get('Dimensions')}": alarm.get("Dimensions"),
        f"Unit is {alarm.get('Unit')}, not {metric.unit}": alarm.get("Unit", metric.unit) != metric.unit,
        f"{needed} datapoints must breach": needed != 1,
        "TreatMissingData is breaching": alarm.get("TreatMissingData") == "breaching",
        _condition(alarm): not _fires(alarm, metric),
    }
    return next((said for said, wrong in silent.items() if wrong), "")


def _condition(alarm: Json) -> str:
    statistic = alarm.get("Statistic") or alarm.get("ExtendedStatistic")
    return f"{statistic} {alarm.get('ComparisonOperator')} {alarm.get('Threshold')} does not hold for one event"


def _fires(alarm: Json, metric: Metric) -> bool:
    """Whether one event breaches the threshold, and the zeroes that are published without one do not."""
    threshold, statistic = alarm.get("Threshold"), alarm.get("Statistic")
    usable = statistic in _OF_ALL or (statistic in _OF_EVENTS and not metric.zeroes)
    if threshold is None or not usable:
        return False
    strict = alarm.get("ComparisonOperator") == "GreaterThanThreshold"
    if not strict and alarm.get("ComparisonOperator") != "GreaterThanOrEqualToThreshold":
        return False
    quiet = threshold > 0 or (strict and threshold == 0) or not metric.zeroes
    return quiet and (metric.value > threshold or (metric.value == threshold and not strict))
