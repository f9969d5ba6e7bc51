"""ElastiCache: what is applied at once and what is not, the node that is backed up, and nodes that are no clusters."""

from __future__ import annotations

import pytest

from goldseam.clouds.aws.services.elasticache.cluster import CACHE_CLUSTER, cluster_encrypted_in_transit
from goldseam.clouds.aws.services.elasticache.group import (
    REPLICATION_GROUP,
    failover,
    group_backed_up,
    group_upgraded,
    multi_az,
)
from goldseam.clouds.aws.services.elasticache.shared import tls_of, waits
from goldseam.control import Example, ShouldBe, Violation
from goldseam.demo.emulator import EmbeddedCloud
from goldseam.model.values import Json
from tests.aws.laws import parameters, planned, verdict
from tests.aws.live import embedded

OFF = {
    "AutomaticFailoverEnabled": False, "MultiAZEnabled": False, "AutoMinorVersionUpgrade": False,
    "SnapshotRetentionLimit": 0, "SnapshottingClusterId": "",
}  # fmt: skip
TWO = {"count": 2, "waiting": []}


def test_only_what_would_wait_is_applied_immediately() -> None:
    facets = {"settings": OFF, "nodes": TWO, "source": "shop-002"}
    assert "ApplyImmediately" not in parameters(planned(group_upgraded, Example(facets)))[0]
    assert parameters(planned(failover, Example(facets)))[0]["ApplyImmediately"] is True


def test_the_node_that_is_backed_up_is_named_when_backups_begin_and_not_when_they_end() -> None:
    plan = planned(group_backed_up, Example({"settings": OFF, "source": "shop-002"}))
    named = {"ReplicationGroupId": "goldseam-example"}
    assert parameters(plan) == [{**named, "SnapshotRetentionLimit": 7, "SnapshottingClusterId": "shop-002"}]
    assert plan.undo[0].parameters == {**named, "SnapshotRetentionLimit": 0}
    sharded = planned(group_backed_up, Example({"settings": OFF, "source": ""}))
    assert parameters(sharded) == [{**named, "SnapshotRetentionLimit": 7}]


def test_peers_10_a_new_version_that_waits_is_not_brought_about_by_a_repair() -> None:
    waiting = {"count": 2, "waiting": ["EngineVersion"]}
    found = verdict(multi_az, Example({"settings": OFF, "nodes": waiting}))
    assert isinstance(found, Violation)
    assert "EngineVersion" in found.because
    assert isinstance(verdict(multi_az, Example({"settings": OFF, "nodes": TWO})), ShouldBe)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"Status": "available"}, ""),
        ({"Status": "snapshotting", "PendingModifiedValues": {}}, ""),
        ({"CacheClusterStatus": "available", "PendingModifiedValues": {"CacheNodeType": "cache.m6g.large"}}, ""),
        ({"Status": "modifying"}, "the nodes, which are modifying"),
        ({"CacheClusterStatus": "rebooting cluster nodes"}, "the nodes, which are rebooting cluster nodes"),
        (
            {"Status": "available", "PendingModifiedValues": {"AutomaticFailoverStatus": "enabled"}},
            "the maintenance window, for AutomaticFailoverStatus",
        ),
    ],
)
def test_peers_10_what_is_accepted_and_not_made_is_pending(raw: Json, said: str) -> None:
    assert waits(raw) == said


def test_groups_from_before_there_were_modes_require_encryption() -> None:
    assert tls_of({"TransitEncryptionEnabled": True}) == "required"
    assert tls_of({"TransitEncryptionEnabled": True, "TransitEncryptionMode": "preferred"}) == "preferred"
    assert tls_of({"TransitEncryptionEnabled": False}) == "off"


def test_nodes_of_a_group_are_no_clusters_and_a_lone_cluster_is_one(ministack_cloud: EmbeddedCloud) -> None:
    with embedded(ministack_cloud, CACHE_CLUSTER, REPLICATION_GROUP) as cloud:
        cloud.make("elasticache.CreateReplicationGroup", ReplicationGroupId="shop", ReplicationGroupDescription="shop",
                   CacheNodeType="cache.t3.micro", NumCacheClusters=2, AutomaticFailoverEnabled=True)  # fmt: skip
        cloud.make("elasticache.CreateCacheCluster", CacheClusterId="alone", Engine="redis", NumCacheNodes=1,
                   CacheNodeType="cache.t3.micro")  # fmt: skip
        found = cloud.found()
        assert {name for name, resource in found.items() if resource.ref.kind == CACHE_CLUSTER.name} == {"alone"}
        assert found["shop"].facets["nodes"] == TWO
        tls = found["alone"].facets["tls"]
        assert isinstance(verdict(cluster_encrypted_in_transit, Example({"tls": tls})), Violation)
