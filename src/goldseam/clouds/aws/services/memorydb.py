"""MemoryDB: clusters. Data at rest is always encrypted there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from goldseam.clouds.aws.facet import Look, Send, until
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Settings
from goldseam.control import Between, Example, Severity, Verdict, compliant, control, may_disrupt, should_be, violation
from goldseam.model.values import Json, Value

_NAMED: Final = {"ClusterName": "{id}"}
_RETENTION: Final = "SnapshotRetentionLimit"
_OPEN: Final = "open-access"
"""The list that lets everyone in who reaches the cluster."""

CLUSTER: Final = AwsKind(
    "aws.memorydb.cluster",
    "MemoryDB cluster",
    (
        Settings(
            name="settings", listed="", waits=until("Status", "available", of="the cluster"),
            fields={_RETENTION: _RETENTION}, modify=Send("memorydb.UpdateCluster", _NAMED),
        ),
        Look(name="tls", listed="TLSEnabled"),
        Look(name="upgraded", listed="AutoMinorVersionUpgrade"),
        Look(name="access", listed="ACLName"),
    ),
    touched_by=(changes("memorydb", f"{REQUEST}.clusterName"),),
    address="arn:{partition}:memorydb:{region}:{account}:cluster/{id}",
    find=Listing("memorydb.DescribeClusters", "Clusters", id="Name", narrow=_NAMED),
)  # fmt: skip


def _new_cluster(settings: str) -> str:
    return (
        "it can only be chosen when a cluster is made: 1. `aws memorydb create-snapshot`; 2. `aws memorydb "
        f"create-cluster --snapshot-name … {settings}`; 3. move the clients to the new one; 4. delete the old one"
    )


@control(
    "aws.memorydb.cluster.backed-up", CLUSTER, severity=Severity.MEDIUM,
    disrupts=may_disrupt("a replica is slower while it is backed up, once a day; the first node where there is none"),
    compliant=[{"settings": {_RETENTION: 7}}],
    violating=[Example({"settings": {_RETENTION: 0}}, leaves={"settings": {_RETENTION: 7}})],
)  # fmt: skip
def backed_up(settings: Mapping[str, Json], *, days: Annotated[int, Between(1, 35)] = 7) -> Verdict:
    """Backups of a cluster are kept for some days.

    They are the way back from a wrong command.
    """
    kept = settings.get(_RETENTION, 0)
    if kept >= days:
        return compliant
    return should_be(settings={**settings, _RETENTION: days}, because=f"backups are kept for {kept} of {days} days")


@control(
    "aws.memorydb.cluster.encrypted-in-transit", CLUSTER, severity=Severity.HIGH,
    compliant=[{"tls": True}],
    violating=[{"tls": False}],
)  # fmt: skip
def encrypted_in_transit(tls: Value) -> Verdict:
    """A cluster takes only encrypted connections.

    Without TLS no access list can be used either: everyone who reaches the cluster reads all that is in it.
    """
    if tls is True:
        return compliant
    return violation(because="connections are not encrypted", guide=_new_cluster("--tls-enabled"))


@control(
    "aws.memorydb.cluster.upgraded", CLUSTER, severity=Severity.MEDIUM,
    maps=required("memorydb_cluster_auto_minor_version_upgrades"),
    compliant=[{"upgraded": True}],
    violating=[{"upgraded": False}],
)  # fmt: skip
def upgraded(upgraded: Value) -> Verdict:
    """Minor versions are installed in the maintenance window.

    Minor versions carry the security fixes; without this someone has to remember each of them.
    """
    if upgraded is True:
        return compliant
    return violation(because="minor versions are not installed", guide=_new_cluster("--auto-minor-version-upgrade"))


@control(
    "aws.memorydb.cluster.authenticated", CLUSTER, severity=Severity.HIGH,
    compliant=[{"access": "shop"}],
    violating=[{"access": _OPEN}],
)  # fmt: skip
def authenticated(access: Value) -> Verdict:
    """A cluster asks who connects.

    The list `open-access` lets in everyone who reaches the cluster, to read and delete everything in it.
    """
    if access != _OPEN:
        return compliant
    return violation(
        because=f"its access list is `{_OPEN}`",
        guide="1. make users with the rights that each client needs, and a list of them: `aws memorydb create-user`, "
        "`create-acl`; 2. give the clients their passwords, or let them sign in by IAM; 3. `aws memorydb "
        "update-cluster --acl-name …`",
    )
