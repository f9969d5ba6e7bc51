"""Clusters of Neptune and their snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services.neptune import CLUSTER, SNAPSHOT
from goldseam.conform.aws_fixtures.rds import cluster_snapshots, clusters
from goldseam.conform.emulated import Fixture

FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.neptune.cluster": Fixture(clusters(CLUSTER, "neptune")),
    "aws.neptune.cluster-snapshot": Fixture(cluster_snapshots(SNAPSHOT, "neptune")),
}
