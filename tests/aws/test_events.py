"""Which resource an event of CloudTrail is about, in the shapes that real events have."""

from __future__ import annotations

import pytest

from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.control import Kind, Touch, touched
from goldseam.model.values import Json
from tests.aws.events_of_analytics import TOLD as ANALYTICS
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
POLICY = f"arn:aws:iam::{ACCOUNT}:policy/team/deploy"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:db-AbCdEf"
OF_TRAILS = {("aws.cloudtrail.account", ACCOUNT), ("aws.cloudwatch.account", ACCOUNT)}
DETECTOR = f"arn:aws:guardduty:{REGION}:{ACCOUNT}:detector/d1"
BALANCER = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/app/web/50dc6c495c0c9188"
LISTENER = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2"
WEB_ACL = f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/edge/{KEY}"
CERTIFICATE = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/{KEY}"
FIREWALL = f"arn:aws:network-firewall:{REGION}:{ACCOUNT}:firewall/edge"
FIREWALL_POLICY = f"arn:aws:network-firewall:{REGION}:{ACCOUNT}:firewall-policy/edge"
EDGE = [
    (event("elasticloadbalancing", "ModifyLoadBalancerAttributes", {"loadBalancerArn": BALANCER}),
     {("aws.elbv2.load-balancer", BALANCER)}),
    (event("elasticloadbalancing", "ModifyListener", {"listenerArn": LISTENER}), {("aws.elbv2.listener", LISTENER)}),
    (event("elasticloadbalancing", "CreateListener", {"loadBalancerArn": BALANCER},
           {"listeners": [{"listenerArn": LISTENER, "loadBalancerArn": BALANCER}]}),
     {("aws.elbv2.load-balancer", BALANCER), ("aws.elbv2.listener", LISTENER)}),
    (event("elasticloadbalancing", "ModifyLoadBalancerAttributes", {"loadBalancerName": "web"}),
     {("aws.elb.load-balancer", "web")}),
    (event("wafv2", "PutLoggingConfiguration", {"loggingConfiguration": {"resourceArn": WEB_ACL}}),
     {("aws.wafv2.web-acl", WEB_ACL)}),
    (event("wafv2", "DeleteLoggingConfiguration", {"resourceArn": WEB_ACL.replace("regional/", "global/")}),
     {("aws.wafv2.global-web-acl", WEB_ACL.replace("regional/", "global/"))}),
    (event("wafv2", "AssociateWebACL", {"resourceArn": BALANCER}), {("aws.elbv2.load-balancer", BALANCER)}),
    (event("acm", "UpdateCertificateOptions", {"certificateArn": CERTIFICATE}), {("aws.acm.certificate", CERTIFICATE)}),
    (event("apigateway", "UpdateStage", {"restApiId": "a1", "stageName": "live"}),
     {("aws.apigateway.stage", "a1/live"), ("aws.apigateway.rest-api", "a1")}),
    (event("apigateway", "UpdateStage", {"apiId": "a2", "stageName": "$default"}),
     {("aws.apigatewayv2.stage", "a2/$default"), ("aws.apigatewayv2.api", "a2")}),
    (event("apigateway", "UpdateDomainName", {"domainName": "api.example.com"}),
     {("aws.apigateway.domain-name", "api.example.com")}),
    (event("route53", "CreateQueryLoggingConfig", {"hostedZoneId": "Z1"}), {("aws.route53.hosted-zone", "Z1")}),
    (event("route53domains", "DisableDomainTransferLock", {"domainName": "example.com"}),
     {("aws.route53domains.domain", "example.com")}),
    (event("network-firewall", "UpdateFirewallDeleteProtection", {"firewallArn": FIREWALL}),
     {("aws.networkfirewall.firewall", "edge")}),
    (event("network-firewall", "UpdateFirewallPolicy", {"firewallPolicyArn": FIREWALL_POLICY}),
     {("aws.networkfirewall.policy", "edge")}),
]  # fmt: skip
COPIER = f"arn:aws:dms:{REGION}:{ACCOUNT}:rep:ABC"
SOURCE = f"arn:aws:dms:{REGION}:{ACCOUNT}:endpoint:DEF"
INSTANCES = {(f"aws.{service}.instance", "orders") for service in ("rds", "neptune")}
CLUSTERS = {(f"aws.{service}.cluster", "orders") for service in ("rds", "neptune", "docdb")}
CLUSTER_SNAPSHOTS = {(f"aws.{service}.cluster-snapshot", "night") for service in ("rds", "neptune", "docdb")}
DATABASE = f"arn:aws:rds:{REGION}:{ACCOUNT}:db:orders"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:shop"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:shop"
PLACE = f"{REGION}:{ACCOUNT}"
CLUSTER_PARTS = {("aws.eks.cluster", "main"), ("aws.eks.logging", "main"), ("aws.eks.protection", "main")}
NODES = {"nodegroup": {"nodegroupArn": f"arn:aws:eks:{PLACE}:nodegroup/main/blue/0a1b"}}
COMPUTE = [
    (event("lambda", "AddPermission20150331v2", {"functionName": FUNCTION}), {("aws.lambda.function", "shop")}),
    (event("lambda", "TagResource20170331v2", {"resource": FUNCTION}), {("aws.lambda.function", "shop")}),
    (event("eks", "UpdateClusterConfig", {"name": "main"}), CLUSTER_PARTS),
    (event("eks", "CreateNodegroup", {"name": "main", "nodegroupName": "blue"}, NODES),
     {*CLUSTER_PARTS, ("aws.eks.node-group", "main/blue")}),
    (event("ecs", "UpdateClusterSettings", {"cluster": "main"}), {("aws.ecs.cluster", "main")}),
    (event("ecs", "UpdateService", {}, {"service": {"serviceArn": f"arn:aws:ecs:{PLACE}:service/main/shop"}}),
     {("aws.ecs.service", "main/shop")}),
    (event("ecs", "RegisterTaskDefinition", {"family": "shop"}), {("aws.ecs.task-definition", "shop")}),
    (event("codebuild", "UpdateProject", {"name": "shop"}), {("aws.codebuild.project", "shop")}),
    (event("codebuild", "UpdateProjectVisibility", {"projectArn": f"arn:aws:codebuild:{PLACE}:project/shop"}),
     {("aws.codebuild.project", "shop")}),
    (event("codebuild", "UpdateReportGroup", {"arn": f"arn:aws:codebuild:{PLACE}:report-group/unit"}),
     {("aws.codebuild.report-group", f"arn:aws:codebuild:{PLACE}:report-group/unit")}),
    (event("cloudformation", "UpdateStack", {"stackName": "shop"},
           {"stackId": f"arn:aws:cloudformation:{PLACE}:stack/shop/0a1b"}),
     {("aws.cloudformation.stack", "shop/0a1b")}),
    (event("states", "UpdateStateMachine", {"stateMachineArn": MACHINE}),
     {("aws.stepfunctions.state-machine", MACHINE)}),
    (event("elasticbeanstalk", "UpdateEnvironment", {"environmentName": "live"},
           {"environmentArn": f"arn:aws:elasticbeanstalk:{PLACE}:environment/shop/live"}),
     {("aws.elasticbeanstalk.environment", "shop/live")}),
    (event("codeartifact", "TagResource", {"resourceArn": f"arn:aws:codeartifact:{PLACE}:repository/shop/main"}),
     {("aws.codeartifact.repository", "shop/main")}),
    (event("batch", "RegisterJobDefinition", {}, {"jobDefinitionArn": f"arn:aws:batch:{PLACE}:job-definition/a:1"}),
     {("aws.batch.job-definition", f"arn:aws:batch:{PLACE}:job-definition/a:1")}),
    (event("amplify", "UpdateApp", {"appId": "d1"}), {("aws.amplify.app", "d1")}),
]  # fmt: skip
TOLD = [
    *EDGE,
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
    (event("rds", "ModifyDBInstance", {"dBInstanceIdentifier": "orders"}), INSTANCES),
    (event("rds", "AddTagsToResource", {"resourceName": DATABASE}), INSTANCES),
    (event("rds", "AddTagsToResource", {"resourceName": DATABASE.replace(":db:", ":cluster:")}), CLUSTERS),
    (event("rds", "ModifyDBCluster", {"dBClusterIdentifier": "orders"}), CLUSTERS),
    (event("rds", "ModifyDBSnapshotAttribute", {"dBSnapshotIdentifier": "orders"}), {("aws.rds.snapshot", "orders")}),
    (event("rds", "CreateDBClusterSnapshot", {"dBClusterSnapshotIdentifier": "night"}), CLUSTER_SNAPSHOTS),
    (event("rds", "ModifyDBParameterGroup", {"dBParameterGroupName": "own"}), {("aws.rds.parameter-group", "own")}),
    (event("rds", "ModifyDBClusterParameterGroup", {"dBClusterParameterGroupName": "own"}),
     {("aws.rds.cluster-parameter-group", "own")}),
    (event("rds", "ModifyDBInstance", {"dBInstanceIdentifier": "orders", "dBParameterGroupName": "own"}), INSTANCES),
    (event("elasticache", "ModifyReplicationGroup", {"replicationGroupId": "sessions"}),
     {("aws.elasticache.replication-group", "sessions")}),
    (event("elasticache", "ModifyCacheCluster", {"cacheClusterId": "c"}), {("aws.elasticache.cluster", "c")}),
    (event("memorydb", "UpdateCluster", {"clusterName": "hot"}), {("aws.memorydb.cluster", "hot")}),
    (event("dax", "CreateCluster", {"clusterName": "near"}), {("aws.dax.cluster", "near")}),
    (event("es", "UpdateDomainConfig", {"domainName": "logs"}), {("aws.opensearch.domain", "logs")}),
    (event("redshift", "ModifyCluster", {"clusterIdentifier": "sales"}), {("aws.redshift.cluster", "sales")}),
    (event("redshift", "ModifyClusterParameterGroup", {"parameterGroupName": "own"}),
     {("aws.redshift.parameter-group", "own")}),
    (event("dms", "ModifyReplicationInstance", {"replicationInstanceArn": COPIER}), {("aws.dms.instance", COPIER)}),
    (event("dms", "ModifyEndpoint", {"endpointArn": SOURCE}), {("aws.dms.endpoint", SOURCE)}),
    (event("dynamodb", "UpdateTable", {"tableName": "carts"}), {("aws.dynamodb.table", "carts")}),
    (event("dynamodb", "TagResource", {"resourceArn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/carts"}),
     {("aws.dynamodb.table", "carts")}),
    (event("application-autoscaling", "RegisterScalableTarget", {"resourceId": "table/carts/index/by-day"}), set()),
    (event("kms", "DisableKeyRotation", {"keyId": KEY}), {("aws.kms.key", KEY)}),
    (event("kms", "PutKeyPolicy", {"keyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{KEY}"}), {("aws.kms.key", KEY)}),
    (event("kms", "CreateKey", {}, {"keyMetadata": {"keyId": KEY}}), {("aws.kms.key", KEY)}),
    (event("kms", "CreateGrant", {"keyId": "alias/data"}), set()),
    (event("sns", "SetTopicAttributes", {"topicArn": TOPIC}), {("aws.sns.topic", TOPIC)}),
    (event("sns", "CreateTopic", {"name": "orders"}, {"topicArn": TOPIC}), {("aws.sns.topic", TOPIC)}),
    (event("sqs", "SetQueueAttributes", {"queueUrl": QUEUE}), {("aws.sqs.queue", QUEUE)}),
    (event("cloudtrail", "StopLogging", {"name": "main"}), {("aws.cloudtrail.trail", "main"), *OF_TRAILS}),
    (event("cloudtrail", "StopLogging", {"name": TRAIL}), {("aws.cloudtrail.trail", "main"), *OF_TRAILS}),
    (event("cloudtrail", "PutEventSelectors", {"trailName": TRAIL}),
     {("aws.cloudtrail.trail", "main"), ("aws.cloudtrail.account", ACCOUNT), ("aws.cloudwatch.account", ACCOUNT)}),
    (event("monitoring", "PutMetricAlarm", {"alarmName": "cpu"}),
     {("aws.cloudwatch.alarm", "cpu"), ("aws.cloudwatch.account", ACCOUNT)}),
    (event("monitoring", "DisableAlarmActions", {"alarmNames": ["cpu", "disk"]}),
     {("aws.cloudwatch.alarm", "cpu"), ("aws.cloudwatch.alarm", "disk"), ("aws.cloudwatch.account", ACCOUNT)}),
    (event("logs", "PutMetricFilter", {"logGroupName": "trail"}), {("aws.cloudwatch.account", ACCOUNT)}),
    (event("logs", "PutRetentionPolicy", {"logGroupName": "app"}), {("aws.logs.group", "app")}),
    (event("logs", "DeleteResourcePolicy", {"policyName": "open"}), {("aws.logs.region", REGION)}),
    (event("guardduty", "UpdateDetector", {"detectorId": "d1", "enable": False}),
     {("aws.guardduty.region", REGION), ("aws.guardduty.detector", "d1")}),
    (event("guardduty", "TagResource", {"resourceArn": f"{DETECTOR}/filter/quiet"}),
     {("aws.guardduty.filter", "d1/filter/quiet")}),
    (event("guardduty", "TagResource", {"resourceArn": DETECTOR}), {("aws.guardduty.detector", "d1")}),
    (event("securityhub", "DisableSecurityHub", None), {("aws.securityhub.region", REGION)}),
    (event("macie2", "UpdateMacieSession", {"status": "PAUSED"}), {("aws.macie.region", REGION)}),
    (event("inspector2", "Disable", {"resourceTypes": ["EC2"]}), {("aws.inspector.region", REGION)}),
    (event("config", "StopConfigurationRecorder", {}), {("aws.config.region", REGION)}),
    (event("xray", "PutEncryptionConfig", {"type": "NONE"}), {("aws.xray.region", REGION)}),
    (event("events", "PutPermission", {"eventBusName": "orders"}), {("aws.events.bus", "orders")}),
    (event("cloudtrail", "CreateEventDataStore", {"name": "lake"}), set()),
    (event("cloudfront", "CreateDistribution", {}, {"distribution": {"id": "E1"}}),
     {("aws.cloudfront.distribution", "E1")}),
    (event("cloudfront", "UpdateFunction", {"id": "F1"}), set()),
    (event("iam", "CreateRole", {"roleName": "ci"}), {("aws.iam.role", "ci")}),
    (event("iam", "AttachGroupPolicy", {"groupName": "ops", "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
     {("aws.iam.group", "ops")}),
    (event("iam", "CreatePolicyVersion", {"policyArn": POLICY}), {("aws.iam.policy", POLICY)}),
    (event("iam", "UploadServerCertificate", {"serverCertificateName": "old"}),
     {("aws.iam.server-certificate", "old")}),
    (event("iam", "CreateAccessKey", None, {}, userIdentity={"type": "Root"}), {("aws.iam.root", ACCOUNT)}),
    (event("signin", "ConsoleLogin", None, {"ConsoleLogin": "Success"}, userIdentity={"type": "Root"}),
     {("aws.iam.root", ACCOUNT)}),
    (event("account", "PutAlternateContact", {"alternateContactType": "SECURITY"}), {("aws.account", ACCOUNT)}),
    (event("access-analyzer", "DeleteAnalyzer", {"analyzerName": "main"}), {("aws.accessanalyzer.region", REGION)}),
    (event("secretsmanager", "CancelRotateSecret", {"secretId": SECRET}), {("aws.secretsmanager.secret", SECRET)}),
    (event("secretsmanager", "CreateSecret", {"name": "db"}, {"arn": SECRET}), {("aws.secretsmanager.secret", SECRET)}),
    (event("ssm", "ModifyDocumentPermission", {"name": "setup"}), {("aws.ssm.document", "setup")}),
    (event("ssm", "PutParameter", {"name": "/db/password"}), {("aws.ssm.parameter", "/db/password")}),
    (event("ssm", "UpdateServiceSetting", {"settingId": "/ssm/documents/console/public-sharing-permission"}),
     {("aws.ssm.region", REGION)}),
    (event("ecr", "SetRepositoryPolicy", {"repositoryName": "team/app"}), {("aws.ecr.repository", "team/app")}),
    *COMPUTE,
    *((event(*told), wanted) for *told, wanted in ANALYTICS),
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
