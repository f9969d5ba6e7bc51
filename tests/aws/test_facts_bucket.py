"""What shows that an open bucket is used, what shows that it is not, and that nothing shown is not nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from goldseam.clouds.aws.facts.bucket_use import serves_website
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.public import FLAGS, GROUPS
from goldseam.clouds.aws.services.cloudfront import DISTRIBUTION
from goldseam.clouds.aws.services.route53 import HOSTED_ZONE
from goldseam.clouds.aws.services.s3 import BUCKET
from goldseam.clouds.aws.services.s3.use import BUCKET_ACTIVITY
from goldseam.control import Earlier
from goldseam.model.resource import Resource
from goldseam.model.values import ABSENT, Json, Unknown, Value
from goldseam.ports import GLOBAL, Shard
from tests.aws.laws import ACCOUNT, REGION
from tests.aws.live import live
from tests.aws.test_facts import DENIED, NOW, SITE, a, told, value


def allow(principal: Json, **more: Json) -> Json:
    usual = {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
    return {**usual, **more}


def policy(*held: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(held)}


READ: Final = allow("*")
WRITE: Final = allow("*", Action="s3:PutObject")
REFERER: Final = allow("*", Condition={"StringLike": {"aws:Referer": ["https://shop.example/*"]}})
OFFICE: Final = allow("*", Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})
NOT_ELSEWHERE: Final = {
    "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*",
    "Condition": {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
}  # fmt: skip
BY_ACL: Final = {"Grants": [{"Grantee": {"Type": "Group", "URI": f"{GROUPS}AllUsers"}, "Permission": "READ"}]}
OWN: Final[Json] = {"Grants": []}
BLOCKED: Final = dict.fromkeys(FLAGS, True)
IDLE: Final = {"count": 0, "since": "2026-01-10"}

CLOSED: Final[Mapping[str, Value]] = {
    "website": ABSENT, "tags": {}, "cors": ABSENT, "policy": ABSENT, "acl": OWN, "public_access_block": ABSENT,
    "account_public_access_block": ABSENT, "ownership": "BucketOwnerEnforced", "activity": {"empty": False},
}  # fmt: skip
OPEN: Final = {**CLOSED, "policy": policy(READ)}


def near(distributions: Json = (), zones: Json = ()) -> dict[AwsKind, Json]:
    return {DISTRIBUTION: distributions, HOSTED_ZONE: zones}


def of(name: str, held: Mapping[str, Value], called: str = "b", *, beside: Any = None, earlier: Any = ()) -> Json:
    own, around = {key: item for key, item in held.items() if key != "activity"}, beside or near()
    counted: Json = (a(BUCKET_ACTIVITY, called, activity=held["activity"]),)
    return value(
        told(name, a(BUCKET, called, **own), BUCKET, near={BUCKET_ACTIVITY: counted, **around}, earlier=earlier)
    )


def both(held: Mapping[str, Value], called: str = "b", *, beside: Any = None, earlier: Any = ()) -> tuple[Json, Json]:
    names = ("serves_website", "cloudfront_origin")
    first, second = (of(name, held, called, beside=beside, earlier=earlier) for name in names)
    return first, second


def zone(*records: Json, domain: str = "shop.example") -> tuple[Resource, ...]:
    return (a(HOSTED_ZONE, "Z1", domain=domain, to_buckets=list(records)),)


def to(record: str, bucket: str = "") -> Json:
    return {"record": record, "bucket": bucket}


OPENINGS: Final[Mapping[str, dict[str, Value]]] = {
    "policy": {"policy": policy(READ)},
    "referer": {"policy": policy(REFERER)},
    "denied elsewhere": {"policy": policy(READ, NOT_ELSEWHERE)},
    "control list": {"acl": BY_ACL, "ownership": ABSENT},
    "objects": {"ownership": ABSENT},
    "objects of others": {"ownership": "ObjectWriter"},
    "unread policy": {"policy": DENIED},
    "unread control list": {"acl": DENIED, "ownership": ABSENT},
    "unread block": {"policy": policy(READ), "public_access_block": DENIED},
    "unread ownership": {"ownership": DENIED},
    "half a block": {"policy": policy(READ), "public_access_block": {**BLOCKED, "RestrictPublicBuckets": False}},
}
CLOSINGS: Final[Mapping[str, dict[str, Value]]] = {
    "nothing": {},
    "one network": {"policy": policy(OFFICE)},
    "own block": {"policy": policy(READ), "acl": BY_ACL, "ownership": ABSENT, "public_access_block": BLOCKED},
    "account": {"policy": policy(READ), "acl": BY_ACL, "ownership": ABSENT, "account_public_access_block": BLOCKED},
    "one principal": {"policy": policy(allow({"AWS": "arn:aws:iam::111122223333:root"}))},
    "control list that is off": {"acl": BY_ACL},
}


@pytest.mark.parametrize("held", OPENINGS.values(), ids=OPENINGS)
def test_of_an_open_bucket_no_sign_of_use_is_unknown(held: dict[str, Value]) -> None:
    """The mutation: without a website configuration and a tag, nobody uses it."""
    assert both({**CLOSED, **held}) == (None, None)


@pytest.mark.parametrize("held", CLOSINGS.values(), ids=CLOSINGS)
def test_closing_what_nobody_reaches_refuses_nobody(held: dict[str, Value]) -> None:
    """The mutation: whatever has a policy is open."""
    assert both({**CLOSED, **held}) == (False, False)
    assert both({**CLOSED, **held, "activity": DENIED, "cors": DENIED}) == (False, False)


@pytest.mark.parametrize(
    ("held", "called", "zones", "expected"),
    [
        ({"website": SITE}, "b", (), True),
        ({"tags": {"purpose": "static-site"}}, "b", (), True),
        ({"tags": {"website": "yes"}, "website": DENIED}, "b", (), True),
        ({"tags": {"website": "no"}}, "b", (), None),
        ({"cors": [{"AllowedOrigins": ["https://shop.example"]}]}, "b", (), True),
        ({"cors": [{"AllowedOrigins": ["*"]}], "activity": IDLE}, "b", (), True),
        ({}, "b", zone(to("img.shop.example", "b")), True),
        ({}, "img.shop.example", zone(to("img.shop.example")), True),
        ({}, "b", zone(to("img.shop.example", "bb"), to("b.shop.example")), None),
        ({"activity": {"count": 3, "since": "2026-01-10"}}, "b", (), True),
        ({"activity": IDLE}, "b", (), False),
        ({"activity": IDLE}, "www.shop.example", (), False),
        ({"activity": {"count": 0, "since": "2026-02-01"}}, "b", (), None),
        ({"activity": {"count": 0, "since": ""}}, "b", (), None),
        ({"activity": {"count": None, "since": ""}}, "b", (), None),
        ({"activity": {"empty": True}}, "b", (), False),
        ({"activity": {"empty": True}, "policy": policy(READ, WRITE)}, "b", (), None),
        ({"activity": {"empty": True}, "policy": policy(allow("*", Action=["s3:*"]))}, "b", (), None),
        ({"activity": {"empty": True}, "policy": policy(allow("*", NotAction="s3:X", Action=None))}, "b", (), None),
        ({"activity": {"empty": True}, "policy": DENIED}, "b", (), None),
        ({"activity": DENIED}, "b", (), None),
        ({"activity": IDLE}, "b", DENIED, None),
        ({"activity": IDLE, "cors": DENIED}, "b", (), None),
        ({"activity": IDLE, "tags": DENIED}, "b", (), None),
        ({"activity": IDLE, "website": DENIED}, "b", (), None),
    ],
)  # fmt: skip
def test_signs_of_use_and_of_none(held: dict[str, Value], called: str, zones: Json, expected: bool | None) -> None:
    """Mutations: a record is no sign; CORS is none; a count since last week is one of 30 days; empty is unused."""
    assert of("serves_website", {**OPEN, **held}, called, beside=near(zones=zones)) is expected


def test_a_closed_bucket_is_a_website_where_it_is_configured_as_one() -> None:
    assert of("serves_website", {**CLOSED, "website": SITE}) is True
    assert of("serves_website", {**CLOSED, "website": DENIED}) is None
    assert of("serves_website", {**CLOSED, "cors": [{"AllowedOrigins": ["*"]}]}) is False


def test_the_evidence_names_what_it_rests_on() -> None:
    zones = zone(to("img.shop.example", "b"))
    used = {**OPEN, "website": SITE, "cors": [{"AllowedOrigins": ["https://a", "https://b"]}]}
    fact = told("serves_website", a(BUCKET, "b", **used), BUCKET, near=near(zones=zones))
    assert fact.evidence == (
        "the bucket has a website configuration: its index document is `index.html`",
        "its CORS rules allow web pages of https://a, https://b",
        "record `img.shop.example` of hosted zone Z1 points to it",
    )
    idle: Json = (a(BUCKET_ACTIVITY, "b", activity=IDLE),)
    unused = told("serves_website", a(BUCKET, "b", **OPEN), BUCKET, near={**near(), BUCKET_ACTIVITY: idle})
    assert unused.evidence == (
        "CloudWatch counts its requests since 2026-01-10 or before, and counted none in the last 30 days",
    )


def origins(*domains: str, path: str = "") -> list[Json]:
    return [{"id": "o", "domain": domain, "path": path, "access": ""} for domain in domains]


def fetches(called: str, *domains: str, enabled: bool = True, path: str = "") -> Resource:
    return a(DISTRIBUTION, called, origins=origins(*domains, path=path), enabled=enabled)


@pytest.mark.parametrize(
    ("distributions", "expected", "names"),
    [
        ([], False, None),
        ([fetches("E1", "b.s3.amazonaws.com")], True, ["E1"]),
        ([fetches("E1", "x.org", "b.s3.eu-west-1.amazonaws.com")], True, ["E1"]),
        ([fetches("E1", "b.s3-website-eu-west-1.amazonaws.com")], True, ["E1"]),
        ([a(DISTRIBUTION, "E1", origins=origins("b.s3-website.cn-north-1.amazonaws.com.cn"))], True, ["E1"]),
        ([fetches("E1", "s3.eu-west-1.amazonaws.com", path="/b/web")], True, ["E1"]),
        ([fetches("E1", "s3.eu-west-1.amazonaws.com", path="/bb")], False, None),
        ([fetches("E1", "b.s3.amazonaws.com", enabled=False)], None, ["E1"]),
        ([fetches("E1", "bb.s3.amazonaws.com", "b.s3.example.com")], False, None),
        ([a(DISTRIBUTION, "E1", origins=DENIED)], None, None),
        ([a(DISTRIBUTION, "E1", origins=DENIED), fetches("E2", "b.s3.amazonaws.com")], True, ["E2"]),
        (DENIED, None, None),
        (None, None, None),
    ],
)  # fmt: skip
def test_cloudfront_origin(distributions: Json, expected: bool | None, names: list[str] | None) -> None:
    """Mutations: a disabled distribution is none; nothing depends on a bucket where no distribution fetches from it."""
    held = distributions if distributions is None or isinstance(distributions, Unknown) else tuple(distributions)
    beside: dict[AwsKind, Json] = {HOSTED_ZONE: (), **({} if held is None else {DISTRIBUTION: held})}
    assert of("cloudfront_origin", CLOSED, beside=beside) is expected
    assert of("dependants", CLOSED, beside=beside) == names


CDN: Final = {"Service": "cloudfront.amazonaws.com"}
IDENTITY: Final = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E3"


def from_arn(account: str, called: str) -> Json:
    arn = f"arn:aws:cloudfront::{account}:distribution/{called}"
    return policy(allow(CDN, Condition={"StringEquals": {"AWS:SourceArn": arn}}))


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (from_arn("111122223333", "E9"), True),
        (policy(allow(CDN)), True),
        (policy(allow({"AWS": [IDENTITY]})), True),
        (policy(allow({"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"})), None),
        (from_arn(ACCOUNT, "E1"), True),
        (from_arn(ACCOUNT, "E2"), False),
        (from_arn(ACCOUNT, "E9"), False),
        (from_arn(ACCOUNT, "*"), True),
        (policy({**allow(CDN), "Effect": "Deny"}), False),
        (DENIED, None),
    ],
)  # fmt: skip
def test_a_policy_names_distributions_of_other_accounts(held: Value, expected: bool | None) -> None:
    """The mutation: only distributions of the account are seen."""
    listed = (fetches("E1", "x.org"), fetches("E2", "x.org", enabled=False))
    assert of("cloudfront_origin", {**CLOSED, "policy": held}, beside=near(listed)) is expected


def test_a_cdn_that_reads_an_open_bucket_is_a_use_of_it() -> None:
    beside = near((fetches("E1", "b.s3.amazonaws.com"),))
    assert both(OPEN, beside=beside) == (True, True)
    assert both(CLOSED, beside=beside) == (False, True)
    both_open = {**OPEN, "policy": policy(READ, *from_arn("111122223333", "E9")["Statement"])}
    assert both(both_open) == (True, True)


def read(minutes: float, there: bool = True, **held: Value) -> Earlier:
    return Earlier(NOW - timedelta(minutes=minutes), {**CLOSED, **held}, there)


WAS_OPEN: Final = {"policy": policy(READ)}


@pytest.mark.parametrize(
    ("earlier", "expected"),
    [
        ([], None),
        ([read(14)], False),
        ([read(15)], None),
        ([read(9000), read(14)], False),
        ([read(14), read(3, **WAS_OPEN)], False),
        ([read(20), read(3, **WAS_OPEN)], None),
        ([read(9000, **WAS_OPEN), read(14)], None),
        ([read(9000, policy=DENIED), read(14)], None),
        ([read(9000, ownership=ABSENT), read(14)], None),
        ([read(14, policy=DENIED)], None),
        ([read(14, there=False)], False),
        ([Earlier(NOW - timedelta(minutes=14), {})], None),
        ([Earlier(None, CLOSED)], None),
        ([Earlier(None, CLOSED), read(14)], False),
        ([read(14), Earlier(None, CLOSED)], None),
    ],
)  # fmt: skip
def test_what_was_closed_minutes_ago_is_not_relied_on(earlier: list[Earlier], expected: bool | None) -> None:
    """Mutations: any earlier reading that found it closed counts; one of an hour ago does; one before is forgotten."""
    assert both(OPEN, earlier=earlier) == (expected, expected)


@pytest.mark.parametrize(
    ("held", "called", "zones", "expected"),
    [
        ({"cors": [{"AllowedOrigins": ["*"]}]}, "b", (), True),
        ({}, "b", zone(to("img.shop.example", "b")), True),
        ({}, "www.example.com", (), None),
        ({}, "b.internal", zone(domain="internal"), None),
        ({}, "b.internal", (), None),
        ({}, "logs.2024", (), False),
    ],
)  # fmt: skip
def test_a_sign_of_use_counts_also_of_what_was_closed_minutes_ago(
    held: dict[str, Value], called: str, zones: Json, expected: bool | None
) -> None:
    """The mutation: the name of a domain is no sign."""
    assert of("serves_website", {**OPEN, **held}, called, beside=near(zones=zones), earlier=[read(3)]) is expected


def test_on_moto_activity_and_cors_are_read(moto_url: str) -> None:
    """An open bucket is listed, an empty one is seen to be, and a blocked one is not asked for."""
    with live(moto_url, BUCKET, BUCKET_ACTIVITY) as aws:
        for name in ("full-1", "empty-1", "blocked-1"):
            aws.make("s3.CreateBucket", Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        aws.client("s3").put_object(Bucket="full-1", Key="a", Body=b"a")
        rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}
        aws.make("s3.PutBucketCors", Bucket="full-1", CORSConfiguration={"CORSRules": [rule]})
        aws.make("s3.PutPublicAccessBlock", Bucket="blocked-1", PublicAccessBlockConfiguration=BLOCKED)
        held = aws.reader.scan(Shard(ACCOUNT, GLOBAL), {BUCKET: frozenset({"cors"})})
        buckets = [item for item in held if isinstance(item, Resource)]
        lookup = serves_website.lookups[BUCKET_ACTIVITY]
        asked = [(Resource(ref, {}), frozenset(lookup.facets)) for item in buckets if (ref := lookup.ref_of(item.ref))]
        active = {item.ref.id: item.facets["activity"] for item in aws.reader.more(asked)}
    assert {item.ref.id: item.facets["cors"] for item in buckets} == {
        "full-1": [rule], "empty-1": ABSENT, "blocked-1": ABSENT,
    }  # fmt: skip
    assert active == {"full-1": {"empty": False}, "empty-1": {"empty": True}, "blocked-1": ABSENT}


def test_what_was_not_counted_is_not_known() -> None:
    for held in (None, (), DENIED, (a(BUCKET_ACTIVITY, "b"),)):
        beside = near() if held is None else {**near(), BUCKET_ACTIVITY: held}
        assert value(told("serves_website", a(BUCKET, "b", **OPEN), BUCKET, near=beside)) is None


class Answering:
    """Answers of S3 and CloudWatch, by operation; what is not there was not to be asked."""

    def __init__(self, **answers: Json) -> None:
        self.answers, self.asked = answers, list[tuple[str, Json]]()

    def one(self, operation: str, parameters: Json, region: str) -> Json:
        self.asked.append((operation, parameters))
        return self.answers[operation.partition(".")[2]]

    def every(self, operation: str, parameters: Json, region: str, member: str) -> list[Json]:
        return self.one(operation, parameters, region)[member]  # type: ignore[no-any-return]

    def today(self) -> str:
        return "2026-03-02"


def counted(*days: tuple[str, float], filters: Json = None, status: str = "Complete") -> Answering:
    times = [datetime.fromisoformat(day).replace(tzinfo=UTC).isoformat() for day, _ in days]
    result = {"Id": "m0", "Timestamps": times, "Values": [count for _, count in days], "StatusCode": status}
    configuration = {"Id": "all", **({"Filter": filters} if filters else {})}
    return Answering(
        GetPublicAccessBlock={"PublicAccessBlockConfiguration": {"IgnorePublicAcls": True}},
        ListBucketMetricsConfigurations={"MetricsConfigurationList": [configuration], "IsTruncated": False},
        GetMetricData={"MetricDataResults": [result]},
        ListObjectVersions={"Versions": [{"Key": "a"}]},
    )


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (counted(("2026-01-10", 5), ("2026-02-20", 2), ("2026-02-21", 1)), {"count": 3, "since": "2026-01-10"}),
        (counted(("2026-01-10", 5)), {"count": 0, "since": "2026-01-10"}),
        (counted(), {"count": 0, "since": ""}),
        (counted(("2026-01-10", 5), status="InternalError"), {"count": None, "since": ""}),
        (counted(("2026-02-20", 2), filters={"Prefix": "a/"}), {"empty": False}),
    ],
)
def test_requests_of_the_whole_bucket_are_counted(ask: Answering, expected: Json) -> None:
    """Mutations: a configuration with a filter counts for the bucket; the day before 30 days counts as one of them."""
    facet = BUCKET_ACTIVITY.facet("activity")
    reading: Any = facet.read(ask, a(BUCKET, "b").ref, None)  # type: ignore[attr-defined]
    assert reading.value == expected
    assert ("s3.ListObjectVersions" in dict(ask.asked)) is ("empty" in expected)


def test_on_moto_records_that_point_to_s3_are_found(moto_url: str) -> None:
    with live(moto_url, HOSTED_ZONE) as aws:
        made = aws.make("route53.CreateHostedZone", Name="shop.example", CallerReference="1")
        ids = made["HostedZone"]["Id"].removeprefix("/hostedzone/")
        records = {
            "img": "Shop-Images.s3.eu-west-3.amazonaws.com", "cdn": "d1.cloudfront.net", "s3": "s3.example.com",
            "old": "s3-website-us-east-1.amazonaws.com",
        }  # fmt: skip
        changes = [
            {"Action": "CREATE", "ResourceRecordSet": {
                "Name": f"{name}.shop.example", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": target}]}}
            for name, target in records.items()
        ]  # fmt: skip
        aws.make("route53.ChangeResourceRecordSets", HostedZoneId=ids, ChangeBatch={"Changes": changes})
        held = aws.reader.scan(Shard(ACCOUNT, GLOBAL), {HOSTED_ZONE: frozenset({"domain", "to_buckets"})})
        found = [item.facets for item in held if isinstance(item, Resource)]
    assert {
        "domain": "shop.example",
        "to_buckets": [to("img.shop.example", "shop-images"), to("old.shop.example")],
    } in found
