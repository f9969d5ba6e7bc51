"""Regions, snapshots and security groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services.ec2 import ebs, region, security_group
from goldseam.conform.aws_fixtures.making import reference
from goldseam.conform.emulated import REGION, EmulatedGround, Fixture, Lack, Made
from goldseam.values import Value


def _region(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> Made:
    del name
    if "ebs_encryption_by_default" in facets:
        ground.make("ec2.DisableEbsEncryptionByDefault")
    neighbour = reference(ground, region.REGION, "us-east-1", "us-east-1")
    return Made(reference(ground, region.REGION, REGION), neighbours=(neighbour,))


def _snapshot(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> Made:
    encrypted = bool(facets.get("encrypted", False))
    refs = []
    for description in (name, f"{name}-beside"):
        volume = ground.make("ec2.CreateVolume", AvailabilityZone=f"{REGION}a", Size=1, Encrypted=encrypted)["VolumeId"]
        made = ground.make("ec2.CreateSnapshot", VolumeId=volume, Description=description)
        refs.append(reference(ground, ebs.SNAPSHOT, made["SnapshotId"]))
    return Made(refs[0], {}, (refs[1],))


_PEER: Final = "111122223333/sg-0123456789abcdef0"
"""The group that rules of the examples name."""


def _group(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> Made:
    vpc = ground.make("ec2.CreateVpc", CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    wanted = facets.get("group_name", name)
    beside = _new_group(ground, f"{name}-beside", vpc)
    first = _default_group(ground, vpc) if wanted == "default" else _new_group(ground, wanted, vpc)
    refs = [reference(ground, security_group.SECURITY_GROUP, group) for group in (first, beside)]
    words = {_PEER: f"{ground.account}/{_new_group(ground, f'{name}-peer', vpc)}"}
    return Made(refs[0], words, (refs[1],))


def _new_group(ground: EmulatedGround, name: str, vpc: str) -> str:
    return str(ground.make("ec2.CreateSecurityGroup", GroupName=name, Description="proof", VpcId=vpc)["GroupId"])


def _default_group(ground: EmulatedGround, vpc: str) -> str:
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    return str(ground.make("ec2.DescribeSecurityGroups", Filters=filters)["SecurityGroups"][0]["GroupId"])


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.ec2.region": Fixture(
        _region,
        lacks=tuple(
            Lack(name, "snapshot_block", f"{name} does not have the block on public snapshots")
            for name in ("ministack", "moto")
        ),
    ),
    "aws.ec2.security-group": Fixture(_group),
    "aws.ec2.snapshot": Fixture(
        _snapshot, lacks=(Lack("moto", "sharing", "moto takes only an older spelling of the call"),)
    ),
}
