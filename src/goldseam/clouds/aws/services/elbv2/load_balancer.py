"""Application, network and gateway load balancers: how they are set, and what stands behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final

from goldseam.clouds.aws.facet import VALUE, AwsFacet, Get, Look, Reading, Send, absent_is, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, Ask, AwsKind, Listing, changes
from goldseam.clouds.aws.named import Bucket, WebAclArn
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.wafv2 import WebAcl, behind, named
from goldseam.clouds.aws.shapes import Document
from goldseam.control import (
    Example,
    Placed,
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

_THIS: Final = {"LoadBalancerArn": "{id}"}
_ATTRIBUTES: Final = Get("elbv2.DescribeLoadBalancerAttributes", _THIS, "Attributes")
_MODIFY: Final = "elbv2.ModifyLoadBalancerAttributes"
_GROUPS: Final = "elbv2.DescribeTargetGroups"
_HEALTH: Final = "elbv2.DescribeTargetHealth"
_LOG: Final = "access_logs.s3"
_PROTECTED: Final = "deletion_protection.enabled"
_DROPS: Final = "routing.http.drop_invalid_header_fields.enabled"
_DESYNC: Final = "routing.http.desync_mitigation_mode"
_CROSS_ZONE: Final = "load_balancing.cross_zone.enabled"
_KEYS: Final = (_PROTECTED, _DROPS, _DESYNC, _CROSS_ZONE)


def _bag(raw: Json) -> dict[str, str]:
    return {item["Key"]: item.get("Value") or "" for item in raw}


def _pairs(values: Mapping[str, str]) -> list[Json]:
    return [{"Key": key, "Value": values[key]} for key in sorted(values)]


@dataclass(frozen=True)
class Attributes(AwsFacet):
    """The attributes with these keys, each as the text that the API has for it; only what differs is sent."""

    modify: Send = field(kw_only=True)
    keys: tuple[str, ...] = field(kw_only=True)

    def _decoded(self, raw: Json) -> Value:
        held = _bag(raw or [])
        return {key: held[key] for key in self.keys if key in held}

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One call with the attributes that differ; none can be added or removed."""
        if before.keys() != after.keys():
            raise self.no_way(ref, after)
        differing = {key: value for key, value in after.items() if value != before[key]}
        return (self.step(self.modify.call(ref, _pairs(differing)), after),) if differing else ()


def _log(raw: Json) -> Value:
    held = _bag(raw)
    if held.get(f"{_LOG}.enabled") != "true":
        return ABSENT
    return {"bucket": held.get(f"{_LOG}.bucket", ""), "prefix": held.get(f"{_LOG}.prefix", "")}


def _log_on(value: Json) -> Json:
    return _pairs({f"{_LOG}.enabled": "true", f"{_LOG}.bucket": value["bucket"], f"{_LOG}.prefix": value["prefix"]})


def _zones(raw: Json) -> Value:
    return sorted(zone["ZoneName"] for zone in raw)


def _listeners(raw: Json) -> Value:
    return sorted(f"{item.get('Protocol', '')}:{item.get('Port', '')}" for item in raw)


@dataclass(frozen=True)
class Targets(Look):
    """The target groups of a load balancer by name, and whether anything is registered in each."""

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The groups, and what is in each."""
        return (_GROUPS, _HEALTH)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Ask for the groups, then for the targets of each."""
        del item
        groups = ask.every(_GROUPS, {"LoadBalancerArn": ref.id}, ref.region, "TargetGroups")
        return Reading({group["TargetGroupName"]: _is_filled(ask, ref, group) for group in groups})


def _is_filled(ask: Ask, ref: Ref, group: Mapping[str, Json]) -> bool:
    answer = ask.one(_HEALTH, {"TargetGroupArn": group["TargetGroupArn"]}, ref.region)
    return bool(answer.get("TargetHealthDescriptions"))


@dataclass(frozen=True)
class _WebAclOfApplication(WebAcl):
    """Only application load balancers have one; AWS WAF refuses the question about others."""

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The web ACL; none where there cannot be one."""
        return super().read(ask, ref, item) if item["Type"] == "application" else Reading(ABSENT)


FIND: Final = Listing(
    "elbv2.DescribeLoadBalancers", "LoadBalancers", id="LoadBalancerArn", address="LoadBalancerArn",
    narrow={"LoadBalancerArns": ["{id}"]},
)  # fmt: skip

_ID: Final = "(arn:[^:]+:elasticloadbalancing:.+:loadbalancer/(?:app|net|gwy)/.+)"

LOAD_BALANCER: Final = AwsKind(
    "aws.elbv2.load-balancer",
    "load balancer",
    (
        Attributes(
            name="attributes", get=_ATTRIBUTES, modify=Send(_MODIFY, {**_THIS, "Attributes": VALUE}), keys=_KEYS
        ),
        Document(
            name="access_log",
            get=_ATTRIBUTES,
            decode=_log,
            put=Send(_MODIFY, {**_THIS, "Attributes": VALUE}),
            delete=Send(_MODIFY, {**_THIS, "Attributes": [{"Key": f"{_LOG}.enabled", "Value": "false"}]}),
            encode=_log_on,
        ),
        _WebAclOfApplication(
            name="web_acl",
            get=Get("wafv2.GetWebACLForResource", {"ResourceArn": "{address}"}, "WebACL.ARN"),
            also=(("elasticloadbalancing:SetWebAcl", "*"),),
        ),
        Look(name="type", listed="Type"),
        Look(name="zones", listed="AvailabilityZones", decode=_zones, form=absent_is([])),
        Look(name="listeners", get=Get("elbv2.DescribeListeners", _THIS, "Listeners"), decode=_listeners),
        Targets(name="targets"),
        tags(Get("elbv2.DescribeTags", {"ResourceArns": ["{id}"]}, "TagDescriptions.Tags")),
    ),
    touched_by=(
        changes(
            "elasticloadbalancing", f"{REQUEST}.loadBalancerArn", f"{ANSWER}.loadBalancers.loadBalancerArn", id=_ID
        ),
        changes("elasticloadbalancing", f"{REQUEST}.resourceArns", id=_ID),
        changes("wafv2", f"{REQUEST}.resourceArn", names=("AssociateWebACL", "DisassociateWebACL"), id=_ID),
    ),
    address="arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{name}",
    find=FIND,
)

_APPLICATION: Final = {_PROTECTED: "true", _DROPS: "true", _DESYNC: "defensive", _CROSS_ZONE: "true"}
EXAMPLE_ACL: Final = named("edge")
_NETWORK: Final = {_PROTECTED: "true", _CROSS_ZONE: "true"}


def _application(**changed: Value) -> dict[str, Value]:
    return {"type": "application", "attributes": _APPLICATION, **changed}


def _with(key: str, value: str, held: Mapping[str, str] = _APPLICATION) -> dict[str, str]:
    return {**held, key: value}


_IN_REGION: Final = Placed("Elastic Load Balancing User Guide, Enable access logs for your Application Load Balancer")


@control(
    "aws.elbv2.load-balancer.access-logged",
    LOAD_BALANCER,
    severity=Severity.MEDIUM,
    maps=required("elbv2_logging_enabled"),
    disrupts=harmless(
        "requests are served as before; only storage of the logs is charged, and AWS refuses the change where "
        "it may not write to the bucket",
        source="User Guide for Application Load Balancers, Access logs for your Application Load Balancer",
        noticed_by="those who pay",
    ),
    compliant=[
        {"access_log": {"bucket": "goldseam-logs", "prefix": ""}, "type": "application"},
        {"access_log": ABSENT, "type": "gateway"},
    ],
    violating=[
        {"access_log": ABSENT, "type": "network"},
        Example(
            {"access_log": ABSENT, "type": "application"},
            settings={"bucket": "goldseam-logs", "prefix": "edge"},
            leaves={"access_log": {"bucket": "goldseam-logs", "prefix": "edge"}},
        ),
    ],
)
def access_logged(
    access_log: Value, type: str, *, bucket: Annotated[Bucket, _IN_REGION] = "", prefix: str = ""
) -> Verdict:
    """Requests to a load balancer are logged.

    The log says who asked for what and when, which is the first question after an attack. A gateway load balancer
    keeps none.
    """
    if access_log is not ABSENT or type == "gateway":
        return compliant
    if not bucket:
        return violation(
            because="requests are not logged",
            guide="make a bucket in the region whose policy lets Elastic Load Balancing write, and give its name or "
            "ARN in a policy as the setting `bucket`",
        )
    return should_be(access_log={"bucket": bucket, "prefix": prefix}, because="requests are not logged")


@control(
    "aws.elbv2.load-balancer.deletion-protected",
    LOAD_BALANCER,
    severity=Severity.MEDIUM,
    maps=required("elbv2_deletion_protection"),
    disrupts=harmless(
        "only a deletion is refused, until the protection is switched off again",
        source="Elastic Load Balancing API Reference, LoadBalancerAttribute",
        noticed_by="those who delete it",
    ),
    compliant=[{"attributes": _APPLICATION}, {"attributes": _NETWORK}],
    violating=[
        Example({"attributes": _with(_PROTECTED, "false")}, leaves={"attributes": _APPLICATION}),
        {"attributes": {**_NETWORK, _PROTECTED: "false"}},
    ],
)
def deletion_protected(attributes: Mapping[str, str]) -> Verdict:
    """A load balancer cannot be deleted by one call.

    Its address is what clients know; once deleted it does not come back.
    """
    if attributes.get(_PROTECTED) == "true":
        return compliant
    return should_be(attributes={**attributes, _PROTECTED: "true"}, because="deletion protection is off")


@control(
    "aws.elbv2.load-balancer.invalid-headers-dropped",
    LOAD_BALANCER,
    severity=Severity.MEDIUM,
    maps=required("elbv2_alb_drop_invalid_header_fields_enabled"),
    disrupts=may_disrupt("headers whose names hold other than letters, digits and hyphens do not reach the targets"),
    compliant=[_application(), {"type": "network", "attributes": _NETWORK}],
    violating=[Example(_application(attributes=_with(_DROPS, "false")), leaves={"attributes": _APPLICATION})],
)
def invalid_headers_dropped(attributes: Mapping[str, str], type: str) -> Verdict:
    """Headers with invalid names are dropped.

    A name that the load balancer and the target read differently is how one request is smuggled inside another.
    """
    if type != "application" or attributes.get(_DROPS) == "true":
        return compliant
    return should_be(attributes={**attributes, _DROPS: "true"}, because="headers with invalid names are passed on")


@control(
    "aws.elbv2.load-balancer.desync-mitigated",
    LOAD_BALANCER,
    severity=Severity.MEDIUM,
    maps=required("elbv2_desync_mitigation_mode"),
    disrupts=may_disrupt("requests that break the rules of HTTP in dangerous ways are refused"),
    compliant=[
        _application(),
        _application(attributes=_with(_DESYNC, "strictest")),
        {"type": "network", "attributes": _NETWORK},
    ],
    violating=[Example(_application(attributes=_with(_DESYNC, "monitor")), leaves={"attributes": _APPLICATION})],
)
def desync_mitigated(attributes: Mapping[str, str], type: str) -> Verdict:
    """Ambiguous requests are not passed on.

    Where two servers disagree on where a request ends, the rest of it is taken for someone else's.
    """
    if type != "application" or attributes.get(_DESYNC) in ("defensive", "strictest"):
        return compliant
    because = f"the desync mitigation mode is {attributes.get(_DESYNC, 'not set')}"
    return should_be(attributes={**attributes, _DESYNC: "defensive"}, because=because)


@control(
    "aws.elbv2.load-balancer.cross-zone",
    LOAD_BALANCER,
    severity=Severity.LOW,
    maps=required("elbv2_cross_zone_load_balancing_enabled"),
    disrupts=may_disrupt("targets get traffic of other zones too, and traffic between zones is charged for"),
    compliant=[_application(), {"type": "network", "attributes": _NETWORK}],
    violating=[
        Example(
            {"type": "network", "attributes": _with(_CROSS_ZONE, "false", _NETWORK)}, leaves={"attributes": _NETWORK}
        )
    ],
)
def cross_zone(attributes: Mapping[str, str], type: str) -> Verdict:
    """A load balancer shares traffic out over all its zones.

    Without it the few targets of one zone carry half of the load, and fall first. Application load balancers always do.
    """
    if type == "application" or attributes.get(_CROSS_ZONE) == "true":
        return compliant
    return should_be(attributes={**attributes, _CROSS_ZONE: "true"}, because="traffic stays in the zone that it enters")


@control(
    "aws.elbv2.load-balancer.behind-firewall",
    LOAD_BALANCER,
    severity=Severity.MEDIUM,
    maps=required("elbv2_waf_acl_attached"),
    disrupts=may_disrupt("requests that the rules of the web ACL block are refused"),
    compliant=[{"web_acl": EXAMPLE_ACL, "type": "application"}, {"web_acl": ABSENT, "type": "network"}],
    violating=[
        {"web_acl": ABSENT, "type": "application"},
        Example(
            {"web_acl": ABSENT, "type": "application"},
            settings={"firewall": EXAMPLE_ACL},
            leaves={"web_acl": EXAMPLE_ACL},
        ),
    ],
)
def behind_firewall(web_acl: Value, type: str, *, firewall: WebAclArn = "") -> Verdict:
    """Requests to an application load balancer pass a web application firewall.

    It takes out known attacks before they reach the application.
    """
    return compliant if type != "application" else behind(web_acl, firewall)
