"""The account's alarms on its record: metric filters on the log groups of its trails, and alarms on their metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, TypeAlias

from goldseam.clouds.aws.facet import Account, AwsFacet, Look, Reading, Send
from goldseam.clouds.aws.kind import Ask, AwsKind, ListingScope, changes
from goldseam.clouds.aws.services.cloudtrail.account import READS, region_of, trails_of_all_regions
from goldseam.clouds.aws.services.cloudtrail.trail import (
    ON_TRAILS,
    ORGANIZATION_TRAIL,
    account_of,
    left_out,
    manages,
    selected,
)
from goldseam.clouds.aws.services.cloudwatch.ringing import topics_of
from goldseam.clouds.aws.services.cloudwatch.table import METRICS
from goldseam.control import Call, Owner, Step, owner_rule
from goldseam.model.errors import AccessDenied, NotFound
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value

_SELECTORS: Final = "cloudtrail.GetEventSelectors"
_FILTERS: Final = "logs.DescribeMetricFilters"
_ALARMS: Final = "cloudwatch.DescribeAlarms"
_SUBSCRIBED: Final = ("sns.ListSubscriptions", "sns.ListSubscriptionsByTopic")
_GROUP: Final = "CloudWatchLogsLogGroupArn"
_OF_FILTER: Final = (
    "filterName", "filterPattern", "metricTransformations", "applyOnTransformedLogs", "fieldSelectionCriteria",
    "emitSystemFieldDimensions",
)  # fmt: skip
_OF_ALARM: Final = (
    "AlarmName", "AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions",
    "MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit", "EvaluationPeriods",
    "DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData", "EvaluateLowSampleCountPercentile",
    "Metrics", "ThresholdMetricId", "EvaluationWindow", "WarmUpConfiguration", "EvaluationCriteria",
    "EvaluationInterval",
)  # fmt: skip
_UNSAID: Final[Mapping[str, Json]] = {
    "ActionsEnabled": True,
    "TreatMissingData": "missing",
    "applyOnTransformedLogs": False,
}
"""What is left out where it is what CloudWatch takes by itself."""

_APART: Final = frozenset({"AlarmName", "ActionsEnabled"})
_ON_ALARMS: Final = ("PutMetricAlarm", "DeleteAlarms", "DisableAlarmActions", "EnableAlarmActions")


def _said(raw: Mapping[str, Json], names: tuple[str, ...]) -> dict[str, Json]:
    """What can be written of an alarm or a filter, without what is empty or goes without saying."""
    held = {name: raw[name] for name in names if raw.get(name) not in (None, [], "")}
    return {name: _plain(value) for name, value in held.items() if value != _UNSAID.get(name)}


def alarm_form(value: Value) -> Value:
    """An alarm's definition without its name; its actions are switched on and off apart."""
    said = {} if value is ABSENT else _said(value, _OF_ALARM)
    return {name: item for name, item in said.items() if name not in _APART}


def _plain(value: Json) -> Json:
    """Whole numbers as such: AWS writes 1 as 1.0 in some answers."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


@dataclass(frozen=True)
class WatchedGroups(AwsFacet):
    """The log groups that get all management events of all regions, their metric filters, and alarms on the metrics.

    Each filter and each alarm is written and deleted by a call of its own. Alarms on the metrics that Goldseam names
    are part of it whether a filter feeds them or not: one may be left of a filter that someone deleted.
    """

    one_by_one: ClassVar[bool] = True

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The trails, and for those with a log group its filters and the alarms of its region."""
        return (*READS, _SELECTORS, _FILTERS, _ALARMS)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The groups of trails that log, in this account."""
        del item
        return Reading(self.normal(_watch(ask, ref.account)))

    def normal(self, value: Value) -> Value:
        """Groups by ARN, filters and alarms by name."""
        held = {"groups": [], "alarms": []} if value is ABSENT else value
        groups = [
            {**group, "filters": sorted(group["filters"], key=lambda each: str(each["filterName"]))}
            for group in held["groups"]
        ]
        return {
            "groups": sorted(groups, key=lambda group: str(group["arn"])),
            "alarms": sorted(held["alarms"], key=lambda alarm: (str(alarm["Region"]), str(alarm["AlarmName"]))),
        }

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """Filters before the alarms on them; what goes, in the other order."""
        groups = _empty(before)
        if groups != _empty(after):
            raise self.no_way(ref, after)
        old, new = _flat(before), _flat(after)
        state, steps = dict(old), []
        for key in sorted((key for key in new if old.get(key) != new[key]), key=_order):
            state[key] = new[key]
            steps.append(self.step(_put(key, new[key], ref), self.normal(_folded(groups, state))))
        for key in sorted(old.keys() - new.keys(), key=_order, reverse=True):
            del state[key]
            steps.append(self.step(_delete(key, ref), self.normal(_folded(groups, state))))
        return tuple(steps)


def _watch(ask: Ask, account: str) -> dict[str, Json]:
    """The log groups with their filters, and the alarms of their regions."""
    fed = _fed(ask, account)
    groups: list[Json] = [
        {"arn": arn, "filters": filters} | ({"leftOut": sorted(fed[arn])} if fed[arn] else {})
        for arn in sorted(fed)
        if (filters := _filters(ask, arn)) is not None
    ]
    metrics = {(ns, name) for group in groups for each in group["filters"] for ns, name in metrics_of(each)}
    alarms = [
        {**_said(alarm, _OF_ALARM), "Region": region}
        for region in sorted({region_of(group["arn"]) for group in groups})
        for alarm in ask.every(_ALARMS, {}, region, "MetricAlarms")
        if alarm.get("MetricName") in METRICS or (alarm.get("Namespace"), alarm.get("MetricName")) in metrics
    ]
    return {"groups": groups, "alarms": alarms}


def _fed(ask: Ask, account: str) -> dict[str, frozenset[str]]:
    """The account's log groups that get all management events, each with the services that are left out of them."""
    found: dict[str, frozenset[str]] = {}
    for trail in _recording(ask, account):
        group, arn = str(trail.get(_GROUP) or ""), str(trail["TrailARN"])
        if not group or account_of(group) != account:
            continue
        where = region_of(arn) if account_of(arn) == account else region_of(group)
        events = selected(ask.one(_SELECTORS, {"TrailName": arn}, where))
        if manages(events, of_all_sources=False):
            found[group] = found.get(group, left_out(events)) & left_out(events)
    return found


@dataclass(frozen=True)
class Topics(Look):
    """The SNS topics with a confirmed subscription, and those of alarms of which that cannot be read.

    One list for a region holds the account's own subscriptions; a topic that an alarm notifies and that is not in it
    is asked for its subscriptions, which may be of other accounts (Amazon SNS API Reference,
    "ListSubscriptionsByTopic").
    """

    @property
    def read_operations(self) -> tuple[str, ...]:
        """What the watch is read with, and the subscriptions."""
        return (*READS, _SELECTORS, _FILTERS, _ALARMS, *_SUBSCRIBED)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The topics of the regions that hold the log groups."""
        del item
        watch = _watch(ask, ref.account)
        regions = sorted({region_of(group["arn"]) for group in watch["groups"]})
        listed = [each for region in regions for each in ask.every(_SUBSCRIBED[0], {}, region, "Subscriptions")]
        subscribed = _confirmed(listed)
        unreadable = set()
        for topic in sorted({topic for alarm in watch["alarms"] for topic in topics_of(alarm)} - subscribed):
            found = _subscriptions(ask, topic)
            subscribed |= _confirmed(found or ())
            unreadable |= {topic} if found is None else set()
        return Reading({"subscribed": sorted(subscribed), "unreadable": sorted(unreadable)})


def _confirmed(subscriptions: Iterable[Mapping[str, Json]]) -> set[str]:
    """The topics of subscriptions with an ARN; one that is not confirmed says `PendingConfirmation` instead."""
    return {each["TopicArn"] for each in subscriptions if str(each.get("SubscriptionArn")).startswith("arn:")}


def _subscriptions(ask: Ask, topic: str) -> list[Json] | None:
    """Those of a topic, none where it is gone; None where its account does not let this one list them."""
    try:
        return ask.every(_SUBSCRIBED[1], {"TopicArn": topic}, region_of(topic), "Subscriptions")
    except NotFound:
        return []
    except AccessDenied:
        return None


def _recording(ask: Ask, account: str) -> list[Json]:
    return [trail for trail in trails_of_all_regions(ask, account) if trail["Logging"]]


@dataclass(frozen=True)
class Recorders(Look):
    """The accounts that trails of all regions which log belong to, and those that their log groups are in."""

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The trails."""
        return READS

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """By number."""
        del item
        trails = _recording(ask, ref.account)
        arns = [arn for trail in trails for arn in (trail["TrailARN"], trail.get(_GROUP)) if arn]
        return Reading(sorted({account_of(arn) for arn in arns}))


_OURS: Final = "123456789012"
_THEIRS: Final = "210987654321"


@owner_rule(
    ours=[
        {"recorders": [], "account": _OURS},
        {"recorders": [_OURS], "account": _OURS},
        {"recorders": [_OURS, _THEIRS], "account": _OURS},
    ],
    theirs=[{"recorders": [_THEIRS], "account": _OURS}],
)
def _where_the_trail_is(recorders: Sequence[str], account: str) -> Owner | None:
    """Only trails of the organization record the account, and none writes to a log group of it."""
    if not recorders or account in recorders:
        return None
    where = ", ".join(recorders)
    because = (
        f"the organization trail of account {where} records this account; metric filters and alarms are judged there"
    )
    return Owner(because, ORGANIZATION_TRAIL)


def metrics_of(metric_filter: Json) -> list[tuple[str, str]]:
    """The metrics that a filter feeds, by namespace and name."""
    return [(each["metricNamespace"], each["metricName"]) for each in metric_filter["metricTransformations"]]


def _filters(ask: Ask, arn: str) -> list[Json] | None:
    """The filters of a log group; None when the group is gone, which its trail does not notice."""
    try:
        held = ask.every(_FILTERS, {"logGroupName": _group_name(arn)}, region_of(arn), "metricFilters")
    except NotFound:
        return None
    return [_said(each, _OF_FILTER) for each in held]


def _group_name(arn: str) -> str:
    return arn.split(":log-group:", 1)[1].removesuffix(":*")


_ALARM: Final = "alarm"
_FILTER: Final = "filter"

_Key: TypeAlias = tuple[str, str, str]
"""Whether it is an alarm or a filter, where it is (a region, a log group's ARN), and its name."""


def _order(key: _Key) -> tuple[bool, _Key]:
    """Filters before alarms."""
    return (key[0] == _ALARM, key)


def _flat(value: Json) -> dict[_Key, Json]:
    found: dict[_Key, Json] = {}
    for group in value["groups"]:
        found |= {(_FILTER, group["arn"], each["filterName"]): each for each in group["filters"]}
    return found | {(_ALARM, alarm["Region"], alarm["AlarmName"]): alarm for alarm in value["alarms"]}


def _empty(value: Json) -> list[Json]:
    """The groups without their filters."""
    return [{**group, "filters": []} for group in value["groups"]]


def _folded(groups: Sequence[Json], flat: Mapping[_Key, Json]) -> Json:
    def within(place: str) -> list[Json]:
        return [each for (sort, where, _), each in flat.items() if sort == _FILTER and where == place]

    alarms = [each for (sort, _, _), each in flat.items() if sort == _ALARM]
    return {"groups": [{**group, "filters": within(group["arn"])} for group in groups], "alarms": alarms}


def _put(key: _Key, document: Mapping[str, Json], ref: Ref) -> Call:
    sort, place, name = key
    if sort == _FILTER:
        send = Send("logs.PutMetricFilter", {"logGroupName": _group_name(place)}, (_on(place),), region_of(place))
        return send.call(ref, more={"filterPattern": "", **document})
    send = Send("cloudwatch.PutMetricAlarm", {}, (_alarm_arn(place, name),), place)
    return send.call(ref, more={field: value for field, value in document.items() if field != "Region"})


def _delete(key: _Key, ref: Ref) -> Call:
    sort, place, name = key
    if sort == _FILTER:
        named = {"logGroupName": _group_name(place), "filterName": name}
        return Send("logs.DeleteMetricFilter", named, (_on(place),), region_of(place)).call(ref)
    return Send("cloudwatch.DeleteAlarms", {"AlarmNames": [name]}, (_alarm_arn(place, name),), place).call(ref)


def _alarm_arn(region: str, name: str) -> str:
    return f"arn:{{partition}}:cloudwatch:{region}:{{account}}:alarm:{name}"


def _on(group: str) -> str:
    """How IAM names a log group: with `:*` at its end (CloudWatch Logs User Guide, "CloudWatch Logs resources")."""
    return f"{group.removesuffix(':*')}:*"


WATCHED: Final = AwsKind(
    "aws.cloudwatch.account",
    "account's alarms on its record of events",
    (WatchedGroups(name="watch"), Topics(name="topics"), Recorders(name="recorders"), Account(name="account")),
    touched_by=(
        changes("cloudtrail", "recipientAccountId", names=(*ON_TRAILS, "PutEventSelectors")),
        changes("logs", "recipientAccountId", names=("PutMetricFilter", "DeleteMetricFilter", "DeleteLogGroup")),
        changes("monitoring", "recipientAccountId", names=_ON_ALARMS),
    ),
    address="arn:{partition}:iam::{account}:root",
    scope=ListingScope.GLOBAL,
    owner_rule=_where_the_trail_is,
)
