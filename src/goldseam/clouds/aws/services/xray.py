"""X-Ray: how the traces of a region are encrypted."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import Get, Send, only, until
from goldseam.clouds.aws.kind import AwsKind, changes
from goldseam.clouds.aws.named import KmsKey
from goldseam.clouds.aws.shapes import Document
from goldseam.control import Example, Severity, Verdict, compliant, control, may_disrupt, should_be, violation
from goldseam.model.values import Value

_KEY: Final = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_NO_KEY: Final = ""

REGION: Final = AwsKind(
    "aws.xray.region",
    "X-Ray in a region",
    (
        Document(
            name="encryption",
            get=Get("xray.GetEncryptionConfig", path="EncryptionConfig"),
            put=Send("xray.PutEncryptionConfig", {}, ("*",)),
            decode=only("Type", "KeyId"),
            waits=until("EncryptionConfig.Status", "ACTIVE", of="X-Ray's encryption"),
            spread=True,
        ),
    ),
    touched_by=(changes("xray", "awsRegion", names=("PutEncryptionConfig",)),),
    address="arn:{partition}:xray:{region}:{account}:region",
)


@control(
    "aws.xray.region.encrypted-with-kms",
    REGION,
    severity=Severity.MEDIUM,
    covers=("seed:xrayEncryptionEnabled",),
    disrupts=may_disrupt("who reads or sends traces needs rights on the key; those without are refused"),
    compliant=({"encryption": {"Type": "KMS", "KeyId": _KEY}},),
    violating=(
        {"encryption": {"Type": "NONE"}},
        Example(
            {"encryption": {"Type": "NONE"}},
            settings={"kms_key": _KEY},
            leaves={"encryption": {"Type": "KMS", "KeyId": _KEY}},
        ),
    ),
)
def encrypted_with_kms(encryption: Value, *, kms_key: KmsKey = _NO_KEY) -> Verdict:
    """Traces are encrypted with a KMS key.

    Traces hold addresses, queries and names of users; a KMS key adds its own access control and audit trail. X-Ray
    names the key by its ARN whatever it was given, so the ARN is asked for.
    """
    if encryption["Type"] == "KMS":
        return compliant
    because = "no KMS key encrypts the traces"
    if not kms_key.startswith("arn:"):
        guide = (
            "choose a key that may be used by those who send and read traces, and give its ARN as the setting `kms_key`"
        )
        return violation(because=because, guide=guide)
    return should_be(encryption={"Type": "KMS", "KeyId": str(kms_key)}, because=because)
