"""Systems Manager: documents and with whom they are shared, parameters, and what a region allows."""

from __future__ import annotations

import re
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Get, Look, Send, tags
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document, Items
from goldseam.control import Example, Severity, Verdict, compliant, control, harmless, may_disrupt, should_be, violation
from goldseam.model.values import Json, Value

_SHARED: Final = {"Name": "{id}", "PermissionType": "Share"}
_ON_DOCUMENTS: Final = (
    "CreateDocument",
    "UpdateDocument",
    "UpdateDocumentDefaultVersion",
    "DeleteDocument",
    "ModifyDocumentPermission",
)
_EVERYONE: Final = "all"
_PARTNER: Final = "210987654321"

DOCUMENT: Final = AwsKind(
    "aws.ssm.document",
    "Systems Manager document",
    (
        Items(
            name="sharing",
            get=Get("ssm.DescribeDocumentPermission", _SHARED, "AccountIds"),
            add=Send("ssm.ModifyDocumentPermission", {**_SHARED, "AccountIdsToAdd": VALUE}),
            remove=Send("ssm.ModifyDocumentPermission", {**_SHARED, "AccountIdsToRemove": VALUE}),
        ),
        tags(),
    ),
    touched_by=(changes("ssm", f"{REQUEST}.name", names=_ON_DOCUMENTS),),
    address="arn:{partition}:ssm:{region}:{account}:document/{id}",
    find=Listing(
        "ssm.ListDocuments", "DocumentIdentifiers", id="Name",
        parameters={"Filters": [{"Key": "Owner", "Values": ["Self"]}]},
        narrow={"Filters": [{"Key": "Owner", "Values": ["Self"]}, {"Key": "Name", "Values": ["{id}"]}]},
    ),
)  # fmt: skip


@control(
    "aws.ssm.document.not-public", DOCUMENT, severity=Severity.CRITICAL,
    disrupts=may_disrupt("accounts that run the document without being named in its sharing can no longer do so"),
    maps=required("ssm_documents_set_as_public"), covers=("security-hub:SSM.4",),
    compliant=[{"sharing": []}, {"sharing": [_PARTNER]}],
    violating=[
        Example({"sharing": [_EVERYONE]}, leaves={"sharing": []}),
        Example({"sharing": [_PARTNER, _EVERYONE]}, leaves={"sharing": [_PARTNER]}),
    ],
)  # fmt: skip
def document_not_public(sharing: list[Json]) -> Verdict:
    """A document is shared with named accounts only.

    It tells how machines are set up and what they are called, and now and then holds a password.
    """
    if _EVERYONE not in sharing:
        return compliant
    return should_be(sharing=[name for name in sharing if name != _EVERYONE], because="everyone may read and run it")


def _setting(name: str, id: str) -> Document:
    setting = f"arn:{{partition}}:ssm:{{region}}:{{account}}:servicesetting/{id}"
    return Document(
        name=name,
        get=Get("ssm.GetServiceSetting", {"SettingId": setting}, "ServiceSetting.SettingValue"),
        put=Send("ssm.UpdateServiceSetting", {"SettingId": setting, "SettingValue": VALUE}, (setting,)),
    )


REGION: Final = AwsKind(
    "aws.ssm.region",
    "region",
    (_setting("public_sharing", "ssm/documents/console/public-sharing-permission"),),
    touched_by=(changes("ssm", "awsRegion", names=("UpdateServiceSetting", "ResetServiceSetting")),),
    address="arn:{partition}:ssm:{region}:{account}:settings",
)
_BLOCKED: Final = "Disable"


@control(
    "aws.ssm.region.public-sharing-blocked", REGION, severity=Severity.HIGH,
    disrupts=harmless(
        "documents that are public stay public, and are a finding of their own; only further public sharing is "
        "refused",
        source="AWS Systems Manager User Guide, Sharing SSM documents",
        noticed_by="those who share a document with everyone",
    ),
    covers=("security-hub:SSM.7",),
    compliant=[{"public_sharing": _BLOCKED}],
    violating=[Example({"public_sharing": "Enable"}, leaves={"public_sharing": _BLOCKED})],
)  # fmt: skip
def public_sharing_blocked(public_sharing: Value) -> Verdict:
    """No document of the region can be made public.

    One wrong click shows everyone how machines are set up; this setting refuses it.
    """
    if public_sharing == _BLOCKED:
        return compliant
    return should_be(public_sharing=_BLOCKED, because="documents may be shared with everyone")


PARAMETER: Final = AwsKind(
    "aws.ssm.parameter",
    "Systems Manager parameter",
    (Look(name="type", listed="Type"), Look(name="parameter_name", listed="Name")),
    touched_by=(changes("ssm", f"{REQUEST}.name", names=("PutParameter", "DeleteParameter")),),
    address="arn:{partition}:ssm:{region}:{account}:parameter/{name}",
    find=Listing(
        "ssm.DescribeParameters", "Parameters", id="Name", address="ARN",
        narrow={"ParameterFilters": [{"Key": "Name", "Values": ["{id}"]}]},
    ),
)  # fmt: skip

_SECRET: Final = re.compile(
    r"passw(or)?d|passphrase|secret|token|api[-_]?key|private[-_]?key|access[-_]?key|credential|connection[-_]?string",
    re.IGNORECASE,
)


@control(
    "aws.ssm.parameter.secrets-encrypted", PARAMETER, severity=Severity.HIGH,
    compliant=[
        {"parameter_name": "/app/db/password", "type": "SecureString"},
        {"parameter_name": "/app/region", "type": "String"},
    ],
    violating=[
        {"parameter_name": "/app/db/password", "type": "String"},
        Example({"parameter_name": "/app/region", "type": "StringList"}, settings={"every": True}),
    ],
)  # fmt: skip
def secrets_encrypted(parameter_name: Value, type: Value, *, every: bool = False) -> Verdict:
    """A parameter that is named like a secret is encrypted.

    Whoever may list parameters reads a plain one; an encrypted one takes a right on its key as well. Values are not
    looked at: with `every` set, each plain parameter is told.
    """
    word = _SECRET.search(parameter_name)
    if type == "SecureString" or not (word or every):
        return compliant
    named = f"its name says `{word[0]}`, and it" if word else "it"
    return violation(
        because=f"{named} is of the type {type}",
        guide="1. make a second parameter of the type SecureString, with a key that its readers may use; 2. let them "
        "read that one, with decryption; 3. delete the plain one, and change the secret: history and logs hold the "
        "old value",
    )
