"""Neptune: clusters and the snapshots that people made of them, found in RDS's listings by their engine."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.services.rds import clusters, snapshot
from goldseam.clouds.aws.services.rds.changes import IAM, LOGS, RETENTION
from goldseam.clouds.aws.services.rds.instance import of_engine

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
