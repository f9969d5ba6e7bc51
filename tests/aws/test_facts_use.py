"""What uses a resource, when it was last used, how much traffic it had, which stack made it, and what Macie says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from goldseam.clouds.aws.facts.classified import bucket_class
from goldseam.clouds.aws.facts.tagged import data_class
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.public import FLAGS
from goldseam.clouds.aws.services.cloudtrail import TRAIL
from goldseam.clouds.aws.services.iam.user import USER
from goldseam.clouds.aws.services.kms import KEY
from goldseam.clouds.aws.services.macie import MACIE_BUCKET
from goldseam.clouds.aws.services.metrics import TRAFFIC
from goldseam.clouds.aws.services.rds.instance import DB_INSTANCE
from goldseam.clouds.aws.services.s3 import BUCKET
from goldseam.clouds.aws.services.sns import TOPIC
from goldseam.clouds.aws.services.sqs import QUEUE
from goldseam.clouds.aws.services.stack import STACK
from goldseam.clouds.aws.statements import tls_denial
from goldseam.control import Surroundings, fact, known
from goldseam.model.resource import Resource
from goldseam.model.values import ABSENT, Json, Unknown, Value
from goldseam.ports import Shard
from tests.aws.laws import ACCOUNT, REGION, ref_of
from tests.aws.live import live
from tests.aws.test_facts import CATALOG, DENIED, a, told, value

KEY_ID: Final = "1234abcd-12ab-34cd-56ef-1234567890ab"
ARN: Final = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{KEY_ID}"
ENABLED: Final = {"KeyState": "Enabled"}
USED: Final = {"used": "2026-02-20", "made": "2020-01-01", "kept_since": "2025-10-01"}
NEVER: Final = {"used": "", "made": "2026-01-01", "kept_since": "2025-10-01"}
BEFORE: Final = {"used": "", "made": "2020-01-01", "kept_since": "2025-10-01"}


def encrypted(name: str) -> Json:
    return {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": name}}]}


def a_key(**held: Value) -> Resource:
    usual = {"aliases": ["alias/data"], "grantees": [], "metadata": ENABLED, "last_usage": BEFORE}
    return a(KEY, KEY_ID, **{**usual, **held})


CONSUMERS: Final[Mapping[str, dict[AwsKind, Json]]] = {
    "bucket": {BUCKET: (a(BUCKET, "b", encryption=encrypted(ARN)),)},
    "queue": {QUEUE: (a(QUEUE, "https://sqs/q", encryption={"KmsMasterKeyId": "alias/data"}),)},
    "topic": {TOPIC: (a(TOPIC, "arn:aws:sns:eu-west-3:1:t", encryption=KEY_ID),)},
    "trail": {TRAIL: (a(TRAIL, "t", settings={"KmsKeyId": ARN}),)},
    "database": {DB_INSTANCE: (a(DB_INSTANCE, "db", kms_key=ARN),)},
}
CONSUMING: Final = (BUCKET, QUEUE, TOPIC, TRAIL, DB_INSTANCE)
NO_CONSUMERS: Final[dict[AwsKind, Json]] = dict.fromkeys(CONSUMING, ())
STRANGERS: Final[Mapping[str, dict[AwsKind, Json]]] = {
    "elsewhere": {BUCKET: (a(BUCKET, "b", encryption=encrypted("alias/data")),)},
    "another": {QUEUE: (a(QUEUE, "https://sqs/q", encryption={"KmsMasterKeyId": "alias/other"}),)},
    "none": {TOPIC: (a(TOPIC, "arn:aws:sns:eu-west-3:1:t", encryption=ABSENT),)},
    "plain": {BUCKET: (a(BUCKET, "b", encryption={"Rules": []}),)},
    "unread": {BUCKET: (a(BUCKET, "b", encryption=DENIED),)},
    "denied": {BUCKET: DENIED},
    "nothing": {},
}


@pytest.mark.parametrize("near", CONSUMERS.values(), ids=CONSUMERS)
def test_a_key_is_used_by_what_names_it(near: dict[AwsKind, Json]) -> None:
    (item,) = next(iter(near.values()))
    assert value(told("used_by", a_key(), KEY, near=near)) == [item.ref.address]
    assert value(told("in_use", a_key(), KEY, near=near)) is True
    asleep = a_key(metadata={"KeyState": "Disabled"})
    assert value(told("in_use", asleep, KEY, near={**NO_CONSUMERS, **near})) is None


@pytest.mark.parametrize("near", STRANGERS.values(), ids=STRANGERS)
def test_that_nothing_is_seen_to_use_a_key_does_not_show_that_nothing_does(near: dict[AwsKind, Json]) -> None:
    assert value(told("used_by", a_key(), KEY, near=near)) is None
    assert value(told("in_use", a_key(), KEY, near=near)) is None


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ({"grantees": ["arn:aws:iam::123456789012:role/r"]}, True),
        ({"grantees": ["arn:aws:iam::123456789012:role/r"], "metadata": {"KeyState": "Disabled"}}, None),
        ({"metadata": {"KeyState": "PendingDeletion"}, "grantees": DENIED, "last_usage": DENIED}, None),
        ({"metadata": {"KeyState": "PendingDeletion"}, "last_usage": DENIED}, False),
        ({"last_usage": NEVER}, False),
        ({"last_usage": {**NEVER, "made": "2026-02-27"}}, None),
        ({"last_usage": NEVER, "grantees": DENIED}, None),
        ({"last_usage": USED}, None),
        ({"last_usage": DENIED}, None),
        ({"metadata": DENIED, "grantees": ["arn:aws:iam::123456789012:role/r"]}, True),
    ],
)
def test_whether_a_key_is_in_use(held: dict[str, Value], expected: bool | None) -> None:
    """Mutations: a disabled key is not in use whatever names it; a key that was made this week was never used."""
    assert value(told("in_use", a_key(**held), KEY, near=NO_CONSUMERS)) is expected


def test_what_was_not_looked_at_may_name_a_key() -> None:
    """The mutation: a kind that was not looked at names no key."""
    for kind in CONSUMING:
        near = {other: held for other, held in NO_CONSUMERS.items() if other is not kind}
        assert value(told("in_use", a_key(last_usage=NEVER), KEY, near=near)) is None


@pytest.mark.parametrize(("usage", "days"), [(USED, 0), (NEVER, 60), (BEFORE, None), (DENIED, None)])
def test_last_use_of_a_key_goes_in_steps(usage: Value, days: int | None) -> None:
    assert value(told("last_used", a_key(last_usage=usage), KEY)) == days


def idle(**days: int) -> Json:
    return [{"id": name, "days": count} for name, count in days.items()]


@pytest.mark.parametrize(
    ("keys", "password", "days"),
    [
        (idle(A=30), ABSENT, 30),
        (idle(A=30, B=0), ABSENT, 0),
        (idle(A=30), 15, 15),
        (idle(A=60), 90, 60),
        ([], 15, 15),
        ([], ABSENT, None),
        (DENIED, 15, None),
        (idle(A=30), DENIED, None),
    ],
)
def test_last_use_of_a_user(keys: Value, password: Value, days: int | None) -> None:
    assert value(told("last_used", a(USER, "ann", idle=keys, sign_in_idle=password), USER)) == days


def test_whatever_counts_its_idle_days_has_a_last_use() -> None:
    rules = {rule.name: rule for rule in CATALOG.facts if rule.kind is None and rule.reads == ("idle",)}
    rule = rules["last_used"].rule
    around = Surroundings(a(USER, "r").ref, datetime(2026, 3, 2, tzinfo=UTC))
    assert rule(45, around=around) == known(45, "it was last used, or made, 45 days ago or some more")
    assert isinstance(rule([{"id": "A", "days": 45}], around=around), Unknown)


@pytest.mark.parametrize(
    ("kind", "called", "facet", "counts", "expected"),
    [
        (QUEUE, f"https://sqs.{REGION}.amazonaws.com/1/orders", "queues", {"orders": 12}, 12),
        (QUEUE, f"https://sqs.{REGION}.amazonaws.com/1/orders", "queues", {"others": 12}, 0),
        (QUEUE, f"https://sqs.{REGION}.amazonaws.com/1/orders", "queues", {"orders": None}, None),
        (TOPIC, f"arn:aws:sns:{REGION}:1:news", "topics", {"news": 3}, 3),
        (DB_INSTANCE, "db-1", "databases", {"db-1": 0}, 0),
        (DB_INSTANCE, "db-1", "databases", {}, None),
        (DB_INSTANCE, "db-1", "databases", DENIED, None),
    ],
)
def test_traffic(kind: AwsKind, called: str, facet: str, counts: Value, expected: int | None) -> None:
    near: dict[AwsKind, Json] = {TRAFFIC: (a(TRAFFIC, REGION, **{facet: counts}),)}
    assert value(told("traffic", a(kind, called), kind, near=near)) == expected
    assert value(told("traffic", a(kind, called), kind)) is None


TLS_ONLY: Final = tls_denial("sqs:*", f"arn:aws:sqs:eu-central-1:{ACCOUNT}:orders")


@pytest.mark.parametrize(
    ("statement", "region", "sent", "expected"),
    [
        (TLS_ONLY, "eu-central-1", {"orders": 12}, False),
        (TLS_ONLY, "eu-central-1", DENIED, False),
        (TLS_ONLY, "eu-west-1", {"orders": 12}, None),
        ({**TLS_ONLY, "Action": "sqs:ReceiveMessage"}, "eu-central-1", {"orders": 12}, None),
        ({**TLS_ONLY, "Principal": {"AWS": ACCOUNT}}, "eu-central-1", {"orders": 12}, None),
        ({**TLS_ONLY, "Resource": "arn:aws:sqs:*:*:bills"}, "eu-central-1", {"orders": 12}, None),
        ({**TLS_ONLY, "Effect": "Allow"}, "eu-central-1", {"orders": 12}, None),
        (None, "eu-central-1", {"orders": 12}, None),
        (None, "eu-central-1", {"orders": None}, None),
        (None, "eu-central-1", DENIED, None),
        (None, "eu-west-1", {"bills": 12}, False),
        (DENIED, "eu-central-1", {"orders": 0}, False),
    ],
)
def test_requests_that_an_encrypted_queue_rejects(statement: Value, region: str, sent: Value, expected: object) -> None:
    """Mutations: every region takes Signature Version 4 only; no statement is asked for; any count is none."""
    name = f"https://sqs.{region}.amazonaws.com/{ACCOUNT}/orders"
    arn = TLS_ONLY["Resource"] if region == "eu-central-1" else f"arn:aws:sqs:{region}:{ACCOUNT}:orders"
    held: Value | Unknown = statement if isinstance(statement, Unknown) else {"Statement": []}
    if isinstance(statement, dict):
        held = {"Statement": [statement if region == "eu-central-1" else {**statement, "Resource": arn}]}
    queue = replace(a(QUEUE, name, policy=held, arn=arn), ref=ref_of(QUEUE, name, ACCOUNT, region))
    near: dict[AwsKind, Json] = {TRAFFIC: (a(TRAFFIC, region, queues=sent),)}
    assert value(told("old_requests", queue, QUEUE, near=near)) == expected


def test_on_moto_metrics_are_counted_by_name(moto_url: str) -> None:
    with live(moto_url, TRAFFIC) as aws:
        now = datetime.now(UTC).isoformat()
        for name, number in (("orders", 5), ("orders", 7), ("bills", 1)):
            sent = {"MetricName": "NumberOfMessagesSent", "Value": number, "Timestamp": now}
            named = {**sent, "Dimensions": [{"Name": "QueueName", "Value": name}]}
            aws.make("cloudwatch.PutMetricData", Namespace="AWS/SQS", MetricData=[named])
        held = aws.reader.scan(Shard(ACCOUNT, REGION), {TRAFFIC: frozenset({"queues", "topics"})})
        (region,) = [item for item in held if isinstance(item, Resource)]
        assert region.facets == {"queues": {"bills": 1, "orders": 12}, "topics": {}}


TAGS: Final = {"aws:cloudformation:stack-name": "shop", "aws:cloudformation:stack-id": "arn:stack/shop/1"}


@pytest.mark.parametrize(
    ("tags", "status", "stack", "drift"),
    [
        (TAGS, "IN_SYNC", "shop", "in_sync"),
        (TAGS, "DRIFTED", "shop", "drifted"),
        (TAGS, "NOT_CHECKED", "shop", None),
        ({**TAGS, "aws:cloudformation:stack-id": "arn:stack/shop/2"}, "IN_SYNC", "shop", None),
        ({"aws:cloudformation:stack-name": "shop"}, "IN_SYNC", "shop", "in_sync"),
        ({"env": "prod"}, "DRIFTED", "", ""),
        (DENIED, "IN_SYNC", None, None),
    ],
)
def test_stacks(tags: Value, status: str, stack: str | None, drift: str | None) -> None:
    seen = a(STACK, "arn:stack/shop/1", stack_name="shop", drift={"status": status, "checked": "2026-03-01"})
    bucket = a(BUCKET, "b", tags=tags)
    assert value(told("stack", bucket, BUCKET)) == stack
    assert value(told("stack_drift", bucket, BUCKET, near={STACK: (seen,)})) == drift


@pytest.mark.parametrize(
    ("tags", "score", "expected"),
    [
        ({}, 90, "confidential"),
        ({}, 50, None),
        ({}, 1, None),
        ({}, -1, None),
        ({}, DENIED, None),
        ({}, ABSENT, None),
        ({"data-class": "internal"}, 1, "internal"),
        ({"data-class": "pii"}, 90, "restricted"),
        ({"data-class": "public"}, 90, None),
        ({"data-class": "public"}, DENIED, "public"),
        (DENIED, 90, "confidential"),
        (DENIED, 10, None),
    ],
)
def test_the_class_of_what_a_bucket_holds(tags: Value, score: Value, expected: str | None) -> None:
    near: dict[AwsKind, Json] = {MACIE_BUCKET: (a(MACIE_BUCKET, "b", score=score),)}
    assert value(told("data_class", a(BUCKET, "b", tags=tags), BUCKET, near=near)) == expected


def test_without_macie_the_tags_alone_tell_the_class() -> None:
    for near in ({}, {MACIE_BUCKET: DENIED}, {MACIE_BUCKET: ()}):
        held = a(BUCKET, "b", tags={"data-class": "internal"})
        assert value(told("data_class", held, BUCKET, near=near)) == "internal"


def test_the_fact_of_a_kind_goes_before_the_one_of_all_kinds() -> None:
    assert [rule for rule in CATALOG.facts_of(BUCKET) if rule.name == "data_class"] == [bucket_class]
    assert [rule for rule in CATALOG.facts_of(QUEUE) if rule.name == "data_class"] == [data_class]


def test_whether_anyone_may_use_it() -> None:
    everyone: Any = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
    for kind in (QUEUE, TOPIC, KEY):
        assert value(told("public", a(kind, "x", policy=everyone), kind)) is True
        assert value(told("public", a(kind, "x", policy=ABSENT), kind)) is False
    open_ = {"policy": everyone, "acl": {"Grants": []}, "public_access_block": ABSENT, "website": ABSENT}
    open_ |= {"ownership": ABSENT, "account_public_access_block": ABSENT}
    assert value(told("public", a(BUCKET, "b", **open_), BUCKET)) is True
    assert value(told("public", a(BUCKET, "b", **{**open_, "account_public_access_block": DENIED}), BUCKET)) is None


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ({}, None),
        ({"ownership": "BucketOwnerPreferred"}, None),
        ({"ownership": DENIED}, None),
        ({"ownership": "BucketOwnerEnforced"}, False),
        ({"account_public_access_block": dict.fromkeys(FLAGS, True)}, False),
        ({"public_access_block": {**dict.fromkeys(FLAGS, False), "IgnorePublicAcls": True}}, False),
    ],
)
def test_objects_may_be_public_by_their_own_control_lists(held: dict[str, Value], expected: bool | None) -> None:
    """The mutation: what is not read of single objects is not public."""
    usual = {"policy": ABSENT, "acl": {"Grants": []}, "public_access_block": ABSENT, "website": ABSENT}
    usual |= {"ownership": ABSENT, "account_public_access_block": ABSENT}
    assert value(told("public", a(BUCKET, "b", **{**usual, **held}), BUCKET)) is expected


def test_a_fact_names_what_it_only_glances_at() -> None:
    rule = fact("glance", KEY, bool, glances={BUCKET: ("encryption",)})(lambda *, around: known(value=bool(around)))
    assert (rule.needs, rule.glances) == ({}, {BUCKET: ("encryption",)})
