"""Database instances, clusters, their snapshots and their parameter groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.services.rds.cluster import CLUSTER
from goldseam.clouds.aws.services.rds.cluster_parameters import CLUSTER_PARAMETER_GROUP
from goldseam.clouds.aws.services.rds.instance import DB_INSTANCE
from goldseam.clouds.aws.services.rds.parameters import PARAMETER_GROUP
from goldseam.clouds.aws.services.rds.snapshot import CLUSTER_SNAPSHOT, SNAPSHOT
from goldseam.model.values import Json, Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack

_USER: Final = {"MasterUsername": "proof", "MasterUserPassword": "not-a-secret-1"}
_ENGINE: Final = {"Engine": "postgres", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20, **_USER}


def _made(ground: EmulatedGround, kind: AwsKind, name: str, words: Mapping[str, str] | None = None) -> FixtureResult:
    refs = [reference(ground, kind, each) for each in pair(name)]
    return FixtureResult(refs[0], words or {}, (refs[1],))


def _instance(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    more: dict[str, Json] = {"StorageEncrypted": True} if facets.get("encrypted") else {}
    if facets.get("engine") in {"mysql", "postgres"}:
        more["Engine"] = facets["engine"]
    if "settings" in facets and facets["settings"].get("EnabledCloudwatchLogsExports"):
        more["EnableCloudwatchLogsExports"] = facets["settings"]["EnabledCloudwatchLogsExports"]
    if facets.get("groups"):
        more["VpcSecurityGroupIds"] = facets["groups"]
    if facets.get("tags"):
        more["Tags"] = [{"Key": key, "Value": value} for key, value in facets["tags"].items()]
    for each in pair(name):
        ground.make("rds.CreateDBInstance", DBInstanceIdentifier=each, **{**_ENGINE, **more})
    return _made(ground, DB_INSTANCE, name)


def clusters(kind: AwsKind, engine: str) -> Callable[[EmulatedGround, str, Mapping[str, Value]], FixtureResult]:
    """What makes clusters of an engine, or of the one that an example names."""

    def make(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
        more: dict[str, Json] = {"StorageEncrypted": True} if facets.get("encrypted") else {}
        named = facets.get("engine", engine)
        if named in {"mysql", "postgres"}:
            more |= {
                "DBClusterInstanceClass": "db.m5d.large",
                "StorageType": "io1",
                "AllocatedStorage": 100,
                "Iops": 1000,
            }
        more["EnableIAMDatabaseAuthentication"] = facets.get("settings", {}).get(
            "IAMDatabaseAuthenticationEnabled", False
        )
        if facets.get("settings", {}).get("EnabledCloudwatchLogsExports"):
            more["EnableCloudwatchLogsExports"] = facets["settings"]["EnabledCloudwatchLogsExports"]
        for each in pair(name):
            ground.make("rds.CreateDBCluster", DBClusterIdentifier=each, Engine=named, **_USER, **more)
        return _made(ground, kind, name)

    return make


def _snapshot(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    more = {"StorageEncrypted": True} if facets.get("encrypted") else {}
    ground.make("rds.CreateDBInstance", DBInstanceIdentifier=f"{name}-db", **_ENGINE, **more)
    for each in pair(name):
        ground.make("rds.CreateDBSnapshot", DBInstanceIdentifier=f"{name}-db", DBSnapshotIdentifier=each)
    return _made(ground, SNAPSHOT, name)


def cluster_snapshots(
    kind: AwsKind, engine: str
) -> Callable[[EmulatedGround, str, Mapping[str, Value]], FixtureResult]:
    """What makes snapshots of a cluster of an engine."""

    def make(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
        more = {"StorageEncrypted": True} if facets.get("encrypted") else {}
        cluster = f"{name}-db"
        ground.make("rds.CreateDBCluster", DBClusterIdentifier=cluster, Engine=engine, **_USER, **more)
        for each in pair(name):
            named = {"DBClusterIdentifier": cluster, "DBClusterSnapshotIdentifier": each}
            ground.make("rds.CreateDBClusterSnapshot", **named)
        return _made(ground, kind, name)

    return make


_FAMILIES: Final = {"rds.tls10": "sqlserver-se-15.0", "require_secure_transport": "mysql8.0"}


def _group(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    held = facets.get("connections", {})
    family = next((_FAMILIES[parameter] for parameter in _FAMILIES if parameter in held), "postgres14")
    for each in pair(name):
        named = {"DBParameterGroupName": each, "DBParameterGroupFamily": family}
        ground.make("rds.CreateDBParameterGroup", **named, Description="proof")
    return _made(ground, PARAMETER_GROUP, name, {"orders": name})


def _cluster_group(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    held = facets.get("connections", {})
    family = next((_CLUSTER_FAMILIES[each] for each in _CLUSTER_FAMILIES if each in held), "aurora-postgresql14")
    for each in pair(name):
        named = {"DBClusterParameterGroupName": each, "DBParameterGroupFamily": family}
        ground.make("rds.CreateDBClusterParameterGroup", **named, Description="proof")
    return _made(ground, CLUSTER_PARAMETER_GROUP, name, {"orders": name})


_CLUSTER_FAMILIES: Final = {"require_secure_transport": "aurora-mysql8.0", "tls": "docdb5.0"}


def _without_upgrades(settings: Value) -> bool:
    return settings.get("AutoMinorVersionUpgrade") is False


def _with_upgrades(settings: Value) -> bool:
    return "AutoMinorVersionUpgrade" in settings


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.rds.instance": Fixture(
        _instance,
        lacks=(Lack("ministack", "settings", "ministack cannot switch off minor upgrades", _without_upgrades),),
    ),
    "aws.rds.cluster": Fixture(
        clusters(CLUSTER, "aurora-postgresql"),
        lacks=(Lack("ministack", "settings", "ministack says nothing of clusters' minor upgrades", _with_upgrades),),
    ),
    "aws.rds.snapshot": Fixture(_snapshot),
    "aws.rds.cluster-snapshot": Fixture(cluster_snapshots(CLUSTER_SNAPSHOT, "aurora-postgresql")),
    "aws.rds.parameter-group": Fixture(_group),
    "aws.rds.cluster-parameter-group": Fixture(_cluster_group),
}
