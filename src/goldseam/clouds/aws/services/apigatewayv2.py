"""API Gateway, HTTP and WebSocket: who may call an API, and what its stages write down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Look, Reading, Send, tags
from goldseam.clouds.aws.kind import REQUEST, Ask, AwsKind, Listing, changes
from goldseam.clouds.aws.named import LogDestination
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document
from goldseam.control import (
    Example,
    Permission,
    Severity,
    Step,
    Verdict,
    compliant,
    control,
    harmless,
    should_be,
    violation,
)
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value

_APIS: Final = Listing("apigatewayv2.GetApis", "Items", id="ApiId")
_ROUTES: Final = "apigatewayv2.GetRoutes"
_STAGE: Final = {"ApiId": "{parent}", "StageName": "{name}"}
_UPDATE: Final = "apigatewayv2.UpdateStage"
_DELIVERY: Final = (
    "CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery", "ListLogDeliveries",
    "PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups",
)  # fmt: skip


@dataclass(frozen=True)
class _Log(Document):
    """Where a stage logs to; API Gateway sets the delivery up with the rights of whoever asks.

    Source: API Gateway Developer Guide, "Configure logging for HTTP APIs", permissions.
    """

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One call."""
        more = tuple(Permission(f"logs:{name}", "*") for name in _DELIVERY)
        return tuple(Step(step.facet, step.call.also(*more), step.leaves) for step in super().write(ref, before, after))


@dataclass(frozen=True)
class _Defaults(Document):
    """What holds for routes that say nothing themselves; what is once said can be changed and not taken back."""

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One call with all of them."""
        if set(before) - set(after):
            raise self.no_way(ref, after)
        return super().write(ref, before, after)


@dataclass(frozen=True)
class _Protocol(Look):
    """What the API of a stage speaks; the listing has it, so it costs no call."""

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Look into the listing of APIs."""
        del item
        apis = ask.every(_APIS.operation, {}, ref.region, _APIS.items)
        parent = ref.id.rpartition("/")[0]
        return Reading(next(str(api["ProtocolType"]) for api in apis if api["ApiId"] == parent))


def _to_somewhere(value: Value) -> Value:
    """A log that goes nowhere is none."""
    return value if value is not ABSENT and value.get("DestinationArn") else ABSENT


def _defaults(value: Value) -> Value:
    """What holds for routes that say nothing themselves; limits that are not there are the account's."""
    return {"LoggingLevel": "OFF", "DataTraceEnabled": False, **({} if value is ABSENT else value)}


STAGE: Final = AwsKind(
    "aws.apigatewayv2.stage",
    "HTTP or WebSocket API stage",
    (
        _Log(
            name="access_log",
            listed="AccessLogSettings",
            form=_to_somewhere,
            put=Send(_UPDATE, {**_STAGE, "AccessLogSettings": VALUE}),
            delete=Send("apigatewayv2.DeleteAccessLogSettings", _STAGE, resources=("{address}/accesslogsettings",)),
        ),
        _Defaults(
            name="defaults",
            listed="DefaultRouteSettings",
            form=_defaults,
            put=Send(_UPDATE, {**_STAGE, "DefaultRouteSettings": VALUE}),
        ),
        _Protocol(name="protocol"),
        tags(listed="Tags"),
    ),
    touched_by=(changes("apigateway", f"{REQUEST}.stageName", within=f"{REQUEST}.apiId"),),
    address="arn:{partition}:apigateway:{region}::/apis/{parent}/stages/{name}",
    find=Listing("apigatewayv2.GetStages", "Items", id="StageName", parameters={"ApiId": "{parent}"}, within=_APIS),
)


@dataclass(frozen=True)
class _OpenRoutes(Look):
    """Routes that anyone may call."""

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The routes of an API."""
        return (_ROUTES,)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Ask for the routes; of a WebSocket API only the one that connects asks who is there."""
        routes = ask.every(_ROUTES, {"ApiId": ref.id}, ref.region, "Items")
        asked = [route for route in routes if item["ProtocolType"] == "HTTP" or route["RouteKey"] == "$connect"]
        return Reading(sorted(str(route["RouteKey"]) for route in asked if _is_open(route)))


def _is_open(route: Mapping[str, Json]) -> bool:
    """An API key is no authorization (AWS Config Developer Guide, "api-gwv2-authorization-type-configured")."""
    return bool(route.get("AuthorizationType", "NONE") == "NONE")


API: Final = AwsKind(
    "aws.apigatewayv2.api",
    "HTTP or WebSocket API",
    (_OpenRoutes(name="open_routes"), tags(listed="Tags")),
    touched_by=(changes("apigateway", f"{REQUEST}.apiId"),),
    address="arn:{partition}:apigateway:{region}::/apis/{id}",
    find=_APIS,
)

_FORMAT: Final = (
    '{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","requestTime":"$context.requestTime",'
    '"routeKey":"$context.routeKey","status":"$context.status","responseLength":"$context.responseLength"}'
)
_GROUP: Final = "arn:aws:logs:eu-west-1:123456789012:log-group:goldseam-edge"
_SILENT: Final = {"LoggingLevel": "OFF", "DataTraceEnabled": False}
_LIMITED: Final = {**_SILENT, "ThrottlingBurstLimit": 50, "ThrottlingRateLimit": 100.0}
_LOG: Final = {"DestinationArn": _GROUP, "Format": _FORMAT}


@control(
    "aws.apigatewayv2.stage.access-logged",
    STAGE,
    severity=Severity.MEDIUM,
    maps=required("apigatewayv2_api_access_logging_enabled"),
    disrupts=harmless(
        "requests are served as before; CloudWatch Logs charges by volume",
        source="API Gateway Developer Guide, Configure logging for HTTP APIs in API Gateway",
        noticed_by="those who pay",
    ),
    compliant=[{"access_log": _LOG}],
    violating=[
        {"access_log": ABSENT},
        Example({"access_log": ABSENT}, settings={"destination": _GROUP}, leaves={"access_log": _LOG}),
    ],
)
def access_logged(access_log: Value, *, destination: LogDestination = "", format: str = _FORMAT) -> Verdict:
    """Requests to a stage are logged.

    The log says who asked for what and when, which is the first question after an attack.
    """
    if access_log is not ABSENT:
        return compliant
    if not destination:
        return violation(
            because="requests are not logged",
            guide="make a log group, and give its ARN in a policy as the setting `destination`",
        )
    return should_be(access_log={"DestinationArn": destination, "Format": format}, because="requests are not logged")


@control(
    "aws.apigatewayv2.stage.execution-logged",
    STAGE,
    severity=Severity.MEDIUM,
    maps=("fsbp:APIGateway.1",),
    covers=("security-hub:APIGateway.1",),
    disrupts=harmless(
        "messages are forwarded as before; CloudWatch Logs charges by volume, and API Gateway refuses the "
        "change where the account has no role for logging",
        source="API Gateway Developer Guide, Configure logging for WebSocket APIs in API Gateway",
        noticed_by="those who pay",
    ),
    compliant=[
        {"defaults": {**_SILENT, "LoggingLevel": "ERROR"}, "protocol": "WEBSOCKET"},
        {"defaults": _SILENT, "protocol": "HTTP"},
    ],
    violating=[
        Example(
            {"defaults": _LIMITED, "protocol": "WEBSOCKET"}, leaves={"defaults": {**_LIMITED, "LoggingLevel": "ERROR"}}
        )
    ],
)
def execution_logged(defaults: Mapping[str, Json], protocol: str) -> Verdict:
    """A stage of a WebSocket API logs what goes wrong.

    Without a log nobody sees who tries what, or why messages fail. HTTP APIs have no such log.
    """
    if protocol != "WEBSOCKET" or defaults["LoggingLevel"] != "OFF":
        return compliant
    return should_be(defaults={**defaults, "LoggingLevel": "ERROR"}, because="nothing is logged")


@control(
    "aws.apigatewayv2.stage.no-data-trace",
    STAGE,
    severity=Severity.MEDIUM,
    disrupts=harmless(
        "messages are forwarded as before; their bodies are no longer logged, as AWS recommends for production",
        source="API Gateway Developer Guide, Configure logging for WebSocket APIs in API Gateway",
        noticed_by="those who read the logs",
    ),
    compliant=[{"defaults": _SILENT}],
    violating=[Example({"defaults": {**_LIMITED, "DataTraceEnabled": True}}, leaves={"defaults": _LIMITED})],
)
def no_data_trace(defaults: Mapping[str, Json]) -> Verdict:
    """Messages are not logged whole.

    Headers and bodies hold passwords, tokens and personal data, which do not belong in a log.
    """
    if not defaults["DataTraceEnabled"]:
        return compliant
    return should_be(defaults={**defaults, "DataTraceEnabled": False}, because="messages are logged whole")


@control(
    "aws.apigatewayv2.stage.throttled",
    STAGE,
    severity=Severity.LOW,
    compliant=[{"defaults": _LIMITED}],
    violating=[{"defaults": _SILENT}],
)
def throttled(defaults: Mapping[str, Json]) -> Verdict:
    """A stage has limits of its own.

    Else one caller of one API uses up what the account may have of all of them.
    """
    if defaults.get("ThrottlingRateLimit") and defaults.get("ThrottlingBurstLimit"):
        return compliant
    return violation(
        because="the limits of the account are its only limits",
        guide="look at how many requests a second the stage has at its busiest, and set a rate and a burst above that "
        "with `aws apigatewayv2 update-stage --default-route-settings`, together with the settings that are there",
    )


@control(
    "aws.apigatewayv2.api.authorised",
    API,
    severity=Severity.HIGH,
    maps=required("apigatewayv2_api_authorizers_enabled"),
    compliant=[{"open_routes": []}],
    violating=[{"open_routes": ["GET /orders"]}],
)
def authorized(open_routes: list[str]) -> Verdict:
    """Routes of an API ask who calls them.

    Everyone on the internet may call one that does not. An API key alone is no authorization. Of a WebSocket API the
    route `$connect` decides for all.
    """
    if not open_routes:
        return compliant
    return violation(
        because=f"anyone may call {', '.join(open_routes)}",
        guide="give each of these routes a JWT authorizer, a Lambda authorizer or IAM, and let the clients send what "
        "it asks for; what is meant for everyone: exempt it",
    )
