from __future__ import annotations

from collections.abc import Mapping

import pytest

from goldseam.assess.evaluate import verdict_on
from goldseam.clouds.aws.facet import AwsFacet
from goldseam.clouds.aws.permissions import SESSION_POLICY_LIMIT, session_policy
from goldseam.clouds.aws.services import cloudwatch
from goldseam.clouds.aws.services.cloudwatch.pattern import alternatives, does
from goldseam.clouds.aws.services.cloudwatch.table import ALARMS
from goldseam.control import Catalog, Compliant, Example, Violation
from goldseam.model.errors import AccessDenied, NotFound
from goldseam.model.values import Json, Unknown
from goldseam.repair.propose import propose
from tests.aws.laws import ACCOUNT, REGION, as_read, operations, parameters, planned, ref_of, verdict

CONTROLS = Catalog.of([cloudwatch]).controls
GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:trail:*"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
TOPICS = {"subscribed": [TOPIC], "unreadable": []}
EMPTY: dict[str, Json] = {"watch": {"groups": [{"arn": GROUP, "filters": []}], "alarms": []}, "topics": TOPICS}
PATTERNS = {alarm.word: alarm.pattern for alarm in ALARMS}
ROOT = next(control for control in cloudwatch.ALARMS_ON_EVENTS if "root" in control.id)


@pytest.mark.parametrize(
    ("word", "spelt"),
    [
        (
            "root-used",
            '{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}',
        ),
        ("calls-refused", '{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}'),
        ("keys-lost", "{($.eventName=ScheduleKeyDeletion)||($.eventName=DisableKey)}"),
        (
            "keys-lost",
            "{(($.eventName=DisableKey)||($.eventName=ScheduleKeyDeletion)) && ($.eventSource = kms.amazonaws.com) }",
        ),
        ("sign-ins-failed", '{ ($.errorMessage = "Failed authentication") && ($.eventName = ConsoleLogin) }'),
        ("trails", "{ $.eventSource = cloudtrail.amazonaws.com }"),
    ],
)
def test_a_pattern_is_known_in_another_spelling(word: str, spelt: str) -> None:
    assert does(spelt, PATTERNS[word])


@pytest.mark.parametrize(
    ("word", "spelt"),
    [
        ("keys-lost", "{($.eventName=DisableKey)}"),
        (
            "keys-lost",
            '{(($.eventName=DisableKey)||($.eventName=ScheduleKeyDeletion)) && ($.userIdentity.type = "Root")}',
        ),
        ("root-used", '{ $.userIdentity.type != "Root" }'),
        ("root-used", "Root"),
        ("root-used", ""),
        ("root-used", "{ ($.userIdentity.type = Root }"),
        ("root-used", "{ }"),
    ],
)
def test_a_pattern_that_counts_less_is_not_the_same(word: str, spelt: str) -> None:
    assert not does(spelt, PATTERNS[word])


def test_every_pattern_is_one_that_aws_takes() -> None:
    for alarm in ALARMS:
        assert alternatives(alarm.written), alarm.word
        assert len(alarm.written) <= 1024, alarm.word


def test_peers_09_all_alarms_are_one_plan_that_fits_a_session() -> None:
    resource = as_read(ROOT, Example(EMPTY))
    wanted = list(cloudwatch.ALARMS_ON_EVENTS)
    plan = propose(resource, wanted, wanted, lambda control, _: {**control.defaults, "topic": TOPIC})
    assert operations(plan) == ["logs.PutMetricFilter"] * 15 + ["cloudwatch.PutMetricAlarm"] * 15
    assert [call.operation for call in plan.undo] == ["cloudwatch.DeleteAlarms"] * 15 + ["logs.DeleteMetricFilter"] * 15
    assert {call.region for call in plan.calls} == {REGION}
    assert len(session_policy(plan)) <= SESSION_POLICY_LIMIT


def test_an_alarm_is_put_on_a_metric_that_is_there_and_nothing_else_is_touched() -> None:
    theirs = {
        "filterName": "theirs",
        "filterPattern": '{ $.userIdentity.type = "Root" }',
        "metricTransformations": [{"metricName": "Root", "metricNamespace": "CIS", "metricValue": "1"}],
    }
    watch = {"groups": [{"arn": GROUP, "filters": [theirs]}], "alarms": []}
    plan = planned(ROOT, Example({"watch": watch, "topics": TOPICS}, settings={"topic": TOPIC}))
    assert operations(plan) == ["cloudwatch.PutMetricAlarm"]
    sent = parameters(plan)[0]
    assert (sent["Namespace"], sent["MetricName"], sent["AlarmActions"]) == ("CIS", "Root", [TOPIC])


def test_a_topic_of_another_region_is_no_use() -> None:
    there = TOPIC.replace(REGION, "us-east-1")
    assert isinstance(verdict(ROOT, Example(EMPTY, settings={"topic": there})), Violation)


def subscription(topic: str, arn: str = "arn:aws:sns:subscription") -> Json:
    return {"TopicArn": TOPIC.replace("alarms", topic), "SubscriptionArn": arn, "Protocol": "email"}


class Account:
    """Two trails of all regions, of which one logs; the organisation's trail; a filter and three alarms."""

    def one(self, operation: str, parameters: Mapping[str, Json], region: str) -> Mapping[str, Json]:
        del region
        if operation == "cloudtrail.GetTrailStatus":
            return {"IsLogging": not parameters["Name"].endswith("silent")}
        if operation == "cloudtrail.GetEventSelectors":
            return self._selectors(parameters["TrailName"].rpartition("/")[2])
        names = ("main", "silent", "organisation", "lost", "reads", "data", "quiet")
        return {"trailList": [self._trail(name) for name in names]}

    def _selectors(self, trail: str) -> Mapping[str, Json]:
        if trail == "data":
            fields = [{"Field": "eventCategory", "Equals": ["Data"]}]
            return {"AdvancedEventSelectors": [{"Name": "", "FieldSelectors": fields}]}
        if trail == "reads":
            return {"EventSelectors": [{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}]}
        left_out = ["kms.amazonaws.com"] if trail == "quiet" else []
        selector = {"ReadWriteType": "All", "IncludeManagementEvents": True}
        return {"EventSelectors": [{**selector, "ExcludeManagementEventSources": left_out}]}

    def _trail(self, name: str) -> Json:
        account = "210987654321" if name == "organisation" else ACCOUNT
        arn = f"arn:aws:cloudtrail:{REGION}:{account}:trail/{name}"
        group = f"arn:aws:logs:{REGION}:{account}:log-group:{name}:*"
        return {"TrailARN": arn, "IsMultiRegionTrail": True, "CloudWatchLogsLogGroupArn": group}

    def every(self, operation: str, parameters: Mapping[str, Json], region: str, member: str) -> list[Json]:
        del region, member
        if operation == "sns.ListSubscriptions":
            return [subscription("alarms"), subscription("asked", "PendingConfirmation")]
        if operation == "sns.ListSubscriptionsByTopic":
            return self._subscriptions(parameters["TopicArn"].rpartition(":")[2])
        if operation == "cloudwatch.DescribeAlarms":
            names = ("Calls", "CPUUtilization", "GoldseamRootUsed")
            actions = [TOPIC.replace("alarms", name) for name in ("alarms", "asked", "theirs", "secret", "gone")]
            alarm = {"Namespace": "Own", "Threshold": 1.0, "AlarmActions": actions}
            return [{**alarm, "AlarmName": name, "MetricName": name} for name in names]
        if parameters["logGroupName"] == "lost":
            raise NotFound("it is gone", operation=operation, code="ResourceNotFoundException")
        feeds = {"metricName": "Calls", "metricNamespace": "Own", "metricValue": "1"}
        return [{"filterName": "f", "filterPattern": "", "metricTransformations": [feeds], "creationTime": 1}]

    def _subscriptions(self, topic: str) -> list[Json]:
        if topic == "gone":
            raise NotFound("it is gone", operation="sns.ListSubscriptionsByTopic", code="NotFound")
        if topic == "secret":
            raise AccessDenied("no", operation="sns.ListSubscriptionsByTopic", code="AuthorizationError")
        assert topic != "alarms", "the list of the region told"
        return [subscription(topic, "PendingConfirmation" if topic == "asked" else f"arn:aws:sns:{topic}:1")]

    def today(self) -> str:
        raise NotImplementedError


def test_only_groups_count_that_a_trail_of_this_account_fills_and_only_alarms_on_them() -> None:
    """The mutation: take the groups of all trails that log, whichever events they record."""
    facet = cloudwatch.WATCHED.facet("watch")
    assert isinstance(facet, AwsFacet)
    seen = facet.read(Account(), ref_of(cloudwatch.WATCHED, ACCOUNT), None).value
    groups = {group["arn"].split(":")[6]: group.get("leftOut") for group in seen["groups"]}
    assert groups == {"main": None, "quiet": ["kms.amazonaws.com"]}
    assert [alarm["AlarmName"] for alarm in seen["alarms"]] == ["Calls", "GoldseamRootUsed"]
    assert seen["alarms"][0]["Threshold"] == 1


def test_topics_count_with_a_confirmed_subscription_and_those_that_others_keep_to_themselves_are_unknown() -> None:
    """The mutation: count a subscription that is `PendingConfirmation`, or take a refusal for no subscription."""
    facet = cloudwatch.WATCHED.facet("topics")
    assert isinstance(facet, AwsFacet)
    seen = facet.read(Account(), ref_of(cloudwatch.WATCHED, ACCOUNT), None).value
    named = {name: [arn.rpartition(":")[2] for arn in arns] for name, arns in seen.items()}
    assert named == {"subscribed": ["alarms", "theirs"], "unreadable": ["secret"]}


def alarmed(**change: Json) -> Example:
    """The account with an alarm that notifies, but for what is changed in the alarm, its filter or the topics."""
    watch, topics = (ROOT.compliant[0].facets[name] for name in ("watch", "topics"))
    (group,), (alarm,) = watch["groups"], watch["alarms"]
    (held,) = group["filters"]
    published = [{**held["metricTransformations"][0], **change.pop("published", {})}]
    filters = [{**held, "metricTransformations": published, **change.pop("filter", {})}]
    topics = change.pop("topics", topics)
    watch = {"groups": [{**group, "filters": filters}], "alarms": [{**alarm, **change}]}
    return Example({"watch": watch, "topics": topics})


@pytest.mark.parametrize(("word", "sees"), [("keys-lost", False), ("root-used", True), ("bucket-policies", True)])
def test_a_filter_sees_no_events_of_a_service_that_the_trail_leaves_out(word: str, *, sees: bool) -> None:
    """The mutation: pass over `leftOut`.

    CloudWatch.7 fails where `ExcludeManagementEventSources` has KMS (AWS Security Hub User Guide, "Security Hub
    controls for CloudWatch").
    """
    control = next(each for each in cloudwatch.ALARMS_ON_EVENTS if each.id.endswith(f".{word}-alarmed"))
    watch, topics = (control.compliant[0].facets[name] for name in ("watch", "topics"))
    groups = [{**group, "leftOut": ["kms.amazonaws.com"]} for group in watch["groups"]]
    facets = {"watch": {**watch, "groups": groups}, "topics": topics}
    found = verdict(control, Example(facets, settings={"topic": topics["subscribed"][0]}))
    assert isinstance(found, Compliant if sees else Violation)
    if isinstance(found, Violation):
        assert "kms.amazonaws.com is left out" in found.because


def test_the_filter_is_made_on_the_group_that_gets_the_events() -> None:
    """The mutation: write it on the first group."""
    keys = next(each for each in cloudwatch.ALARMS_ON_EVENTS if "keys-lost" in each.id)
    blind = {"arn": GROUP.replace(":trail:", ":a-quiet:"), "filters": [], "leftOut": ["kms.amazonaws.com"]}
    watch = {**EMPTY["watch"], "groups": [blind, *EMPTY["watch"]["groups"]]}
    plan = planned(keys, Example({"watch": watch, "topics": TOPICS}, settings={"topic": TOPIC}))
    assert parameters(plan)[0]["logGroupName"] == "trail"


NOBODY: Json = {"subscribed": [], "unreadable": []}
DEAF: tuple[dict[str, Json], ...] = (
    {"ActionsEnabled": False},
    {"AlarmActions": []},
    {"AlarmActions": ["arn:aws:lambda:eu-west-1:123456789012:function:goldseam-example"]},
    {"topics": NOBODY},
    {"Region": "us-east-1"},
    {"Threshold": 1000000},
    {"Threshold": 2},
    {"ComparisonOperator": "LessThanThreshold"},
    {"ComparisonOperator": "GreaterThanThreshold"},
    {"Statistic": "SampleCount"},
    {"Statistic": "Average", "published": {"defaultValue": 0}},
    {"Threshold": 0, "published": {"defaultValue": 0}},
    {"published": {"defaultValue": 1}},
    {"published": {"metricValue": "0"}},
    {"published": {"metricValue": "$.count"}},
    {"published": {"dimensions": {"Region": "$.awsRegion"}}},
    {"published": {"unit": "Count"}, "Unit": "Bytes"},
    {"Unit": "Count"},
    {"Dimensions": [{"Name": "Region", "Value": "eu-west-1"}]},
    {"EvaluationPeriods": 3},
    {"EvaluationPeriods": 3, "DatapointsToAlarm": 2},
    {"TreatMissingData": "breaching"},
    {"filter": {"fieldSelectionCriteria": '@aws.region = "eu-west-1"'}},
)
LOUD: tuple[dict[str, Json], ...] = (
    {},
    {"Statistic": "Average"},
    {"Statistic": "Maximum", "published": {"defaultValue": 0}},
    {"published": {"defaultValue": 0}},
    {"ComparisonOperator": "GreaterThanThreshold", "Threshold": 0},
    {"EvaluationPeriods": 3, "DatapointsToAlarm": 1},
    {"published": {"unit": "Count"}, "Unit": "Count"},
    {"published": {"metricValue": "5"}, "Threshold": 5},
    {"TreatMissingData": "missing"},
)


@pytest.mark.parametrize("change", DEAF, ids=str)
def test_an_alarm_that_one_event_leaves_silent_is_none(change: dict[str, Json]) -> None:
    """The mutation: `why_silent` looks at ActionsEnabled and AlarmActions alone, as `_rings` did."""
    assert isinstance(verdict(ROOT, alarmed(**change)), Violation)


@pytest.mark.parametrize("change", LOUD, ids=str)
def test_an_alarm_that_one_event_sets_off_is_one_however_it_is_written(change: dict[str, Json]) -> None:
    """The mutation: ask for `Sum` and threshold 1, as the fix writes them."""
    assert isinstance(verdict(ROOT, alarmed(**change)), Compliant)


def test_subscriptions_that_cannot_be_listed_are_unknown_and_a_topic_with_none_is_not_written() -> None:
    """The mutation: count an unreadable topic as subscribed, or write an alarm on a topic that nobody gets."""
    facets = alarmed().facets
    (alarm,) = facets["watch"]["alarms"]
    hidden = {**facets, "topics": {"subscribed": [], "unreadable": alarm["AlarmActions"]}}
    found = verdict_on(ROOT, as_read(ROOT, Example(hidden)), ROOT.defaults)
    assert isinstance(found, Unknown)
    assert alarm["AlarmActions"][0] in found.reason
    assert isinstance(verdict(ROOT, Example({**EMPTY, "topics": NOBODY}, settings={"topic": TOPIC})), Violation)


def test_the_reason_is_the_setting_that_keeps_the_alarm_silent() -> None:
    """The mutation: say that there is no alarm."""
    found = verdict(ROOT, alarmed(Threshold=1000000))
    assert isinstance(found, Violation)
    assert "Sum GreaterThanOrEqualToThreshold 1000000" in found.because
    unheard = verdict(ROOT, alarmed(topics=NOBODY))
    assert isinstance(unheard, Violation)
    assert "no confirmed subscription" in unheard.because


OF_GUIDE: Mapping[str, tuple[str, str]] = {
    "CloudWatch.1": (
        "",
        '$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"',
    ),
    "CloudWatch.2": ("", '($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")'),
    "CloudWatch.3": (
        "",
        (
            ' ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && '
            '($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") '
        ),
    ),
    "CloudWatch.4": (
        "iam",
        (
            "DeleteGroupPolicy DeleteRolePolicy DeleteUserPolicy PutGroupPolicy PutRolePolicy PutUserPolicy "
            "CreatePolicy DeletePolicy CreatePolicyVersion DeletePolicyVersion AttachRolePolicy DetachRolePolicy "
            "AttachUserPolicy DetachUserPolicy AttachGroupPolicy DetachGroupPolicy"
        ),
    ),
    "CloudWatch.5": ("", "CreateTrail UpdateTrail DeleteTrail StartLogging StopLogging"),
    "CloudWatch.6": ("", '($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")'),
    "CloudWatch.7": ("kms", "DisableKey ScheduleKeyDeletion"),
    "CloudWatch.8": (
        "s3",
        (
            "PutBucketAcl PutBucketPolicy PutBucketCors PutBucketLifecycle PutBucketReplication DeleteBucketPolicy "
            "DeleteBucketCors DeleteBucketLifecycle DeleteBucketReplication"
        ),
    ),
    "CloudWatch.9": (
        "config",
        "StopConfigurationRecorder DeleteDeliveryChannel PutDeliveryChannel PutConfigurationRecorder",
    ),
    "CloudWatch.10": (
        "",
        (
            "AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress "
            "RevokeSecurityGroupEgress CreateSecurityGroup DeleteSecurityGroup"
        ),
    ),
    "CloudWatch.11": (
        "",
        (
            "CreateNetworkAcl CreateNetworkAclEntry DeleteNetworkAcl DeleteNetworkAclEntry ReplaceNetworkAclEntry "
            "ReplaceNetworkAclAssociation"
        ),
    ),
    "CloudWatch.12": (
        "",
        (
            "CreateCustomerGateway DeleteCustomerGateway AttachInternetGateway CreateInternetGateway "
            "DeleteInternetGateway DetachInternetGateway"
        ),
    ),
    "CloudWatch.13": (
        "ec2",
        (
            "CreateRoute CreateRouteTable ReplaceRoute ReplaceRouteTableAssociation DeleteRouteTable DeleteRoute "
            "DisassociateRouteTable"
        ),
    ),
    "CloudWatch.14": (
        "",
        (
            "CreateVpc DeleteVpc ModifyVpcAttribute AcceptVpcPeeringConnection CreateVpcPeeringConnection "
            "DeleteVpcPeeringConnection RejectVpcPeeringConnection AttachClassicLinkVpc DetachClassicLinkVpc "
            "DisableVpcClassicLink EnableVpcClassicLink"
        ),
    ),
}
"""Service and terms of the filter patterns (AWS Security Hub User Guide, "Security Hub controls for CloudWatch")."""


def spelled(source: str, terms: str) -> str:
    if "$" in terms:
        return f"{{{terms}}}"
    names = " || ".join(f"($.eventName={name})" for name in terms.split())
    return f"{{($.eventSource={source}.amazonaws.com) && ({names})}}" if source else f"{{{names}}}"


def test_the_fix_writes_the_patterns_of_security_hub_s_guide_to_the_letter() -> None:
    """The mutation: write the pattern that the check asks for at least, with a service or an exclusion more."""
    sent = {}
    for alarm, control in zip(ALARMS, cloudwatch.ALARMS_ON_EVENTS, strict=True):
        plan = planned(control, Example(EMPTY, settings={"topic": TOPIC}))
        sent[alarm.row] = parameters(plan)[0]["filterPattern"]
    del sent[""]
    assert sent == {row: spelled(*terms) for row, terms in OF_GUIDE.items()}


def test_what_the_fix_writes_counts_all_that_the_check_asks_for() -> None:
    """The mutation: leave a call out of what is written."""
    for alarm in ALARMS:
        assert does(alarm.written, alarm.pattern), alarm.word
    assert not does(PATTERNS["calls-refused"], ALARMS[1].written)
