"""The normal forms of a bucket's documents, and the reading of what only buckets with versions have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from goldseam.clouds.aws.bucket_regions import LOCATE, own_region
from goldseam.clouds.aws.facet import Look, Reading
from goldseam.clouds.aws.kind import Ask, filled
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value, canonical

EVENT_BRIDGE: Final = "EventBridgeConfiguration"
_DESTINATIONS: Final = ("TopicConfigurations", "QueueConfigurations", "LambdaFunctionConfigurations")
_SMALLEST: Final = "TransitionDefaultMinimumObjectSize"
_SMALLEST_BY_DEFAULT: Final = "all_storage_classes_128K"
_ENABLED: Final = "Enabled"
_VERSIONING: Final = "s3.GetBucketVersioning"


@dataclass(frozen=True)
class IfVersioned(Look):
    """What a bucket can only have while it keeps versions: it is not asked for where it keeps none.

    Object Lock and replication both need versioning (Amazon S3 User Guide, "Object Lock considerations" and
    "Requirements and considerations for replication").
    """

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The operation that says whether there are versions, and the facet's own."""
        return (*super().read_operations, _VERSIONING)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The facet; `ABSENT` without asking where no versions are kept."""
        answer = ask.one(_VERSIONING, filled({"Bucket": "{id}"}, ref), ref.region)
        if answer.get("Status") != _ENABLED:
            return Reading(self.normal(ABSENT))
        return super().read(ask, ref, item)


@dataclass(frozen=True)
class Replication(IfVersioned):
    """The replication rules: whether each is enabled, to which bucket, and whether that is in another region.

    The ARN of a bucket does not say its region: `elsewhere` is null where the bucket is not one of the account's own.
    """

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The rules, and where the account's buckets are."""
        return (*super().read_operations, "s3.ListBuckets", LOCATE)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The rules, and for those that are enabled where their buckets are."""
        found = super().read(ask, ref, item)
        if found.value is ABSENT:
            return found
        return Reading([self._rule(ask, ref, rule) for rule in found.value])

    def _rule(self, ask: Ask, ref: Ref, rule: Mapping[str, Json]) -> Json:
        to, enabled = str(rule["Destination"]["Bucket"]), rule["Status"] == _ENABLED
        region = own_region(ask, to.rpartition(":::")[2]) if enabled else None
        return replicating(to, rule["Status"], elsewhere=None if region is None else region != ref.region)


def replicating(to: str, status: str = _ENABLED, *, elsewhere: bool | None) -> Json:
    """A replication rule as it is read."""
    return {"status": status, "to": to, "elsewhere": elsewhere}


def logging_form(value: Value) -> Value:
    """Where the log goes; the plain format of its names is what S3 takes when none is said."""
    if value is ABSENT:
        return ABSENT
    held = {"TargetPrefix": "", **{key: item for key, item in value.items() if item}}
    if "TargetGrants" in held:
        held["TargetGrants"] = sorted(map(_unlabelled, held["TargetGrants"]), key=canonical)
    if held.get("TargetObjectKeyFormat") == {"SimplePrefix": {}}:
        del held["TargetObjectKeyFormat"]
    return held


def _unlabelled(grant: Mapping[str, Json]) -> Json:
    grantee = {key: item for key, item in grant["Grantee"].items() if key != "DisplayName"}
    return {**grant, "Grantee": grantee}


def ownership_of(rules: Json) -> Value:
    """Who owns new objects: a bucket has one rule."""
    return rules if isinstance(rules, str) else next(iter(rules), ABSENT)


def notification_form(value: Value) -> Value:
    """Where events go, each list in canonical order; EventBridge's part is empty and counts by being there."""
    held = {} if value is ABSENT else value
    lists = {key: sorted(held[key], key=canonical) for key in _DESTINATIONS if held.get(key)}
    return {**lists, EVENT_BRIDGE: {}} if held.get(EVENT_BRIDGE) is not None else lists


def lifecycle_form(value: Value) -> Value:
    """The rules by id, each with the prefix that it takes when it says none."""
    rules = [] if value is ABSENT else value.get("Rules") or []
    if not rules:
        return ABSENT
    held = sorted(({**rule, **_scope(rule)} for rule in rules), key=lambda rule: str(rule.get("ID", "")))
    return {"Rules": held, _SMALLEST: value.get(_SMALLEST) or _SMALLEST_BY_DEFAULT}


def _scope(rule: Mapping[str, Json]) -> Mapping[str, Json]:
    """A filter without anything in it is the empty prefix; the old form has its prefix outside a filter."""
    return {} if "Prefix" in rule and "Filter" not in rule else {"Filter": rule.get("Filter") or {"Prefix": ""}}


def as_lifecycle(value: Json) -> Json:
    """The parameters that put a lifecycle."""
    return {"LifecycleConfiguration": {"Rules": value["Rules"]}, _SMALLEST: value[_SMALLEST]}
