"""Neptune: clusters, their instances and the snapshots that people made of them, found in RDS's listings by engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import Send, tags
from goldseam.clouds.aws.kind import AwsKind, Listing
from goldseam.clouds.aws.services.rds import clusters, snapshot
from goldseam.clouds.aws.services.rds.changes import IAM, LOGS, RETENTION, settings
from goldseam.clouds.aws.services.rds.instance import DB_INSTANCE, of_engine
from goldseam.control import Example, Severity, Verdict, compliant, control, may_disrupt, should_be
from goldseam.model.values import Json

_FIELDS: Final = ("DeletionProtection", "CopyTagsToSnapshot", RETENTION, IAM, LOGS)
_GOOD: Final = {"DeletionProtection": True, "CopyTagsToSnapshot": True, RETENTION: 7, IAM: True, LOGS: []}

CLUSTER: Final = clusters.cluster_kind("neptune", "Neptune cluster", _FIELDS, of_engine("neptune"))

deletion_protected: Final = clusters.deletion_protected(CLUSTER, _GOOD, "neptune_cluster_deletion_protection")
tags_copied: Final = clusters.tags_copied(CLUSTER, _GOOD, "neptune_cluster_copy_tags_to_snapshots")
iam_authenticated: Final = clusters.iam_authenticated(
    CLUSTER, _GOOD, "neptune_cluster_iam_authentication_enabled",
    disrupts="requests that are not signed by an IAM user or role are refused, and Neptune has no other sign-in",
)  # fmt: skip
backed_up: Final = clusters.backed_up(CLUSTER, _GOOD, "neptune_cluster_backup_enabled")
encrypted: Final = clusters.encrypted(CLUSTER, "neptune_cluster_storage_encrypted", "neptune")
tls_required: Final = clusters.tls_required(CLUSTER, "neptune1.3", "neptune_enforce_ssl", "neptune")
multi_az: Final = clusters.multi_az(CLUSTER, "neptune_cluster_multi_az", "neptune")
logs_exported: Final = clusters.logs_exported(
    CLUSTER, _GOOD, {"neptune": ("audit",)}, "neptune_cluster_integration_cloudwatch_logs",
    needs=" Neptune writes an audit log when the parameter `neptune_enable_audit_log` is on.",
)  # fmt: skip

SNAPSHOT: Final = snapshot.snapshot_kind(
    "neptune", "Neptune cluster snapshot", "DBClusterSnapshot", part="cluster-snapshot", encrypted="StorageEncrypted",
    where=of_engine("neptune"),
)  # fmt: skip

snapshot_not_public: Final = snapshot.not_public(
    SNAPSHOT, check="neptune_cluster_public_snapshot", covers=("prowler:neptune_cluster_public_snapshot",)
)
snapshot_encrypted: Final = snapshot.encrypted(
    SNAPSHOT, copy=snapshot.restoring("neptune"), checks=("neptune_cluster_snapshot_encrypted",)
)

_OPEN: Final = "PubliclyAccessible"
_UPGRADE: Final = "AutoMinorVersionUpgrade"

INSTANCE: Final = AwsKind(
    "aws.neptune.instance",
    "Neptune instance",
    (
        settings(
            Send("neptune.ModifyDBInstance", {"DBInstanceIdentifier": "{id}"}), (_OPEN, _UPGRADE), of="instance"
        ),
        tags(listed="TagList"),
    ),
    touched_by=DB_INSTANCE.touched_by,
    address=DB_INSTANCE.address,
    find=Listing(
        "rds.DescribeDBInstances", "DBInstances", id="DBInstanceIdentifier", narrow={"DBInstanceIdentifier": "{id}"},
        where=of_engine("neptune"),
    ),
)  # fmt: skip

_RIGHT: Final = {_OPEN: False, _UPGRADE: True}


@control(
    "aws.neptune.instance.not-public", INSTANCE, severity=Severity.CRITICAL,
    disrupts=may_disrupt("clients outside the network that connect over the public endpoint are cut off"),
    compliant=[{"settings": _RIGHT}],
    violating=[Example({"settings": {**_RIGHT, _OPEN: True}}, leaves={"settings": _RIGHT})],
)  # fmt: skip
def not_public(settings: Mapping[str, Json]) -> Verdict:
    """An instance has no public endpoint.

    Without one a mistake in a security group does not put the graph on the internet.
    """
    if not settings.get(_OPEN, False):
        return compliant
    return should_be(settings={**settings, _OPEN: False}, because="it is publicly accessible")


@control(
    "aws.neptune.instance.upgraded", INSTANCE, severity=Severity.MEDIUM,
    disrupts=may_disrupt("the instance restarts in its maintenance window when there is a newer minor version"),
    compliant=[{"settings": _RIGHT}],
    violating=[Example({"settings": {**_RIGHT, _UPGRADE: False}}, leaves={"settings": _RIGHT})],
)  # fmt: skip
def upgraded(settings: Mapping[str, Json]) -> Verdict:
    """Minor versions are installed in the maintenance window.

    Minor versions carry the security fixes; without this someone has to remember each of them.
    """
    if settings.get(_UPGRADE, False):
        return compliant
    return should_be(settings={**settings, _UPGRADE: True}, because="minor versions are not installed")
