"""Vaults of S3 Glacier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import glacier
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack


def _vault(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    for each in pair(name):
        ground.make("glacier.CreateVault", accountId="-", vaultName=each)
    refs = [reference(ground, glacier.VAULT, each) for each in pair(name)]
    return FixtureResult(refs[0], {"goldseam-example": name}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.glacier.vault": Fixture(_vault, lacks=(Lack("moto", "policy", "moto has no policies of vaults"),))
}
