"""RDS instances: what they are, and that they last: upgrades, backups, a standby, protection against deletion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Final

from goldseam.clouds.aws.facet import VALUE, Look, Send, absent_is, tags
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.parameter_groups import GroupParameters
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.rds.changes import IAM, INTERVAL, LOGS, RETENTION, ROLE, WAITING, scheduled, settings
from goldseam.clouds.aws.services.rds.transport import STORE, Certificate
from goldseam.clouds.aws.shapes import Document
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
from goldseam.model.values import Json, Value

_FIELDS: Final = (
    "PubliclyAccessible", "AutoMinorVersionUpgrade", "DeletionProtection", "CopyTagsToSnapshot", RETENTION, "MultiAZ",
    IAM, LOGS, INTERVAL, ROLE,
)  # fmt: skip
_NAMED: Final = {"DBInstanceIdentifier": "{id}"}
OTHERS: Final = ("neptune", "docdb")
"""Engines of databases that RDS's listings give as well, which are kinds of their own."""


def of_rds(item: Json) -> bool:
    """Whether an item of a listing is RDS's own."""
    return str(item.get("Engine", "")) not in OTHERS


def of_engine(engine: str) -> Callable[[Json], bool]:
    """What tells the items of one engine in a listing of RDS."""

    def where(item: Json) -> bool:
        return str(item.get("Engine", "")) == engine

    return where


def _group_ids(raw: Json) -> Value:
    """The security groups that the instance is in, or is about to be."""
    return sorted(group["VpcSecurityGroupId"] for group in raw if group.get("Status") != "removing")


def _groups_wait(raw: Json) -> str:
    """A change of the security groups that is under way."""
    states = {str(group.get("Status") or "active") for group in raw.get("VpcSecurityGroups") or ()} - {"active"}
    return f"the security groups, one of which is {min(states)}" if states else ""


DB_INSTANCE: Final = AwsKind(
    "aws.rds.instance",
    "RDS instance",
    (
        settings(
            Send("rds.ModifyDBInstance", _NAMED, passes=(ROLE,)), _FIELDS, of="instance",
            scheduled=(RETENTION, "MultiAZ", IAM),
        ),
        WAITING,
        Look(name="encrypted", listed="StorageEncrypted"),
        Look(name="cluster", listed="DBClusterIdentifier", form=absent_is("")),
        Look(name="replica_of", listed="ReadReplicaSourceDBInstanceIdentifier", form=absent_is("")),
        Document(
            name="groups", listed="VpcSecurityGroups", decode=_group_ids, form=absent_is([]), waits=_groups_wait,
            put=Send("rds.ModifyDBInstance", {**_NAMED, "VpcSecurityGroupIds": VALUE}),
        ),
        Look(name="subnets", listed="DBSubnetGroup.Subnets.SubnetIdentifier", decode=sorted, form=absent_is([])),
        Look(name="vpc", listed="DBSubnetGroup.VpcId", form=absent_is("")),
        Look(name="kms_key", listed="KmsKeyId", form=absent_is("")),
        Look(name="engine", listed="Engine"),
        Look(name="status", listed="DBInstanceStatus"),
        Look(name="admin", listed="MasterUsername", form=absent_is("")),
        Look(name="port", listed="Endpoint.Port"),
        Certificate(name="certificate"),
        GroupParameters(name="transport", store=STORE),
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
        where=of_rds,
    ),
)  # fmt: skip

GOOD: Final = dict(zip(_FIELDS, (False, True, True, True, 7, True, True, [], 0, ""), strict=True))
"""An instance outside a cluster as it should be, but for its logs and its monitoring."""

_MORE: Final = {"cluster": "", "replica_of": "", "waiting": {}}


def example(
    leaves: Mapping[str, Json] | None = None, more: Mapping[str, Value] | None = None, **changed: Json
) -> Example:
    """An instance outside a cluster with these settings, and those that the fix leaves."""
    after = None if leaves is None else {"settings": {**GOOD, **changed, **leaves}}
    return Example({"settings": {**GOOD, **changed}, **_MORE, **(more or {})}, leaves=after)


@control(
    "aws.rds.instance.upgraded", DB_INSTANCE, severity=Severity.MEDIUM,
    disrupts=may_disrupt("the instance restarts in its maintenance window when there is a newer minor version"),
    maps=required("rds_instance_minor_version_upgrade_enabled"),
    covers=("security-hub:RDS.13",),
    compliant=[example()],
    violating=[example({"AutoMinorVersionUpgrade": True}, AutoMinorVersionUpgrade=False)],
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
    disrupts=harmless(
        "only a deletion is refused, until the protection is switched off again; the change causes no downtime",
        source="Amazon RDS User Guide, Settings for DB instances",
        noticed_by="those who delete it",
    ),
    maps=required("rds_instance_deletion_protection"),
    covers=("security-hub:RDS.8",),
    compliant=[example(), example(more={"cluster": "shop"}, DeletionProtection=False)],
    violating=[example({"DeletionProtection": True}, DeletionProtection=False)],
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
    disrupts=harmless(
        "only snapshots made from then on get the tags; the change causes no downtime",
        source="Amazon RDS User Guide, Settings for DB instances",
    ),
    maps=required("rds_instance_copy_tags_to_snapshots"),
    compliant=[example(), example(more={"cluster": "shop"}, CopyTagsToSnapshot=False)],
    violating=[example({"CopyTagsToSnapshot": True}, CopyTagsToSnapshot=False)],
)  # fmt: skip
def tags_copied(settings: Mapping[str, Json], cluster: str) -> Verdict:
    """Snapshots carry the tags of their database.

    Owner, data class and access rules that go by tags then hold for the copies as well. In a cluster it is the
    cluster that says so.
    """
    if cluster or settings.get("CopyTagsToSnapshot", False):
        return compliant
    return should_be(settings={**settings, "CopyTagsToSnapshot": True}, because="tags are not copied to snapshots")


_NEW_CLASS: Final = {"waiting": {"DBInstanceClass": "db.r6g.large"}}


@control(
    "aws.rds.instance.backed-up", DB_INSTANCE, severity=Severity.HIGH,
    disrupts=may_disrupt("storage pauses for seconds to minutes when backups are switched on for the first time"),
    maps=required("rds_instance_backup_enabled"),
    compliant=[
        example(),
        example(more={"cluster": "shop"}, BackupRetentionPeriod=1),
        example(more={"replica_of": "orders"}, BackupRetentionPeriod=0),
    ],
    violating=[
        example({"BackupRetentionPeriod": 7}, BackupRetentionPeriod=0),
        example({"BackupRetentionPeriod": 7}, BackupRetentionPeriod=1),
        example(more=_NEW_CLASS, BackupRetentionPeriod=0),
        example(more={"waiting": {"BackupRetentionPeriod": 7}}, BackupRetentionPeriod=0),
    ],
)  # fmt: skip
def backed_up(
    settings: Mapping[str, Json],
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
    kept = settings.get("BackupRetentionPeriod", 0)
    if cluster or replica_of or kept >= days:
        return compliant
    return scheduled(settings, waiting, RETENTION, days, f"backups are kept for {kept} of {days} days")


@control(
    "aws.rds.instance.multi-az", DB_INSTANCE, severity=Severity.MEDIUM,
    disrupts=may_disrupt("the instance costs twice as much, and writes are slower while the second copy is made"),
    maps=required("rds_instance_multi_az"),
    covers=("security-hub:RDS.5",),
    compliant=[
        example(),
        example(more={"cluster": "shop"}, MultiAZ=False),
        example(more={"replica_of": "orders"}, MultiAZ=False),
    ],
    violating=[
        example({"MultiAZ": True}, MultiAZ=False),
        example(more=_NEW_CLASS, MultiAZ=False),
        example(more={"waiting": {"MultiAZ": True}}, MultiAZ=False),
    ],
)  # fmt: skip
def multi_az(settings: Mapping[str, Json], waiting: Mapping[str, Json], cluster: str, replica_of: str) -> Verdict:
    """A database has a standby in another zone.

    Without one the loss of a zone, and every larger piece of maintenance, is an outage. A cluster spreads its own
    members, and a replica is a spare already.
    """
    if cluster or replica_of or settings.get("MultiAZ", False):
        return compliant
    return scheduled(settings, waiting, "MultiAZ", True, "there is no standby in another zone")  # noqa: FBT003


@control(
    "aws.rds.instance.encrypted", DB_INSTANCE, severity=Severity.HIGH,
    maps=required("rds_instance_storage_encrypted"),
    compliant=[{"encrypted": True, "cluster": ""}, {"encrypted": False, "cluster": "shop"}],
    violating=[{"encrypted": False, "cluster": ""}],
)  # fmt: skip
def encrypted(encrypted: bool, cluster: str) -> Verdict:  # noqa: FBT001
    """The storage of a database is encrypted.

    It covers the data, its backups, replicas and snapshots, and can only be chosen when an instance is made. The
    storage of a cluster's members is the cluster's.
    """
    if encrypted or cluster:
        return compliant
    return violation(because="storage is not encrypted", guide=ENCRYPTING)


ENCRYPTING: Final = (
    "1. take a snapshot: `aws rds create-db-snapshot`; writes made after this are not in it, so stop the writers "
    "first, or catch up with replication (AWS DMS) afterwards; 2. copy it with encryption on: `aws rds "
    "copy-db-snapshot --kms-key-id alias/aws/rds`; 3. restore the copy under a new name, with the same subnet group, "
    "security groups and parameter group: `aws rds restore-db-instance-from-db-snapshot`; 4. test it, rename the old "
    "instance and give the new one its name, so that the clients find it; 5. take a last snapshot of the old instance "
    "and delete it"
)
