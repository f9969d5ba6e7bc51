"""EBS: volumes and their snapshots, and who may restore a snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Get, Look, Reading, Send, absent_is, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, TAGGED, Ask, AwsKind, Listing, changes
from goldseam.clouds.aws.owners import managed_by_service, principal
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.ec2.among import FOR_ALL, OWNED, SNAPSHOTS, Among
from goldseam.clouds.aws.shapes import Items
from goldseam.control import Example, Severity, Verdict, compliant, control, may_disrupt, should_be, violation
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json


def _groups(raw: list[Json]) -> list[Json]:
    return [permission for permission in raw if "Group" in permission]


@dataclass(frozen=True)
class Publicity(Items):
    """Whether everyone may restore a snapshot; accounts that are named beside are no part of it, and stay.

    One call tells which snapshots of the region everyone may restore; only those are asked about one by one.
    """

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Nobody, or the group of everyone."""
        return super().read(ask, ref, item) if FOR_ALL.about(ask, ref) else Reading(self.normal(ABSENT))

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The listing of those for everyone, and the attribute of each of them."""
        return (FOR_ALL.operation, *super().read_operations)


def _sharing(change: str) -> Send:
    permission = {change: VALUE}
    named = {"SnapshotId": "{id}", "Attribute": "createVolumePermission", "CreateVolumePermission": permission}
    return Send("ec2.ModifySnapshotAttribute", named)


SNAPSHOT: Final = AwsKind(
    "aws.ec2.snapshot",
    "EBS snapshot",
    (
        Publicity(
            name="public",
            get=Get(
                "ec2.DescribeSnapshotAttribute",
                {"SnapshotId": "{id}", "Attribute": "createVolumePermission"},
                path="CreateVolumePermissions",
            ),
            decode=_groups,
            add=_sharing("Add"),
            remove=_sharing("Remove"),
        ),
        Look(name="encrypted", listed="Encrypted"),
        Look(name="volume", listed="VolumeId"),
        Look(name="description", listed="Description"),
        tags(),
    ),
    touched_by=(changes("ec2", TAGGED, f"{REQUEST}.snapshotId", f"{ANSWER}.snapshotId", id="snap-.+"),),
    address="arn:{partition}:ec2:{region}::snapshot/{id}",
    find=Listing(
        "ec2.DescribeSnapshots",
        "Snapshots",
        id="SnapshotId",
        parameters=OWNED,
        narrow={"SnapshotIds": ["{id}"]},
    ),
)

_EVERYONE: Final = {"Group": "all"}


@control(
    "aws.ec2.snapshot.not-public", SNAPSHOT, severity=Severity.CRITICAL,
    disrupts=may_disrupt("accounts that restore the snapshot without being named in its sharing can no longer do so"),
    maps=required("ec2_ebs_public_snapshot"),
    covers=("security-hub:EC2.1", "prowler:ec2_ebs_public_snapshot"),
    compliant=[{"public": []}],
    violating=[Example({"public": [_EVERYONE]}, leaves={"public": []})],
)  # fmt: skip
def snapshot_not_public(public: list[Json]) -> Verdict:
    """A snapshot is shared with named accounts only.

    A public snapshot is a copy of the whole disk, with every password and deleted file on it, for anyone to restore.
    """
    return should_be(public=[], because="everyone may restore it") if public else compliant


@control(
    "aws.ec2.snapshot.encrypted", SNAPSHOT, severity=Severity.HIGH,
    maps=required("ec2_ebs_snapshots_encrypted"),
    compliant=[{"encrypted": True}],
    violating=[{"encrypted": False}],
)  # fmt: skip
def snapshot_encrypted(encrypted: bool) -> Verdict:  # noqa: FBT001
    """A snapshot is encrypted.

    Its blocks lie in storage for years, and whoever it is ever shared with needs no key to read them.
    """
    if encrypted:
        return compliant
    return violation(
        because="the snapshot is not encrypted",
        guide="1. `aws ec2 copy-snapshot --source-region REGION --source-snapshot-id SNAPSHOT --encrypted "
        "[--kms-key-id KEY]`; 2. let images, templates and restore scripts name the copy; 3. when nothing names the "
        "old one any more, delete it; an image keeps the snapshots that it was made of",
    )


VOLUME: Final = AwsKind(
    "aws.ec2.volume",
    "EBS volume",
    (
        Look(name="encrypted", listed="Encrypted"),
        Look(name="instances", listed="Attachments.InstanceId", form=absent_is([])),
        Look(name="zone", listed="AvailabilityZone"),
        Among(name="copied", others=SNAPSHOTS, decode=bool),
        Look(name="operator", listed="Operator", decode=principal, form=absent_is("")),
        tags(),
    ),
    touched_by=(changes("ec2", TAGGED, f"{REQUEST}.volumeId", f"{ANSWER}.volumeId", id="vol-.+"),),
    address="arn:{partition}:ec2:{region}:{account}:volume/{id}",
    find=Listing("ec2.DescribeVolumes", "Volumes", id="VolumeId", narrow={"VolumeIds": ["{id}"]}),
    owner_rule=managed_by_service,
)

_ENCRYPT: Final = (
    "1. tag the volume and note its zone, type, device name and whether it goes with its instance; "
    "2. stop the instance, so that nothing is written; "
    "3. `aws ec2 create-snapshot --volume-id VOLUME` and wait until it is completed; "
    "4. `aws ec2 create-volume --snapshot-id SNAPSHOT --availability-zone ZONE --volume-type TYPE --encrypted "
    "[--kms-key-id KEY]`; "
    "5. `aws ec2 detach-volume --volume-id VOLUME`, then `aws ec2 attach-volume --volume-id NEW --instance-id INSTANCE "
    "--device DEVICE`; "
    "6. start the instance and see that it works; "
    "7. keep the old volume for as long as you keep backups, then delete it and the snapshot"
)


@control(
    "aws.ec2.volume.encrypted", VOLUME, severity=Severity.HIGH,
    maps=required("ec2_ebs_volume_encryption"),
    compliant=[{"encrypted": True, "instances": ["i-0123456789abcdef0"]}],
    violating=[
        {"encrypted": False, "instances": []},
        {"encrypted": False, "instances": ["i-0123456789abcdef0"]},
    ],
)  # fmt: skip
def volume_encrypted(encrypted: bool, instances: list[str]) -> Verdict:  # noqa: FBT001
    """A volume is encrypted.

    It covers the disk, the way between disk and instance, and every snapshot made of it; it can only be chosen when a
    volume is made.
    """
    if encrypted:
        return compliant
    held = f"it is attached to {', '.join(instances)}" if instances else "nothing is attached to it"
    return violation(because=f"the volume is not encrypted; {held}", guide=_ENCRYPT)


@control(
    "aws.ec2.volume.snapshotted", VOLUME, severity=Severity.LOW,
    maps=required("ec2_ebs_volume_snapshots_exists"),
    compliant=[{"copied": True, "instances": ["i-0123456789abcdef0"]}, {"copied": False, "instances": []}],
    violating=[{"copied": False, "instances": ["i-0123456789abcdef0"]}],
)  # fmt: skip
def volume_snapshotted(copied: bool, instances: list[str]) -> Verdict:  # noqa: FBT001
    """A volume in use has a snapshot.

    Without one a wrong command, ransom or the loss of a zone takes the data with it. One snapshot is no plan for
    backups, but no snapshot at all is the lack of one.
    """
    if copied or not instances:
        return compliant
    return violation(
        because=f"no snapshot of the volume of {', '.join(instances)} exists",
        guide="1. make a backup plan in AWS Backup, or a lifecycle policy in Data Lifecycle Manager, that selects "
        "volumes by tag; 2. give the volume that tag; 3. after the first run see that the snapshot is there, and "
        "restore one once",
    )
