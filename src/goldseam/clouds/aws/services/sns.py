"""SNS: topics, who may use them, and how their messages are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final
from urllib.parse import urlsplit

from goldseam.clouds.aws.facet import VALUE, Address, AwsFacet, Get, Look, Reading, Send, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, Ask, AwsKind, Listing, changes
from goldseam.clouds.aws.named import KmsKey, Role
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import attribute, policy
from goldseam.clouds.aws.statements import (
    asks_tls,
    not_public,
    tls_denial,
    with_statement,
    without_public,
)
from goldseam.control import (
    Example,
    Severity,
    Step,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value

_TOPIC: Final = {"TopicArn": "{id}"}
_AWS_KEY: Final = "alias/aws/sns"
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


_SUBSCRIPTIONS: Final = "sns.ListSubscriptions"
_FEEDBACK: Final = ("SuccessFeedbackRoleArn", "FailureFeedbackRoleArn", "SuccessFeedbackSampleRate")
_PROTOCOLS: Final = ("Application", "Firehose", "HTTP", "Lambda", "SQS")


@dataclass(frozen=True)
class DeliveryStatus(AwsFacet):
    """Who writes down whether messages arrived, by protocol: attributes of the topic, each set by a call of its own."""

    one_by_one: ClassVar[bool] = True

    def normal(self, value: Value) -> Value:
        """The attributes that have a value."""
        held = {} if value is ABSENT else value
        return {name: item for name, item in held.items() if name.endswith(_FEEDBACK) and item}

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One call for each attribute that differs; the empty text removes one."""
        state, steps = dict(before), []
        added = sorted(name for name in after if before.get(name) != after[name])
        for name in (*added, *sorted(before.keys() - after.keys(), reverse=True)):
            state[name] = after.get(name, "")
            passes = ("AttributeValue",) if name.endswith("RoleArn") else ()
            send = Send(
                "sns.SetTopicAttributes", {**_TOPIC, "AttributeName": name, "AttributeValue": VALUE}, passes=passes
            )
            steps.append(self.step(send.call(ref, state[name]), self.normal(dict(state))))
        return tuple(steps)


@dataclass(frozen=True)
class PlainSubscribers(Look):
    """The hosts that get messages of the topic over plain HTTP; one list for the region answers for all topics."""

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The list."""
        return (_SUBSCRIPTIONS,)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Hosts only: addresses may hold passwords."""
        del item
        held = ask.every(_SUBSCRIPTIONS, {}, ref.region, "Subscriptions")
        plain = {_host(each) for each in held if each["TopicArn"] == ref.id and each["Protocol"] == "http"}
        return Reading(sorted(plain))


def _host(subscription: Mapping[str, Json]) -> str:
    return urlsplit(str(subscription.get("Endpoint") or "")).hostname or "a host without a name"


TOPIC: Final = AwsKind(
    "aws.sns.topic",
    "SNS topic",
    (
        attribute("encryption", get=_get("KmsMasterKeyId"), put=_set("KmsMasterKeyId")),
        policy("policy", get=_get("Policy"), put=_set("Policy")),
        tags(Get("sns.ListTagsForResource", {"ResourceArn": "{id}"}, "Tags")),
        Address(name="arn"),
        DeliveryStatus(name="delivery_status", get=Get("sns.GetTopicAttributes", _TOPIC, "Attributes")),
        PlainSubscribers(name="plain_subscribers"),
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
    return not_public(policy, lambda held: _closed(held, arn))


def _closed(policy: Value, arn: str) -> Value:
    left = without_public(policy)
    return owner_policy(arn) if left is ABSENT else left


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


_PROTECTED: Final = "SNS:Publish"
_TLS_ONLY: Final = tls_denial(_PROTECTED, _ARN)


@control(
    "aws.sns.topic.tls-only",
    TOPIC,
    severity=Severity.LOW,
    disrupts=may_disrupt("publishers that use plain HTTP are refused"),
    compliant=({"policy": _document(_ALARMS_PUBLISH, _TLS_ONLY), "arn": _ARN},),
    violating=(
        Example(
            {"policy": _document(_ALARMS_PUBLISH), "arn": _ARN},
            leaves={"policy": _document(_ALARMS_PUBLISH, _TLS_ONLY)},
        ),
    ),
)
def tls_only(policy: Value, arn: str) -> Verdict:
    """Messages are published over TLS only.

    Over plain HTTP, messages can be read and changed on the way. One deny statement is added; what the policy holds
    stays.
    """
    if asks_tls(policy, _PROTECTED, arn):
        return compliant
    return should_be(
        policy=with_statement(policy, tls_denial(_PROTECTED, arn)), because="the policy lets plain HTTP requests in"
    )


_ROLE: Final = "arn:aws:iam::123456789012:role/goldseam-sns-feedback"
_FAILURES: Final = {f"{protocol}FailureFeedbackRoleArn": _ROLE for protocol in _PROTOCOLS}


@control(
    "aws.sns.topic.failures-logged",
    TOPIC,
    severity=Severity.LOW,
    covers=("security-hub:SNS.2",),
    disrupts=harmless(
        "failed deliveries are logged and messages are delivered as before; CloudWatch Logs charges by volume",
        source="Amazon SNS Developer Guide, Amazon SNS message delivery status",
        noticed_by="those who pay",
    ),
    compliant=({"delivery_status": {"LambdaFailureFeedbackRoleArn": _ROLE}},),
    violating=(
        {"delivery_status": {}},
        Example({"delivery_status": {}}, settings={"role": _ROLE}, leaves={"delivery_status": _FAILURES}),
    ),
)
def failures_logged(delivery_status: Value, *, role: Role = "") -> Verdict:
    """Deliveries that fail are written down.

    Messages that do not arrive are noticed by nobody otherwise. A topic that does so for one protocol passes; the fix
    does so for all.
    """
    if any(name.endswith("FailureFeedbackRoleArn") for name in delivery_status):
        return compliant
    because = "nobody learns of messages that were not delivered"
    if not role:
        return violation(because=because, guide=_CHOOSE_ROLE)
    wanted = {f"{protocol}FailureFeedbackRoleArn": role for protocol in _PROTOCOLS}
    return should_be(delivery_status={**delivery_status, **wanted}, because=because)


_CHOOSE_ROLE: Final = (
    "1. make a role that `sns.amazonaws.com` may assume, with logs:CreateLogGroup, logs:CreateLogStream, "
    "logs:PutLogEvents and logs:PutMetricFilter; 2. give its name or ARN in a policy as the setting `role`"
)


@control(
    "aws.sns.topic.delivered-over-tls",
    TOPIC,
    severity=Severity.HIGH,
    maps=required("sns_subscription_not_using_http_endpoints"),
    disrupts=may_disrupt("a subscriber whose address is changed must confirm again"),
    compliant=({"plain_subscribers": []},),
    violating=({"plain_subscribers": ["hooks.example.com"]},),
)
def delivered_over_tls(plain_subscribers: Value) -> Verdict:
    """No subscriber gets messages over plain HTTP.

    Whoever is on the way reads them, and can answer in the subscriber's place. A subscription cannot be changed: the
    subscriber must take messages at an address with `https://`.
    """
    if not plain_subscribers:
        return compliant
    return violation(because=f"{', '.join(plain_subscribers)} gets messages over plain HTTP", guide=_SUBSCRIBE_AGAIN)


_SUBSCRIBE_AGAIN: Final = (
    "1. see that the host answers over TLS; 2. subscribe its `https://` address and confirm; 3. when messages arrive "
    "there, remove the `http://` subscription"
)
