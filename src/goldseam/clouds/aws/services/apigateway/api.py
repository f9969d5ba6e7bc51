"""REST APIs: who may call them, and from where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from goldseam.clouds.aws.facet import Look, Reading, absent_is, tags
from goldseam.clouds.aws.kind import REQUEST, Ask, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.control import Severity, Verdict, compliant, control, violation
from goldseam.model.resource import Ref
from goldseam.model.values import Json, Value

FIND: Final = Listing("apigateway.GetRestApis", "items", id="id")
_RESOURCES: Final = "apigateway.GetResources"


def _types(raw: Json) -> Value:
    return sorted(raw)


@dataclass(frozen=True)
class _OpenMethods(Look):
    """Methods that anyone may call: no authorizer, no IAM, no key. Browsers ask OPTIONS without any, by its nature."""

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The resources of an API, with their methods."""
        return (_RESOURCES,)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Ask for the resources."""
        del item
        resources = ask.every(_RESOURCES, {"restApiId": ref.id, "embed": ["methods"]}, ref.region, "items")
        return Reading(
            sorted(
                f"{name} {resource['path']}"
                for resource in resources
                for name, method in (resource.get("resourceMethods") or {}).items()
                if name != "OPTIONS" and _is_open(method)
            )
        )


def _is_open(method: Mapping[str, Json]) -> bool:
    return method.get("authorizationType", "NONE") == "NONE" and not method.get("apiKeyRequired")


REST_API: Final = AwsKind(
    "aws.apigateway.rest-api",
    "REST API",
    (
        _OpenMethods(name="open_methods"),
        Look(name="endpoints", listed="endpointConfiguration.types", decode=_types, form=absent_is([])),
        tags(listed="tags"),
    ),
    touched_by=(changes("apigateway", f"{REQUEST}.restApiId", f"{REQUEST}.restapiId"),),
    address="arn:{partition}:apigateway:{region}::/restapis/{id}",
    find=FIND,
)

_PRIVATE: Final = "PRIVATE"


@control(
    "aws.apigateway.rest-api.authorised",
    REST_API,
    severity=Severity.HIGH,
    maps=required("apigateway_restapi_authorizers_enabled", "apigateway_restapi_public_with_authorizer"),
    compliant=[{"open_methods": [], "endpoints": ["EDGE"]}, {"open_methods": ["GET /"], "endpoints": [_PRIVATE]}],
    violating=[{"open_methods": ["GET /", "POST /orders"], "endpoints": ["REGIONAL"]}],
)
def authorized(open_methods: list[str], endpoints: list[str]) -> Verdict:
    """Methods of a public API ask who calls them.

    Everyone on the internet may call one that does not. Private APIs are reached from their VPC endpoints only.
    """
    if not open_methods or endpoints == [_PRIVATE]:
        return compliant
    return violation(
        because=f"anyone may call {', '.join(open_methods)}",
        guide="give each of these methods an authorizer (a Lambda function, a Cognito user pool) or IAM, let the "
        "clients send what it asks for, and deploy the API; what is meant for everyone: exempt it",
    )


@control(
    "aws.apigateway.rest-api.private",
    REST_API,
    severity=Severity.LOW,
    maps=required("apigateway_restapi_public"),
    compliant=[{"endpoints": [_PRIVATE]}],
    violating=[{"endpoints": ["EDGE"]}, {"endpoints": ["REGIONAL"]}],
)
def private(endpoints: list[str]) -> Verdict:
    """An API is reached from inside only.

    What is not on the internet is not attacked from there. What is meant for the public: exempt it.
    """
    if endpoints == [_PRIVATE]:
        return compliant
    return violation(
        because=f"its endpoint is {', '.join(endpoints) or 'not known'}",
        guide="make a VPC endpoint for execute-api, give the API a resource policy that allows it, change the endpoint "
        "type to private, deploy, and let the clients inside use the new name",
    )
