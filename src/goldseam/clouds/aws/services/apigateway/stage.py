"""Stages: how an API is served, and what is written down of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from goldseam.clouds.aws.facet import VALUE, AwsFacet, Look, Send, absent_is, tags
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.named import ClientCertificate, LogDestination, WebAclArn
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.apigateway.api import FIND
from goldseam.clouds.aws.services.apigateway.patched import Patched, patch
from goldseam.clouds.aws.services.wafv2 import WebAcl, behind, named
from goldseam.control import (
    Example,
    Severity,
    Step,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value

_STAGE: Final = {"restApiId": "{parent}", "stageName": "{name}"}
_ALL: Final = "*/*"
"""The settings of every method that has none of its own."""
_SETTINGS: Final = {
    "loggingLevel": ("logging/loglevel", "OFF"),
    "dataTraceEnabled": ("logging/dataTrace", False),
    "cachingEnabled": ("caching/enabled", False),
    "cacheDataEncrypted": ("caching/dataEncrypted", False),
}
"""Of each setting of a method: the end of its path, and what holds where it is not said."""


@dataclass(frozen=True)
class _Methods(AwsFacet):
    """How a stage logs and caches, by method; `*/*` is always there, for it holds where nothing else is said."""

    update: Send = field(kw_only=True)

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One call with a patch for each setting that differs; no method can be added or removed."""
        if before.keys() != after.keys():
            raise self.no_way(ref, after)
        patches = [
            patch(f"/{method}/{_SETTINGS[name][0]}", value)
            for method, settings in sorted(after.items())
            for name, value in sorted(settings.items())
            if value != before[method][name]
        ]
        return (self.step(self.update.call(ref, more={"patchOperations": patches}), after),) if patches else ()


def _methods(value: Value) -> Value:
    held = {_ALL: {}, **({} if value is ABSENT else value)}
    return {method: _method_form(settings) for method, settings in held.items()}


def _method_form(settings: Mapping[str, Json]) -> Json:
    """Every setting; how a cache is kept means nothing where there is none."""
    made = {name: settings.get(name, usual) for name, (_, usual) in _SETTINGS.items()}
    return made if made["cachingEnabled"] else {**made, "cacheDataEncrypted": False}


_UPDATE_STAGE: Final = Send("apigateway.UpdateStage", {**_STAGE, "patchOperations": VALUE})


_SECRET: Final = re.compile(
    r"passw|passphrase|secret|token|api_?key|private_?key|credential|access_?key", re.IGNORECASE
)


def _secret_names(raw: Mapping[str, str]) -> Value:
    """The names that tell of a secret; the values are not kept."""
    return sorted(name for name, value in raw.items() if value and _SECRET.search(name))


def _no_text(value: Value) -> Value:
    return ABSENT if value == "" else value


def _to_somewhere(value: Value) -> Value:
    """A log that goes nowhere is none."""
    return value if value is not ABSENT and value.get("destinationArn") else ABSENT


STAGE: Final = AwsKind(
    "aws.apigateway.stage",
    "API stage",
    (
        _Methods(name="methods", listed="methodSettings", form=_methods, update=Send("apigateway.UpdateStage", _STAGE)),
        Patched(
            name="access_log",
            listed="accessLogSettings",
            form=_to_somewhere,
            put=_UPDATE_STAGE,
            paths={"destinationArn": "/accessLogSettings/destinationArn", "format": "/accessLogSettings/format"},
            root="/accessLogSettings",
        ),
        Patched(
            name="tracing",
            listed="tracingEnabled",
            form=absent_is(default=False),
            put=_UPDATE_STAGE,
            paths={"": "/tracingEnabled"},
            root="",
        ),
        Patched(
            name="client_certificate",
            listed="clientCertificateId",
            form=_no_text,
            put=_UPDATE_STAGE,
            paths={"": "/clientCertificateId"},
            root="/clientCertificateId",
        ),
        Look(name="secret_variables", listed="variables", decode=_secret_names, form=absent_is([])),
        WebAcl(name="web_acl", listed="webAclArn", form=_no_text, also=(("apigateway:SetWebACL", "{address}"),)),
        tags(listed="tags"),
    ),
    touched_by=(
        changes("apigateway", f"{REQUEST}.stageName", within=f"{REQUEST}.restApiId"),
        changes("apigateway", f"{REQUEST}.createDeploymentInput.stageName", within=f"{REQUEST}.restApiId"),
    ),
    address="arn:{partition}:apigateway:{region}::/restapis/{parent}/stages/{name}",
    find=Listing("apigateway.GetStages", "item", id="stageName", parameters={"restApiId": "{parent}"}, within=FIND),
)


_QUIET: Final = {"loggingLevel": "OFF", "dataTraceEnabled": False, "cachingEnabled": False, "cacheDataEncrypted": False}


def _method(**changed: Json) -> dict[str, Json]:
    return {**_QUIET, **changed}


_LOGS: Final = _method(loggingLevel="INFO")
_ERRORS: Final = _method(loggingLevel="ERROR")


def _each(methods: Mapping[str, Mapping[str, Json]], names: list[str], **changed: Json) -> dict[str, Json]:
    return {name: {**held, **changed} if name in names else held for name, held in methods.items()}


@control(
    "aws.apigateway.stage.execution-logged",
    STAGE,
    severity=Severity.MEDIUM,
    maps=required("apigateway_restapi_logging_enabled", without=("cis-aws-7.0:4.10",)),
    covers=("security-hub:APIGateway.1",),
    disrupts=harmless(
        "stage settings change without a deployment and requests are served as before; CloudWatch Logs charges "
        "by volume, and API Gateway refuses the change where the account has no role for logging",
        source="API Gateway Developer Guide, Set up CloudWatch logging for REST APIs in API Gateway",
        noticed_by="those who pay",
    ),
    compliant=[{"methods": {"*/*": _LOGS}}, {"methods": {"*/*": _ERRORS, "pets/GET": _ERRORS}}],
    violating=[
        Example({"methods": {"*/*": _QUIET}}, leaves={"methods": {"*/*": _ERRORS}}),
        Example({"methods": {"*/*": _QUIET}}, settings={"verbose": True}, leaves={"methods": {"*/*": _LOGS}}),
    ],
)
def execution_logged(methods: Mapping[str, Mapping[str, Json]], *, verbose: bool = False) -> Verdict:
    """A stage logs what goes wrong.

    Without a log nobody sees who tries what, or why requests fail. Errors are enough; `verbose` asks for every request.
    """
    silent = [name for name, held in methods.items() if held["loggingLevel"] == "OFF"]
    if not silent:
        return compliant
    wanted = _each(methods, silent, loggingLevel="INFO" if verbose else "ERROR")
    return should_be(methods=wanted, because=f"nothing is logged of {_of(silent)}")


def _of(names: list[str]) -> str:
    return ", ".join("all methods" if name == _ALL else name for name in sorted(names))


@control(
    "aws.apigateway.stage.no-data-trace",
    STAGE,
    severity=Severity.MEDIUM,
    disrupts=harmless(
        "requests are served as before; request and response bodies are no longer logged, as AWS recommends "
        "for production",
        source="API Gateway Developer Guide, Set up CloudWatch logging for REST APIs in API Gateway",
        noticed_by="those who read the logs",
    ),
    compliant=[{"methods": {"*/*": _LOGS}}],
    violating=[
        Example(
            {"methods": {"*/*": _method(loggingLevel="INFO", dataTraceEnabled=True)}},
            leaves={"methods": {"*/*": _LOGS}},
        )
    ],
)
def no_data_trace(methods: Mapping[str, Mapping[str, Json]]) -> Verdict:
    """Requests are not logged whole.

    Headers and bodies hold passwords, tokens and personal data, which do not belong in a log.
    """
    traced = [name for name, held in methods.items() if held["dataTraceEnabled"]]
    if not traced:
        return compliant
    wanted = _each(methods, traced, dataTraceEnabled=False)
    return should_be(methods=wanted, because=f"requests and answers of {_of(traced)} are logged whole")


_CACHED: Final = _method(cachingEnabled=True, cacheDataEncrypted=True)
_PLAIN: Final = _method(cachingEnabled=True)


@control(
    "aws.apigateway.stage.cache-encrypted",
    STAGE,
    severity=Severity.MEDIUM,
    maps=required("apigateway_restapi_cache_encrypted"),
    covers=("security-hub:APIGateway.5",),
    disrupts=may_disrupt(
        "encryption may enlarge cached responses, so responses close to the limit of 1048576 bytes may no "
        "longer be cached and are slower",
        source="API Gateway Developer Guide, Cache settings for REST APIs in API Gateway",
    ),
    compliant=[{"methods": {"*/*": _CACHED}}, {"methods": {"*/*": _QUIET}}],
    violating=[
        Example({"methods": {"*/*": _PLAIN}}, leaves={"methods": {"*/*": _CACHED}}),
    ],
)
def cache_encrypted(methods: Mapping[str, Mapping[str, Json]]) -> Verdict:
    """What a stage caches is encrypted.

    A cache holds answers, and so the same data as what answers them.
    """
    plain = [name for name, held in methods.items() if held["cachingEnabled"] and not held["cacheDataEncrypted"]]
    if not plain:
        return compliant
    wanted = _each(methods, plain, cacheDataEncrypted=True)
    return should_be(methods=wanted, because=f"the cache of {_of(plain)} is not encrypted")


_FORMAT: Final = (
    '{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","requestTime":"$context.requestTime",'
    '"httpMethod":"$context.httpMethod","path":"$context.path","status":"$context.status",'
    '"user":"$context.identity.user","responseLength":"$context.responseLength"}'
)
_GROUP: Final = "arn:aws:logs:eu-west-1:123456789012:log-group:goldseam-edge"
_LOG: Final = {"destinationArn": _GROUP, "format": _FORMAT}


@control(
    "aws.apigateway.stage.access-logged",
    STAGE,
    severity=Severity.MEDIUM,
    maps=required("apigateway_restapi_logging_enabled", without=("fsbp:APIGateway.1",)),
    disrupts=harmless(
        "stage settings change without a deployment and requests are served as before; CloudWatch Logs charges "
        "by volume",
        source="API Gateway Developer Guide, Set up CloudWatch logging for REST APIs in API Gateway",
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
            guide="make a log group, let API Gateway write logs in the account's settings, and give the ARN of the "
            "group in a policy as the setting `destination`",
        )
    return should_be(access_log={"destinationArn": destination, "format": format}, because="requests are not logged")


@control(
    "aws.apigateway.stage.no-secrets",
    STAGE,
    severity=Severity.HIGH,
    maps=required("apigateway_restapi_no_secrets_in_stage_variables"),
    compliant=[{"secret_variables": []}],
    violating=[{"secret_variables": ["dbPassword"]}],
)
def no_secrets(secret_variables: list[str]) -> Verdict:
    """No variable of a stage holds a secret.

    Whoever may look at the stage reads them, and they end up in exports of the API. Names tell; values are not read.
    """
    if not secret_variables:
        return compliant
    return violation(
        because=f"{', '.join(secret_variables)} may be a secret",
        guide="put the secret into Secrets Manager, let the backend read it there, take the variable out of the stage, "
        "and renew the secret, for it has been seen",
    )


@control(
    "aws.apigateway.stage.traced",
    STAGE,
    severity=Severity.LOW,
    maps=required("apigateway_restapi_tracing_enabled"),
    disrupts=harmless(
        "a sample of the requests is recorded (by default one each second and 5 % of the rest), and X-Ray "
        "charges by trace",
        source="API Gateway Developer Guide, Set up AWS X-Ray with API Gateway REST APIs",
        noticed_by="those who pay",
    ),
    compliant=[{"tracing": True}],
    violating=[Example({"tracing": False}, leaves={"tracing": True})],
)
def traced(tracing: bool) -> Verdict:  # noqa: FBT001
    """Requests can be followed through the services behind a stage.

    A trace shows where an attack, or an outage, went in.
    """
    return compliant if tracing else should_be(tracing=True, because="requests are not traced")


@control(
    "aws.apigateway.stage.known-to-backend",
    STAGE,
    severity=Severity.LOW,
    maps=required("apigateway_restapi_client_certificate_enabled"),
    disrupts=may_disrupt("a backend that checks client certificates and does not know this one refuses the requests"),
    compliant=[{"client_certificate": "a1b2c3"}],
    violating=[
        {"client_certificate": ABSENT},
        Example(
            {"client_certificate": ABSENT}, settings={"certificate": "a1b2c3"}, leaves={"client_certificate": "a1b2c3"}
        ),
    ],
)
def known_to_backend(client_certificate: Value, *, certificate: ClientCertificate = "") -> Verdict:
    """The backend can tell that a request comes from API Gateway.

    Else whoever finds its address goes around the authorizers, the throttling and the log.
    """
    if client_certificate is not ABSENT:
        return compliant
    if not certificate:
        return violation(
            because="there is no client certificate",
            guide="generate one with `aws apigateway generate-client-certificate`, let the backend demand it, and give "
            "its id in a policy as the setting `certificate`; a stage with Lambda functions only needs none: exempt it",
        )
    return should_be(client_certificate=certificate, because="there is no client certificate")


@control(
    "aws.apigateway.stage.behind-firewall",
    STAGE,
    severity=Severity.MEDIUM,
    maps=required("apigateway_restapi_waf_acl_attached"),
    disrupts=may_disrupt("requests that the rules of the web ACL block are refused"),
    compliant=[{"web_acl": named("edge")}],
    violating=[
        {"web_acl": ABSENT},
        Example({"web_acl": ABSENT}, settings={"firewall": named("edge")}, leaves={"web_acl": named("edge")}),
    ],
)
def behind_firewall(web_acl: Value, *, firewall: WebAclArn = "") -> Verdict:
    """Requests to a stage pass a web application firewall.

    It takes out known attacks before they reach the backend.
    """
    return behind(web_acl, firewall)
