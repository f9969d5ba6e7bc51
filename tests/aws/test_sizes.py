"""Documents beyond what the service can hold are unknown, and the work on those within grows with their size."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest

from goldseam.assess.evaluate import Status, evaluate
from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.aws.facet import AwsFacet
from goldseam.clouds.aws.group_rules import MOST_RULES, atom, changed, permissions
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.policy_sizes import LARGEST, policy_json
from goldseam.clouds.aws.read import AwsReader
from goldseam.clouds.aws.services.iam.held import attached, document
from goldseam.clouds.aws.statements import sorted_out, with_statement, without_public
from goldseam.control import Catalog
from goldseam.model import values
from goldseam.model.errors import LimitExceeded, NotFound, PlanRefused
from goldseam.model.resource import Resource
from goldseam.model.values import ABSENT, Json, Unknown, canonical, difference
from goldseam.repair.propose import propose
from tests.aws.test_read import ACCOUNT, GLOBAL, PARIS, Cloud, Noon, buckets

CATALOG = aws_catalog()
BUCKET, GROUP = CATALOG.kind("aws.s3.bucket"), CATALOG.kind("aws.ec2.security-group")


def statement(number: int, effect: str = "Allow", **more: Json) -> Json:
    resource = f"arn:aws:s3:::b/{number}/*"
    return {"Sid": f"s{number}", "Effect": effect, "Principal": "*", "Action": "s3:Get*", "Resource": resource, **more}


def policy(allowed: int, denied: int = 0) -> Json:
    outside = {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
    denials = [statement(number + allowed, "Deny", Condition=outside) for number in range(denied)]
    return {"Version": "2012-10-17", "Statement": [*map(statement, range(allowed)), *denials]}


def read(replies: dict[str, Json], kind: AwsKind, *facets: str) -> dict[str, Resource]:
    shard = GLOBAL if kind.account_wide else PARIS
    with AwsReader(Cloud(replies), Catalog((kind,), ()), workers=2, clock=Noon()) as aws:
        found = list(aws.scan(shard, {kind: frozenset(facets)}))
    return {item.ref.id: item for item in found if isinstance(item, Resource)}


def test_a_policy_of_9000_statements_is_not_what_s3_holds_and_nothing_is_planned_on_it() -> None:
    assert isinstance(BUCKET, AwsKind)

    def policy_of(params: Any) -> Json:
        return {"Policy": json.dumps(policy(9000 if params["Bucket"] == "one" else 100))}

    control = CATALOG.control("aws.s3.bucket.policy-not-public")
    replies = {
        "s3.ListBuckets": buckets("one", "two"),
        "s3.GetBucketPolicy": policy_of,
        "s3.GetPublicAccessBlock": NotFound("none", code="NoSuchPublicAccessBlockConfiguration"),
        "s3control.GetPublicAccessBlock": NotFound("none", code="NoSuchPublicAccessBlockConfiguration"),
    }
    found = read(replies, BUCKET, *control.reads)
    verdicts = {name: evaluate(item, [control])[0] for name, item in found.items()}
    assert verdicts["one"].status is Status.UNKNOWN
    assert verdicts["one"].because.endswith("bytes, and a policy of s3 can have at most 40,960")
    assert verdicts["two"].status is Status.FAIL
    with pytest.raises(PlanRefused, match="cannot be told"):
        propose(found["one"], [control], [control])


def test_a_group_with_more_rules_than_it_can_have_is_unknown() -> None:
    assert isinstance(GROUP, AwsKind)

    def group(name: str, rules: int) -> Json:
        made = [atom("10.0.0.0/8", "tcp", number) for number in range(rules)]
        return {"GroupId": name, "GroupName": name, "IpPermissions": permissions(made), "IpPermissionsEgress": []}

    listed = {"SecurityGroups": [group("sg-1", MOST_RULES + 1), group("sg-2", MOST_RULES)]}
    found = read({"ec2.DescribeSecurityGroups": listed}, GROUP, "ingress", "egress")
    assert isinstance(found["sg-1"].facets["ingress"], Unknown)
    assert found["sg-1"].facets["egress"] == []
    held = found["sg-2"].facets["ingress"]
    assert not isinstance(held, Unknown)
    assert len(held) == MOST_RULES


@pytest.mark.parametrize(
    ("operation", "most"),
    [
        ("s3.GetBucketPolicy", 40_960),
        ("sqs.GetQueueAttributes", 16_384),
        ("sns.GetTopicAttributes", 61_440),
        ("kms.GetKeyPolicy", 65_536),
        ("lambda.GetPolicy", 40_960),
        ("opensearch.DescribeDomain", 204_800),
        ("backup.GetBackupVaultAccessPolicy", LARGEST),
    ],
)
def test_a_policy_may_be_twice_its_quota_and_white_space_is_not_counted(operation: str, most: int) -> None:
    text = json.dumps({"Sid": "x" * (most - len('{"Sid":""}'))}, indent=400)
    assert policy_json(text, operation) == json.loads(text)
    with pytest.raises(LimitExceeded, match=f"at most {most:,}"):
        policy_json(text.replace("x", "xx", 1), operation)


def test_every_resource_policy_has_the_bound_of_its_service() -> None:
    text = json.dumps({"Statement": [{"Sid": "x" * 300_000}]})
    facets = [
        (kind, facet)
        for kind in CATALOG.kinds
        for facet in kind.facets
        if isinstance(facet, AwsFacet) and facet.name in ("policy", "trust")
    ]
    for kind, facet in facets:
        with pytest.raises(LimitExceeded):
            facet.decode(text)
        assert kind.name
    assert len(facets) > 10


def test_iam_gives_documents_as_text_and_parsed_and_both_have_a_bound() -> None:
    held = {"Statement": [{"Sid": "x" * LARGEST}]}
    for raw in (held, quote(json.dumps(held))):
        with pytest.raises(LimitExceeded, match="a policy of iam can have at most 131,072"):
            document(raw)
    assert document(quote(json.dumps(policy(10)))) == document(policy(10)) == policy(10)


# How the work grows, in calls rather than in seconds


def calls_of(work: Callable[[], object]) -> int:
    """How many functions a piece of work calls, those of the interpreter included."""
    number = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal number
        number += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return number


@pytest.mark.parametrize(
    "work",
    [
        lambda size: sorted_out(policy(size, size)),
        lambda size: without_public(policy(size, size)),
        lambda size: with_statement(policy(size), statement(-1)),
        lambda size: evaluate(public_bucket(size), [CATALOG.control("aws.s3.bucket.policy-not-public")]),
        lambda size: attached("Role").write(role(), arns(size), arns(size)),
    ],
)
def test_twice_the_size_is_about_twice_the_work(work: Callable[[int], object]) -> None:
    one, two = (calls_of(partial(work, size)) for size in (100, 200))
    assert two < 2.5 * one


def public_bucket(size: int) -> Resource:
    assert isinstance(BUCKET, AwsKind)
    ref = BUCKET.ref("aws", ACCOUNT, "eu-west-3", "b")
    control = CATALOG.control("aws.s3.bucket.policy-not-public")
    return Resource(ref, dict.fromkeys(control.reads, ABSENT) | {"policy": policy(size, size)})


def role() -> Any:
    kind = CATALOG.kind("aws.iam.role")
    assert isinstance(kind, AwsKind)
    return kind.ref("aws", ACCOUNT, "global", "r")


def arns(size: int) -> list[Json]:
    return [{"arn": f"arn:aws:iam::aws:policy/{number}"} for number in range(size)]


class Compared(bytes):
    """Canonical JSON that counts how often it is compared."""

    comparisons = 0

    def __eq__(self, other: object) -> bool:
        Compared.comparisons += 1
        return bytes(self) == other

    def __hash__(self) -> int:
        return hash(bytes(self))


def test_bags_are_compared_without_holding_each_item_against_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "canonical", lambda value: Compared(canonical(value)))
    Compared.comparisons = 0
    before, after = list(range(300)), list(range(100, 400))
    told = difference(before, after)
    assert (len(told["-"]), len(told["+"])) == (100, 100)
    assert Compared.comparisons < 10 * len(before)


class Rule(dict[str, Json]):
    """A rule that counts how often it is compared."""

    comparisons = 0

    def __eq__(self, other: object) -> bool:
        Rule.comparisons += 1
        return super().__eq__(other)

    __hash__ = None


def test_rules_are_taken_out_without_holding_each_against_each() -> None:
    rules: list[Json] = [Rule(atom("0.0.0.0/0", "tcp", port)) for port in range(300)]
    gone: list[Json] = [Rule(atom("0.0.0.0/0", "tcp", port)) for port in range(150)]
    assert changed(rules, gone, [atom("10.0.0.0/8", "tcp", 22)])[:-1] == rules[150:]
    assert Rule.comparisons < 2 * len(rules)
