from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final

import pytest
from policy_sentry.querying.actions import get_action_data

from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.aws.facet import VALUE, Get, Look, Send
from goldseam.clouds.aws.iam_actions import iam_actions
from goldseam.clouds.aws.kind import AwsKind, Listing, ListingScope
from goldseam.clouds.aws.permissions import (
    SESSION_POLICY_LIMIT,
    plan_policy,
    policy_of,
    remediator_policy,
    scan_operations,
    scanner_policy,
    session_policy,
)
from goldseam.clouds.aws.shapes import Document, policy
from goldseam.control import (
    Call,
    Catalog,
    Control,
    Kind,
    Permission,
    Severity,
    Surroundings,
    Verdict,
    compliant,
    control,
    fact,
    harmless,
    known,
    should_be,
)
from goldseam.model.errors import PlanRefused
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import ABSENT, Json, Value
from goldseam.repair.plan import Plan, Purpose
from goldseam.repair.propose import propose

OTHER = AwsKind(
    "test.other",
    "other",
    (Look(name="details", get=Get("kms.DescribeKey", {"KeyId": "{id}"})),),
    address="arn:{partition}:kms:{region}:{account}:key/{id}",
    find=Listing("kms.ListKeys", "Keys", "KeyId"),
)
BUCKET = AwsKind(
    "test.bucket",
    "bucket",
    (
        Document(
            name="block",
            get=Get("s3.GetPublicAccessBlock", {"Bucket": "{id}"}, "X", ("NoSuchPublicAccessBlockConfiguration",)),
            put=Send("s3.PutPublicAccessBlock", {"Bucket": "{id}", "PublicAccessBlockConfiguration": VALUE}),
            delete=Send("s3.DeletePublicAccessBlock", {"Bucket": "{id}"}),
        ),
        policy(
            "policy",
            get=Get("s3.GetBucketPolicy", {"Bucket": "{id}"}, "Policy"),
            put=Send("s3.PutBucketPolicy", {"Bucket": "{id}", "Policy": VALUE}),
            delete=Send("s3.DeleteBucketPolicy", {"Bucket": "{id}"}),
        ),
        Look(name="website", get=Get("s3.GetBucketWebsite", {"Bucket": "{id}"})),
        Look(name="tags", get=Get("s3.GetBucketTagging", {"Bucket": "{id}"})),
        Look(name="created", listed="CreationDate"),
    ),
    address="arn:{partition}:s3:::{id}",
    find=Listing("s3.ListBuckets", "Buckets", "Name", "BucketRegion"),
    scope=ListingScope.GLOBAL,
)


@control(
    "test.bucket.blocked",
    BUCKET,
    severity=Severity.HIGH,
    disrupts=harmless("it is only a test", source="Toys, a page"),
    compliant=[{"block": {"All": True}, "created": ABSENT}],
    violating=[{"block": ABSENT, "created": ABSENT}],
)
def blocked(block: Value, created: Value) -> Verdict:
    """A bucket is blocked.

    So that nobody reads it.
    """
    del created
    return compliant if block is not ABSENT else should_be(block={"All": True}, because="it is not")


@fact("test_website", BUCKET, bool, needs={OTHER: tuple(OTHER.facet_by_name)})
def website_fact(website: Value, *, around: Surroundings) -> Any:
    """Whether it serves a website."""
    del around
    return known(website is not ABSENT)


def actions_of(document: Mapping[str, Json]) -> set[str]:
    """Every action in a policy."""
    found: set[str] = set()
    for statement in document["Statement"]:
        found.update([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    return found


def pairs_of(document: Mapping[str, Json]) -> set[tuple[str, str]]:
    """Every action with every resource that a policy allows it on."""
    found: set[tuple[str, str]] = set()
    for statement in document["Statement"]:
        assert statement["Effect"] == "Allow"
        actions, resources = (
            [statement[key]] if isinstance(statement[key], str) else statement[key] for key in ("Action", "Resource")
        )
        assert actions == sorted(set(actions))
        assert resources == sorted(set(resources))
        found.update((action, resource) for action in actions for resource in resources)
    return found


def test_the_scanner_may_read_what_enabled_controls_and_their_facts_read_and_no_more() -> None:
    always = {"sts:GetCallerIdentity", "ec2:DescribeRegions"}
    listing = {"s3:ListAllMyBuckets", "s3:GetBucketLocation"}
    alone = scanner_policy(Catalog((BUCKET, OTHER), (blocked,)))
    assert actions_of(alone) == always | listing | {"s3:GetBucketPublicAccessBlock"}
    with_fact = scanner_policy(Catalog((BUCKET, OTHER), (blocked,), (website_fact,)))
    assert actions_of(with_fact) - actions_of(alone) == {"s3:GetBucketWebsite", "kms:ListKeys", "kms:DescribeKey"}
    assert actions_of(scanner_policy(Catalog((BUCKET,), ()))) == always


def test_the_remediator_may_write_what_the_controls_write_and_take_back_and_no_more() -> None:
    assert pairs_of(remediator_policy([blocked])) == {("s3:PutBucketPublicAccessBlock", "arn:aws:s3:::*")}
    assert remediator_policy([])["Statement"] == []
    narrowed = remediator_policy([blocked], partition="aws-cn")
    assert pairs_of(narrowed) == {("s3:PutBucketPublicAccessBlock", "arn:aws-cn:s3:::*")}


def test_the_remediator_may_write_a_facet_in_every_way_that_it_has() -> None:
    put = should_be(policy={"Statement": [{"Effect": "Deny"}]}, because="it lacks a deny")

    def rule(policy: Value) -> Verdict:
        return put if policy is ABSENT else compliant

    denied = replace(
        blocked, id="test.bucket.denied", rule=rule, reads=("policy",),
        violating=(type(blocked.violating[0])({"policy": ABSENT}),), compliant=(),
    )  # fmt: skip
    assert actions_of(remediator_policy([denied])) == {"s3:PutBucketPolicy", "s3:DeleteBucketPolicy"}


def bucket_plan(name: str = "b") -> Plan:
    resource = Resource(BUCKET.ref("aws", "123456789012", "eu-west-3", name), {"block": ABSENT, "created": ABSENT})
    return propose(resource, [blocked], [blocked])


def test_a_plan_gets_its_own_calls_on_its_own_resource() -> None:
    plan = bucket_plan()
    assert plan_policy(plan) == {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "s3:PutBucketPublicAccessBlock", "Resource": "arn:aws:s3:::b"},
        ],
    }
    assert session_policy(plan) == json.dumps(plan_policy(plan), separators=(",", ":"))


def plan_with(permissions: Iterable[Permission]) -> Plan:
    call = Call("s3.PutBucketPolicy", "eu-west-3", {}, tuple(permissions))
    return Plan(
        Purpose.REPAIR, Ref("k", "1", "r", "i", "a"), (), {}, {}, (), (call,), (), reversible=True, values={}
    )  # fmt: skip


def test_statements_are_grouped_and_in_one_order() -> None:
    wanted = [
        Permission(action, resource) for action in ("x:B", "x:A") for resource in ("arn:2", "arn:1")
    ] + [Permission("x:C", "*"), Permission("x:C", "*")]  # fmt: skip
    policies = []
    for seed in range(20):
        random.Random(seed).shuffle(wanted)
        policies.append(session_policy(plan_with(wanted)))
    assert set(policies) == {
        (
            '{"Version":"2012-10-17","Statement":['
            '{"Effect":"Allow","Action":["x:A","x:B"],"Resource":["arn:1","arn:2"]},'
            '{"Effect":"Allow","Action":"x:C","Resource":"*"}]}'
        )
    }


def test_a_policy_allows_the_permissions_and_nothing_else() -> None:
    for seed in range(200):
        chance = random.Random(seed)
        wanted = {(f"s:{chance.randint(0, 4)}", f"arn:{chance.randint(0, 4)}") for _ in range(chance.randint(0, 12))}
        assert pairs_of(policy_of(Permission(*pair) for pair in wanted)) == wanted


def test_a_session_policy_over_the_limit_is_refused_with_its_length() -> None:
    def plan_of(characters: int) -> Plan:
        empty = len(session_policy(plan_with([Permission("s3:PutBucketPolicy", "")])))
        return plan_with([Permission("s3:PutBucketPolicy", "a" * (characters - empty))])

    assert len(session_policy(plan_of(SESSION_POLICY_LIMIT))) == SESSION_POLICY_LIMIT
    with pytest.raises(PlanRefused, match=r"has 2049 characters and AWS takes 2048; repair fewer"):
        session_policy(plan_of(SESSION_POLICY_LIMIT + 1))


CATALOG = aws_catalog()


NEWER = {"kms:GetKeyLastUsage"}
"""Actions that the data at hand does not know yet (KMS API Reference, GetKeyLastUsage, "Required permissions")."""


@cache
def documented(action: str) -> tuple[dict[str, Any], ...]:
    """What AWS's service authorization reference says of an action: one entry for each type of resource."""
    service, _, name = action.partition(":")
    data = get_action_data(service, name)
    assert data, f"there is no action {action}"
    return tuple(data[service])


@pytest.mark.parametrize("kind", CATALOG.kinds, ids=lambda kind: kind.name)
def test_reading_takes_only_actions_that_exist_and_read(kind: Kind) -> None:
    operations = scan_operations(kind, kind.facet_by_name)
    assert operations
    for operation in operations:
        for action in iam_actions(operation):
            if action not in NEWER:
                assert {entry["access_level"] for entry in documented(action)} <= {"Read", "List"}, action


def example_ref(of: Control) -> Ref:
    assert isinstance(of.kind, AwsKind)
    find = of.kind.find
    part = find is not None and ((find.within is not None and not find.whole) or ":stack/" in find.id)
    name = "whole/example" if part or "{parent}" in of.kind.address else "example"
    made = of.kind.ref("aws", "123456789012", "eu-west-3", name)
    return replace(made, address=_ARNS.get(of.kind.name, made.address))


_BALANCING: Final = "arn:aws:elasticloadbalancing:eu-west-3:123456789012"
_ARNS: Final = {
    "aws.elbv2.load-balancer": f"{_BALANCING}:loadbalancer/app/example/1",
    "aws.elbv2.listener": f"{_BALANCING}:listener/app/example/1/2",
    "aws.wafv2.web-acl": "arn:aws:wafv2:eu-west-3:123456789012:regional/webacl/example/1",
    "aws.wafv2.global-web-acl": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/example/1",
}
"""Of kinds whose listing says the ARN, one as AWS gives it."""
_REST: Final = "arn:${Partition}:apigateway:${Region}::/"
_BESIDE: Final = {
    "apigateway": (f"{_REST}restapis/${{ApiId}}/stages/${{StageName}}", f"{_REST}domainnames/${{DomainName}}"),
    "elasticloadbalancing": (
        "arn:${Partition}:elasticloadbalancing:${Region}:${Account}:loadbalancer/${LoadBalancerName}",
    ),
}
"""What the reference has on a second page of a service, which the data that we read it from leaves out."""


def plans_of(of: Control) -> list[Plan]:
    found = []
    for example in of.violating:
        facets = {name: of.kind.facet(name).normal(value) for name, value in example.facets.items()}
        settings = of.chosen(example.settings)
        if hasattr(of.rule(*(facets[name] for name in of.reads), **settings), "changes"):
            found.append(propose(Resource(example_ref(of), facets), [of], [of], lambda *_, s=settings: s))
    return found


FIXABLE = [each for each in CATALOG.controls if each.fixable]


@pytest.mark.parametrize("of", FIXABLE, ids=lambda of: of.id)
def test_writing_takes_only_actions_that_exist_on_resources_that_they_take(of: Control) -> None:
    plans = plans_of(of)
    assert plans
    for permission in {permission for plan in plans for permission in plan.permissions}:
        formats = {entry["resource_arn_format"] for entry in documented(permission.action)} - {"*"}
        formats |= set(() if permission.resource == "*" else _BESIDE.get(permission.action.partition(":")[0], ()))
        if permission.resource == "*":
            assert not formats, f"{permission.action} can be narrowed to {sorted(formats)}"
        else:
            assert any(_fits(permission.resource, form) for form in formats), (permission, formats)


def _fits(address: str, form: str) -> bool:
    """Whether an address has the form that AWS documents (`arn:${Partition}:s3:::${BucketName}`)."""
    words = re.split(r"\$\{\w+\}", form.replace("*", "${Any}"))
    return re.fullmatch(".+".join(re.escape(word) for word in words), address) is not None


def allows(document: Mapping[str, Json], wanted: Permission) -> bool:
    """Whether a policy with wildcards allows a permission."""
    return any(
        action == wanted.action
        and re.fullmatch(re.escape(resource).replace(r"\*", ".*"), wanted.resource.replace("*", "anything"))
        for action, resource in pairs_of(document)
    )


@pytest.mark.parametrize("of", FIXABLE, ids=lambda of: of.id)
def test_the_remediator_of_a_control_can_give_every_grant_for_it(of: Control) -> None:
    document = remediator_policy([of])
    for plan in plans_of(of):
        assert len(session_policy(plan)) <= SESSION_POLICY_LIMIT
        for permission in plan.permissions:
            assert allows(document, permission), permission


def test_generated_policies_are_the_same_every_time() -> None:
    backwards = tuple(reversed(CATALOG.controls))
    assert remediator_policy(backwards) == remediator_policy(CATALOG.controls)
    assert scanner_policy(replace(CATALOG, controls=backwards)) == scanner_policy(CATALOG)
