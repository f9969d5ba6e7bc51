"""Log groups, and a region's policies on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import logs
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import REGION, EmulatedGround, Fixture, FixtureResult, Lack

_KEY_ID: Final = "1234abcd-12ab-34cd-56ef-1234567890ab"


def _group(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    for each in pair(name):
        ground.make("logs.CreateLogGroup", logGroupName=each)
    key = ground.make("kms.CreateKey", Description=name)["KeyMetadata"]["KeyId"]
    refs = [reference(ground, logs.GROUP, each) for each in pair(name)]
    return FixtureResult(refs[0], {_KEY_ID: key}, (refs[1],))


def _region(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del name, facets
    for policy in ground.make("logs.DescribeResourcePolicies")["resourcePolicies"]:
        ground.make("logs.DeleteResourcePolicy", policyName=policy["policyName"])
    return FixtureResult(reference(ground, logs.REGION, REGION))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.logs.group": Fixture(
        _group,
        lacks=(
            Lack("ministack", "key", "it has no keys for log groups"),
            Lack("moto", "key", "its server fails when a group is given a key"),
        ),
    ),
    "aws.logs.region": Fixture(_region, normal=frozenset({"lastUpdatedTime", "policyDocument", "revisionId"})),
}
