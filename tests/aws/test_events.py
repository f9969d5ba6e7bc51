"""Which resource an event of CloudTrail is about, in the shapes that real events have."""

from __future__ import annotations

import pytest

from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.control import Kind, Touch, touched
from goldseam.values import Json
from tests.aws.laws import ACCOUNT, REGION

KINDS = aws_catalog().kinds
KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:orders"
QUEUE = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/orders"


def event(source: str, name: str, request: Json = None, answer: Json = None, **more: Json) -> Json:
    return {
        "eventSource": f"{source}.amazonaws.com", "eventName": name, "awsRegion": REGION, "readOnly": False,
        "managementEvent": True, "recipientAccountId": ACCOUNT, "requestParameters": request,
        "responseElements": answer, "userIdentity": {"type": "IAMUser", "userName": "mia"}, **more,
    }  # fmt: skip


def about(told: Json) -> set[tuple[str, str]]:
    return {(kind.name, name) for kind in KINDS for name in touched(kind, told)}


def tagged(*names: str) -> Json:
    return {"resourcesSet": {"items": [{"resourceId": name} for name in names]}, "tagSet": {"items": []}}


GROUP = {("aws.ec2.security-group", "sg-1")}
RULE_SET = {"_return": True, "securityGroupRuleSet": {"items": [{"groupId": "sg-1", "isEgress": False}]}}
STARTED = {"instancesSet": {"items": [
    {"instanceId": "i-1", "networkInterfaceSet": {"items": [{"networkInterfaceId": "eni-1"}]}},
    {"instanceId": "i-2", "networkInterfaceSet": {"items": [{"networkInterfaceId": "eni-2"}]}},
]}}  # fmt: skip
TWO_LOGS = {"DeleteFlowLogsRequest": {"FlowLogId": [{"content": "fl-1", "tag": 1}, {"content": "fl-2", "tag": 2}]}}
TRAIL = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/main"
DATABASE = f"arn:aws:rds:{REGION}:{ACCOUNT}:db:orders"
TOLD = [
    (event("s3", "PutBucketPolicy", {"bucketName": "b", "policy": ""}), {("aws.s3.bucket", "b")}),
    (event("s3", "PutAccountPublicAccessBlock", {"accountId": ACCOUNT}), {("aws.account", ACCOUNT)}),
    (event("ec2", "AuthorizeSecurityGroupIngress", {"groupId": "sg-1"}, RULE_SET), GROUP),
    (event("ec2", "AuthorizeSecurityGroupIngress", {"groupName": "a"}, RULE_SET), GROUP),
    (event("ec2", "CreateSecurityGroup", {"groupName": "a"}, {"groupId": "sg-1"}), GROUP),
    (event("ec2", "ModifySecurityGroupRules", {"ModifySecurityGroupRulesRequest": {"GroupId": "sg-1"}}),
     GROUP),
    (event("ec2", "CreateTags", tagged("sg-1", "vol-1", "snap-1", "i-1", "eni-1")),
     {("aws.ec2.security-group", "sg-1"), ("aws.ec2.volume", "vol-1"), ("aws.ec2.snapshot", "snap-1"),
      ("aws.ec2.instance", "i-1"), ("aws.ec2.network-interface", "eni-1")}),
    (event("ec2", "CreateSnapshot", {"volumeId": "vol-1"}, {"snapshotId": "snap-1"}),
     {("aws.ec2.snapshot", "snap-1"), ("aws.ec2.volume", "vol-1")}),
    (event("ec2", "ModifySnapshotAttribute", {"snapshotId": "snap-1"}), {("aws.ec2.snapshot", "snap-1")}),
    (event("ec2", "DisableEbsEncryptionByDefault", {}), {("aws.ec2.region", REGION)}),
    (event("ec2", "RunInstances", {"instancesSet": {"items": [{"imageId": "ami-1"}]}}, STARTED),
     {("aws.ec2.instance", "i-1"), ("aws.ec2.instance", "i-2"), ("aws.ec2.network-interface", "eni-1"),
      ("aws.ec2.network-interface", "eni-2")}),
    (event("ec2", "CreateFlowLogs", {}, {"CreateFlowLogsResponse": {"flowLogIdSet": {"item": "fl-1"}}}),
     {("aws.ec2.flow-log", "fl-1")}),
    (event("ec2", "DeleteFlowLogs", TWO_LOGS), {("aws.ec2.flow-log", "fl-1"), ("aws.ec2.flow-log", "fl-2")}),
    (event("iam", "UpdateAccountPasswordPolicy", {"hardExpiry": True}), {("aws.account", ACCOUNT)}),
    (event("iam", "CreateAccessKey", None, {"accessKey": {"userName": "ci"}}), {("aws.iam.user", "ci")}),
    (event("iam", "UpdateAccessKey", {"userName": "ci", "status": "Inactive"}), {("aws.iam.user", "ci")}),
    (event("iam", "UpdateAccessKey", {"status": "Inactive"}), {("aws.iam.user", "mia")}),
    (event("iam", "UpdateAccessKey", {}, userIdentity={"type": "Root", "userName": "alias-of-account"}), set()),
    (event("rds", "ModifyDBInstance", {"dBInstanceIdentifier": "orders"}), {("aws.rds.instance", "orders")}),
    (event("rds", "AddTagsToResource", {"resourceName": DATABASE}), {("aws.rds.instance", "orders")}),
    (event("rds", "AddTagsToResource", {"resourceName": DATABASE.replace(":db:", ":cluster:")}), set()),
    (event("kms", "DisableKeyRotation", {"keyId": KEY}), {("aws.kms.key", KEY)}),
    (event("kms", "PutKeyPolicy", {"keyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{KEY}"}), {("aws.kms.key", KEY)}),
    (event("kms", "CreateKey", {}, {"keyMetadata": {"keyId": KEY}}), {("aws.kms.key", KEY)}),
    (event("kms", "CreateGrant", {"keyId": "alias/data"}), set()),
    (event("sns", "SetTopicAttributes", {"topicArn": TOPIC}), {("aws.sns.topic", TOPIC)}),
    (event("sns", "CreateTopic", {"name": "orders"}, {"topicArn": TOPIC}), {("aws.sns.topic", TOPIC)}),
    (event("sqs", "SetQueueAttributes", {"queueUrl": QUEUE}), {("aws.sqs.queue", QUEUE)}),
    (event("cloudtrail", "StopLogging", {"name": "main"}), {("aws.cloudtrail.trail", "main")}),
    (event("cloudtrail", "StopLogging", {"name": TRAIL}), {("aws.cloudtrail.trail", "main")}),
    (event("cloudtrail", "CreateEventDataStore", {"name": "lake"}), set()),
    (event("cloudfront", "CreateDistribution", {}, {"distribution": {"id": "E1"}}),
     {("aws.cloudfront.distribution", "E1")}),
    (event("cloudfront", "UpdateFunction", {"id": "F1"}), set()),
    (event("iam", "CreateRole", {"roleName": "ci"}), set()),
    (event("ec2", "CreateVpc", {"cidrBlock": "10.0.0.0/16"}, {"vpc": {"vpcId": "vpc-1"}}), {("aws.ec2.vpc", "vpc-1")}),
    (event("ec2", "CreateVpcEndpoint", {"CreateVpcEndpointRequest": {"VpcId": "vpc-1"}}), {("aws.ec2.vpc", "vpc-1")}),
    (event("ec2", "ModifySubnetAttribute", {"subnetId": "subnet-1"}), {("aws.ec2.subnet", "subnet-1")}),
    (event("ec2", "ReplaceNetworkAclEntry", {"networkAclId": "acl-1"}), {("aws.ec2.network-acl", "acl-1")}),
    (event("ec2", "ModifyTransitGateway", {"ModifyTransitGatewayRequest": {"TransitGatewayId": "tgw-1"}}),
     {("aws.ec2.transit-gateway", "tgw-1")}),
    (event("ec2", "ModifyImageAttribute", {"imageId": "ami-1"}), {("aws.ec2.image", "ami-1")}),
    (event("ec2", "AllocateAddress", {}, {"allocationId": "eipalloc-1"}), {("aws.ec2.address", "eipalloc-1")}),
    (event("ec2", "ModifyLaunchTemplate", {"ModifyLaunchTemplateRequest": {"LaunchTemplateId": "lt-1"}}),
     {("aws.ec2.launch-template", "lt-1")}),
    (event("ec2", "ModifyVpcEndpointServicePermissions",
           {"ModifyVpcEndpointServicePermissionsRequest": {"ServiceId": "vpce-svc-1"}}),
     {("aws.ec2.endpoint-service", "vpce-svc-1")}),
    (event("autoscaling", "UpdateAutoScalingGroup", {"autoScalingGroupName": "web"}),
     {("aws.autoscaling.group", "web")}),
    (event("autoscaling", "CreateLaunchConfiguration", {"launchConfigurationName": "web-1"}),
     {("aws.autoscaling.launch-configuration", "web-1")}),
]  # fmt: skip


@pytest.mark.parametrize(("told", "wanted"), TOLD, ids=lambda item: item["eventName"] if isinstance(item, dict) else "")
def test_an_event_names_the_resources_that_it_changed(told: Json, wanted: set[tuple[str, str]]) -> None:
    assert about(told) == wanted


@pytest.mark.parametrize(
    "more",
    [{"errorCode": "AccessDenied"}, {"readOnly": True}, {"managementEvent": False},
     {"eventSource": "signin.amazonaws.com"}],
    ids=lambda more: next(iter(more)),
)  # fmt: skip
def test_what_failed_only_read_or_was_about_the_contents_changed_nothing(more: Json) -> None:
    assert about(event("s3", "PutBucketPolicy", {"bucketName": "b"}, **more)) == set()


def test_every_kind_that_has_controls_is_touched_by_some_event() -> None:
    named = {kind for told, _ in TOLD for kind, _ in about(told)}
    assert {control.kind.name for control in aws_catalog().controls} <= named


def test_a_condition_on_what_is_not_there_and_an_odd_event_name_nothing() -> None:
    kind = Kind("x", "x", (), touched_by=(Touch({"a.b": (1,)}, ("c", "d.e"), "n-(.+)"),))
    assert touched(kind, {"a": {"b": 1}, "c": "n-1", "d": [{"e": "n-2"}, {"e": 3}, "n-4"]}) == {"1", "2"}
    assert touched(kind, {"a": [{"b": 0}, {"b": 1}], "c": "x-n-1"}) == frozenset()
    odd_ones: tuple[Json, ...] = ({}, {"a": None, "c": "n-1"}, {"a": {"b": 2}, "c": "n-1"}, [], None, "text")
    for odd in odd_ones:
        assert touched(kind, odd) == frozenset()
