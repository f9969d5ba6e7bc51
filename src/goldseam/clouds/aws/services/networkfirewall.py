"""Network Firewall: firewalls that stay where they are, and policies that let nothing past unseen.

A change names the version that it replaces (`UpdateToken`), and is refused when there is a newer one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Get, Look, Send, absent_is, version
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document
from goldseam.control import (
    Example,
    Severity,
    Verdict,
    compliant,
    control,
    harmless,
    should_be,
    violation,
)
from goldseam.model.values import Json, Placeholder, Value

_THIS: Final = {"FirewallArn": "{address}"}


def _described(path: str) -> Get:
    return Get("network-firewall.DescribeFirewall", _THIS, path)


def _off(value: Value) -> Value:
    return value is True


def _protection(name: str, operation: str, member: str) -> Document:
    parameters = {**_THIS, "UpdateToken": Placeholder(name, "UpdateToken"), member: VALUE}
    return Document(
        name=name, get=_described(f"Firewall.{member}"), form=_off, tells=version("UpdateToken"),
        put=Send(f"network-firewall.{operation}", parameters),
    )  # fmt: skip


def _types(raw: Json) -> Value:
    return sorted({item["LogType"] for item in raw})


def _subnets(raw: Json) -> Value:
    return sorted(item["SubnetId"] for item in raw)


FIREWALL: Final = AwsKind(
    "aws.networkfirewall.firewall",
    "network firewall",
    (
        _protection("deletion_protection", "UpdateFirewallDeleteProtection", "DeleteProtection"),
        _protection("subnet_protection", "UpdateSubnetChangeProtection", "SubnetChangeProtection"),
        _protection("policy_protection", "UpdateFirewallPolicyChangeProtection", "FirewallPolicyChangeProtection"),
        Look(
            name="logs",
            get=Get(
                "network-firewall.DescribeLoggingConfiguration", _THIS, "LoggingConfiguration.LogDestinationConfigs"
            ),
            decode=_types,
            form=absent_is([]),
        ),
        Look(name="subnets", get=_described("Firewall.SubnetMappings"), decode=_subnets, form=absent_is([])),
    ),
    touched_by=(
        changes("network-firewall", f"{REQUEST}.firewallArn", id="arn:.+:firewall/([^/]+)"),
        changes("network-firewall", f"{REQUEST}.firewallName"),
    ),
    address="arn:{partition}:network-firewall:{region}:{account}:firewall/{id}",
    find=Listing("network-firewall.ListFirewalls", "Firewalls", id="FirewallName", address="FirewallArn"),
)

_PACKETS: Final = {"StatelessDefaultActions": "whole packets", "StatelessFragmentDefaultActions": "fragments"}
_LETS_BY: Final = "aws:pass"


def _passed(raw: Mapping[str, Json]) -> Value:
    return [word for member, word in _PACKETS.items() if _LETS_BY in (raw.get(member) or [])]


def _groups(raw: Mapping[str, Json]) -> Value:
    members = ("StatelessRuleGroupReferences", "StatefulRuleGroupReferences")
    return sorted(str(item["ResourceArn"]) for member in members for item in raw.get(member) or [])


def _policy(path: str = "FirewallPolicy") -> Get:
    return Get("network-firewall.DescribeFirewallPolicy", {"FirewallPolicyArn": "{address}"}, path)


POLICY: Final = AwsKind(
    "aws.networkfirewall.policy",
    "network firewall policy",
    (
        Look(name="passed", get=_policy(), decode=_passed),
        Look(name="rule_groups", get=_policy(), decode=_groups),
    ),
    touched_by=(changes("network-firewall", f"{REQUEST}.firewallPolicyArn", id="arn:.+:firewall-policy/([^/]+)"),),
    address="arn:{partition}:network-firewall:{region}:{account}:firewall-policy/{id}",
    find=Listing("network-firewall.ListFirewallPolicies", "FirewallPolicies", id="Name", address="Arn"),
)


@control(
    "aws.networkfirewall.firewall.deletion-protected",
    FIREWALL,
    severity=Severity.MEDIUM,
    maps=required("networkfirewall_deletion_protection"),
    disrupts=harmless(
        "only a deletion is refused, until the protection is switched off again",
        source="AWS Network Firewall API Reference, UpdateFirewallDeleteProtection",
        noticed_by="those who delete it",
    ),
    compliant=[{"deletion_protection": True}],
    violating=[Example({"deletion_protection": False}, leaves={"deletion_protection": True})],
)
def deletion_protected(deletion_protection: bool) -> Verdict:  # noqa: FBT001
    """A firewall cannot be deleted by one call.

    Routes then lead to nothing, or somebody mends the outage by routes that go around it.
    """
    return compliant if deletion_protection else should_be(deletion_protection=True, because="it can be deleted")


@control(
    "aws.networkfirewall.firewall.subnets-protected",
    FIREWALL,
    severity=Severity.LOW,
    disrupts=harmless(
        "only a change of its subnets is refused, until the protection is switched off again",
        source="AWS Network Firewall API Reference, UpdateSubnetChangeProtection",
        noticed_by="those who change its subnets",
    ),
    compliant=[{"subnet_protection": True}],
    violating=[Example({"subnet_protection": False}, leaves={"subnet_protection": True})],
)
def subnets_protected(subnet_protection: bool) -> Verdict:  # noqa: FBT001
    """A firewall cannot be taken out of a subnet by one call.

    Traffic of the zone then goes nowhere, or unseen.
    """
    return compliant if subnet_protection else should_be(subnet_protection=True, because="its subnets can be changed")


@control(
    "aws.networkfirewall.firewall.policy-protected",
    FIREWALL,
    severity=Severity.LOW,
    disrupts=harmless(
        "only the choice of another policy is refused, until the protection is switched off again; rules can "
        "be changed as before",
        source="AWS Network Firewall API Reference, UpdateFirewallPolicyChangeProtection",
        noticed_by="those who choose another policy",
    ),
    compliant=[{"policy_protection": True}],
    violating=[Example({"policy_protection": False}, leaves={"policy_protection": True})],
)
def policy_protected(policy_protection: bool) -> Verdict:  # noqa: FBT001
    """A firewall cannot be given another policy by one call.

    An empty policy switches a firewall off while it looks as before.
    """
    return compliant if policy_protection else should_be(policy_protection=True, because="its policy can be exchanged")


@control(
    "aws.networkfirewall.firewall.logged",
    FIREWALL,
    severity=Severity.MEDIUM,
    maps=required("networkfirewall_logging_enabled"),
    compliant=[{"logs": ["ALERT"]}, {"logs": ["ALERT", "FLOW"]}],
    violating=[{"logs": []}],
)
def logged(logs: list[str]) -> Verdict:
    """A firewall logs what it sees.

    Without a log a blocked attack and a wrong rule look the same: like silence.
    """
    if logs:
        return compliant
    return violation(
        because="nothing is logged",
        guide="make a log group, a bucket or a Firehose stream, and add it for alerts and then for flows, one at a "
        "time, with `aws network-firewall update-logging-configuration`",
    )


@control(
    "aws.networkfirewall.firewall.in-two-zones",
    FIREWALL,
    severity=Severity.MEDIUM,
    maps=required("networkfirewall_multi_az"),
    compliant=[{"subnets": ["subnet-1", "subnet-2"]}],
    violating=[{"subnets": ["subnet-1"]}],
)
def in_two_zones(subnets: list[str]) -> Verdict:
    """A firewall is in more than one zone.

    Else the loss of one zone cuts off all that is routed through it.
    """
    if len(subnets) > 1:
        return compliant
    return violation(
        because=f"it is in {', '.join(subnets) or 'no subnet'} only",
        guide="make a firewall subnet in another zone, add it with `aws network-firewall associate-subnets`, and route "
        "the subnets of that zone through the new endpoint",
    )


@control(
    "aws.networkfirewall.policy.inspects",
    POLICY,
    severity=Severity.HIGH,
    maps=required(
        "networkfirewall_policy_default_action_full_packets", "networkfirewall_policy_default_action_fragmented_packets"
    ),
    compliant=[{"passed": []}],
    violating=[{"passed": ["fragments"]}, {"passed": ["whole packets", "fragments"]}],
)
def inspects(passed: list[str]) -> Verdict:
    """What no stateless rule is about is judged, and not let by.

    A default that passes packets on takes them past every stateful rule.
    """
    if not passed:
        return compliant
    return violation(
        because=f"by default {' and '.join(passed)} pass unseen",
        guide="see that the stateful rules allow what must pass, then set the default to aws:forward_to_sfe (or "
        "aws:drop) with `aws network-firewall update-firewall-policy`, the whole policy and the update token of the "
        "reading",
    )


@control(
    "aws.networkfirewall.policy.has-rules",
    POLICY,
    severity=Severity.MEDIUM,
    maps=required("networkfirewall_policy_rule_group_associated"),
    compliant=[{"rule_groups": ["arn:aws:network-firewall:eu-west-1:123456789012:stateful-rulegroup/web"]}],
    violating=[{"rule_groups": []}],
)
def has_rules(rule_groups: list[str]) -> Verdict:
    """A policy has rules.

    One without rule groups has nothing to hold traffic against, and looks like protection.
    """
    if rule_groups:
        return compliant
    return violation(
        because="it has no rule group",
        guide="add the rule groups that fit (those of AWS's threat intelligence are kept up to date by AWS), first "
        "with alerts only, and look at what they would have dropped",
    )
