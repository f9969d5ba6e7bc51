"""Redshift clusters and parameter groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services.redshift.cluster import CLUSTER
from goldseam.clouds.aws.services.redshift.parameters import PARAMETER_GROUP
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack


def _cluster(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    for each in pair(name):
        ground.make(
            "redshift.CreateCluster", ClusterIdentifier=each, NodeType="ra3.large", ClusterType="single-node",
            MasterUsername="keeper", MasterUserPassword="Not-a-secret-1",
        )  # fmt: skip
    refs = [reference(ground, CLUSTER, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


def _group(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    for each in pair(name):
        ground.make(
            "redshift.CreateClusterParameterGroup", ParameterGroupName=each, ParameterGroupFamily="redshift-1.0",
            Description="proof",
        )  # fmt: skip
    refs = [reference(ground, PARAMETER_GROUP, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


_OF_A_LOG: Final = frozenset({"BucketName", "LogDestinationType", "LogExports", "S3KeyPrefix"})
"""Where a log went, which moto still says when it is switched off."""

FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.redshift.cluster": Fixture(_cluster, normal=_OF_A_LOG),
    "aws.redshift.parameter-group": Fixture(
        _group, lacks=(Lack("moto", "connections", "moto cannot change the parameters of a group"),)
    ),
}
