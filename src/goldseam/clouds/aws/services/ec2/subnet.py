"""Subnets: whether what is started in one gets a public address unasked."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import Look, Send, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, TAGGED, AwsKind, Listing, changes
from goldseam.clouds.aws.owners import shared
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.ec2.among import Own
from goldseam.clouds.aws.shapes import Switch
from goldseam.control import Severity, Verdict, compliant, control, may_disrupt, should_be


def _mapping(*, public: bool) -> Send:
    return Send("ec2.ModifySubnetAttribute", {"SubnetId": "{id}", "MapPublicIpOnLaunch": {"Value": public}})


SUBNET: Final = AwsKind(
    "aws.ec2.subnet",
    "subnet",
    (
        Switch(
            name="map_public_ip",
            listed="MapPublicIpOnLaunch",
            levels={True: _mapping(public=True), False: _mapping(public=False)},
        ),
        Look(name="vpc", listed="VpcId"),
        Look(name="zone", listed="AvailabilityZone"),
        Look(name="default_for_az", listed="DefaultForAz"),
        Own(name="own", listed="OwnerId"),
        tags(),
    ),
    touched_by=(changes("ec2", TAGGED, f"{REQUEST}.subnetId", f"{ANSWER}.subnet.subnetId", id="subnet-.+"),),
    address="arn:{partition}:ec2:{region}:{account}:subnet/{id}",
    find=Listing("ec2.DescribeSubnets", "Subnets", id="SubnetId", address="SubnetArn", narrow={"SubnetIds": ["{id}"]}),
    owner_rule=shared(),
)


@control(
    "aws.ec2.subnet.no-public-addresses", SUBNET, severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        "what is started in the subnet from now on, by calls and templates that do not ask for a public address, "
        "cannot be reached from the internet, and reaches it only through a NAT gateway or an endpoint; what runs "
        "keeps its own"
    ),
    maps=required("vpc_subnet_no_public_ip_by_default"),
    covers=("security-hub:EC2.15",),
    compliant=[{"map_public_ip": False, "own": True}, {"map_public_ip": True, "own": False}],
    violating=[{"map_public_ip": True, "own": True}],
)  # fmt: skip
def no_public_addresses(map_public_ip: bool, own: bool) -> Verdict:  # noqa: FBT001
    """What is started in a subnet gets no public address unasked.

    An address that nobody asked for is one that nobody thinks of when the security group is opened. A subnet that
    another account shares is that account's to change.
    """
    if not map_public_ip or not own:
        return compliant
    return should_be(map_public_ip=False, because="what is started in the subnet gets a public address")
