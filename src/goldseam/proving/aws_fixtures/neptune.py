"""Clusters of Neptune, their instances and their snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services.neptune import CLUSTER, INSTANCE, SNAPSHOT
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.aws_fixtures.rds import cluster_snapshots, clusters
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack


def _instance(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    held = facets.get("settings", {})
    user = {"MasterUsername": "proof", "MasterUserPassword": "not-a-secret-1"}
    ground.make("rds.CreateDBCluster", DBClusterIdentifier=f"{name}-graph", Engine="neptune", **user)
    for each in pair(name):
        ground.make(
            "rds.CreateDBInstance", DBInstanceIdentifier=each, DBClusterIdentifier=f"{name}-graph", Engine="neptune",
            DBInstanceClass="db.t3.medium", AutoMinorVersionUpgrade=held.get("AutoMinorVersionUpgrade", True),
            PubliclyAccessible=held.get("PubliclyAccessible", False),
        )  # fmt: skip
    refs = [reference(ground, INSTANCE, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


def _without_upgrades(settings: Value) -> bool:
    return settings.get("AutoMinorVersionUpgrade") is False


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.neptune.cluster": Fixture(clusters(CLUSTER, "neptune")),
    "aws.neptune.instance": Fixture(
        _instance,
        lacks=(Lack("ministack", "settings", "ministack cannot switch off minor upgrades", _without_upgrades),),
    ),
    "aws.neptune.cluster-snapshot": Fixture(cluster_snapshots(SNAPSHOT, "neptune")),
}
