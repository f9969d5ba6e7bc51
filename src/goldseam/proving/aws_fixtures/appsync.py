"""APIs of AppSync."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import appsync
from goldseam.model.values import ABSENT, Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack


def _api(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    settings = facets.get("settings", {"authenticationType": "AWS_IAM"})
    visibility = facets.get("visibility", "GLOBAL")
    made = [
        ground.make("appsync.CreateGraphqlApi", name=each, visibility=visibility, **settings)["graphqlApi"]["apiId"]
        for each in pair(name)
    ]
    refs = [reference(ground, appsync.API, each) for each in made]
    return FixtureResult(refs[0], {}, (refs[1],))


def _bounded(settings: Value) -> bool:
    return settings is not ABSENT and "queryDepthLimit" in settings


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.appsync.api": Fixture(
        _api,
        lacks=(
            Lack("ministack", "settings", "ministack hands over a role without asking, and always shows the schema"),
            Lack("moto", "settings", "moto has no limits of queries and always shows the schema", _bounded),
        ),
    )
}
