"""DMS replication instances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services.dms import INSTANCE
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult


def _instance(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    refs = []
    for each in pair(name):
        made = ground.make(
            "dms.CreateReplicationInstance", ReplicationInstanceIdentifier=each,
            ReplicationInstanceClass="dms.t3.micro", PubliclyAccessible=facets.get("public", False),
        )  # fmt: skip
        refs.append(reference(ground, INSTANCE, made["ReplicationInstance"]["ReplicationInstanceArn"]))
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.dms.instance": Fixture(_instance),
}
