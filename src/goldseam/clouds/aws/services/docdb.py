"""DocumentDB: clusters and the snapshots that people made of them, found in RDS's listings by their engine."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.services.rds import clusters, snapshot
from goldseam.clouds.aws.services.rds.changes import LOGS, RETENTION
from goldseam.clouds.aws.services.rds.instance import of_engine

_GOOD: Final = {"DeletionProtection": True, RETENTION: 7, LOGS: []}

CLUSTER: Final = clusters.cluster_kind("docdb", "DocumentDB cluster", tuple(_GOOD), of_engine("docdb"))

deletion_protected: Final = clusters.deletion_protected(CLUSTER, _GOOD, "documentdb_cluster_deletion_protection")
backed_up: Final = clusters.backed_up(CLUSTER, _GOOD, "documentdb_cluster_backup_enabled")
encrypted: Final = clusters.encrypted(CLUSTER, "documentdb_cluster_storage_encrypted", "docdb")
tls_required: Final = clusters.tls_required(CLUSTER, "docdb5.0", "tls", "docdb")
multi_az: Final = clusters.multi_az(CLUSTER, "documentdb_cluster_multi_az_enabled", "docdb")
logs_exported: Final = clusters.logs_exported(
    CLUSTER, _GOOD, {"docdb": ("audit", "profiler")}, "documentdb_cluster_cloudwatch_log_export",
    needs=" DocumentDB writes them when the parameters `audit_logs` and `profiler` are on.",
)  # fmt: skip

SNAPSHOT: Final = snapshot.snapshot_kind(
    "docdb", "DocumentDB cluster snapshot", "DBClusterSnapshot", part="cluster-snapshot", encrypted="StorageEncrypted",
    where=of_engine("docdb"),
)  # fmt: skip

snapshot_not_public: Final = snapshot.not_public(
    SNAPSHOT, check="documentdb_cluster_public_snapshot", covers=("prowler:documentdb_cluster_public_snapshot",)
)
snapshot_encrypted: Final = snapshot.encrypted(
    SNAPSHOT, copy=snapshot.restoring("docdb"), checks=("documentdb_cluster_storage_encrypted",)
)
