"""Who manages a resource: CloudFormation's record by physical id, tags that tools write, and what cannot be told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pytest

from goldseam.assess.context import Fact, gather
from goldseam.assess.evaluate import Finding, Status, evaluate
from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.aws.facts.physical_ids import PHYSICAL_IDS
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.permissions import reading_operations, scanner_policy
from goldseam.clouds.aws.read import AwsReader
from goldseam.clouds.aws.services.cognito.client import CLIENT
from goldseam.clouds.aws.services.iam.user import USER
from goldseam.clouds.aws.services.s3 import BUCKET
from goldseam.clouds.aws.services.sns import TOPIC
from goldseam.clouds.aws.services.stack import MEMBERSHIP
from goldseam.clouds.aws.services.wafv2 import GLOBAL_WEB_ACL, WEB_ACL
from goldseam.control import Control, FactRule, Kind, Surroundings
from goldseam.decide import Circumstances, decide
from goldseam.decide.policy import Mode, load_policies
from goldseam.model.errors import AccessDenied, CallFailed, CloudError
from goldseam.model.resource import Resource
from goldseam.model.values import Json, Unknown, Value
from goldseam.ports import GLOBAL
from goldseam.service.pipeline import Standing, look
from tests.aws.laws import ACCOUNT, REGION
from tests.memory_cloud import FakeClock

CATALOG = aws_catalog()
NOW = FakeClock().now()


def rule_of(kind: Kind) -> FactRule:
    (rule,) = [rule for rule in CATALOG.facts_of(kind) if rule.name == "managed_by"]
    return rule


def member(physical: str, made_as: str, status: str = "CREATE_COMPLETE", stack: str = "shop") -> dict[str, str]:
    return {"id": physical, "type": made_as, "status": status, "stack": stack}


def told(kind: AwsKind, called: str, members: Json, tags: Value = None) -> Fact:
    ref = kind.ref("aws", ACCOUNT, GLOBAL if kind is USER else REGION, called)
    rule = rule_of(kind)
    other = rule.lookups[MEMBERSHIP].ref_of(ref)
    near = {MEMBERSHIP.name: (Resource(other, {"members": members}),)} if other else {}
    facets: Mapping[str, Value] = {} if tags is None else {"tags": tags}
    return gather(Resource(ref, facets), [rule], Surroundings(ref, NOW, near))[0]


S3, POLICY = "AWS::S3::Bucket", "AWS::S3::BucketPolicy"


@pytest.mark.parametrize(
    ("members", "tags", "expected"),
    [
        ([], {}, ""),
        ([member("b", S3)], {}, "cloudformation"),
        ([member("other", S3), member("b", S3)], {}, "cloudformation"),
        # only the first hundred of the stack are told: the one that was asked about need not be among them
        ([member("other", S3)], {}, "cloudformation"),
        ([member("b", S3, "DELETE_COMPLETE")], {}, ""),
        ([member("b", S3, "DELETE_SKIPPED")], {}, ""),
        ([member("b", S3, "DELETE_FAILED")], {}, "cloudformation"),
        # one answer is of one stack, so another one may hold the bucket itself
        ([member("b", POLICY)], {}, None),
        ([member("b", "AWS::IAM::Role")], {}, None),
        ([member("b", POLICY), member("b", S3)], {}, "cloudformation"),
        ([], {"aws:cloudformation:stack-name": "shop"}, "cloudformation"),
        ([], {"aws-cdk:auto-delete-objects": "true", "aws:cloudformation:stack-name": "shop"}, "cdk"),
        ([], {"kubernetes.io/cluster/main": "owned"}, "kubernetes"),
        ([], {"pulumi:project": "x"}, "pulumi"),
        ([], {"managed-by": "terraform"}, ""),
        ([member("b", S3)], Unknown("denied"), "cloudformation"),
        ([], Unknown("denied"), None),
        (Unknown("denied"), {}, None),
        (Unknown("denied"), {"pulumi:project": "x"}, "pulumi"),
    ],
)
def test_a_bucket(members: Json, tags: Value, expected: str | None) -> None:
    fact = told(BUCKET, "b", members, tags)
    assert (None if isinstance(fact.value, Unknown) else fact.value) == expected
    assert isinstance(fact.value, Unknown) or all(fact.evidence)


def test_no_marker_is_said_and_not_unmanaged() -> None:
    (line,) = told(BUCKET, "b", [], {"team": "web"}).evidence
    assert line == (
        f"no marker found (no CloudFormation stack in {REGION} holds `b`; none of 1 tags is written by a tool)"
    )


def test_what_cannot_be_tagged_is_told_by_membership_alone() -> None:
    fact = told(CLIENT, "pool/client-1", [])
    assert (fact.value, fact.evidence) == (
        "", (f"no marker found (no CloudFormation stack in {REGION} holds `client-1`; a Cognito client has no tags)",)
    )  # fmt: skip
    assert told(CLIENT, "pool/client-1", [member("client-1", "AWS::Cognito::UserPoolClient")]).value == "cloudformation"
    assert isinstance(told(CLIENT, "pool/client-1", Unknown("denied")).value, Unknown)


def test_what_a_stack_of_any_region_may_have_made_cannot_be_told() -> None:
    fact = told(USER, "ann", [], {})
    assert isinstance(fact.value, Unknown)
    assert "any region" in fact.value.reason
    assert told(USER, "ann", [], {"aws:cloudformation:stack-name": "shop"}).value == "cloudformation"


@pytest.mark.parametrize(
    ("kind", "called", "address", "region", "physical"),
    [
        (BUCKET, "b", "", REGION, "b"),
        (TOPIC, f"arn:aws:sns:{REGION}:{ACCOUNT}:t", "", REGION, f"arn:aws:sns:{REGION}:{ACCOUNT}:t"),
        (CLIENT, "pool/c", "", REGION, "c"),
        (WEB_ACL, "x", f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/web/1-2", REGION, "web|1-2|REGIONAL"),
        (
            GLOBAL_WEB_ACL, "x", f"arn:aws:wafv2:us-east-1:{ACCOUNT}:global/webacl/web/1-2", "us-east-1",
            "web|1-2|CLOUDFRONT",
        ),
    ],
)  # fmt: skip
def test_the_physical_id_and_where_it_is_asked_for(
    kind: AwsKind, called: str, address: str, region: str, physical: str
) -> None:
    ref = kind.ref("aws", ACCOUNT, GLOBAL if kind.account_wide and kind is not BUCKET else REGION, called, address)
    place = PHYSICAL_IDS[kind.name]
    assert (place.place(ref), place.of(ref)) == (region, physical)


def test_physical_ids_are_of_kinds_that_there_are() -> None:
    assert PHYSICAL_IDS.keys() <= CATALOG.kind_by_name.keys()


def failing(kind: Kind) -> tuple[Control, Resource, Finding] | None:
    """A resource that fails a control whose fix can be taken back, by an example of the control."""
    for control in CATALOG.controls_of.get(kind.name, ()):
        for example in control.violating if control.fixable and control.reversible else ():
            facets = {name: kind.facet(name).normal(value) for name, value in example.facets.items()}
            assert isinstance(kind, AwsKind)
            ref = kind.ref("aws", ACCOUNT, GLOBAL if kind.account_wide and kind != BUCKET else REGION, "x/y/z")
            ours = kind.owner_rule.ours[0] if kind.owner_rule else {}
            tags: dict[str, Json] = {"tags": {}} if "tags" in kind.facet_by_name else {}
            resource = Resource(ref, {**ours, **tags, **facets})
            chosen = control.chosen(example.settings)
            (finding,) = evaluate(resource, [control], lambda _, __, held=chosen: held)  # type: ignore[misc]
            if finding.status is Status.FAIL and finding.changes:
                return control, resource, finding
    return None


FAILING = {kind.name: found for kind in CATALOG.kinds if (found := failing(kind))}
EAGER = "version: 2\npolicies:\n- {name: a, controls: '*', mode: auto, when: ['true']}\n"
POLICIES = load_policies(EAGER, "eager.yaml", CATALOG)
TOLD = PHYSICAL_IDS.keys() & {kind.name for kind in CATALOG.kinds if "tags" in kind.facet_by_name or kind == CLIENT}


def decided(name: str, *, membership: Value | None) -> Mode:
    """The decision where nothing is disrupted, with what membership was read as; None: it was not read."""
    control, resource, finding = FAILING[name]
    rules = [rule for rule in CATALOG.facts_of(control.kind) if rule.name.startswith("managed_by")]
    others = {other for rule in rules for lookup in rule.lookups.values() if (other := lookup.ref_of(resource.ref))}
    near = {} if membership is None else {other.kind: (Resource(other, {"members": membership}),) for other in others}
    excuses = tuple(Fact(name, value) for name, value in control.disruption.unless.items())
    facts = (*gather(resource, rules, Surroundings(resource.ref, NOW, near)), *excuses)
    return decide(finding, control, resource, facts, POLICIES, Circumstances(NOW)).mode


def test_the_table_has_every_kind_with_a_fix_that_can_be_taken_back() -> None:
    fixable = {control.kind.name for control in CATALOG.controls if control.fixable and control.reversible}
    assert FAILING.keys() == fixable
    assert len(FAILING) > 90


@pytest.mark.parametrize("name", FAILING)
def test_of_every_kind_with_a_fix_silence_is_never_yes(name: str) -> None:
    """While CloudFormation was not read, could not be read, or knows of a stack, a person is asked."""
    for membership in (None, Unknown("access denied"), [member("x", "AWS::X::Y")]):
        assert decided(name, membership=membership).rank <= Mode.ASK.rank


@pytest.mark.parametrize("name", FAILING)
def test_what_can_be_told_of_each_kind_with_a_fix(name: str) -> None:
    """Where CloudFormation and tags are read and hold no marker, the fix may be automatic; elsewhere it is not."""
    control, resource, _ = FAILING[name]
    regional = resource.ref.region != GLOBAL
    excused = not control.disruption.harms or control.disruption.unless
    automatic = name in TOLD and regional and excused
    assert (decided(name, membership=[]) is Mode.AUTO) is bool(automatic)


def test_the_scanner_may_ask_cloudformation() -> None:
    control = CATALOG.control("aws.s3.bucket.policy-not-public")
    actions = str(scanner_policy(CATALOG.only([control])))
    assert "cloudformation:DescribeStackResources" in actions
    assert "cloudformation.DescribeStackResources" in reading_operations(CATALOG)


class Stacks:
    """A session over one open bucket; CloudFormation answers what it is told to."""

    def __init__(self, answer: Json | CloudError) -> None:
        self.answer, self.asked = answer, list[str]()

    def call(self, service: str, operation: str, region: str | None = None, /, **params: Json) -> Mapping[str, Json]:
        self.asked.append(operation)
        if operation == "DescribeStackResources":
            assert (region, params) == (REGION, {"PhysicalResourceId": "b"})
            if isinstance(self.answer, CloudError):
                raise self.answer
            return {"StackResources": self.answer}
        return {"TagSet": []} if operation == "GetBucketTagging" else {}

    def pages(self, service: str, operation: str, region: str | None = None, /, **params: Json) -> Iterator[Json]:
        self.asked.append(operation)
        yield {"Buckets": [{"Name": "b", "BucketRegion": REGION}]} if operation == "ListBuckets" else {}

    def account_id(self) -> str:
        return ACCOUNT

    def partition(self) -> str:
        return "aws"

    def regions(self, wanted: Iterable[str] = (), *, fallback: bool = False) -> tuple[str, ...]:
        return (REGION,)


HELD = {"PhysicalResourceId": "b", "ResourceType": S3, "ResourceStatus": "CREATE_COMPLETE", "StackName": "shop"}


def failed(code: str, words: str) -> CallFailed:
    return CallFailed(words, operation="cloudformation.DescribeStackResources", code=code)


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (failed("ValidationError", "Stack for b does not exist"), ""),
        ([HELD], "cloudformation"),
        (failed("ValidationError", "1 validation error detected"), None),
        (failed("InternalFailure", "it does not exist"), None),
        (AccessDenied("no", operation="cloudformation.DescribeStackResources", code="AccessDenied"), None),
    ],
)
def test_a_look_asks_cloudformation_once(answer: Json | CloudError, value: str | None) -> None:
    session = Stacks(answer)
    control = next(item for item in CATALOG.controls_of[BUCKET.name] if item.id.endswith(".versioned"))
    catalog = CATALOG.only([control])
    with AwsReader(session, catalog, (REGION,)) as reader:
        seen = look(reader, catalog, Standing(POLICIES), BUCKET.ref("aws", ACCOUNT, REGION, "b"), FakeClock())
    (fact,) = [item for item in seen.facts if item.name == "managed_by"]
    assert (None if isinstance(fact.value, Unknown) else fact.value) == value
    assert session.asked.count("DescribeStackResources") == 1
    line = next(line for line in seen.decisions[0].trace if line.text == "no ownership marker was found")
    assert line.truth is (None if value is None else not value)
