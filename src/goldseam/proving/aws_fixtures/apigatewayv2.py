"""HTTP and WebSocket APIs, and their stages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import apigatewayv2
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack

_DELIVERY: Final = frozenset(
    f"logs:{name}"
    for name in (
        "CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery", "ListLogDeliveries",
        "PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups",
    )
)  # fmt: skip


def _api(ground: EmulatedGround, name: str, protocol: str = "HTTP") -> str:
    select = {"RouteSelectionExpression": "$request.body.action"} if protocol == "WEBSOCKET" else {}
    return str(ground.make("apigatewayv2.CreateApi", Name=name, ProtocolType=protocol, **select)["ApiId"])


def _with_route(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    refs = []
    for each in pair(name):
        api = _api(ground, each)
        ground.make("apigatewayv2.CreateRoute", ApiId=api, RouteKey="GET /orders")
        refs.append(reference(ground, apigatewayv2.API, api))
    return FixtureResult(refs[0], {}, (refs[1],))


def _stage(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    refs = []
    for each in pair(name):
        api = _api(ground, each, str(facets.get("protocol") or "HTTP"))
        ground.make("apigatewayv2.CreateStage", ApiId=api, StageName="live")
        refs.append(reference(ground, apigatewayv2.STAGE, f"{api}/live"))
    return FixtureResult(refs[0], {"goldseam-edge": f"{name}-logs"}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.apigatewayv2.stage": Fixture(
        _stage,
        lacks=(
            Lack("ministack", "access_log", "ministack deletes the stage together with its log settings"),
            Lack("moto", "access_log", "moto cannot delete log settings"),
        ),
        normal=frozenset({"LastUpdatedDate", "DefaultRouteSettings"}),
        unasked=_DELIVERY,
    ),
    "aws.apigatewayv2.api": Fixture(_with_route),
}
