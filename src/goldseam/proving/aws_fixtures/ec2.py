"""Regions, volumes and snapshots, images, addresses, security groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from goldseam.clouds.aws.services.ec2 import address, ebs, image, region, security_group
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import REGION, EmulatedGround, Fixture, FixtureResult, Lack

_OFF: Final = {
    "ebs_encryption_by_default": "DisableEbsEncryptionByDefault",
    "serial_console": "DisableSerialConsoleAccess",
}


def _region(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del name
    for facet, operation in _OFF.items():
        if facet in facets:
            ground.make(f"ec2.{operation}")
    neighbour = reference(ground, region.REGION, "us-east-1", "us-east-1")
    return FixtureResult(reference(ground, region.REGION, REGION), neighbours=(neighbour,))


def _new_volume(ground: EmulatedGround, *, encrypted: bool) -> str:
    return str(ground.make("ec2.CreateVolume", AvailabilityZone=f"{REGION}a", Size=1, Encrypted=encrypted)["VolumeId"])


def _snapshot(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    refs = []
    for description in pair(name):
        volume = _new_volume(ground, encrypted=bool(facets.get("encrypted", False)))
        made = ground.make("ec2.CreateSnapshot", VolumeId=volume, Description=description)
        refs.append(reference(ground, ebs.SNAPSHOT, made["SnapshotId"]))
    return FixtureResult(refs[0], {}, (refs[1],))


def _volume(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del name
    refs = []
    for _ in range(2):
        volume = _new_volume(ground, encrypted=bool(facets.get("encrypted", False)))
        if facets.get("copied"):
            ground.make("ec2.CreateSnapshot", VolumeId=volume)
        refs.append(reference(ground, ebs.VOLUME, volume))
    words = {}
    for named in facets.get("instances", ()):
        words[named] = new_instance(ground)
        ground.make("ec2.AttachVolume", VolumeId=refs[0].id, InstanceId=words[named], Device="/dev/sdf")
    return FixtureResult(refs[0], words, (refs[1],))


def new_instance(ground: EmulatedGround) -> str:
    """An instance of whatever image there is."""
    images = ground.make("ec2.DescribeImages", Owners=["amazon"])["Images"]
    asked = {"ImageId": images[0]["ImageId"], "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.micro"}
    return str(ground.make("ec2.RunInstances", **asked)["Instances"][0]["InstanceId"])


def _image(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    made = [ground.make("ec2.RegisterImage", Name=each, RootDeviceName="/dev/sda1")["ImageId"] for each in pair(name)]
    refs = [reference(ground, image.IMAGE, each) for each in made]
    return FixtureResult(refs[0], {}, (refs[1],))


def _address(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del name
    made = [ground.make("ec2.AllocateAddress", Domain="vpc") for _ in range(2)]
    refs = [reference(ground, address.ADDRESS, each["AllocationId"]) for each in made]
    return FixtureResult(refs[0], {str(facets.get("public_ip", "")): made[0]["PublicIp"]}, (refs[1],))


_PEER: Final = "111122223333/sg-0123456789abcdef0"
"""The group that rules of the examples name."""


def _group(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    vpc = ground.make("ec2.CreateVpc", CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    wanted = facets.get("group_name", name)
    beside = _new_group(ground, f"{name}-beside", vpc)
    first = _default_group(ground, vpc) if wanted == "default" else _new_group(ground, wanted, vpc)
    refs = [reference(ground, security_group.SECURITY_GROUP, group) for group in (first, beside)]
    words = {_PEER: f"{ground.account}/{_new_group(ground, f'{name}-peer', vpc)}"}
    lists = facets.get("prefix_lists", {}).items()
    words |= {listed: _new_list(ground, f"{name}-{at}", held["networks"]) for at, (listed, held) in enumerate(lists)}
    return FixtureResult(refs[0], words, (refs[1],))


def _new_list(ground: EmulatedGround, name: str, networks: Sequence[str]) -> str:
    """A prefix list of these networks, or of one partner's."""
    entries = [{"Cidr": cidr} for cidr in networks or ("203.0.113.0/24",)]
    made = ground.make(
        "ec2.CreateManagedPrefixList", PrefixListName=name, AddressFamily="IPv4", MaxEntries=2, Entries=entries
    )
    return str(made["PrefixList"]["PrefixListId"])


def _new_group(ground: EmulatedGround, name: str, vpc: str) -> str:
    return str(ground.make("ec2.CreateSecurityGroup", GroupName=name, Description="proof", VpcId=vpc)["GroupId"])


def _default_group(ground: EmulatedGround, vpc: str) -> str:
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    return str(ground.make("ec2.DescribeSecurityGroups", Filters=filters)["SecurityGroups"][0]["GroupId"])


_OF_REGIONS: Final = {
    "snapshot_block": "the block on public snapshots",
    "image_block": "the block on public images",
    "metadata_defaults": "the account's defaults of instance metadata",
    "serial_console": "the serial console",
    "internet_block": "the block on internet gateways",
}

FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.ec2.region": Fixture(
        _region,
        lacks=tuple(Lack("moto", facet, f"moto does not have {said}") for facet, said in _OF_REGIONS.items()),
    ),
    "aws.ec2.security-group": Fixture(_group),
    "aws.ec2.snapshot": Fixture(
        _snapshot, lacks=(Lack("moto", "public", "moto takes only an older spelling of the call"),)
    ),
    "aws.ec2.volume": Fixture(_volume),
    "aws.ec2.image": Fixture(_image),
    "aws.ec2.address": Fixture(_address),
}
