"""Lambda functions: the kind and its facets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Address, Get, Look, Send, absent_is, tags
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.looks_secret import secret_variables
from goldseam.clouds.aws.sensitive import IN_STATEMENTS
from goldseam.clouds.aws.services.lambda_.grants import Grants, from_text
from goldseam.clouds.aws.services.lambda_.role import Blanket
from goldseam.clouds.aws.services.lambda_.runtimes import Runtime
from goldseam.clouds.aws.shapes import Document
from goldseam.model.errors import NotUnderstood
from goldseam.model.values import Json, Value

_FUNCTION: Final = {"FunctionName": "{id}"}
_NONE: Final = ("ResourceNotFoundException",)
"""What Lambda answers where a function has no policy, or no URL (and where there is no such function)."""


def _environment(raw: Mapping[str, Json]) -> Value:
    """The names of the variables that look like secrets, and how many there are; none of their values."""
    if raw.get("Error"):
        reason = f"Lambda could not decrypt the variables: {raw['Error'].get('ErrorCode', 'no code')}"
        raise NotUnderstood(reason)
    variables = raw.get("Variables") or {}
    return {"Variables": len(variables), "Secrets": secret_variables(variables)}


def _layers(raw: Json) -> Value:
    return sorted(layer["Arn"] for layer in raw)


def _cors(raw: Mapping[str, Json]) -> Value:
    return {"Origins": sorted(raw.get("AllowOrigins") or []), "Credentials": bool(raw.get("AllowCredentials"))}


_URL: Final = Get("lambda.GetFunctionUrlConfig", _FUNCTION, "AuthType", absent=_NONE)

FUNCTION: Final = AwsKind(
    "aws.lambda.function",
    "Lambda function",
    (
        Grants(
            name="policy",
            get=Get("lambda.GetPolicy", _FUNCTION, "Policy", absent=_NONE),
            add=Send("lambda.AddPermission", _FUNCTION),
            remove=Send("lambda.RemovePermission", _FUNCTION),
            sensitive=IN_STATEMENTS,
            decode=from_text,
        ),
        Document(
            name="url_access",
            get=_URL,
            put=Send("lambda.UpdateFunctionUrlConfig", {**_FUNCTION, "AuthType": VALUE}),
        ),
        Look(name="url_cors", get=Get(_URL.operation, _FUNCTION, "Cors", absent=_NONE), decode=_cors),
        Document(
            name="tracing",
            listed="TracingConfig.Mode",
            put=Send("lambda.UpdateFunctionConfiguration", {**_FUNCTION, "TracingConfig": {"Mode": VALUE}}),
            form=absent_is("PassThrough"),
        ),
        Runtime(name="runtime", listed="Runtime"),
        Look(
            name="environment",
            listed="Environment",
            decode=_environment,
            form=absent_is({"Variables": 0, "Secrets": []}),
        ),
        Look(name="environment_key", listed="KMSKeyArn", form=absent_is("")),
        Look(name="dead_letters", listed="DeadLetterConfig.TargetArn", form=absent_is("")),
        Look(name="network", listed="VpcConfig.VpcId", form=absent_is("")),
        Look(name="layers", listed="Layers", decode=_layers, form=absent_is([])),
        Blanket(name="blanket"),
        Address(name="arn"),
        tags(Get("lambda.ListTags", {"Resource": "{address}"}, "Tags")),
    ),
    touched_by=(
        changes("lambda", f"{REQUEST}.functionName", id="(?:(?:arn:.+:|[0-9]{12}:)function:)?([^:]+)(?::.+)?"),
        changes("lambda", f"{REQUEST}.resource", id="arn:.+:function:([^:]+)"),
    ),
    address="arn:{partition}:lambda:{region}:{account}:function:{id}",
    find=Listing("lambda.ListFunctions", "Functions", id="FunctionName"),
)
