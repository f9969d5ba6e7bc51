"""What groups and single clusters have in common: what they wait for, and how they are encrypted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.model.values import Json, Value

CLUSTERS: Final = "elasticache.DescribeCacheClusters"
RETENTION: Final = "SnapshotRetentionLimit"
UPGRADE: Final = "AutoMinorVersionUpgrade"
_FAILOVER: Final = "AutomaticFailoverStatus"
"""Of the settings that are written here the only one that can wait for the maintenance window."""

_AT_REST: Final = ("available", "create-failed", "deleting", "restore-failed", "snapshotting")


def waits(raw: Mapping[str, Json]) -> str:
    """What an accepted change of a group or a cluster waits for."""
    if (raw.get("PendingModifiedValues") or {}).get(_FAILOVER):
        return f"the maintenance window, for {_FAILOVER}"
    status = str(raw.get("Status") or raw.get("CacheClusterStatus") or "available")
    return "" if status in _AT_REST else f"the nodes, which are {status}"


def tls_of(raw: Mapping[str, Json]) -> Value:
    """`off`, `preferred` (plain connections are taken too) or `required`."""
    return (raw.get("TransitEncryptionMode") or "required") if raw.get("TransitEncryptionEnabled") else "off"


NEW_GROUP: Final = (
    "1. take a backup: `aws elasticache create-snapshot`; 2. make a new group from it: `aws elasticache "
    "create-replication-group --snapshot-name … --transit-encryption-enabled --at-rest-encryption-enabled`; 3. have "
    "the clients connect to it with TLS; 4. delete the old group after a last backup"
)
