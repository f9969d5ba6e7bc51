"""Kinesis: data streams, how their records are kept and for how long."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Final

from goldseam.clouds.aws.facet import VALUE, AwsFacet, Get, Send, tags, until
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.named import KmsKey
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document
from goldseam.control import (
    Between,
    Example,
    Severity,
    Step,
    Verdict,
    compliant,
    control,
    may_disrupt,
    should_be,
)
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value, same

_STREAM: Final = {"StreamName": "{id}"}
_HELD: Final = "StreamDescriptionSummary"
_GET: Final = Get("kinesis.DescribeStreamSummary", _STREAM, _HELD)
_SETTLED: Final = until(f"{_HELD}.StreamStatus", "ACTIVE", of="the stream")
_WITH_KEY: Final = {**_STREAM, "EncryptionType": "KMS", "KeyId": VALUE}
_AWS_KEY: Final = "alias/aws/kinesis"


def _with_key(name: str) -> Send:
    """A call that IAM checks on the stream and on the key (Service Authorization Reference, Amazon Kinesis)."""
    on_keys = ((f"kinesis:{name}", "arn:{partition}:kms:{region}:{account}:key/*"),)
    return Send(f"kinesis.{name}", _WITH_KEY, also=on_keys)


def _key(raw: Json) -> Value:
    return raw.get("KeyId", "") if raw.get("EncryptionType") == "KMS" else ABSENT


def _hours(raw: Json) -> Value:
    return raw["RetentionPeriodHours"]


@dataclass(frozen=True)
class Retention(AwsFacet):
    """The hours that records are kept, with one call for more and one for fewer."""

    more: Send = field(kw_only=True)
    fewer: Send = field(kw_only=True)

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """The call in the right direction."""
        if same(before, after):
            return ()
        if after is ABSENT:
            raise self.no_way(ref, after)
        send = self.more if before is ABSENT or after > before else self.fewer
        return (self.step(send.call(ref, after), after),)


_KEPT: Final = {**_STREAM, "RetentionPeriodHours": VALUE}

STREAM: Final = AwsKind(
    "aws.kinesis.stream",
    "Kinesis data stream",
    (
        Document(
            name="encryption",
            get=_GET,
            decode=_key,
            waits=_SETTLED,
            put=_with_key("StartStreamEncryption"),
            delete=_with_key("StopStreamEncryption"),
        ),
        Retention(
            name="retention",
            get=_GET,
            decode=_hours,
            waits=_SETTLED,
            more=Send("kinesis.IncreaseStreamRetentionPeriod", _KEPT),
            fewer=Send("kinesis.DecreaseStreamRetentionPeriod", _KEPT),
        ),
        tags(Get("kinesis.ListTagsForStream", _STREAM, "Tags")),
    ),
    touched_by=(
        changes("kinesis", f"{REQUEST}.streamName"),
        changes("kinesis", f"{REQUEST}.streamARN", id="arn:.+:stream/([^/]+).*"),
    ),
    address="arn:{partition}:kinesis:{region}:{account}:stream/{id}",
    find=Listing("kinesis.ListStreams", "StreamNames"),
)


@control(
    "aws.kinesis.stream.encrypted",
    STREAM,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        f"producers and consumers without rights on the key are refused; on {_AWS_KEY} everyone of the account has "
        "them, and nobody of another account"
    ),
    maps=required("kinesis_stream_encrypted_at_rest"),
    covers=("seed:kinesisEncrypted",),
    compliant=[{"encryption": "alias/aws/kinesis"}, {"encryption": "mrk-1234abcd12ab34cd56ef1234567890ab"}],
    violating=[
        Example({"encryption": ABSENT}, leaves={"encryption": "alias/aws/kinesis"}),
        Example(
            {"encryption": ABSENT},
            {"kms_key": "arn:aws:kms:eu-west-1:123456789012:alias/data"},
            leaves={"encryption": "arn:aws:kms:eu-west-1:123456789012:alias/data"},
        ),
    ],
)
def encrypted(encryption: Value, *, kms_key: KmsKey = _AWS_KEY) -> Verdict:
    """Records of the stream are encrypted at rest.

    Records stay on disk for as long as the stream keeps them. Those that are there keep the form they came in, and are
    gone at the end of that time.
    """
    if encryption is not ABSENT:
        return compliant
    return should_be(encryption=str(kms_key), because="records of the stream are not encrypted")


@control(
    "aws.kinesis.stream.retained",
    STREAM,
    severity=Severity.LOW,
    disrupts=may_disrupt("records that are kept for more than a day are charged for"),
    maps=required("kinesis_stream_data_retention_period"),
    compliant=[{"retention": 168}, {"retention": 8760}, Example({"retention": 24}, {"hours": 24})],
    violating=[
        Example({"retention": 24}, leaves={"retention": 168}),
        Example({"retention": 168}, {"hours": 336}, leaves={"retention": 336}),
    ],
)
def retained(retention: int, *, hours: Annotated[int, Between(24, 8760)] = 168) -> Verdict:
    """Records are kept long enough to be read again.

    A consumer that stood still over a weekend, or read wrongly, goes back to what is still there.
    """
    if retention >= hours:
        return compliant
    return should_be(retention=hours, because=f"records are kept for {retention} hours, and should be for {hours}")
