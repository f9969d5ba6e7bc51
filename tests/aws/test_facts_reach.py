"""Whether the internet reaches a group, an instance or a database: address, route, rule, and load balancers between."""

from __future__ import annotations

import pytest

from goldseam.clouds.aws.client import AwsSession
from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.aws.group_rules import atom
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.read import AwsReader
from goldseam.clouds.aws.services.ec2.group_references import GROUP_REFERENCES
from goldseam.clouds.aws.services.ec2.network import INSTANCE, NETWORK_INTERFACE
from goldseam.clouds.aws.services.ec2.routing import ROUTE_TABLE
from goldseam.clouds.aws.services.ec2.security_group import SECURITY_GROUP
from goldseam.clouds.aws.services.rds.instance import DB_INSTANCE
from goldseam.control import Kind
from goldseam.decide.policy import no_policies
from goldseam.model.clock import SystemClock
from goldseam.model.resource import Resource
from goldseam.model.values import ABSENT, Json, Unknown, Value
from goldseam.ports import Shard
from goldseam.service.pipeline import Standing, scan
from tests.aws.laws import ACCOUNT, REGION
from tests.aws.test_facts import DENIED, NOTHING_NAMES, a, told, value
from tests.emulators import Moto

FACT = "reachable_from_internet"
WORLD = [atom("0.0.0.0/0", "tcp", 22)]
INSIDE = [atom("10.0.0.0/8", "tcp", 22)]
FROM_BALANCER = [atom(f"{ACCOUNT}/sg-lb", "tcp", 80)]


def table(called: str, *subnets: str, main: bool = False, v4: str = "", v6: str = "") -> Resource:
    gateways = {"IPv4": v4, "IPv6": v6}
    return a(ROUTE_TABLE, called, vpc="vpc-1", subnets=list(subnets), main=main, gateways=gateways)


def eni(called: str = "eni-1", **held: Value) -> Resource:
    usual = {
        "groups": ["sg-1"], "attachment": {"instance": "i-1", "status": "attached"}, "description": "",
        "public_ip": "198.51.100.7", "ipv6_addresses": [], "private_ip": "10.0.1.5", "status": "in-use",
        "subnet": "subnet-1", "vpc": "vpc-1",
    }  # fmt: skip
    return a(NETWORK_INTERFACE, called, **{**usual, **held})


BALANCER = eni(
    "eni-lb",
    groups=["sg-lb"],
    description="ELB app/shop/1",
    attachment=ABSENT,
    subnet="subnet-2",
    private_ip="10.0.2.9",
)  # fmt: skip
OPEN = (table("rtb-1", "subnet-1", v4="igw-1", v6="igw-1"),)
CLOSED = (table("rtb-1", "subnet-1"), table("rtb-2", "subnet-2", v4="igw-1"))


INSTANCES = (a(INSTANCE, "i-1", state="running"), a(INSTANCE, "i-2", state="stopped"))
ASLEEP = eni(public_ip=ABSENT, attachment={"instance": "i-2", "status": "attached"})


def a_group(ingress: Json) -> Resource:
    return a(SECURITY_GROUP, "sg-1", ingress=ingress, egress=[], group_name="web", prefix_list_networks={})


def of_group(ingress: Json, *interfaces: Resource, tables: Json = OPEN) -> Json:
    near: dict[AwsKind, Json] = {
        NETWORK_INTERFACE: interfaces, ROUTE_TABLE: tables, INSTANCE: INSTANCES, GROUP_REFERENCES: NOTHING_NAMES,
        SECURITY_GROUP: (a_group(ingress),),
    }  # fmt: skip
    return value(told(FACT, a_group(ingress), SECURITY_GROUP, near=near))


@pytest.mark.parametrize(
    ("ingress", "interfaces", "tables", "expected"),
    [
        (WORLD, [eni()], OPEN, True),
        (WORLD, [eni()], CLOSED, False),
        (WORLD, [eni()], (table("rtb-1", main=True, v4="igw-1"),), True),
        (WORLD, [eni()], (table("rtb-1", "subnet-9", v4="igw-1"),), None),
        (WORLD, [eni()], DENIED, None),
        (INSIDE, [eni()], DENIED, False),
        (WORLD, [eni(public_ip=ABSENT)], OPEN, False),
        (WORLD, [eni(public_ip=DENIED)], OPEN, None),
        (WORLD, [eni(subnet=DENIED)], OPEN, None),
        (WORLD, [eni(status="available", attachment=ABSENT)], OPEN, None),
        (INSIDE, [eni(status="available", attachment=ABSENT)], OPEN, False),
        (WORLD, [ASLEEP], OPEN, None),
        (WORLD, [ASLEEP], CLOSED, False),
        (WORLD, [eni(public_ip=ABSENT), eni("eni-ga", interface_type="global_accelerator_managed")], CLOSED, None),
        ([atom("::/0", "-1")], [eni(ipv6_addresses=["2001:db8::7"])], OPEN, True),
        ([atom("::/0", "-1")], [eni()], OPEN, False),
        (WORLD, [eni(groups=["sg-2"])], OPEN, False),
        (WORLD, [eni(groups=DENIED)], OPEN, None),
        (WORLD, [eni("eni-0", public_ip=ABSENT), eni()], OPEN, True),
        (WORLD, [], OPEN, False),
        (FROM_BALANCER, [eni(public_ip=ABSENT), BALANCER], CLOSED, None),
        ([atom("10.0.2.0/24", "tcp", 80)], [eni(public_ip=ABSENT), BALANCER], CLOSED, None),
        ([atom("10.0.3.0/24", "tcp", 80)], [eni(public_ip=ABSENT), BALANCER], CLOSED, False),
        (WORLD, [eni(public_ip=ABSENT), BALANCER], CLOSED, None),
        (FROM_BALANCER, [eni(public_ip=ABSENT), eni("eni-lb", groups=["sg-lb"], public_ip=ABSENT)], CLOSED, False),
    ],
)  # fmt: skip
def test_of_a_group(ingress: Json, interfaces: list[Resource], tables: Json, expected: bool | None) -> None:
    """Mutations: a detached interface is never reached, a stopped instance gets no address, no accelerator counts."""
    assert of_group(ingress, *interfaces, tables=tables) is expected


def test_the_evidence_names_address_rule_and_gateway() -> None:
    near: dict[AwsKind, Json] = {NETWORK_INTERFACE: (eni(),), ROUTE_TABLE: OPEN, INSTANCE: INSTANCES}
    fact = told(FACT, a_group(WORLD), SECURITY_GROUP, near=near)
    assert fact.evidence == (
        "eni-1: it has the public address 198.51.100.7",
        "eni-1: a security group lets the world in: tcp 22 from 0.0.0.0/0",
        "eni-1: its subnet has a route to internet gateway igw-1",
    )


def test_what_was_not_looked_at_is_not_the_same_as_nothing() -> None:
    fact = told(FACT, a_group(WORLD), SECURITY_GROUP)
    assert fact.value == Unknown("network interface was not looked at")


@pytest.mark.parametrize(
    ("groups", "expected"), [(WORLD, True), (INSIDE, False), (DENIED, None), (None, None)]
)  # fmt: skip
def test_of_an_instance(groups: Json, expected: bool | None) -> None:
    held = () if groups is None else (a(SECURITY_GROUP, "sg-1", ingress=groups, prefix_list_networks={}),)
    near: dict[AwsKind, Json] = {NETWORK_INTERFACE: (eni(),), ROUTE_TABLE: OPEN, SECURITY_GROUP: held}
    assert value(told(FACT, a(INSTANCE, "i-1", state="running"), INSTANCE, near=near)) is expected
    assert value(told(FACT, a(INSTANCE, "i-9", state="running"), INSTANCE, near=near)) is None


def test_an_instance_that_is_stopped_may_get_an_address() -> None:
    """The mutation: no public address now is no public address."""
    rules = (a(SECURITY_GROUP, "sg-1", ingress=WORLD, prefix_list_networks={}),)
    near: dict[AwsKind, Json] = {NETWORK_INTERFACE: (eni(public_ip=ABSENT),), ROUTE_TABLE: OPEN, SECURITY_GROUP: rules}
    for state, expected in (("running", False), ("stopped", None)):
        assert value(told(FACT, a(INSTANCE, "i-1", state=state), INSTANCE, near=near)) is expected
    near[ROUTE_TABLE] = CLOSED
    assert value(told(FACT, a(INSTANCE, "i-1", state="stopped"), INSTANCE, near=near)) is False


@pytest.mark.parametrize(
    ("public", "subnets", "ingress", "tables", "expected"),
    [
        (True, ["subnet-1"], WORLD, OPEN, True),
        (False, ["subnet-1"], WORLD, DENIED, False),
        (True, ["subnet-1"], INSIDE, OPEN, False),
        (True, ["subnet-1"], WORLD, DENIED, None),
        (True, ["subnet-1", "subnet-2"], WORLD, CLOSED, None),
        (True, ["subnet-1"], WORLD, CLOSED, False),
        (True, [], WORLD, OPEN, None),
    ],
)  # fmt: skip
def test_of_a_database(public: bool, subnets: Json, ingress: Json, tables: Json, expected: bool | None) -> None:
    near: dict[AwsKind, Json] = {
        ROUTE_TABLE: tables,
        SECURITY_GROUP: (a(SECURITY_GROUP, "sg-1", ingress=ingress, prefix_list_networks={}),),
    }
    held = {"settings": {"PubliclyAccessible": public}, "groups": ["sg-1"], "subnets": subnets, "vpc": "vpc-1"}
    assert value(told(FACT, a(DB_INSTANCE, "db-1", **held), DB_INSTANCE, near=near)) is expected


def test_route_tables_and_facts_are_read_from_a_cloud(moto_cloud: Moto) -> None:
    """A group with an instance in a subnet that leads to the internet, from the calls to the fact."""
    moto_cloud.reset()
    session = AwsSession.with_credentials("testing", "testing", None, endpoint_url=moto_cloud.endpoint)

    def make(operation: str, **params: Json) -> Json:
        return session.guarded([(f"ec2.{operation}", params)]).call("ec2", operation, REGION, **params)

    vpc = make("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = make("CreateSubnet", VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    gateway = make("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    make("AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc)
    own = make("CreateRouteTable", VpcId=vpc)["RouteTable"]["RouteTableId"]
    make("CreateRoute", RouteTableId=own, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    make("AssociateRouteTable", RouteTableId=own, SubnetId=subnet)
    group = make("CreateSecurityGroup", GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    world = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    make("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[world])
    run = {"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1, "SubnetId": subnet, "SecurityGroupIds": [group]}
    instance = make("RunInstances", **run)["Instances"][0]["InstanceId"]
    make("AssociateAddress", AllocationId=make("AllocateAddress", Domain="vpc")["AllocationId"], InstanceId=instance)

    catalog = aws_catalog()
    catalog = catalog.only([catalog.control("aws.ec2.security-group.port-ssh-closed")])
    with AwsReader(session, catalog, (REGION,)) as reader:
        wanted: dict[Kind, frozenset[str]] = {ROUTE_TABLE: frozenset(ROUTE_TABLE.facet_by_name)}
        tables = {
            item.ref.id: item for item in reader.scan(Shard(ACCOUNT, REGION), wanted) if isinstance(item, Resource)
        }
        (report,) = scan(reader, catalog, Standing(no_policies()), SystemClock())
    session.close()
    assert tables[own].facets == {
        "vpc": vpc, "subnets": [subnet], "main": False, "gateways": {"IPv4": gateway, "IPv6": ""},
    }  # fmt: skip
    (seen,) = [seen for seen in report.seen if seen.resource.ref.id == group]
    found = {fact.name: fact for fact in seen.facts}
    assert value(found[FACT]) is True
    assert gateway in found[FACT].evidence[-1]
