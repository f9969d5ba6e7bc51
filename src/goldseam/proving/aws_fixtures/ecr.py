"""Repositories."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import ecr
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Value
from goldseam.proving.aws_fixtures.making import pair, quietly, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack

_EXAMPLE: Final = "goldseam-example"


def _repository(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    encryption = {"encryptionType": facets.get("encryption", "AES256")}
    for each in pair(name):
        ground.make("ecr.CreateRepository", repositoryName=each, encryptionConfiguration=encryption)
    refs = [reference(ground, ecr.REPOSITORY, each) for each in pair(name)]
    return FixtureResult(refs[0], {_EXAMPLE: name}, (refs[1],))


def _lifecycle(ground: EmulatedGround, ref: Ref, value: Value) -> None:
    if value is ABSENT:
        quietly(ground, "ecr.DeleteLifecyclePolicy", repositoryName=ref.id)
    else:
        ground.make("ecr.PutLifecyclePolicy", repositoryName=ref.id, lifecyclePolicyText=json.dumps(value))


def _registry(ground: EmulatedGround, ref: Ref, value: Value) -> None:
    del ref
    ground.make("ecr.PutRegistryScanningConfiguration", **value)


def _leaves_some_out(value: Value) -> bool:
    return "imageTagMutabilityExclusionFilters" in value


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.ecr.repository": Fixture(
        _repository,
        {"lifecycle": _lifecycle, "registry_scanning": _registry},
        lacks=(
            Lack("ministack", "registry_scanning", "ministack does not have the scanning of a registry"),
            *(
                Lack(name, "tagging", f"{name} does not know tags that are left out", _leaves_some_out)
                for name in ("ministack", "moto")
            ),
        ),
    ),
}
