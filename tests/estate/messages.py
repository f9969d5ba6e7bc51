"""The estate's queues, topics, keys, secrets and streams, and the people who hold keys."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.estate.account import PARTNER, Account, allow, document, root_of, user

PLAIN: Final = {"Bool": {"aws:SecureTransport": "false"}}


def messages(account: Account) -> None:
    """Make what passes messages on."""
    source = account.name()
    account.own("s3").create_bucket(Bucket=source, CreateBucketConfiguration={"LocationConstraint": account.region})
    account.held["source"] = source
    _topics(account, source)
    _queues(account, source)
    account.ids["c04"] = account.name()
    stream = account.own("kinesis")
    stream.create_stream(StreamName=account.ids["c04"], ShardCount=1)
    account.ids["c05"] = _secret(account)


def _topics(account: Account, source: str) -> None:
    sns = account.own("sns")
    for row in ("t01", "t02", "t03"):
        account.ids[row] = str(sns.create_topic(Name=account.name())["TopicArn"])
    mine = {"StringEquals": {"AWS:SourceOwner": account.account_id}}
    from_bucket = {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:*:*:{source}"}}
    everyone = {"AWS": "*"}
    _set_topic(account, "t01", allow("*", ["sns:Publish", "sns:Subscribe"], account.ids["t01"]))
    _set_topic(account, "t02", allow(everyone, "sns:Publish", account.ids["t02"], from_bucket))
    _set_topic(account, "t03", allow(everyone, ["sns:Publish"], account.ids["t03"], mine))
    alarm = account.own("cloudwatch")
    alarm.put_metric_alarm(
        AlarmName=account.name(),
        MetricName="CPUUtilization",
        Namespace="AWS/EC2",
        Statistic="Average",
        Period=300,
        EvaluationPeriods=1,
        Threshold=90,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[account.ids["t03"]],
    )


def _set_topic(account: Account, row: str, statement: dict[str, Any]) -> None:
    account.own("sns").set_topic_attributes(
        TopicArn=account.ids[row], AttributeName="Policy", AttributeValue=document(statement)
    )


def _queues(account: Account, source: str) -> None:
    sqs, sns = account.own("sqs"), account.own("sns")
    topic = str(sns.create_topic(Name=account.name())["TopicArn"])
    account.held["q05"] = topic
    for row in ("q01", "q02", "q03", "q04", "q05", "q06"):
        name = account.name()
        arn = account.arn("sqs", name)
        statements = _of_queue(row, arn, source, topic)
        policy = {"Policy": document(*statements)} if statements else {}
        encrypted = "true" if row == "q01" else "false"
        url = sqs.create_queue(QueueName=name, Attributes={"SqsManagedSseEnabled": encrypted, **policy})["QueueUrl"]
        account.ids[row], account.held[f"{row}-url"] = name, url
    told = {"QueueArn": account.arn("sqs", account.ids["q01"]), "Events": ["s3:ObjectCreated:*"]}
    account.own("s3").put_bucket_notification_configuration(
        Bucket=source, NotificationConfiguration={"QueueConfigurations": [told]}
    )
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=account.arn("sqs", account.ids["q05"]))
    _sent(account, ("q01", "q02", "q03", "q04", "q05"))


def _sent(account: Account, queues: Sequence[str]) -> None:
    """Count messages that were sent in the last days, which the emulator does not."""
    now = datetime.now(UTC)
    data = [
        {
            "MetricName": "NumberOfMessagesSent",
            "Dimensions": [{"Name": "QueueName", "Value": account.ids[row]}],
            "Timestamp": now - timedelta(days=days, hours=1),
            "Value": 40,
            "Unit": "Count",
        }
        for row in queues
        for days in range(10)
    ]
    account.own("cloudwatch").put_metric_data(Namespace="AWS/SQS", MetricData=data)


def _of_queue(row: str, arn: str, source: str, topic: str) -> list[dict[str, Any]]:
    tls = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": arn, "Condition": PLAIN}
    from_bucket = {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:*:*:{source}"}}
    from_topic = {"ArnEquals": {"aws:SourceArn": topic}}
    return {
        "q01": [allow("*", "sqs:SendMessage", arn, from_bucket)],
        "q02": [allow("*", "sqs:SendMessage", arn)],
        "q04": [tls],
        "q05": [tls, allow({"Service": "sns.amazonaws.com"}, "sqs:SendMessage", arn, from_topic)],
    }.get(row, [])


def _secret(account: Account) -> str:
    secrets = account.own("secretsmanager")
    made = str(secrets.create_secret(Name=account.name(), SecretString="a" * 20)["ARN"])
    secrets.put_resource_policy(
        SecretId=made,
        ResourcePolicy=document(allow("*", "secretsmanager:GetSecretValue", "*")),
        BlockPublicPolicy=False,
    )
    return made


def keys(account: Account) -> None:
    """Make the KMS keys, each with something that it encrypted."""
    kms = account.own("kms")
    own = allow(root_of(account.account_id), "kms:*", "*")
    more = {"k01": [allow("*", "kms:Decrypt", "*")], "k04": [allow(root_of(PARTNER), "kms:Decrypt", "*")]}
    for row in ("k01", "k02", "k03", "k04"):
        made = kms.create_key(Policy=document(own, *more.get(row, [])))["KeyMetadata"]["KeyId"]
        account.ids[row] = made
        account.held[row] = kms.encrypt(KeyId=made, Plaintext=b"plain")["CiphertextBlob"]
        if row == "k01":
            kms.enable_key_rotation(KeyId=made)


def people(account: Account) -> None:
    """Make the partner's user, and the estate's users, roles and policies."""
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    lists = {"Effect": "Allow", "Action": ["sqs:ListQueues", "s3:ListAllMyBuckets"], "Resource": "*"}
    account.held["partner"] = user(account.partner_root, account.name(), everything)
    iam = account.own("iam")
    for row, age in (("u01", 410), ("u02", 200), ("u03", 410)):
        account.ids[row] = account.name()
        account.held[row] = user(account.own, account.ids[row], lists, age=age)
    second = iam.create_access_key(UserName=account.ids["u02"])["AccessKey"]
    daily = type(account.own)(account.endpoint, account.region, second["AccessKeyId"], second["SecretAccessKey"])
    daily("sqs").list_queues()
    name = account.name()
    account.held["p01"] = user(account.own, name)
    account.ids["p01"] = iam.create_policy(PolicyName=account.name(), PolicyDocument=document(everything))["Policy"][
        "Arn"
    ]
    iam.attach_user_policy(UserName=name, PolicyArn=account.ids["p01"])
    account.ids["r01"] = account.name()
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName=account.ids["r01"],
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    iam.put_role_policy(RoleName=account.ids["r01"], PolicyName="work", PolicyDocument=document(lists))
    iam.update_account_password_policy(MinimumPasswordLength=6)
    for row in ("a01", "a02"):
        account.ids[row] = f"arn:aws:iam::{account.account_id}:root"
    account.ids["a04"] = account.arn("ssm", "settings")
