"""CloudWatch: alarms on what the account's trails record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.cloudtrail.account import region_of
from goldseam.clouds.aws.services.cloudwatch.alarm import ALARM, active, tells_someone
from goldseam.clouds.aws.services.cloudwatch.pattern import does
from goldseam.clouds.aws.services.cloudwatch.table import ALARMS, Alarm
from goldseam.clouds.aws.services.cloudwatch.watched import WATCHED, metrics_of
from goldseam.control import Control, Example, Verdict, compliant, control, harmless, should_be, violation
from goldseam.values import Json, Value

__all__ = ["ALARM", "ALARMS_ON_EVENTS", "WATCHED", "active", "tells_someone"]

_NO_GROUP: Final = (
    "1. repair `aws.cloudtrail.trail.sent-to-log-group` on a trail of all regions that logs; 2. repair this; where the "
    "organisation watches its own trail, exempt this"
)
_NO_TOPIC: Final = (
    "1. make an SNS topic in {region}, subscribe the people who answer, and let `cloudwatch.amazonaws.com` publish to "
    "it; 2. give its ARN in a policy as the setting `topic`"
)
_GROUP: Final = "arn:aws:logs:eu-west-1:123456789012:log-group:goldseam-example:*"
_TOPIC: Final = "arn:aws:sns:eu-west-1:123456789012:goldseam-example"
_SPACE: Final = "Goldseam"


def _filter(alarm: Alarm, namespace: str = _SPACE) -> Json:
    feeds = {"metricName": alarm.metric, "metricNamespace": namespace, "metricValue": "1"}
    return {"filterName": alarm.metric, "filterPattern": alarm.pattern, "metricTransformations": [feeds]}


def _alarm(alarm: Alarm, topic: str, metric: tuple[str, str], region: str = "eu-west-1") -> Json:
    namespace, name = metric
    return {
        "Region": region,
        "AlarmName": alarm.metric,
        "AlarmDescription": alarm.title,
        "AlarmActions": [topic],
        "Namespace": namespace,
        "MetricName": name,
        "Statistic": "Sum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    }


def _watch(*filters: Json, alarms: tuple[Json, ...] = ()) -> Json:
    return {"groups": [{"arn": _GROUP, "filters": list(filters)}], "alarms": list(alarms)}


def _fed(watch: Json, alarm: Alarm) -> Iterator[tuple[str, str, str]]:
    """The metrics that count what the alarm is about: region, namespace and name."""
    for group in watch["groups"]:
        for each in group["filters"]:
            if does(each.get("filterPattern", ""), alarm.pattern):
                yield from ((region_of(group["arn"]), *metric) for metric in metrics_of(each))


def _rings(each: Json, region: str, namespace: str, name: str) -> bool:
    """Whether an alarm watches a metric and tells someone."""
    watches = (each["Region"], each.get("Namespace"), each.get("MetricName")) == (region, namespace, name)
    return watches and each.get("ActionsEnabled", True) and bool(each.get("AlarmActions"))


def _added(watch: Json, alarm: Alarm, topic: str, namespace: str) -> Json:
    """The filter, where none counts this, and the alarm on its metric; one of the same name is written anew."""
    fed = next(_fed(watch, alarm), None)
    groups = watch["groups"]
    if fed is None:
        first, *rest = groups
        kept = [each for each in first["filters"] if each["filterName"] != alarm.metric]
        groups = [{**first, "filters": [*kept, _filter(alarm, namespace)]}, *rest]
        fed = (region_of(first["arn"]), namespace, alarm.metric)
    region, *metric = fed
    kept = [each for each in watch["alarms"] if (each["Region"], each["AlarmName"]) != (region, alarm.metric)]
    return {"groups": groups, "alarms": [*kept, _alarm(alarm, topic, (metric[0], metric[1]), region)]}


def _examples(alarm: Alarm) -> tuple[dict[str, Value], ...]:
    ours, own = _alarm(alarm, _TOPIC, (_SPACE, alarm.metric)), {**_filter(alarm, "Own"), "filterName": "own"}
    theirs = {**_alarm(alarm, _TOPIC, ("Own", alarm.metric)), "AlarmName": "own"}
    mute = {**theirs, "AlarmActions": ["arn:aws:sns:eu-west-1:123456789012:other"], "ActionsEnabled": False}
    return (
        {"watch": _watch(_filter(alarm), alarms=(ours,))},
        {"watch": _watch(own, alarms=(theirs,))},
        {"watch": _watch(own)},
        {"watch": _watch(own, alarms=(mute,))},
    )


def _beside(watch: Json, alarm: Json) -> Json:
    return {**watch, "alarms": [alarm, *watch["alarms"]]}


_NOTIFIES: Final = harmless(
    "a metric filter counts events that are logged anyway and an alarm notifies the topic; one custom metric and one "
    "alarm are charged",
    source="Amazon CloudWatch Logs API Reference, PutMetricFilter",
    noticed_by="subscribers of the topic and those who pay",
)


def _control(alarm: Alarm) -> Control:
    ours, theirs, silent, mute = _examples(alarm)
    on_theirs = _alarm(alarm, _TOPIC, ("Own", alarm.metric))
    topic = {"topic": _TOPIC}

    @control(
        f"aws.cloudwatch.account.{alarm.word}-alarmed",
        WATCHED,
        severity=alarm.severity,
        title=alarm.title,
        why=f"{alarm.why} Any alarm that tells someone does, on what a trail of all regions writes to a log group.",
        maps=required(alarm.check),
        covers=(f"security-hub:{alarm.row}", "cloudbots:cloudwatch_create_metric_filter") if alarm.row else (),
        disrupts=_NOTIFIES,
        compliant=(ours, theirs),
        violating=(
            {"watch": {"groups": [], "alarms": []}},
            {"watch": _watch()},
            Example({"watch": _watch()}, settings=topic, leaves=ours),
            Example(silent, settings=topic, leaves={"watch": {**silent["watch"], "alarms": [on_theirs]}}),
            Example(mute, settings=topic, leaves={"watch": _beside(mute["watch"], on_theirs)}),
        ),
    )  # fmt: skip
    def alarmed(watch: Value, *, topic: str = "", namespace: str = _SPACE) -> Verdict:
        if any(_rings(each, *metric) for metric in _fed(watch, alarm) for each in watch["alarms"]):
            return compliant
        return _missing(watch, alarm, topic, namespace)

    return alarmed


def _missing(watch: Json, alarm: Alarm, topic: str, namespace: str) -> Verdict:
    if not watch["groups"]:
        because = "no trail of all regions that logs sends its events to a log group of this account"
        return violation(because=because, guide=_NO_GROUP)
    fed = next(_fed(watch, alarm), None)
    region = fed[0] if fed else region_of(watch["groups"][0]["arn"])
    because = f"no alarm that tells someone is on {fed[1]} {fed[2]}" if fed else "no metric filter counts these events"
    if not topic or region_of(topic) != region:
        return violation(because=because, guide=_NO_TOPIC.format(region=region))
    return should_be(watch=_added(watch, alarm, topic, namespace), because=because)


ALARMS_ON_EVENTS: Final = tuple(map(_control, ALARMS))
"""One control for each line of the table."""
