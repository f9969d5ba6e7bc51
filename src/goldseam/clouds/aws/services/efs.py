"""EFS: file systems, who may mount them, and how their files are kept.

A file system without a policy lets in every client that reaches a mount target; as soon as there is a policy, only
what it allows is let in (EFS User Guide, "Using IAM to control access to file systems", default policy). So the first
policy must allow what was allowed before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from goldseam.clouds.aws.conditions import lines_of
from goldseam.clouds.aws.facet import VALUE, Get, Look, Send, absent_is, tags
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, at, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Switch, policy, statements
from goldseam.clouds.aws.statements import (
    not_public,
    policy_document,
    refuses_plain_http,
    with_statement,
    without_public,
)
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
from goldseam.model.values import ABSENT, Json, Value

_SYSTEM: Final = {"FileSystemId": "{id}"}
_VIA: Final = "elasticfilesystem:AccessedViaMountTarget"
_BACKUP: Final = "BackupPolicy.Status"


def _settled(value: Value) -> Value:
    """On or off, also while it is on the way; a file system that was never asked is not backed up."""
    return "ENABLED" if value in {"ENABLED", "ENABLING"} else "DISABLED"


def _backup_waits(answer: Json) -> str:
    state = str(at(answer, _BACKUP) or "")
    return f"the backup policy, which is {state}" if state.endswith("ING") else ""


def _backup(status: str) -> Send:
    return Send("efs.PutBackupPolicy", {**_SYSTEM, "BackupPolicy": {"Status": status}})


_MADE_UP: Final = re.compile(r"efs-statement-[0-9a-f-]+")


def _own(statement: Json) -> Json:
    """The statement without what EFS fills in, and with everyone spelt as EFS spells it."""
    kept = dict(statement)
    if _MADE_UP.fullmatch(str(kept.get("Sid", ""))):
        del kept["Sid"]
    if ":file-system/fs-" in str(kept.get("Resource", "")):
        del kept["Resource"]
    return {**kept, "Principal": {"AWS": "*"}} if kept.get("Principal") == "*" else kept


def _policy_form(value: Value) -> Value:
    """The policy as it was meant (EFS API Reference, PutFileSystemPolicy, example: what is filled in)."""
    if not statements(value):
        return ABSENT
    kept = {key: item for key, item in value.items() if (key, item) != ("Id", "1")}
    return {**kept, "Statement": [_own(statement) for statement in statements(value)]}


FILE_SYSTEM: Final = AwsKind(
    "aws.efs.file-system",
    "EFS file system",
    (
        replace(
            policy(
                "policy",
                get=Get("efs.DescribeFileSystemPolicy", _SYSTEM, "Policy", absent=("PolicyNotFound",)),
                put=Send("efs.PutFileSystemPolicy", {**_SYSTEM, "Policy": VALUE}),
                delete=Send("efs.DeleteFileSystemPolicy", _SYSTEM),
            ),
            form=_policy_form,
        ),
        Switch(
            name="backup",
            get=Get("efs.DescribeBackupPolicy", _SYSTEM, _BACKUP, absent=("PolicyNotFound",)),
            form=_settled,
            waits=_backup_waits,
            levels={status: _backup(status) for status in ("ENABLED", "DISABLED")},
        ),
        Look(name="encrypted", listed="Encrypted", form=bool),
        Look(name="zone", listed="AvailabilityZoneName"),
        tags(),
    ),
    touched_by=(
        changes(
            "elasticfilesystem", f"{REQUEST}.fileSystemId", f"{REQUEST}.resourceId", id="(?:arn:.+/)?(fs-[0-9a-f]+)"
        ),
    ),
    address="arn:{partition}:elasticfilesystem:{region}:{account}:file-system/{id}",
    find=Listing("efs.DescribeFileSystems", "FileSystems", id="FileSystemId", narrow=_SYSTEM),
)


@control(
    "aws.efs.file-system.encrypted",
    FILE_SYSTEM,
    severity=Severity.HIGH,
    maps=required("efs_encryption_at_rest_enabled"),
    compliant=[{"encrypted": True}],
    violating=[{"encrypted": False}],
)
def encrypted(encrypted: bool) -> Verdict:  # noqa: FBT001
    """Files are encrypted at rest.

    It covers the files, their names and their backups, and can only be chosen when a file system is made.
    """
    if encrypted:
        return compliant
    return violation(
        because="the file system is not encrypted",
        guide="make an encrypted file system, copy the files with DataSync (or replicate to an encrypted one), mount "
        "it in place of this one, and delete this one when nothing mounts it any more",
    )


@control(
    "aws.efs.file-system.several-zones",
    FILE_SYSTEM,
    severity=Severity.LOW,
    maps=required("efs_multi_az_enabled"),
    compliant=[{"zone": ABSENT}],
    violating=[{"zone": "eu-west-1a"}],
)
def several_zones(zone: Value) -> Verdict:
    """Files are kept in several zones.

    Those of a file system in one zone are out of reach, or lost, with that zone.
    """
    if zone is ABSENT:
        return compliant
    return violation(
        because=f"the files are kept in {zone} only",
        guide="make a regional file system, copy the files with DataSync, mount it in place of this one; where the "
        "loss is acceptable, exempt this one",
    )


@control(
    "aws.efs.file-system.backed-up",
    FILE_SYSTEM,
    severity=Severity.MEDIUM,
    disrupts=harmless(
        "the file system stays available during its daily backup, which uses no burst credits; backups are "
        "charged by size, and those made before the fix is taken back stay",
        source="Amazon EFS User Guide, Backing up EFS file systems",
        noticed_by="those who pay",
    ),
    maps=required("efs_have_backup_enabled"),
    compliant=[{"backup": "ENABLED"}],
    violating=[Example({"backup": "DISABLED"}, leaves={"backup": "ENABLED"})],
)
def backed_up(backup: str) -> Verdict:
    """Files are backed up every day.

    The automatic plan keeps copies for five weeks, out of reach of whoever may write to the file system. One that a
    backup plan of your own takes in is backed up as well: exempt it.
    """
    return compliant if backup == "ENABLED" else should_be(backup="ENABLED", because="automatic backups are off")


def _via_mount_target(statement: Json) -> bool:
    """Whether a statement holds for clients in the network only, those that reach a mount target."""
    return any(
        test.operator == "bool" and test.key == _VIA.lower() and test.values == ("true",) and test.asks_presence
        for test in lines_of(statement)
    )


def _held_to_mount_targets(statement: Json) -> tuple[Json, ...]:
    """The statement for clients in the network; as it is where it holds for them only."""
    if _via_mount_target(statement):
        return (statement,)
    block = dict(statement.get("Condition") or {})
    return ({**statement, "Condition": {**block, "Bool": {**(block.get("Bool") or {}), _VIA: "true"}}},)


_ANYONE: Final = {
    "Effect": "Allow",
    "Principal": {"AWS": "*"},
    "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
}
_IN_NETWORK: Final = {**_ANYONE, "Condition": {"Bool": {_VIA: "true"}}}
_ROLE: Final = {**_ANYONE, "Sid": "App", "Principal": {"AWS": "arn:aws:iam::123456789012:role/app"}}


@control(
    "aws.efs.file-system.policy-not-public",
    FILE_SYSTEM,
    severity=Severity.HIGH,
    disrupts=may_disrupt(
        "clients that do not use a mount target (AWS Transfer Family servers) lose what the statement for "
        "everyone allows them",
        source="Amazon EFS User Guide, Blocking public access to EFS file systems",
    ),
    maps=required("efs_not_publicly_accessible"),
    compliant=[{"policy": ABSENT}, {"policy": policy_document(_IN_NETWORK, _ROLE)}],
    violating=[
        Example({"policy": policy_document(_ANYONE, _ROLE)}, leaves={"policy": policy_document(_IN_NETWORK, _ROLE)}),
        Example(
            {"policy": policy_document({**_ANYONE, "Condition": {"Bool": {"aws:SecureTransport": "true"}}})},
            leaves={
                "policy": policy_document(
                    {**_ANYONE, "Condition": {"Bool": {"aws:SecureTransport": "true", _VIA: "true"}}}
                )
            },
        ),
    ],
)
def policy_not_public(policy: Value) -> Verdict:
    """The file system's policy allows nothing to everyone outside the network.

    A statement for everyone is closed by the condition that the client comes through a mount target, where security
    groups decide who gets there. Without a policy it is those that decide as well.
    """
    return not_public(policy, lambda held: without_public(held, _held_to_mount_targets))


_DEFAULT: Final = {
    **_IN_NETWORK,
    "Sid": "MountTargetsAsBefore",
    "Principal": {"AWS": "*"},
    "Action": [
        "elasticfilesystem:ClientMount",
        "elasticfilesystem:ClientRootAccess",
        "elasticfilesystem:ClientWrite",
    ],
}
"""What a file system without a policy allows."""

_TLS_ONLY: Final = {
    "Sid": "TlsOnly",
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


@control(
    "aws.efs.file-system.tls-required",
    FILE_SYSTEM,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        "clients that mount without TLS (plain NFS, without the EFS mount helper's `tls`) are refused"
    ),
    compliant=[{"policy": policy_document(_DEFAULT, _TLS_ONLY)}],
    violating=[
        Example({"policy": ABSENT}, leaves={"policy": policy_document(_DEFAULT, _TLS_ONLY)}),
        Example({"policy": policy_document(_ROLE)}, leaves={"policy": policy_document(_ROLE, _TLS_ONLY)}),
    ],
)
def tls_required(policy: Value) -> Verdict:
    """Files cross the network over TLS only.

    Plain NFS is readable, and writable, for whoever is on the path. The first policy of a file system also says what
    was allowed without one, so that clients with TLS keep what they had.
    """
    if any(refuses_plain_http(statement) and _denies_all(statement) for statement in statements(policy)):
        return compliant
    opened = with_statement(policy, _DEFAULT) if policy is ABSENT else policy
    return should_be(policy=with_statement(opened, _TLS_ONLY), because="clients may mount without TLS")


def _denies_all(statement: Mapping[str, Json]) -> bool:
    actions = statement.get("Action", [])
    named = {actions} if isinstance(actions, str) else set(actions)
    return bool(named & {"*", "elasticfilesystem:*"}) or "elasticfilesystem:ClientMount" in named


def _root(raw: Json) -> Value:
    return (raw or {}).get("Path", "/")


ACCESS_POINT: Final = AwsKind(
    "aws.efs.access-point",
    "EFS access point",
    (
        Look(name="root", listed="RootDirectory", decode=_root, form=absent_is("/")),
        Look(name="user", listed="PosixUser"),
        tags(),
    ),
    touched_by=(
        changes(
            "elasticfilesystem", f"{REQUEST}.accessPointId", f"{REQUEST}.resourceId", id="(?:arn:.+/)?(fsap-[0-9a-f]+)"
        ),
    ),
    address="arn:{partition}:elasticfilesystem:{region}:{account}:access-point/{id}",
    find=Listing("efs.DescribeAccessPoints", "AccessPoints", id="AccessPointId", narrow={"AccessPointId": "{id}"}),
)


@control(
    "aws.efs.access-point.directory-enforced",
    ACCESS_POINT,
    severity=Severity.MEDIUM,
    maps=required("efs_access_point_enforce_root_directory"),
    compliant=[{"root": "/app"}],
    violating=[{"root": "/"}],
)
def directory_enforced(root: str) -> Verdict:
    """An access point shows one directory.

    One whose root is the root of the file system holds its clients to nothing.
    """
    if root != "/":
        return compliant
    return violation(
        because="the access point shows the whole file system",
        guide="an access point cannot be changed: make one with the directory that its clients need, mount through "
        "that, and delete this one when nothing uses it any more",
    )


@control(
    "aws.efs.access-point.user-enforced",
    ACCESS_POINT,
    severity=Severity.MEDIUM,
    maps=required("efs_access_point_enforce_user_identity"),
    compliant=[{"user": {"Uid": 1000, "Gid": 1000}}],
    violating=[{"user": ABSENT}],
)
def user_enforced(user: Value) -> Verdict:
    """An access point says as which user its clients work.

    Otherwise a client says itself who it is, root included.
    """
    if user is not ABSENT:
        return compliant
    return violation(
        because="clients choose their own user",
        guide="an access point cannot be changed: make one with a POSIX user that owns what its clients need, mount "
        "through that, and delete this one when nothing uses it any more",
    )
