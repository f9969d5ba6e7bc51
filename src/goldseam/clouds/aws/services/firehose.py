"""Firehose: delivery streams, and how what waits in them is kept."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import VALUE, Get, Look, Send, tags, until
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document
from goldseam.control import Example, Severity, Verdict, compliant, control, harmless, should_be
from goldseam.model.values import ABSENT, Json, Value

_STREAM: Final = {"DeliveryStreamName": "{id}"}
_DESCRIBE: Final = "firehose.DescribeDeliveryStream"
_HELD: Final = "DeliveryStreamDescription"
_ENCRYPTION: Final = f"{_HELD}.DeliveryStreamEncryptionConfiguration"
_ON: Final = ("ENABLED", "ENABLING", "DISABLING_FAILED")
_SETTLED: Final = ("ENABLED", "ENABLING_FAILED", "DISABLED", "DISABLING_FAILED")


def _key(raw: Json) -> Value:
    """Whose key encrypts, and which; nothing while encryption is off or going off, or could not be switched on."""
    if raw.get("Status") not in _ON:
        return ABSENT
    key = {"KeyARN": raw["KeyARN"]} if raw.get("KeyType") == "CUSTOMER_MANAGED_CMK" else {}
    return {"KeyType": raw.get("KeyType", "AWS_OWNED_CMK"), **key}


DELIVERY_STREAM: Final = AwsKind(
    "aws.firehose.stream",
    "Firehose stream",
    (
        Document(
            name="encryption",
            get=Get(_DESCRIBE, _STREAM, _ENCRYPTION),
            decode=_key,
            waits=until(f"{_ENCRYPTION}.Status", *_SETTLED, of="the encryption"),
            put=Send(
                "firehose.StartDeliveryStreamEncryption",
                {**_STREAM, "DeliveryStreamEncryptionConfigurationInput": VALUE},
            ),
            delete=Send("firehose.StopDeliveryStreamEncryption", _STREAM),
        ),
        Look(name="source", get=Get(_DESCRIBE, _STREAM, f"{_HELD}.DeliveryStreamType")),
        tags(Get("firehose.ListTagsForDeliveryStream", _STREAM, "Tags")),
    ),
    touched_by=(changes("firehose", f"{REQUEST}.deliveryStreamName"),),
    address="arn:{partition}:firehose:{region}:{account}:deliverystream/{id}",
    find=Listing("firehose.ListDeliveryStreams", "DeliveryStreamNames"),
)

_DIRECT: Final = "DirectPut"
_OWNED: Final = {"KeyType": "AWS_OWNED_CMK"}
_KEY: Final = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_MANAGED: Final = {"KeyType": "CUSTOMER_MANAGED_CMK", "KeyARN": _KEY}


@control(
    "aws.firehose.stream.encrypted",
    DELIVERY_STREAM,
    severity=Severity.MEDIUM,
    disrupts=harmless(
        "producers and consumers go on while encryption is enabled; the key is owned by AWS, so nobody needs "
        "permissions for it",
        source="Amazon Data Firehose API Reference, StartDeliveryStreamEncryption",
    ),
    maps=required("firehose_stream_encrypted_at_rest"),
    compliant=[
        {"encryption": _OWNED, "source": _DIRECT},
        {"encryption": _MANAGED, "source": _DIRECT},
        {"encryption": ABSENT, "source": "KinesisStreamAsSource"},
        {"encryption": ABSENT, "source": "MSKAsSource"},
    ],
    violating=[
        Example({"encryption": ABSENT, "source": _DIRECT}, leaves={"encryption": _OWNED}),
    ],
)
def encrypted(encryption: Value, source: Value) -> Verdict:
    """What waits to be delivered is encrypted at rest.

    Records wait on disk until they are delivered. The fix is a key that AWS owns, which asks for no rights. What comes
    from a data stream or a cluster is encrypted there, and Firehose keeps none of it.
    """
    if encryption is not ABSENT or source != _DIRECT:
        return compliant
    return should_be(encryption=_OWNED, because="records that wait for delivery are not encrypted")
