"""MemoryDB clusters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services.memorydb import CLUSTER
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult


def _cluster(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    for each in pair(name):
        ground.make(
            "memorydb.CreateCluster", ClusterName=each, NodeType="db.t4g.small", ACLName="open-access",
            TLSEnabled=facets.get("tls", True),
        )  # fmt: skip
    refs = [reference(ground, CLUSTER, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.memorydb.cluster": Fixture(_cluster),
}
