"""The region's block on public clusters of EMR, and clusters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import emr
from goldseam.model.values import ABSENT, Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import REGION, EmulatedGround, Fixture, FixtureResult, Lack


def _region(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del name, facets
    return FixtureResult(reference(ground, emr.REGION, REGION))


def _cluster(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    place = facets.get("log_place", ABSENT)
    configuration = facets.get("security_configuration", ABSENT)
    more = {} if place is ABSENT else {"LogUri": place}
    if configuration is not ABSENT:
        ground.make("emr.CreateSecurityConfiguration", Name=configuration, SecurityConfiguration="{}")
        more["SecurityConfiguration"] = configuration
    instances = {
        "MasterInstanceType": "m5.xlarge", "InstanceCount": 1, "Placement": {"AvailabilityZone": f"{REGION}a"},
        "KeepJobFlowAliveWhenNoSteps": facets.get("lasting", True),
    }  # fmt: skip
    made = [
        ground.make(
            "emr.RunJobFlow", Name=each, ReleaseLabel="emr-7.0.0", Instances=instances, JobFlowRole="nodes",
            ServiceRole="emr", **more,
        )["JobFlowId"]
        for each in pair(name)
    ]  # fmt: skip
    refs = [reference(ground, emr.CLUSTER, each) for each in made]
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.emr.region": Fixture(_region, normal=frozenset({"BlockPublicAccessConfigurationMetadata"})),
    "aws.emr.cluster": Fixture(
        _cluster, lacks=(Lack("ministack", "protected", "ministack looks for the right on all clusters"),)
    ),
}
