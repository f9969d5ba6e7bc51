"""The data catalog of a region: how it is kept, and who may use it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Get, Send
from goldseam.clouds.aws.kind import AwsKind, changes
from goldseam.clouds.aws.named import KmsKey
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document, policy
from goldseam.clouds.aws.statements import not_public, policy_document
from goldseam.control import (
    Example,
    Severity,
    Verdict,
    compliant,
    control,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.values import ABSENT, Json, Value

_AWS_KEY: Final = "alias/aws/glue"
_NO_KEY: Final = ""
_OFF: Final = "DISABLED"
_UNSET: Final[Mapping[str, Json]] = {
    "EncryptionAtRest": {"CatalogEncryptionMode": _OFF},
    "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": False},
}
_POLICY_CALLS: Final = ("PutResourcePolicy", "DeleteResourcePolicy")


def _both(value: Value) -> Value:
    """Both parts, each said, without keys of what is off."""
    held = {} if value is ABSENT else value
    catalog = held.get("EncryptionAtRest") or {}
    passwords = held.get("ConnectionPasswordEncryption") or {}
    on = catalog.get("CatalogEncryptionMode", _OFF) != _OFF
    returned = passwords.get("ReturnConnectionPasswordEncrypted", False)
    return {
        "EncryptionAtRest": dict(catalog) if on else _UNSET["EncryptionAtRest"],
        "ConnectionPasswordEncryption": dict(passwords) if returned else _UNSET["ConnectionPasswordEncryption"],
    }


CATALOG: Final = AwsKind(
    "aws.glue.catalog",
    "Glue data catalog",
    (
        Document(
            name="encryption",
            get=Get("glue.GetDataCatalogEncryptionSettings", {}, "DataCatalogEncryptionSettings"),
            form=_both,
            put=Send(
                "glue.PutDataCatalogEncryptionSettings",
                {"DataCatalogEncryptionSettings": VALUE},
                passes=("DataCatalogEncryptionSettings.EncryptionAtRest.CatalogEncryptionServiceRole",),
            ),
        ),
        policy(
            "policy",
            get=Get("glue.GetResourcePolicy", {}, "PolicyInJson", absent=("EntityNotFoundException",)),
            put=Send("glue.PutResourcePolicy", {"PolicyInJson": VALUE}),
            delete=Send("glue.DeleteResourcePolicy", {}),
        ),
    ),
    touched_by=(changes("glue", "awsRegion", names=(*_POLICY_CALLS, "PutDataCatalogEncryptionSettings")),),
    address="arn:{partition}:glue:{region}:{account}:catalog",
)

_KEY: Final = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_ENCRYPTED: Final = {"CatalogEncryptionMode": "SSE-KMS", "SseAwsKmsKeyId": str(_AWS_KEY)}
_SEALED: Final = {"ReturnConnectionPasswordEncrypted": True, "AwsKmsKeyId": _KEY}


@control(
    "aws.glue.catalog.encrypted",
    CATALOG,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        "jobs, crawlers and query engines without rights on the key cannot read what is written from now on; on "
        f"{_AWS_KEY} everyone of the account has them, and nobody of another account"
    ),
    maps=required("glue_data_catalogs_metadata_encryption_enabled"),
    covers=("seed:dataCatalogEncryptionEnabled",),
    compliant=[
        {"encryption": {**_UNSET, "EncryptionAtRest": _ENCRYPTED}},
        {"encryption": {**_UNSET, "EncryptionAtRest": {**_ENCRYPTED, "SseAwsKmsKeyId": _KEY}}},
    ],
    violating=[
        Example({"encryption": ABSENT}, leaves={"encryption": {**_UNSET, "EncryptionAtRest": _ENCRYPTED}}),
        Example(
            {"encryption": {**_UNSET, "ConnectionPasswordEncryption": _SEALED}},
            {"kms_key": _KEY},
            leaves={
                "encryption": {
                    "EncryptionAtRest": {**_ENCRYPTED, "SseAwsKmsKeyId": _KEY},
                    "ConnectionPasswordEncryption": _SEALED,
                }
            },
        ),
    ],
)
def catalog_encrypted(encryption: Mapping[str, Json], *, kms_key: KmsKey = _AWS_KEY) -> Verdict:
    """The data catalog is encrypted at rest.

    It holds where all data is, in what form, and samples of it in statistics and partitions.
    """
    if encryption["EncryptionAtRest"]["CatalogEncryptionMode"] != _OFF:
        return compliant
    wanted = {"CatalogEncryptionMode": "SSE-KMS", "SseAwsKmsKeyId": str(kms_key)}
    return should_be(encryption={**encryption, "EncryptionAtRest": wanted}, because="the catalog is not encrypted")


@control(
    "aws.glue.catalog.connection-passwords-encrypted",
    CATALOG,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        "jobs and crawlers that use connections need the right to decrypt with the key, and whoever makes connections "
        "the right to encrypt with it"
    ),
    maps=required("glue_data_catalogs_connection_passwords_encryption_enabled"),
    compliant=[{"encryption": {**_UNSET, "ConnectionPasswordEncryption": _SEALED}}],
    violating=[
        {"encryption": ABSENT},
        Example(
            {"encryption": {**_UNSET, "EncryptionAtRest": _ENCRYPTED}},
            {"kms_key": _KEY},
            leaves={"encryption": {"EncryptionAtRest": _ENCRYPTED, "ConnectionPasswordEncryption": _SEALED}},
        ),
    ],
)
def passwords_encrypted(encryption: Mapping[str, Json], *, kms_key: KmsKey = _NO_KEY) -> Verdict:
    """Passwords of connections are given out encrypted only.

    Otherwise whoever may read a connection reads the password of a database in clear. The key is one of the account's
    own: who may decrypt with it is who may know the passwords, so there is none to take by default.
    """
    if encryption["ConnectionPasswordEncryption"]["ReturnConnectionPasswordEncrypted"]:
        return compliant
    because = "passwords of connections are given out in clear"
    if not kms_key:
        guide = (
            "choose a key that the roles of jobs and crawlers may decrypt with, and give it as the setting `kms_key`"
        )
        return violation(because=because, guide=guide)
    sealed = {"ReturnConnectionPasswordEncrypted": True, "AwsKmsKeyId": str(kms_key)}
    return should_be(encryption={**encryption, "ConnectionPasswordEncryption": sealed}, because=because)


_CATALOG_ARN: Final = "arn:aws:glue:eu-west-1:123456789012:*"
_ANYONE: Final = {"Effect": "Allow", "Principal": "*", "Action": "glue:GetTable", "Resource": _CATALOG_ARN}
_PARTNER: Final = {**_ANYONE, "Principal": {"AWS": "arn:aws:iam::210987654321:root"}}


@control(
    "aws.glue.catalog.policy-not-public",
    CATALOG,
    severity=Severity.CRITICAL,
    disrupts=may_disrupt("whoever only the statement for everyone lets in is refused"),
    maps=required("glue_data_catalogs_not_publicly_accessible"),
    compliant=[{"policy": ABSENT}, {"policy": policy_document(_PARTNER)}],
    violating=[
        Example({"policy": policy_document(_ANYONE)}, leaves={"policy": ABSENT}),
        Example({"policy": policy_document(_ANYONE, _PARTNER)}, leaves={"policy": policy_document(_PARTNER)}),
    ],
)
def policy_not_public(policy: Value) -> Verdict:
    """The catalog's policy allows nothing to everyone.

    Who reads the catalog knows where the data is; who writes it decides what a query reads. Statements that name who
    may stay as they are.
    """
    return not_public(policy)
