"""AWS Config: whether it records how the resources of a region are configured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from goldseam.clouds.aws.facet import VALUE, AwsFacet, Reading, Send
from goldseam.clouds.aws.kind import Ask, AwsKind, changes
from goldseam.clouds.aws.named import Bucket, Role
from goldseam.clouds.aws.requirements import required
from goldseam.control import (
    Call,
    Example,
    Severity,
    Step,
    Verdict,
    compliant,
    control,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value

_RECORDERS: Final = "config.DescribeConfigurationRecorders"
_STATUS: Final = "config.DescribeConfigurationRecorderStatus"
_CHANNELS: Final = "config.DescribeDeliveryChannels"
_OF_RECORDER: Final = ("name", "roleARN", "recordingGroup", "recordingMode")
_NOTHING: Final[Mapping[str, Json]] = {"recorder": {}, "channel": {}, "on": False}
_ANY_RECORDER: Final = ("{address}/*/*",)
"""The one of the region; its ARN ends with an id that Config makes up."""

_ALL: Final = "ALL_SUPPORTED_RESOURCE_TYPES"
_SOME: Final = "INCLUSION_BY_RESOURCE_TYPES"


def _whole(recorder: Mapping[str, Json]) -> Json:
    """A recorder with what Config fills in: all supported types, all the time."""
    if not recorder:
        return {}
    group = {"allSupported": True, "includeGlobalResourceTypes": False, **(recorder.get("recordingGroup") or {})}
    if group["allSupported"] or group.get("resourceTypes"):
        group["recordingStrategy"] = {"useOnly": _ALL if group["allSupported"] else _SOME}
    mode = {"recordingFrequency": "CONTINUOUS", **(recorder.get("recordingMode") or {})}
    held = {name: recorder[name] for name in _OF_RECORDER if name in recorder}
    return {**held, "recordingGroup": _filled(group), "recordingMode": _filled(mode)}


def _filled(value: Json) -> Json:
    """Without what is empty."""
    if not isinstance(value, Mapping):
        return value
    return {name: _filled(item) for name, item in value.items() if item not in (None, [], {}) and _filled(item) != {}}


@dataclass(frozen=True)
class Recording(AwsFacet):
    """The recorder that the customer manages, the channel by which it delivers, and whether it runs.

    Each is empty when there is none. A recorder only runs with a channel, and a channel only goes when it is stopped.
    """

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The three lists; Config has no pages for them."""
        return (_RECORDERS, _STATUS, _CHANNELS)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Whether it runs is only asked where there is a recorder."""
        del item
        recorders = ask.one(_RECORDERS, {}, ref.region).get("ConfigurationRecorders") or []
        own: Mapping[str, Json] = next((each for each in recorders if not each.get("servicePrincipal")), {})
        channels = ask.one(_CHANNELS, {}, ref.region).get("DeliveryChannels") or [{}]
        on = bool(own) and _runs(ask, ref.region, own["name"])
        return Reading(self.normal({"recorder": own, "channel": channels[0], "on": on}))

    def normal(self, value: Value) -> Value:
        """With what Config fills in."""
        held = _NOTHING if value is ABSENT else value
        return {"recorder": _whole(held["recorder"]), "channel": _filled(held["channel"]), "on": held["on"]}

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """Stop, put, delete and start, in the order that Config asks for."""
        state, steps = dict(before), []
        for part, value, call in _calls(ref, before, after):
            state[part] = value
            steps.append(self.step(call, dict(state)))
        return tuple(steps)


def _runs(ask: Ask, region: str, name: str) -> bool:
    answer = ask.one(_STATUS, {"ConfigurationRecorderNames": [name]}, region)
    return any(each.get("recording") for each in answer.get("ConfigurationRecordersStatus") or ())


def _calls(ref: Ref, before: Json, after: Json) -> Iterator[tuple[str, Json, Call]]:
    """The part that each call changes, what it leaves of it, and the call."""
    if before["on"] and not after["on"]:
        yield (
            "on",
            False,
            _named("config.StopConfigurationRecorder", "ConfigurationRecorderName", before["recorder"], ref),
        )
    if after["recorder"] and after["recorder"] != before["recorder"]:
        put = Send(
            "config.PutConfigurationRecorder",
            {"ConfigurationRecorder": VALUE},
            resources=_ANY_RECORDER,
            passes=("ConfigurationRecorder.roleARN",),
        )
        yield "recorder", after["recorder"], put.call(ref, after["recorder"])
    if after["channel"] and after["channel"] != before["channel"]:
        put = Send("config.PutDeliveryChannel", {"DeliveryChannel": VALUE}, ("*",))
        yield "channel", after["channel"], put.call(ref, after["channel"])
    if before["channel"] and not after["channel"]:
        named = {"DeliveryChannelName": before["channel"]["name"]}
        yield "channel", {}, Send("config.DeleteDeliveryChannel", named, ("*",)).call(ref)
    if before["recorder"] and not after["recorder"]:
        operation = "config.DeleteConfigurationRecorder"
        yield "recorder", {}, _named(operation, "ConfigurationRecorderName", before["recorder"], ref)
    if after["on"] and not before["on"]:
        yield (
            "on",
            True,
            _named("config.StartConfigurationRecorder", "ConfigurationRecorderName", after["recorder"], ref),
        )


def _named(operation: str, parameter: str, recorder: Json, ref: Ref) -> Call:
    return Send(operation, {parameter: recorder["name"]}, _ANY_RECORDER).call(ref)


REGION: Final = AwsKind(
    "aws.config.region",
    "AWS Config in a region",
    (Recording(name="recording"),),
    touched_by=(
        changes(
            "config",
            "awsRegion",
            names=(
                "PutConfigurationRecorder",
                "DeleteConfigurationRecorder",
                "StartConfigurationRecorder",
                "StopConfigurationRecorder",
                "PutDeliveryChannel",
                "DeleteDeliveryChannel",
            ),
        ),
    ),
    address="arn:{partition}:config:{region}:{account}:configuration-recorder",
)

_LINKED: Final = ":role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
"""How the ARN of Config's service-linked role ends (AWS Config Developer Guide, "Using service-linked roles")."""

_ROLE: Final = f"arn:aws:iam::123456789012{_LINKED}"
_OWN: Final = "arn:aws:iam::123456789012:role/goldseam-config"
_BUCKET: Final = "goldseam-example"
_RECORDER: Final[Mapping[str, Json]] = {
    "name": "default",
    "roleARN": _ROLE,
    "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": True},
}
_CHANNEL: Final = {"name": "default", "s3BucketName": _BUCKET}
_CHOOSE: Final = (
    "1. make a bucket whose policy lets `config.amazonaws.com` read its ACL, list it and put objects; 2. make the role "
    "that Config works with (`aws iam create-service-linked-role --aws-service-name config.amazonaws.com`); 3. give "
    "the bucket's name and the role's ARN in a policy as the settings `bucket` and `role`"
)
_CHANGE_ROLE: Final = (
    "1. make the service-linked role (`aws iam create-service-linked-role --aws-service-name config.amazonaws.com`); "
    "2. see that the policy of the bucket, and that of its key, let `config.amazonaws.com` deliver, as the role of "
    "before may have done it without; 3. give the recorder the service-linked role; or switch `service_linked_role` "
    "off in a policy"
)


def _recording(recorder: Json, channel: Json, *, on: bool) -> Json:
    return {"recorder": recorder, "channel": channel, "on": on}


_RIGHT: Final = _recording(_RECORDER, _CHANNEL, on=True)
_FEW: Final = {**_RECORDER, "recordingGroup": {"allSupported": False, "resourceTypes": ["AWS::EC2::Instance"]}}
_WITH_OWN: Final = {**_RECORDER, "roleARN": _OWN}


@control(
    "aws.config.region.recording",
    REGION,
    severity=Severity.MEDIUM,
    maps=required("config_recorder_all_regions_enabled"),
    covers=("security-hub:Config.1", "cloudbots:config_enable"),
    disrupts=may_disrupt("Config records every change of a resource in the region, and charges for each"),
    compliant=(
        {"recording": _RIGHT},
        Example({"recording": _recording(_WITH_OWN, _CHANNEL, on=True)}, settings={"service_linked_role": False}),
    ),
    violating=(
        {"recording": _NOTHING},
        Example({"recording": _NOTHING}, settings={"bucket": _BUCKET, "role": _ROLE}, leaves={"recording": _RIGHT}),
        Example({"recording": _recording(_RECORDER, _CHANNEL, on=False)}, leaves={"recording": _RIGHT}),
        Example({"recording": _recording(_FEW, _CHANNEL, on=True)}, leaves={"recording": _RIGHT}),
        {"recording": _recording(_WITH_OWN, _CHANNEL, on=True)},
        Example(
            {"recording": _recording(_RECORDER, {}, on=False)},
            settings={"bucket": _BUCKET},
            leaves={"recording": _RIGHT},
        ),
    ),
)
def recording(
    recording: Value,
    *,
    bucket: Bucket = "",
    role: Role = "",
    global_types: bool = True,
    service_linked_role: bool = True,
) -> Verdict:
    """Config records how all resources of the region are configured, with its service-linked role.

    What something looked like before, and who changed it, can be told afterwards. Another role may lack the rights to
    record (Security Hub Config.1); switch `service_linked_role` off where it has them. A recorder that leaves types out
    on purpose is to be exempted. Resources that are in no region, such as roles, are recorded once in the account:
    switch `global_types` off for all regions but one.
    """
    given = recording["recorder"].get("roleARN", role)
    if service_linked_role and given and not given.endswith(_LINKED):
        return violation(because=f"the role is {given}, and not the service-linked one", guide=_CHANGE_ROLE)
    because = _lacking(recording)
    if not because:
        return compliant
    if (not recording["recorder"] and not role) or (not recording["channel"] and not bucket):
        return violation(because=because, guide=_CHOOSE)
    group = {"allSupported": True, "includeGlobalResourceTypes": global_types}
    recorder = {"name": "default", "roleARN": role, "recordingGroup": group, **recording["recorder"]}
    if not recorder["recordingGroup"].get("allSupported"):
        recorder["recordingGroup"] = group
    channel = recording["channel"] or {"name": "default", "s3BucketName": bucket}
    return should_be(recording={"recorder": recorder, "channel": channel, "on": True}, because=because)


def _lacking(recording: Json) -> str:
    if not recording["recorder"]:
        return "there is no recorder"
    if not recording["channel"]:
        return "the recorder has no delivery channel"
    if not recording["on"]:
        return "the recorder is stopped"
    whole = recording["recorder"]["recordingGroup"].get("allSupported")
    return "" if whole else "the recorder leaves out types of resources"
