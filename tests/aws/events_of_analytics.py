"""Events of CloudTrail about the analytics services: source, name, request, answer, and what they are about."""

from __future__ import annotations

from goldseam.model.values import Json
from tests.aws.laws import ACCOUNT, REGION

CLUSTER = f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/orders/1234abcd-12ab-34cd-56ef-1234567890ab-2"
TASK = f"arn:aws:datasync:{REGION}:{ACCOUNT}:task/task-0123456789abcdef0"
STREAM = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/orders"
IDENTITIES = f"{REGION}:1234abcd-12ab-34cd-56ef-1234567890ab"

TOLD: list[tuple[str, str, Json, Json, set[tuple[str, str]]]] = [
    ("athena", "UpdateWorkGroup", {"workGroup": "main"}, None, {("aws.athena.workgroup", "main")}),
    ("athena", "CreateWorkGroup", {"name": "main"}, None, {("aws.athena.workgroup", "main")}),
    ("athena", "StartQueryExecution", {"workGroup": "main"}, None, set()),
    ("kinesis", "StopStreamEncryption", {"streamName": "orders"}, None, {("aws.kinesis.stream", "orders")}),
    ("kinesis", "StartStreamEncryption", {"streamARN": STREAM}, None, {("aws.kinesis.stream", "orders")}),
    ("firehose", "StopDeliveryStreamEncryption", {"deliveryStreamName": "s"}, None, {("aws.firehose.stream", "s")}),
    ("glacier", "SetVaultAccessPolicy", {"vaultName": "v"}, None, {("aws.glacier.vault", "v")}),
    ("glue", "PutResourcePolicy", {}, None, {("aws.glue.catalog", REGION)}),
    ("glue", "UpdateJob", {"jobName": "load"}, None, {("aws.glue.job", "load")}),
    ("glue", "UpdateConnection", {"name": "db"}, None, {("aws.glue.connection", "db")}),
    ("glue", "CreateSecurityConfiguration", {"name": "s"}, None, {("aws.glue.security-configuration", "s")}),
    ("glue", "UpdateMLTransform", {"transformId": "t-1"}, None, {("aws.glue.ml-transform", "t-1")}),
    ("elasticfilesystem", "PutFileSystemPolicy", {"fileSystemId": "fs-0a"}, None, {("aws.efs.file-system", "fs-0a")}),
    ("elasticfilesystem", "TagResource", {"resourceId": "fsap-0a"}, None, {("aws.efs.access-point", "fsap-0a")}),
    ("fsx", "UpdateFileSystem", {"fileSystemId": "fs-0a"}, None, {("aws.fsx.file-system", "fs-0a")}),
    ("backup", "DeleteBackupVaultLockConfiguration", {"backupVaultName": "v"}, None, {("aws.backup.vault", "v")}),
    ("backup", "DeleteBackupPlan", {"backupPlanId": "p"}, None, {("aws.backup.region", REGION)}),
    ("cognito-idp", "UpdateUserPool", {"userPoolId": "p"}, None, {("aws.cognito.user-pool", "p")}),
    ("cognito-idp", "CreateUserPool", {}, {"userPool": {"id": "p"}}, {("aws.cognito.user-pool", "p")}),
    ("cognito-idp", "UpdateUserPoolClient", {"userPoolId": "p", "clientId": "c"}, None,
     {("aws.cognito.user-pool", "p"), ("aws.cognito.client", "p/c")}),
    ("cognito-identity", "UpdateIdentityPool", {"identityPoolId": IDENTITIES}, None,
     {("aws.cognito.identity-pool", IDENTITIES)}),
    ("sagemaker", "UpdateNotebookInstance", {"notebookInstanceName": "n"}, None, {("aws.sagemaker.notebook", "n")}),
    ("sagemaker", "CreateModel", {"modelName": "m"}, None, {("aws.sagemaker.model", "m")}),
    ("sagemaker", "CreateEndpointConfig", {"endpointConfigName": "e"}, None, {("aws.sagemaker.endpoint-config", "e")}),
    ("sagemaker", "UpdateDomain", {"domainId": "d-1"}, None, {("aws.sagemaker.domain", "d-1")}),
    ("transfer", "UpdateServer", {"serverId": "s-1"}, None, {("aws.transfer.server", "s-1")}),
    ("mq", "UpdateBroker", {"broker-id": "b-1"}, None, {("aws.mq.broker", "b-1")}),
    ("kafka", "UpdateSecurity", {"clusterArn": CLUSTER}, None, {("aws.kafka.cluster", CLUSTER)}),
    ("elasticmapreduce", "PutBlockPublicAccessConfiguration", {}, None, {("aws.emr.region", REGION)}),
    ("elasticmapreduce", "SetTerminationProtection", {"jobFlowIds": ["j-1"]}, None, {("aws.emr.cluster", "j-1")}),
    ("appsync", "UpdateGraphqlApi", {"apiId": "a"}, None, {("aws.appsync.api", "a")}),
    ("workspaces", "ModifyWorkspaceProperties", {"workspaceId": "ws-1"}, None, {("aws.workspaces.workspace", "ws-1")}),
    ("datasync", "UpdateTask", {"taskArn": TASK}, None, {("aws.datasync.task", TASK)}),
    ("bedrock", "DeleteModelInvocationLoggingConfiguration", {}, None, {("aws.bedrock.region", REGION)}),
    ("bedrock", "UpdateGuardrail", {"guardrailIdentifier": "g"}, None, {("aws.bedrock.guardrail", "g")}),
    ("bedrock", "UpdateAgent", {"agentId": "A"}, None, {("aws.bedrock.agent", "A")}),
    ("ses", "PutEmailIdentityDkimAttributes", {"emailIdentity": "example.com"}, None,
     {("aws.ses.identity", "example.com")}),
    ("ses", "PutConfigurationSetDeliveryOptions", {"configurationSetName": "s"}, None,
     {("aws.ses.configuration-set", "s")}),
    ("lightsail", "UpdateRelationalDatabase", {"relationalDatabaseName": "d"}, None, {("aws.lightsail.database", "d")}),
    ("lightsail", "DisableAddOn", {"resourceName": "i"}, None, {("aws.lightsail.instance", "i")}),
    ("appstream", "UpdateFleet", {"name": "f"}, None, {("aws.appstream.fleet", "f")}),
]  # fmt: skip
