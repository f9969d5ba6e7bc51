"""The estate's databases, functions, tables, interfaces and what else it runs."""

from __future__ import annotations

import io
import json
import time
import zipfile
from typing import Any, Final

from tests.estate.account import Account, allow, document

_PASSWORD: Final = "only-for-the-test-1"


def services(account: Account) -> None:
    """Make them all; the network is there."""
    _instances(account)
    _clusters(account)
    _functions(account)
    _tables(account)
    _balancer(account)
    _repository(account)
    _file_systems(account)
    _trails(account)
    _log_group(account)
    _interfaces(account)
    _others(account)


def _instances(account: Account) -> None:
    rds = account.own("rds")
    common = {"DBInstanceClass": "db.t4g.small", "MasterUsername": "lumen", "MasterUserPassword": _PASSWORD}
    right = {"DeletionProtection": True, "CopyTagsToSnapshot": True, "BackupRetentionPeriod": 14}
    for row, engine, more in (
        ("d01", "postgres", {**right, "PubliclyAccessible": True}),
        ("d02", "mysql", {**right, "AutoMinorVersionUpgrade": False}),
        ("d03", "mysql", {**right, "BackupRetentionPeriod": 0}),
        ("d04", "mysql", {"BackupRetentionPeriod": 14}),
        ("d05", "postgres", {"BackupRetentionPeriod": 14}),
        ("d06", "mariadb", {**right, "CopyTagsToSnapshot": False}),
    ):
        account.ids[row] = account.name()
        private = {"PubliclyAccessible": False, "AllocatedStorage": 20, "StorageEncrypted": True}
        rds.create_db_instance(DBInstanceIdentifier=account.ids[row], Engine=engine, **{**common, **private, **more})
    account.ids["d09"] = account.name()
    rds.create_db_snapshot(DBInstanceIdentifier=account.ids["d01"], DBSnapshotIdentifier=account.ids["d09"])
    rds.modify_db_snapshot_attribute(
        DBSnapshotIdentifier=account.ids["d09"], AttributeName="restore", ValuesToAdd=["all"]
    )


def _clusters(account: Account) -> None:
    rds, neptune = account.own("rds"), account.own("neptune")
    common = {"MasterUsername": "lumen", "MasterUserPassword": _PASSWORD, "StorageEncrypted": True}
    for row, engine, more in (
        ("d07", "aurora-mysql", {"BackupRetentionPeriod": 1, "CopyTagsToSnapshot": True}),
        ("d08", "aurora-postgresql", {"BackupRetentionPeriod": 14, "DeletionProtection": True}),
    ):
        account.ids[row] = account.name()
        rds.create_db_cluster(DBClusterIdentifier=account.ids[row], Engine=engine, **common, **more)
    account.ids["c02"] = account.name()
    neptune.create_db_cluster(DBClusterIdentifier=account.ids["c02"], Engine="neptune", BackupRetentionPeriod=14)


def _functions(account: Account) -> None:
    client, code = account.own("lambda"), _code()
    serves = allow({"Service": "lambda.amazonaws.com"}, "sts:AssumeRole", None)
    del serves["Resource"]
    role = account.own("iam").create_role(RoleName=account.name(), AssumeRolePolicyDocument=document(serves))["Role"]
    account.held["role"] = role["Arn"]
    networks: dict[str, Any] = {"f04": account.held["lambda-network"], "": account.held["lambda-default"]}
    for row in ("f01", "f02", "f03", "f04", "f05", ""):
        name = account.name()
        placed = {"VpcConfig": networks[row]} if row in networks else {}
        client.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=role["Arn"],
            Handler="a.b",
            Code={"ZipFile": code},
            **placed,
        )
        if row:
            account.ids[row] = name
    invoke: dict[str, Any] = {"Action": "lambda:InvokeFunction"}
    client.add_permission(FunctionName=account.ids["f01"], StatementId="a", Principal="*", **invoke)
    client.create_function_url_config(FunctionName=account.ids["f02"], AuthType="NONE")
    client.add_permission(
        FunctionName=account.ids["f02"],
        StatementId="a",
        Principal="*",
        Action="lambda:InvokeFunctionUrl",
        FunctionUrlAuthType="NONE",
    )
    account.held["f05-source"] = f"arn:aws:s3:::{account.name()}"
    client.add_permission(
        FunctionName=account.ids["f05"],
        StatementId="a",
        Principal="s3.amazonaws.com",
        SourceArn=account.held["f05-source"],
        **invoke,
    )


def _code() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.py", "def b(event, context):\n    return {}\n")
    return buffer.getvalue()


def _tables(account: Account) -> None:
    tables = account.own("dynamodb")
    hashed = [{"AttributeName": "id", "KeyType": "HASH"}]
    index = {"IndexName": "byid", "KeySchema": hashed, "Projection": {"ProjectionType": "ALL"}}
    demand: dict[str, Any] = {"BillingMode": "PAY_PER_REQUEST"}
    steady = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    for row, more in (
        ("y01", demand),
        ("y02", {"ProvisionedThroughput": steady}),
        ("y03", {**demand, "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}}),
        ("y04", {**demand, "GlobalSecondaryIndexes": [index]}),
    ):
        account.ids[row] = account.name()
        tables.create_table(
            TableName=account.ids[row],
            KeySchema=hashed,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            **more,
        )


def _balancer(account: Account) -> None:
    client, ec2 = account.own("elbv2"), account.own("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.30.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.30.{n}.0/24", AvailabilityZone=f"{account.region}{zone}")["Subnet"]
        for n, zone in ((1, "a"), (2, "b"))
    ]
    balancer = client.create_load_balancer(
        Name=account.name(), Subnets=[item["SubnetId"] for item in subnets], Scheme="internet-facing"
    )["LoadBalancers"][0]["LoadBalancerArn"]
    target = client.create_target_group(Name=account.name(), Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]
    forward = [{"Type": "forward", "TargetGroupArn": target["TargetGroupArn"]}]
    account.ids["l01"] = client.create_listener(
        LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=forward
    )["Listeners"][0]["ListenerArn"]


def _repository(account: Account) -> None:
    account.ids["e01"] = account.name()
    account.own("ecr").create_repository(repositoryName=account.ids["e01"], imageTagMutability="MUTABLE")


def _file_systems(account: Account) -> None:
    efs = account.own("efs")
    for row in ("v01", "v02", "v03"):
        account.ids[row] = efs.create_file_system(CreationToken=account.name(), Encrypted=True)["FileSystemId"]
    arn = {row: account.arn("elasticfilesystem", f"file-system/{account.ids[row]}") for row in ("v02", "v03")}
    mount, write = "elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"
    through = {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}}
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    deny = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "*", "Resource": arn["v02"], "Condition": plain}
    named = {"AWS": f"arn:aws:iam::{account.account_id}:root"}
    policies = {
        "v02": [deny, allow({"AWS": "*"}, [mount, write], arn["v02"], through)],
        "v03": [
            allow({"AWS": "*"}, [mount, write], arn["v03"]),
            allow(named, [mount, write, "elasticfilesystem:ClientRootAccess"], arn["v03"]),
        ],
    }
    for row, statements in policies.items():
        efs.put_file_system_policy(FileSystemId=account.ids[row], Policy=document(*statements))


def _trails(account: Account) -> None:
    s3, cloudtrail = account.own("s3"), account.own("cloudtrail")
    bucket = account.name()
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": account.region})
    service = {"Service": "cloudtrail.amazonaws.com"}
    arn = f"arn:aws:s3:::{bucket}"
    s3.put_bucket_policy(
        Bucket=bucket,
        Policy=document(
            allow(service, "s3:GetBucketAcl", arn),
            allow(service, "s3:PutObject", f"{arn}/AWSLogs/{account.account_id}/*"),
        ),
    )
    account.held["trails"] = bucket
    for row, everywhere, validated, logging in (
        ("x01", True, False, True),
        ("x02", True, True, False),
        ("x03", False, False, True),
    ):
        account.ids[row] = account.name()
        cloudtrail.create_trail(
            Name=account.ids[row],
            S3BucketName=bucket,
            IsMultiRegionTrail=everywhere,
            IncludeGlobalServiceEvents=True,
            EnableLogFileValidation=validated,
        )
        if logging:
            cloudtrail.start_logging(Name=account.ids[row])


def _log_group(account: Account) -> None:
    logs, name = account.own("logs"), account.name()
    account.ids["w01"] = name
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="a")
    event = {"timestamp": (int(time.time()) - 12 * 86400) * 1000, "message": "an old event"}
    logs.put_log_events(logGroupName=name, logStreamName="a", logEvents=[event])


def _interfaces(account: Account) -> None:
    gateway = account.own("apigateway")
    for row in ("z01", "z02", "z03"):
        made = gateway.create_rest_api(name=account.name())["id"]
        root = gateway.get_resources(restApiId=made)["items"][0]["id"]
        method = {"restApiId": made, "resourceId": root, "httpMethod": "GET"}
        gateway.put_method(**method, authorizationType="NONE")
        gateway.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
        deployed = gateway.create_deployment(restApiId=made)["id"]
        cache = {"cacheClusterEnabled": True, "cacheClusterSize": "0.5"} if row == "z03" else {}
        gateway.create_stage(
            restApiId=made, stageName="live", deploymentId=deployed, tracingEnabled=row == "z02", **cache
        )
        account.ids[row], account.held[row] = f"restapis/{made}/stages/live", made
        changes = {
            "z02": [("/*/*/logging/dataTrace", "true"), ("/*/*/logging/loglevel", "INFO")],
            "z03": [("/*/*/caching/enabled", "true"), ("/*/*/caching/dataEncrypted", "false")],
        }.get(row, [])
        if changes:
            gateway.update_stage(
                restApiId=made,
                stageName="live",
                patchOperations=[{"op": "replace", "path": path, "value": value} for path, value in changes],
            )


def _others(account: Account) -> None:
    pools = account.own("cognito-idp")
    account.ids["j01"] = pools.create_user_pool(PoolName=account.name())["UserPool"]["Id"]
    short = {"PasswordPolicy": {"MinimumLength": 6}}
    account.ids["j02"] = pools.create_user_pool(PoolName=account.name(), Policies=short)["UserPool"]["Id"]
    athena = account.own("athena")
    place = {"OutputLocation": f"s3://{account.held['source']}/r/"}
    for row, kept in (("h01", {**place, "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"}}), ("h02", place)):
        account.ids[row] = account.name()
        settings = {"ResultConfiguration": kept, "PublishCloudWatchMetricsEnabled": False}
        athena.create_work_group(Name=account.ids[row], Configuration=settings)
    stacks = account.own("cloudformation")
    body = {"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": account.name()}}}}
    account.held["c01"] = account.name()
    account.ids["c01"] = stacks.create_stack(StackName=account.held["c01"], TemplateBody=json.dumps(body))["StackId"]
    account.ids["c03"] = account.name()
    account.own("sesv2").create_configuration_set(
        ConfigurationSetName=account.ids["c03"], ReputationOptions={"ReputationMetricsEnabled": False}
    )
