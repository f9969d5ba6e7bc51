"""Probes of messages, keys, people, instances, databases and what else the account runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from tests.estate.account import PARTNER, Account
from tests.estate.statements import allowed, denied


def _queue(account: Account, row: str) -> dict[str, str]:
    url = account.held[f"{row}-url"]
    held: dict[str, str] = account.own("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return held


def _encrypted(queue: Mapping[str, str]) -> bool:
    return queue.get("SqsManagedSseEnabled") == "true" or bool(queue.get("KmsMasterKeyId"))


def _anonymous_send(account: Account, row: str) -> bool:
    """Over HTTPS without a signature.

    A queue with server-side encryption takes only signed requests over HTTPS: Amazon SQS Developer Guide,
    "Encryption at rest in Amazon SQS".
    """
    queue = _queue(account, row)
    send = allowed(queue.get("Policy"), "*", "sqs:SendMessage", aws_SecureTransport="true")
    return send and not _encrypted(queue)


def _plain_send(account: Account, row: str) -> bool:
    """Signed, over plain HTTP, from within the account; the same page says when a queue refuses that."""
    queue = _queue(account, row)
    refused = denied(queue.get("Policy"), account.account_id, "sqs:SendMessage", aws_SecureTransport="false")
    return not refused and not _encrypted(queue)


def _own_send(account: Account, row: str) -> bool:
    """Signed, over HTTPS, from within the account: allowed by its identity unless the queue denies it."""
    queue = _queue(account, row)
    return not denied(queue.get("Policy"), account.account_id, "sqs:SendMessage", aws_SecureTransport="true")


def _service_send(account: Account, row: str) -> bool:
    """S3 tells of an object, or SNS passes a message on: by the source's ARN, over HTTPS."""
    service, source = {
        "q01": ("s3.amazonaws.com", f"arn:aws:s3:::{account.held['source']}"),
        "q05": ("sns.amazonaws.com", account.held["q05"]),
    }[row]
    policy = _queue(account, row).get("Policy")
    context = {"aws_SecureTransport": "true", "aws_SourceArn": source}
    return allowed(policy, service, "sqs:SendMessage", **context)


def _topic(account: Account, row: str) -> dict[str, str]:
    held: dict[str, str] = account.own("sns").get_topic_attributes(TopicArn=account.ids[row])["Attributes"]
    return held


def _partner_publish(account: Account, row: str) -> Any:
    return account.partner("sns").publish(TopicArn=account.ids[row], Message="hello")


def _service_publish(account: Account, row: str) -> bool:
    source = f"arn:aws:s3:::{account.held['source']}"
    return allowed(_topic(account, row).get("Policy"), "s3.amazonaws.com", "sns:Publish", aws_SourceArn=source)


def _alarm_publish(account: Account, row: str) -> bool:
    """Alarms have no rights on alias/aws/sns, nor on a key whose policy does not name them.

    AWS re:Post Knowledge Center, "How do I configure a CloudWatch alarm with an encrypted SNS topic?".
    """
    return not _topic(account, row).get("KmsMasterKeyId")


def _own_decrypt(account: Account, row: str) -> bool:
    plain: bytes = account.own("kms").decrypt(CiphertextBlob=account.held[row])["Plaintext"]
    return plain == b"plain"


def _partner_decrypt(account: Account, row: str) -> bool:
    """With the partner's credentials, which the emulator looks for in the partner's own account."""
    policy = account.own("kms").get_key_policy(KeyId=account.ids[row], PolicyName="default")["Policy"]
    return allowed(policy, PARTNER, "kms:Decrypt") and _own_decrypt(account, row)


def _key_active(account: Account, row: str) -> bool:
    """Whether a key that lies in a safe would work; a call with it would make it one that was used today."""
    held = account.own("iam").list_access_keys(UserName=account.ids[row])["AccessKeyMetadata"]
    return any(key["AccessKeyId"] == account.held[row].key_id and key["Status"] == "Active" for key in held)


def _call_with_key(account: Account, row: str) -> object:
    return account.held[row]("sqs").list_queues() if row == "p01" else _key_active(account, row)


def _partner_assume(account: Account, row: str) -> Any:
    arn = f"arn:aws:iam::{account.account_id}:role/{account.ids[row]}"
    return account.partner("sts").assume_role(RoleArn=arn, RoleSessionName="work")


def _partner_secret(account: Account, row: str) -> bool:
    """With the partner's credentials, which the emulator looks for in the partner's own account."""
    policy = account.own("secretsmanager").get_resource_policy(SecretId=account.ids[row]).get("ResourcePolicy")
    return allowed(policy, PARTNER, "secretsmanager:GetSecretValue")


def _instance(account: Account, row: str) -> dict[str, Any]:
    found: dict[str, Any] = account.own("ec2").describe_instances(InstanceIds=[account.ids[row]])
    held: dict[str, Any] = found["Reservations"][0]["Instances"][0]
    return held


def _shared(account: Account, row: str) -> bool:
    ec2 = account.own("ec2")
    if row == "s01":
        held = ec2.describe_snapshot_attribute(SnapshotId=account.ids[row], Attribute="createVolumePermission")
        return {"Group": "all"} in held["CreateVolumePermissions"]
    held = ec2.describe_image_attribute(ImageId=account.ids[row], Attribute="launchPermission")
    return {"Group": "all"} in held["LaunchPermissions"]


def _public_address(account: Account, row: str) -> bool:
    held = account.own("ec2").describe_subnets(SubnetIds=[account.ids[row]])["Subnets"][0]
    return bool(held["MapPublicIpOnLaunch"])


def _database(account: Account, row: str) -> dict[str, Any]:
    found = account.own("rds").describe_db_instances(DBInstanceIdentifier=account.ids[row])
    held: dict[str, Any] = found["DBInstances"][0]
    return held


def _cluster_up(account: Account, row: str, service: str = "rds") -> bool:
    held = account.own(service).describe_db_clusters(DBClusterIdentifier=account.ids[row])["DBClusters"][0]
    return bool(held["Status"] == "available" and not held.get("PendingModifiedValues"))


def _database_shared(account: Account, row: str) -> bool:
    held = account.own("rds").describe_db_snapshot_attributes(DBSnapshotIdentifier=account.ids[row])
    attributes = held["DBSnapshotAttributesResult"]["DBSnapshotAttributes"]
    return any("all" in item["AttributeValues"] for item in attributes if item["AttributeName"] == "restore")


def _http_served(account: Account, row: str) -> bool:
    held = account.own("elbv2").describe_listeners(ListenerArns=[account.ids[row]])["Listeners"][0]
    return {item["Type"] for item in held["DefaultActions"]} == {"forward"}


def _function_policy(account: Account, row: str) -> str | None:
    try:
        held: str = account.own("lambda").get_policy(FunctionName=account.ids[row])["Policy"]
    except ClientError:
        return None
    return held


def _invoke(account: Account, row: str, who: str) -> bool:
    source = account.held.get(f"{row}-source", "")
    context = {"aws_SourceArn": source, "aws_SourceAccount": PARTNER}
    return allowed(_function_policy(account, row), who, "lambda:InvokeFunction", **context)


def _url_open(account: Account, row: str) -> bool:
    held = account.own("lambda").get_function_url_config(FunctionName=account.ids[row])
    policy = _function_policy(account, row)
    url = allowed(policy, "*", "lambda:InvokeFunctionUrl", lambda_FunctionUrlAuthType="NONE")
    return bool(held["AuthType"] == "NONE" and url)


def _function_up(account: Account, row: str) -> bool:
    held = account.own("lambda").get_function_configuration(FunctionName=account.ids[row])
    return bool(held["State"] == "Active" and held["LastUpdateStatus"] == "Successful")


def _read_write(account: Account, row: str) -> bool:
    table, name = account.own("dynamodb"), account.ids[row]
    table.put_item(TableName=name, Item={"id": {"S": "1"}})
    return "Item" in table.get_item(TableName=name, Key={"id": {"S": "1"}})


def _push_again(account: Account, row: str) -> Any:
    manifest = '{"schemaVersion": 2, "config": {"digest": "sha256:%064x"}, "layers": []}'
    account.held["pushes"] = account.held.get("pushes", 0) + 1
    return account.own("ecr").put_image(
        repositoryName=account.ids[row], imageManifest=manifest % account.held["pushes"], imageTag="latest"
    )


def _mount(account: Account, row: str, secure: str) -> bool:
    """Without IAM credentials, through a mount target. A file system without a policy lets every such client in."""
    try:
        policy = account.own("efs").describe_file_system_policy(FileSystemId=account.ids[row])["Policy"]
    except ClientError:
        return True
    context = {"aws_SecureTransport": secure, "elasticfilesystem_AccessedViaMountTarget": "true"}
    return allowed(policy, "*", "elasticfilesystem:ClientMount", **context)


def _trail_bucket(account: Account, row: str) -> bool:
    policy = account.own("s3").get_bucket_policy(Bucket=account.held["trails"])["Policy"]
    return allowed(policy, "cloudtrail.amazonaws.com", "s3:PutObject", aws_SecureTransport="true")


def _trail_delivers(account: Account, row: str) -> bool:
    status = account.own("cloudtrail").get_trail_status(Name=account.ids[row])
    return bool(status["IsLogging"]) and _trail_bucket(account, row)


def _old_events(account: Account, row: str) -> bool:
    logs, name = account.own("logs"), account.ids[row]
    group = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]
    kept = group.get("retentionInDays", 10**6) > 400
    return kept and bool(logs.get_log_events(logGroupName=name, logStreamName="a", startFromHead=True)["events"])


def _stage_up(account: Account, row: str) -> bool:
    held = account.own("apigateway").get_stage(restApiId=account.held[row], stageName="live")
    return bool(held["deploymentId"])


def _kinesis_open(account: Account, row: str) -> bool:
    """Other accounts have no rights on alias/aws/kinesis (KMS Developer Guide, "AWS managed keys")."""
    held = account.own("kinesis").describe_stream_summary(StreamName=account.ids[row])
    return bool(held["StreamDescriptionSummary"].get("EncryptionType", "NONE") == "NONE")


def _stack_up(account: Account, row: str) -> bool:
    held = account.own("cloudformation").describe_stacks(StackName=account.held[row])["Stacks"][0]
    return bool(held["StackStatus"].endswith("_COMPLETE"))


def _clusters_active(account: Account, row: str) -> bool:
    found = account.own("ecs").describe_clusters(clusters=[account.ids[row]])["clusters"]
    return bool(found[0]["status"] == "ACTIVE")


PROBES: Final[Mapping[str, Callable[[Account, str], object]]] = {
    "anonymous-send": _anonymous_send,
    "http-send": _plain_send,
    "own-send": _own_send,
    "service-send": _service_send,
    "partner-publish": _partner_publish,
    "service-publish": _service_publish,
    "alarm-publish": _alarm_publish,
    "own-decrypt": _own_decrypt,
    "partner-decrypt": _partner_decrypt,
    "call-with-key": _call_with_key,
    "own-call": lambda account, row: account.held["u02"]("sqs").list_queues(),
    "partner-assume": _partner_assume,
    "partner-secret": _partner_secret,
    "partner-stream": _kinesis_open,
    "imds-v1": lambda account, row: _instance(account, row)["MetadataOptions"]["HttpTokens"] == "optional",
    "running": lambda account, row: _instance(account, row)["State"]["Name"] == "running",
    "present": lambda account, row: _instance(account, row)["State"]["Name"] == "stopped",
    "snapshot-public": _shared,
    "image-public": _shared,
    "public-address": _public_address,
    "volume-shareable": lambda account, row: (
        not account.own("ec2").get_ebs_encryption_by_default()["EbsEncryptionByDefault"]
    ),
    "database-public": lambda account, row: _database(account, row)["PubliclyAccessible"],
    "no-restart": lambda account, row: not _database(account, row)["AutoMinorVersionUpgrade"],
    "no-pause": lambda account, row: _database(account, row)["BackupRetentionPeriod"] == 0,
    "database-up": lambda account, row: _database(account, row)["DBInstanceStatus"] == "available",
    "cluster-up": _cluster_up,
    "graph-up": lambda account, row: _cluster_up(account, row, "neptune"),
    "database-snapshot-public": _database_shared,
    "http-served": _http_served,
    "partner-invoke": lambda account, row: _invoke(account, row, PARTNER),
    "service-invoke": lambda account, row: _invoke(account, row, "s3.amazonaws.com"),
    "url-open": _url_open,
    "function-up": _function_up,
    "table-read-write": _read_write,
    "push-again": _push_again,
    "cluster-active": _clusters_active,
    "anonymous-mount": lambda account, row: _mount(account, row, "true"),
    "tls-mount": lambda account, row: _mount(account, row, "true"),
    "trail-bucket": _trail_bucket,
    "trail-delivers": _trail_delivers,
    "old-events": _old_events,
    "stage-up": _stage_up,
    "pool-up": lambda account, row: account.own("cognito-idp").describe_user_pool(UserPoolId=account.ids[row]),
    "workgroup-up": lambda account, row: (
        account.own("athena").get_work_group(WorkGroup=account.ids[row])["WorkGroup"]["State"] == "ENABLED"
    ),
    "stack-up": _stack_up,
    "mail-up": lambda account, row: account.own("sesv2").get_configuration_set(ConfigurationSetName=account.ids[row]),
}
