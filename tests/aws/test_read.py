from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from botocore import xform_name

from goldseam.clouds.aws.ask import Memo
from goldseam.clouds.aws.client import AwsSession
from goldseam.clouds.aws.facet import VALUE, AwsFacet, Get, Look, Reading, Send, until, version
from goldseam.clouds.aws.kind import Ask, AwsKind, Listing, ListingScope, derived
from goldseam.clouds.aws.read import AwsReader
from goldseam.clouds.aws.services.ec2.among import Others
from goldseam.clouds.aws.shapes import Document, Settings, policy
from goldseam.clouds.bounds import Progress
from goldseam.control import Catalog, Kind
from goldseam.model.errors import (
    AccessDenied,
    CallFailed,
    CloudError,
    NotFound,
    NotOffered,
    ResourceGone,
    Throttled,
    UnknownName,
    Unreachable,
)
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import ABSENT, Json, Unknown
from goldseam.ports import Gap, Reader, Shard

ACCOUNT = "123456789012"
GLOBAL = Shard(ACCOUNT, "global")
PARIS = Shard(ACCOUNT, "eu-west-3")

BUCKET = AwsKind(
    "test.bucket",
    "bucket",
    (
        policy(
            "policy",
            get=Get("s3.GetBucketPolicy", {"Bucket": "{id}"}, "Policy", ("NoSuchBucketPolicy",)),
            put=Send("s3.PutBucketPolicy", {"Bucket": "{id}", "Policy": VALUE}),
        ),
        Document(
            name="versioning",
            get=Get("s3.GetBucketVersioning", {"Bucket": "{id}"}, "Status"),
            put=Send("s3.PutBucketVersioning", {"Bucket": "{id}", "VersioningConfiguration": VALUE}),
        ),
        Look(name="mfa_delete", get=Get("s3.GetBucketVersioning", {"Bucket": "{id}"}, "MFADelete")),
        Look(name="created", listed="CreationDate"),
    ),
    address="arn:{partition}:s3:::{id}",
    find=Listing("s3.ListBuckets", "Buckets", "Name", "BucketRegion", narrow={"Prefix": "{id}"}),
    scope=ListingScope.GLOBAL,
)
TOPIC = AwsKind(
    "test.topic",
    "topic",
    (Look(name="attributes", get=Get("sns.GetTopicAttributes", {"TopicArn": "{id}"}, "Attributes")),),
    address="{id}",
    find=Listing("sns.ListTopics", "Topics", "TopicArn"),
)
GROUP = AwsKind(
    "test.group",
    "group",
    (Look(name="ingress", listed="IpPermissions"),),
    address="arn:{partition}:ec2:{region}:{account}:security-group/{id}",
    find=Listing("ec2.DescribeSecurityGroups", "SecurityGroups", "GroupId", narrow={"GroupIds": ["{id}"]}),
)
PASSWORDS = AwsKind(
    "test.account",
    "account",
    (Look(name="password_policy", get=Get("iam.GetAccountPasswordPolicy", {}, "PasswordPolicy", ("NoSuchEntity",))),),
    address="arn:{partition}:iam::{account}:root",
    scope=ListingScope.GLOBAL,
)
REGION = AwsKind(
    "test.region",
    "region",
    (Look(name="by_default", get=Get("ec2.GetEbsEncryptionByDefault", {}, "EbsEncryptionByDefault")),),
    address="arn:{partition}:ec2:{region}:{account}:region",
)
CATALOG = Catalog((BUCKET, TOPIC, GROUP, PASSWORDS, REGION), ())


def wants(kind: AwsKind, *names: str) -> dict[Kind, frozenset[str]]:
    return {kind: frozenset(names or kind.facet_by_name)}


Reply = Mapping[str, Json] | CloudError | Callable[[Mapping[str, Json]], Mapping[str, Json]]


class Cloud:
    """A cloud in memory that counts what it is asked, and fails where it is told to."""

    def __init__(self, replies: Mapping[str, Reply], regions: tuple[str, ...] = ("eu-west-3", "us-east-1")) -> None:
        self.replies, self._regions = dict(replies), regions
        self.asked: Counter[str] = Counter()
        self.places: dict[str, set[str | None]] = {}
        self._lock = threading.Lock()

    def call(self, service: str, operation: str, region: str | None = None, /, **params: Json) -> Mapping[str, Json]:
        name = f"{service}.{operation}"
        with self._lock:
            self.asked[name] += 1
            self.places.setdefault(name, set()).add(region)
        reply = self.replies[name]
        if isinstance(reply, CloudError):
            raise type(reply)(str(reply), operation=name, code=reply.code)
        return reply(params) if callable(reply) else reply

    def pages(
        self, service: str, operation: str, region: str | None = None, /, **params: Json
    ) -> Iterator[Mapping[str, Json]]:
        answer = self.call(service, operation, region, **params)
        yield from answer.get("pages", [answer])

    def account_id(self) -> str:
        return ACCOUNT

    def partition(self) -> str:
        return "aws"

    def regions(self, wanted: Iterable[str] = (), *, fallback: bool = False) -> tuple[str, ...]:
        for name in wanted:
            if name not in self._regions:
                raise UnknownName("region", name, self._regions)
        return tuple(wanted) or self._regions


class Noon:
    def now(self) -> datetime:
        return datetime(2026, 1, 31, 12, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


def reader(cloud: Cloud, regions: tuple[str, ...] = (), progress: Progress | None = None) -> AwsReader:
    return AwsReader(cloud, CATALOG, regions, workers=4, progress=progress, clock=Noon())


def found(cloud: Cloud, shard: Shard, wanted: Mapping[Kind, frozenset[str]]) -> dict[str, Resource]:
    with reader(cloud) as aws:
        items = list(aws.scan(shard, dict(wanted)))
    return {item.ref.id: item for item in items if isinstance(item, Resource)}


def buckets(*names: str, region: str = "eu-west-3") -> Mapping[str, Json]:
    return {"Buckets": [{"Name": name, "BucketRegion": region, "CreationDate": "2026"} for name in names]}


BUCKETS_FINE: Mapping[str, Reply] = {
    "s3.ListBuckets": buckets("one", "two"),
    "s3.GetBucketPolicy": {"Policy": '{"Statement": []}'},
    "s3.GetBucketVersioning": {"Status": "Enabled", "MFADelete": "Disabled"},
}


def test_a_reader_is_what_the_port_asks_for() -> None:
    typed: Reader = reader(Cloud({}))
    session: type[AwsSession] = AwsSession
    assert typed is not None
    assert callable(session.regions)


def test_facets_that_share_a_call_cost_one_and_listed_ones_none() -> None:
    cloud = Cloud(BUCKETS_FINE)
    one = found(cloud, GLOBAL, wants(BUCKET))["one"]
    assert one.facets == {"policy": ABSENT, "versioning": "Enabled", "mfa_delete": "Disabled", "created": "2026"}
    assert list(one.facets) == [facet.name for facet in BUCKET.facets]
    assert one.ref == Ref("test.bucket", ACCOUNT, "eu-west-3", "one", "arn:aws:s3:::one")
    assert cloud.asked == {"s3.ListBuckets": 1, "s3.GetBucketPolicy": 2, "s3.GetBucketVersioning": 2}
    assert cloud.places == {
        "s3.ListBuckets": {None},
        "s3.GetBucketPolicy": {"eu-west-3"},
        "s3.GetBucketVersioning": {"eu-west-3"},
    }


def test_only_wanted_facets_are_read() -> None:
    cloud = Cloud(BUCKETS_FINE)
    two = found(cloud, GLOBAL, wants(BUCKET, "created", "mfa_delete"))["two"]
    assert dict(two.facets) == {"mfa_delete": "Disabled", "created": "2026"}
    assert "s3.GetBucketPolicy" not in cloud.asked
    with pytest.raises(UnknownName, match="policy"):
        found(cloud, GLOBAL, wants(BUCKET, "polcy"))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (AccessDenied("no", code="AccessDenied"), "access denied to s3.GetBucketVersioning (AccessDenied)"),
        (
            Throttled("slow", code="SlowDown"),
            "s3.GetBucketVersioning was throttled until the retries ran out (SlowDown)",
        ),
        (
            Unreachable("?", code="ReadTimeoutError"),
            "no answer to s3.GetBucketVersioning; check the network and the endpoint",
        ),
        (CallFailed("!", code="InternalError"), "s3.GetBucketVersioning failed (InternalError)"),
        (NotFound("-", code="NoSuchBucket"), "s3.GetBucketVersioning found nothing (NoSuchBucket)"),
    ],
)
def test_peer_case_17_a_failed_call_makes_exactly_its_facets_unknown(error: CloudError, words: str) -> None:
    cloud = Cloud({**BUCKETS_FINE, "s3.GetBucketVersioning": error})
    resources = found(cloud, GLOBAL, wants(BUCKET))
    assert set(resources) == {"one", "two"}
    for resource in resources.values():
        assert resource.facets["versioning"] == resource.facets["mfa_delete"] == Unknown(words)
        assert resource.facets["policy"] is ABSENT
        assert resource.facets["created"] == "2026"


def test_a_failure_on_one_resource_leaves_the_others() -> None:
    def versioning(params: Mapping[str, Json]) -> Mapping[str, Json]:
        if params["Bucket"] == "one":
            raise AccessDenied("no", operation="s3.GetBucketVersioning", code="AccessDenied")
        return {"Status": "Suspended"}

    resources = found(Cloud({**BUCKETS_FINE, "s3.GetBucketVersioning": versioning}), GLOBAL, wants(BUCKET))
    assert isinstance(resources["one"].facets["versioning"], Unknown)
    assert resources["two"].facets["versioning"] == "Suspended"


def test_a_code_that_means_absent_is_no_failure() -> None:
    cloud = Cloud({**BUCKETS_FINE, "s3.GetBucketPolicy": NotFound("none", code="NoSuchBucketPolicy")})
    assert found(cloud, GLOBAL, wants(BUCKET, "policy"))["one"].facets == {"policy": ABSENT}


def test_an_answer_that_cannot_be_understood_is_unknown() -> None:
    cloud = Cloud({**BUCKETS_FINE, "s3.GetBucketPolicy": {"Policy": "{not json"}})
    facets = found(cloud, GLOBAL, wants(BUCKET))["one"].facets
    assert isinstance(facets["policy"], Unknown)
    assert "policy cannot be understood (it is not JSON)" in facets["policy"].reason
    assert facets["versioning"] == "Enabled"


def test_peer_case_17_a_failed_listing_is_a_gap_and_the_scan_goes_on() -> None:
    cloud = Cloud({**BUCKETS_FINE, "s3.ListBuckets": AccessDenied("no", code="AccessDenied"), **PASSWORDS_FINE})
    with reader(cloud) as aws:
        items = list(aws.scan(GLOBAL, {**wants(BUCKET), **wants(PASSWORDS)}))
    gaps = [item for item in items if isinstance(item, Gap)]
    assert gaps == [Gap("test.bucket", GLOBAL, "access denied to s3.ListBuckets (AccessDenied)")]
    assert [item.ref.kind for item in items if isinstance(item, Resource)] == ["test.account"]


PASSWORDS_FINE: Mapping[str, Reply] = {"iam.GetAccountPasswordPolicy": {"PasswordPolicy": {"MinimumPasswordLength": 8}}}


def test_a_kind_without_a_listing_is_one_resource() -> None:
    account = found(Cloud(PASSWORDS_FINE), GLOBAL, wants(PASSWORDS))
    assert account[ACCOUNT].ref == Ref("test.account", ACCOUNT, "global", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")
    cloud = Cloud({"ec2.GetEbsEncryptionByDefault": {"EbsEncryptionByDefault": False}})
    region = found(cloud, PARIS, wants(REGION))
    assert region["eu-west-3"].facets == {"by_default": False}
    assert cloud.places == {"ec2.GetEbsEncryptionByDefault": {"eu-west-3"}}


def test_a_shard_reads_only_the_kinds_that_live_there() -> None:
    cloud = Cloud({**BUCKETS_FINE, "ec2.GetEbsEncryptionByDefault": {"EbsEncryptionByDefault": True}})
    everything = {**wants(BUCKET, "created"), **wants(REGION)}
    assert set(found(cloud, GLOBAL, everything)) == {"one", "two"}
    assert set(found(cloud, PARIS, everything)) == {"eu-west-3"}


def test_every_page_is_read() -> None:
    arns = [f"arn:aws:sns:eu-west-3:{ACCOUNT}:t{number}" for number in range(5)]
    pages = [{"Topics": [{"TopicArn": arn} for arn in arns[:3]]}, {"Topics": [{"TopicArn": arn} for arn in arns[3:]]}]
    cloud = Cloud({"sns.ListTopics": {"pages": pages}, "sns.GetTopicAttributes": {"Attributes": {"Owner": ACCOUNT}}})
    assert set(found(cloud, PARIS, wants(TOPIC))) == set(arns)


def test_the_region_of_a_bucket_is_asked_where_the_listing_does_not_say_it() -> None:
    listing = {"Buckets": [{"Name": name} for name in ("old", "first", "new", "shut")]}

    def location(params: Mapping[str, Json]) -> Mapping[str, Json]:
        if params["Bucket"] == "shut":
            raise AccessDenied("no", operation="s3.GetBucketLocation", code="AccessDenied")
        return {"LocationConstraint": {"old": "EU", "first": None, "new": "eu-west-3"}[params["Bucket"]]}

    cloud = Cloud({**BUCKETS_FINE, "s3.ListBuckets": listing, "s3.GetBucketLocation": location})
    resources = found(cloud, GLOBAL, wants(BUCKET))
    assert {name: item.ref.region for name, item in resources.items()} == {
        "old": "eu-west-1", "first": "us-east-1", "new": "eu-west-3", "shut": "global",
    }  # fmt: skip
    assert cloud.asked["s3.GetBucketLocation"] == 4
    reason = "the region of the bucket is not known: access denied to s3.GetBucketLocation (AccessDenied)"
    assert resources["shut"].facets["policy"] == Unknown(reason)
    assert cloud.asked["s3.GetBucketPolicy"] == 3


def test_regions_that_the_user_chose_hold_for_buckets_too() -> None:
    listing = {"Buckets": [{"Name": "here", "BucketRegion": "eu-west-3"}, {"Name": "there", "BucketRegion": "x"}]}
    cloud = Cloud({**BUCKETS_FINE, "s3.ListBuckets": listing})
    with reader(cloud, ("eu-west-3",)) as aws:
        items = list(aws.scan(GLOBAL, dict(wants(BUCKET))))
    assert [item.ref.id for item in items if isinstance(item, Resource)] == ["here"]
    assert cloud.asked["s3.GetBucketPolicy"] == 1


def test_shards_are_global_first_and_then_regions() -> None:
    cloud = Cloud({})
    assert reader(cloud).shards([BUCKET, TOPIC]) == (GLOBAL, PARIS, Shard(ACCOUNT, "us-east-1"))
    assert reader(cloud).shards([BUCKET]) == (GLOBAL,)
    assert reader(cloud).shards([TOPIC]) == (PARIS, Shard(ACCOUNT, "us-east-1"))
    assert reader(cloud, ("eu-west-3", "eu-west-3")).shards([BUCKET, TOPIC]) == (GLOBAL, PARIS)
    with pytest.raises(UnknownName, match="eu-west-3"):
        reader(cloud, ("eu-west-33",)).shards([BUCKET])


def test_two_threads_that_ask_the_same_make_one_call() -> None:
    begun, may_end = threading.Event(), threading.Event()

    def slow(params: Mapping[str, Json]) -> Mapping[str, Json]:
        begun.set()
        may_end.wait()
        return {"Policy": params["Bucket"]}

    cloud = Cloud({"s3.GetBucketPolicy": slow})
    memo, answers = Memo(cloud, "2026-01-31"), []

    def ask() -> None:
        answers.append(memo.one("s3.GetBucketPolicy", {"Bucket": "b"}, "eu-west-3"))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    threads[0].start()
    begun.wait()
    for thread in threads[1:]:
        thread.start()
    may_end.set()
    for thread in threads:
        thread.join()
    assert answers == [{"Policy": "b"}] * 4
    assert cloud.asked == {"s3.GetBucketPolicy": 1}


def test_a_memo_knows_questions_apart_and_remembers_failures() -> None:
    cloud = Cloud({"s3.GetBucketPolicy": AccessDenied("no", code="AccessDenied"), "sns.ListTopics": {"Topics": [1]}})
    memo = Memo(cloud, "2026-01-31")
    for region in ("eu-west-3", "eu-west-3", "us-east-1"):
        with pytest.raises(AccessDenied):
            memo.one("s3.GetBucketPolicy", {"Bucket": "b"}, region)
    assert cloud.asked["s3.GetBucketPolicy"] == 2
    assert memo.one("sns.ListTopics", {}, "global") == {"Topics": [1]}
    assert memo.every("sns.ListTopics", {}, "global", "Topics") == [1]
    assert memo.every("sns.ListTopics", {}, "global", "Others") == []
    assert memo.today() == "2026-01-31"


def test_a_memo_hands_on_whatever_went_wrong() -> None:
    def broken(params: Mapping[str, Json]) -> Mapping[str, Json]:
        raise RuntimeError("a mistake of ours")

    memo = Memo(Cloud({"s3.GetBucketPolicy": broken}), "2026-01-31")
    for _ in range(2):
        with pytest.raises(RuntimeError, match="of ours"):
            memo.one("s3.GetBucketPolicy", {}, "eu-west-3")


def test_a_mistake_of_ours_ends_the_scan_instead_of_hiding_in_it() -> None:
    def broken(params: Mapping[str, Json]) -> Mapping[str, Json]:
        raise RuntimeError("a mistake of ours")

    with pytest.raises(RuntimeError, match="of ours"):
        found(Cloud({**BUCKETS_FINE, "s3.GetBucketPolicy": broken}), GLOBAL, wants(BUCKET))


def test_resources_come_as_they_are_done_and_progress_is_told() -> None:
    told: list[tuple[Shard, int, int]] = []
    held = threading.Event()

    def versioning(params: Mapping[str, Json]) -> Mapping[str, Json]:
        if params["Bucket"] == "one":
            held.wait()
        return {}

    cloud = Cloud({**BUCKETS_FINE, "s3.GetBucketVersioning": versioning})
    with reader(cloud, progress=lambda *step: told.append(step)) as aws:
        results = aws.scan(GLOBAL, dict(wants(BUCKET)))
        first = next(results)
        assert isinstance(first, Resource)
        assert first.ref.id == "two"
        assert told == [(GLOBAL, 1, 2)]
        held.set()
        assert len(list(results)) == 1
    assert told == [(GLOBAL, 1, 2), (GLOBAL, 2, 2)]


def test_a_scan_that_nobody_wants_any_more_asks_nothing_more() -> None:
    held = threading.Event()

    def versioning(params: Mapping[str, Json]) -> Mapping[str, Json]:
        if params["Bucket"] != "b0":
            held.wait()
        return {}

    many = buckets(*(f"b{number}" for number in range(100)))
    cloud = Cloud({**BUCKETS_FINE, "s3.ListBuckets": many, "s3.GetBucketVersioning": versioning})
    with reader(cloud) as aws:
        results = aws.scan(GLOBAL, dict(wants(BUCKET, "versioning")))
        assert isinstance(next(results), Resource)
        assert isinstance(results, Generator)
        results.close()
        held.set()
        # This one stands in line behind all that is still to be done.
        aws.read(BUCKET.ref("aws", ACCOUNT, "eu-west-3", "b1"), frozenset({"versioning"}))
    assert cloud.asked["s3.GetBucketVersioning"] <= 6


def test_read_is_always_afresh() -> None:
    cloud = Cloud(BUCKETS_FINE)
    with reader(cloud) as aws:
        ref = BUCKET.ref("aws", ACCOUNT, "eu-west-3", "one")
        before = aws.read(ref, frozenset({"versioning", "created"}))
        cloud.replies["s3.GetBucketVersioning"] = {"Status": "Suspended"}
        after = aws.read(ref, frozenset({"versioning", "created"}))
    assert before.facets == {"versioning": "Enabled", "created": "2026"}
    assert after.facets == {"versioning": "Suspended", "created": "2026"}


def test_read_asks_the_listing_for_the_one_resource_only() -> None:
    asked: list[Mapping[str, Json]] = []

    def groups(params: Mapping[str, Json]) -> Mapping[str, Json]:
        asked.append(params)
        return {"SecurityGroups": [{"GroupId": "sg-1", "IpPermissions": []}]}

    with reader(Cloud({"ec2.DescribeSecurityGroups": groups})) as aws:
        group = aws.read(GROUP.ref("aws", ACCOUNT, "eu-west-3", "sg-1"), frozenset({"ingress"}))
    assert group.facets == {"ingress": []}
    assert asked == [{"GroupIds": ["sg-1"]}]


def test_read_says_when_the_resource_is_gone() -> None:
    cloud = Cloud(
        {
            "s3.ListBuckets": buckets("one-more"),
            "ec2.DescribeSecurityGroups": NotFound("no", code="InvalidGroup.NotFound"),
            "sns.GetTopicAttributes": NotFound("no", code="NotFound"),
        }
    )
    with reader(cloud) as aws:
        for kind, name, facet in ((BUCKET, "one", "policy"), (GROUP, "sg-1", "ingress"), (TOPIC, "t", "attributes")):
            with pytest.raises(ResourceGone, match="does not exist any more"):
                aws.read(kind.ref("aws", ACCOUNT, "eu-west-3", name), frozenset({facet}))


def test_read_does_not_take_one_resource_for_another_of_the_same_id() -> None:
    """A reference is compared whole where the listing states the address. The mutation: compare the id alone."""
    kind = AwsKind(
        "test.balancer", "balancer", (Look(name="scheme", listed="Scheme"),), address="arn:{partition}:lb:::{id}",
        find=Listing("elbv2.DescribeLoadBalancers", "LoadBalancers", "Name", address="Arn"),
    )  # fmt: skip
    listed = {"LoadBalancers": [{"Name": "shop", "Arn": "arn:aws:lb:::shop/1", "Scheme": "internal"}]}
    with AwsReader(Cloud({"elbv2.DescribeLoadBalancers": listed}), Catalog((kind,), ())) as aws:
        real, other = (kind.ref("aws", ACCOUNT, "eu-west-3", "shop", f"arn:aws:lb:::shop/{at}") for at in (1, 2))
        assert aws.read(real, frozenset({"scheme"})).facets == {"scheme": "internal"}
        with pytest.raises(ResourceGone):
            aws.read(other, frozenset({"scheme"}))


def test_read_that_cannot_tell_does_not_say_gone() -> None:
    cloud = Cloud(
        {
            "s3.ListBuckets": AccessDenied("no", code="AccessDenied"),
            "sns.GetTopicAttributes": AccessDenied("no", code="AuthorizationError"),
            "iam.GetAccountPasswordPolicy": NotFound("no", code="NoSuchEntity"),
        }
    )
    with reader(cloud) as aws:
        with pytest.raises(AccessDenied):
            aws.read(BUCKET.ref("aws", ACCOUNT, "eu-west-3", "one"), frozenset({"policy"}))
        topic = aws.read(TOPIC.ref("aws", ACCOUNT, "eu-west-3", "t"), frozenset({"attributes"}))
        account = aws.read(PASSWORDS.ref("aws", ACCOUNT, "global", ACCOUNT), frozenset({"password_policy"}))
    assert topic.facets == {"attributes": Unknown("access denied to sns.GetTopicAttributes (AuthorizationError)")}
    assert account.facets == {"password_policy": ABSENT}


def test_what_is_pending_is_said() -> None:
    def waits(raw: Json) -> str:
        return "a reboot" if raw.get("PendingModifiedValues") else ""

    database = AwsKind(
        "test.database",
        "database",
        (
            Settings(
                name="settings", listed="", fields={"MultiAZ": "MultiAZ"}, waits=waits,
                modify=Send("rds.ModifyDBInstance", {"DBInstanceIdentifier": "{id}"}),
            ),
        ),
        address="arn:{partition}:rds:{region}:{account}:db:{id}",
        find=Listing("rds.DescribeDBInstances", "DBInstances", "DBInstanceIdentifier"),
    )  # fmt: skip
    instance = {"DBInstanceIdentifier": "d", "MultiAZ": False, "PendingModifiedValues": {"MultiAZ": True}}
    cloud = Cloud({"rds.DescribeDBInstances": {"DBInstances": [instance]}})
    resource = found(cloud, PARIS, wants(database))["d"]
    assert (resource.facets, resource.pending) == ({"settings": {"MultiAZ": False}}, {"settings": "a reboot"})


class Twice(AwsFacet):
    """A facet that asks two things, one of them for every page."""

    @property
    def read_operations(self) -> tuple[str, ...]:
        return ("iam.ListAccessKeys", "iam.GetUser")

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        keys = ask.every("iam.ListAccessKeys", {"UserName": ref.id}, ref.region, "AccessKeyMetadata")
        user = ask.one("iam.GetUser", {"UserName": ref.id}, ref.region)
        return Reading([len(keys), user["User"]["Arn"], ask.today()])


def test_a_facet_may_ask_several_things() -> None:
    user = AwsKind(
        "test.user",
        "user",
        (Twice(name="keys"),),
        address="{id}",
        find=Listing("iam.ListUsers", "Users", "UserName", address="Arn"),
        scope=ListingScope.GLOBAL,
    )
    cloud = Cloud(
        {
            "iam.ListUsers": {"Users": [{"UserName": "ada", "Arn": "arn:aws:iam::1:user/staff/ada"}]},
            "iam.ListAccessKeys": {"pages": [{"AccessKeyMetadata": [{}, {}]}, {"AccessKeyMetadata": [{}]}]},
            "iam.GetUser": {"User": {"Arn": "arn"}},
        }
    )
    ada = found(cloud, GLOBAL, wants(user))["ada"]
    assert ada.facets == {"keys": [3, "arn", "2026-01-31"]}
    assert ada.ref.address == "arn:aws:iam::1:user/staff/ada"


@pytest.fixture
def moto_session(moto_url: str) -> Iterator[AwsSession]:
    session = AwsSession.with_credentials("testing", "testing", None, endpoint_url=moto_url)
    yield session
    session.close()


def made(session: AwsSession, operation: str, region: str, **params: Json) -> Mapping[str, Json]:
    """Set something up with a plain client."""
    service, _, name = operation.partition(".")
    answer: Mapping[str, Json] = getattr(session.client(service, region), xform_name(name))(**params)
    return answer


def test_an_account_of_an_emulator_is_read(moto_session: AwsSession) -> None:
    for name, region in (("plain", "us-east-1"), ("abroad", "eu-west-3")):
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        made(moto_session, "s3.CreateBucket", region, Bucket=name, **place)
    made(
        moto_session, "s3.PutBucketVersioning", "eu-west-3",
        Bucket="abroad", VersioningConfiguration={"Status": "Enabled"},
    )  # fmt: skip
    topics = [made(moto_session, "sns.CreateTopic", "eu-west-3", Name=f"t{n}")["TopicArn"] for n in range(120)]
    with AwsReader(moto_session, CATALOG, ("us-east-1", "eu-west-3")) as aws:
        everything = {kind: frozenset(kind.facet_by_name) for kind in CATALOG.kinds}
        shards = aws.shards(CATALOG.kinds)
        assert [shard.region for shard in shards] == ["global", "us-east-1", "eu-west-3"]
        items = [item for shard in shards for item in aws.scan(shard, everything)]
        assert not [item for item in items if isinstance(item, Gap)]
        by_id = {item.ref.id: item for item in items if isinstance(item, Resource)}
        assert by_id["plain"].ref.region == "us-east-1"
        assert by_id["abroad"].ref.region == "eu-west-3"
        assert by_id["abroad"].facets["versioning"] == "Enabled"
        assert by_id["plain"].facets["policy"] is ABSENT
        assert by_id[shards[0].account].facets == {"password_policy": ABSENT}
        assert set(topics) <= set(by_id)
        assert not [item for item in by_id.values() if any(isinstance(v, Unknown) for v in item.facets.values())]
        again = aws.read(by_id["abroad"].ref, frozenset({"versioning"}))
        assert again.facets == {"versioning": "Enabled"}
        with pytest.raises(ResourceGone):
            aws.read(BUCKET.ref("aws", shards[0].account, "us-east-1", "plai"), frozenset({"policy"}))


# --- parts of resources, what is waited for, what is told ---

STAGE = AwsKind(
    "test.stage",
    "stage",
    (
        Look(name="cache", listed="cacheClusterEnabled"),
        Look(
            name="state", get=Get("apigateway.GetStage", {"restApiId": "{parent}", "stageName": "{name}"}, "status"),
            waits=until("status", "AVAILABLE", of="the cache"), tells=version("deploymentId"),
        ),
    ),
    address="arn:{partition}:apigateway:{region}::/restapis/{parent}/stages/{name}",
    find=Listing(
        "apigateway.GetStages",
        "item",
        "stageName",
        parameters={"restApiId": "{parent}"},
        within=Listing("apigateway.GetRestApis", "items", "id"),
    ),
)  # fmt: skip


def stages(params: Mapping[str, Json]) -> Mapping[str, Json]:
    if params["restApiId"] == "gone":
        raise NotFound("gone", operation="apigateway.GetStages", code="NotFoundException")
    return {"item": [{"stageName": name, "cacheClusterEnabled": name == "live"} for name in ("live", "test")]}


def apis(*ids: str, status: str = "AVAILABLE") -> Cloud:
    stage = {"status": status, "deploymentId": "d1"}
    names = {"items": [{"id": name} for name in ids]}
    return Cloud({"apigateway.GetRestApis": names, "apigateway.GetStages": stages, "apigateway.GetStage": stage})


def test_parts_are_listed_in_each_of_their_parents_and_named_after_them() -> None:
    cloud = apis("one", "gone", "two")
    with AwsReader(cloud, Catalog((STAGE,), ())) as opened:
        seen = list(opened.scan(Shard(ACCOUNT, "eu-west-3"), wants(STAGE)))
    resources = {item.ref.id: item for item in seen if isinstance(item, Resource)}
    assert sorted(resources) == ["one/live", "one/test", "two/live", "two/test"]
    assert len(seen) == 4
    assert resources["two/live"].ref.address == "arn:aws:apigateway:eu-west-3::/restapis/two/stages/live"
    assert resources["two/live"].facets["cache"] is True
    assert cloud.asked["apigateway.GetRestApis"] == 1
    assert cloud.asked["apigateway.GetStages"] == 3


def test_peer_case_17_a_failed_listing_of_parents_or_of_the_parts_of_one_is_a_gap() -> None:
    for operation in ("apigateway.GetRestApis", "apigateway.GetStages"):
        cloud = apis("one", "two")
        cloud.replies[operation] = AccessDenied("no", code="AccessDenied")
        with AwsReader(cloud, Catalog((STAGE,), ())) as opened:
            seen = list(opened.scan(Shard(ACCOUNT, "eu-west-3"), wants(STAGE)))
        assert seen
        assert all(isinstance(item, Gap) and operation in item.reason for item in seen)


def test_one_part_is_read_afresh_by_its_own_name_and_says_what_it_waits_for_and_tells() -> None:
    cloud = apis("one", status="CREATE_IN_PROGRESS")
    ref = STAGE.ref("aws", ACCOUNT, "eu-west-3", "one/test")
    with AwsReader(cloud, Catalog((STAGE,), ())) as opened:
        seen = opened.read(ref, frozenset({"cache", "state"}))
        assert (seen.facets["cache"], seen.pending) == (False, {"state": "the cache, which is CREATE_IN_PROGRESS"})
        assert seen.told == {"state": {"deploymentId": "d1"}}
        with pytest.raises(ResourceGone):
            opened.read(STAGE.ref("aws", ACCOUNT, "eu-west-3", "one/none"), frozenset({"cache"}))


def test_a_service_with_one_home_is_asked_there_and_ids_may_be_the_end_of_a_path() -> None:
    zones = Listing("test.ListZones", "Zones", "Id", last=True, home="us-west-2")
    kind = AwsKind(
        "test.zone", "zone", (Look(name="n", listed="N"),), address="{id}", find=zones, scope=ListingScope.GLOBAL
    )
    cloud = Cloud({"test.ListZones": {"Zones": [{"Id": "/zone/Z1", "N": 1}]}})
    with AwsReader(cloud, Catalog((kind,), ()), workers=4, clock=Noon()) as aws:
        [zone] = aws.scan(GLOBAL, wants(kind))
        assert isinstance(zone, Resource)
        assert zone.ref.id == "Z1"
        assert aws.read(zone.ref, frozenset({"n"})).facets == {"n": 1}
    assert cloud.places == {"test.ListZones": {"us-west-2"}}


def test_a_part_that_has_an_id_of_its_own_is_asked_for_by_that_alone() -> None:
    parents = Listing("test.ListParents", "Parents", "Id")
    find = Listing("test.ListParts", "Parts", "Arn", parameters={"Parent": "{parent}"}, narrow={"Arns": ["{id}"]})
    whole = replace(find, within=parents, whole=True)
    kind = AwsKind("test.part", "part", (Look(name="n", listed="N"),), address="{id}", find=whole)
    asked: list[Mapping[str, Json]] = []

    def parts(params: Mapping[str, Json]) -> Mapping[str, Json]:
        asked.append(params)
        return {"Parts": [{"Arn": "a/part/1", "N": 1}]}

    cloud = Cloud({"test.ListParents": {"Parents": [{"Id": "a/parent"}]}, "test.ListParts": parts})
    with AwsReader(cloud, Catalog((kind,), ()), workers=4, clock=Noon()) as aws:
        [part] = aws.scan(Shard(ACCOUNT, "eu-west-3"), wants(kind))
        assert isinstance(part, Resource)
        assert part.ref.id == "a/part/1"
        aws.read(part.ref, frozenset({"n"}))
    assert asked == [{"Parent": "a/parent"}, {"Arns": ["a/part/1"]}]


def test_in_a_region_that_does_not_have_the_service_nothing_is_found_and_nothing_failed() -> None:
    none = NotOffered("test does not exist in eu-west-3", code="UnknownHost")
    cloud = Cloud({"sns.ListTopics": none, "ec2.GetEbsEncryptionByDefault": none, "s3.ListBuckets": none})
    with AwsReader(cloud, CATALOG) as opened:
        assert list(opened.scan(Shard(ACCOUNT, "eu-west-3"), {**wants(TOPIC), **wants(REGION)})) == []
        afresh = opened.read(REGION.ref("aws", ACCOUNT, "eu-west-3", "eu-west-3"), frozenset({"by_default"}))
    assert afresh.facets == {"by_default": Unknown("not offered there: test does not exist in eu-west-3")}


def test_what_is_worked_out_of_answers_lasts_as_long_as_its_reading() -> None:
    """The mutations: `derived` keeps for the process; its key leaves out the region, or the parameters of the call."""
    others, ref = (
        Others("ec2.DescribeFlowLogs", "FlowLogs", of="ResourceId"),
        Ref("aws.ec2.vpc", "1", "eu-west-1", "v", "v"),
    )
    filtered = replace(others, parameters={"Filter": [{"Name": "log-destination-type"}]})

    def told(params: Mapping[str, Json]) -> Mapping[str, Json]:
        return {"FlowLogs": [{"ResourceId": "v", "FlowLogId": "filtered" if params else "f"}]}

    first = Memo(Cloud({"ec2.DescribeFlowLogs": told}), "2026-01-31")
    second = Memo(Cloud({"ec2.DescribeFlowLogs": {"FlowLogs": []}}), "2026-01-31")
    assert [item["FlowLogId"] for item in others.about(first, ref)] == ["f"]
    assert [item["FlowLogId"] for item in filtered.about(first, ref)] == ["filtered"]
    assert others.about(second, ref) == []
    made = iter(("one", "two", "three"))
    assert [derived(first, key, lambda: next(made)) for key in (("a", 1), ("a", 1), ("a", 2))] == ["one", "one", "two"]
    assert derived(second, ("a", 1), lambda: next(made)) == "three"
