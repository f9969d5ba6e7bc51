"""Athena: workgroups, how query results are kept, and whether what is asked can be followed.

`UpdateWorkGroup` takes only what changes, but what it takes is not what `GetWorkGroup` gives: a member of the results'
configuration is removed by a flag of its own (Athena API Reference, ResultConfigurationUpdates).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Get, Look, Send, tags
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.named import KmsKey
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document, Settings
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

_GROUP: Final = {"WorkGroup": "{id}"}
_GET: Final = "athena.GetWorkGroup"
_HELD: Final = "WorkGroup.Configuration"
_UNSAID: Final = {"EnforceWorkGroupConfiguration": False, "PublishCloudWatchMetricsEnabled": False}
_NO_KEY: Final = ""


def _results(**member: object) -> Send:
    """The update of one member of the results' configuration."""
    return Send("athena.UpdateWorkGroup", {**_GROUP, "ConfigurationUpdates": {"ResultConfigurationUpdates": member}})


def _said(value: Value) -> Value:
    return dict(_UNSAID) if value is ABSENT else {**_UNSAID, **value}


WORKGROUP: Final = AwsKind(
    "aws.athena.workgroup",
    "Athena workgroup",
    (
        Document(
            name="encryption",
            get=Get(_GET, _GROUP, f"{_HELD}.ResultConfiguration.EncryptionConfiguration"),
            put=_results(EncryptionConfiguration=VALUE),
            delete=_results(RemoveEncryptionConfiguration=True),
        ),
        Settings(
            name="settings",
            get=Get(_GET, _GROUP, _HELD),
            modify=Send("athena.UpdateWorkGroup", _GROUP),
            fields={name: name for name in _UNSAID},
            under="ConfigurationUpdates",
            form=_said,
        ),
        Look(name="location", get=Get(_GET, _GROUP, f"{_HELD}.ResultConfiguration.OutputLocation")),
        Look(
            name="managed",
            get=Get(_GET, _GROUP, f"{_HELD}.ManagedQueryResultsConfiguration.Enabled"),
            form=bool,
        ),
        tags(Get("athena.ListTagsForResource", {"ResourceARN": "{address}"}, "Tags")),
    ),
    touched_by=(
        changes("athena", f"{REQUEST}.workGroup", f"{REQUEST}.name", names=("CreateWorkGroup", "UpdateWorkGroup")),
    ),
    address="arn:{partition}:athena:{region}:{account}:workgroup/{id}",
    find=Listing("athena.ListWorkGroups", "WorkGroups", id="Name"),
)

_AES256: Final = {"EncryptionOption": "SSE_S3"}
_KMS: Final = {"EncryptionOption": "SSE_KMS", "KmsKey": "arn:aws:kms:eu-west-1:123456789012:key/data"}
_GOOD: Final = dict.fromkeys(_UNSAID, True)


@control(
    "aws.athena.workgroup.results-encrypted",
    WORKGROUP,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        "everything that queries write, tables included, is encrypted with the workgroup's key, even where the "
        "bucket's default is another KMS key; a bucket policy that requires that key refuses it, and with a "
        "KMS key readers need permission to decrypt",
        source="Amazon Athena User Guide, Encrypt Athena query results stored in Amazon S3",
    ),
    maps=required("athena_workgroup_encryption"),
    covers=("seed:workgroupEncrypted",),
    compliant=[
        {"encryption": _AES256, "managed": False},
        {"encryption": _KMS, "managed": False},
        {"encryption": ABSENT, "managed": True},
    ],
    violating=[Example({"encryption": ABSENT, "managed": False}, leaves={"encryption": _AES256})],
)
def results_encrypted(encryption: Value, managed: bool) -> Verdict:  # noqa: FBT001
    """Results of queries are encrypted.

    A result is a copy of the data, in a bucket that often nobody counts among those that hold it. Results that Athena
    keeps itself are always encrypted. Where a KMS key must be used there is a control of its own.
    """
    if managed or encryption is not ABSENT:
        return compliant
    return should_be(encryption=_AES256, because="results of queries are not encrypted")


@control(
    "aws.athena.workgroup.results-encrypted-with-kms",
    WORKGROUP,
    severity=Severity.LOW,
    disrupts=may_disrupt("whoever runs queries or reads results without rights on the key is refused"),
    maps=required("athena_workgroup_encryption"),
    covers=("seed:workgroupEncrypted",),
    compliant=[
        {"encryption": _KMS, "managed": False},
        {"encryption": {**_KMS, "EncryptionOption": "CSE_KMS"}, "managed": False},
        {"encryption": ABSENT, "managed": True},
    ],
    violating=[
        {"encryption": ABSENT, "managed": False},
        Example(
            {"encryption": ABSENT, "managed": False}, {"kms_key": _KMS["KmsKey"]}, leaves={"encryption": _KMS}
        ),
        Example(
            {"encryption": _AES256, "managed": False},
            {"kms_key": _KMS["KmsKey"], "in_client": True},
            leaves={"encryption": {**_KMS, "EncryptionOption": "CSE_KMS"}},
        ),
    ],
)  # fmt: skip
def results_encrypted_with_kms(
    encryption: Value,
    managed: bool,  # noqa: FBT001
    *,
    kms_key: KmsKey = _NO_KEY,
    in_client: bool = False,
) -> Verdict:
    """Results of queries are encrypted with a KMS key.

    A KMS key adds its own access control and audit trail to every reading of a result. Athena takes the ARN of a key
    and has none of its own, so without a chosen one there is nothing to set. `in_client` asks for encryption before
    the results are sent to S3.
    """
    if managed or (encryption is not ABSENT and encryption["EncryptionOption"] != _AES256["EncryptionOption"]):
        return compliant
    because = "results of queries are not encrypted with a KMS key"
    if not kms_key:
        guide = "choose a key that those who run queries may use, and give its ARN in a policy as the setting `kms_key`"
        return violation(because=because, guide=guide)
    option = "CSE_KMS" if in_client else "SSE_KMS"
    return should_be(encryption={"EncryptionOption": option, "KmsKey": str(kms_key)}, because=because)


@control(
    "aws.athena.workgroup.enforced",
    WORKGROUP,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt(
        "results of queries whose clients named a place or an encryption of their own go to the workgroup's place with "
        "the workgroup's encryption, where those clients may not look or may not read"
    ),
    maps=required("athena_workgroup_enforce_configuration"),
    compliant=[{"settings": _GOOD, "location": "s3://results/", "managed": False}],
    violating=[
        Example(
            {"settings": _UNSAID, "location": "s3://results/", "managed": False},
            leaves={"settings": {**_UNSAID, "EnforceWorkGroupConfiguration": True}},
        ),
        {"settings": {**_GOOD, "EnforceWorkGroupConfiguration": False}, "location": ABSENT, "managed": False},
    ],
)
def enforced(settings: Mapping[str, Json], location: Value, managed: bool) -> Verdict:  # noqa: FBT001
    """The workgroup's settings hold for all of its queries.

    Otherwise each client says where its results go and whether they are encrypted, and what the workgroup asks for is
    a suggestion.
    """
    if settings["EnforceWorkGroupConfiguration"]:
        return compliant
    because = "clients may overrule the workgroup's settings"
    if location is ABSENT and not managed:
        return violation(
            because=f"{because}, and it names no place for results",
            guide="give the workgroup a place for results (an S3 location, or results that Athena keeps "
            "itself), tell its users, then repair this; enforced without a place every query fails",
        )
    return should_be(settings={**settings, "EnforceWorkGroupConfiguration": True}, because=because)


@control(
    "aws.athena.workgroup.metrics-published",
    WORKGROUP,
    severity=Severity.LOW,
    disrupts=harmless(
        "metrics of queries are sent to CloudWatch; queries run as before",
        source="Amazon Athena User Guide, Enable CloudWatch query metrics in Athena",
    ),
    maps=required("athena_workgroup_logging_enabled"),
    covers=("security-hub:Athena.4",),
    compliant=[{"settings": _GOOD}],
    violating=[
        Example(
            {"settings": {**_GOOD, "PublishCloudWatchMetricsEnabled": False}},
            leaves={"settings": _GOOD},
        ),
    ],
)
def metrics_published(settings: Mapping[str, Json]) -> Verdict:
    """The workgroup's queries are counted in CloudWatch.

    How much is read, how often and how many queries fail shows an unusual reader.
    """
    if settings["PublishCloudWatchMetricsEnabled"]:
        return compliant
    wanted = {**settings, "PublishCloudWatchMetricsEnabled": True}
    return should_be(settings=wanted, because="no metrics of queries are published")
