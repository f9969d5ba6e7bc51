"""What an account should be told of: one line for each alarm on the record of its events.

Events by name, the service that they come from, and what else must hold. Source: CIS AWS Foundations Benchmark,
section "Monitoring".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from goldseam.control import Severity


class Alarm(NamedTuple):
    """What is looked for; `word` names the control, the filter, the metric and the alarm."""

    word: str
    title: str
    why: str
    check: str
    row: str
    pattern: str
    severity: Severity = Severity.LOW

    @property
    def metric(self) -> str:
        """The name of the metric, the filter and the alarm."""
        return "Goldseam" + "".join(part.capitalize() for part in self.word.split("-"))


def _is(selector: str, value: str) -> str:
    return f'($.{selector} = "{value}")'


def _any(names: Iterable[str]) -> str:
    return " || ".join(_is("eventName", name) for name in names)


def _events(source: str, *names: str) -> str:
    """Calls of these names to one service."""
    return f"{{ {_is('eventSource', f'{source}.amazonaws.com')} && ({_any(names)}) }}"


def _each(nouns: str, *verbs: str) -> Iterator[str]:
    return (f"{verb}{noun}" for noun in nouns.split() for verb in verbs)


_ROOT: Final = (
    '{ ($.userIdentity.type = "Root") && ($.userIdentity.invokedBy NOT EXISTS) && ($.eventType != "AwsServiceEvent") }'
)
_REFUSED: Final = (
    '{ (($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*")) && '
    '($.sourceIPAddress != "delivery.logs.amazonaws.com") && ($.eventName != "HeadBucket") }'
)
_WITHOUT_MFA: Final = (
    '{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && '
    '($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }'
)
_FAILED: Final = '{ ($.eventName = "ConsoleLogin") && ($.errorMessage = "Failed authentication") }'

ALARMS: Final = (
    Alarm(
        "root-used", "An alarm tells of the use of the root user",
        "Nobody works as root: when it is used, someone should know at once.",
        "cloudwatch_log_metric_filter_root_usage", "CloudWatch.1", _ROOT,
    ),
    Alarm(
        "calls-refused", "An alarm tells of refused calls",
        "Whoever tries what a stolen key may do is refused often.",
        "cloudwatch_log_metric_filter_unauthorized_api_calls", "CloudWatch.2", _REFUSED,
    ),
    Alarm(
        "sign-in-without-mfa", "An alarm tells of sign-ins without MFA",
        "A password alone opened the console.",
        "cloudwatch_log_metric_filter_sign_in_without_mfa", "CloudWatch.3", _WITHOUT_MFA,
    ),
    Alarm(
        "iam-policies", "An alarm tells of changes of IAM policies",
        "Rights that are widened quietly are how a foothold becomes an account.",
        "cloudwatch_log_metric_filter_policy_changes", "CloudWatch.4",
        _events(
            "iam",
            *_each("GroupPolicy RolePolicy UserPolicy", "Delete", "Put", "Attach", "Detach"),
            *_each("Policy PolicyVersion", "Create", "Delete"),
        ),
    ),
    Alarm(
        "trails", "An alarm tells of changes of trails",
        "Stopping the record is an intruder's first step.",
        "cloudwatch_log_metric_filter_and_alarm_for_cloudtrail_configuration_changes_enabled", "CloudWatch.5",
        _events("cloudtrail", *_each("Trail", "Create", "Update", "Delete"), *_each("Logging", "Start", "Stop")),
    ),
    Alarm(
        "sign-ins-failed", "An alarm tells of failed sign-ins",
        "Many of them are someone who guesses passwords.",
        "cloudwatch_log_metric_filter_authentication_failures", "CloudWatch.6", _FAILED,
    ),
    Alarm(
        "keys-lost", "An alarm tells of keys that are disabled or will be deleted",
        "Data that a deleted key encrypted is gone for good.",
        "cloudwatch_log_metric_filter_disable_or_scheduled_deletion_of_kms_cmk", "CloudWatch.7",
        _events("kms", "DisableKey", "ScheduleKeyDeletion"),
    ),
    Alarm(
        "bucket-policies", "An alarm tells of changes of who may reach buckets",
        "A bucket that was opened is found before its data is.",
        "cloudwatch_log_metric_filter_for_s3_bucket_policy_changes", "CloudWatch.8",
        _events(
            "s3", "PutBucketAcl",
            *_each("BucketPolicy BucketCors BucketLifecycle BucketReplication", "Put", "Delete"),
        ),
    ),
    Alarm(
        "config", "An alarm tells of changes of AWS Config",
        "Without its record nobody sees what changed.",
        "cloudwatch_log_metric_filter_and_alarm_for_aws_config_configuration_changes_enabled", "CloudWatch.9",
        _events(
            "config", "StopConfigurationRecorder", "DeleteDeliveryChannel", "PutDeliveryChannel",
            "PutConfigurationRecorder",
        ),
    ),
    Alarm(
        "security-groups", "An alarm tells of changes of security groups",
        "A port that was opened is found before a scanner finds it.",
        "cloudwatch_log_metric_filter_security_group_changes", "CloudWatch.10",
        _events(
            "ec2",
            *_each("SecurityGroupIngress SecurityGroupEgress", "Authorize", "Revoke"),
            *_each("SecurityGroup", "Create", "Delete"),
        ),
    ),
    Alarm(
        "network-acls", "An alarm tells of changes of network ACLs",
        "They close subnets, and a change opens all of one at once.",
        "cloudwatch_changes_to_network_acls_alarm_configured", "CloudWatch.11",
        _events(
            "ec2", *_each("NetworkAcl NetworkAclEntry", "Create", "Delete"),
            "ReplaceNetworkAclEntry", "ReplaceNetworkAclAssociation",
        ),
    ),
    Alarm(
        "gateways", "An alarm tells of changes of network gateways",
        "A new gateway is a new way out, and in.",
        "cloudwatch_changes_to_network_gateways_alarm_configured", "CloudWatch.12",
        _events(
            "ec2", *_each("CustomerGateway", "Create", "Delete"),
            *_each("InternetGateway", "Attach", "Create", "Delete", "Detach"),
        ),
    ),
    Alarm(
        "routes", "An alarm tells of changes of routes",
        "Traffic that takes another way can be read on it.",
        "cloudwatch_changes_to_network_route_tables_alarm_configured", "CloudWatch.13",
        _events(
            "ec2", *_each("Route RouteTable", "Create", "Delete"), "ReplaceRoute", "ReplaceRouteTableAssociation",
            "DisassociateRouteTable",
        ),
    ),
    Alarm(
        "vpcs", "An alarm tells of changes of VPCs",
        "A peering joins two networks that were apart.",
        "cloudwatch_changes_to_vpcs_alarm_configured", "CloudWatch.14",
        _events(
            "ec2", *_each("Vpc", "Create", "Delete"), "ModifyVpcAttribute",
            *_each("VpcPeeringConnection", "Accept", "Create", "Delete", "Reject"),
            *_each("ClassicLinkVpc", "Attach", "Detach"), *_each("VpcClassicLink", "Disable", "Enable"),
        ),
    ),
    Alarm(
        "organization", "An alarm tells of changes of the organisation",
        "Accounts that leave it leave its rules behind.",
        "cloudwatch_log_metric_filter_aws_organizations_changes", "",
        _events(
            "organizations", "AcceptHandshake", "DeclineHandshake", "CreateAccount", "InviteAccountToOrganization",
            "LeaveOrganization", "MoveAccount", "RemoveAccountFromOrganization", "DeleteOrganization",
            *_each("OrganizationalUnit", "Create", "Update", "Delete"),
            *_each("Policy", "Attach", "Create", "Delete", "Detach", "Update"),
            *_each("PolicyType", "Disable", "Enable"),
        ),
    ),
)  # fmt: skip

METRICS: Final = frozenset(alarm.metric for alarm in ALARMS)
"""The names of the metrics that Goldseam makes."""
