"""Redshift clusters: who reaches them, how they are kept, and what is recorded of their use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from goldseam.clouds.aws.facet import Get, Look, Send, absent_is, tags
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.named import Bucket
from goldseam.clouds.aws.parameter_groups import DEFAULT_GROUP, GroupParameters
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.redshift.parameters import REQUIRE_SSL, STORE
from goldseam.clouds.aws.shapes import Document, Settings
from goldseam.control import (
    Between,
    Example,
    Placed,
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

_NAMED: Final = {"ClusterIdentifier": "{id}"}
_RETENTION: Final = "AutomatedSnapshotRetentionPeriod"
_FIELDS: Final = ("PubliclyAccessible", "AllowVersionUpgrade", _RETENTION, "EnhancedVpcRouting", "Encrypted")
_PENDING: Final = (*_FIELDS, "EncryptionType")


def _waits(raw: Mapping[str, Json]) -> str:
    """What an accepted change of the settings waits for."""
    if waiting := sorted({*_PENDING} & {*(raw.get("PendingModifiedValues") or ())}):
        return f"the cluster, which is being changed, for {', '.join(waiting)}"
    status = str(raw.get("ClusterStatus") or "available")
    still = status == "available" or status.startswith(("paused", "incompatible-", "hardware-failure", "storage-full"))
    return "" if still else f"the cluster, which is {status}"


def _log(raw: Mapping[str, Json]) -> Value:
    """Where the log goes: absent when it goes nowhere."""
    if str(raw.get("LoggingEnabled")).lower() != "true":
        return ABSENT
    told = {name: raw[name] for name in ("BucketName", "S3KeyPrefix") if raw.get(name)}
    exports = {"LogExports": sorted(raw["LogExports"])} if raw.get("LogExports") else {}
    return {"LogDestinationType": raw.get("LogDestinationType") or "s3", **told, **exports}


CLUSTER: Final = AwsKind(
    "aws.redshift.cluster",
    "Redshift cluster",
    (
        Settings(
            name="settings", listed="", waits=_waits, fields={name: name for name in _FIELDS},
            modify=Send("redshift.ModifyCluster", _NAMED),
        ),
        Document(
            name="log", get=Get("redshift.DescribeLoggingStatus", _NAMED), decode=_log, spread=True,
            put=Send("redshift.EnableLogging", _NAMED), delete=Send("redshift.DisableLogging", _NAMED),
        ),
        Look(name="admin", listed="MasterUsername", form=absent_is("")),
        Look(name="database", listed="DBName", form=absent_is("")),
        Look(name="spread", listed="MultiAZ", form=absent_is("")),
        GroupParameters(name="transport", store=STORE),
        tags(),
    ),
    touched_by=(
        changes("redshift", f"{REQUEST}.clusterIdentifier", f"{REQUEST}.newClusterIdentifier"),
        changes("redshift", f"{REQUEST}.resourceName", id="arn:.+:cluster:([^:]+)"),
    ),
    address="arn:{partition}:redshift:{region}:{account}:cluster:{id}",
    find=Listing("redshift.DescribeClusters", "Clusters", id="ClusterIdentifier", narrow=_NAMED),
)  # fmt: skip

_GOOD: Final = dict(zip(_FIELDS, (False, True, 7, True, True), strict=True))


def _example(leaves: Mapping[str, Json] | None = None, **changed: Json) -> Example:
    held = {**_GOOD, **changed}
    return Example({"settings": held}, leaves=None if leaves is None else {"settings": {**held, **leaves}})


@control(
    "aws.redshift.cluster.not-public", CLUSTER, severity=Severity.CRITICAL,
    disrupts=may_disrupt("clients outside the network that connect over the public address are cut off"),
    maps=required("redshift_cluster_public_access"),
    covers=("security-hub:Redshift.1",),
    compliant=[_example()],
    violating=[_example({"PubliclyAccessible": False}, PubliclyAccessible=True)],
)  # fmt: skip
def not_public(settings: Mapping[str, Json]) -> Verdict:
    """A cluster has no public address.

    Without one a mistake in a security group does not put the data on the internet.
    """
    if not settings.get("PubliclyAccessible", False):
        return compliant
    return should_be(settings={**settings, "PubliclyAccessible": False}, because="it is publicly accessible")


@control(
    "aws.redshift.cluster.backed-up", CLUSTER, severity=Severity.MEDIUM,
    disrupts=harmless(
        "snapshots are incremental; more of them are kept, and charged by size",
        source="Amazon Redshift Management Guide, Amazon Redshift snapshots and backups",
        noticed_by="those who pay",
    ),
    maps=required("redshift_cluster_automated_snapshot"),
    covers=("security-hub:Redshift.3",),
    compliant=[_example(), _example(AutomatedSnapshotRetentionPeriod=35)],
    violating=[
        _example({_RETENTION: 7}, AutomatedSnapshotRetentionPeriod=1),
        _example({_RETENTION: 7}, AutomatedSnapshotRetentionPeriod=0),
    ],
)  # fmt: skip
def backed_up(settings: Mapping[str, Json], *, days: Annotated[int, Between(1, 35)] = 7) -> Verdict:
    """Automated snapshots are kept for some days.

    They are the way back from a wrong statement, a bad load and ransom; one day is over before it is noticed.
    """
    kept = settings.get(_RETENTION, 0)
    if kept >= days:
        return compliant
    wanted = {**settings, _RETENTION: days}
    return should_be(settings=wanted, because=f"automated snapshots are kept for {kept} of {days} days")


@control(
    "aws.redshift.cluster.upgraded", CLUSTER, severity=Severity.MEDIUM,
    disrupts=may_disrupt("the cluster restarts in its maintenance window when there is a newer version"),
    maps=required("redshift_cluster_automatic_upgrades"),
    covers=("security-hub:Redshift.6",),
    compliant=[_example()],
    violating=[_example({"AllowVersionUpgrade": True}, AllowVersionUpgrade=False)],
)  # fmt: skip
def upgraded(settings: Mapping[str, Json]) -> Verdict:
    """New versions are installed in the maintenance window.

    They carry the security fixes; without this someone has to remember each of them.
    """
    if settings.get("AllowVersionUpgrade", False):
        return compliant
    return should_be(settings={**settings, "AllowVersionUpgrade": True}, because="new versions are not installed")


@control(
    "aws.redshift.cluster.routed-by-vpc", CLUSTER, severity=Severity.MEDIUM,
    disrupts=may_disrupt("loads and unloads fail where the VPC has no way to the buckets that they use"),
    maps=required("redshift_cluster_enhanced_vpc_routing"),
    compliant=[_example()],
    violating=[_example({"EnhancedVpcRouting": True}, EnhancedVpcRouting=False)],
)  # fmt: skip
def routed_by_vpc(settings: Mapping[str, Json]) -> Verdict:
    """What a cluster loads and unloads goes through its VPC.

    Endpoints, firewalls and flow logs of the VPC then see it; otherwise data can leave past all of them.
    """
    if settings.get("EnhancedVpcRouting", False):
        return compliant
    return should_be(settings={**settings, "EnhancedVpcRouting": True}, because="data moves past the VPC")


@control(
    "aws.redshift.cluster.encrypted", CLUSTER, severity=Severity.HIGH,
    disrupts=may_disrupt("all data is moved to new, encrypted nodes: the cluster is slower, and for a time read-only"),
    maps=required("redshift_cluster_encrypted_at_rest"),
    compliant=[_example()],
    violating=[_example({"Encrypted": True}, Encrypted=False)],
)  # fmt: skip
def encrypted(settings: Mapping[str, Json]) -> Verdict:
    """The data of a cluster is encrypted at rest.

    It covers the data and its snapshots. The key is the one of AWS for Redshift, in the account.
    """
    if settings.get("Encrypted", False):
        return compliant
    return should_be(settings={**settings, "Encrypted": True}, because="the data is not encrypted")


_LOGS: Final = ["connectionlog", "useractivitylog", "userlog"]
_IN_CLOUDWATCH: Final = {"LogDestinationType": "cloudwatch", "LogExports": _LOGS}
_IN_REGION: Final = Placed("Amazon Redshift API Reference, EnableLogging")
_IN_BUCKET: Final = {"LogDestinationType": "s3", "BucketName": "goldseam-audit"}


@control(
    "aws.redshift.cluster.audited", CLUSTER, severity=Severity.MEDIUM,
    disrupts=harmless(
        "logs that the cluster writes anyway are copied to CloudWatch Logs or to a bucket, which charge by volume",
        source="Amazon Redshift Management Guide, Database audit logging",
        noticed_by="those who pay",
    ),
    maps=required("redshift_cluster_audit_logging"),
    covers=("security-hub:Redshift.4",),
    compliant=[{"log": _IN_CLOUDWATCH}, {"log": _IN_BUCKET}],
    violating=[
        Example({"log": ABSENT}, leaves={"log": _IN_CLOUDWATCH}),
        Example({"log": ABSENT}, {"bucket": "goldseam-audit"}, {"log": _IN_BUCKET}),
    ],
)  # fmt: skip
def audited(log: Value, *, bucket: Annotated[Bucket, _IN_REGION] = "") -> Verdict:
    """It is recorded who signs in to a cluster and what they do.

    Without it nobody can tell after an incident what was read. The record goes to CloudWatch Logs, or to a bucket of
    one's own, whose policy must let Redshift write. Statements are in it when the parameter
    `enable_user_activity_logging` is on.
    """
    if log is not ABSENT:
        return compliant
    wanted = {"LogDestinationType": "s3", "BucketName": bucket} if bucket else _IN_CLOUDWATCH
    return should_be(log=wanted, because="nothing is recorded")


@control(
    "aws.redshift.cluster.tls-required", CLUSTER, severity=Severity.MEDIUM,
    maps=required("redshift_cluster_in_transit_encryption_enabled"),
    compliant=[
        {"transport": {"group": "default.redshift-2.0", "values": {REQUIRE_SSL: "true"}}},
        {"transport": {"group": "sales", "values": {REQUIRE_SSL: "false"}}},
    ],
    violating=[{"transport": {"group": "default.redshift-1.0", "values": {REQUIRE_SSL: "false"}}}],
)  # fmt: skip
def tls_required(transport: Value) -> Verdict:
    """A cluster is in no default group that lets plain connections in.

    Nothing can be changed in AWS's default groups; groups of one's own have a control of their own, with a fix.
    """
    group = transport["group"]
    if not group.startswith(DEFAULT_GROUP) or transport["values"].get(REQUIRE_SSL) == "true":
        return compliant
    return violation(
        because=f"`{REQUIRE_SSL}` is off in the group `{group}`",
        guide=f"1. see that all clients connect with TLS; 2. make a parameter group and set `{REQUIRE_SSL}` to true in "
        "it; 3. `aws redshift modify-cluster --cluster-parameter-group-name …`; 4. restart the cluster",
    )


@control(
    "aws.redshift.cluster.admin-not-default", CLUSTER, severity=Severity.LOW,
    maps=required("redshift_cluster_non_default_username"),
    compliant=[{"admin": "keeper"}],
    violating=[{"admin": "awsuser"}],
)  # fmt: skip
def admin_not_default(admin: str) -> Verdict:
    """The first user of a cluster has a name that nobody guesses.

    Half of what a guesser needs is known where it is `awsuser`.
    """
    if admin != "awsuser":
        return compliant
    return violation(
        because="the first user is called `awsuser`",
        guide="the name is chosen when a cluster is made: make other users with the rights that people need, and use "
        "this one for emergencies only",
    )


@control(
    "aws.redshift.cluster.database-not-default", CLUSTER, severity=Severity.LOW,
    maps=required("redshift_cluster_non_default_database_name"),
    compliant=[{"database": "sales"}],
    violating=[{"database": "dev"}],
)  # fmt: skip
def database_not_default(database: str) -> Verdict:
    """The first database of a cluster has a name of its own.

    Where it is `dev` a guesser knows what to connect to, and people take for a playground what is none.
    """
    if database != "dev":
        return compliant
    return violation(
        because="the first database is called `dev`",
        guide="the name is chosen when a cluster is made: make another database, move the tables, and take from `dev` "
        "the right to connect",
    )


@control(
    "aws.redshift.cluster.multi-az", CLUSTER, severity=Severity.LOW,
    maps=required("redshift_cluster_multi_az_enabled"),
    compliant=[{"spread": "Enabled"}],
    violating=[{"spread": "Disabled"}, {"spread": ""}],
)  # fmt: skip
def multi_az(spread: Value) -> Verdict:
    """A cluster stands in two zones.

    Otherwise the loss of a zone is an outage until it is restored from a snapshot.
    """
    if str(spread).lower() in {"enabled", "true"}:
        return compliant
    return violation(
        because="it stands in one zone",
        guide="on RA3 nodes: `aws redshift modify-cluster --multi-az`, which costs twice as much; on others resize to "
        "RA3 first",
    )
