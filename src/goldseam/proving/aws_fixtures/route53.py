"""Hosted zones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import route53
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack


def _zone(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    ids = [
        str(
            ground.make("route53.CreateHostedZone", Name=f"{each}.example.com", CallerReference=each)["HostedZone"][
                "Id"
            ]
        )
        for each in pair(name)
    ]
    refs = [reference(ground, route53.HOSTED_ZONE, each.rpartition("/")[2]) for each in ids]
    group = f"/aws/route53/{name}"
    ground.make("logs.CreateLogGroup", "us-east-1", logGroupName=group)
    return FixtureResult(refs[0], {"/aws/route53/goldseam": group}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.route53.hosted-zone": Fixture(
        _zone,
        lacks=(
            Lack("ministack", "query_log", "ministack asks for the right on another thing than AWS does"),
            Lack("moto", "query_log", "moto takes only an ARN that ends in `:*`, which AWS's own page does not have"),
        ),
    )
}
