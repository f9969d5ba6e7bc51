"""Elastic IP addresses: whether anything uses them."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import Look, absent_is, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, TAGGED, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.control import Severity, Verdict, compliant, control, violation

ADDRESS: Final = AwsKind(
    "aws.ec2.address",
    "Elastic IP address",
    (
        Look(name="public_ip", listed="PublicIp"),
        Look(name="association", listed="AssociationId", form=absent_is("")),
        Look(name="interface", listed="NetworkInterfaceId", form=absent_is("")),
        tags(),
    ),
    touched_by=(changes("ec2", TAGGED, f"{REQUEST}.allocationId", f"{ANSWER}.allocationId", id="eipalloc-.+"),),
    address="arn:{partition}:ec2:{region}:{account}:elastic-ip/{id}",
    find=Listing("ec2.DescribeAddresses", "Addresses", id="AllocationId", narrow={"AllocationIds": ["{id}"]}),
)


@control(
    "aws.ec2.address.in-use", ADDRESS, severity=Severity.LOW,
    maps=required("ec2_elastic_ip_unassigned"),
    compliant=[{"public_ip": "192.0.2.1", "association": "eipassoc-0123456789abcdef0"}],
    violating=[{"public_ip": "192.0.2.1", "association": ""}],
)  # fmt: skip
def in_use(public_ip: str, association: str) -> Verdict:
    """An Elastic IP address belongs to something.

    One that does not is paid for, and stands in the allow-lists of partners and in DNS for a machine that is no more.
    """
    if association:
        return compliant
    return violation(
        because=f"nothing uses {public_ip}",
        guide="1. look for the address in DNS, in allow-lists of your own and of partners, and ask its owner: a "
        "released address goes to somebody else and cannot be had back; 2. take it out of those; "
        "3. `aws ec2 release-address --allocation-id ALLOCATION`",
    )
