"""What clusters of RDS, Neptune and DocumentDB have in common: one API, one shape, the same rules.

RDS's listing gives the clusters of all three; each kind takes those of its own engines, and the three share one call.
Neptune and DocumentDB apply all of these settings at once (Neptune and DocumentDB API References, "ModifyDBCluster").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Final, TypeAlias

from goldseam.clouds.aws.facet import Look, Send, absent_is, tags
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.parameter_groups import DEFAULT_GROUP, GroupParameters
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.rds.changes import IAM, LOGS, RETENTION, WAITING, scheduled, settings
from goldseam.clouds.aws.services.rds.transport import CLUSTER_STORE, is_on, required_by
from goldseam.control import (
    Between,
    Control,
    Disruption,
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
from goldseam.model.values import ABSENT, Json, Unknown, Value

_REFERENCES: Final = {
    "aws.rds.cluster": "Amazon RDS API Reference",
    "aws.docdb.cluster": "Amazon DocumentDB API Reference",
    "aws.neptune.cluster": "Amazon Neptune API Reference",
}
_BACKUPS: Final = {
    "aws.rds.cluster": "Amazon Aurora User Guide, Overview of backing up and restoring an Aurora DB cluster",
    "aws.docdb.cluster": "Amazon DocumentDB Developer Guide, Backing up and restoring in Amazon DocumentDB",
    "aws.neptune.cluster": "Amazon Neptune User Guide, Overview of backing up and restoring a Neptune DB cluster",
}
_LOG_EXPORTS: Final = {
    "aws.rds.cluster": "Amazon Aurora User Guide, Modifying an Amazon Aurora DB cluster",
    "aws.docdb.cluster": "Amazon DocumentDB Developer Guide, Auditing Amazon DocumentDB events",
    "aws.neptune.cluster": "Amazon Neptune User Guide, Publishing Neptune logs to Amazon CloudWatch Logs",
}
_OF_INSTANCES: Final = ("fsbp:RDS.11", "fsbp:RDS.38", "fsbp:RDS.39")
"""What the same checks ask of instances, and of those outside clusters only (AWS Security Hub User Guide, RDS)."""

_TAKES_MEMORY: Final = may_disrupt(
    "IAM authentication needs 300 to 1000 MiB of the memory of each instance; small and burstable instances may run "
    "out of it",
    source="Amazon Aurora User Guide, IAM database authentication",
)


def _count(raw: Json) -> Value:
    """How many there are: the members of a cluster are spread over zones, if there is more than one."""
    return len(raw)


def cluster_kind(
    service: str, title: str, fields: tuple[str, ...], where: Callable[[Json], bool], waiting: tuple[str, ...] = ()
) -> AwsKind:
    """A kind of clusters; `waiting` are the fields that wait for the maintenance window unless applied immediately."""
    return AwsKind(
        f"aws.{service}.cluster",
        title,
        (
            settings(
                Send(f"{service}.ModifyDBCluster", {"DBClusterIdentifier": "{id}"}), fields, of="cluster",
                scheduled=waiting),
            WAITING,
            Look(name="encrypted", listed="StorageEncrypted"),
            Look(name="engine", listed="Engine"),
            Look(name="admin", listed="MasterUsername", form=absent_is("")),
            Look(name="spread", listed="MultiAZ"),
            Look(name="port", listed="Port"),
            GroupParameters(name="transport", store=CLUSTER_STORE),
            Look(name="members", listed="DBClusterMembers", decode=_count, form=absent_is(0)),
            tags(listed="TagList"),
        ),
        touched_by=(
            changes(
                "rds", f"{REQUEST}.dBClusterIdentifier", f"{REQUEST}.newDBClusterIdentifier",
                id="(?:arn:.+:cluster:)?([^:]+)",
            ),
            changes("rds", f"{REQUEST}.resourceName", id="arn:.+:cluster:([^:]+)"),
        ),
        address="arn:{partition}:rds:{region}:{account}:cluster:{id}",
        find=Listing(
            "rds.DescribeDBClusters", "DBClusters", id="DBClusterIdentifier", narrow={"DBClusterIdentifier": "{id}"},
            where=where,
        ),
    )  # fmt: skip


def _example(good: Mapping[str, Json], more: Mapping[str, Value] | None = None, **changed: Json) -> Example:
    return Example({"settings": {**good, **changed}, **(more or {})})


def _mended(
    good: Mapping[str, Json], leaves: Mapping[str, Json], more: Mapping[str, Value] | None = None, **changed: Json
) -> Example:
    held = {**good, **changed}
    return Example({"settings": held, **(more or {})}, leaves={"settings": {**held, **leaves}})


def deletion_protected(kind: AwsKind, good: Mapping[str, Json], check: str, covers: tuple[str, ...] = ()) -> Control:
    """The control that a cluster of a kind is protected against deletion."""

    @control(
        f"{kind.name}.deletion-protected", kind, severity=Severity.MEDIUM,
        disrupts=harmless(
            "only a deletion is refused, until the protection is switched off again",
            source=f"{_REFERENCES[kind.name]}, ModifyDBCluster",
            noticed_by="those who delete it",
        ),
        maps=required(check), covers=covers,
        compliant=[_example(good)],
        violating=[_mended(good, {"DeletionProtection": True}, DeletionProtection=False)],
    )  # fmt: skip
    def rule(settings: Mapping[str, Json]) -> Verdict:
        """A cluster cannot be deleted by one call.

        One mistaken script, or one stolen key, is then not enough.
        """
        if settings.get("DeletionProtection", False):
            return compliant
        return should_be(settings={**settings, "DeletionProtection": True}, because="deletion protection is off")

    return rule


def tags_copied(kind: AwsKind, good: Mapping[str, Json], check: str, covers: tuple[str, ...] = ()) -> Control:
    """The control that snapshots of a cluster of a kind carry its tags."""

    @control(
        f"{kind.name}.tags-copied-to-snapshots", kind, severity=Severity.LOW,
        disrupts=harmless(
            "only snapshots made from then on get the tags",
            source=f"{_REFERENCES[kind.name]}, ModifyDBCluster",
        ),
        maps=required(check), covers=covers,
        compliant=[_example(good)],
        violating=[_mended(good, {"CopyTagsToSnapshot": True}, CopyTagsToSnapshot=False)],
    )  # fmt: skip
    def rule(settings: Mapping[str, Json]) -> Verdict:
        """Snapshots carry the tags of their cluster.

        Owner, data class and access rules that go by tags then hold for the copies as well.
        """
        if settings.get("CopyTagsToSnapshot", False):
            return compliant
        return should_be(settings={**settings, "CopyTagsToSnapshot": True}, because="tags are not copied to snapshots")

    return rule


def iam_authenticated(kind: AwsKind, good: Mapping[str, Json], check: str, disrupts: str = "") -> Control:
    """The control that people sign in to a cluster of a kind by IAM."""

    @control(
        f"{kind.name}.iam-authenticated", kind, severity=Severity.MEDIUM,
        disrupts=may_disrupt(disrupts) if disrupts else _TAKES_MEMORY,
        maps=required(check),
        compliant=[_example(good, {"waiting": {}})],
        violating=[
            _mended(good, {IAM: True}, {"waiting": {}}, IAMDatabaseAuthenticationEnabled=False),
            _example(good, {"waiting": {"EngineVersion": "16.4"}}, IAMDatabaseAuthenticationEnabled=False),
        ],
    )  # fmt: skip
    def rule(settings: Mapping[str, Json], waiting: Mapping[str, Json]) -> Verdict:
        """Users can sign in to a cluster by IAM.

        Tokens are short-lived and given to roles, so no password has to be kept in an application.
        """
        if settings.get(IAM, False):
            return compliant
        return scheduled(settings, waiting, IAM, True, "nobody can sign in by IAM")  # noqa: FBT003

    return rule


def backed_up(kind: AwsKind, good: Mapping[str, Json], *checks: str) -> Control:
    """The control that backups of a cluster of a kind are kept."""

    @control(
        f"{kind.name}.backed-up", kind, severity=Severity.MEDIUM,
        disrupts=harmless(
            "backups are continuous and do not affect performance; more of them are kept, and charged by size",
            source=_BACKUPS[kind.name],
            noticed_by="those who pay",
        ),
        maps=required(*checks, without=_OF_INSTANCES),
        compliant=[_example(good, {"waiting": {}}), _example(good, {"waiting": {}}, BackupRetentionPeriod=35)],
        violating=[
            _mended(good, {RETENTION: 7}, {"waiting": {}}, BackupRetentionPeriod=1),
            _example(good, {"waiting": {"EngineVersion": "16.4"}}, BackupRetentionPeriod=1),
        ],
    )  # fmt: skip
    def rule(
        settings: Mapping[str, Json], waiting: Mapping[str, Json], *, days: Annotated[int, Between(1, 35)] = 7
    ) -> Verdict:
        """Automated backups are kept for some days.

        They are the way back from a wrong statement, a bad release and ransom; one day is over before it is noticed.
        """
        kept = settings.get(RETENTION, 0)
        if kept >= days:
            return compliant
        return scheduled(settings, waiting, RETENTION, days, f"backups are kept for {kept} of {days} days")

    return rule


def _copied_logs(kind: AwsKind) -> Disruption:
    return harmless(
        "the database writes its logs as before; CloudWatch Logs charges by volume for a copy of them",
        source=_LOG_EXPORTS[kind.name],
        noticed_by="those who pay",
    )


Logs: TypeAlias = Mapping[str, tuple[str, ...]]


def logs_exported(
    kind: AwsKind, good: Mapping[str, Json], logs: Logs, check: str, needs: str = "", disrupts: Disruption | None = None
) -> Control:
    """The control that logs of a cluster of a kind are exported: those wanted of each engine; `needs` is for why."""
    engine = next(iter(logs))
    wanted = sorted(logs[engine])

    @control(
        f"{kind.name}.logs-exported", kind, severity=Severity.MEDIUM,
        disrupts=disrupts or _copied_logs(kind),
        maps=required(check),
        compliant=[
            _example(good, {"engine": engine}, EnabledCloudwatchLogsExports=wanted),
            _example(good, {"engine": "another"}, EnabledCloudwatchLogsExports=[]),
        ],
        violating=[
            _mended(good, {LOGS: wanted}, {"engine": engine}, EnabledCloudwatchLogsExports=[]),
            _mended(
                good, {LOGS: sorted({*wanted, "another"})}, {"engine": engine}, EnabledCloudwatchLogsExports=["another"]
            ),
        ],
        title="The logs of a cluster go to CloudWatch Logs",
        why=f"Whoever owns the database owns the logs that it keeps itself. Log types beyond those wanted stay.{needs}",
    )  # fmt: skip
    def rule(settings: Mapping[str, Json], engine: str) -> Verdict:
        missing = sorted({*logs.get(engine, ())} - {*settings[LOGS]})
        if not missing:
            return compliant
        exported = sorted({*settings[LOGS], *missing})
        because = f"the logs {', '.join(missing)} are not exported"
        return should_be(settings={**settings, LOGS: exported}, because=because)

    return rule


def encrypted(kind: AwsKind, check: str, service: str) -> Control:
    """The control that the storage of a cluster of a kind is encrypted; `service` is what the CLI calls it."""
    restore = (
        f"`aws {service} restore-db-cluster-from-snapshot --kms-key-id …`, with the same subnet group, security groups "
        "and parameter group"
    )

    @control(
        f"{kind.name}.encrypted", kind, severity=Severity.HIGH,
        maps=required(check),
        compliant=[{"encrypted": True}],
        violating=[{"encrypted": False}],
    )  # fmt: skip
    def rule(encrypted: Value) -> Verdict:
        """The storage of a cluster is encrypted.

        It covers the data, its backups, replicas and snapshots, and can only be chosen when a cluster is made.
        """
        if encrypted is True:
            return compliant
        return violation(
            because="storage is not encrypted",
            guide="1. stop the writers, so that nothing is lost between the two; 2. take a snapshot: "
            f"`aws {service} create-db-cluster-snapshot`; 3. restore it with a key: {restore}; 4. add instances to the "
            "new cluster, test it, and move the clients to its endpoint; 5. take a last snapshot of the old cluster "
            "and delete it",
        )

    return rule


def multi_az(kind: AwsKind, check: str, service: str) -> Control:
    """The control that a cluster of a kind has instances in more than one zone.

    `MultiAZ` of a cluster says so (AWS Config Developer Guide, "rds-cluster-multi-az-enabled"); two instances may be in
    one zone.
    """

    @control(
        f"{kind.name}.multi-az", kind, severity=Severity.MEDIUM,
        maps=required(check),
        compliant=[{"spread": True, "members": 2}],
        violating=[{"spread": False, "members": number} for number in (2, 1, 0)],
    )  # fmt: skip
    def rule(spread: Value, members: int) -> Verdict:
        """A cluster has members in several zones.

        With instances in one zone the loss of that zone, and every larger piece of maintenance, is an outage.
        """
        if spread is ABSENT:
            return Unknown("whether its instances are in several zones was not told")
        if spread is True:
            return compliant
        return violation(
            because=f"it has {members} instance{'' if members == 1 else 's'}, in one zone",
            guide=f"add an instance in another zone: `aws {service} create-db-instance --db-cluster-identifier … "
            "--availability-zone …`; it costs as much as the first",
        )

    return rule


def tls_required(kind: AwsKind, family: str, name: str, service: str, *checks: str) -> Control:
    """The control that no cluster of a kind is in a default group that lets plain connections in."""
    default = f"{DEFAULT_GROUP}{family}"

    @control(
        f"{kind.name}.tls-required", kind, severity=Severity.MEDIUM,
        maps=required(*checks, without=_OF_INSTANCES),
        compliant=[
            {"transport": {"group": default, "values": {name: "1"}}},
            {"transport": {"group": "own", "values": {name: "0"}}},
        ],
        violating=[{"transport": {"group": default, "values": {name: "0"}}}],
    )  # fmt: skip
    def rule(transport: Value) -> Verdict:
        """A cluster is in no default group that lets plain connections in.

        What is sent over a plain connection, passwords included, can be read on the way. Nothing can be changed in
        AWS's default groups; groups of one's own have a control of their own, with a fix.
        """
        held = required_by(transport["values"])
        if not transport["group"].startswith(DEFAULT_GROUP) or not held or is_on(transport["values"][held]):
            return compliant
        return violation(
            because=f"`{held}` is {transport['values'][held] or 'not set'} in the group `{transport['group']}`",
            guide=f"1. see that all clients connect with TLS; 2. make a cluster parameter group and switch on `{held}` "
            f"in it; 3. `aws {service} modify-db-cluster --db-cluster-parameter-group-name …`; 4. restart it",
        )

    return rule
