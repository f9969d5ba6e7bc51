"""The trail: whether it records, where, and whether the record can be trusted.

A trail is read by its ARN: of an organization trail in a member account CloudTrail answers to nothing else (CloudTrail
API Reference, "GetTrailStatus"). It is listed in its home region only, where shadows of it are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from goldseam.clouds.aws.facet import VALUE, Account, Address, Get, Send, only, tags
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.named import KmsKey
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document, Settings, Switch
from goldseam.control import (
    Example,
    Owner,
    Placed,
    Severity,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    owner_rule,
    should_be,
    violation,
)
from goldseam.model.values import ABSENT, Json, Value

_TRAIL: Final = {"Name": "{id}"}
ON_TRAILS: Final = ("CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging")
_ON_EVENTS: Final = ("PutEventSelectors", "PutInsightSelectors")
_DELIVERY: Final = ("CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn")
_NO_KEY: Final = ""
_BY_BUCKET: Final = Placed("AWS CloudTrail API Reference, UpdateTrail: the key is of the bucket's region", region="any")
_UNSET: Final[Mapping[str, Json]] = {
    "KmsKeyId": "",
    "LogFileValidationEnabled": False,
    "IsMultiRegionTrail": False,
    "IncludeGlobalServiceEvents": False,
}


EVERYTHING_MANAGED: Final[Mapping[str, Json]] = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}
"""What a trail records that nothing was selected for: management events, and no events of data."""


def _all_set(value: Value) -> Value:
    """Every setting; CloudTrail leaves out the key where there is none, and takes the empty text to remove it."""
    return dict(_UNSET) if value is ABSENT else {**_UNSET, **value}


def _delivered(value: Value) -> Value:
    """The group and the role that writes to it; neither is absence."""
    return ABSENT if value is ABSENT or not value.get(_DELIVERY[0]) else value


def selected(value: Value) -> Value:
    """The selectors of the one form that the trail uses, each member said; none is the trail that only manages."""
    held = {} if value is ABSENT else value
    if held.get("AdvancedEventSelectors"):
        return {"AdvancedEventSelectors": held["AdvancedEventSelectors"]}
    return {"EventSelectors": [{**EVERYTHING_MANAGED, **each} for each in held.get("EventSelectors") or [{}]]}


_READ_AND_WRITE: Final = frozenset({"Read", "Write"})
_BY_TYPE: Final = {"All": _READ_AND_WRITE, "ReadOnly": frozenset({"Read"}), "WriteOnly": frozenset({"Write"})}


def manages(events: Json, *, of_all_sources: bool) -> bool:
    """Whether selectors take in management events that read and that write, together or each by its own.

    With `of_all_sources` a selector that leaves out a source, as for KMS, does not count.
    """
    basic = (_basic_kinds(each, of_all_sources) for each in events.get("EventSelectors", ()))
    advanced = (_advanced_kinds(each, of_all_sources) for each in events.get("AdvancedEventSelectors", ()))
    return frozenset[str]().union(*basic, *advanced) == _READ_AND_WRITE


def _basic_kinds(selector: Json, of_all_sources: bool) -> frozenset[str]:  # noqa: FBT001 - handed on
    if not selector["IncludeManagementEvents"] or (of_all_sources and selector["ExcludeManagementEventSources"]):
        return frozenset()
    return _BY_TYPE.get(selector["ReadWriteType"], frozenset())


def _advanced_kinds(selector: Json, of_all_sources: bool) -> frozenset[str]:  # noqa: FBT001 - handed on
    """Nothing may narrow it but reads and writes, and sources that are left out by name."""
    held = {field["Field"]: _operators(field) for field in selector["FieldSelectors"]}
    category, sources = held.pop("eventCategory", {}), held.pop("eventSource", {})
    kinds = held.pop("readOnly", {"Equals": ["true", "false"]})
    narrowed = bool(sources) if of_all_sources else bool(sources.keys() - {"NotEquals"})
    if category != {"Equals": ["Management"]} or kinds.keys() != {"Equals"} or held or narrowed:
        return frozenset()
    return frozenset("Read" if each == "true" else "Write" for each in kinds["Equals"])


def left_out(events: Json) -> frozenset[str]:
    """The sources of which selectors record the management events that read, or those that write, nowhere."""
    basic = events.get("EventSelectors", ())
    advanced = events.get("AdvancedEventSelectors", ())
    held = [(_basic_kinds(each, False), frozenset(each["ExcludeManagementEventSources"])) for each in basic]  # noqa: FBT003
    held += [(_advanced_kinds(each, False), _spared(each)) for each in advanced]  # noqa: FBT003
    by_kind = ([sources for kinds, sources in held if kind in kinds] for kind in _READ_AND_WRITE)
    return frozenset[str]().union(*(frozenset.intersection(*found) for found in by_kind if found))


def _spared(selector: Json) -> frozenset[str]:
    fields = (field for field in selector["FieldSelectors"] if field["Field"] == "eventSource")
    return frozenset(source for field in fields for source in field.get("NotEquals") or ())


def _operators(field: Json) -> dict[str, Json]:
    """What is asked of a field, by operator."""
    return {name: values for name, values in field.items() if name != "Field" and values}


def account_of(arn: str) -> str:
    """The account of an ARN."""
    return arn.split(":")[4]


ORGANIZATION_TRAIL: Final = 'AWS CloudTrail User Guide, "Creating a trail for an organization"'
_MINE: Final = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/main"


@owner_rule(
    ours=[{"arn": _MINE, "account": "123456789012"}],
    theirs=[{"arn": _MINE, "account": "210987654321"}],
)
def _of_organization(arn: str, account: str) -> Owner | None:
    """It is an organization trail, seen from a member account."""
    owner = account_of(arn)
    if owner == account:
        return None
    because = (
        f"the organization trail belongs to account {owner} and is judged there; a member account cannot change it"
    )
    return Owner(because, ORGANIZATION_TRAIL)


TRAIL: Final = AwsKind(
    "aws.cloudtrail.trail",
    "CloudTrail trail",
    (
        Switch(
            name="logging",
            get=Get("cloudtrail.GetTrailStatus", {"Name": "{address}"}, "IsLogging"),
            levels={True: Send("cloudtrail.StartLogging", _TRAIL), False: Send("cloudtrail.StopLogging", _TRAIL)},
        ),
        Settings(
            name="settings",
            listed="",
            modify=Send("cloudtrail.UpdateTrail", _TRAIL),
            fields={
                "KmsKeyId": "KmsKeyId",
                "LogFileValidationEnabled": "EnableLogFileValidation",
                "IsMultiRegionTrail": "IsMultiRegionTrail",
                "IncludeGlobalServiceEvents": "IncludeGlobalServiceEvents",
            },
            form=_all_set,
        ),
        Document(
            name="log_group",
            listed="",
            put=Send("cloudtrail.UpdateTrail", _TRAIL, passes=("CloudWatchLogsRoleArn",)),
            delete=Send("cloudtrail.UpdateTrail", {**_TRAIL, **dict.fromkeys(_DELIVERY, "")}),
            decode=only(*_DELIVERY),
            form=_delivered,
            spread=True,
        ),
        Document(
            name="events",
            get=Get("cloudtrail.GetEventSelectors", {"TrailName": "{address}"}),
            put=Send("cloudtrail.PutEventSelectors", {"TrailName": "{id}"}),
            form=selected,
            spread=True,
        ),
        Document(
            name="insights",
            get=Get(
                "cloudtrail.GetInsightSelectors",
                {"TrailName": "{address}"},
                "InsightSelectors.InsightType",
                absent=("InsightNotEnabledException",),
            ),
            put=Send("cloudtrail.PutInsightSelectors", {"TrailName": "{id}", "InsightSelectors": VALUE}),
            encode=lambda types: [{"InsightType": each} for each in types],
            form=lambda types: [] if types is ABSENT else sorted(types),
        ),
        tags(Get("cloudtrail.ListTags", {"ResourceIdList": ["{address}"]}, "ResourceTagList.TagsList")),
        Address(name="arn"),
        Account(name="account"),
    ),
    touched_by=(
        changes("cloudtrail", f"{REQUEST}.name", names=ON_TRAILS, id="(?:arn:.+:trail/)?([^/:]+)"),
        changes("cloudtrail", f"{REQUEST}.trailName", names=_ON_EVENTS, id="(?:arn:.+:trail/)?([^/:]+)"),
        changes("cloudtrail", f"{REQUEST}.resourceId", id="arn:.+:trail/([^/:]+)"),
    ),
    address="arn:{partition}:cloudtrail:{region}:{account}:trail/{id}",
    find=Listing(
        "cloudtrail.DescribeTrails",
        "trailList",
        id="Name",
        region="HomeRegion",
        address="TrailARN",
        parameters={"includeShadowTrails": True},
        narrow={"trailNameList": ["{address}"]},
    ),
    owner_rule=_of_organization,
)

_RIGHT: Final[Mapping[str, Json]] = {
    "KmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "LogFileValidationEnabled": True,
    "IsMultiRegionTrail": True,
    "IncludeGlobalServiceEvents": True,
}


@control(
    "aws.cloudtrail.trail.logging",
    TRAIL,
    severity=Severity.HIGH,
    maps=required("cloudtrail_multi_region_enabled"),
    disrupts=harmless(
        "events are delivered again as the trail was configured to; data events and a second copy of "
        "management events are charged as they were before it stopped",
        source="AWS CloudTrail API Reference, StartLogging",
        noticed_by="those who pay",
    ),
    compliant=({"logging": True},),
    violating=(Example({"logging": False}, leaves={"logging": True}),),
)
def is_logging(logging: Value) -> Verdict:
    """The trail records.

    A trail that exists and does not log looks like an audit trail and is none; stopping it is an intruder's first step.
    """
    return compliant if logging else should_be(logging=True, because="the trail does not log")


@control(
    "aws.cloudtrail.trail.multi-region",
    TRAIL,
    severity=Severity.MEDIUM,
    maps=required("cloudtrail_multi_region_enabled"),
    disrupts=may_disrupt(
        "where another trail already records the other regions, this one delivers a second copy of their "
        "management events, and every event of it is charged",
        source="AWS CloudTrail User Guide, Managing CloudTrail trail costs",
    ),
    compliant=({"logging": True, "settings": _RIGHT},),
    violating=(
        Example({"logging": True, "settings": {**_RIGHT, "IsMultiRegionTrail": False}}, leaves={"settings": _RIGHT}),
        Example(
            {"logging": False, "settings": {**_UNSET, "LogFileValidationEnabled": True}},
            leaves={
                "logging": True,
                "settings": {
                    "KmsKeyId": "",
                    "LogFileValidationEnabled": True,
                    "IsMultiRegionTrail": True,
                    "IncludeGlobalServiceEvents": True,
                },
            },
        ),
        Example({"logging": False, "settings": _RIGHT}, leaves={"logging": True, "settings": _RIGHT}),
    ),
)
def multi_region(logging: Value, settings: Value) -> Verdict:
    """The trail records what happens in all regions.

    What an intruder does is done in a region that nobody looks at. A trail that does not log records none, so logging
    is part of this. One such trail is enough for an account: exempt the others.
    """
    if logging and settings["IsMultiRegionTrail"]:
        return compliant
    lacking = [] if logging else ["the trail does not log"]
    if settings["IsMultiRegionTrail"]:
        return should_be(logging=True, because=lacking[0])
    wanted = {**settings, "IsMultiRegionTrail": True, "IncludeGlobalServiceEvents": True}
    because = "; ".join([*lacking, "the trail records one region only"])
    return should_be(logging=True, settings=wanted, because=because)


@control(
    "aws.cloudtrail.trail.validated",
    TRAIL,
    severity=Severity.MEDIUM,
    maps=required("cloudtrail_log_file_validation_enabled"),
    covers=(
        "seed:cloudtrailFileValidation",
        "security-hub:CloudTrail.4",
        "cloudbots:cloudtrail_enable_log_file_validation",
    ),
    disrupts=harmless(
        "signed digest files are delivered beside the log files, which stay as they are",
        source="AWS CloudTrail User Guide, Enabling log file integrity validation for CloudTrail",
    ),
    compliant=({"settings": _RIGHT},),
    violating=(
        Example({"settings": {**_RIGHT, "LogFileValidationEnabled": False}}, leaves={"settings": _RIGHT}),
        Example({"settings": _UNSET}, leaves={"settings": {**_UNSET, "LogFileValidationEnabled": True}}),
    ),
)
def validated(settings: Value) -> Verdict:
    """Changed or missing log files can be told.

    Signed digests show whether a log file was altered or deleted after CloudTrail wrote it.
    """
    if settings["LogFileValidationEnabled"]:
        return compliant
    wanted = {**settings, "LogFileValidationEnabled": True}
    return should_be(settings=wanted, because="log file validation is off")


@control(
    "aws.cloudtrail.trail.encrypted-with-kms",
    TRAIL,
    severity=Severity.MEDIUM,
    maps=required("cloudtrail_kms_encryption_enabled"),
    covers=(
        "seed:cloudtrailEncryption",
        "security-hub:CloudTrail.2",
        "cloudbots:cloudtrail_encrypt_log_files_using_existing_key",
        "cloudbots:cloudtrail_encrypt_log_files_using_new_key_creation",
    ),
    disrupts=may_disrupt(
        "readers of the log files need the right to decrypt with the key; AWS refuses the change where the key's "
        "policy does not let CloudTrail encrypt"
    ),
    compliant=({"settings": _RIGHT},),
    violating=(
        {"settings": _UNSET},
        Example(
            {"settings": {**_RIGHT, "KmsKeyId": ""}},
            settings={"kms_key": "arn:aws:kms:eu-west-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab"},
            leaves={
                "settings": {
                    **_RIGHT,
                    "KmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab",
                }
            },
        ),
    ),
)
def encrypted_with_kms(settings: Value, *, kms_key: Annotated[KmsKey, _BY_BUCKET] = _NO_KEY) -> Verdict:
    """Log files of the trail are encrypted with a KMS key.

    A KMS key adds its own access control and audit trail to every reading of the record. AWS has no key of its own for
    CloudTrail: without a chosen one there is nothing to set.
    """
    if settings["KmsKeyId"]:
        return compliant
    if not kms_key:
        return violation(
            because="the log files are not encrypted with a KMS key",
            guide="choose a key whose policy lets CloudTrail encrypt, and give it in a policy as the setting `kms_key`",
        )
    wanted = {**settings, "KmsKeyId": str(kms_key)}
    return should_be(settings=wanted, because="the log files are not encrypted with a KMS key")
