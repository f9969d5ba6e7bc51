"""Load balancers of version 2, and their listeners."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.services import elbv2
from goldseam.model.resource import Ref
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair
from goldseam.proving.aws_fixtures.wafv2 import made as web_acl
from goldseam.proving.emulated import REGION, EmulatedGround, Fixture, FixtureResult, Lack

_CERTIFICATE: Final = "arn:aws:acm:eu-west-1:123456789012:certificate/1234abcd-12ab-34cd-56ef-1234567890ab"
_GROUP: Final = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/1234567890abcdef"
_DESYNC: Final = "routing.http.desync_mitigation_mode"
_BUCKET: Final = "goldseam-logs"


def network(ground: EmulatedGround) -> tuple[str, list[str]]:
    """A network, and a subnet in each of two zones."""
    vpc = ground.make("ec2.CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    zones = ((f"{REGION}a", "10.0.0.0/24"), (f"{REGION}b", "10.0.1.0/24"))
    made = [ground.make("ec2.CreateSubnet", VpcId=vpc, AvailabilityZone=zone, CidrBlock=cidr) for zone, cidr in zones]
    return vpc, [answer["Subnet"]["SubnetId"] for answer in made]


def reference(ground: EmulatedGround, kind: AwsKind, arn: str) -> Ref:
    """The reference of what a listing names by its ARN."""
    return kind.ref("aws", ground.account, REGION, arn, arn)


def _made(ground: EmulatedGround, name: str, subnets: list[str], sort: str) -> str:
    answer = ground.make("elbv2.CreateLoadBalancer", Name=name, Subnets=subnets, Type=sort)
    return str(answer["LoadBalancers"][0]["LoadBalancerArn"])


def _balancer(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    place = {"LocationConstraint": REGION}
    ground.make("s3.CreateBucket", Bucket=f"{name}-logs", CreateBucketConfiguration=place)
    _, subnets = network(ground)
    network_only = _DESYNC not in (facets.get("attributes") or (_DESYNC,))
    sort = str(facets.get("type") or ("network" if network_only else "application"))
    refs = [reference(ground, elbv2.LOAD_BALANCER, _made(ground, each, subnets, sort)) for each in pair(name)]
    words = {_BUCKET: f"{name}-logs", elbv2.load_balancer.EXAMPLE_ACL: web_acl(ground, name)}
    return FixtureResult(refs[0], words, (refs[1],))


def _listener(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    vpc, subnets = network(ground)
    protocol = str(facets.get("protocol") or ("HTTPS" if facets.get("tls_policy") else "HTTP"))
    balancer = _made(ground, name, subnets, "network" if protocol in ("TCP", "TLS") else "application")
    within = "TCP" if protocol in ("TCP", "TLS") else "HTTP"
    groups = [
        ground.make("elbv2.CreateTargetGroup", Name=f"{name}-{side}", Protocol=within, Port=80, VpcId=vpc)
        for side in ("a", "b")
    ]
    arns = [str(group["TargetGroups"][0]["TargetGroupArn"]) for group in groups]
    ports = (1080, 1081, *(facets.get("secure_ports") or ()))
    refs = [
        _listening(ground, balancer, arns[0], port, protocol if port in (1080, 1081) else "HTTPS") for port in ports
    ]
    return FixtureResult(refs[0], {_GROUP: arns[0], f"{_GROUP[:-1]}0": arns[1]}, (refs[1],))


def _listening(ground: EmulatedGround, balancer: str, group: str, port: int, protocol: str) -> Ref:
    secure = {"Certificates": [{"CertificateArn": _CERTIFICATE}]} if protocol in ("HTTPS", "TLS") else {}
    made = ground.make(
        "elbv2.CreateListener", LoadBalancerArn=balancer, Protocol=protocol, Port=port,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}], **secure,
    )  # fmt: skip
    return reference(ground, elbv2.LISTENER, str(made["Listeners"][0]["ListenerArn"]))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.elbv2.load-balancer": Fixture(
        _balancer,
        lacks=(Lack("ministack", "web_acl", "ministack asks for the right to attach every web ACL, not this one"),),
    ),
    "aws.elbv2.listener": Fixture(_listener),
}
