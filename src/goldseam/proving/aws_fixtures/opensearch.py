"""OpenSearch domains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services.opensearch.domain import AT_REST, BETWEEN_NODES, DOMAIN
from goldseam.model.values import Json, Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult


def _domain(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    more: dict[str, Json] = {"EngineVersion": facets["engine"]} if facets.get("engine") else {}
    for option in (AT_REST, BETWEEN_NODES):
        more[option] = {"Enabled": facets.get("encryption", {}).get(option, False)}
    if facets.get("fine_grained"):
        more["AdvancedSecurityOptions"] = {"Enabled": True, "InternalUserDatabaseEnabled": False}
    for each in pair(name):
        ground.make("opensearch.CreateDomain", DomainName=each, **more)
    refs = [reference(ground, DOMAIN, each) for each in pair(name)]
    return FixtureResult(refs[0], {"goldseam-example": name}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.opensearch.domain": Fixture(_domain),
}
