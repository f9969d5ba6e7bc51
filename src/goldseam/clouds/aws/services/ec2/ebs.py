"""EBS: what a region does with new volumes and with public snapshots, and who may restore a snapshot."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import VALUE, Get, Look, Send, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, TAGGED, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Items, Switch
from goldseam.control import (
    Example,
    Severity,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.values import Json

_ANY: Final = ("*",)
"""The resource of calls that IAM knows no narrower one for."""

_BLOCKED: Final = "block-all-sharing"
_BLOCKED_FOR_NEW: Final = "block-new-sharing"
_UNBLOCKED: Final = "unblocked"
_SWITCHED: Final = (
    "EnableEbsEncryptionByDefault",
    "DisableEbsEncryptionByDefault",
    "EnableSnapshotBlockPublicAccess",
    "DisableSnapshotBlockPublicAccess",
)


def _block(state: str) -> Send:
    return Send("ec2.EnableSnapshotBlockPublicAccess", {"State": state}, _ANY)


REGION: Final = AwsKind(
    "aws.ec2.region",
    "region",
    (
        Switch(
            name="ebs_encryption_by_default",
            get=Get("ec2.GetEbsEncryptionByDefault", path="EbsEncryptionByDefault"),
            levels={
                True: Send("ec2.EnableEbsEncryptionByDefault", {}, _ANY),
                False: Send("ec2.DisableEbsEncryptionByDefault", {}, _ANY),
            },
        ),
        Switch(
            name="snapshot_block",
            get=Get("ec2.GetSnapshotBlockPublicAccessState", path="State"),
            levels={
                _BLOCKED: _block(_BLOCKED),
                _BLOCKED_FOR_NEW: _block(_BLOCKED_FOR_NEW),
                _UNBLOCKED: Send("ec2.DisableSnapshotBlockPublicAccess", {}, _ANY),
            },
        ),
    ),
    touched_by=(changes("ec2", "awsRegion", names=_SWITCHED),),
    address="arn:{partition}:ec2:{region}:{account}:settings",
)


@control(
    "aws.ec2.region.ebs-encrypted-by-default", REGION, severity=Severity.HIGH,
    disrupts=may_disrupt(
        "snapshots and images of volumes made from now on cannot be shared with other accounts while the default key "
        "is AWS's own; what exists stays as it is"
    ),
    maps=required("ec2_ebs_default_encryption"),
    compliant=[{"ebs_encryption_by_default": True}],
    violating=[{"ebs_encryption_by_default": False}],
)  # fmt: skip
def ebs_encrypted_by_default(ebs_encryption_by_default: bool) -> Verdict:  # noqa: FBT001
    """New volumes are encrypted unless asked otherwise.

    With this setting nobody has to remember it, and a snapshot that leaks is of no use without the key.
    """
    if ebs_encryption_by_default:
        return compliant
    return should_be(ebs_encryption_by_default=True, because="new volumes are not encrypted by default")


@control(
    "aws.ec2.region.snapshots-blocked-from-public", REGION, severity=Severity.HIGH,
    disrupts=may_disrupt("other accounts that restore this region's public snapshots can no longer do so"),
    maps=required("ec2_ebs_snapshot_account_block_public_access"),
    compliant=[{"snapshot_block": _BLOCKED}],
    violating=[{"snapshot_block": _UNBLOCKED}, {"snapshot_block": _BLOCKED_FOR_NEW}],
)  # fmt: skip
def snapshots_blocked(snapshot_block: str) -> Verdict:
    """No snapshot of the region can be public.

    One wrong click shares the whole disk with everyone; this setting overrules it, for old snapshots and new ones.
    """
    if snapshot_block == _BLOCKED:
        return compliant
    return should_be(snapshot_block=_BLOCKED, because=f"the block on public snapshots is `{snapshot_block}`")


def _sharing(change: str) -> Send:
    permission = {change: VALUE}
    named = {"SnapshotId": "{id}", "Attribute": "createVolumePermission", "CreateVolumePermission": permission}
    return Send("ec2.ModifySnapshotAttribute", named)


SNAPSHOT: Final = AwsKind(
    "aws.ec2.snapshot",
    "EBS snapshot",
    (
        Items(
            name="sharing",
            get=Get(
                "ec2.DescribeSnapshotAttribute",
                {"SnapshotId": "{id}", "Attribute": "createVolumePermission"},
                path="CreateVolumePermissions",
            ),
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
        parameters={"OwnerIds": ["self"]},
        narrow={"SnapshotIds": ["{id}"]},
    ),
)

_EVERYONE: Final = {"Group": "all"}
_PARTNER: Final = {"UserId": "111122223333"}


@control(
    "aws.ec2.snapshot.not-public", SNAPSHOT, severity=Severity.CRITICAL,
    disrupts=may_disrupt("accounts that restore the snapshot without being named in its sharing can no longer do so"),
    maps=required("ec2_ebs_public_snapshot"),
    compliant=[{"sharing": []}, {"sharing": [_PARTNER]}],
    violating=[
        Example({"sharing": [_EVERYONE, _PARTNER]}, leaves={"sharing": [_PARTNER]}),
        Example({"sharing": [_EVERYONE]}, leaves={"sharing": []}),
    ],
)  # fmt: skip
def snapshot_not_public(sharing: list[Json]) -> Verdict:
    """A snapshot is shared with named accounts only.

    A public snapshot is a copy of the whole disk, with every password and deleted file on it, for anyone to restore.
    """
    if _EVERYONE not in sharing:
        return compliant
    return should_be(sharing=[item for item in sharing if item != _EVERYONE], because="everyone may restore it")


@control(
    "aws.ec2.snapshot.encrypted", SNAPSHOT, severity=Severity.HIGH,
    disrupts=harmless("nothing is changed; a person makes the encrypted copy"),
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
        guide="copy it with encryption on, move what uses it to the copy, then delete it",
    )
