"""SNS: topics, who may use them, and how their messages are kept."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import VALUE, Address, Get, Send, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import attribute, policy
from goldseam.clouds.aws.statements import label, public_statements, without_public
from goldseam.control import Example, KmsKey, Severity, Verdict, compliant, control, may_disrupt, should_be
from goldseam.values import ABSENT, Json, Value

_TOPIC: Final = {"TopicArn": "{id}"}
_AWS_KEY: Final = KmsKey("alias/aws/sns")
_OWNER_MAY: Final = (
    "SNS:GetTopicAttributes",
    "SNS:SetTopicAttributes",
    "SNS:AddPermission",
    "SNS:RemovePermission",
    "SNS:DeleteTopic",
    "SNS:Subscribe",
    "SNS:ListSubscriptionsByTopic",
    "SNS:Publish",
)


def _set(name: str) -> Send:
    return Send("sns.SetTopicAttributes", {**_TOPIC, "AttributeName": name, "AttributeValue": VALUE})


def _get(name: str) -> Get:
    return Get("sns.GetTopicAttributes", _TOPIC, f"Attributes.{name}")


TOPIC: Final = AwsKind(
    "aws.sns.topic",
    "SNS topic",
    (
        attribute("encryption", get=_get("KmsMasterKeyId"), put=_set("KmsMasterKeyId")),
        policy("policy", get=_get("Policy"), put=_set("Policy")),
        tags(Get("sns.ListTagsForResource", {"ResourceArn": "{id}"}, "Tags")),
        Address(name="arn"),
    ),
    touched_by=(
        changes(
            "sns", f"{REQUEST}.topicArn", f"{REQUEST}.resourceArn", f"{ANSWER}.topicArn", id="arn:[^:]+(?::[^:]+){4}"
        ),
    ),
    address="arn:{partition}:sns:{region}:{account}:{name}",
    find=Listing("sns.ListTopics", "Topics", id="TopicArn"),
)


def owner_policy(arn: str) -> dict[str, Json]:
    """The policy that SNS gives a new topic: its owner may do everything (SNS Developer Guide, access policies)."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": list(_OWNER_MAY),
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": arn.split(":")[4]}},
    }
    return {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}


_ARN: Final = "arn:aws:sns:eu-west-1:123456789012:goldseam-example"
_ANYONE_PUBLISHES: Final = {"Effect": "Allow", "Principal": "*", "Action": "SNS:Publish", "Resource": _ARN}
_ANYONE_SUBSCRIBES: Final = {
    "Sid": "Open",
    "Effect": "Allow",
    "Principal": {"AWS": ["*"]},
    "Action": ["SNS:Subscribe", "SNS:Receive"],
    "Resource": _ARN,
    "Condition": {"Bool": {"aws:SecureTransport": "true"}},
}
_ALARMS_PUBLISH: Final = {
    "Sid": "Alarms",
    "Effect": "Allow",
    "Principal": {"Service": "cloudwatch.amazonaws.com"},
    "Action": "SNS:Publish",
    "Resource": _ARN,
}
_BUCKET_PUBLISHES: Final = {
    **_ANYONE_PUBLISHES,
    "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::goldseam-example"}},
}


def _document(*held: Json) -> Json:
    return {"Version": "2008-10-17", "Id": "topic", "Statement": list(held)}


@control(
    "aws.sns.topic.policy-not-public",
    TOPIC,
    severity=Severity.HIGH,
    maps=required("sns_topics_not_publicly_accessible"),
    disrupts=may_disrupt("publishers and subscribers that only the statement for everyone lets in are refused"),
    compliant=(
        {"policy": owner_policy(_ARN), "arn": _ARN},
        {"policy": _document(_ALARMS_PUBLISH, _BUCKET_PUBLISHES), "arn": _ARN},
    ),
    violating=(
        Example({"policy": _document(_ANYONE_PUBLISHES), "arn": _ARN}, leaves={"policy": owner_policy(_ARN)}),
        Example(
            {"policy": _document(_ALARMS_PUBLISH, _ANYONE_SUBSCRIBES, _BUCKET_PUBLISHES), "arn": _ARN},
            leaves={"policy": _document(_ALARMS_PUBLISH, _BUCKET_PUBLISHES)},
        ),
        Example(
            {"policy": _document(_ANYONE_PUBLISHES, *owner_policy(_ARN)["Statement"]), "arn": _ARN},
            leaves={"policy": _document(*owner_policy(_ARN)["Statement"])},
        ),
    ),
)
def policy_not_public(policy: Value, arn: Value) -> Verdict:
    """The topic's policy allows nothing to everyone.

    Whoever may publish can feed false messages to all subscribers, and whoever may subscribe reads them. Statements
    tied to an account, an organisation or a source stay. A topic always has a policy: where nothing else is left, it
    is the one that SNS gives a new topic.
    """
    found = public_statements(policy)
    if not found:
        return compliant
    left = without_public(policy)
    wanted = owner_policy(arn) if left is ABSENT else left
    return should_be(policy=wanted, because="; ".join(map(label, found)))


@control(
    "aws.sns.topic.encrypted",
    TOPIC,
    severity=Severity.HIGH,
    maps=required("sns_topics_kms_encryption_at_rest_enabled"),
    covers=("seed:topicEncrypted", "security-hub:SNS.1"),
    disrupts=may_disrupt(
        "publishers without rights on the key are refused; CloudWatch alarms, S3 events and other AWS services have "
        f"none on {_AWS_KEY}"
    ),
    compliant=({"encryption": "alias/aws/sns"}, {"encryption": "arn:aws:kms:eu-west-1:123456789012:alias/data"}),
    violating=(
        Example({"encryption": ABSENT}, leaves={"encryption": "alias/aws/sns"}),
        Example({"encryption": ABSENT}, settings={"kms_key": "alias/data"}, leaves={"encryption": "alias/data"}),
    ),
)
def topic_encrypted(encryption: Value, *, kms_key: KmsKey = _AWS_KEY) -> Verdict:
    """Messages of the topic are encrypted at rest with a KMS key.

    Messages wait on disk until they are delivered; a KMS key adds its own access control and audit trail to them.
    """
    if encryption is not ABSENT:
        return compliant
    return should_be(encryption=str(kms_key), because="no KMS key encrypts the topic")
