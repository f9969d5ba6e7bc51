"""Database instances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import rds
from goldseam.conform.aws_fixtures.making import reference
from goldseam.conform.emulated import EmulatedGround, Fixture, Lack, Made
from goldseam.values import Value

_ENGINE: Final = {
    "Engine": "postgres", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20,
    "MasterUsername": "proof", "MasterUserPassword": "not-a-secret-1",
}  # fmt: skip


def _instance(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> Made:
    more = {"StorageEncrypted": True} if facets.get("encrypted") else {}
    for instance in (name, f"{name}-beside"):
        ground.make("rds.CreateDBInstance", DBInstanceIdentifier=instance, **_ENGINE, **more)
    return Made(reference(ground, rds.DB_INSTANCE, name), {}, (reference(ground, rds.DB_INSTANCE, f"{name}-beside"),))


def _without_upgrades(settings: Value) -> bool:
    return settings.get("AutoMinorVersionUpgrade") is False


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.rds.instance": Fixture(
        _instance,
        lacks=(Lack("ministack", "settings", "ministack cannot switch off minor upgrades", _without_upgrades),),
    ),
}
