"""ElastiCache clusters that stand alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from goldseam.clouds.aws.facet import Look, Send
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.elasticache.shared import CLUSTERS, NEW_GROUP, RETENTION, UPGRADE, tls_of, waits
from goldseam.clouds.aws.shapes import Settings
from goldseam.control import Between, Example, Severity, Verdict, compliant, control, may_disrupt, should_be, violation
from goldseam.model.values import ABSENT, Json, Value

_CLUSTER: Final = {"CacheClusterId": "{id}"}


def _alone(item: Mapping[str, Json]) -> bool:
    """Whether a cluster is no node of a replication group."""
    return not item.get("ReplicationGroupId")


CACHE_CLUSTER: Final = AwsKind(
    "aws.elasticache.cluster",
    "ElastiCache cluster",
    (
        Settings(
            name="settings", listed="", waits=waits, fields={UPGRADE: UPGRADE, RETENTION: RETENTION},
            modify=Send("elasticache.ModifyCacheCluster", _CLUSTER),
        ),
        Look(name="engine", listed="Engine"),
        Look(name="tls", listed="", decode=tls_of),
        Look(name="encrypted", listed="AtRestEncryptionEnabled"),
    ),
    touched_by=(
        changes("elasticache", f"{REQUEST}.cacheClusterId"),
        changes("elasticache", f"{REQUEST}.resourceName", id="arn:.+:cluster:([^:]+)"),
    ),
    address="arn:{partition}:elasticache:{region}:{account}:cluster:{id}",
    find=Listing(CLUSTERS, "CacheClusters", id="CacheClusterId", narrow=_CLUSTER, where=_alone),
)  # fmt: skip


def _cluster(leaves: Mapping[str, Json] | None = None, engine: str = "redis", **changed: Json) -> Example:
    held = {UPGRADE: True, RETENTION: 7, **changed}
    return Example(
        {"settings": held, "engine": engine}, leaves=None if leaves is None else {"settings": {**held, **leaves}}
    )  # fmt: skip


@control(
    "aws.elasticache.cluster.upgraded", CACHE_CLUSTER, severity=Severity.MEDIUM,
    disrupts=may_disrupt("nodes are replaced in the maintenance window when there is a newer minor version"),
    maps=required("elasticache_redis_cluster_auto_minor_version_upgrades"),
    covers=("security-hub:ElastiCache.2",),
    compliant=[_cluster()],
    violating=[_cluster({UPGRADE: True}, AutoMinorVersionUpgrade=False)],
)  # fmt: skip
def cluster_upgraded(settings: Mapping[str, Json]) -> Verdict:
    """Minor versions are installed in the maintenance window.

    Minor versions carry the security fixes; without this someone has to remember each of them.
    """
    if settings.get(UPGRADE, False):
        return compliant
    return should_be(settings={**settings, UPGRADE: True}, because="minor versions are not installed")


@control(
    "aws.elasticache.cluster.backed-up", CACHE_CLUSTER, severity=Severity.MEDIUM,
    disrupts=may_disrupt("the node is slower while it is backed up, once a day"),
    maps=required("elasticache_redis_cluster_backup_enabled"),
    covers=("security-hub:ElastiCache.1",),
    compliant=[_cluster(), _cluster(engine="memcached", SnapshotRetentionLimit=0)],
    violating=[_cluster({RETENTION: 7}, SnapshotRetentionLimit=0)],
)  # fmt: skip
def cluster_backed_up(
    settings: Mapping[str, Json], engine: str, *, days: Annotated[int, Between(1, 35)] = 7
) -> Verdict:
    """Backups of a cluster are kept for some days.

    They are the way back from a wrong command. Memcached keeps nothing that could be backed up.
    """
    kept = settings.get(RETENTION, 0)
    if engine == "memcached" or kept >= days:
        return compliant
    wanted = {**settings, RETENTION: days}
    return should_be(settings=wanted, because=f"backups are kept for {kept} of {days} days")


@control(
    "aws.elasticache.cluster.encrypted-in-transit", CACHE_CLUSTER, severity=Severity.HIGH,
    maps=required("elasticache_redis_cluster_in_transit_encryption_enabled"),
    compliant=[{"tls": "required"}],
    violating=[{"tls": "off"}],
)  # fmt: skip
def cluster_encrypted_in_transit(tls: str) -> Verdict:
    """A cluster takes only encrypted connections.

    What is sent over a plain connection can be read on the way. It can only be chosen when a cluster is made.
    """
    if tls == "required":
        return compliant
    return violation(
        because="connections are not encrypted",
        guide="make a replication group instead (for Memcached, a new cluster) with `--transit-encryption-enabled`, "
        "from a backup where the data matters; move the clients to it with TLS, and delete the old cluster",
    )


@control(
    "aws.elasticache.cluster.encrypted", CACHE_CLUSTER, severity=Severity.MEDIUM,
    maps=required("elasticache_redis_cluster_rest_encryption_enabled"),
    compliant=[{"encrypted": True, "engine": "redis"}, {"encrypted": False, "engine": "memcached"}],
    violating=[{"encrypted": False, "engine": "redis"}, {"encrypted": ABSENT, "engine": "valkey"}],
)  # fmt: skip
def cluster_encrypted(encrypted: Value, engine: str) -> Verdict:
    """What a cluster writes to disk is encrypted.

    Memcached writes nothing. It can only be chosen when a replication group is made.
    """
    if engine == "memcached" or encrypted is True:
        return compliant
    return violation(because="it is not encrypted at rest", guide=NEW_GROUP)
