"""Replication groups, and clusters that stand alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services.elasticache.cluster import CACHE_CLUSTER
from goldseam.clouds.aws.services.elasticache.group import REPLICATION_GROUP
from goldseam.model.values import Json, Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult


def _group(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    count = facets.get("nodes", {}).get("count", 2)
    more: dict[str, Json] = {"AtRestEncryptionEnabled": True} if facets.get("encrypted") else {}
    for each in pair(name):
        ground.make(
            "elasticache.CreateReplicationGroup", ReplicationGroupId=each, ReplicationGroupDescription="proof",
            CacheNodeType="cache.t3.micro", NumCacheClusters=count, AutomaticFailoverEnabled=count > 1, Engine="redis",
            **more,
        )  # fmt: skip
    refs = [reference(ground, REPLICATION_GROUP, each) for each in pair(name)]
    return FixtureResult(refs[0], {"shop-": f"{name}-"}, (refs[1],))


def _cluster(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    engine = facets.get("engine", "redis")
    for each in pair(name):
        ground.make(
            "elasticache.CreateCacheCluster", CacheClusterId=each, Engine=engine, CacheNodeType="cache.t3.micro",
            NumCacheNodes=1,
        )  # fmt: skip
    refs = [reference(ground, CACHE_CLUSTER, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.elasticache.replication-group": Fixture(_group),
    "aws.elasticache.cluster": Fixture(_cluster),
}
