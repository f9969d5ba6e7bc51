"""What an answer may hold that cannot be kept: it makes one facet of one resource unknown, and nothing else."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from goldseam.clouds.aws.kind import at
from goldseam.clouds.aws.representable import (
    NESTING,
    NotRepresentable,
    Unrepresentable,
    represented,
    why_not_kept,
)
from goldseam.model.errors import CallFailed
from goldseam.model.resource import Resource
from goldseam.model.values import ABSENT, Json, Unknown, canonical
from goldseam.ports import Gap
from tests.aws import test_read as reading
from tests.aws.loopback import Told, loopback
from tests.aws.test_client import session


def nested(levels: int, inner: Json = 1) -> Json:
    for _ in range(levels):
        inner = [inner]
    return inner


def innermost(value: Json) -> Json:
    while type(value) is list:
        value = value[0]
    return value


ODD: Mapping[str, Any] = {
    "integer": 2**64,
    "negative": -(2**63) - 1,
    "nan": math.nan,
    "infinity": math.inf,
    "surrogate": "a\ud800",
    "deep": nested(400),
    "key": {"\udfff": 1},
    "number as key": {1: 1},
    "set of numbers": {1, 2},
}
FINE: Mapping[str, Any] = {
    "largest": 2**64 - 1,
    "least": -(2**63),
    "deep": nested(NESTING),
    "nothing": None,
    "text": "null [null] :null ,null \0 \u202e 🦄",
    "real": 1e308,
}


def text(value: object) -> str:
    assert isinstance(value, bytes)
    return value.decode()


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_odd_part_is_replaced_and_the_rest_is_the_same(odd: object) -> None:
    answer = represented({"a": {"b": [1, odd, {"c": b"text"}]}, **FINE}, text)
    first, part, last = answer["a"].pop("b")
    assert (first, last, answer) == (1, {"c": "text"}, {"a": {}, **FINE})
    assert type(innermost(part)) is Unrepresentable


@pytest.mark.parametrize("fine", FINE.values(), ids=FINE)
def test_what_can_be_kept_is_kept_as_it_is(fine: object) -> None:
    assert represented({"a": fine}, text) == {"a": fine}
    assert why_not_kept(fine) == ""


def test_bytes_that_are_no_text_are_odd_and_a_stream_is_read_once() -> None:
    class Stream:
        def __init__(self) -> None:
            self.left = ["first"]

    answer = represented(
        {"a": Stream(), "b": 2**70, "c": b"\xff"},
        lambda value: text(value) if isinstance(value, bytes) else value.left.pop(),  # type: ignore[attr-defined]
    )
    assert answer["a"] == "first"
    assert (type(answer["b"]), type(answer["c"])) == (Unrepresentable, Unrepresentable)


USES: Mapping[str, Callable[[Any], object]] = {
    "==": lambda odd: odd == "Enabled",
    "!=": lambda odd: odd != "Enabled",
    "== of a list": lambda odd: [odd] == ["Enabled"],
    "truth": lambda odd: not odd,
    "type": lambda odd: isinstance(odd, str),
    "protocol": lambda odd: isinstance(odd, Mapping),
    "hash": lambda odd: {odd: 1},
    "in": lambda odd: "a" in odd,
    "among": lambda odd: odd in ("a", "b"),
    "method": lambda odd: odd.lower(),
    "item": lambda odd: odd["a"],
    "length": len,
    "loop": list,
    "text": str,
    "format": lambda odd: f"{odd}",
    "number": int,
    "order": lambda odd: sorted([odd, 1]),
    "sum": lambda odd: 1 + odd,
    "path": lambda odd: at({"a": odd}, "a.b"),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_no_use_of_an_odd_part_goes_unnoticed(use: Callable[[Any], object]) -> None:
    with pytest.raises(NotRepresentable, match="64 bits"):
        use(Unrepresentable("it holds an integer beyond 64 bits"))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"a": [2**64]}, "64 bits"),
        ({"a": math.nan}, "not finite"),
        (math.inf, "not finite"),
        (["\ud800"], "surrogate"),
        (nested(NESTING + 1), "more than 100 levels"),
        (nested(400), "more than 100 levels"),
    ],
    ids=map(str, range(7)),
)
def test_what_cannot_be_kept_of_a_value_is_named(value: Json, words: str) -> None:
    assert words in why_not_kept(value)
    assert why_not_kept([Unrepresentable("odd")]) == why_not_kept(Unrepresentable("odd")) == "odd"


@pytest.mark.parametrize("value", [ABSENT, None, {"a": None, "b": ABSENT}, [[]] * 300, {"a": (1, {2})}])
def test_ordinary_values_are_kept(value: Json) -> None:
    assert why_not_kept(value) == ""


GROUPS = '{"logGroups": [{"logGroupName": "one", "storedBytes": %s, "arn": "a"}, {"logGroupName": "two"}]}'
DEEP = "[" * 400 + "]" * 400


@pytest.mark.parametrize("odd", [str(2**70), "NaN", "-Infinity", '"\\ud800"', DEEP])
def test_an_odd_member_of_an_answer_does_not_end_the_call(odd: str) -> None:
    with loopback(lambda _: Told(GROUPS % odd)) as server:
        aws = session(server.url)
        for answer in (aws.call("logs", "describe_log_groups"), *aws.pages("logs", "describe_log_groups")):
            first, second = answer["logGroups"]
            assert type(innermost(first.pop("storedBytes"))) is Unrepresentable
            assert (first, second) == ({"logGroupName": "one", "arn": "a"}, {"logGroupName": "two"})


def test_an_answer_that_the_sdk_cannot_read_for_its_depth_is_a_failed_call() -> None:
    depth = 200_000
    with loopback(lambda _: Told('{"a":' + "[" * depth + "]" * depth + "}")) as server:
        aws = session(server.url)
        with pytest.raises(CallFailed, match="RecursionError"):
            aws.call("logs", "describe_log_groups")
        with pytest.raises(CallFailed, match="RecursionError"):
            list(aws.pages("logs", "describe_log_groups"))


def odd_policy(text_of_it: str) -> reading.Reply:
    return lambda asked: {"Policy": text_of_it if asked["Bucket"] == "one" else '{"Statement": [1]}'}


@pytest.mark.parametrize(
    "document",
    [f"[{2**64}]", "[NaN]", '["\\ud800"]', DEEP, "[" * 5000, "{"],
)
def test_a_document_inside_a_text_makes_one_facet_of_one_resource_unknown(document: str) -> None:
    cloud = reading.Cloud({**reading.BUCKETS_FINE, "s3.GetBucketPolicy": odd_policy(document)})
    seen = reading.found(cloud, reading.GLOBAL, reading.wants(reading.BUCKET))
    assert isinstance(seen["one"].facets["policy"], Unknown)
    assert seen["one"].facets["versioning"] == "Enabled"
    assert seen["two"].facets["policy"] == {"Statement": [1]}
    for resource in seen.values():
        assert canonical(resource.facets)


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_odd_member_of_a_listed_item_makes_one_facet_of_one_resource_unknown(odd: object) -> None:
    listed = {"Buckets": [
        {"Name": "one", "BucketRegion": "eu-west-3", "CreationDate": odd},
        {"Name": "two", "BucketRegion": "eu-west-3", "CreationDate": "2026"},
    ]}  # fmt: skip
    cloud = reading.Cloud({**reading.BUCKETS_FINE, "s3.ListBuckets": represented(listed, text)})
    seen = reading.found(cloud, reading.GLOBAL, reading.wants(reading.BUCKET))
    created = seen["one"].facets["created"]
    assert isinstance(created, Unknown)
    assert "cannot be kept" in created.reason
    assert seen["one"].facets["versioning"] == "Enabled"
    assert seen["two"].facets["created"] == "2026"


def test_one_call_with_an_odd_member_hides_no_facet_that_does_not_read_it() -> None:
    versioning = represented({"Status": "Enabled", "MFADelete": 2**64}, text)
    cloud = reading.Cloud({**reading.BUCKETS_FINE, "s3.GetBucketVersioning": versioning})
    one = reading.found(cloud, reading.GLOBAL, reading.wants(reading.BUCKET))["one"]
    assert one.facets["versioning"] == "Enabled"
    assert one.facets["mfa_delete"] == Unknown("mfa_delete cannot be kept: it holds an integer beyond 64 bits")


@pytest.mark.parametrize("member", ["Name", "BucketRegion"])
def test_an_item_that_cannot_be_named_or_placed_is_a_gap_and_the_others_are_read(member: str) -> None:
    odd = {"Name": "one", "BucketRegion": "eu-west-3", "CreationDate": "2026", member: 2**64}
    listed = represented({"Buckets": [odd, *reading.buckets("two", "three")["Buckets"]]}, text)
    cloud = reading.Cloud({**reading.BUCKETS_FINE, "s3.ListBuckets": listed})
    with reading.reader(cloud) as aws:
        items = list(aws.scan(reading.GLOBAL, reading.wants(reading.BUCKET)))
    (gap,) = (item for item in items if isinstance(item, Gap))
    assert "64 bits" in gap.reason
    assert {item.ref.id for item in items if isinstance(item, Resource)} == {"two", "three"}


@pytest.mark.parametrize("listed", [{"Buckets": 2**64}, 2**64])
def test_a_list_that_cannot_be_read_is_a_gap(listed: object) -> None:
    cloud = reading.Cloud({**reading.BUCKETS_FINE, "s3.ListBuckets": {"pages": [represented(listed, text)]}})
    with reading.reader(cloud) as aws:
        (gap,) = aws.scan(reading.GLOBAL, reading.wants(reading.BUCKET))
    assert isinstance(gap, Gap)
    assert "64 bits" in gap.reason


def test_a_fresh_look_is_not_hindered_by_an_odd_neighbour() -> None:
    odd = {"Name": 2**64, "BucketRegion": "eu-west-3", "CreationDate": "2026"}
    listed = represented({"Buckets": [odd, *reading.buckets("two")["Buckets"]]}, text)
    cloud = reading.Cloud({**reading.BUCKETS_FINE, "s3.ListBuckets": listed})
    with reading.reader(cloud) as aws:
        two = reading.BUCKET.ref("aws", reading.ACCOUNT, "eu-west-3", "two")
        assert aws.read(two, frozenset(reading.BUCKET.facet_by_name)).facets["created"] == "2026"
        with pytest.raises(CallFailed, match="cannot be told whether"):
            aws.read(reading.BUCKET.ref("aws", reading.ACCOUNT, "eu-west-3", "one"), frozenset({"created"}))


def test_answers_are_what_json_gives_when_nothing_is_odd() -> None:
    answer = {"a": [1, 1.5, "é", None, True], "b": {"c": {}}}
    assert represented(answer, text) == json.loads(json.dumps(answer))
