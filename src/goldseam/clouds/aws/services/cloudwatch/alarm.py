"""Alarms: whether they tell anyone, and whether they have been silenced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import Send
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.named import Topic
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.cloudwatch.watched import alarm_form
from goldseam.clouds.aws.shapes import Document, Switch
from goldseam.control import (
    Example,
    Severity,
    Verdict,
    compliant,
    control,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.values import Json, Value

_NAMED: Final = {"AlarmNames": ["{id}"]}

ALARM: Final = AwsKind(
    "aws.cloudwatch.alarm",
    "CloudWatch alarm",
    (
        Document(
            name="definition", listed="", put=Send("cloudwatch.PutMetricAlarm", {"AlarmName": "{id}"}),
            form=alarm_form, spread=True,
        ),
        Switch(
            name="active",
            listed="ActionsEnabled",
            levels={
                True: Send("cloudwatch.EnableAlarmActions", _NAMED),
                False: Send("cloudwatch.DisableAlarmActions", _NAMED),
            },
        ),
    ),
    touched_by=(
        changes("monitoring", f"{REQUEST}.alarmName", names=("PutMetricAlarm",)),
        changes("monitoring", f"{REQUEST}.alarmNames"),
    ),
    address="arn:{partition}:cloudwatch:{region}:{account}:alarm:{id}",
    find=Listing("cloudwatch.DescribeAlarms", "MetricAlarms", id="AlarmName", narrow={"AlarmNames": ["{id}"]}),
)  # fmt: skip

_TOPIC: Final = "arn:aws:sns:eu-west-1:123456789012:goldseam-example"
_OTHER: Final = "arn:aws:sns:eu-west-1:123456789012:other"
_CPU: Final[Mapping[str, Json]] = {
    "Namespace": "AWS/EC2",
    "MetricName": "CPUUtilization",
    "Statistic": "Average",
    "Period": 300,
    "EvaluationPeriods": 2,
    "Threshold": 90,
    "ComparisonOperator": "GreaterThanThreshold",
}


@control(
    "aws.cloudwatch.alarm.tells-someone", ALARM, severity=Severity.MEDIUM,
    maps=required("cloudwatch_alarm_actions_alarm_state_configured"),
    disrupts=may_disrupt("the people and programs that listen to the topic are told when the alarm goes off"),
    compliant=({"definition": {**_CPU, "AlarmActions": [_OTHER]}},),
    violating=(
        {"definition": _CPU},
        Example(
            {"definition": {**_CPU, "OKActions": [_OTHER]}},
            settings={"topic": _TOPIC},
            leaves={"definition": {**_CPU, "OKActions": [_OTHER], "AlarmActions": [_TOPIC]}},
        ),
    ),
)  # fmt: skip
def tells_someone(definition: Value, *, topic: Topic = "") -> Verdict:
    """An alarm that goes off tells someone.

    An alarm without an action changes colour on a page that nobody looks at.
    """
    if definition.get("AlarmActions"):
        return compliant
    because = "nothing happens when the alarm goes off"
    if not topic:
        guide = "1. make an SNS topic in the alarm's region; 2. give its name or ARN in a policy as the setting `topic`"
        return violation(because=because, guide=guide)
    return should_be(definition={**definition, "AlarmActions": [topic]}, because=because)


@control(
    "aws.cloudwatch.alarm.active", ALARM, severity=Severity.HIGH,
    maps=required("cloudwatch_alarm_actions_enabled"),
    disrupts=may_disrupt("actions happen again that someone switched off: messages, scaling, stops and restarts"),
    compliant=({"active": True},),
    violating=(Example({"active": False}, leaves={"active": True}),),
)  # fmt: skip
def active(active: Value) -> Verdict:
    """Actions of an alarm are not switched off.

    An alarm that was silenced for an hour of maintenance often stays silent.
    """
    return compliant if active else should_be(active=True, because="the actions of the alarm are switched off")
