"""Lumen Bikes' keys, messages, audit trail and database, with one right and one wrong of most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from goldseam.demo.aws import Clients, policy, tags


@dataclass(frozen=True, slots=True)
class Services:
    """Names, ids and ARNs of the resources."""

    unrotated_key: str
    rotated_key: str
    open_queue_url: str
    private_queue_url: str
    open_topic_arn: str
    private_topic_arn: str
    trail: str
    public_database: str
    private_database: str


def seed_services(clients: Clients, account: str, trail_bucket: str, database_group: str) -> Services:
    """Create the resources of KMS, SNS, SQS, CloudTrail and RDS."""
    unrotated, rotated = _keys(clients("kms"), account)
    open_topic, private_topic = _topics(clients("sns"), account, rotated)
    open_queue, private_queue = _queues(clients, account, open_topic)
    _trail(clients("cloudtrail"), trail_bucket)
    _databases(clients("rds"), database_group)
    topics = (open_topic, private_topic)
    return Services(
        unrotated, rotated, open_queue, private_queue, *topics, "lumen-audit", "lumen-orders", "lumen-catalogue"
    )


def _keys(kms: Any, account: str) -> tuple[str, str]:
    """A customer key that never rotates, and one that does."""
    root = {"AWS": f"arn:aws:iam::{account}:root"}
    document = policy({"Sid": "Account", "Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"})
    made = []
    for name, team in (("lumen-data", "data"), ("lumen-messages", "platform")):
        labels = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in tags(environment="production", team=team)]
        key = kms.create_key(Description=f"{team} of Lumen Bikes", Policy=document, Tags=labels)["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key)
        made.append(str(key))
    kms.enable_key_rotation(KeyId=made[1])
    return made[0], made[1]


def _topics(sns: Any, account: str, key: str) -> tuple[str, str]:
    """A topic that everybody may publish to, beside two statements that are right, and a private encrypted one."""
    shipments = str(
        sns.create_topic(Name="shipment-events", Tags=tags(environment="staging", team="logistics"))["TopicArn"]
    )
    owner = {"StringEquals": {"AWS:SourceOwner": account}}
    document = policy(
        _allow("OwnAccount", {"AWS": "*"}, ["SNS:Publish", "SNS:Subscribe"], shipments, owner),
        _allow("CarrierWebhooks", "*", "SNS:Publish", shipments),
        _allow("Rules", {"Service": "events.amazonaws.com"}, "SNS:Publish", shipments),
    )
    sns.set_topic_attributes(TopicArn=shipments, AttributeName="Policy", AttributeValue=document)
    labels = tags(environment="production", team="finance")
    billing = str(sns.create_topic(Name="billing-alerts", Attributes={"KmsMasterKeyId": key}, Tags=labels)["TopicArn"])
    return shipments, billing


def _queues(clients: Clients, account: str, topic: str) -> tuple[str, str]:
    """A queue that everybody may send to, beside two statements that are right, and a private encrypted one."""
    sqs = clients("sqs")
    arn = f"arn:aws:sqs:{clients.region}:{account}:orders-incoming"
    from_topic = {"ArnEquals": {"aws:SourceArn": topic}}
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    document = policy(
        _allow("FromShipments", {"Service": "sns.amazonaws.com"}, "sqs:SendMessage", arn, from_topic),
        _allow("LegacyShop", "*", ["sqs:SendMessage", "sqs:ReceiveMessage"], arn),
        {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": arn, "Condition": plain},
    )
    attributes = {"Policy": document, "SqsManagedSseEnabled": "false"}
    labels = {"environment": "staging", "team": "logistics"}
    orders = sqs.create_queue(QueueName="orders-incoming", Attributes=attributes, tags=labels)["QueueUrl"]
    private = {"SqsManagedSseEnabled": "true", "MessageRetentionPeriod": "1209600"}
    dead = sqs.create_queue(QueueName="orders-dead-letter", Attributes=private, tags=labels)["QueueUrl"]
    return str(orders), str(dead)


def _allow(sid: str, principal: Any, action: Any, resource: str, condition: Any = None) -> dict[str, Any]:
    statement = {"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement


def _trail(cloudtrail: Any, bucket: str) -> None:
    """A trail that nobody noticed is off, and whose files could be changed unseen."""
    made = cloudtrail.create_trail(
        Name="lumen-audit", S3BucketName=bucket, IsMultiRegionTrail=True, EnableLogFileValidation=False
    )
    cloudtrail.add_tags(ResourceId=made["TrailARN"], TagsList=tags(environment="production", team="platform"))


def _databases(rds: Any, group: str) -> None:
    """The orders can be reached from the internet; the catalogue is as it should be."""
    common: dict[str, Any] = {
        "DBInstanceClass": "db.t4g.small",
        "Engine": "postgres",
        "MasterUsername": "lumen",
        "MasterUserPassword": "only-for-the-demo-1",
        "AllocatedStorage": 20,
        "VpcSecurityGroupIds": [group],
    }
    rds.create_db_instance(
        DBInstanceIdentifier="lumen-orders",
        PubliclyAccessible=True,
        BackupRetentionPeriod=1,
        Tags=tags(environment="production", team="shop", data_classification="confidential"),
        **common,
    )
    rds.create_db_instance(
        DBInstanceIdentifier="lumen-catalogue",
        PubliclyAccessible=False,
        BackupRetentionPeriod=14,
        StorageEncrypted=True,
        DeletionProtection=True,
        CopyTagsToSnapshot=True,
        Tags=tags(environment="production", team="shop", data_classification="public"),
        **common,
    )
