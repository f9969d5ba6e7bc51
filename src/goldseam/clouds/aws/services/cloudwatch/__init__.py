"""CloudWatch: alarms on what the account's trails record."""

from __future__ import annotations

from typing import Annotated, Final

from goldseam.clouds.aws.named import Topic
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.cloudtrail.account import region_of
from goldseam.clouds.aws.services.cloudwatch.alarm import ALARM, active, tells_someone
from goldseam.clouds.aws.services.cloudwatch.ringing import Metric, counted, sighted, topics_of, watches, why_silent
from goldseam.clouds.aws.services.cloudwatch.table import ALARMS, Alarm
from goldseam.clouds.aws.services.cloudwatch.watched import WATCHED
from goldseam.control import (
    Control,
    Example,
    Placed,
    Verdict,
    compliant,
    control,
    harmless,
    should_be,
    undecided,
    violation,
)
from goldseam.model.values import Json, Value

__all__ = ["ALARM", "ALARMS_ON_EVENTS", "WATCHED", "active", "tells_someone"]

_NO_GROUP: Final = (
    "1. repair `aws.cloudtrail.trail.sent-to-log-group` and `aws.cloudtrail.trail.management-events` on a trail of all "
    "regions that logs, and let its selectors leave no service out that this is about; 2. repair this; where the "
    "organisation watches its own trail, exempt this"
)
_NO_TOPIC: Final = (
    "1. create an SNS topic in {region}, let `cloudwatch.amazonaws.com` publish to it, and subscribe the people who "
    "answer; 2. confirm a subscription, which a topic without one is not notified for; 3. give its ARN in a policy as "
    "the setting `topic`"
)
_GROUP: Final = "arn:aws:logs:eu-west-1:123456789012:log-group:goldseam-example:*"
_TOPIC: Final = "arn:aws:sns:eu-west-1:123456789012:goldseam-example"
_SPACE: Final = "Goldseam"


def _filter(alarm: Alarm, namespace: str = _SPACE) -> Json:
    feeds = {"metricName": alarm.metric, "metricNamespace": namespace, "metricValue": "1"}
    return {"filterName": alarm.metric, "filterPattern": alarm.written, "metricTransformations": [feeds]}


def _alarm(alarm: Alarm, topic: str, metric: Metric) -> Json:
    return {
        "Region": metric.region,
        "AlarmName": alarm.metric,
        "AlarmDescription": alarm.title,
        "AlarmActions": [topic],
        "Namespace": metric.namespace,
        "MetricName": metric.name,
        "Statistic": "Sum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": min(1, metric.value),
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    }


def _watch(*filters: Json, alarms: tuple[Json, ...] = ()) -> Json:
    return {"groups": [{"arn": _GROUP, "filters": list(filters)}], "alarms": list(alarms)}


def _added(watch: Json, alarm: Alarm, topic: str, namespace: str) -> Json:
    """The filter, where none counts this, and the alarm on its metric; one of the same name is written anew."""
    metric = next(counted(watch, alarm.pattern), None)
    groups = watch["groups"]
    if metric is None:
        first = sighted(watch, alarm.pattern)[0]
        kept = [each for each in first["filters"] if each["filterName"] != alarm.metric]
        written = {**first, "filters": [*kept, _filter(alarm, namespace)]}
        groups = [written if each is first else each for each in groups]
        metric = Metric(region_of(first["arn"]), namespace, alarm.metric)
    key = (metric.region, alarm.metric)
    kept = [each for each in watch["alarms"] if (each["Region"], each["AlarmName"]) != key]
    return {"groups": groups, "alarms": [*kept, _alarm(alarm, topic, metric)]}


_REGION: Final = "eu-west-1"
_HEARD: Final[Json] = {"subscribed": [_TOPIC], "unreadable": []}
_UNHEARD: Final[Json] = {"subscribed": [], "unreadable": []}


def _state(*filters: Json, alarms: tuple[Json, ...] = (), topics: Json = _HEARD) -> dict[str, Value]:
    return {"watch": _watch(*filters, alarms=alarms), "topics": topics}


def _beside(state: dict[str, Value], alarm: Json) -> dict[str, Value]:
    watch = state["watch"]
    return {"watch": {**watch, "alarms": [alarm, *watch["alarms"]]}}


_NOTIFIES: Final = harmless(
    "a metric filter counts events that are logged anyway and an alarm notifies the topic; one custom metric and one "
    "alarm are charged",
    source="Amazon CloudWatch Logs API Reference, PutMetricFilter",
    noticed_by="subscribers of the topic and those who pay",
)
_OF_GROUP: Final = Placed("the rule itself compares the topic's region with that of the log group", region="any")


def _examples(alarm: Alarm) -> tuple[tuple[dict[str, Value], ...], tuple[dict[str, Value] | Example, ...]]:
    """What passes and what does not: filters and alarms of our names and of others."""
    own = {**_filter(alarm, "Own"), "filterName": "own"}
    on_own = _alarm(alarm, _TOPIC, Metric(_REGION, "Own", alarm.metric))
    theirs = {**on_own, "AlarmName": "own"}
    ours = _state(_filter(alarm), alarms=(_alarm(alarm, _TOPIC, Metric(_REGION, _SPACE, alarm.metric)),))
    mute = _state(own, alarms=({**theirs, "AlarmActions": [f"{_TOPIC}-other"], "ActionsEnabled": False},))
    deaf = _state(own, alarms=({**theirs, "Threshold": 1000000},))
    topic = {"topic": _TOPIC}
    return (ours, _state(own, alarms=({**theirs, "Statistic": "Average"},))), (
        {"watch": {"groups": [], "alarms": []}, "topics": _UNHEARD},
        _state(topics=_UNHEARD),
        {**ours, "topics": _UNHEARD},
        Example(_state(), settings=topic, leaves={"watch": ours["watch"]}),
        Example(_state(own), settings=topic, leaves={"watch": _watch(own, alarms=(on_own,))}),
        Example(mute, settings=topic, leaves=_beside(mute, on_own)),
        Example(deaf, settings=topic, leaves=_beside(deaf, on_own)),
    )


def _control(alarm: Alarm) -> Control:
    passes, fails = _examples(alarm)

    @control(
        f"aws.cloudwatch.account.{alarm.word}-alarmed",
        WATCHED,
        severity=alarm.severity,
        title=alarm.title,
        why=f"{alarm.why} Any alarm does that one event sets off and that notifies an SNS topic with a confirmed "
        f"subscription, on what a trail of all regions writes to a log group.{alarm.note}",
        maps=required(alarm.check),
        covers=(f"security-hub:{alarm.row}", "cloudbots:cloudwatch_create_metric_filter") if alarm.row else (),
        disrupts=_NOTIFIES,
        compliant=passes,
        violating=fails,
    )  # fmt: skip
    def alarmed(
        watch: Value, topics: Value, *, topic: Annotated[Topic, _OF_GROUP] = "", namespace: str = _SPACE
    ) -> Verdict:
        return _judged(watch, topics, alarm, (topic, namespace))

    return alarmed


def _judged(watch: Json, topics: Json, alarm: Alarm, settings: tuple[str, str]) -> Verdict:
    """Whether an alarm on these events notifies somebody, by the subscriptions of its topics."""
    on_it = [
        (each, metric) for metric in counted(watch, alarm.pattern)
        for each in watch["alarms"] if watches(each, metric)
    ]  # fmt: skip
    notified = {one for each, metric in on_it if not why_silent(each, metric) for one in topics_of(each)}
    if notified & set(topics["subscribed"]):
        return compliant
    if unreadable := sorted(notified & set(topics["unreadable"])):
        return undecided(because=f"cannot list the subscriptions of {', '.join(unreadable)}")
    silent = [f"alarm `{each['AlarmName']}`: {_why(each, metric)}" for each, metric in on_it]
    return _missing(watch, alarm, settings, topics, "; ".join(silent))


def _why(each: Json, metric: Metric) -> str:
    return why_silent(each, metric) or f"{', '.join(topics_of(each))} has no confirmed subscription"


def _missing(watch: Json, alarm: Alarm, settings: tuple[str, str], topics: Json, silent: str) -> Verdict:
    topic, namespace = settings
    groups = sighted(watch, alarm.pattern)
    if not groups:
        because = "no trail of all regions that logs sends all management events to a log group of this account"
        left_out = sorted({source for group in watch["groups"] for source in group["leftOut"]})
        because += f": {', '.join(left_out)} is left out" if left_out else ""
        return violation(because=because, guide=_NO_GROUP)
    metric = next(counted(watch, alarm.pattern), None)
    region = metric.region if metric else region_of(groups[0]["arn"])
    unwatched = f"no alarm is on {metric.namespace} {metric.name}" if metric else "no metric filter counts these events"
    if topic not in topics["subscribed"] or region_of(topic) != region:
        return violation(because=silent or unwatched, guide=_NO_TOPIC.format(region=region))
    return should_be(watch=_added(watch, alarm, topic, namespace), because=silent or unwatched)


ALARMS_ON_EVENTS: Final = tuple(map(_control, ALARMS))
"""One control for each line of the table."""
