"""Clusters of DocumentDB and their snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services.docdb import CLUSTER, SNAPSHOT
from goldseam.proving.aws_fixtures.rds import cluster_snapshots, clusters
from goldseam.proving.emulated import Fixture, Lack

_NO_IAM: Final = "ministack serves DocumentDB without IAM, and knows no snapshots of it"

FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.docdb.cluster": Fixture(
        clusters(CLUSTER, "docdb"), lacks=tuple(Lack("ministack", facet.name, _NO_IAM) for facet in CLUSTER.facets)
    ),
    "aws.docdb.cluster-snapshot": Fixture(
        cluster_snapshots(SNAPSHOT, "docdb"),
        lacks=tuple(Lack("ministack", facet.name, _NO_IAM) for facet in SNAPSHOT.facets),
    ),
}
