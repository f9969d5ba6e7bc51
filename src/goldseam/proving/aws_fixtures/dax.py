"""DAX clusters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services.dax import CLUSTER
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult


def _cluster(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    for each in pair(name):
        ground.make(
            "dax.CreateCluster", ClusterName=each, NodeType="dax.t3.small", ReplicationFactor=1,
            IamRoleArn=f"arn:aws:iam::{ground.account}:role/dax",
            SSESpecification={"Enabled": facets.get("encryption") == "ENABLED"},
        )  # fmt: skip
    refs = [reference(ground, CLUSTER, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.dax.cluster": Fixture(_cluster),
}
