"""SQS: queues, who may use them, and how their messages are kept."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import VALUE, Get, Send, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Settings, policy
from goldseam.clouds.aws.statements import label, public_statements, without_public
from goldseam.control import (
    Example,
    KmsKey,
    Severity,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    should_be,
)
from goldseam.values import ABSENT, Json, Value

_QUEUE: Final = {"QueueUrl": "{id}"}
_ALL: Final = {**_QUEUE, "AttributeNames": ["All"]}
_AWS_KEY: Final = KmsKey("alias/aws/sqs")


def _both_ways(value: Value) -> Value:
    """The key, empty for none, and whether SQS encrypts with its own; SQS leaves out what was never set."""
    held = {} if value is ABSENT else value
    own = str(held.get("SqsManagedSseEnabled", "false")).lower()
    return {"KmsMasterKeyId": held.get("KmsMasterKeyId", ""), "SqsManagedSseEnabled": own}


QUEUE: Final = AwsKind(
    "aws.sqs.queue",
    "SQS queue",
    (
        Settings(
            name="encryption",
            get=Get("sqs.GetQueueAttributes", _ALL, "Attributes"),
            modify=Send("sqs.SetQueueAttributes", _QUEUE),
            fields={"KmsMasterKeyId": "KmsMasterKeyId", "SqsManagedSseEnabled": "SqsManagedSseEnabled"},
            under="Attributes",
            form=_both_ways,
        ),
        policy(
            "policy",
            get=Get("sqs.GetQueueAttributes", _ALL, "Attributes.Policy"),
            put=Send("sqs.SetQueueAttributes", {**_QUEUE, "Attributes": {"Policy": VALUE}}),
            delete=Send("sqs.SetQueueAttributes", {**_QUEUE, "Attributes": {"Policy": ""}}),
        ),
        tags(Get("sqs.ListQueueTags", _QUEUE, "Tags")),
    ),
    touched_by=(changes("sqs", f"{REQUEST}.queueUrl", f"{ANSWER}.queueUrl"),),
    address="arn:{partition}:sqs:{region}:{account}:{name}",
    find=Listing("sqs.ListQueues", "QueueUrls", parameters={"MaxResults": 1000}),
)

_ARN: Final = "arn:aws:sqs:eu-west-1:123456789012:goldseam-example"
_ANYONE_SENDS: Final = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": _ARN}
_ANYONE_RECEIVES: Final = {
    "Sid": "Open",
    "Effect": "Allow",
    "Principal": {"AWS": "*"},
    "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage"],
    "Resource": _ARN,
    "Condition": {"StringLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}},
}
_TOPIC_SENDS: Final = {
    "Sid": "Topic",
    "Effect": "Allow",
    "Principal": "*",
    "Action": "sqs:SendMessage",
    "Resource": _ARN,
    "Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:sns:eu-west-1:123456789012:orders"}},
}
_ACCOUNT_USES: Final = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::210987654321:root"},
    "Action": "sqs:*",
    "Resource": _ARN,
}
_ALL_SEND: Final = {**_ANYONE_SENDS, "Principal": {"AWS": ["*", "arn:aws:iam::210987654321:root"]}}


def _document(*held: Json) -> Json:
    return {"Version": "2012-10-17", "Id": "queue", "Statement": list(held)}


def _kept(key: str = "", *, own: bool = False) -> Json:
    return {"KmsMasterKeyId": key, "SqsManagedSseEnabled": str(own).lower()}


@control(
    "aws.sqs.queue.policy-not-public",
    QUEUE,
    severity=Severity.CRITICAL,
    maps=required("sqs_queues_not_publicly_accessible"),
    covers=("prowler:sqs_queues_not_publicly_accessible",),
    disrupts=may_disrupt("senders and receivers that only the statement for everyone lets in are refused"),
    compliant=({"policy": ABSENT}, {"policy": _document(_TOPIC_SENDS, _ACCOUNT_USES)}),
    violating=(
        Example({"policy": _document(_ANYONE_SENDS)}, leaves={"policy": ABSENT}),
        Example(
            {"policy": _document(_TOPIC_SENDS, _ANYONE_SENDS, _ACCOUNT_USES, _ANYONE_RECEIVES)},
            leaves={"policy": _document(_TOPIC_SENDS, _ACCOUNT_USES)},
        ),
        Example(
            {"policy": _document(_ALL_SEND)},
            leaves={"policy": _document({**_ANYONE_SENDS, "Principal": {"AWS": ["arn:aws:iam::210987654321:root"]}})},
        ),
    ),
)
def policy_not_public(policy: Value) -> Verdict:
    """The queue's policy allows nothing to everyone.

    Whoever may send makes the workers behind the queue do things, and whoever may receive takes messages away from
    them. Statements tied to an account, an organisation or a source stay.
    """
    found = public_statements(policy)
    if not found:
        return compliant
    return should_be(policy=without_public(policy), because="; ".join(map(label, found)))


@control(
    "aws.sqs.queue.encrypted",
    QUEUE,
    severity=Severity.MEDIUM,
    maps=required("sqs_queues_server_side_encryption_enabled"),
    covers=("seed:sqsEncrypted", "security-hub:SQS.1"),
    disrupts=harmless("SQS encrypts and decrypts with its own key, for everyone who may send and receive as before"),
    compliant=({"encryption": _kept(own=True)}, {"encryption": _kept("alias/data")}),
    violating=(Example({"encryption": _kept()}, leaves={"encryption": _kept(own=True)}),),
)
def queue_encrypted(encryption: Value) -> Verdict:
    """Messages of the queue are encrypted at rest.

    Messages wait on disk until they are taken. Any encryption counts here, by a KMS key or by SQS's own; the fix is
    SQS's own, which asks for no rights. Where a KMS key must be used there is a control of its own.
    """
    if encryption["KmsMasterKeyId"] or encryption["SqsManagedSseEnabled"] == "true":
        return compliant
    return should_be(encryption=_kept(own=True), because="the messages of the queue are not encrypted")


@control(
    "aws.sqs.queue.encrypted-with-kms",
    QUEUE,
    severity=Severity.LOW,
    maps=required("sqs_queues_server_side_encryption_enabled"),
    covers=("seed:sqsEncrypted",),
    disrupts=may_disrupt(
        f"senders and receivers without rights on the key are refused; SNS, S3 and EventBridge have none on {_AWS_KEY}"
    ),
    compliant=({"encryption": _kept("alias/aws/sqs")}, {"encryption": _kept("mrk-1234abcd12ab34cd56ef1234567890ab")}),
    violating=(
        Example({"encryption": _kept()}, leaves={"encryption": _kept("alias/aws/sqs")}),
        Example(
            {"encryption": _kept(own=True)},
            settings={"kms_key": "arn:aws:kms:eu-west-1:123456789012:alias/data"},
            leaves={"encryption": _kept("arn:aws:kms:eu-west-1:123456789012:alias/data")},
        ),
    ),
)
def queue_encrypted_with_kms(encryption: Value, *, kms_key: KmsKey = _AWS_KEY) -> Verdict:
    """Messages of the queue are encrypted with a KMS key.

    A KMS key adds its own access control and audit trail to every reading of the messages.
    """
    if encryption["KmsMasterKeyId"]:
        return compliant
    return should_be(encryption=_kept(str(kms_key)), because="no KMS key encrypts the queue")
