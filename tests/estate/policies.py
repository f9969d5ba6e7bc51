"""The policies of two users: one who lets everything happen by itself, and one who sets all that can be set as well."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from tests.estate.account import Account

_ALWAYS: Final[Mapping[str, Any]] = {
    "when": ["true"],
    "mode": "auto",
    "limits": {"per_hour": 100_000, "per_account": 100_000},
}
_BY_HAND: Final = ("aws.account", "aws.ssm.region", "aws.apigateway.stage")
"""Kinds that carry no marker; both users say that nobody has code for them."""


def bold() -> str:
    """Everything by itself, always, with the settings as they come."""
    return _written([{"name": "everything", "controls": ["*"], **_ALWAYS}])


def reckless(account: Account) -> str:
    """Everything by itself, always; keys, buckets and roles are named wherever one can be, all spans are the least."""
    policies = [
        {"name": f"wide {number}", "controls": controls, "settings": settings, **_ALWAYS}
        for number, (controls, settings) in enumerate(_settings(account).items())
    ]
    return _written([*policies, {"name": "everything", "controls": ["*"], **_ALWAYS}])


def careful(account: Account) -> str:
    """The reckless one's settings, and every repair approved by a person."""
    asked = {"mode": "ask", "approvals": {"needed": 1}}
    return reckless(account).replace('"mode": "auto"', json.dumps(asked)[1:-1])


def _settings(account: Account) -> dict[tuple[str, ...], dict[str, Any]]:
    key = account.arn("kms", f"key/{account.ids['k03']}")
    records, topic, role = account.held["records"], account.held["q05"], account.held["role"]
    dead = account.arn("sqs", account.ids["q06"])
    return {
        ("aws.sqs.queue.encrypted-with-kms", "aws.sns.topic.encrypted", "aws.kinesis.stream.encrypted"): {
            "kms_key": key
        },
        ("aws.s3.bucket.encrypted-with-kms", "aws.dynamodb.table.encrypted-with-kms"): {"kms_key": key},
        ("aws.logs.group.encrypted-with-kms", "aws.cloudtrail.trail.encrypted-with-kms"): {"kms_key": key},
        ("aws.sqs.queue.dead-lettered",): {"dead_letters": dead, "receives": 1},
        ("aws.iam.user.unused-keys-inactive", "aws.account.password-age", "aws.s3.bucket.lifecycle"): {"days": 1},
        ("aws.ec2.instance.metadata-stays-near",): {"most": 1},
        ("aws.rds.instance.monitored", "aws.sns.topic.failures-logged"): {"role": role},
        ("aws.cloudwatch.account.*-alarmed",): {"topic": topic},
        ("aws.elbv2.load-balancer.access-logged",): {"bucket": records},
        ("aws.account.password-length",): {"length": 64},
        ("aws.ec2.security-group.broad-range-closed",): {"most": 1},
    }


def _written(policies: list[Mapping[str, Any]]) -> str:
    """YAML is a superset of JSON."""
    ownership = {"unmanaged": list(_BY_HAND)}
    return json.dumps({"version": 2, "ownership": ownership, "policies": policies}, indent=1)
