"""What only AWS or another account may change is not applicable, and the ordinary resource is judged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import pytest

from goldseam.assess.evaluate import Finding, Status, evaluate
from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.aws.facet import AwsFacet
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.owners import administrator_of
from goldseam.clouds.aws.services import guardduty, inspector, macie, secretsmanager
from goldseam.clouds.aws.services.iam import role
from goldseam.control import Control, Example, Kind, Owner
from goldseam.model.errors import AccessDenied, CloudError, NotFound, PlanRefused
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json, Unknown, Value
from goldseam.repair.propose import propose
from tests.aws.laws import ACCOUNT, REGION, ref_of
from tests.aws.live import live

CATALOG: Final = aws_catalog()
OWNED: Final = [control for control in CATALOG.controls if control.owners]
ADMINISTRATOR: Final = "210987654321"


def found(control: Control, example: Example, more: Mapping[str, Value | Unknown]) -> tuple[Finding, Resource]:
    """The finding on an example with other facets instead of its own, or beside them."""
    facets = {name: control.kind.facet(name).normal(value) for name, value in example.facets.items()}
    resource = Resource(ref_of(control.kind), {**facets, **more})
    (finding,) = evaluate(resource, [control], lambda *_: control.chosen(example.settings))
    return finding, resource


def owned(control: Control) -> list[tuple[Owner, Mapping[str, Value]]]:
    """Who alone may change what the control is about, with the facets that tell."""
    rule = control.kind.owner_rule
    assert rule is not None
    pairs = [(rule.owner(facets), facets) for facets in rule.theirs]
    return [(owner, facets) for owner, facets in pairs if isinstance(owner, Owner) and owner.covers(control.reads)]


@pytest.mark.parametrize("control", OWNED, ids=lambda control: control.id)
def test_what_others_own_is_not_applicable_with_reason_and_source_and_no_plan_is_made(control: Control) -> None:
    """The mutations: leave out the owner in `_finding`, or in `_reasons` of `propose`."""
    for owner, facets in owned(control):
        for example in control.violating:
            finding, resource = found(control, example, facets)
            assert finding.status is Status.NOT_APPLICABLE
            assert owner.reason in finding.because
            assert finding.source == owner.source
            assert (dict(finding.changes), finding.state, finding.guide) == ({}, "", "")
            with pytest.raises(PlanRefused, match="is not applicable on"):
                propose(resource, [control], [control])


@pytest.mark.parametrize("control", OWNED, ids=lambda control: control.id)
def test_what_an_administrator_configures_well_passes_and_what_is_not_ours_does_not(control: Control) -> None:
    """The mutation: take `judged` for false."""
    for owner, facets in owned(control):
        for example in control.compliant:
            whole = {**facets, **example.facets} if owner.judged else facets
            finding, _ = found(control, example, whole)
            assert finding.status is (Status.PASS if owner.judged else Status.NOT_APPLICABLE)


@pytest.mark.parametrize("control", OWNED, ids=lambda control: control.id)
def test_the_ordinary_resource_is_judged_as_ever(control: Control) -> None:
    """The mutation: a rule that always finds an owner."""
    assert control.kind.owner_rule is not None
    for facets in control.kind.owner_rule.ours:
        for example in control.violating:
            finding, _ = found(control, example, {**facets, **example.facets})
            assert finding.status is Status.FAIL


@pytest.mark.parametrize("kind", tuple(dict.fromkeys(control.kind for control in OWNED)), ids=lambda kind: kind.name)
def test_every_facet_that_tells_an_owner_is_read_and_unknown_where_it_is(kind: Kind) -> None:
    """The mutation: `owner_facets` that names none."""
    assert kind.owner_rule is not None
    assert set(kind.owner_rule.reads) <= CATALOG.judged[kind] & CATALOG.wanted()[kind]
    for facets in (*kind.owner_rule.ours, *kind.owner_rule.theirs):
        assert facets.keys() == set(kind.owner_rule.reads)
        for name in facets:
            assert isinstance(kind.owner_rule.owner({**facets, name: Unknown("denied")}), Unknown)


def trust(**principal: str) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


ALL: Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
ROLES: Final = {
    "AWSReservedSSO_AdministratorAccess_0123456789abcdef": "/aws-reserved/sso.amazonaws.com/",
    "AWSReservedSSO_Developers_0123456789abcdef": "/aws-reserved/sso.amazonaws.com/eu-west-1/",
    "AWSServiceRoleForOrganizations": "/aws-service-role/organizations.amazonaws.com/",
    "AWSReservedSSO_by_hand": "/",
    "ordinary-admin": "/service-role/",
}


def test_on_moto_roles_of_aws_are_not_applicable_and_those_of_the_account_fail(moto_url: str) -> None:
    """A name says nothing: only AWS makes roles in its paths. The mutation: look for the prefix of the name."""
    control = CATALOG.control("aws.iam.role.inline-not-administrator")
    with live(moto_url, role.ROLE) as aws:
        for name, path in ROLES.items():
            document = trust(Service="ec2.amazonaws.com")
            aws.make("iam.CreateRole", RoleName=name, Path=path, AssumeRolePolicyDocument=document)
            aws.make("iam.PutRolePolicy", RoleName=name, PolicyName="all", PolicyDocument=json.dumps(ALL))
        statuses = {name: evaluate(resource, [control])[0].status for name, resource in aws.found().items()}
    assert {name for name in ROLES if statuses[name] is Status.FAIL} == {"AWSReservedSSO_by_hand", "ordinary-admin"}
    assert {statuses[name] for name in ROLES} == {Status.FAIL, Status.NOT_APPLICABLE}


@pytest.mark.parametrize(
    ("told", "account"),
    [
        ({"AccountId": ADMINISTRATOR, "RelationshipStatus": "Enabled", "InvitedAt": "2026-01-01"}, ADMINISTRATOR),
        ({"AccountId": ADMINISTRATOR, "RelationshipStatus": "Disabled"}, ADMINISTRATOR),
        ({"accountId": ADMINISTRATOR, "relationshipStatus": "Paused"}, ADMINISTRATOR),
        ({"AccountId": ADMINISTRATOR, "RelationshipStatus": "Enabled", "InvitationId": "84b0"}, ""),
        ({"AccountId": ADMINISTRATOR, "RelationshipStatus": "Resigned"}, ""),
        ({"AccountId": ADMINISTRATOR}, ""),
        ({}, ""),
    ],
)
def test_an_administrator_binds_members_of_its_organization_and_no_invited_ones(told: Json, account: str) -> None:
    """The mutations: pass over the invitation, or over the state of the tie."""
    assert administrator_of(told) == account


class Says:
    """Answers each call with one document."""

    def __init__(self, **answers: Json) -> None:
        self.answers = answers

    def one(self, operation: str, parameters: Mapping[str, Json], region: str) -> Mapping[str, Json]:
        del parameters, region
        answer: Mapping[str, Json] | CloudError = self.answers[operation.partition(".")[2]]
        if isinstance(answer, CloudError):
            raise answer
        return answer

    def every(self, operation: str, parameters: Mapping[str, Json], region: str, member: str) -> list[Json]:
        return list(self.one(operation, parameters, region)[member])

    def today(self) -> str:
        return "2026-01-31"


def read(kind: Kind, name: str, says: Says, region: str = REGION, item: Json = None) -> Value | Unknown:
    facet = kind.facet(name)
    assert isinstance(facet, AwsFacet)
    ref = ref_of(kind, region=region)
    return facet.read(says, Ref(kind.name, ACCOUNT, region, ref.id, ref.address), item).value


def test_only_a_detector_has_an_administrator() -> None:
    """The mutation: ask for the administrator of no detector."""
    tie = {"Administrator": {"AccountId": ADMINISTRATOR, "RelationshipStatus": "Enabled"}}
    assert read(guardduty.REGION, "administrator", Says(ListDetectors={"DetectorIds": []})) == ""
    both = Says(ListDetectors={"DetectorIds": ["d1"]}, GetAdministratorAccount=tie)
    assert read(guardduty.REGION, "administrator", both) == ADMINISTRATOR
    assert read(guardduty.DETECTOR, "administrator", both) == ADMINISTRATOR
    assert read(guardduty.DETECTOR, "administrator", Says(GetAdministratorAccount={})) == ""
    lower = {"administrator": {"accountId": ADMINISTRATOR, "relationshipStatus": "Enabled"}}
    assert read(macie.REGION, "administrator", Says(GetAdministratorAccount=lower)) == ADMINISTRATOR
    assert read(macie.REGION, "administrator", Says(GetAdministratorAccount={})) == ""


def test_inspector_says_which_scans_an_account_may_switch_on_and_who_else_may() -> None:
    """The mutations: take a permission to disable for one to enable; pass over a failure to tell the administrator."""

    def says(*services: str, **answers: Json) -> Says:
        permissions = [{"service": name, "operation": "ENABLE_SCANNING"} for name in services]
        disabling = {"service": "LAMBDA", "operation": "DISABLE_SCANNING"}
        return Says(ListAccountPermissions={"permissions": [*permissions, disabling]}, **answers)

    def said(source: Says) -> Value | Unknown:
        return read(inspector.REGION, "say", source)

    admin = {"delegatedAdmin": {"accountId": ADMINISTRATOR}}
    assert said(says("EC2", "ECR", "LAMBDA")) == {"permitted": ["EC2", "ECR", "LAMBDA"], "administrator": ""}
    assert said(says("EC2", GetDelegatedAdminAccount=admin)) == {"permitted": ["EC2"], "administrator": ADMINISTRATOR}
    alone = NotFound("none", operation="x", code="ResourceNotFoundException")
    assert said(says("EC2", GetDelegatedAdminAccount=alone)) == {"permitted": ["EC2"], "administrator": ""}
    with pytest.raises(AccessDenied):
        said(says("EC2", GetDelegatedAdminAccount=AccessDenied("no", operation="x", code="AccessDeniedException")))


@pytest.mark.parametrize(
    ("listed", "primary"),
    [({"PrimaryRegion": REGION}, ""), ({}, ""), ({"PrimaryRegion": "us-east-1"}, "us-east-1")],
)
def test_a_secret_is_a_replica_where_its_primary_is_in_another_region(listed: Json, primary: str) -> None:
    """The mutation: take every secret with a primary region for a replica."""
    assert read(secretsmanager.SECRET, "primary", Says(), item=listed) == primary
    assert read(secretsmanager.SECRET, "primary", Says(DescribeSecret=listed)) == primary


@pytest.mark.parametrize(
    ("name", "owned"),
    [
        ("aws.secretsmanager.secret.policy-not-public", False),
        ("aws.secretsmanager.secret.rotation-on", True),
        ("aws.guardduty.detector.tagged", False),
        ("aws.guardduty.detector.buckets-watched", True),
        ("aws.kms.key.policy-not-public", False),
        ("aws.kms.key.rotated", True),
    ],
)
def test_what_the_account_may_still_change_is_judged(name: str, *, owned: bool) -> None:
    """A managed secret's policy, a member's tags, a replica's policy. The mutation: an owner of the whole resource."""
    control = CATALOG.control(name)
    replica = {"KeyManager": "CUSTOMER", "KeySpec": "SYMMETRIC_DEFAULT", "Origin": "AWS_KMS", "Replica": True}
    facets = {"owner": "rds", "primary": "", "administrator": ADMINISTRATOR, "metadata": replica}
    finding, _ = found(control, control.violating[0], facets)
    assert finding.status is (Status.NOT_APPLICABLE if owned else Status.FAIL)


@pytest.mark.parametrize(
    ("kind", "name", "item", "value"),
    [
        ("aws.ec2.security-group", "own", {"OwnerId": ACCOUNT}, True),
        ("aws.ec2.security-group", "own", {"OwnerId": ADMINISTRATOR}, False),
        ("aws.ec2.network-acl", "own", {"OwnerId": ADMINISTRATOR}, False),
        ("aws.ec2.instance", "operator", {}, ""),
        ("aws.ec2.instance", "operator", {"Operator": {"Managed": False}}, ""),
        ("aws.ec2.instance", "operator", {"Operator": {"Managed": True, "Principal": "eks.amazonaws.com"}},
         "eks.amazonaws.com"),
        ("aws.ec2.volume", "operator", {"Operator": {"Managed": True}}, "a service of AWS"),
        ("aws.ec2.launch-template", "operator", {"Operator": {"Managed": False}}, ""),
    ],
)  # fmt: skip
def test_ec2_says_whose_a_resource_is(kind: str, name: str, item: Json, value: Json) -> None:
    """The mutation: pass over `Managed` or the owner's account."""
    assert read(CATALOG.kind(kind), name, Says(), item=item) == value


DATABASES: Final = {
    "aws.rds.cluster", "aws.neptune.cluster", "aws.docdb.cluster", "aws.rds.instance", "aws.neptune.instance",
    "aws.rds.cluster-snapshot", "aws.neptune.cluster-snapshot", "aws.docdb.cluster-snapshot",
}  # fmt: skip


def test_databases_of_other_engines_are_found_once_in_their_own_service() -> None:
    """RDS lists Neptune and DocumentDB too. The mutation: a listing without its filter."""
    finds = {kind.name: kind.find for kind in CATALOG.kinds if isinstance(kind, AwsKind) and kind.name in DATABASES}
    assert finds.keys() == DATABASES
    for engine in ("neptune", "docdb", "aurora-mysql", "postgres"):
        takers = [name for name, find in finds.items() if find and find.where({"Engine": engine})]
        service = engine if engine in {"neptune", "docdb"} else "rds"
        assert {name.split(".")[1] for name in takers} == {service}
