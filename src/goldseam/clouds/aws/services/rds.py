"""RDS instances: settings that change at once, settings that wait for the maintenance window, and what waits.

`ModifyDBInstance` with `ApplyImmediately` carries out everything that waits for the maintenance window, such as a new
instance class with its outage. So settings which RDS applies at once in any case are written without it, and those
which need it are only written when nothing else waits. Source: RDS User Guide, "Modifying a DB instance", the table
of settings and "Using the schedule modifications setting".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Annotated, Final

from goldseam.clouds.aws.facet import Look, Send, no_list_is_empty, tags
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Settings
from goldseam.control import (
    Between,
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
from goldseam.values import ABSENT, Json, Value

_AT_ONCE: Final = ("PubliclyAccessible", "AutoMinorVersionUpgrade", "DeletionProtection", "CopyTagsToSnapshot")
_SCHEDULED: Final = ("BackupRetentionPeriod", "MultiAZ")

_IN_MOTION: Final = (
    "configuring-", "converting-", "creating", "maintenance", "modifying", "moving-to-vpc", "rebooting", "renaming",
    "resetting-", "starting", "upgrading",
)  # fmt: skip
"""How the names of states begin in which an accepted change may not be made yet."""


def waits(raw: Json, fields: Iterable[str]) -> str:
    """What an accepted change of these fields still waits for; empty when nothing does."""
    if waiting := sorted({*fields} & {*(raw.get("PendingModifiedValues") or ())}):
        return f"the maintenance window or a restart, for {', '.join(waiting)}"
    status = str(raw.get("DBInstanceStatus") or "")
    return f"the instance, which is {status}" if status.startswith(_IN_MOTION) else ""


def _settings(name: str, fields: tuple[str, ...], **more: Json) -> Settings:
    return Settings(
        name=name, listed="", waits=partial(waits, fields=fields), fields={field: field for field in fields},
        modify=Send("rds.ModifyDBInstance", {"DBInstanceIdentifier": "{id}", **more}),
    )  # fmt: skip


def _empty(value: Value) -> Value:
    return {} if value is ABSENT else value


def _without_passwords(raw: Mapping[str, Json]) -> Value:
    return {name: "waits" if "Password" in name else value for name, value in raw.items()}


def _group_ids(raw: Json) -> Value:
    return sorted(group["VpcSecurityGroupId"] for group in raw)


def _none(value: Value) -> Value:
    return "" if value is ABSENT else value


DB_INSTANCE: Final = AwsKind(
    "aws.rds.instance",
    "RDS instance",
    (
        _settings("settings", _AT_ONCE),
        _settings("resilience", _SCHEDULED, ApplyImmediately=True),
        Look(name="waiting", listed="PendingModifiedValues", decode=_without_passwords, form=_empty),
        Look(name="encrypted", listed="StorageEncrypted"),
        Look(name="cluster", listed="DBClusterIdentifier", form=_none),
        Look(name="replica_of", listed="ReadReplicaSourceDBInstanceIdentifier", form=_none),
        Look(name="groups", listed="VpcSecurityGroups", decode=_group_ids, form=no_list_is_empty),
        Look(name="subnets", listed="DBSubnetGroup.Subnets.SubnetIdentifier", decode=sorted, form=no_list_is_empty),
        Look(name="vpc", listed="DBSubnetGroup.VpcId", form=_none),
        Look(name="kms_key", listed="KmsKeyId", form=_none),
        Look(name="engine", listed="Engine"),
        Look(name="status", listed="DBInstanceStatus"),
        tags(listed="TagList"),
    ),
    touched_by=(
        changes(
            "rds",
            f"{REQUEST}.dBInstanceIdentifier",
            f"{REQUEST}.newDBInstanceIdentifier",
            id="(?:arn:.+:db:)?([^:]+)",
        ),
        changes("rds", f"{REQUEST}.resourceName", id="arn:.+:db:([^:]+)"),
    ),
    address="arn:{partition}:rds:{region}:{account}:db:{id}",
    find=Listing(
        "rds.DescribeDBInstances",
        "DBInstances",
        id="DBInstanceIdentifier",
        narrow={"DBInstanceIdentifier": "{id}"},
    ),
)

_GOOD: Final = dict(zip(_AT_ONCE, (False, True, True, True), strict=True))


def _example(good: Mapping[str, Json], leaves: Mapping[str, Json] | None = None, **changed: Json) -> Example:
    """An instance outside a cluster with these settings."""
    facet = "settings" if "PubliclyAccessible" in good else "resilience"
    more = {"cluster": "", "replica_of": "", "waiting": {}}
    after = None if leaves is None else {facet: {**good, **leaves}}
    return Example({facet: {**good, **changed}, **more}, leaves=after)


@control(
    "aws.rds.instance.not-public", DB_INSTANCE, severity=Severity.CRITICAL,
    disrupts=may_disrupt("clients outside the network that connect over the public address are cut off"),
    maps=required("rds_instance_no_public_access"),
    compliant=[_example(_GOOD)],
    violating=[_example(_GOOD, {}, PubliclyAccessible=True)],
)  # fmt: skip
def not_public(settings: Mapping[str, Json]) -> Verdict:
    """A database has no public address.

    Without one a mistake in a security group does not put the data on the internet.
    """
    if not settings.get("PubliclyAccessible", False):
        return compliant
    return should_be(settings={**settings, "PubliclyAccessible": False}, because="it is publicly accessible")


@control(
    "aws.rds.instance.upgraded", DB_INSTANCE, severity=Severity.MEDIUM,
    disrupts=may_disrupt("the instance restarts in its maintenance window when there is a newer minor version"),
    maps=required("rds_instance_minor_version_upgrade_enabled"),
    compliant=[_example(_GOOD)],
    violating=[_example(_GOOD, {}, AutoMinorVersionUpgrade=False)],
)  # fmt: skip
def upgraded(settings: Mapping[str, Json]) -> Verdict:
    """Minor versions are installed in the maintenance window.

    Minor versions carry the security fixes; without this someone has to remember each of them.
    """
    if settings.get("AutoMinorVersionUpgrade", False):
        return compliant
    return should_be(settings={**settings, "AutoMinorVersionUpgrade": True}, because="minor versions are not installed")


@control(
    "aws.rds.instance.deletion-protected", DB_INSTANCE, severity=Severity.MEDIUM,
    disrupts=harmless("only a deletion is refused, until the protection is switched off again"),
    maps=required("rds_instance_deletion_protection"),
    compliant=[_example(_GOOD), {"settings": {**_GOOD, "DeletionProtection": False}, "cluster": "shop"}],
    violating=[_example(_GOOD, {}, DeletionProtection=False)],
)  # fmt: skip
def deletion_protected(settings: Mapping[str, Json], cluster: str) -> Verdict:
    """A database cannot be deleted by one call.

    One mistaken script, or one stolen key, is then not enough. In a cluster it is the cluster that is protected.
    """
    if cluster or settings.get("DeletionProtection", False):
        return compliant
    return should_be(settings={**settings, "DeletionProtection": True}, because="deletion protection is off")


@control(
    "aws.rds.instance.tags-copied-to-snapshots", DB_INSTANCE, severity=Severity.LOW,
    disrupts=harmless("snapshots made from now on carry the tags; nothing else changes"),
    maps=required("rds_instance_copy_tags_to_snapshots"),
    compliant=[_example(_GOOD), {"settings": {**_GOOD, "CopyTagsToSnapshot": False}, "cluster": "shop"}],
    violating=[_example(_GOOD, {}, CopyTagsToSnapshot=False)],
)  # fmt: skip
def tags_copied(settings: Mapping[str, Json], cluster: str) -> Verdict:
    """Snapshots carry the tags of their database.

    Owner, data class and access rules that go by tags then hold for the copies as well. In a cluster it is the
    cluster that says so.
    """
    if cluster or settings.get("CopyTagsToSnapshot", False):
        return compliant
    return should_be(settings={**settings, "CopyTagsToSnapshot": True}, because="tags are not copied to snapshots")


_SAFE: Final = {"BackupRetentionPeriod": 7, "MultiAZ": True}
_NEW_CLASS: Final = {"DBInstanceClass": "db.r6g.large"}


def _resilient(
    resilience: Mapping[str, Json], waiting: Mapping[str, Json], field: str, value: Json, because: str
) -> Verdict:
    """The verdict that a scheduled setting should have a value, unless that, or something else, waits already."""
    if waiting.get(field) == value:
        return violation(
            because=f"{because}; the change is accepted and waits for the maintenance window",
            guide="wait for the maintenance window, or reboot the instance",
        )
    if others := sorted(set(waiting) - {field}):
        return violation(
            because=f"{because}; {', '.join(others)} waits, and would be changed at once as well",
            guide="let what waits be applied or take it back, then repair this",
        )
    return should_be(resilience={**resilience, field: value}, because=because)


@control(
    "aws.rds.instance.backed-up", DB_INSTANCE, severity=Severity.HIGH,
    disrupts=may_disrupt("storage pauses for seconds to minutes when backups are switched on for the first time"),
    maps=required("rds_instance_backup_enabled"),
    compliant=[
        _example(_SAFE),
        {**_example(_SAFE, BackupRetentionPeriod=1).facets, "cluster": "shop"},
        {**_example(_SAFE, BackupRetentionPeriod=0).facets, "replica_of": "orders"},
    ],
    violating=[
        _example(_SAFE, {}, BackupRetentionPeriod=0),
        _example(_SAFE, {}, BackupRetentionPeriod=1),
        {**_example(_SAFE, BackupRetentionPeriod=0).facets, "waiting": _NEW_CLASS},
        {**_example(_SAFE, BackupRetentionPeriod=0).facets, "waiting": {"BackupRetentionPeriod": 7}},
    ],
)  # fmt: skip
def backed_up(
    resilience: Mapping[str, Json],
    waiting: Mapping[str, Json],
    cluster: str,
    replica_of: str,
    *,
    days: Annotated[int, Between(1, 35)] = 7,
) -> Verdict:
    """Automated backups are kept for some days.

    They are the way back from a wrong statement, a bad release and ransom. A cluster keeps its own, and a replica's
    are those of its source.
    """
    kept = resilience.get("BackupRetentionPeriod", 0)
    if cluster or replica_of or kept >= days:
        return compliant
    return _resilient(resilience, waiting, "BackupRetentionPeriod", days, f"backups are kept for {kept} of {days} days")


@control(
    "aws.rds.instance.multi-az", DB_INSTANCE, severity=Severity.MEDIUM,
    disrupts=may_disrupt("the instance costs twice as much, and writes are slower while the second copy is made"),
    maps=required("rds_instance_multi_az"),
    compliant=[
        _example(_SAFE),
        {**_example(_SAFE, MultiAZ=False).facets, "cluster": "shop"},
        {**_example(_SAFE, MultiAZ=False).facets, "replica_of": "orders"},
    ],
    violating=[
        _example(_SAFE, {}, MultiAZ=False),
        {**_example(_SAFE, MultiAZ=False).facets, "waiting": _NEW_CLASS},
        {**_example(_SAFE, MultiAZ=False).facets, "waiting": {"MultiAZ": True}},
    ],
)  # fmt: skip
def multi_az(resilience: Mapping[str, Json], waiting: Mapping[str, Json], cluster: str, replica_of: str) -> Verdict:
    """A database has a standby in another zone.

    Without one the loss of a zone, and every larger piece of maintenance, is an outage. A cluster spreads its own
    members, and a replica is a spare already.
    """
    if cluster or replica_of or resilience.get("MultiAZ", False):
        return compliant
    return _resilient(resilience, waiting, "MultiAZ", True, "there is no standby in another zone")  # noqa: FBT003


@control(
    "aws.rds.instance.encrypted", DB_INSTANCE, severity=Severity.HIGH,
    disrupts=harmless("nothing is changed; a person moves the data to an encrypted instance"),
    maps=required("rds_instance_storage_encrypted"),
    compliant=[{"encrypted": True}],
    violating=[{"encrypted": False}],
)  # fmt: skip
def encrypted(encrypted: bool) -> Verdict:  # noqa: FBT001
    """The storage of a database is encrypted.

    It covers the data, its backups, replicas and snapshots, and can only be chosen when an instance is made.
    """
    if encrypted:
        return compliant
    return violation(
        because="storage is not encrypted",
        guide="copy a snapshot with encryption on, restore an instance from the copy, and move the clients to it",
    )
