"""AWS WAF: web ACLs, and what it takes to put a resource of another service behind one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from goldseam.clouds.aws.facet import AwsFacet, Get, Look, Send
from goldseam.clouds.aws.kind import ANSWER, REQUEST, AwsKind, Listing, ListingScope, changes
from goldseam.clouds.aws.named import LogDestination
from goldseam.clouds.aws.requirements import required
from goldseam.control import (
    Example,
    Permission,
    Severity,
    Step,
    Touch,
    Verdict,
    compliant,
    control,
    harmless,
    should_be,
    violation,
)
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value, same

_ACCOUNT: Final = "123456789012"
_ATTACH: Final = Send("wafv2.AssociateWebACL", {"ResourceArn": "{address}"})
_DETACH: Final = Send("wafv2.DisassociateWebACL", {"ResourceArn": "{address}"})
_PREFIX: Final = "aws-waf-logs-"


@dataclass(frozen=True)
class WebAcl(AwsFacet):
    """The ARN of the web ACL that a resource is behind; read by its service or by WAF, written by WAF.

    `also` are what the resource's own service asks for beside: an action, and the template of the resource that it is
    on. Source: Service Authorization Reference, AWS WAF V2, dependent actions of AssociateWebACL.
    """

    also: tuple[tuple[str, str], ...] = field(kw_only=True)

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """Attach where there is none, or detach; one of WAF Classic can only be looked at."""
        if same(before, after):
            return ()
        if after is ABSENT and ":wafv2:" in before:
            return (self.step(_DETACH.call(ref).also(*self._own(ref)), ABSENT),)
        if before is not ABSENT or ":wafv2:" not in after:
            raise self.no_way(ref, after)
        acl = Permission("wafv2:AssociateWebACL", after)
        call = _ATTACH.call(ref, more={"WebACLArn": after}).also(acl, *self._own(ref))
        return (self.step(call, after),)

    def _own(self, ref: Ref) -> tuple[Permission, ...]:
        return tuple(
            Permission(action, ref.address if resource == "{address}" else resource) for action, resource in self.also
        )


def named(name: str) -> str:
    """The ARN of a regional web ACL, for examples."""
    return f"arn:aws:wafv2:eu-west-1:{_ACCOUNT}:regional/webacl/{name}/1234abcd-12ab-34cd-56ef-1234567890ab"


def behind(web_acl: Value, wanted: str) -> Verdict:
    """The verdict on a resource that should be behind some web ACL, and the user's choice where it is behind none."""
    if web_acl is not ABSENT:
        return compliant
    if not wanted:
        return violation(
            because="no web ACL is attached",
            guide="make a web ACL with the managed rule groups that fit, let it count for some days and look at what "
            "it would have blocked; then give its ARN in a policy as the setting `firewall`",
        )
    return should_be(web_acl=wanted, because="no web ACL is attached")


_USUAL: Final = {"LogType": "WAF_LOGS", "LogScope": "CUSTOMER", "ManagedByFirewallManager": False}


def _chosen(value: Value) -> Value:
    """What the user chose of a logging configuration."""
    if value is ABSENT:
        return ABSENT
    return {key: item for key, item in value.items() if key != "ResourceArn" and item and item != _USUAL.get(key)}


@dataclass(frozen=True)
class _Log(AwsFacet):
    """Where a web ACL logs to; AWS asks for more rights, by the service that the log goes to.

    Source: AWS WAF Developer Guide, "Logging destinations", the permissions of each.
    """

    place: str = field(default="{region}", kw_only=True)

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """Begin to log, or stop."""
        if same(before, after):
            return ()
        if after is ABSENT:
            call = Send("wafv2.DeleteLoggingConfiguration", {"ResourceArn": "{address}"}, region=self.place).call(ref)
            return (self.step(call.also(Permission("logs:DeleteLogDelivery", "*")), ABSENT),)
        config = {"ResourceArn": ref.address, **after}
        put = Send("wafv2.PutLoggingConfiguration", {}, region=self.place)
        call = put.call(ref, more={"LoggingConfiguration": config})
        asked = [item for arn in after["LogDestinationConfigs"] for item in _to_deliver(ref, arn)]
        return (self.step(call.also(*asked), after),)


def _to_deliver(ref: Ref, destination: str) -> tuple[Permission, ...]:
    service = destination.split(":")[2]
    if service == "firehose":
        role = "role/aws-service-role/wafv2.amazonaws.com/AWSServiceRoleForWAFV2Logging"
        partition = destination.split(":")[1]
        return (Permission("iam:CreateServiceLinkedRole", f"arn:{partition}:iam::{ref.account}:{role}"),)
    if service == "s3":
        return (
            Permission("logs:CreateLogDelivery", "*"),
            *(Permission(f"s3:{action}", destination) for action in ("GetBucketPolicy", "PutBucketPolicy")),
        )
    words = ("CreateLogDelivery", "PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups")
    return tuple(Permission(f"logs:{word}", "*") for word in words)


_GROUPS: Final = ("PreProcessFirewallManagerRuleGroups", "PostProcessFirewallManagerRuleGroups")


def _rules(raw: Mapping[str, Json]) -> Value:
    """The names of the rules, and of those that Firewall Manager puts before and after them."""
    return sorted(rule["Name"] for part in ("Rules", *_GROUPS) for rule in raw.get(part) or [])


def _unseen(raw: Mapping[str, Json]) -> Value:
    parts = [("the web ACL", raw), *((f"rule {rule['Name']}", rule) for rule in raw.get("Rules") or [])]
    return sorted(
        name for name, part in parts if not (part.get("VisibilityConfig") or {}).get("CloudWatchMetricsEnabled")
    )


_THIS: Final = {"ResourceArn": "{address}"}
_NONE: Final = ("WAFNonexistentItemException",)


def _facets(place: str) -> tuple[AwsFacet, ...]:
    """What there is of a web ACL, in the region that knows of it."""
    acl = Get("wafv2.GetWebACL", {"ARN": "{address}"}, "WebACL", region=place)
    log = Get("wafv2.GetLoggingConfiguration", _THIS, "LoggingConfiguration", absent=_NONE, region=place)
    return (
        _Log(name="log", get=log, form=_chosen, place=place),
        Look(name="rules", get=acl, decode=_rules),
        Look(name="unseen", get=acl, decode=_unseen),
    )


def _touched(scope: str) -> Touch:
    paths = (f"{REQUEST}.resourceArn", f"{REQUEST}.loggingConfiguration.resourceArn", f"{ANSWER}.summary.aRN")
    return changes("wafv2", *paths, id=f"(arn:[^:]+:wafv2:.+:{scope}/webacl/.+)")


_LIST: Final = "wafv2.ListWebACLs"
_HOME: Final = "us-east-1"

WEB_ACL: Final = AwsKind(
    "aws.wafv2.web-acl",
    "web ACL",
    _facets("{region}"),
    touched_by=(_touched("regional"),),
    address="arn:{partition}:wafv2:{region}:{account}:regional/webacl/{name}",
    find=Listing(_LIST, "WebACLs", id="ARN", address="ARN", parameters={"Scope": "REGIONAL", "Limit": 100}),
)

GLOBAL_WEB_ACL: Final = AwsKind(
    "aws.wafv2.global-web-acl",
    "web ACL of CloudFront",
    _facets(_HOME),
    touched_by=(_touched("global"),),
    address=f"arn:{{partition}}:wafv2:{_HOME}:{{account}}:global/webacl/{{name}}",
    find=Listing(
        _LIST, "WebACLs", id="ARN", address="ARN", parameters={"Scope": "CLOUDFRONT", "Limit": 100}, home=_HOME
    ),
    scope=ListingScope.GLOBAL,
)

_GROUP: Final = f"arn:aws:logs:eu-west-1:{_ACCOUNT}:log-group:{_PREFIX}edge"
_TO_GROUP: Final = {"LogDestinationConfigs": [_GROUP]}


_KINDS: Final = (WEB_ACL, GLOBAL_WEB_ACL)


def _logged(log: Value, *, destination: LogDestination = "") -> Verdict:
    """A web ACL logs what it sees.

    Without a log nobody can tell an attack from a wrong rule, or what came before the block.
    """
    if log is not ABSENT:
        return compliant
    if not destination:
        return violation(
            because="requests are not logged",
            guide=f"make a log group, a bucket or a Firehose stream whose name begins with `{_PREFIX}`, and give its "
            "ARN in a policy as the setting `destination`",
        )
    return should_be(log={"LogDestinationConfigs": [destination]}, because="requests are not logged")


logged, global_logged = (
    control(
        f"{kind.name}.logged",
        kind,
        severity=Severity.MEDIUM,
        maps=required("wafv2_webacl_logging_enabled"),
        disrupts=harmless(
            "requests are evaluated as before; delivery to the chosen destination is charged by volume, and "
            "the logs may contain what clients send",
            source="AWS WAF Developer Guide, Pricing for logging protection pack (web ACL) traffic information",
            noticed_by="those who pay and those who read the logs",
        ),
        compliant=[{"log": _TO_GROUP}],
        violating=[
            {"log": ABSENT},
            Example({"log": ABSENT}, settings={"destination": _GROUP}, leaves={"log": _TO_GROUP}),
        ],
    )(_logged)
    for kind in _KINDS
)


def _has_rules(rules: list[str]) -> Verdict:
    """A web ACL has rules.

    One without rules gives every request its default answer, and looks like protection.
    """
    if rules:
        return compliant
    return violation(
        because="it has no rule",
        guide="add the managed rule groups that fit (the core rule set, known bad inputs, the IP reputation list), "
        "first with the action overridden to count; look at the sampled requests for some days, then let them block",
    )


has_rules, global_has_rules = (
    control(
        f"{kind.name}.has-rules",
        kind,
        severity=Severity.MEDIUM,
        maps=required("wafv2_webacl_with_rules"),
        compliant=[{"rules": ["AWS-AWSManagedRulesCommonRuleSet"]}],
        violating=[{"rules": []}],
    )(_has_rules)
    for kind in _KINDS
)


def _measured(unseen: list[str]) -> Verdict:
    """A web ACL and its rules give metrics.

    An alarm on what is blocked needs a number that CloudWatch has.
    """
    if not unseen:
        return compliant
    return violation(
        because=f"no CloudWatch metrics of {', '.join(unseen)}",
        guide="read the web ACL with `aws wafv2 get-web-acl` and set `CloudWatchMetricsEnabled` to true in these "
        "visibility configurations; write it back with `aws wafv2 update-web-acl` and the lock token of the reading",
    )


measured, global_measured = (
    control(
        f"{kind.name}.measured",
        kind,
        severity=Severity.LOW,
        maps=required("wafv2_webacl_rule_logging_enabled"),
        compliant=[{"unseen": []}],
        violating=[{"unseen": ["rule bots", "the web ACL"]}],
    )(_measured)
    for kind in _KINDS
)
