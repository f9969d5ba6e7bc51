"""Web ACLs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import wafv2
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair
from goldseam.proving.emulated import REGION, EmulatedGround, Fixture, FixtureResult, Lack

_HOME: Final = "us-east-1"
_ANY: Final = (Lack("ministack", "log", "ministack asks for the right to log of every web ACL, not of this one"),)
_UNSEEN: Final = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "edge"}


def made(ground: EmulatedGround, name: str) -> str:
    """The ARN of a fresh web ACL without rules."""
    answer = ground.make(
        "wafv2.CreateWebACL", Name=name, Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=_UNSEEN
    )
    return str(answer["Summary"]["ARN"])


def _global(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    refs = []
    for each in pair(name):
        answer = ground.make(
            "wafv2.CreateWebACL", _HOME, Name=each, Scope="CLOUDFRONT", DefaultAction={"Allow": {}},
            VisibilityConfig=_UNSEEN,
        )  # fmt: skip
        arn = str(answer["Summary"]["ARN"])
        refs.append(wafv2.GLOBAL_WEB_ACL.ref("aws", ground.account, "global", arn, arn))
    return FixtureResult(refs[0], {}, (refs[1],))


def _acl(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    arns = [made(ground, each) for each in pair(name)]
    refs = [wafv2.WEB_ACL.ref("aws", ground.account, REGION, arn, arn) for arn in arns]
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.wafv2.web-acl": Fixture(_acl, lacks=_ANY),
    "aws.wafv2.global-web-acl": Fixture(_global, lacks=_ANY),
}
