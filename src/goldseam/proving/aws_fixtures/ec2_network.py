"""Networks: VPCs, subnets, network ACLs, transit gateways and flow logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services.ec2 import endpoint_service, network, network_acl, subnet, transit_gateway, vpc
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import REGION, EmulatedGround, Fixture, FixtureResult, Lack


def new_vpc(ground: EmulatedGround) -> str:
    """A network of its own."""
    return str(ground.make("ec2.CreateVpc", CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"])


def new_subnet(ground: EmulatedGround, within: str, number: int = 0, zone: str = f"{REGION}a") -> str:
    """A subnet in a network and a zone."""
    made = ground.make("ec2.CreateSubnet", VpcId=within, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=zone)
    return str(made["Subnet"]["SubnetId"])


def _vpc(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    made = _default_vpc(ground) if facets.get("is_default") else new_vpc(ground)
    for number, zone in enumerate(facets.get("zones", ())):
        new_subnet(ground, made, number, zone)
    for service in facets.get("endpoints", ()):
        ground.make("ec2.CreateVpcEndpoint", VpcId=made, ServiceName=service, VpcEndpointType="Interface")
    trust = '{"Version":"2012-10-17","Statement":[]}'
    role = ground.make("iam.CreateRole", RoleName=f"{name}-flow-logs", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    words = {"arn:aws:iam::123456789012:role/flow-logs": role}
    ground.make("logs.CreateLogGroup", logGroupName=f"{name}-flow-logs")
    ground.make("s3.CreateBucket", Bucket=f"{name}-flows", CreateBucketConfiguration={"LocationConstraint": REGION})
    words |= {"flow-logs-of-the-company": f"{name}-flows"}
    return FixtureResult(reference(ground, vpc.VPC, made), words, (reference(ground, vpc.VPC, new_vpc(ground)),))


def _default_vpc(ground: EmulatedGround) -> str:
    found = ground.make("ec2.DescribeVpcs", Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    return str(found[0]["VpcId"])


def _subnet(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del name, facets
    within = new_vpc(ground)
    refs = [reference(ground, subnet.SUBNET, new_subnet(ground, within, number)) for number in range(2)]
    return FixtureResult(refs[0], {}, (refs[1],))


def _acl(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del name, facets
    within = new_vpc(ground)
    made = [ground.make("ec2.CreateNetworkAcl", VpcId=within)["NetworkAcl"]["NetworkAclId"] for _ in range(2)]
    refs = [reference(ground, network_acl.NETWORK_ACL, each) for each in made]
    return FixtureResult(refs[0], {}, (refs[1],))


def _gateway(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    made = [ground.make("ec2.CreateTransitGateway", Description=each)["TransitGateway"] for each in pair(name)]
    refs = [reference(ground, transit_gateway.TRANSIT_GATEWAY, each["TransitGatewayId"]) for each in made]
    return FixtureResult(refs[0], {}, (refs[1],))


def _flow_log(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    refs = []
    for each in pair(name):
        ground.make("s3.CreateBucket", Bucket=each, CreateBucketConfiguration={"LocationConstraint": REGION})
        made = ground.make(
            "ec2.CreateFlowLogs", ResourceIds=[new_vpc(ground)], ResourceType="VPC", TrafficType="ALL",
            LogDestinationType="s3", LogDestination=f"arn:aws:s3:::{each}",
        )  # fmt: skip
        refs.append(reference(ground, network.FLOW_LOG, made["FlowLogIds"][0]))
    return FixtureResult(refs[0], {}, (refs[1],))


def _service(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    within, refs = new_vpc(ground), []
    for number, each in enumerate(pair(name)):
        zone = [new_subnet(ground, within, number)]
        made = ground.make("elbv2.CreateLoadBalancer", Name=each, Type="network", Subnets=zone)["LoadBalancers"][0]
        service = ground.make(
            "ec2.CreateVpcEndpointServiceConfiguration", NetworkLoadBalancerArns=[made["LoadBalancerArn"]],
            AcceptanceRequired=bool(facets.get("accepted_by_hand")),
        )["ServiceConfiguration"]  # fmt: skip
        refs.append(reference(ground, endpoint_service.ENDPOINT_SERVICE, service["ServiceId"]))
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.ec2.vpc": Fixture(
        _vpc,
        lacks=(Lack("ministack", "flow_logs", "ministack checks one of the permissions that AWS checks together"),),
        normal=frozenset({"FlowLogId", "CreationTime"}),
    ),
    "aws.ec2.subnet": Fixture(
        _subnet, lacks=(Lack("ministack", "assign_ipv6", "it has no IPv6 addresses in subnets", bool),)
    ),
    "aws.ec2.network-acl": Fixture(
        _acl,
        lacks=(Lack("ministack", "entries", "ministack forgets the ports of an entry"),),
    ),
    "aws.ec2.transit-gateway": Fixture(_gateway),
    "aws.ec2.flow-log": Fixture(_flow_log),
    "aws.ec2.endpoint-service": Fixture(_service),
}
