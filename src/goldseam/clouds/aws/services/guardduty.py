"""GuardDuty: whether it watches a region, what its detector looks at, and how detector and filters are tagged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from goldseam.clouds.aws.facet import VALUE, AwsFacet, Get, Look, Reading, Send, absent_is, linked_role
from goldseam.clouds.aws.kind import REQUEST, Ask, AwsKind, Listing, changes
from goldseam.clouds.aws.owners import administered, administrator_of
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Labels, Moves
from goldseam.control import (
    Control,
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
from goldseam.model.values import ABSENT, Json, Placeholder, Value

_LIST: Final = "guardduty.ListDetectors"
_GET: Final = "guardduty.GetDetector"
_NONE: Final = "NONE"
_OFF: Final = "DISABLED"
_ON: Final = "ENABLED"
_THIS: Final = {"DetectorId": Placeholder("state", "id")}
_ANY_DETECTOR: Final = ("{address}/*",)
"""The one of the region, whose id only a reading tells."""

_LINKED: Final = linked_role("guardduty", "AWSServiceRoleForAmazonGuardDuty")


def _create(on: bool) -> Send:  # noqa: FBT001 - what the API calls it
    return Send("guardduty.CreateDetector", {"Enable": on}, ("*",), also=_LINKED)


def _update(on: bool) -> Send:  # noqa: FBT001 - what the API calls it
    return Send("guardduty.UpdateDetector", {**_THIS, "Enable": on}, _ANY_DETECTOR)


_DELETE: Final = Send("guardduty.DeleteDetector", _THIS, _ANY_DETECTOR)


@dataclass(frozen=True)
class _State(Moves):
    """Whether the region has a detector, and whether it works; a region has one at most."""

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The list, and the state of what is in it."""
        return (_LIST, _GET)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The state; the detector's id is told."""
        del item
        ids = ask.every(_LIST, {}, ref.region, "DetectorIds")
        if not ids:
            return Reading(_NONE)
        answer = ask.one(_GET, {"DetectorId": ids[0]}, ref.region)
        return Reading(str(answer["Status"]), told={"id": str(ids[0])})


_ADMINISTRATOR: Final = "guardduty.GetAdministratorAccount"


@dataclass(frozen=True)
class _Administrator(Look):
    """The account that administers the region's detector through Organizations; empty where there is none."""

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The list, and the administrator of what is in it."""
        return (_LIST, _ADMINISTRATOR)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Only a member's detector has an administrator."""
        del item
        ids = ask.every(_LIST, {}, ref.region, "DetectorIds")
        told = ask.one(_ADMINISTRATOR, {"DetectorId": ids[0]}, ref.region) if ids else {}
        return Reading(administrator_of(told.get("Administrator") or {}))


REGION: Final = AwsKind(
    "aws.guardduty.region",
    "GuardDuty in a region",
    (
        _State(
            name="state",
            moves={
                (_NONE, _ON): _create(on=True),
                (_NONE, _OFF): _create(on=False),
                (_OFF, _ON): _update(on=True),
                (_ON, _OFF): _update(on=False),
                (_ON, _NONE): _DELETE,
                (_OFF, _NONE): _DELETE,
            },
        ),
        _Administrator(name="administrator"),
    ),
    touched_by=(changes("guardduty", "awsRegion", names=("CreateDetector", "UpdateDetector", "DeleteDetector")),),
    address="arn:{partition}:guardduty:{region}:{account}:detector",
    owner_rule=administered("guardduty"),
)


@control(
    "aws.guardduty.region.on",
    REGION,
    severity=Severity.HIGH,
    maps=required("guardduty_is_enabled"),
    covers=("security-hub:GuardDuty.1", "prowler:guardduty_is_enabled"),
    disrupts=may_disrupt(
        "GuardDuty reads the events, DNS queries and network flows of the region, and charges for what it reads"
    ),
    compliant=({"state": _ON},),
    violating=(
        Example({"state": _NONE}, leaves={"state": _ON}),
        Example({"state": _OFF}, leaves={"state": _ON}),
    ),
)  # fmt: skip
def on(state: Value) -> Verdict:
    """GuardDuty watches the region.

    It tells of stolen keys, of machines that mine coins and of calls from where nobody works. Intruders go to regions
    that nobody uses, so it should watch those too. Taken back, the detector is deleted with what it found since.
    """
    if state == _ON:
        return compliant
    because = "no detector watches the region" if state == _NONE else "the detector is suspended"
    return should_be(state=_ON, because=because)


@dataclass(frozen=True)
class _Features(AwsFacet):
    """What the detector looks at, by name; one call sets those that differ."""

    def normal(self, value: Value) -> Value:
        """By name."""
        return {} if value is ABSENT else value

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One update."""
        if before.keys() - after.keys():
            raise self.no_way(ref, after)
        differing = [{"Name": name, "Status": after[name]} for name in sorted(after) if before.get(name) != after[name]]
        if not differing:
            return ()
        send = Send("guardduty.UpdateDetector", {"DetectorId": "{id}", "Features": VALUE})
        return (self.step(send.call(ref, differing), after),)


def _by_name(raw: list[Mapping[str, Json]]) -> Value:
    return {str(each["Name"]): each["Status"] for each in raw}


def _labels() -> Labels:
    return Labels(
        name="tags",
        get=Get("guardduty.ListTagsForResource", {"ResourceArn": "{address}"}, "Tags"),
        add=Send("guardduty.TagResource", {"ResourceArn": "{address}", "Tags": VALUE}),
        remove=Send("guardduty.UntagResource", {"ResourceArn": "{address}", "TagKeys": VALUE}),
    )


_ALL: Final = {"MaxResults": 50}
_DETECTORS: Final = Listing(_LIST, "DetectorIds", narrow=_ALL)
DETECTOR: Final = AwsKind(
    "aws.guardduty.detector",
    "GuardDuty detector",
    (
        _Features(name="features", get=Get(_GET, {"DetectorId": "{id}"}, "Features"), decode=_by_name),
        Look(
            name="administrator",
            get=Get(_ADMINISTRATOR, {"DetectorId": "{id}"}, "Administrator"),
            decode=administrator_of,
            form=absent_is(""),
        ),
        _labels(),
    ),
    touched_by=(
        changes("guardduty", f"{REQUEST}.detectorId"),
        changes("guardduty", f"{REQUEST}.resourceArn", id="arn:.+:detector/([^/]+)"),
    ),
    address="arn:{partition}:guardduty:{region}:{account}:detector/{id}",
    find=_DETECTORS,
    owner_rule=administered("guardduty", "features"),
)
FILTER: Final = AwsKind(
    "aws.guardduty.filter",
    "GuardDuty filter",
    (_labels(),),
    touched_by=(changes("guardduty", f"{REQUEST}.resourceArn", id="arn:.+:detector/([^/]+/filter/[^/]+)"),),
    address="arn:{partition}:guardduty:{region}:{account}:detector/{parent}/filter/{name}",
    find=Listing(
        "guardduty.ListFilters", "FilterNames", parameters={"DetectorId": "{parent}"}, narrow=_ALL, within=_DETECTORS
    ),
)


class _Feature(NamedTuple):
    """Something that a detector can look at."""

    word: str
    name: str
    title: str
    why: str
    check: str


_FEATURES: Final = (
    _Feature(
        "buckets", "S3_DATA_EVENTS", "GuardDuty looks at what is done with objects in buckets",
        "Data that is copied away or deleted shows in these events alone.", "guardduty_s3_protection_enabled",
    ),
    _Feature(
        "kubernetes", "EKS_AUDIT_LOGS", "GuardDuty looks at the audit log of Kubernetes",
        "What is done inside a cluster shows nowhere else.", "guardduty_eks_audit_log_enabled",
    ),
    _Feature(
        "malware", "EBS_MALWARE_PROTECTION", "GuardDuty looks for malware on the disks of suspicious machines",
        "What a machine was made to do is on its disk.", "guardduty_ec2_malware_protection_enabled",
    ),
    _Feature(
        "database-logins", "RDS_LOGIN_EVENTS", "GuardDuty looks at logins to databases",
        "Guessed passwords and strange logins show there.", "guardduty_rds_protection_enabled",
    ),
    _Feature(
        "functions", "LAMBDA_NETWORK_LOGS", "GuardDuty looks at the network of functions",
        "A function that was taken over calls home.", "guardduty_lambda_protection_enabled",
    ),
)  # fmt: skip


def _feature_control(feature: _Feature) -> Control:
    off, good = {feature.name: _OFF}, {feature.name: _ON}

    @control(
        f"aws.guardduty.detector.{feature.word}-watched",
        DETECTOR,
        severity=Severity.MEDIUM,
        title=feature.title,
        why=f"{feature.why} A detector that does not know the feature, because its region does not have it, passes.",
        maps=required(feature.check),
        disrupts=may_disrupt("GuardDuty charges for what it looks at"),
        compliant=({"features": good}, {"features": {}}),
        violating=(
            Example({"features": off}, leaves={"features": good}),
            Example({"features": {"DNS_LOGS": _ON, **off}}, leaves={"features": {"DNS_LOGS": _ON, **good}}),
        ),
    )
    def watched(features: Value) -> Verdict:
        if features.get(feature.name, _ON) == _ON:
            return compliant
        return should_be(features={**features, feature.name: _ON}, because=f"{feature.name} is off")

    return watched


FEATURES: Final = tuple(map(_feature_control, _FEATURES))
"""One control for each thing that a detector can look at."""

_NO_TAG: Final = (
    "1. agree on the tags that say whose a resource is; 2. give one in a policy as the settings `key` and `value`"
)


def _tag_control(kind: AwsKind, row: str) -> Control:
    @control(
        f"{kind.name}.tagged",
        kind,
        severity=Severity.LOW,
        title=f"The {kind.title} has a tag",
        why="A tag says whose it is, and lets rules of access and of cost tell it from others.",
        covers=(f"security-hub:{row}",),
        disrupts=may_disrupt("rules of access and of cost that go by the tag apply to it from then on"),
        compliant=({"tags": {"team": "web"}},),
        violating=(
            {"tags": {}},
            Example({"tags": {"aws:cloudformation:stack-name": "s"}}, settings={"key": "team", "value": "web"}),
            Example({"tags": {}}, settings={"key": "team", "value": "web"}, leaves={"tags": {"team": "web"}}),
        ),
    )
    def tagged(tags: Value, *, key: str = "", value: str = "") -> Verdict:
        if any(not name.startswith("aws:") for name in tags):
            return compliant
        if not key:
            return violation(because="it has no tag of yours", guide=_NO_TAG)
        return should_be(tags={**tags, key: value}, because="it has no tag of yours")

    return tagged


TAGGED: Final = (_tag_control(DETECTOR, "GuardDuty.4"), _tag_control(FILTER, "GuardDuty.2"))
"""Detectors and filters have tags."""
