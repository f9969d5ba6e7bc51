"""What a trail records beside its settings: events of management and data, insights, and its log group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.named import LogGroupArn, Role
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.cloudtrail.trail import EVERYTHING_MANAGED, TRAIL, manages
from goldseam.control import (
    Control,
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

_GROUP: Final = "arn:aws:logs:eu-west-1:123456789012:log-group:goldseam-example:*"
_ROLE: Final = "arn:aws:iam::123456789012:role/goldseam-trail-to-logs"
_DELIVERED: Final = {"CloudWatchLogsLogGroupArn": _GROUP, "CloudWatchLogsRoleArn": _ROLE}
_CHOOSE_GROUP: Final = (
    "1. make a log group in the trail's region; 2. make a role that `cloudtrail.amazonaws.com` may assume, with "
    "logs:CreateLogStream and logs:PutLogEvents on the group; 3. give both ARNs in a policy as the settings "
    "`log_group_arn` and `role`"
)


@control(
    "aws.cloudtrail.trail.sent-to-log-group",
    TRAIL,
    severity=Severity.MEDIUM,
    maps=required("cloudtrail_cloudwatch_logging_enabled"),
    covers=("security-hub:CloudTrail.5", "cloudbots:cloudtrail_send_to_cloudwatch"),
    disrupts=harmless(
        "events are sent to the log group as well, where CloudWatch Logs charges by volume; the bucket "
        "receives them as before",
        source="AWS CloudTrail User Guide, Sending CloudTrail Events to CloudWatch Logs",
        noticed_by="those who pay",
    ),
    compliant=({"log_group": _DELIVERED},),
    violating=(
        {"log_group": ABSENT},
        Example(
            {"log_group": ABSENT},
            settings={"log_group_arn": _GROUP.removesuffix(":*"), "role": _ROLE},
            leaves={"log_group": _DELIVERED},
        ),
    ),
)
def sent_to_log_group(log_group: Value, *, log_group_arn: LogGroupArn = "", role: Role = "") -> Verdict:
    """Events of the trail go to a log group.

    Files in a bucket wait for someone to read them; a log group can be searched at once, and alarms can watch it.
    """
    if log_group is not ABSENT:
        return compliant
    because = "no log group gets the events of the trail"
    if not log_group_arn or not role:
        return violation(because=because, guide=_CHOOSE_GROUP)
    wanted = {"CloudWatchLogsLogGroupArn": f"{log_group_arn}:*", "CloudWatchLogsRoleArn": role}
    return should_be(log_group=wanted, because=because)


_ALL_OBJECTS: Final[Mapping[str, Json]] = {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}
_OBJECTS: Final = "AWS::S3::Object"
_OF_ALL: Final = frozenset({"arn:aws:s3", "arn:aws-cn:s3", "arn:aws-us-gov:s3"})


def _advanced(*fields: Json, name: str = "") -> Json:
    return {"Name": name, "FieldSelectors": list(fields)}


def _is(name: str, *values: str) -> Json:
    return {"Field": name, "Equals": list(values)}


_MANAGED: Final = _advanced(_is("eventCategory", "Management"), name="Management")
_MANAGED_READS: Final = _advanced(_is("eventCategory", "Management"), _is("readOnly", "true"), name="Reads")
_MANAGED_WRITES: Final = _advanced(_is("eventCategory", "Management"), _is("readOnly", "false"), name="Writes")
_OF_IAM: Final = _advanced(_is("eventCategory", "Management"), _is("eventSource", "iam.amazonaws.com"), name="IAM")
_ADDED: Final = _advanced(_is("eventCategory", "Management"), name="goldseam-management")
_DATA: Final = _advanced(_is("eventCategory", "Data"), _is("resources.type", _OBJECTS), name="goldseam-s3-objects")


def _basic(**more: Json) -> Json:
    return {"EventSelectors": [{**EVERYTHING_MANAGED, **more}]}


@control(
    "aws.cloudtrail.trail.management-events",
    TRAIL,
    severity=Severity.HIGH,
    maps=required("cloudtrail_multi_region_enabled_logging_management_events"),
    disrupts=may_disrupt(
        "where another trail already records management events, this one delivers a second copy, and every "
        "event of it is charged",
        source="AWS CloudTrail User Guide, Managing CloudTrail trail costs",
    ),
    compliant=(
        {"events": _basic()},
        {"events": _basic(ExcludeManagementEventSources=["kms.amazonaws.com"])},
        {"events": {"AdvancedEventSelectors": [_DATA, _MANAGED]}},
        {"events": {"AdvancedEventSelectors": [_MANAGED_READS, _MANAGED_WRITES]}},
    ),
    violating=(
        Example(
            {"events": {"AdvancedEventSelectors": [_MANAGED_WRITES]}},
            leaves={"events": {"AdvancedEventSelectors": [_MANAGED_WRITES, _ADDED]}},
        ),
        Example(
            {"events": {"AdvancedEventSelectors": [_OF_IAM]}},
            leaves={"events": {"AdvancedEventSelectors": [_OF_IAM, _ADDED]}},
        ),
        Example(
            {"events": _basic(IncludeManagementEvents=False, DataResources=[_ALL_OBJECTS])},
            leaves={"events": _basic(DataResources=[_ALL_OBJECTS])},
        ),
        Example({"events": _basic(ReadWriteType="WriteOnly")}, leaves={"events": _basic()}),
        Example(
            {"events": _basic(ReadWriteType="WriteOnly", DataResources=[_ALL_OBJECTS])},
            leaves={
                "events": {
                    "EventSelectors": [
                        {**EVERYTHING_MANAGED, "ReadWriteType": "WriteOnly", "DataResources": [_ALL_OBJECTS]},
                        EVERYTHING_MANAGED,
                    ]
                }
            },
        ),
        Example(
            {"events": {"AdvancedEventSelectors": [_DATA]}},
            leaves={"events": {"AdvancedEventSelectors": [_DATA, _ADDED]}},
        ),
    ),
)
def management_events(events: Value) -> Verdict:
    """The trail records all management events.

    Who made, changed or read which resource is in these events. Services that a trail leaves out for their number, such
    as KMS, stay left out.
    """
    if manages(events, of_all_sources=False):
        return compliant
    because = "management events are not recorded, or only those that read or that write"
    if "AdvancedEventSelectors" in events:
        added = [*events["AdvancedEventSelectors"], _ADDED]
        return should_be(events={"AdvancedEventSelectors": added}, because=because)
    first, *rest = events["EventSelectors"]
    if first["ReadWriteType"] != "All" and first["DataResources"]:  # events of data stay as they were selected
        return should_be(events={"EventSelectors": [first, *rest, dict(EVERYTHING_MANAGED)]}, because=because)
    changed = {**first, "ReadWriteType": "All", "IncludeManagementEvents": True}
    return should_be(events={"EventSelectors": [changed, *rest]}, because=because)


_ONE_REGION: Final[Mapping[str, Json]] = {
    "KmsKeyId": "", "LogFileValidationEnabled": True, "IsMultiRegionTrail": False, "IncludeGlobalServiceEvents": False,
}  # fmt: skip
_ALL_REGIONS: Final = {**_ONE_REGION, "IsMultiRegionTrail": True, "IncludeGlobalServiceEvents": True}


def _state(events: Json, settings: Json = _ALL_REGIONS) -> dict[str, Value]:
    return {"events": events, "settings": settings}


def _data_control(word: str, kind: str, check: str) -> Control:
    @control(
        f"aws.cloudtrail.trail.object-{word}s",
        TRAIL,
        severity=Severity.LOW,
        title=f"The trail records each {word} of objects in buckets",
        why=(
            f"Management events do not say who did a {word} of which object. Every one costs: for buckets with much "
            "traffic choose selectors by hand, and exempt the trail. A trail that records all objects' events of this "
            "sort in all regions passes: of one region it misses the buckets of the others."
        ),
        maps=required(check),
        disrupts=may_disrupt(
            "each event of an object in any bucket is recorded, and charged for; a trail of one region records all "
            "regions from then on"
        ),
        compliant=(
            _state(_basic(DataResources=[_ALL_OBJECTS])),
            _state({"AdvancedEventSelectors": [_MANAGED, _DATA]}),
            _state({"EventSelectors": [
                {**EVERYTHING_MANAGED, "ReadWriteType": f"{kind}Only", "DataResources": [_ALL_OBJECTS]}
            ]}),
        ),
        violating=(
            Example(_state(_basic()), leaves={"events": _basic(DataResources=[_ALL_OBJECTS])}),
            Example(
                _state({"AdvancedEventSelectors": [_MANAGED]}),
                leaves={"events": {"AdvancedEventSelectors": [_MANAGED, _DATA]}},
            ),
            Example(
                _state(_basic(DataResources=[_ALL_OBJECTS]), _ONE_REGION), leaves={"settings": _ALL_REGIONS}
            ),
            Example(_state(_basic(), _ONE_REGION), leaves=_state(_basic(DataResources=[_ALL_OBJECTS]))),
        ),
    )  # fmt: skip
    def recorded(events: Value, settings: Value) -> Verdict:
        held, everywhere = _records_objects(events, kind), settings["IsMultiRegionTrail"]
        if held and everywhere:
            return compliant
        lacking = ([] if held else [f"each {word} of an object leaves no trace"]) + (
            [] if everywhere else ["IsMultiRegionTrail is false: buckets of other regions are left out"]
        )
        changes = ({} if held else {"events": _with_objects(events)}) | (
            {} if everywhere else {"settings": {**settings, **_EVERYWHERE}}
        )
        return should_be(because="; ".join(lacking), **changes)

    return recorded


_EVERYWHERE: Final = {"IsMultiRegionTrail": True, "IncludeGlobalServiceEvents": True}
"""A trail of one region records the events of that region only (AWS CloudTrail User Guide, "Receiving CloudTrail log
files from multiple Regions"); CIS 4.8 and 4.9 look for `IsMultiRegionTrail` beside the selectors."""


def _records_objects(events: Json, kind: str) -> bool:
    for each in events.get("EventSelectors", ()):
        whole = any(
            item["Type"] == _OBJECTS and _OF_ALL & {value.rstrip(":/") for value in item["Values"]}
            for item in each["DataResources"]
        )
        if whole and each["ReadWriteType"] in {"All", f"{kind}Only"}:
            return True
    return any(_is_of_objects(each, kind) for each in events.get("AdvancedEventSelectors", ()))


def _is_of_objects(selector: Json, kind: str) -> bool:
    """Whether a selector takes in all objects' events of a kind: nothing narrows it but their being reads or writes."""
    held = {field["Field"]: field.get("Equals") for field in selector["FieldSelectors"]}
    wanted = "true" if kind == "Read" else "false"
    return (
        held.pop("eventCategory", None) == ["Data"]
        and _OBJECTS in (held.pop("resources.type", None) or ())
        and held.pop("readOnly", [wanted]) == [wanted]
        and not held
    )


def _with_objects(events: Json) -> Json:
    if "AdvancedEventSelectors" in events:
        return {"AdvancedEventSelectors": [*events["AdvancedEventSelectors"], _DATA]}
    first, *rest = events["EventSelectors"]
    if first["ReadWriteType"] == "All":
        others = [item for item in first["DataResources"] if item["Type"] != _OBJECTS]
        return {"EventSelectors": [{**first, "DataResources": [*others, _ALL_OBJECTS]}, *rest]}
    apart = {**EVERYTHING_MANAGED, "IncludeManagementEvents": False, "DataResources": [_ALL_OBJECTS]}
    return {"EventSelectors": [first, *rest, apart]}


data_events: Final = (
    _data_control("write", "Write", "cloudtrail_s3_dataevents_write_enabled"),
    _data_control("read", "Read", "cloudtrail_s3_dataevents_read_enabled"),
)
"""One control for the events that write objects, and one for those that read them."""


@control(
    "aws.cloudtrail.trail.insights",
    TRAIL,
    severity=Severity.LOW,
    maps=required("cloudtrail_insights_exist"),
    disrupts=may_disrupt("CloudTrail analyses the management events, and charges for it"),
    compliant=({"insights": ["ApiCallRateInsight"]},),
    violating=(
        Example({"insights": []}, leaves={"insights": ["ApiCallRateInsight"]}),
        Example(
            {"insights": ["ApiErrorRateInsight"]}, leaves={"insights": ["ApiCallRateInsight", "ApiErrorRateInsight"]}
        ),
    ),
)  # fmt: skip
def insights_on(insights: Value) -> Verdict:
    """CloudTrail says when calls become unusually many.

    A burst of calls that nobody makes otherwise is how the use of a stolen key shows.
    """
    if "ApiCallRateInsight" in insights:
        return compliant
    return should_be(insights=[*insights, "ApiCallRateInsight"], because="unusual numbers of calls are not looked for")
