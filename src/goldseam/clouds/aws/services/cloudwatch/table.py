"""What an account should be told of: one line for each alarm on the record of its events.

Events by name, the service that they come from, and what else must hold. Source: CIS AWS Foundations Benchmark,
section "Monitoring". A filter is written with the pattern that Security Hub asks for, to which no field or term may be
added (AWS Security Hub User Guide, "Security Hub controls for CloudWatch"); of CloudWatch.4 and CloudWatch.13 it
recommends one that names the service, which CIS does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from goldseam.control import Severity


class Alarm(NamedTuple):
    """What is looked for; `word` names the control, the filter, the metric and the alarm.

    `pattern` counts what any filter has to count at least, `exact` is the one that a filter is written with where it is
    another, and `note` says why.
    """

    word: str
    title: str
    why: str
    check: str
    row: str
    pattern: str
    severity: Severity = Severity.LOW
    exact: str = ""
    note: str = ""

    @property
    def written(self) -> str:
        """The pattern of the filter that the fix makes."""
        return self.exact or self.pattern

    @property
    def metric(self) -> str:
        """The name of the metric, the filter and the alarm."""
        return "Goldseam" + "".join(part.capitalize() for part in self.word.split("-"))


def _is(selector: str, value: str) -> str:
    return f"($.{selector}={value})"


def _any(names: Iterable[str]) -> str:
    return " || ".join(_is("eventName", name) for name in names)


def _events(source: str, *names: str) -> str:
    """Calls of these names to one service."""
    return f"{{{_is('eventSource', f'{source}.amazonaws.com')} && ({_any(names)})}}"


def _named(*names: str) -> str:
    """Calls of these names to any service; only one has them."""
    return f"{{{_any(names)}}}"


def _each(nouns: str, *verbs: str) -> Iterator[str]:
    return (f"{verb}{noun}" for noun in nouns.split() for verb in verbs)


_ROOT: Final = '{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}'
_REFUSED: Final = '{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}'
_REFUSED_TO_CALLERS: Final = (
    '{(($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")) && '
    '($.sourceIPAddress!="delivery.logs.amazonaws.com") && ($.eventName!="HeadBucket")}'
)
_EVERY_REFUSAL: Final = (
    " CIS also lets log delivery and `HeadBucket` go uncounted; the fix counts them, because Security Hub takes no "
    "filter that excludes anything."
)
_WITHOUT_MFA: Final = (
    '{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && '
    '($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }'
)
_FAILED: Final = '{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}'
_OF_TRAILS: Final = ("CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging")
_OF_GROUPS: Final = (
    "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress", "RevokeSecurityGroupIngress",
    "RevokeSecurityGroupEgress", "CreateSecurityGroup", "DeleteSecurityGroup",
)  # fmt: skip
_OF_ACLS: Final = (
    "CreateNetworkAcl", "CreateNetworkAclEntry", "DeleteNetworkAcl", "DeleteNetworkAclEntry", "ReplaceNetworkAclEntry",
    "ReplaceNetworkAclAssociation",
)  # fmt: skip
_OF_GATEWAYS: Final = (
    "CreateCustomerGateway", "DeleteCustomerGateway", "AttachInternetGateway", "CreateInternetGateway",
    "DeleteInternetGateway", "DetachInternetGateway",
)  # fmt: skip
_OF_VPCS: Final = (
    "CreateVpc", "DeleteVpc", "ModifyVpcAttribute", "AcceptVpcPeeringConnection", "CreateVpcPeeringConnection",
    "DeleteVpcPeeringConnection", "RejectVpcPeeringConnection", "AttachClassicLinkVpc", "DetachClassicLinkVpc",
    "DisableVpcClassicLink", "EnableVpcClassicLink",
)  # fmt: skip

ALARMS: Final = (
    Alarm(
        "root-used", "An alarm tells of the use of the root user",
        "Nobody works as root: when it is used, someone should know at once.",
        "cloudwatch_log_metric_filter_root_usage", "CloudWatch.1", _ROOT,
    ),
    Alarm(
        "calls-refused", "An alarm tells of refused calls",
        "Whoever tries what a stolen key may do is refused often.",
        "cloudwatch_log_metric_filter_unauthorized_api_calls", "CloudWatch.2", _REFUSED_TO_CALLERS,
        exact=_REFUSED, note=_EVERY_REFUSAL,
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
            "iam", *_each("GroupPolicy RolePolicy UserPolicy", "Delete"),
            *_each("GroupPolicy RolePolicy UserPolicy", "Put"),
            *_each("Policy PolicyVersion", "Create", "Delete"),
            *_each("RolePolicy UserPolicy GroupPolicy", "Attach", "Detach"),
        ),
    ),
    Alarm(
        "trails", "An alarm tells of changes of trails",
        "Stopping the record is an intruder's first step.",
        "cloudwatch_log_metric_filter_and_alarm_for_cloudtrail_configuration_changes_enabled", "CloudWatch.5",
        _events("cloudtrail", *_OF_TRAILS), exact=_named(*_OF_TRAILS),
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
            "s3", "PutBucketAcl", *_each("BucketPolicy BucketCors BucketLifecycle BucketReplication", "Put"),
            *_each("BucketPolicy BucketCors BucketLifecycle BucketReplication", "Delete"),
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
        _events("ec2", *_OF_GROUPS), exact=_named(*_OF_GROUPS),
    ),
    Alarm(
        "network-acls", "An alarm tells of changes of network ACLs",
        "They close subnets, and a change opens all of one at once.",
        "cloudwatch_changes_to_network_acls_alarm_configured", "CloudWatch.11",
        _events("ec2", *_OF_ACLS), exact=_named(*_OF_ACLS),
    ),
    Alarm(
        "gateways", "An alarm tells of changes of network gateways",
        "A new gateway is a new way out, and in.",
        "cloudwatch_changes_to_network_gateways_alarm_configured", "CloudWatch.12",
        _events("ec2", *_OF_GATEWAYS), exact=_named(*_OF_GATEWAYS),
    ),
    Alarm(
        "routes", "An alarm tells of changes of routes",
        "Traffic that takes another way can be read on it.",
        "cloudwatch_changes_to_network_route_tables_alarm_configured", "CloudWatch.13",
        _events(
            "ec2", "CreateRoute", "CreateRouteTable", "ReplaceRoute", "ReplaceRouteTableAssociation",
            "DeleteRouteTable", "DeleteRoute", "DisassociateRouteTable",
        ),
    ),
    Alarm(
        "vpcs", "An alarm tells of changes of VPCs",
        "A peering joins two networks that were apart.",
        "cloudwatch_changes_to_vpcs_alarm_configured", "CloudWatch.14",
        _events("ec2", *_OF_VPCS), exact=_named(*_OF_VPCS),
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
