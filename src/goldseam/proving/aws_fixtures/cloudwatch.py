"""The account's alarms on its record: one trail of all regions with a log group, and nothing on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import cloudwatch
from goldseam.model.resource import Ref
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.cloudtrail import log_bucket, no_trails
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import REGION, EmulatedGround, Fixture, FixtureResult

_TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def _account(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    no_trails(ground)
    held = [alarm["AlarmName"] for alarm in ground.make("cloudwatch.DescribeAlarms")["MetricAlarms"]]
    if held:
        ground.make("cloudwatch.DeleteAlarms", AlarmNames=held)
    if facets["watch"]["groups"]:
        log_bucket(ground, f"{name}-log")
        ground.make("logs.CreateLogGroup", logGroupName=f"{name}-events")
        role = ground.make("iam.CreateRole", RoleName=f"{name}-r", AssumeRolePolicyDocument=json.dumps(_TRUST))
        group = f"arn:aws:logs:{REGION}:{ground.account}:log-group:{name}-events:*"
        ground.make(
            "cloudtrail.CreateTrail", Name=name, S3BucketName=f"{name}-log", IsMultiRegionTrail=True,
            CloudWatchLogsLogGroupArn=group, CloudWatchLogsRoleArn=role["Role"]["Arn"],
        )  # fmt: skip
        ground.make("cloudtrail.StartLogging", Name=name)
    words = {"log-group:goldseam-example": f"log-group:{name}-events"}
    return FixtureResult(reference(ground, cloudwatch.WATCHED, ground.account), words)


def _subscribe(ground: EmulatedGround, ref: Ref, value: Value) -> None:
    """Topics with a queue that gets their messages, and no other subscription in the region."""
    del ref
    for each in ground.make("sns.ListSubscriptions")["Subscriptions"]:
        ground.make("sns.Unsubscribe", SubscriptionArn=each["SubscriptionArn"])
    for topic in value["subscribed"]:
        name = topic.rpartition(":")[2]
        ground.make("sns.CreateTopic", Name=name)
        queue = f"arn:aws:sqs:{REGION}:{ground.account}:{name}"
        ground.make("sqs.CreateQueue", QueueName=name)
        ground.make("sns.Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=queue)


def _alarm(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    for each in pair(name):
        ground.make(
            "cloudwatch.PutMetricAlarm", AlarmName=each, Namespace="AWS/EC2", MetricName="CPUUtilization",
            Statistic="Average", Period=300, EvaluationPeriods=2, Threshold=90,
            ComparisonOperator="GreaterThanThreshold",
        )  # fmt: skip
    refs = [reference(ground, cloudwatch.ALARM, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.cloudwatch.account": Fixture(_account, {"topics": _subscribe}),
    "aws.cloudwatch.alarm": Fixture(_alarm),
}
