"""Listeners of load balancers: what they speak, and where they send what they hear.

A plain HTTP listener becomes one that redirects to HTTPS: the listener, its port and its rules stay, and undo gives it
its default actions back. Source: Elastic Load Balancing API Reference, ModifyListener and `Action`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Look, Reading, Send, absent_is
from goldseam.clouds.aws.kind import ANSWER, REQUEST, Ask, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.elbv2.load_balancer import FIND
from goldseam.clouds.aws.shapes import Document
from goldseam.control import Example, Severity, Step, Verdict, compliant, control, may_disrupt, should_be, violation
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value

_THIS: Final = {"ListenerArn": "{id}"}
_DESCRIBE: Final = "elbv2.DescribeListeners"
_RULES: Final = "elbv2.DescribeRules"
_MODIFY: Final = "elbv2.ModifyListener"
_AS_ASKED: Final = {
    "Host": "#{host}",
    "Path": "/#{path}",
    "Port": "#{port}",
    "Protocol": "#{protocol}",
    "Query": "#{query}",
}
"""What a redirect keeps of the request where it does not say (API Reference, `RedirectActionConfig`)."""


def _action(raw: Mapping[str, Json], order: int) -> Json:
    """An action with its defaults filled in, so that two spellings of one action are equal."""
    made = {"Order": order, **raw}
    if "RedirectConfig" in made:
        made["RedirectConfig"] = {**_AS_ASKED, **made["RedirectConfig"]}
    if "FixedResponseConfig" in made:
        made["FixedResponseConfig"] = {key: item for key, item in made["FixedResponseConfig"].items() if item}
    if made["Type"] == "forward":
        config = made.get("ForwardConfig") or {"TargetGroups": [{"TargetGroupArn": made["TargetGroupArn"]}]}
        groups = [{"Weight": 1, **group} for group in config["TargetGroups"]]
        sticky = {"Enabled": False, **(config.get("TargetGroupStickinessConfig") or {})}
        made["ForwardConfig"] = {"TargetGroups": groups, "TargetGroupStickinessConfig": sticky}
        if len(groups) == 1:
            made["TargetGroupArn"] = groups[0]["TargetGroupArn"]
    return made


def _in_order(value: Value) -> Value:
    held = [] if value is ABSENT else value
    made = [_action(raw, order) for order, raw in enumerate(held, 1)]
    return sorted(made, key=lambda action: int(action["Order"]))


@dataclass(frozen=True)
class _Actions(Document):
    """The default actions; those that sign users in hold a secret that is not read, and are not written."""

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One call with all default actions."""
        if any(action["Type"] == "authenticate-oidc" for action in (*before, *after)):
            raise self.no_way(ref, after)
        return super().write(ref, before, after)


@dataclass(frozen=True)
class _Secure(Look):
    """The ports of the same load balancer on which HTTPS is spoken; the listing has them, so they cost no call."""

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Ask what else the load balancer listens to."""
        beside = ask.every(_DESCRIBE, {"LoadBalancerArn": item["LoadBalancerArn"]}, ref.region, "Listeners")
        return Reading(sorted(int(other["Port"]) for other in beside if other.get("Protocol") == "HTTPS"))


@dataclass(frozen=True)
class _PlainRules(Look):
    """The rules of an HTTP listener, by priority, that send requests on as they are."""

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The rules of a listener."""
        return (_RULES,)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Ask for the rules, of an HTTP listener only."""
        if item.get("Protocol") != "HTTP":
            return Reading([])
        rules = ask.every(_RULES, {"ListenerArn": ref.id}, ref.region, "Rules")
        plain = (rule["Priority"] for rule in rules if not rule.get("IsDefault") and _is_plain(rule["Actions"]))
        return Reading(sorted(plain, key=int))


def _is_plain(actions: list[Json]) -> bool:
    """Whether actions pass requests on in plain text: they neither lead to HTTPS nor answer by themselves."""
    return any(not _is_closed(action) for action in actions)


def _is_closed(action: Mapping[str, Json]) -> bool:
    if action["Type"] == "redirect":
        return bool(action["RedirectConfig"].get("Protocol") == "HTTPS")
    return bool(action["Type"] == "fixed-response")


LISTENER: Final = AwsKind(
    "aws.elbv2.listener",
    "load balancer listener",
    (
        _Actions(
            name="actions",
            listed="DefaultActions",
            form=_in_order,
            sensitive=(
                "[].AuthenticateOidcConfig.ClientSecret",
                "[].AuthenticateOidcConfig.AuthenticationRequestExtraParams.*",
                "[].AuthenticateCognitoConfig.AuthenticationRequestExtraParams.*",
            ),
            put=Send(_MODIFY, {**_THIS, "DefaultActions": VALUE}),
        ),
        Document(
            name="tls_policy", listed="SslPolicy", form=absent_is(""), put=Send(_MODIFY, {**_THIS, "SslPolicy": VALUE})
        ),
        Look(name="protocol", listed="Protocol", form=absent_is("")),
        _Secure(name="secure_ports"),
        _PlainRules(name="plain_rules"),
    ),
    touched_by=(
        changes(
            "elasticloadbalancing",
            f"{REQUEST}.listenerArn",
            f"{ANSWER}.listeners.listenerArn",
            id="(arn:[^:]+:elasticloadbalancing:.+:listener/(?:app|net|gwy)/.+)",
        ),
    ),
    address="arn:{partition}:elasticloadbalancing:{region}:{account}:listener/{name}",
    find=Listing(
        _DESCRIBE, "Listeners", id="ListenerArn", address="ListenerArn", parameters={"LoadBalancerArn": "{parent}"},
        narrow={"ListenerArns": ["{id}"]}, within=FIND, whole=True,
    ),
)  # fmt: skip

_WEB: Final = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/1234567890abcdef"
_FORWARD: Final = {"Type": "forward", "TargetGroupArn": _WEB}
_SPLIT: Final = {
    "Type": "forward",
    "ForwardConfig": {
        "TargetGroups": [{"TargetGroupArn": _WEB, "Weight": 9}, {"TargetGroupArn": f"{_WEB[:-1]}0", "Weight": 1}],
        "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60},
    },
}
_NOT_HERE: Final = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain"}}


def _redirect(port: int, protocol: str = "HTTPS") -> Json:
    config = {**_AS_ASKED, "Protocol": protocol, "Port": str(port), "StatusCode": "HTTP_301"}
    return {"Type": "redirect", "Order": 1, "RedirectConfig": config}


def _plain(*actions: Json, secure: tuple[int, ...] = (443,)) -> dict[str, Value]:
    return {"protocol": "HTTP", "actions": list(actions), "secure_ports": list(secure)}


@control(
    "aws.elbv2.listener.redirects-to-https",
    LISTENER,
    severity=Severity.HIGH,
    maps=required("elbv2_ssl_listeners"),
    covers=("seed:elbv2HttpsOnly", "security-hub:ELB.1"),
    disrupts=may_disrupt("clients that speak plain HTTP only, or do not follow redirects, are no longer served"),
    compliant=[
        _plain(_redirect(443)),
        _plain(_NOT_HERE, secure=()),
        {**_plain(_FORWARD), "protocol": "HTTPS"},
        {**_plain(_FORWARD), "protocol": "TCP"},
    ],
    violating=[
        Example(_plain(_FORWARD), leaves={"actions": [_redirect(443)]}),
        Example(_plain(_SPLIT, secure=(8443, 9443)), leaves={"actions": [_redirect(8443)]}),
        Example(_plain(_redirect(80, "HTTP")), leaves={"actions": [_redirect(443)]}),
        _plain(_FORWARD, secure=()),
    ],
)
def redirects_to_https(protocol: str, actions: list[Json], secure_ports: list[int]) -> Verdict:
    """Plain HTTP leads to HTTPS.

    What is sent in plain text is read and changed on the way, passwords and session cookies included.
    """
    if protocol != "HTTP" or not _is_plain(actions):
        return compliant
    because = f"plain HTTP goes to {', '.join(_where(action) for action in actions if not _is_closed(action))}"
    if not secure_ports:
        return violation(
            because=f"{because}; the load balancer has no HTTPS listener to redirect to",
            guide="request a certificate in ACM for the names that clients use, add an HTTPS listener with it and with "
            "the actions of this one, let port 443 into the security group, and scan again: then this one can redirect",
        )
    port = 443 if 443 in secure_ports else secure_ports[0]  # noqa: PLR2004 - the port of HTTPS
    return should_be(actions=[_redirect(port)], because=because)


def _where(action: Mapping[str, Json]) -> str:
    groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
    names = [str(group["TargetGroupArn"]).split("/")[1] for group in groups]
    return " and ".join(names) if names else f"a {action['Type']}"


@control(
    "aws.elbv2.listener.rules-not-plain",
    LISTENER,
    severity=Severity.MEDIUM,
    maps=required("elbv2_ssl_listeners"),
    compliant=[{"plain_rules": []}],
    violating=[{"plain_rules": ["10", "20"]}],
)
def rules_not_plain(plain_rules: list[str]) -> Verdict:
    """No rule of an HTTP listener passes requests on in plain text.

    A listener that redirects by default still forwards what its rules say.
    """
    if not plain_rules:
        return compliant
    return violation(
        because=f"rule {', '.join(plain_rules)} passes plain HTTP on",
        guide="put the same rules on the HTTPS listener, then let each of these redirect to HTTPS instead, with "
        "`aws elbv2 modify-rule`; what serves health checks or proves the ownership of a domain may stay: exempt it",
    )


_MODERN: Final = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
_QUANTUM: Final = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
_LEAST: Final = re.compile(r"ELBSecurityPolicy-(?:TLS13|TLS|FS)-1-(\d)\b")
_ENOUGH: Final = 2


def least_version(policy: str) -> int:
    """The least version of TLS 1 that a security policy lets in, by its name; 0 for the old ones that do not say.

    Source: User Guide for Application Load Balancers, "Security policies".
    """
    found = _LEAST.match(policy)
    return int(found[1]) if found else 0


_OLD: Final = "ELBSecurityPolicy-2016-08"


@control(
    "aws.elbv2.listener.tls-modern",
    LISTENER,
    severity=Severity.HIGH,
    maps=required("elbv2_insecure_ssl_ciphers"),
    disrupts=may_disrupt("clients that do not speak TLS 1.2, or none of the ciphers of the policy, cannot connect"),
    compliant=[
        {"protocol": "HTTPS", "tls_policy": _MODERN},
        {"protocol": "TLS", "tls_policy": "ELBSecurityPolicy-FS-1-2-Res-2020-10"},
        {"protocol": "HTTP", "tls_policy": ""},
    ],
    violating=[
        Example({"protocol": "HTTPS", "tls_policy": _OLD}, leaves={"tls_policy": _MODERN}),
        Example(
            {"protocol": "TLS", "tls_policy": "ELBSecurityPolicy-TLS13-1-0-2021-06"}, leaves={"tls_policy": _MODERN}
        ),
        Example(
            {"protocol": "HTTPS", "tls_policy": _MODERN},
            settings={"policy": "ELBSecurityPolicy-TLS13-1-3-2021-06"},
            leaves={"tls_policy": "ELBSecurityPolicy-TLS13-1-3-2021-06"},
        ),
        Example({"protocol": "HTTPS", "tls_policy": _OLD}, settings={"policy": _OLD}),
    ],
)
def tls_modern(protocol: str, tls_policy: str, *, policy: str = _MODERN) -> Verdict:
    """Clients connect with TLS 1.2 or newer.

    Older versions have known weaknesses; the policy that AWS sets where none is named still lets them in. A stricter
    `policy` asks for its version of all listeners.
    """
    wanted = max(least_version(policy), _ENOUGH)
    if protocol not in ("HTTPS", "TLS") or least_version(tls_policy) >= wanted:
        return compliant
    because = f"the security policy {tls_policy} lets in versions of TLS before 1.{wanted}"
    if least_version(policy) < _ENOUGH:
        return violation(because=because, guide=f"choose another setting `policy`: {policy} lets them in as well")
    return should_be(tls_policy=policy, because=because)


@control(
    "aws.elbv2.listener.post-quantum",
    LISTENER,
    severity=Severity.LOW,
    maps=required("elbv2_listener_pqc_tls_enabled"),
    disrupts=may_disrupt(
        "clients that need a version of TLS or a cipher that the new policy does not have are cut off"
    ),
    compliant=[{"protocol": "HTTPS", "tls_policy": _QUANTUM}, {"protocol": "HTTP", "tls_policy": ""}],
    violating=[Example({"protocol": "HTTPS", "tls_policy": _MODERN}, leaves={"tls_policy": _QUANTUM})],
)
def post_quantum(protocol: str, tls_policy: str) -> Verdict:
    """Keys are agreed on in a way that a quantum computer does not undo.

    What is recorded today can be read once there is one. Clients that do not know how agree on keys as before.
    """
    if protocol not in ("HTTPS", "TLS") or "-PQ-" in tls_policy:
        return compliant
    return should_be(tls_policy=_QUANTUM, because=f"the security policy {tls_policy} has no post-quantum key exchange")
