"""Subnets: whether what is started in one gets a public address unasked."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import Look, Send, absent_is, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, TAGGED, AwsKind, Listing, changes
from goldseam.clouds.aws.owners import shared
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.ec2.among import Own
from goldseam.clouds.aws.shapes import Switch
from goldseam.control import Example, Severity, Verdict, compliant, control, may_disrupt, should_be, violation
from goldseam.model.values import Json


def _levels(attribute: str) -> dict[Json, Send]:
    """A call changes one attribute (EC2 API Reference, "ModifySubnetAttribute")."""
    return {
        on: Send("ec2.ModifySubnetAttribute", {"SubnetId": "{id}", attribute: {"Value": on}}) for on in (True, False)
    }


SUBNET: Final = AwsKind(
    "aws.ec2.subnet",
    "subnet",
    (
        Switch(name="map_public_ip", listed="MapPublicIpOnLaunch", levels=_levels("MapPublicIpOnLaunch")),
        Switch(name="assign_ipv6", listed="AssignIpv6AddressOnCreation", levels=_levels("AssignIpv6AddressOnCreation")),
        Look(name="ipv6_only", listed="Ipv6Native", form=absent_is(default=False)),
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


_IPV6_ONLY: Final = (
    "the subnet has IPv6 addresses only: route it to the internet through an egress-only internet gateway, so that "
    "nothing in it is reached from there, and exempt it; or make a subnet with IPv4 addresses and move what runs"
)


def _seen(**changed: bool) -> dict[str, Json]:
    return {"map_public_ip": False, "assign_ipv6": False, "ipv6_only": False, "own": True, **changed}


@control(
    "aws.ec2.subnet.no-public-addresses", SUBNET, severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        "what is started in the subnet from now on, by calls and templates that do not ask for a public address, "
        "cannot be reached from the internet, and reaches it only through a NAT gateway or an endpoint, or not at all "
        "over IPv6; what runs keeps its own"
    ),
    maps=required("vpc_subnet_no_public_ip_by_default"),
    covers=("security-hub:EC2.15",),
    compliant=[_seen(), _seen(map_public_ip=True, own=False), _seen(assign_ipv6=True, own=False)],
    violating=[
        Example(_seen(map_public_ip=True), leaves=_seen()),
        Example(_seen(assign_ipv6=True), leaves=_seen()),
        Example(_seen(map_public_ip=True, assign_ipv6=True), leaves=_seen()),
        _seen(assign_ipv6=True, ipv6_only=True),
    ],
)  # fmt: skip
def no_public_addresses(map_public_ip: bool, assign_ipv6: bool, ipv6_only: bool, own: bool) -> Verdict:  # noqa: FBT001
    """What is started in a subnet gets no public address unasked.

    An address that nobody asked for is one that nobody thinks of when the security group is opened. IPv6 addresses are
    public too (Security Hub EC2.15); what is started in a subnet of IPv6 alone would have no address without one. A
    subnet that another account shares is that account's to change.
    """
    given = [name for name, on in (("IPv4", map_public_ip), ("IPv6", assign_ipv6)) if on]
    if not given or not own:
        return compliant
    because = f"what is started in the subnet gets a public {' and an '.join(given)} address"
    if ipv6_only:
        return violation(because=because, guide=_IPV6_ONLY)
    return should_be(map_public_ip=False, assign_ipv6=False, because=because)
