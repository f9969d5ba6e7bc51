"""Identities and configuration sets of SES."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import sesv2
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack


def _identity(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    names = [f"{each}.example.com" for each in pair(name)]
    for each in names:
        ground.make("sesv2.CreateEmailIdentity", EmailIdentity=each)
    refs = [reference(ground, sesv2.IDENTITY, each) for each in names]
    return FixtureResult(refs[0], {"example.com": names[0]}, (refs[1],))


def _configuration_set(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    for each in pair(name):
        ground.make("sesv2.CreateConfigurationSet", ConfigurationSetName=each)
    refs = [reference(ground, sesv2.CONFIGURATION_SET, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.ses.identity": Fixture(
        _identity,
        lacks=tuple(
            Lack("ministack", name, f"ministack has no {words} of identities")
            for name, words in (("policies", "policies"), ("signing", "change of signing"))
        ),
    ),
    "aws.ses.configuration-set": Fixture(
        _configuration_set, normal=frozenset({"DeliveryOptions", "ReputationOptions"})
    ),
}
