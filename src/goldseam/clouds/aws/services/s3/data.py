"""How what a bucket holds is carried and kept: over TLS, encrypted, in versions."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.named import KmsKey
from goldseam.clouds.aws.public import FLAGS, in_force
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.s3.bucket import BUCKET, NO_BLOCKS
from goldseam.clouds.aws.shapes import statements
from goldseam.clouds.aws.statements import asks_tls, may_be_public, policy_document, tls_denial, with_statement
from goldseam.control import (
    Example,
    Severity,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.values import ABSENT, Json, Value

_AWS_KEY: Final = "alias/aws/s3"
_ARN: Final = "arn:aws:s3:::goldseam-example"
_CLOUDFRONT_READS: Final = {
    "Effect": "Allow",
    "Principal": {"Service": "cloudfront.amazonaws.com"},
    "Action": "s3:GetObject",
    "Resource": f"{_ARN}/*",
    "Condition": {"StringEquals": {"AWS:SourceArn": "arn:aws:cloudfront::123456789012:distribution/E1EXAMPLE"}},
}
_PROTECTED: Final = "s3:*"
_TLS_ONLY: Final = tls_denial(_PROTECTED, _ARN, f"{_ARN}/*")
_ANYONE_READS: Final = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{_ARN}/*"}
_CALLED: Final = {"arn": _ARN, **NO_BLOCKS}
_LETS_IN: Final = "the bucket policy lets plain HTTP requests in"
_REFUSED: Final = (
    "S3 refuses to put a policy that is public while public policies are blocked; take the statement for everyone out "
    "by hand, which cannot be put back while the block is on, then repair this"
)


def _encrypted(algorithm: str, *, bucket_key: bool = False, **more: Json) -> Json:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm, **more}, "BucketKeyEnabled": bucket_key}
    return {"Rules": [rule]}


@control(
    "aws.s3.bucket.tls-only",
    BUCKET,
    severity=Severity.MEDIUM,
    maps=required("s3_bucket_secure_transport_policy"),
    covers=("seed:bucketEncryptionInTransit", "security-hub:S3.5", "cloudbots:s3_only_allow_ssl"),
    disrupts=may_disrupt(
        "requests over plain HTTP are denied, signed ones too; website endpoints take nothing else, and CloudFront "
        "passes on what its viewers use unless its origin protocol policy says otherwise",
        source="Amazon S3 User Guide, Security best practices for Amazon S3",
    ),
    compliant=(
        {"policy": policy_document(_TLS_ONLY), **_CALLED},
        {
            "policy": policy_document(
                {**_TLS_ONLY, "Principal": {"AWS": "*"}, "Action": ["*"], "Resource": f"{_ARN}*"}
            ),
            **_CALLED,
        },
        {
            "policy": policy_document(
                {**_TLS_ONLY, "Resource": _ARN}, {**_TLS_ONLY, "Sid": "2", "Resource": f"{_ARN}/*"}
            ),
            **_CALLED,
        },
    ),
    violating=(
        Example({"policy": ABSENT, **_CALLED}, leaves={"policy": policy_document(_TLS_ONLY)}),
        Example(
            {"policy": policy_document(_CLOUDFRONT_READS), **_CALLED},
            leaves={"policy": policy_document(_CLOUDFRONT_READS, _TLS_ONLY)},
        ),
        Example(
            {"policy": policy_document({**_TLS_ONLY, "Action": "s3:GetObject"}), **_CALLED},
            leaves={
                "policy": policy_document(
                    {**_TLS_ONLY, "Action": "s3:GetObject"}, {**_TLS_ONLY, "Sid": "GoldseamTlsOnly2"}
                )
            },
        ),
        {"policy": policy_document({**_TLS_ONLY, "Resource": f"{_ARN}/*"}), **_CALLED},
        {"policy": policy_document(_ANYONE_READS), **_CALLED},
        {"policy": policy_document(_ANYONE_READS), **_CALLED, "public_access_block": dict.fromkeys(FLAGS, True)},
        {
            "policy": policy_document(_ANYONE_READS),
            **_CALLED,
            "account_public_access_block": dict.fromkeys(FLAGS, True),
        },
    ),
)
def tls_only(policy: Value, arn: Value, public_access_block: Value, account_public_access_block: Value) -> Verdict:
    """Requests that do not come over TLS are denied.

    Over plain HTTP, data and signatures can be read and changed on the way. One deny statement is added; what the
    policy holds stays. While a block on public policies is on, S3 takes no policy that allows everyone anything, so a
    person first takes that out.
    """
    needed = (arn, f"{arn}/*")
    if asks_tls(policy, _PROTECTED, *needed):
        return compliant
    refused = in_force("BlockPublicPolicy", public_access_block, account_public_access_block)
    if refused and any(map(may_be_public, statements(policy))):
        return violation(because=_LETS_IN, guide=_REFUSED)
    return should_be(policy=with_statement(policy, tls_denial(_PROTECTED, *needed)), because=_LETS_IN)


@control(
    "aws.s3.bucket.versioned",
    BUCKET,
    severity=Severity.MEDIUM,
    maps=required("s3_bucket_object_versioning"),
    covers=("seed:bucketVersioning", "cloudbots:s3_enable_versioning"),
    disrupts=may_disrupt(
        "for up to 15 minutes objects that were just written may be answered with 404; from then on "
        "overwritten and deleted objects are kept and charged, and versioning can only be suspended, never "
        "removed",
        source="Amazon S3 User Guide, Enabling versioning on buckets",
    ),
    compliant=({"versioning": True},),
    violating=(Example({"versioning": False}, leaves={"versioning": True}),),
)
def versioned(versioning: Value) -> Verdict:
    """The bucket keeps the versions of its objects.

    What is overwritten or deleted, by mistake or by ransomware, can be brought back. AWS has no way back to a bucket
    that never kept versions: taking the repair back suspends versioning, which is as near as it gets.
    """
    if versioning:
        return compliant
    return should_be(versioning=True, because="the bucket keeps no versions of overwritten and deleted objects")


@control(
    "aws.s3.bucket.encrypted",
    BUCKET,
    severity=Severity.MEDIUM,
    maps=required("s3_bucket_default_encryption"),
    covers=("seed:bucketEncryption", "security-hub:S3.4", "cloudbots:s3_enable_encryption"),
    disrupts=harmless(
        "S3 encrypts and decrypts with its own key, at no cost and without a change for readers and writers",
        source="Amazon S3 User Guide, Default encryption FAQ",
    ),
    compliant=({"encryption": _encrypted("AES256")}, {"encryption": _encrypted("aws:kms", bucket_key=True)}),
    violating=(Example({"encryption": ABSENT}, leaves={"encryption": _encrypted("AES256")}),),
)
def encrypted(encryption: Value) -> Verdict:
    """New objects are encrypted by default.

    What is stored unencrypted is readable to whoever gets at the storage. S3 encrypts every new object since 2023;
    S3-compatible stores and old configurations may not.
    """
    if _algorithm(encryption):
        return compliant
    return should_be(encryption=_encrypted("AES256"), because="there is no default encryption")


@control(
    "aws.s3.bucket.encrypted-with-kms",
    BUCKET,
    severity=Severity.MEDIUM,
    maps=required("s3_bucket_kms_encryption"),
    covers=("seed:bucketEncryption",),
    disrupts=may_disrupt(
        "readers of new objects need the right to decrypt with the key: anonymous readers, other accounts and some log "
        "deliveries do not have it"
    ),
    compliant=(
        {"encryption": _encrypted("aws:kms")},
        {"encryption": _encrypted("aws:kms:dsse", KMSMasterKeyID="alias/data")},
    ),
    violating=(
        Example(
            {"encryption": _encrypted("AES256")},
            leaves={"encryption": _encrypted("aws:kms", KMSMasterKeyID="alias/aws/s3", bucket_key=True)},
        ),
        Example(
            {"encryption": ABSENT},
            settings={"kms_key": "alias/data"},
            leaves={"encryption": _encrypted("aws:kms", KMSMasterKeyID="alias/data", bucket_key=True)},
        ),
    ),
)
def encrypted_with_kms(encryption: Value, *, kms_key: KmsKey = _AWS_KEY) -> Verdict:
    """New objects are encrypted with a KMS key.

    A KMS key adds its own access control and audit trail to every read of the data. A bucket key is used with it, which
    keeps the calls to KMS, and their cost, few. Objects that are there already stay as they are.
    """
    if _algorithm(encryption).startswith("aws:kms"):
        return compliant
    rules = [] if encryption is ABSENT else encryption["Rules"]
    chosen = _encrypted("aws:kms", KMSMasterKeyID=str(kms_key), bucket_key=True)["Rules"][0]
    wanted = {"Rules": [{**rule, **chosen} for rule in rules[:1] or [{}]]}
    return should_be(encryption=wanted, because="default encryption does not use KMS")


def _algorithm(encryption: Value) -> str:
    """The algorithm of default encryption; empty when there is none."""
    for rule in () if encryption is ABSENT else encryption["Rules"]:
        if found := (rule.get("ApplyServerSideEncryptionByDefault") or {}).get("SSEAlgorithm"):
            return str(found)
    return ""
