from __future__ import annotations

import pytest

from goldseam.clouds.aws.services import firehose, kinesis
from goldseam.clouds.aws.shapes import Document
from goldseam.control import Example
from goldseam.model.values import ABSENT, Json
from tests.aws.laws import ACCOUNT, REGION, operations, parameters, planned, ref_of
from tests.aws.live import known, live

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/mrk-1234abcd12ab34cd56ef1234567890ab"
ARN = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/goldseam-example"


class Told:
    """Answers every question with one answer."""

    def __init__(self, answer: Json) -> None:
        self.answer = answer

    def one(self, *_: object) -> Json:
        return self.answer

    def every(self, *_: object) -> list[Json]:
        return []

    def today(self) -> str:
        return "2026-01-31"


@pytest.mark.parametrize("key", [KEY, "alias/data"])
def test_peers_11_encryption_stops_with_the_key_that_it_was_started_with(key: str) -> None:
    plan = planned(kinesis.encrypted, Example({"encryption": ABSENT}, settings={"kms_key": key}))
    named = {"StreamName": "goldseam-example", "EncryptionType": "KMS", "KeyId": key}
    assert [dict(call.parameters) for call in (*plan.calls, *plan.undo)] == [named, named]
    assert operations(plan) == ["kinesis.StartStreamEncryption"]
    assert [call.operation for call in plan.undo] == ["kinesis.StopStreamEncryption"]


def test_starting_encryption_is_a_right_on_the_stream_and_on_keys() -> None:
    plan = planned(kinesis.encrypted, Example({"encryption": ABSENT}))
    assert {(permission.action, permission.resource) for permission in plan.permissions} == {
        ("kinesis:StartStreamEncryption", ARN),
        ("kinesis:StopStreamEncryption", ARN),
        ("kinesis:StartStreamEncryption", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/*"),
        ("kinesis:StopStreamEncryption", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/*"),
    }


def test_records_are_kept_for_longer_by_one_call_and_shorter_by_another() -> None:
    plan = planned(kinesis.retained, Example({"retention": 24}))
    assert parameters(plan) == [{"StreamName": "goldseam-example", "RetentionPeriodHours": 168}]
    assert [call.operation for call in plan.undo] == ["kinesis.DecreaseStreamRetentionPeriod"]


def test_peers_10_a_change_is_pending_while_the_stream_is_updating() -> None:
    held = {"StreamStatus": "UPDATING", "EncryptionType": "NONE", "RetentionPeriodHours": 24}
    facet = kinesis.STREAM.facet("encryption")
    assert isinstance(facet, Document)
    reading = facet.read(Told({"StreamDescriptionSummary": held}), ref_of(kinesis.STREAM), None)
    assert (reading.value, reading.pending) == (ABSENT, "the stream, which is UPDATING")


@pytest.mark.parametrize(
    ("status", "value", "pending"),
    [
        ("ENABLED", {"KeyType": "AWS_OWNED_CMK"}, ""),
        ("ENABLING", {"KeyType": "AWS_OWNED_CMK"}, "the encryption, which is ENABLING"),
        ("ENABLING_FAILED", ABSENT, ""),
        ("DISABLED", ABSENT, ""),
        ("DISABLING_FAILED", {"KeyType": "AWS_OWNED_CMK"}, ""),
    ],
)
def test_a_delivery_stream_is_encrypted_when_encryption_is_on(status: str, value: Json, pending: str) -> None:
    held = {"DeliveryStreamEncryptionConfiguration": {"Status": status, "KeyType": "AWS_OWNED_CMK"}}
    facet = firehose.DELIVERY_STREAM.facet("encryption")
    assert isinstance(facet, Document)
    reading = facet.read(Told({"DeliveryStreamDescription": held}), ref_of(firehose.DELIVERY_STREAM), None)
    assert (reading.value, reading.pending) == (value, pending)


def test_on_moto_streams_are_read_repaired_and_taken_back(moto_url: str) -> None:
    with live(moto_url, kinesis.STREAM) as aws:
        aws.make("kinesis.CreateStream", StreamName="orders", ShardCount=1)
        stream = aws.found()["orders"]
        assert known(stream)
        aws.there_and_back(stream, kinesis.encrypted, kinesis.retained)
