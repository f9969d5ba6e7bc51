"""SQS: queues, who may use them, and how their messages are kept."""

from __future__ import annotations

import json
from typing import Annotated, Final

from goldseam.clouds.aws.facet import VALUE, Address, Get, Look, Send, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.named import KmsKey, Queue
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document, Settings, policy, policy_text
from goldseam.clouds.aws.statements import (
    asks_tls,
    not_public,
    tls_denial,
    with_statement,
)
from goldseam.control import (
    Between,
    Example,
    Placed,
    Severity,
    Verdict,
    compliant,
    control,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.values import ABSENT, Json, Value

_QUEUE: Final = {"QueueUrl": "{id}"}
_ALL: Final = {**_QUEUE, "AttributeNames": ["All"]}
_AWS_KEY: Final = "alias/aws/sqs"


def _both_ways(value: Value) -> Value:
    """The key, empty for none, and whether SQS encrypts with its own; SQS leaves out what was never set."""
    held = {} if value is ABSENT else value
    own = str(held.get("SqsManagedSseEnabled", "false")).lower()
    return {"KmsMasterKeyId": held.get("KmsMasterKeyId", ""), "SqsManagedSseEnabled": own}


def _redrive(text: str) -> Value:
    return json.loads(text) if text else ABSENT


def _counted(value: Value) -> Value:
    """Where messages go that were received too often; some clients write the number as text."""
    return value if value is ABSENT else {**value, "maxReceiveCount": int(value["maxReceiveCount"])}


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
        Address(name="arn"),
        Document(
            name="redrive",
            get=Get("sqs.GetQueueAttributes", _ALL, "Attributes.RedrivePolicy"),
            put=Send("sqs.SetQueueAttributes", {**_QUEUE, "Attributes": {"RedrivePolicy": VALUE}}),
            delete=Send("sqs.SetQueueAttributes", {**_QUEUE, "Attributes": {"RedrivePolicy": ""}}),
            decode=_redrive,
            encode=policy_text,
            form=_counted,
        ),
        Look(
            name="takes_dead_letters",
            get=Get("sqs.GetQueueAttributes", _ALL, "Attributes.RedriveAllowPolicy"),
            form=lambda value: value not in (ABSENT, False, ""),
        ),
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
_BUCKET_SENDS: Final = {
    **_TOPIC_SENDS,
    "Sid": "Bucket",
    "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:photos-incoming"}},
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
    compliant=({"policy": ABSENT}, {"policy": _document(_TOPIC_SENDS, _BUCKET_SENDS, _ACCOUNT_USES)}),
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
    return not_public(policy)


@control(
    "aws.sqs.queue.encrypted",
    QUEUE,
    severity=Severity.MEDIUM,
    maps=required("sqs_queues_server_side_encryption_enabled"),
    covers=("seed:sqsEncrypted", "security-hub:SQS.1"),
    disrupts=may_disrupt(
        "anonymous requests to the queue, and requests over plain HTTP or without Signature Version 4, are rejected",
        unless={"public": False, "old_requests": False},
        source="Amazon SQS Developer Guide, Encryption at rest in Amazon SQS",
    ),
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


_PROTECTED: Final = "sqs:*"
_TLS_ONLY: Final = tls_denial(_PROTECTED, _ARN)


@control(
    "aws.sqs.queue.tls-only",
    QUEUE,
    severity=Severity.LOW,
    disrupts=may_disrupt("senders and receivers that use plain HTTP are refused"),
    compliant=({"policy": _document(_ACCOUNT_USES, _TLS_ONLY), "arn": _ARN},),
    violating=(
        Example(
            {"policy": ABSENT, "arn": _ARN}, leaves={"policy": {"Version": "2012-10-17", "Statement": [_TLS_ONLY]}}
        ),
        Example(
            {"policy": _document(_ACCOUNT_USES), "arn": _ARN}, leaves={"policy": _document(_ACCOUNT_USES, _TLS_ONLY)}
        ),
    ),
)
def tls_only(policy: Value, arn: str) -> Verdict:
    """Messages are sent and received over TLS only.

    Over plain HTTP, messages can be read and changed on the way. One deny statement is added; what the policy holds
    stays.
    """
    if asks_tls(policy, _PROTECTED, arn):
        return compliant
    return should_be(
        policy=with_statement(policy, tls_denial(_PROTECTED, arn)), because="the policy lets plain HTTP requests in"
    )


_DEAD: Final = "arn:aws:sqs:eu-west-1:123456789012:goldseam-example-beside"
_BESIDE: Final = Placed("Amazon SQS Developer Guide, Using dead-letter queues", account=True)
_REDRIVEN: Final = {"deadLetterTargetArn": _DEAD, "maxReceiveCount": 5}
_CHOOSE_QUEUE: Final = (
    "1. make a queue of the same type (FIFO or not) in the same region for the messages that fail; 2. give its ARN in "
    "a policy as the setting `dead_letters`; 3. put an alarm on its length"
)


@control(
    "aws.sqs.queue.dead-lettered",
    QUEUE,
    severity=Severity.LOW,
    disrupts=may_disrupt("a message that was received that often without being deleted goes to the other queue"),
    compliant=(
        {"redrive": _REDRIVEN, "takes_dead_letters": False, "arn": _ARN},
        {"redrive": ABSENT, "takes_dead_letters": True, "arn": _ARN},
    ),
    violating=(
        {"redrive": ABSENT, "takes_dead_letters": False, "arn": _ARN},
        Example(
            {"redrive": ABSENT, "takes_dead_letters": False, "arn": _ARN},
            settings={"dead_letters": _DEAD},
            leaves={"redrive": _REDRIVEN},
        ),
    ),
)
def dead_lettered(
    redrive: Value,
    takes_dead_letters: Value,
    arn: str,
    *,
    dead_letters: Annotated[Queue, _BESIDE] = "",
    receives: Annotated[int, Between(1, 1000)] = 5,
) -> Verdict:
    """Messages that cannot be worked on go to a queue of their own.

    One bad message otherwise comes back until it is too old, and is then gone without a trace. Queues that say whose
    dead letters they take pass, and so does the chosen one.
    """
    if redrive is not ABSENT or takes_dead_letters or arn == dead_letters:
        return compliant
    because = "messages that fail are tried until they are lost"
    if not dead_letters:
        return violation(because=because, guide=_CHOOSE_QUEUE)
    return should_be(redrive={"deadLetterTargetArn": dead_letters, "maxReceiveCount": receives}, because=because)
