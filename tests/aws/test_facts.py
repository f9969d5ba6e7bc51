"""Facts of AWS: each value with the evidence for it, and unknown wherever the evidence does not carry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from goldseam.assess.context import Fact, gather
from goldseam.clouds.aws.client import AwsSession
from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.aws.group_rules import atom
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.read import AwsReader
from goldseam.clouds.aws.services.account_name import ACCOUNT_NAME
from goldseam.clouds.aws.services.cloudfront import DISTRIBUTION
from goldseam.clouds.aws.services.ec2.group_references import GROUP_REFERENCES, TITLES
from goldseam.clouds.aws.services.ec2.network import FLOW_LOG, INSTANCE, NETWORK_INTERFACE
from goldseam.clouds.aws.services.ec2.security_group import SECURITY_GROUP
from goldseam.clouds.aws.services.iam.user import USER
from goldseam.clouds.aws.services.route53 import HOSTED_ZONE
from goldseam.clouds.aws.services.s3 import BUCKET
from goldseam.clouds.aws.services.s3.use import BUCKET_ACTIVITY
from goldseam.clouds.aws.services.stack import MEMBERSHIP
from goldseam.control import Catalog, Earlier, Surroundings
from goldseam.decide.policy import no_policies
from goldseam.model.clock import SystemClock
from goldseam.model.resource import Resource
from goldseam.model.values import ABSENT, Json, Unknown, Value
from goldseam.service.pipeline import Standing, scan
from tests.aws.laws import ACCOUNT, REGION
from tests.emulators import Moto

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DENIED = Unknown("access denied")
CATALOG = aws_catalog()
RULES = CATALOG.facts


def a(kind: AwsKind, called: str, **held: Value) -> Resource:
    return Resource(kind.ref("aws", ACCOUNT, "global" if kind.account_wide else REGION, called), held)


def told(
    name: str,
    resource: Resource,
    kind: AwsKind,
    *,
    near: dict[AwsKind, Json] | None = None,
    earlier: Sequence[Earlier] = (),
) -> Fact:
    resources = {kind.name: held for kind, held in (near or {}).items()}
    around = Surroundings(resource.ref, NOW, resources, lambda _: earlier)
    (rule,) = [rule for rule in CATALOG.facts_of(kind) if rule.name == name]
    return gather(resource, [rule], around)[0]


def value(fact: Fact) -> Json:
    """The value, or None where it is unknown; a known fact always has evidence."""
    if isinstance(fact.value, Unknown):
        assert fact.value.reason
        return None
    assert fact.evidence
    assert all(fact.evidence)
    return fact.value


def test_a_fact_has_one_type_whatever_the_kind() -> None:
    for rule in RULES:
        assert {other.type for other in RULES if other.name == rule.name} == {rule.type}
        assert rule.title


def tagged(name: str, tags: Value, called: str = "b") -> Json:
    return value(told(name, a(BUCKET, called, tags=tags), BUCKET))


@pytest.mark.parametrize(
    ("tags", "called", "expected"),
    [
        ({"environment": "prod"}, "b", "production"),
        ({"Env": "Production"}, "b", "production"),
        ({"acme:environment": "stg"}, "b", "staging"),
        ({"STAGE": "pre-prod"}, "b", "staging"),
        ({"env": "prod-eu"}, "b", "production"),
        ({"env": "dev"}, "acme-prod", "dev"),
        ({"env": "qa"}, "b", "test"),
        ({"env": "nonprod"}, "b", None),
        ({"env": "non-prod"}, "b", None),
        ({"env": "blue"}, "acme-dev", None),
        ({"env": "prod", "stage": "dev"}, "b", None),
        ({"env": "prod", "stage": "blue"}, "b", None),
        ({"env": "prod", "stage": "live"}, "b", "production"),
        ({"env": "dev-prod"}, "b", None),
        ({"env": " "}, "b", None),
        ({}, "acme-dev-logs", "dev"),
        ({}, "acme.staging.files", "staging"),
        ({"Name": "test files"}, "b", "test"),
        ({"Name": "test files"}, "acme-prod", None),
        ({}, "device-production", "production"),
        ({}, "device-livestock", None),
        ({}, "b", None),
        (DENIED, "acme-dev", None),
    ],
)  # fmt: skip
def test_environment(tags: Value, called: str, expected: str | None) -> None:
    assert tagged("environment", tags, called) == expected


@pytest.mark.parametrize(
    ("alias", "called", "expected"),
    [("lumen-staging", "b", "staging"), ("lumen-staging", "www-prod", "production"), ("lumen", "b", None)],
)
def test_the_account_alias_tells_the_environment_where_nothing_nearer_does(
    alias: str, called: str, expected: str | None
) -> None:
    near: dict[AwsKind, Json] = {ACCOUNT_NAME: (a(ACCOUNT_NAME, "111122223333", alias=alias),)}
    fact = told("environment", a(BUCKET, called, tags={}), BUCKET, near=near)
    assert (None if isinstance(fact.value, Unknown) else fact.value) == expected


def test_the_environment_names_what_it_rests_on() -> None:
    assert told("environment", a(BUCKET, "b", tags={"Env": "prd"}), BUCKET).evidence == ("tag `Env` is `prd`",)
    unclear = told("environment", a(BUCKET, "b", tags={"env": "prod", "stage": "dev"}), BUCKET).value
    assert unclear == Unknown("the environment cannot be told from tag `env` is `prod` and tag `stage` is `dev`")


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"Owner": "ann", "team": "web"}, "ann"),
        ({"team": "web"}, "web"),
        ({"acme/owner-email": "ann@example.com"}, "ann@example.com"),
        ({"owner": ""}, None),
        ({"ownership": "ann"}, None),
        (DENIED, None),
    ],
)  # fmt: skip
def test_owner(tags: Value, expected: str | None) -> None:
    assert tagged("owner", tags) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, ""),
        ({"team": "web", "managed-by": "ann"}, ""),
        ({"aws:cloudformation:stack-name": "web"}, ""),
        ({"terraform": "true"}, "terraform"),
        ({"Terraform": "false"}, ""),
        ({"ManagedBy": "Terraform"}, "terraform"),
        ({"managed_by": "terraform-cloud"}, "terraform"),
        ({"acme:provisioner": "OpenTofu"}, "opentofu"),
        ({"tf-module": "network"}, "terraform"),
        ({"CreatedBy": "pulumi"}, "pulumi"),
        ({"tfile": "x"}, ""),
        (DENIED, None),
    ],
)  # fmt: skip
def test_managed_by_tag(tags: Value, expected: str | None) -> None:
    assert tagged("managed_by_tag", tags) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"DataClassification": "Confidential"}, "confidential"),
        ({"data-class": "PII"}, "restricted"),
        ({"data_class": "open"}, "public"),
        ({"data-class": "public", "sensitivity": "secret"}, None),
        ({"data-class": "level 3"}, None),
        ({}, None),
        (DENIED, None),
    ],
)  # fmt: skip
def test_data_class(tags: Value, expected: str | None) -> None:
    assert tagged("data_class", tags) == expected


SITE = {"IndexDocument": {"Suffix": "index.html"}}
NOTHING_NAMES = (a(GROUP_REFERENCES, REGION, **{name: {} for name in TITLES}),)


def eni(called: str, *groups: str, **held: Value) -> Resource:
    given = {
        "groups": list(groups), "public_ip": ABSENT, "ipv6_addresses": [], "status": "in-use", "vpc": "vpc-1",
        "subnet": "subnet-1", "attachment": {"instance": "i-1", "status": "attached"}, "description": "",
    }  # fmt: skip
    return a(NETWORK_INTERFACE, called, **{**given, **held})


GROUP = a(SECURITY_GROUP, "sg-1", group_name="web", ingress=[], egress=[], tags={})


def of_group(name: str, interfaces: Json, logs: Json = (), groups: Json = (GROUP,)) -> Fact:
    near = {
        NETWORK_INTERFACE: interfaces, FLOW_LOG: logs, SECURITY_GROUP: groups, GROUP_REFERENCES: NOTHING_NAMES,
        INSTANCE: (a(INSTANCE, "i-1", state="running"), a(INSTANCE, "i-2", state="stopped")),
    }  # fmt: skip
    return told(name, GROUP, SECURITY_GROUP, near=near)


@pytest.mark.parametrize(
    ("interfaces", "is_attached", "is_public", "in_use"),
    [
        ((), False, False, False),
        ((eni("eni-1", "sg-2"),), False, False, False),
        ((eni("eni-1", "sg-1"),), True, False, None),
        ((eni("eni-1", "sg-2", "sg-1", public_ip="203.0.113.7"),), True, True, None),
        ((eni("eni-1", "sg-1"), eni("eni-2", "sg-1", ipv6_addresses=["2001:db8::7"])), True, True, None),
        ((eni("eni-1", "sg-1", public_ip=DENIED),), True, None, None),
        ((eni("eni-1", "sg-1", status="available", attachment=ABSENT),), True, None, None),
        ((eni("eni-1", "sg-1", attachment={"instance": "i-2", "status": "attached"}),), True, None, None),
        ((eni("eni-1", "sg-1", status="available", attachment=ABSENT), eni("eni-2", "sg-1")), True, None, None),
        ((eni("eni-1", "sg-1", attachment=ABSENT, description="ELB app/shop/1"),), True, False, None),
        ((a(NETWORK_INTERFACE, "eni-1", groups=DENIED),), None, None, None),
        (DENIED, None, None, None),
    ],
)  # fmt: skip
def test_what_a_group_is_attached_to(
    interfaces: Json, is_attached: bool | None, is_public: bool | None, in_use: bool | None
) -> None:
    """Detached and stopped is not unused. The mutation: false where all interfaces are `available`."""
    assert value(of_group("attached", interfaces)) is is_attached
    assert value(of_group("attached_public", interfaces)) is is_public
    assert value(of_group("port_in_use", interfaces)) is in_use


def test_attachments_are_named() -> None:
    many = tuple(eni(f"eni-{n}", "sg-1", attachment=ABSENT, description="") for n in range(7))
    assert of_group("attached", (eni("eni-1", "sg-1"),)).evidence == ("the group is attached to eni-1 (instance i-1)",)
    assert of_group("attached", many).evidence[0].endswith("eni-4 and 2 more")
    public = of_group("attached_public", (eni("eni-1", "sg-1", public_ip="203.0.113.7"),))
    assert public.evidence == ("eni-1 (instance i-1) has the public address 203.0.113.7",)


@pytest.mark.parametrize(
    ("logs", "reason"),
    [
        ((), "no flow log records its traffic"),
        ((a(FLOW_LOG, "fl-1", resource="vpc-9"),), "no flow log records its traffic"),
        ((a(FLOW_LOG, "fl-1", resource="vpc-1"),), "the records of flow log fl-1 were not read"),
        ((a(FLOW_LOG, "fl-1", resource="eni-1"),), "the records of flow log fl-1 were not read"),
        (DENIED, "whether flow logs record its traffic is not known: access denied"),
    ],
)  # fmt: skip
def test_why_the_use_of_a_port_is_unknown(logs: Json, reason: str) -> None:
    fact = of_group("port_in_use", (eni("eni-1", "sg-1"),), logs)
    assert fact.value == Unknown(f"the group is attached to eni-1 (instance i-1); {reason}")


def test_what_depends_on_a_group() -> None:
    others = (
        a(SECURITY_GROUP, "sg-2", ingress=[atom("123456789012/sg-1", "tcp", 22)], egress=[]),
        a(SECURITY_GROUP, "sg-3", ingress=[], egress=[atom("sg-1", "tcp", 22)]),
        a(
            SECURITY_GROUP,
            "sg-4",
            ingress=[atom("123456789012/sg-11", "tcp", 22), atom("10.0.0.0/8", "tcp", 1)],
            egress=[],
        ),
        a(SECURITY_GROUP, "sg-1", ingress=[atom("sg-1", "-1")], egress=[]),
    )
    assert value(of_group("dependants", (eni("eni-1", "sg-1"),), groups=others)) == [
        "eni-1",
        "security group sg-2",
        "security group sg-3",
    ]
    assert value(of_group("dependants", (), groups=(GROUP,))) is None
    assert value(of_group("dependants", (), groups=DENIED)) is None
    assert value(of_group("dependants", DENIED)) is None


def test_a_default_group_is_told_by_its_name() -> None:
    assert value(of_group("default_group", ())) is False
    assert value(told("default_group", a(SECURITY_GROUP, "sg-1", group_name="default"), SECURITY_GROUP)) is True


def key(name: str, status: str = "Active", created: str = "2026-01-01T00:00:00+00:00") -> Json:
    return {"id": name, "status": status, "created": created}


def use(name: str, when: str) -> Json:
    return {"id": name, "last_used": when, "service": "s3" if when else ""}


@pytest.mark.parametrize(
    ("keys", "uses", "expected"),
    [
        ([key("A")], [use("A", "2026-02-20T10:00:00+00:00")], 10),
        ([key("A")], [use("A", "")], 60),
        ([key("A"), key("B")], [use("A", ""), use("B", "2026-03-02T11:00:00+00:00")], 0),
        ([key("A", "Inactive"), key("B")], [use("A", "2026-03-02T11:00:00+00:00"), use("B", "")], 60),
        ([key("A", "Inactive")], [use("A", "")], None),
        ([], [], None),
        ([key("A")], [], None),
        ([key("A")], DENIED, None),
        (DENIED, [], None),
    ],
)  # fmt: skip
def test_access_key_last_used(keys: Value, uses: Value, expected: int | None) -> None:
    fact = told("access_key_last_used", a(USER, "ann", access_keys=keys, last_used=uses), USER)
    assert value(fact) == expected


def test_facts_are_told_of_what_is_read_from_a_cloud(moto_cloud: Moto) -> None:
    """From the calls to the facts: buckets with and without a website, groups with and without an interface."""
    catalog = Catalog(
        (
            BUCKET,
            SECURITY_GROUP,
            NETWORK_INTERFACE,
            FLOW_LOG,
            DISTRIBUTION,
            MEMBERSHIP,
            GROUP_REFERENCES,
            HOSTED_ZONE,
            BUCKET_ACTIVITY,
        ),
        tuple(control for control in CATALOG.controls if control.kind in (BUCKET, SECURITY_GROUP)),
        RULES,
    )
    session = AwsSession.with_credentials("testing", "testing", None, endpoint_url=moto_cloud.endpoint)
    groups = _seeded(session)
    with AwsReader(session, catalog, (REGION,)) as reader:
        reports = list(scan(reader, catalog, Standing(no_policies()), SystemClock()))
    session.close()
    looked = [seen for report in reports for seen in report.seen]
    found = {(seen.resource.ref.id, fact.name): value(fact) for seen in looked for fact in seen.facts}
    assert (found["site-1", "serves_website"], found["data-1", "serves_website"]) == (True, False)
    assert (found["data-1", "environment"], found["data-1", "managed_by_tag"]) == ("production", "terraform")
    assert found["data-1", "managed_by"] == ""
    assert found["data-1", "cloudfront_origin"] is False
    assert (found[groups[0], "attached"], found[groups[0], "port_in_use"]) == (True, None)
    assert (found[groups[1], "attached"], found[groups[1], "port_in_use"]) == (False, False)


def _seeded(session: AwsSession) -> tuple[str, str]:
    def make(operation: str, **params: Json) -> Json:
        service, _, name = operation.partition(".")
        return session.guarded([(operation, params)]).call(service, name, REGION, **params)

    where = {"LocationConstraint": REGION}
    for name in ("site-1", "data-1"):
        make("s3.CreateBucket", Bucket=name, CreateBucketConfiguration=where)
    make("s3.PutBucketWebsite", Bucket="site-1", WebsiteConfiguration=SITE)
    tags = [{"Key": "env", "Value": "prod"}, {"Key": "ManagedBy", "Value": "terraform"}]
    make("s3.PutBucketTagging", Bucket="data-1", Tagging={"TagSet": tags})
    vpc = make("ec2.CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = make("ec2.CreateSubnet", VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    used, spare = (
        make("ec2.CreateSecurityGroup", GroupName=name, Description=name, VpcId=vpc)["GroupId"] for name in ("a", "b")
    )
    for group in (used, spare):
        world = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        make("ec2.AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[world])
    make("ec2.CreateNetworkInterface", SubnetId=subnet, Groups=[used])
    return used, spare
