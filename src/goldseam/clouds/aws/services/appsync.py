"""AppSync: GraphQL APIs, who may ask them what, and what they write down.

`UpdateGraphqlApi` takes an API whole: what a call leaves out is taken away (AppSync API Reference). So an API is
written whole from a fresh reading, with the one member changed that offends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import Look, Send, only, tags, version
from goldseam.clouds.aws.kind import ANSWER, REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document
from goldseam.control import (
    Example,
    Severity,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.values import ABSENT, Json, Placeholder, Value

_MEMBERS: Final = (
    "logConfig", "authenticationType", "userPoolConfig", "openIDConnectConfig", "additionalAuthenticationProviders",
    "xrayEnabled", "lambdaAuthorizerConfig", "mergedApiExecutionRoleArn", "ownerContact", "introspectionConfig",
    "queryDepthLimit", "resolverCountLimit", "enhancedMetricsConfig",
)  # fmt: skip
"""What `UpdateGraphqlApi` takes, but the API's name."""


def _form(value: Value) -> Value:
    """The API with defaults filled in; no limit and no other way to sign in is none."""
    held = {name: item for name, item in (value or {}).items() if item not in ([], 0)}
    return {"xrayEnabled": False, "introspectionConfig": "ENABLED", **held}


API: Final = AwsKind(
    "aws.appsync.api",
    "AppSync API",
    (
        Document(
            name="settings",
            listed="",
            decode=only(*_MEMBERS),
            form=_form,
            tells=version("name"),
            put=Send(
                "appsync.UpdateGraphqlApi",
                {"apiId": "{id}", "name": Placeholder("settings", "name")},
                passes=("logConfig.cloudWatchLogsRoleArn", "mergedApiExecutionRoleArn"),
            ),
            spread=True,
        ),
        Look(name="web_acl", listed="wafWebAclArn"),
        Look(name="visibility", listed="visibility"),
        tags(listed="tags"),
    ),
    touched_by=(changes("appsync", f"{REQUEST}.apiId", f"{ANSWER}.graphqlApi.apiId"),),
    address="arn:{partition}:appsync:{region}:{account}:apis/{id}",
    find=Listing("appsync.ListGraphqlApis", "graphqlApis", id="apiId"),
)

_ROLE: Final = "arn:aws:iam::123456789012:role/appsync-logs"
_LOGS: Final = {"fieldLogLevel": "ERROR", "cloudWatchLogsRoleArn": _ROLE, "excludeVerboseContent": True}
_GOOD: Final = {
    "authenticationType": "AWS_IAM",
    "logConfig": _LOGS,
    "xrayEnabled": True,
}
_BOUNDED: Final = {**_GOOD, "queryDepthLimit": 12}


@control(
    "aws.appsync.api.fields-logged",
    API,
    severity=Severity.MEDIUM,
    disrupts=harmless(
        "errors of fields are logged and requests are served as before; CloudWatch Logs charges by volume",
        source="AWS AppSync Developer Guide, Using CloudWatch to monitor and log GraphQL API data",
        noticed_by="those who pay",
    ),
    maps=required("appsync_field_level_logging_enabled"),
    compliant=[{"settings": _GOOD}, {"settings": {**_GOOD, "logConfig": {**_LOGS, "fieldLogLevel": "ALL"}}}],
    violating=[
        Example({"settings": {**_GOOD, "logConfig": {**_LOGS, "fieldLogLevel": "NONE"}}}, leaves={"settings": _GOOD}),
        {"settings": {"authenticationType": "AWS_IAM"}},
    ],
)
def fields_logged(settings: Mapping[str, Json]) -> Verdict:
    """Errors of fields are logged.

    Who asked for what they may not have shows there and nowhere else.
    """
    held = settings.get("logConfig")
    if not held:
        return violation(
            because="the API has no log",
            guide="make a role that lets AppSync write to CloudWatch, choose it in the API's settings with the level "
            "`ERROR`, and leave the content of requests out where it may hold secrets",
        )
    if held["fieldLogLevel"] != "NONE":
        return compliant
    wanted = {**settings, "logConfig": {**held, "fieldLogLevel": "ERROR"}}
    return should_be(settings=wanted, because="fields are not logged")


_KEY: Final = "API_KEY"


def _ways(settings: Mapping[str, Json]) -> list[str]:
    others = settings.get("additionalAuthenticationProviders") or ()
    return [settings["authenticationType"], *(other["authenticationType"] for other in others)]


@control(
    "aws.appsync.api.no-api-keys",
    API,
    severity=Severity.HIGH,
    disrupts=may_disrupt("callers that come with an API key are refused"),
    maps=required("appsync_graphql_api_no_api_key_authentication"),
    compliant=[{"settings": _GOOD}],
    violating=[
        Example(
            {
                "settings": {
                    **_GOOD,
                    "additionalAuthenticationProviders": [
                        {
                            "authenticationType": "OPENID_CONNECT",
                            "openIDConnectConfig": {"issuer": "https://id.example"},
                        },
                        {"authenticationType": _KEY},
                    ],
                }
            },
            leaves={
                "settings": {
                    **_GOOD,
                    "additionalAuthenticationProviders": [
                        {
                            "authenticationType": "OPENID_CONNECT",
                            "openIDConnectConfig": {"issuer": "https://id.example"},
                        }
                    ],
                }
            },
        ),
        {"settings": {**_GOOD, "authenticationType": _KEY}},
    ],
)
def no_api_keys(settings: Mapping[str, Json]) -> Verdict:
    """Nobody asks the API with a key.

    A key stands in every copy of an application, is the same for all callers, and works for up to a year.
    """
    if _KEY not in _ways(settings):
        return compliant
    if settings["authenticationType"] == _KEY:
        return violation(
            because="API keys are the API's own way to sign in",
            guide="add IAM or a user pool beside the key, mark in the schema what each may ask, move the callers, make "
            "it the API's own way, and take the key off",
        )
    others = [item for item in settings["additionalAuthenticationProviders"] if item["authenticationType"] != _KEY]
    wanted = {**settings, "additionalAuthenticationProviders": others}
    return should_be(settings=wanted, because="callers may come with an API key")


@control(
    "aws.appsync.api.not-introspectable",
    API,
    severity=Severity.LOW,
    disrupts=may_disrupt("tools that read the schema from the API itself, such as explorers and generators, get none"),
    compliant=[{"settings": {**_BOUNDED, "introspectionConfig": "DISABLED"}}],
    violating=[Example({"settings": _BOUNDED}, leaves={"settings": {**_BOUNDED, "introspectionConfig": "DISABLED"}})],
)
def not_introspectable(settings: Mapping[str, Json]) -> Verdict:
    """The API does not tell its schema to its callers.

    The schema names everything that there is to ask for, what no client uses included.
    """
    if settings["introspectionConfig"] == "DISABLED":
        return compliant
    return should_be(settings={**settings, "introspectionConfig": "DISABLED"}, because="callers may read the schema")


@control(
    "aws.appsync.api.traced",
    API,
    severity=Severity.LOW,
    disrupts=harmless(
        "a sample of the requests is recorded (by default one each second and 5 % of the rest), and X-Ray "
        "charges by trace",
        source="AWS AppSync Developer Guide, Using AWS X-Ray to trace requests in AWS AppSync",
        noticed_by="those who pay",
    ),
    compliant=[{"settings": _GOOD}],
    violating=[Example({"settings": {**_GOOD, "xrayEnabled": False}}, leaves={"settings": _GOOD})],
)
def traced(settings: Mapping[str, Json]) -> Verdict:
    """Requests are traced.

    A trace shows which data sources a request reached, and where it failed.
    """
    if settings["xrayEnabled"]:
        return compliant
    return should_be(settings={**settings, "xrayEnabled": True}, because="requests are not traced")


@control(
    "aws.appsync.api.behind-firewall",
    API,
    severity=Severity.MEDIUM,
    compliant=[
        {"web_acl": "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/api/a1b2", "visibility": "GLOBAL"},
        {"web_acl": ABSENT, "visibility": "PRIVATE"},
    ],
    violating=[{"web_acl": ABSENT, "visibility": "GLOBAL"}],
)
def behind_firewall(web_acl: Value, visibility: Value) -> Verdict:
    """An API that everyone reaches has a web ACL before it.

    It is what holds back floods and known attacks. A private API is reached from the network only.
    """
    if web_acl is not ABSENT or visibility == "PRIVATE":
        return compliant
    return violation(
        because="there is no web ACL before the API",
        guide="make a regional web ACL with a rate limit and the managed rules for known bad inputs, let it count for "
        "a week, then let it block, and associate it with the API",
    )
