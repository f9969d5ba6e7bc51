"""Clusters and their node groups."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.services import eks
from goldseam.model.values import Json, Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.aws_fixtures.roles import role_for
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack

_SUBNETS: Final = ["subnet-0a1b2c3d", "subnet-1a2b3c4d"]


def _made(ground: EmulatedGround, name: str, **more: Json) -> None:
    role, network = role_for(ground, "eks.amazonaws.com"), {"subnetIds": _SUBNETS}
    ground.make("eks.CreateCluster", name=name, roleArn=role, resourcesVpcConfig=network, **more)


def _cluster(kind: AwsKind, ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    version = facets.get("version", {}).get("name", "1.35")
    more = {"encryptionConfig": [_ENCRYPTION]} if facets.get("secrets_encrypted") else {}
    for each in pair(name):
        _made(ground, each, version=version, **more)
    refs = [reference(ground, kind, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


_ENCRYPTION: Final = {"resources": ["secrets"], "provider": {"keyArn": "arn:aws:kms:eu-west-1:123456789012:key/k"}}


def _group(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    held = facets["remote_access"]
    access = {"ec2SshKey": held["Key"], "sourceSecurityGroups": held["Groups"]} if held["Key"] else {}
    _made(ground, name)
    for each in pair(name):
        ground.make(
            "eks.CreateNodegroup", clusterName=name, nodegroupName=each, subnets=_SUBNETS,
            nodeRole=role_for(ground, "ec2.amazonaws.com"),
            **({"remoteAccess": access} if access else {}),
        )  # fmt: skip
    refs = [reference(ground, eks.NODE_GROUP, f"{name}/{each}") for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


def _partly(logs: Value) -> bool:
    return 0 < len(logs) < 5  # noqa: PLR2004 - there are five kinds of log


_NO_UPDATE: Final = "ministack does not have UpdateClusterConfig"
_ENDPOINT: Final = (
    Lack("ministack", "endpoint", _NO_UPDATE),
    Lack("moto", "endpoint", "moto drops the fields of the network that an update does not name"),
)
_LOGS: Final = (
    Lack("ministack", "logs", _NO_UPDATE),
    Lack("moto", "logs", "moto drops the kinds of log that an update does not name", _partly),
)
_PROTECTED: Final = (
    Lack("ministack", "deletion_protected", _NO_UPDATE),
    Lack("moto", "deletion_protected", "moto does not know deletion protection of clusters"),
)

FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.eks.cluster": Fixture(partial(_cluster, eks.CLUSTER), lacks=_ENDPOINT),
    "aws.eks.logging": Fixture(
        partial(_cluster, eks.LOGGING), lacks=_LOGS, normal=frozenset({"clientRequestToken", "clusterLogging"})
    ),
    "aws.eks.protection": Fixture(partial(_cluster, eks.PROTECTION), lacks=_PROTECTED),
    "aws.eks.node-group": Fixture(_group),
}
