"""The names that lead to APIs."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import VALUE, Send, tags, until
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.services.apigateway.patched import Patched
from goldseam.control import (
    Example,
    Severity,
    Verdict,
    compliant,
    control,
    may_disrupt,
    should_be,
)
from goldseam.model.values import Value

DOMAIN_NAME: Final = AwsKind(
    "aws.apigateway.domain-name",
    "API domain name",
    (
        Patched(
            name="tls_policy",
            listed="securityPolicy",
            put=Send("apigateway.UpdateDomainName", {"domainName": "{id}", "patchOperations": VALUE}),
            paths={"": "/securityPolicy"},
            root="",
            waits=until("domainNameStatus", "AVAILABLE", of="the domain name"),
        ),
        tags(listed="tags"),
    ),
    touched_by=(changes("apigateway", f"{REQUEST}.domainName"),),
    address="arn:{partition}:apigateway:{region}::/domainnames/{id}",
    find=Listing("apigateway.GetDomainNames", "items", id="domainName"),
)

_OLD: Final = "TLS_1_0"
_MODERN: Final = "TLS_1_2"


@control(
    "aws.apigateway.domain-name.tls-modern",
    DOMAIN_NAME,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt("clients that do not speak TLS 1.2 cannot connect"),
    compliant=[{"tls_policy": _MODERN}, {"tls_policy": "SecurityPolicy_TLS13_1_3_2025_09"}],
    violating=[Example({"tls_policy": _OLD}, leaves={"tls_policy": _MODERN})],
)
def tls_modern(tls_policy: Value) -> Verdict:
    """Clients of a domain name connect with TLS 1.2 or newer.

    Older versions have known weaknesses, and whoever stands between can ask for the oldest that both know.
    """
    if tls_policy != _OLD:
        return compliant
    return should_be(tls_policy=_MODERN, because="TLS 1.0 and 1.1 are let in")
