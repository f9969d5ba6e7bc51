"""ElastiCache replication groups.

`ApplyImmediately` carries out everything that waits for the maintenance window, so it is sent only with settings that
would wait as well, and only when nothing else waits. Sources: ElastiCache API Reference, "ModifyReplicationGroup";
ElastiCache User Guide, "In-transit encryption".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Final

from goldseam.clouds.aws.facet import Look, Reading, Send
from goldseam.clouds.aws.kind import REQUEST, Ask, AwsKind, Listing, at, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.elasticache.shared import CLUSTERS, NEW_GROUP, RETENTION, UPGRADE, tls_of, waits
from goldseam.clouds.aws.shapes import Settings
from goldseam.control import (
    Between,
    Call,
    Example,
    Severity,
    Step,
    Verdict,
    compliant,
    control,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.resource import Ref
from goldseam.model.values import Json, Value

_GROUP: Final = {"ReplicationGroupId": "{id}"}
_FAILOVER: Final = "AutomaticFailoverEnabled"
_MULTI_AZ: Final = "MultiAZEnabled"
_SOURCE: Final = "SnapshottingClusterId"
_SCHEDULED: Final = (_FAILOVER, _MULTI_AZ)
_SAME: Final = {name: name for name in (_FAILOVER, _MULTI_AZ, UPGRADE, RETENTION, _SOURCE)}


def _settings(raw: Mapping[str, Json]) -> Value:
    """Spread, upgrades and backups of a group; of a change under way, what it leads to."""
    kept = raw.get(RETENTION) or 0
    return {
        _FAILOVER: raw["AutomaticFailover"] in {"enabled", "enabling"},
        _MULTI_AZ: raw.get("MultiAZ") == "enabled",
        UPGRADE: raw[UPGRADE],
        RETENTION: kept,
        _SOURCE: (raw.get(_SOURCE) or "") if kept else "",
    }


@dataclass(frozen=True)
class GroupSettings(Settings):
    """Settings of a replication group, in one call."""

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One modify; the node that is backed up is named when backups are switched on, and at no other time."""
        return tuple(
            replace(step, call=_fitting(step.call, before, after)) for step in super().write(ref, before, after)
        )


def _fitting(call: Call, before: Mapping[str, Json], after: Mapping[str, Json]) -> Call:
    sent = {name: value for name, value in call.parameters.items() if name != _SOURCE or value}
    if any(before[name] != after[name] for name in _SCHEDULED):
        sent["ApplyImmediately"] = True
    return replace(call, parameters=sent)


@dataclass(frozen=True)
class Nodes(Look):
    """The nodes of a group: how many each shard has at least, and which changes of them wait for the window."""

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The listing of clusters, one for all groups."""
        return (CLUSTERS,)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The nodes of the smallest shard, and what waits of any of them."""
        shards = [len(shard.get("NodeGroupMembers") or ()) for shard in at(item, "NodeGroups") or ()]
        every = ask.every(CLUSTERS, {}, ref.region, "CacheClusters")
        mine = [cluster for cluster in every if cluster.get("ReplicationGroupId") == ref.id]
        waiting = {
            name for each in mine for name, value in (each.get("PendingModifiedValues") or {}).items() if value
        }  # fmt: skip
        return Reading({"count": min(shards, default=len(mine)), "waiting": sorted(waiting)})


def _signs_in(raw: Mapping[str, Json]) -> Value:
    return bool(raw.get("AuthTokenEnabled") or raw.get("UserGroupIds"))


def _first_node(raw: Mapping[str, Json]) -> Value:
    """The node that backups are taken of; none is named where the data is spread over shards."""
    members = sorted(raw.get("MemberClusters") or ())
    return "" if raw.get("ClusterEnabled") or not members else members[-1]


REPLICATION_GROUP: Final = AwsKind(
    "aws.elasticache.replication-group",
    "ElastiCache replication group",
    (
        GroupSettings(
            name="settings", listed="", decode=_settings, waits=waits, fields=_SAME,
            modify=Send("elasticache.ModifyReplicationGroup", _GROUP),
        ),
        Nodes(name="nodes"),
        Look(name="source", listed="", decode=_first_node),
        Look(name="tls", listed="", decode=tls_of),
        Look(name="encrypted", listed="AtRestEncryptionEnabled"),
        Look(name="signed_in", listed="", decode=_signs_in),
    ),
    touched_by=(
        changes("elasticache", f"{REQUEST}.replicationGroupId"),
        changes("elasticache", f"{REQUEST}.resourceName", id="arn:.+:replicationgroup:([^:]+)"),
    ),
    address="arn:{partition}:elasticache:{region}:{account}:replicationgroup:{id}",
    find=Listing(
        "elasticache.DescribeReplicationGroups", "ReplicationGroups", id="ReplicationGroupId", narrow=_GROUP
    ),
)  # fmt: skip


_GOOD: Final = {_FAILOVER: True, _MULTI_AZ: True, UPGRADE: True, RETENTION: 7, _SOURCE: "shop-002"}
_TWO: Final = {"count": 2, "waiting": []}
_ONE: Final = {"count": 1, "waiting": []}
_FAILS_OVER: Final = may_disrupt(
    "after a failover, which maintenance causes too, the roles of the nodes change: clients that use node endpoints "
    "write to a replica, and the last writes may be lost",
    source="Amazon ElastiCache User Guide, Minimizing downtime during maintenance",
)


def _group(leaves: Mapping[str, Json] | None = None, nodes: Json = _TWO, **changed: Json) -> Example:
    held = {**_GOOD, **changed}
    after = None if leaves is None else {"settings": {**held, **leaves}}
    return Example({"settings": held, "nodes": nodes, "source": "shop-002"}, leaves=after)


def _spread(settings: Mapping[str, Json], nodes: Mapping[str, Json], because: str, *fields: str) -> Verdict:
    """The verdict that some fields should be on, where there are replicas and nothing else waits."""
    if nodes["count"] < 2:  # noqa: PLR2004 - a node and a spare
        return violation(
            because=f"{because}, and there is no replica to take over",
            guide="add a replica in another zone: `aws elasticache increase-replica-count --apply-immediately`, which "
            "costs as much as the first node; then repair this",
        )
    if nodes["waiting"]:
        return violation(
            because=f"{because}; {', '.join(nodes['waiting'])} waits, and would be changed at once as well",
            guide="let what waits be applied in the maintenance window, then repair this",
        )
    return should_be(settings={**settings, **dict.fromkeys(fields, True)}, because=because)


@control(
    "aws.elasticache.replication-group.failover", REPLICATION_GROUP, severity=Severity.MEDIUM,
    disrupts=_FAILS_OVER,
    maps=required("elasticache_redis_cluster_automatic_failover_enabled"),
    covers=("security-hub:ElastiCache.3",),
    compliant=[_group(), _group(MultiAZEnabled=False)],
    violating=[
        _group({_FAILOVER: True}, AutomaticFailoverEnabled=False, MultiAZEnabled=False),
        _group(nodes=_ONE, AutomaticFailoverEnabled=False, MultiAZEnabled=False),
        _group(nodes={"count": 2, "waiting": ["EngineVersion"]}, AutomaticFailoverEnabled=False, MultiAZEnabled=False),
    ],
)  # fmt: skip
def failover(settings: Mapping[str, Json], nodes: Mapping[str, Json]) -> Verdict:
    """A replica takes over when the first node fails.

    Without this somebody has to wake up and promote one.
    """
    if settings[_FAILOVER]:
        return compliant
    return _spread(settings, nodes, "automatic failover is off", _FAILOVER)


@control(
    "aws.elasticache.replication-group.multi-az", REPLICATION_GROUP, severity=Severity.MEDIUM,
    disrupts=_FAILS_OVER,
    maps=required("elasticache_redis_cluster_multi_az_enabled"),
    compliant=[_group()],
    violating=[
        _group({_MULTI_AZ: True}, MultiAZEnabled=False),
        _group({_MULTI_AZ: True, _FAILOVER: True}, MultiAZEnabled=False, AutomaticFailoverEnabled=False),
        _group(nodes=_ONE, AutomaticFailoverEnabled=False, MultiAZEnabled=False),
    ],
)  # fmt: skip
def multi_az(settings: Mapping[str, Json], nodes: Mapping[str, Json]) -> Verdict:
    """Nodes of a replication group stand in several zones.

    The loss of a zone is then no outage. It takes automatic failover, which is switched on as well.
    """
    if settings[_MULTI_AZ]:
        return compliant
    return _spread(settings, nodes, "it is not spread over zones", _FAILOVER, _MULTI_AZ)


@control(
    "aws.elasticache.replication-group.upgraded", REPLICATION_GROUP, severity=Severity.MEDIUM,
    disrupts=may_disrupt("nodes are replaced in the maintenance window when there is a newer minor version"),
    maps=required("elasticache_redis_cluster_auto_minor_version_upgrades"),
    covers=("security-hub:ElastiCache.2",),
    compliant=[_group()],
    violating=[_group({UPGRADE: True}, AutoMinorVersionUpgrade=False)],
)  # fmt: skip
def group_upgraded(settings: Mapping[str, Json]) -> Verdict:
    """Minor versions are installed in the maintenance window.

    Minor versions carry the security fixes; without this someone has to remember each of them.
    """
    if settings[UPGRADE]:
        return compliant
    return should_be(settings={**settings, UPGRADE: True}, because="minor versions are not installed")


@control(
    "aws.elasticache.replication-group.backed-up", REPLICATION_GROUP, severity=Severity.MEDIUM,
    disrupts=may_disrupt("a node is slower while it is backed up, once a day: a replica where there is one"),
    maps=required("elasticache_redis_cluster_backup_enabled"),
    covers=("security-hub:ElastiCache.1",),
    compliant=[_group(), _group(SnapshotRetentionLimit=35)],
    violating=[
        _group({RETENTION: 7}, SnapshotRetentionLimit=1),
        _group({RETENTION: 7, _SOURCE: "shop-002"}, SnapshotRetentionLimit=0, SnapshottingClusterId=""),
        Example(
            {"settings": {**_GOOD, RETENTION: 0, _SOURCE: ""}, "source": ""},
            leaves={"settings": {**_GOOD, RETENTION: 7, _SOURCE: ""}},
        ),
    ],
)  # fmt: skip
def group_backed_up(settings: Mapping[str, Json], source: str, *, days: Annotated[int, Between(1, 35)] = 7) -> Verdict:
    """Backups of a replication group are kept for some days.

    They are the way back from a wrong command. Where the data is not spread over shards, one node is named of which
    they are taken: the last one, which is a replica where there is one.
    """
    kept = settings[RETENTION]
    if kept >= days:
        return compliant
    wanted = {**settings, RETENTION: days, _SOURCE: settings[_SOURCE] or source}
    return should_be(settings=wanted, because=f"backups are kept for {kept} of {days} days")


@control(
    "aws.elasticache.replication-group.encrypted-in-transit", REPLICATION_GROUP, severity=Severity.HIGH,
    maps=required("elasticache_redis_cluster_in_transit_encryption_enabled"),
    compliant=[{"tls": "required"}],
    violating=[{"tls": "off"}, {"tls": "preferred"}],
)  # fmt: skip
def group_encrypted_in_transit(tls: str) -> Verdict:
    """A replication group takes only encrypted connections.

    What is sent over a plain connection, the password included, can be read on the way. The way there is in two steps,
    with the clients in between, so it is for people.
    """
    if tls == "required":
        return compliant
    last = "`aws elasticache modify-replication-group --transit-encryption-mode required --apply-immediately`"
    if tls == "preferred":
        guide = f"1. see that all clients connect with TLS; 2. {last}"
        return violation(because="plain connections are taken too", guide=guide)
    first = "`--transit-encryption-enabled --transit-encryption-mode preferred --apply-immediately`"
    return violation(
        because="connections are not encrypted",
        guide=f"from version 7 on: 1. `aws elasticache modify-replication-group` with {first}; 2. have the clients "
        f"connect with TLS; 3. {last}. Before version 7: {NEW_GROUP}",
    )


@control(
    "aws.elasticache.replication-group.encrypted", REPLICATION_GROUP, severity=Severity.MEDIUM,
    maps=required("elasticache_redis_cluster_rest_encryption_enabled"),
    compliant=[{"encrypted": True}],
    violating=[{"encrypted": False}],
)  # fmt: skip
def group_encrypted(encrypted: Value) -> Verdict:
    """What nodes of a replication group write to disk is encrypted.

    It covers backups and swap, and can only be chosen when a group is made.
    """
    if encrypted is True:
        return compliant
    return violation(because="it is not encrypted at rest", guide=NEW_GROUP)


@control(
    "aws.elasticache.replication-group.authenticated", REPLICATION_GROUP, severity=Severity.MEDIUM,
    maps=required("elasticache_redis_replication_group_auth_enabled"),
    compliant=[{"signed_in": True}],
    violating=[{"signed_in": False}],
)  # fmt: skip
def authenticated(signed_in: bool) -> Verdict:  # noqa: FBT001
    """A replication group asks who connects.

    Otherwise whoever reaches it reads and deletes everything in it.
    """
    if signed_in:
        return compliant
    return violation(
        because="no password and no user is asked for",
        guide="1. switch on encryption in transit; 2. make users and a user group with the rights that each client "
        "needs: `aws elasticache create-user`, `create-user-group`; 3. give the clients their passwords, or let them "
        "sign in by IAM; 4. `aws elasticache modify-replication-group --user-group-ids-to-add …`",
    )
