"""What hangs makes its own facets unknown and nothing else: it holds up no resource, no service, no process."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError

import pytest

from goldseam.assess.collect import Nearby, collect
from goldseam.clouds.aws.ask import Memo
from goldseam.clouds.aws.bounds import Deadline, IncompleteReads
from goldseam.clouds.aws.lanes import Lanes
from goldseam.clouds.aws.read import AwsReader
from goldseam.clouds.bounds import Bounds
from goldseam.control import Catalog, FactRule, Kind, Known
from goldseam.model.errors import CloudError, TimedOut
from goldseam.model.resource import Resource
from goldseam.model.values import Json, Unknown
from goldseam.ports import Gap, Shard
from tests.aws.test_read import (
    ACCOUNT,
    BUCKET,
    BUCKETS_FINE,
    CATALOG,
    GLOBAL,
    PARIS,
    TOPIC,
    Cloud,
    Noon,
    buckets,
    wants,
)

SHORT = Bounds(shard=0.3, resource=0.3)
"""What hangs here hangs until the test ends, so that no time is too short."""
IN_PARIS = {"sns.ListTopics": {"Topics": [{"TopicArn": "t1"}, {"TopicArn": "t2"}]}}


class Hanging(Cloud):
    """A cloud in memory of which some calls never come back before the test ends; without an end of their own."""

    def __init__(self, replies: Mapping[str, Json], hangs: Callable[[str, Mapping[str, Json]], bool]) -> None:
        super().__init__(replies)
        self._hangs, self.end = hangs, threading.Event()

    def call(self, service: str, operation: str, region: str | None = None, /, **params: Json) -> Mapping[str, Json]:
        if self._hangs(f"{service}.{operation}", params):
            super().call(service, operation, region, **params)
            self.end.wait()
        return super().call(service, operation, region, **params)


@pytest.fixture
def reader() -> Iterator[Callable[..., AwsReader]]:
    opened: list[tuple[AwsReader, Hanging]] = []

    def open_(cloud: Hanging, bounds: Bounds = SHORT) -> AwsReader:
        opened.append((AwsReader(cloud, CATALOG, workers=4, clock=Noon(), bounds=bounds), cloud))
        return opened[-1][0]

    yield open_
    for made, cloud in opened:
        cloud.end.set()
        made.close()


def attributes(params: Mapping[str, Json]) -> Mapping[str, Json]:
    return {"Attributes": {"Owner": params["TopicArn"]}}


def by_id(items: Iterable[Resource | Gap]) -> dict[str, Resource]:
    return {item.ref.id: item for item in items if isinstance(item, Resource)}


def test_a_read_that_hangs_leaves_its_facet_unknown_and_all_else_known(reader: Callable[..., AwsReader]) -> None:
    replies = {**BUCKETS_FINE, **IN_PARIS, "sns.GetTopicAttributes": attributes}
    slow = {("s3.GetBucketPolicy", "one"), ("sns.GetTopicAttributes", "t2")}
    cloud = Hanging(replies, lambda name, params: (name, params.get("Bucket", params.get("TopicArn"))) in slow)
    aws = reader(cloud)
    found = by_id([*aws.scan(GLOBAL, wants(BUCKET)), *aws.scan(PARIS, wants(TOPIC))])
    assert found["one"].facets["policy"] == Unknown(
        "s3.GetBucketPolicy: not read within the 0.3 s that are allowed for all reads together"
    )
    assert found["t2"].facets["attributes"] == Unknown(
        "sns.GetTopicAttributes: not read within the 0.3 s that are allowed for all reads together"
    )
    unknown = [
        (key, name) for key, item in found.items() for name, value in item.facets.items() if isinstance(value, Unknown)
    ]
    assert unknown == [("one", "policy"), ("t2", "attributes")]
    assert set(found) == {"one", "two", "t1", "t2"}
    assert [(read.operation, read.region) for read in aws.incomplete] == [
        ("s3.GetBucketPolicy", "global"),
        ("sns.GetTopicAttributes", "eu-west-3"),
    ]


def test_a_listing_that_hangs_is_a_gap_and_other_kinds_are_whole(reader: Callable[..., AwsReader]) -> None:
    cloud = Hanging({**IN_PARIS, **BUCKETS_FINE}, lambda name, _: name == "sns.ListTopics")
    aws = reader(cloud)
    items = [*aws.scan(PARIS, wants(TOPIC)), *aws.scan(GLOBAL, wants(BUCKET))]
    because = "sns.ListTopics: not read within the 0.3 s that are allowed for all reads together"
    assert [item for item in items if isinstance(item, Gap)] == [Gap(TOPIC.name, PARIS, because)]
    assert set(by_id(items)) == {"one", "two"}


def test_a_bucket_whose_region_does_not_come_is_unknown_as_a_whole(reader: Callable[..., AwsReader]) -> None:
    listed = {"Buckets": [{"Name": name} for name in ("one", "two")]}
    replies = {**BUCKETS_FINE, "s3.ListBuckets": listed, "s3.GetBucketLocation": {"LocationConstraint": "EU"}}
    cloud = Hanging(replies, lambda name, params: name == "s3.GetBucketLocation" and params["Bucket"] == "one")
    aws = reader(cloud)
    found = by_id(aws.scan(GLOBAL, wants(BUCKET, "policy", "versioning")))
    assert found["two"].ref.region == "eu-west-1"
    assert found["two"].facets["versioning"] == "Enabled"
    assert all(isinstance(value, Unknown) for value in found["one"].facets.values())


def test_more_threads_than_a_lane_has_may_hang_and_the_next_region_is_read(reader: Callable[..., AwsReader]) -> None:
    topics = {"Topics": [{"TopicArn": f"t{number}"} for number in range(20)]}
    cloud = Hanging({"sns.ListTopics": topics, "sns.GetTopicAttributes": attributes}, lambda *_: False)
    cloud.call = hanging_in(cloud, "eu-west-3")  # type: ignore[method-assign]
    aws = reader(cloud)
    first, second = (by_id(aws.scan(Shard(ACCOUNT, region), wants(TOPIC))) for region in ("eu-west-3", "us-east-1"))
    assert len(first) == len(second) == 20
    assert all(isinstance(item.facets["attributes"], Unknown) for item in first.values())
    assert all(item.facets["attributes"] == {"Owner": key} for key, item in second.items())


def hanging_in(cloud: Hanging, region: str) -> Callable[..., Mapping[str, Json]]:
    plain = cloud.call

    def call(service: str, operation: str, where: str | None = None, /, **params: Json) -> Mapping[str, Json]:
        if operation == "GetTopicAttributes" and where == region:
            cloud.end.wait()
        return plain(service, operation, where, **params)

    return call


def test_after_the_deadline_nothing_more_is_called(reader: Callable[..., AwsReader]) -> None:
    names = [f"b{number}" for number in range(200)]
    replies = {**BUCKETS_FINE, "s3.ListBuckets": buckets(*names)}
    cloud = Hanging(replies, lambda name, _: name == "s3.GetBucketPolicy")
    aws = reader(cloud)
    found = by_id(aws.scan(GLOBAL, wants(BUCKET, "policy")))
    assert set(found) == set(names)
    cloud.end.set()
    aws.close()
    assert cloud.asked["s3.GetBucketPolicy"] <= 8


def test_what_facts_look_at_has_the_same_bounds(reader: Callable[..., AwsReader]) -> None:
    replies = {**BUCKETS_FINE, **IN_PARIS, "sns.GetTopicAttributes": attributes}
    cloud = Hanging(replies, lambda name, _: name == "sns.ListTopics")
    nearby = Nearby(reader(cloud), CATALOG)
    ref = BUCKET.ref("aws", ACCOUNT, "eu-west-3", "one")
    topics, found = rule(TOPIC, "attributes"), rule(BUCKET, "versioning")
    around = nearby.around(ref, [topics, found])
    assert isinstance(around[TOPIC.name], Unknown)
    held = around[BUCKET.name]
    assert not isinstance(held, Unknown)
    assert [item.facets["versioning"] for item in held] == ["Enabled", "Enabled"]


def rule(kind: Kind, *names: str) -> FactRule:
    return FactRule(
        name=kind.name,
        kind=BUCKET,
        type=bool,
        title="",
        reads=(),
        needs={kind: names},
        rule=lambda: Known(value=True, evidence=()),
    )


def test_more_facets_of_known_resources_have_the_same_bounds(reader: Callable[..., AwsReader]) -> None:
    cloud = Hanging(BUCKETS_FINE, lambda name, params: name == "s3.GetBucketPolicy" and params["Bucket"] == "one")
    aws = reader(cloud)
    refs = [BUCKET.ref("aws", ACCOUNT, "eu-west-3", name) for name in ("one", "two")]
    lacking = [(Resource(ref, {}), frozenset({"policy", "versioning"})) for ref in refs]
    one, two = aws.more(lacking)
    assert isinstance(one.facets["policy"], Unknown)
    assert one.facets["versioning"] == "Enabled"
    assert not any(isinstance(value, Unknown) for value in two.facets.values())


def test_a_fresh_reading_has_the_same_bounds(reader: Callable[..., AwsReader]) -> None:
    cloud = Hanging(BUCKETS_FINE, lambda name, params: name == "s3.GetBucketPolicy" and params["Bucket"] == "one")
    aws = reader(cloud)
    one, two = (
        aws.read(BUCKET.ref("aws", ACCOUNT, "eu-west-3", name), frozenset({"policy", "versioning"}))
        for name in ("one", "two")
    )
    assert isinstance(one.facets["policy"], Unknown)
    assert one.facets["versioning"] == "Enabled"
    assert not any(isinstance(value, Unknown) for value in two.facets.values())


def test_a_fresh_reading_whose_listing_hangs_is_an_error(reader: Callable[..., AwsReader]) -> None:
    aws = reader(Hanging(BUCKETS_FINE, lambda name, _: name == "s3.ListBuckets"))
    with pytest.raises(TimedOut, match=r"s3.ListBuckets: not read within"):
        aws.read(BUCKET.ref("aws", ACCOUNT, "eu-west-3", "one"), frozenset({"created"}))


@pytest.mark.parametrize("hangs", ["s3.ListBuckets", "s3.GetBucketPolicy"])
def test_an_error_of_time_is_noted_and_others_are_not(hangs: str) -> None:
    late: CloudError = TimedOut(f"{hangs}: no complete answer within 30 s", operation=hangs, code="DeadlineExceeded")

    class Late(Cloud):
        def call(
            self, service: str, operation: str, region: str | None = None, /, **params: Json
        ) -> Mapping[str, Json]:
            if f"{service}.{operation}" == hangs:
                raise late
            return super().call(service, operation, region, **params)

    with AwsReader(Late(BUCKETS_FINE), CATALOG, workers=4, clock=Noon()) as aws:
        items = list(aws.scan(GLOBAL, wants(BUCKET)))
        assert {read.reason for read in aws.incomplete} == {f"{hangs}: no complete answer within 30 s"}
    if hangs == "s3.ListBuckets":
        assert items == [Gap(BUCKET.name, GLOBAL, str(late))]
    else:
        assert {item.facets["policy"] for item in by_id(items).values()} == {Unknown(str(late))}


def test_nothing_is_asked_once_the_deadline_has_passed_and_no_part_of_a_listing_is_used() -> None:
    now = 0.0
    cloud = Cloud(
        {"s3.GetBucketPolicy": {"Policy": "p"}, "s3.ListBuckets": {"pages": [buckets("one"), buckets("two")]}}
    )
    noted = IncompleteReads()
    memo = Memo(cloud, "2026-01-31", Bounds(), Deadline(10, lambda: now), noted)
    assert memo.one("s3.GetBucketPolicy", {"Bucket": "one"}, "global") == {"Policy": "p"}

    def late_pages() -> Iterator[Mapping[str, Json]]:
        nonlocal now
        yield buckets("one")
        now = 11.0
        yield buckets("two")
        raise AssertionError("a page after the deadline was asked for")

    cloud.pages = lambda *_, **__: late_pages()  # type: ignore[method-assign]
    for ask in (
        lambda: memo.every("s3.ListBuckets", {}, "global", "Buckets"),
        lambda: memo.one("s3.GetBucketPolicy", {"Bucket": "two"}, "global"),
    ):
        with pytest.raises(TimedOut, match="not read within the 10 s"):
            ask()
    assert cloud.asked["s3.GetBucketPolicy"] == 1
    assert [read.operation for read in noted.all()] == ["s3.GetBucketPolicy", "s3.ListBuckets"]


# Lanes


def test_a_lane_that_is_closed_waits_for_nobody_who_hangs() -> None:
    lanes, begun, end = Lanes({}, 1, grace=0), threading.Event(), threading.Event()

    def hang() -> str:
        begun.set()
        end.wait()
        return "too late"

    hung, waiting = lanes.submit("s3.A", "here", hang), lanes.submit("s3.B", "here", lambda: "never")
    elsewhere = lanes.submit("s3.A", "there", lambda: "other place")
    assert elsewhere.result() == "other place"
    begun.wait()
    lanes.close()
    with pytest.raises(CancelledError):
        hung.result()
    assert waiting.cancelled()
    end.set()


def test_a_lane_never_has_more_threads_than_it_may() -> None:
    lanes, lock = Lanes({"s3": 3}, 1), threading.Lock()
    together, most = 0, 0
    gate = threading.Barrier(3)

    def count() -> None:
        nonlocal together, most
        with lock:
            together, most = together + 1, max(most, together + 1)
        gate.wait()
        with lock:
            together -= 1

    for task in [lanes.submit("s3.A", "here", count) for _ in range(30)]:
        task.result()
    lanes.close()
    assert most == 3


HANGS = """
import threading
from goldseam.clouds.aws.lanes import Lanes
lanes, begun = Lanes({}, 4, grace=0), threading.Event()
def hang():
    begun.set()
    threading.Event().wait()
lanes.submit("s3.A", "here", hang)
begun.wait()
lanes.close()
print("ended")
"""


def test_a_call_that_never_ends_does_not_keep_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended\n", "")


def test_whoever_stops_a_scan_early_is_not_kept_by_a_call_that_hangs() -> None:
    cloud = Hanging({**BUCKETS_FINE, **IN_PARIS}, lambda name, _: name == "sns.ListTopics")
    aws = AwsReader(cloud, CATALOG, workers=4, clock=Noon())
    collections = collect(aws, Catalog((BUCKET, TOPIC), ()).judged or wants(BUCKET) | wants(TOPIC))
    assert next(collections).shard == GLOBAL
    collections.close()  # type: ignore[attr-defined]
    aws.close()
    for thread in threading.enumerate():
        if thread.name.startswith("collect"):
            thread.join()
    cloud.end.set()
