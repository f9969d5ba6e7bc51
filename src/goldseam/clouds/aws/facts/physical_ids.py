"""By which id CloudFormation knows a resource: what tells whether a stack made it, where no tag does.

The physical id of a resource is what `Ref` returns for its type (CloudFormation User Guide, "Ref" in each type of the
template reference). Kinds whose physical id is not unique (a stage is called `prod`), not certain, or not to be derived
from the resource are left out: whether a stack made those cannot be told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from goldseam.model.resource import Ref
from goldseam.ports import GLOBAL

_IdOf: TypeAlias = Callable[[Ref], str]


def _id(ref: Ref) -> str:
    return ref.id


def _name(ref: Ref) -> str:
    """The last part of an id that is `parent/name`."""
    return ref.id.rpartition("/")[2]


def _address(ref: Ref) -> str:
    return ref.address


def _web_acl(scope: str) -> _IdOf:
    """`name|id|scope`, from an ARN that ends in `webacl/name/id`."""

    def made(ref: Ref) -> str:
        name, _, own = ref.address.rpartition("webacl/")[2].partition("/")
        return f"{name}|{own}|{scope}"

    return made


@dataclass(frozen=True, slots=True)
class PhysicalId:
    """The CloudFormation types that a kind may be made as, none where there is no such type, and its physical id.

    `region` is where the stacks are, for a kind that has them in one region only.
    """

    types: tuple[str, ...]
    of: _IdOf = field(default=_id, repr=False)
    region: str = ""

    def place(self, ref: Ref) -> str:
        """The region whose stacks can hold the resource; empty where every region's can."""
        return self.region or ("" if ref.region == GLOBAL else ref.region)


def _as(*types: str, of: _IdOf = _id, region: str = "") -> PhysicalId:
    return PhysicalId(tuple(f"AWS::{name}" for name in types), of, region)


PHYSICAL_IDS: Final[Mapping[str, PhysicalId]] = {
    "aws.acm.certificate": _as("CertificateManager::Certificate"),
    "aws.apigateway.domain-name": _as("ApiGateway::DomainName"),
    "aws.appstream.fleet": _as("AppStream::Fleet"),
    "aws.appsync.api": _as("AppSync::GraphQLApi", of=_address),
    "aws.athena.workgroup": _as("Athena::WorkGroup"),
    "aws.autoscaling.group": _as("AutoScaling::AutoScalingGroup"),
    "aws.backup.vault": _as("Backup::BackupVault", "Backup::LogicallyAirGappedBackupVault"),
    "aws.cloudformation.stack": _as("CloudFormation::Stack", of=_address),
    "aws.cloudtrail.trail": _as("CloudTrail::Trail"),
    "aws.cloudwatch.alarm": _as("CloudWatch::Alarm"),
    "aws.codeartifact.repository": _as("CodeArtifact::Repository", of=_address),
    "aws.codebuild.project": _as("CodeBuild::Project"),
    "aws.codebuild.report-group": _as("CodeBuild::ReportGroup"),
    "aws.cognito.client": _as("Cognito::UserPoolClient", of=_name),
    "aws.cognito.identity-pool": _as("Cognito::IdentityPool"),
    "aws.cognito.user-pool": _as("Cognito::UserPool"),
    "aws.datasync.task": _as("DataSync::Task"),
    "aws.dms.instance": _as("DMS::ReplicationInstance"),
    "aws.docdb.cluster": _as("DocDB::DBCluster"),
    "aws.docdb.cluster-snapshot": _as("RDS::ClusterSnapshot", of=_address),
    "aws.dynamodb.table": _as("DynamoDB::Table", "DynamoDB::GlobalTable"),
    "aws.ec2.endpoint-service": _as("EC2::VPCEndpointService"),
    "aws.ec2.image": _as(),
    "aws.ec2.instance": _as("EC2::Instance"),
    "aws.ec2.network-acl": _as("EC2::NetworkAcl"),
    "aws.ec2.security-group": _as("EC2::SecurityGroup"),
    "aws.ec2.snapshot": _as(),
    "aws.ec2.subnet": _as("EC2::Subnet"),
    "aws.ec2.transit-gateway": _as("EC2::TransitGateway"),
    "aws.ec2.vpc": _as("EC2::VPC"),
    "aws.ecr.repository": _as("ECR::Repository"),
    "aws.ecs.cluster": _as("ECS::Cluster"),
    "aws.efs.file-system": _as("EFS::FileSystem"),
    "aws.eks.cluster": _as("EKS::Cluster"),
    "aws.eks.logging": _as("EKS::Cluster"),
    "aws.eks.protection": _as("EKS::Cluster"),
    "aws.elasticache.replication-group": _as("ElastiCache::ReplicationGroup"),
    "aws.elb.load-balancer": _as("ElasticLoadBalancing::LoadBalancer"),
    "aws.elbv2.listener": _as("ElasticLoadBalancingV2::Listener", of=_address),
    "aws.elbv2.load-balancer": _as("ElasticLoadBalancingV2::LoadBalancer"),
    "aws.emr.cluster": _as("EMR::Cluster"),
    "aws.events.bus": _as("Events::EventBus"),
    "aws.firehose.stream": _as("KinesisFirehose::DeliveryStream"),
    "aws.fsx.file-system": _as("FSx::FileSystem"),
    "aws.glacier.vault": _as(),
    "aws.guardduty.detector": _as("GuardDuty::Detector"),
    "aws.iam.policy": _as("IAM::ManagedPolicy"),
    "aws.iam.role": _as("IAM::Role"),
    "aws.iam.user": _as("IAM::User"),
    "aws.kafka.cluster": _as("MSK::Cluster", "MSK::ServerlessCluster"),
    "aws.kinesis.stream": _as("Kinesis::Stream"),
    "aws.kms.key": _as("KMS::Key", "KMS::ReplicaKey"),
    "aws.lambda.function": _as("Lambda::Function"),
    "aws.lightsail.database": _as("Lightsail::Database"),
    "aws.lightsail.instance": _as("Lightsail::Instance"),
    "aws.logs.group": _as("Logs::LogGroup"),
    "aws.memorydb.cluster": _as("MemoryDB::Cluster"),
    "aws.mq.broker": _as("AmazonMQ::Broker"),
    "aws.neptune.cluster": _as("Neptune::DBCluster"),
    "aws.neptune.cluster-snapshot": _as("RDS::ClusterSnapshot", of=_address),
    "aws.neptune.instance": _as("Neptune::DBInstance"),
    "aws.networkfirewall.firewall": _as("NetworkFirewall::Firewall", of=_address),
    "aws.opensearch.domain": _as("OpenSearchService::Domain", "Elasticsearch::Domain"),
    "aws.rds.cluster": _as("RDS::DBCluster"),
    "aws.rds.cluster-parameter-group": _as("RDS::DBClusterParameterGroup"),
    "aws.rds.cluster-snapshot": _as("RDS::ClusterSnapshot", of=_address),
    "aws.rds.instance": _as("RDS::DBInstance"),
    "aws.rds.parameter-group": _as("RDS::DBParameterGroup"),
    "aws.rds.snapshot": _as("RDS::DBSnapshot", of=_address),
    "aws.redshift.cluster": _as("Redshift::Cluster"),
    "aws.redshift.parameter-group": _as("Redshift::ClusterParameterGroup"),
    "aws.s3.bucket": _as("S3::Bucket"),
    "aws.sagemaker.notebook": _as("SageMaker::NotebookInstance", of=_address),
    "aws.secretsmanager.secret": _as("SecretsManager::Secret"),
    "aws.ses.configuration-set": _as("SES::ConfigurationSet"),
    "aws.ses.identity": _as("SES::EmailIdentity"),
    "aws.sns.topic": _as("SNS::Topic"),
    "aws.sqs.queue": _as("SQS::Queue"),
    "aws.ssm.document": _as("SSM::Document"),
    "aws.stepfunctions.state-machine": _as("StepFunctions::StateMachine"),
    "aws.transfer.server": _as("Transfer::Server", of=_address),
    "aws.wafv2.global-web-acl": _as("WAFv2::WebACL", of=_web_acl("CLOUDFRONT"), region="us-east-1"),
    "aws.wafv2.web-acl": _as("WAFv2::WebACL", of=_web_acl("REGIONAL")),
}
"""By kind. An empty list of types means that no template can make one; what holds it then is a custom resource."""
