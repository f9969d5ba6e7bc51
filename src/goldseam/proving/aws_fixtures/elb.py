"""Classic load balancers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import elb
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import REGION, EmulatedGround, Fixture, FixtureResult, Lack

_BUCKET: Final = "goldseam-logs"
_FACETS: Final = tuple(facet.name for facet in elb.LOAD_BALANCER.facets)
_REPEATED: Final = frozenset({"AdditionalAttributes", "EmitInterval", "S3BucketName", "S3BucketPrefix", "Timeout"})
"""What is kept where it has no meaning, and what moto says once more after every change."""
_PLAIN: Final = {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}


def _balancer(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    place = {"LocationConstraint": REGION}
    ground.make("s3.CreateBucket", Bucket=f"{name}-logs", CreateBucketConfiguration=place)
    for each in pair(name):
        ground.make(
            "elb.CreateLoadBalancer", LoadBalancerName=each, Listeners=[_PLAIN], AvailabilityZones=[f"{REGION}a"]
        )
    refs = [reference(ground, elb.LOAD_BALANCER, each) for each in pair(name)]
    return FixtureResult(refs[0], {_BUCKET: f"{name}-logs"}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.elb.load-balancer": Fixture(
        _balancer,
        normal=_REPEATED,
        lacks=tuple(Lack("ministack", name, "ministack has no classic load balancers") for name in _FACETS),
    ),
}
