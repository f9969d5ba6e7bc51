from __future__ import annotations

from collections.abc import Mapping

import pytest

from goldseam.clouds.aws.facet import AwsFacet
from goldseam.clouds.aws.permissions import SESSION_POLICY_LIMIT, session_policy
from goldseam.clouds.aws.services import cloudwatch
from goldseam.clouds.aws.services.cloudwatch.pattern import alternatives, does
from goldseam.clouds.aws.services.cloudwatch.table import ALARMS
from goldseam.control import Catalog, Compliant, Example, Violation
from goldseam.errors import NotFound
from goldseam.propose import propose
from goldseam.values import Json
from tests.aws.laws import ACCOUNT, REGION, as_read, operations, parameters, planned, ref_of, verdict

CONTROLS = Catalog.of([cloudwatch]).controls
GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:trail:*"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
EMPTY = {"watch": {"groups": [{"arn": GROUP, "filters": []}], "alarms": []}}
PATTERNS = {alarm.word: alarm.pattern for alarm in ALARMS}
ROOT = next(control for control in cloudwatch.ALARMS_ON_EVENTS if "root" in control.id)


@pytest.mark.parametrize(
    ("word", "spelt"),
    [
        (
            "root-used",
            '{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}',
        ),
        ("calls-refused", '{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}'),
        ("keys-lost", "{($.eventName=ScheduleKeyDeletion)||($.eventName=DisableKey)}"),
        (
            "keys-lost",
            "{(($.eventName=DisableKey)||($.eventName=ScheduleKeyDeletion)) && ($.eventSource = kms.amazonaws.com) }",
        ),
        ("sign-ins-failed", '{ ($.errorMessage = "Failed authentication") && ($.eventName = ConsoleLogin) }'),
        ("trails", "{ $.eventSource = cloudtrail.amazonaws.com }"),
    ],
)
def test_a_pattern_is_known_in_another_spelling(word: str, spelt: str) -> None:
    assert does(spelt, PATTERNS[word])


@pytest.mark.parametrize(
    ("word", "spelt"),
    [
        ("keys-lost", "{($.eventName=DisableKey)}"),
        (
            "keys-lost",
            '{(($.eventName=DisableKey)||($.eventName=ScheduleKeyDeletion)) && ($.userIdentity.type = "Root")}',
        ),
        ("root-used", '{ $.userIdentity.type != "Root" }'),
        ("root-used", "Root"),
        ("root-used", ""),
        ("root-used", "{ ($.userIdentity.type = Root }"),
        ("root-used", "{ }"),
    ],
)
def test_a_pattern_that_counts_less_is_not_the_same(word: str, spelt: str) -> None:
    assert not does(spelt, PATTERNS[word])


def test_every_pattern_is_one_that_aws_takes() -> None:
    for alarm in ALARMS:
        assert alternatives(alarm.pattern), alarm.word
        assert len(alarm.pattern) <= 1024, alarm.word


def test_peers_09_all_alarms_are_one_plan_that_fits_a_session() -> None:
    resource = as_read(ROOT, Example(EMPTY))
    wanted = list(cloudwatch.ALARMS_ON_EVENTS)
    plan = propose(resource, wanted, wanted, lambda control, _: {**control.defaults, "topic": TOPIC})
    assert operations(plan) == ["logs.PutMetricFilter"] * 15 + ["cloudwatch.PutMetricAlarm"] * 15
    assert [call.operation for call in plan.undo] == ["cloudwatch.DeleteAlarms"] * 15 + ["logs.DeleteMetricFilter"] * 15
    assert {call.region for call in plan.calls} == {REGION}
    assert len(session_policy(plan)) <= SESSION_POLICY_LIMIT


def test_an_alarm_is_put_on_a_metric_that_is_there_and_nothing_else_is_touched() -> None:
    theirs = {
        "filterName": "theirs",
        "filterPattern": '{ $.userIdentity.type = "Root" }',
        "metricTransformations": [{"metricName": "Root", "metricNamespace": "CIS", "metricValue": "1"}],
    }
    watch = {"groups": [{"arn": GROUP, "filters": [theirs]}], "alarms": []}
    plan = planned(ROOT, Example({"watch": watch}, settings={"topic": TOPIC}))
    assert operations(plan) == ["cloudwatch.PutMetricAlarm"]
    sent = parameters(plan)[0]
    assert (sent["Namespace"], sent["MetricName"], sent["AlarmActions"]) == ("CIS", "Root", [TOPIC])


def test_a_topic_of_another_region_is_no_use() -> None:
    there = TOPIC.replace(REGION, "us-east-1")
    assert isinstance(verdict(ROOT, Example(EMPTY, settings={"topic": there})), Violation)


class Account:
    """Two trails of all regions, of which one logs; the organisation's trail; a filter and three alarms."""

    def one(self, operation: str, parameters: Mapping[str, Json], region: str) -> Mapping[str, Json]:
        del region
        if operation == "cloudtrail.GetTrailStatus":
            return {"IsLogging": not parameters["Name"].endswith("silent")}
        return {"trailList": [self._trail(name) for name in ("main", "silent", "organisation", "lost")]}

    def _trail(self, name: str) -> Json:
        account = "210987654321" if name == "organisation" else ACCOUNT
        arn = f"arn:aws:cloudtrail:{REGION}:{account}:trail/{name}"
        group = f"arn:aws:logs:{REGION}:{account}:log-group:{name}:*"
        return {"TrailARN": arn, "IsMultiRegionTrail": True, "CloudWatchLogsLogGroupArn": group}

    def every(self, operation: str, parameters: Mapping[str, Json], region: str, member: str) -> list[Json]:
        del region, member
        if operation == "cloudwatch.DescribeAlarms":
            names = ("Calls", "CPUUtilization", "GoldseamRootUsed")
            return [{"AlarmName": name, "Namespace": "Own", "MetricName": name, "Threshold": 1.0} for name in names]
        if parameters["logGroupName"] == "lost":
            raise NotFound("it is gone", operation=operation, code="ResourceNotFoundException")
        feeds = {"metricName": "Calls", "metricNamespace": "Own", "metricValue": "1"}
        return [{"filterName": "f", "filterPattern": "", "metricTransformations": [feeds], "creationTime": 1}]

    def today(self) -> str:
        raise NotImplementedError


def test_only_groups_count_that_a_trail_of_this_account_fills_and_only_alarms_on_them() -> None:
    facet = cloudwatch.WATCHED.facet("watch")
    assert isinstance(facet, AwsFacet)
    seen = facet.read(Account(), ref_of(cloudwatch.WATCHED, ACCOUNT), None).value
    assert [group["arn"].split(":")[6] for group in seen["groups"]] == ["main"]
    assert [alarm["AlarmName"] for alarm in seen["alarms"]] == ["Calls", "GoldseamRootUsed"]
    assert seen["alarms"][0]["Threshold"] == 1


def test_an_alarm_without_anyone_to_tell_is_none() -> None:
    example = cloudwatch.ALARMS_ON_EVENTS[0].compliant[0]
    watch = example.facets["watch"]
    assert isinstance(verdict(ROOT, example), Compliant)
    changes: tuple[Json, ...] = ({"ActionsEnabled": False}, {"AlarmActions": []}, {"Region": "us-east-1"})
    for change in changes:
        alarms = [{**alarm, **change} for alarm in watch["alarms"]]
        assert not isinstance(verdict(ROOT, Example({"watch": {**watch, "alarms": alarms}})), Compliant)
