"""An organization's trail seen from a member account, as CloudTrail answers there: by ARN and by nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pytest

from goldseam.assess.evaluate import Finding, Status
from goldseam.clouds.aws.read import AwsReader
from goldseam.clouds.aws.services import cloudtrail, cloudwatch
from goldseam.control import Catalog
from goldseam.decide.policy import no_policies
from goldseam.model.errors import AccessDenied, NotFound
from goldseam.model.values import Json
from goldseam.service.pipeline import Standing, scan
from tests.aws.laws import ACCOUNT
from tests.aws.test_read import Cloud, Noon

CATALOG: Final = Catalog.of([cloudtrail, cloudwatch])
MANAGEMENT: Final = "210987654321"
HOME: Final = "us-east-1"
IN_ALL: Final = "aws.cloudtrail.account.recorded-in-all-regions"
ALARMS: Final = {control.id for control in cloudwatch.ALARMS_ON_EVENTS}
OF_TRAIL: Final = {control.id for control in CATALOG.controls if control.kind is cloudtrail.TRAIL}


@dataclass
class Trails:
    """CloudTrail in one account: lists shadows in every region, and finds by name only what is the account's own."""

    trails: list[Json]
    logging: bool = True
    asked: list[str] = field(default_factory=list)
    events: Mapping[str, Json | Exception] = field(default_factory=dict)

    def described(self, params: Mapping[str, Json]) -> Mapping[str, Json]:
        shown = self.trails if params.get("includeShadowTrails", True) else []
        names = params.get("trailNameList")
        return {"trailList": [trail for trail in shown if names is None or trail["TrailARN"] in names]}

    def status(self, params: Mapping[str, Json]) -> Mapping[str, Json]:
        return {"IsLogging": self.logging} if self._found(params["Name"]) else {}

    def selectors(self, params: Mapping[str, Json]) -> Mapping[str, Json]:
        self._found(params["TrailName"])
        held = self.events.get(params["TrailName"], {"EventSelectors": []})
        if isinstance(held, Exception):
            raise held
        return {**held, "InsightSelectors": []}

    def _found(self, name: str) -> bool:
        self.asked.append(name)
        own = {trail["Name"] for trail in self.trails if f":{ACCOUNT}:" in trail["TrailARN"]}
        if name not in own | {trail["TrailARN"] for trail in self.trails}:
            where = f"Unknown trail: arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/{name}"
            raise NotFound(where, operation="cloudtrail", code="TrailNotFoundException")
        return True


def trail(account: str, name: str = "org-trail", group: str = MANAGEMENT) -> Json:
    return {
        "Name": name,
        "TrailARN": f"arn:aws:cloudtrail:{HOME}:{account}:trail/{name}",
        "HomeRegion": HOME,
        "S3BucketName": "org-logs",
        "IsMultiRegionTrail": True,
        "IsOrganizationTrail": account == MANAGEMENT,
        "CloudWatchLogsLogGroupArn": f"arn:aws:logs:{HOME}:{group}:log-group:org:*",
    }


def scanned(member: Trails) -> tuple[list[Finding], Cloud]:
    cloud = Cloud(
        {
            "cloudtrail.DescribeTrails": member.described,
            "cloudtrail.GetTrailStatus": member.status,
            "cloudtrail.GetEventSelectors": member.selectors,
            "cloudtrail.GetInsightSelectors": member.selectors,
            "cloudtrail.ListTags": NotFound("not yours", code="CloudTrailARNInvalidException"),
            "cloudwatch.DescribeAlarms": {"MetricAlarms": []},
            "logs.DescribeMetricFilters": {"metricFilters": []},
            "sns.ListSubscriptions": {"Subscriptions": []},
        }
    )
    with AwsReader(cloud, CATALOG, workers=2, clock=Noon()) as reader:
        reports = list(scan(reader, CATALOG, Standing(no_policies()), Noon()))
    assert [gap for report in reports for gap in report.gaps] == []
    return [finding for report in reports for seen in report.seen for finding in seen.findings], cloud


def statuses(found: list[Finding], names: set[str]) -> set[Status]:
    assert names <= {finding.control for finding in found}
    return {finding.status for finding in found if finding.control in names}


def test_a_member_account_is_recorded_and_what_only_the_organization_may_change_is_not_applicable() -> None:
    """The mutation: ask for the status by the trail's name; the 16 controls are unknown then."""
    member = Trails([trail(MANAGEMENT)])
    found, _ = scanned(member)
    assert statuses(found, {IN_ALL}) == {Status.PASS}
    assert statuses(found, ALARMS) == {Status.NOT_APPLICABLE}
    assert statuses(found, OF_TRAIL) == {Status.NOT_APPLICABLE}
    assert len(ALARMS | {IN_ALL}) == 16
    for finding in found:
        if finding.status is Status.NOT_APPLICABLE:
            assert MANAGEMENT in finding.because
            assert "Creating a trail for an organization" in finding.source
    assert set(member.asked) == {trail(MANAGEMENT)["TrailARN"]}


@pytest.mark.parametrize(
    ("custom", "owner", "status"),
    [
        (False, MANAGEMENT, Status.PASS),
        (True, MANAGEMENT, Status.UNKNOWN),
        (None, MANAGEMENT, Status.UNKNOWN),
        (False, ACCOUNT, Status.UNKNOWN),
    ],
)
def test_a_trail_that_hides_its_selectors_tells_whether_they_were_chosen(
    custom: bool | None, owner: str, status: Status
) -> None:
    """The mutations: the selectors of another account's trail are all that counts; a missing answer is a no."""
    held = trail(owner) | ({} if custom is None else {"HasCustomEventSelectors": custom})
    hidden = {held["TrailARN"]: NotFound("Unknown trail", code="TrailNotFoundException")}
    found, _ = scanned(Trails([held], events=hidden))
    assert statuses(found, {IN_ALL}) == {status}


def test_a_trail_is_judged_once_where_it_has_its_home_whoever_owns_it() -> None:
    """The mutation: list without `region="HomeRegion"`; every region has the trail then."""
    own = trail(ACCOUNT, "main", ACCOUNT)
    found, _ = scanned(Trails([trail(MANAGEMENT), own]))
    of_trails = [finding for finding in found if finding.control in OF_TRAIL]
    assert len(of_trails) == 2 * len(OF_TRAIL)
    assert {finding.ref.region for finding in of_trails} == {HOME}
    assert {finding.ref.address for finding in of_trails} == {own["TrailARN"], trail(MANAGEMENT)["TrailARN"]}
    judged = {finding.status for finding in of_trails if finding.ref.address == own["TrailARN"]}
    assert judged == {Status.PASS, Status.FAIL}


def test_an_account_s_own_trail_and_alarms_are_judged_beside_the_organization_s() -> None:
    """The mutation: let any foreign recorder be enough in `_where_the_trail_is`."""
    found, _ = scanned(Trails([trail(MANAGEMENT), trail(ACCOUNT, "main", ACCOUNT)]))
    assert statuses(found, ALARMS) == {Status.FAIL}


def test_alarms_are_judged_in_the_delegated_account_that_holds_the_log_group() -> None:
    """The mutation: look at the owners of trails alone, not at those of their log groups."""
    found, _ = scanned(Trails([trail(MANAGEMENT, group=ACCOUNT)]))
    assert statuses(found, ALARMS) == {Status.FAIL}
    assert statuses(found, OF_TRAIL) == {Status.NOT_APPLICABLE}


@pytest.mark.parametrize("trails", [[], [trail(MANAGEMENT)]])
def test_without_a_trail_that_logs_the_account_is_judged_as_any_other(trails: list[Json]) -> None:
    """The mutation: count an organization trail that does not log."""
    found, _ = scanned(Trails(trails, logging=False))
    assert statuses(found, {IN_ALL} | ALARMS) == {Status.FAIL}


def basic(**said: Json) -> Json:
    return {"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": True, **said}]}


def advanced(*selectors: Mapping[str, list[str]], operator: str = "Equals") -> Json:
    """Selectors of management events, each narrowed by fields."""
    category = {"Field": "eventCategory", "Equals": ["Management"]}
    narrowed = [[{"Field": name, operator: of} for name, of in each.items()] for each in selectors]
    return {"AdvancedEventSelectors": [{"Name": "", "FieldSelectors": [category, *each]} for each in narrowed]}


PART: Final[dict[str, Json]] = {
    "data events only": basic(IncludeManagementEvents=False),
    "reads only": basic(ReadWriteType="ReadOnly"),
    "writes only": basic(ReadWriteType="WriteOnly"),
    "without KMS": basic(ExcludeManagementEventSources=["kms.amazonaws.com"]),
    "advanced, writes only": advanced({"readOnly": ["false"]}),
    "advanced, without KMS": advanced({"eventSource": ["kms.amazonaws.com"]}, operator="NotEquals"),
    "advanced, one source": advanced({"eventSource": ["iam.amazonaws.com"]}),
    "advanced, some events": advanced({"eventName": ["DeleteTrail"]}),
}
WHOLE: Final[dict[str, Json]] = {
    "one selector": basic(),
    "reads and writes apart": {
        "EventSelectors": [
            *basic(ReadWriteType="ReadOnly")["EventSelectors"],
            basic(ReadWriteType="WriteOnly")["EventSelectors"][0],
        ]
    },
    "advanced": advanced({}),
    "advanced, reads and writes apart": advanced({"readOnly": ["true"]}, {"readOnly": ["false"]}),
}


@pytest.mark.parametrize("owner", [ACCOUNT, MANAGEMENT])
@pytest.mark.parametrize("name", [*PART, *WHOLE])
def test_a_trail_counts_only_with_all_management_events(name: str, owner: str) -> None:
    """The mutation: judge `Logging` alone, or by `of_all_sources=False`."""
    held = trail(owner, "main", owner)
    found, _ = scanned(Trails([held], events={held["TrailARN"]: (PART | WHOLE)[name]}))
    assert statuses(found, {IN_ALL}) == {Status.FAIL if name in PART else Status.PASS}
    for other in (trail(MANAGEMENT), trail(ACCOUNT, "second")):
        beside, _ = scanned(Trails([held, other], events={held["TrailARN"]: (PART | WHOLE)[name]}))
        assert statuses(beside, {IN_ALL}) == {Status.PASS}


def test_selectors_that_cannot_be_read_are_no_record() -> None:
    """The mutation: take selectors that cannot be read for those of a new trail."""
    held = trail(ACCOUNT, "main", ACCOUNT)
    refused = AccessDenied("no", operation="cloudtrail.GetEventSelectors", code="AccessDeniedException")
    found, _ = scanned(Trails([held], events={held["TrailARN"]: refused}))
    assert statuses(found, {IN_ALL}) == {Status.UNKNOWN}


def test_an_organization_trail_is_asked_about_where_it_was_listed() -> None:
    """Its home region may be off in a member account. The mutation: ask in the region of its ARN."""
    away = {**trail(MANAGEMENT), "TrailARN": f"arn:aws:cloudtrail:ap-east-1:{MANAGEMENT}:trail/org-trail"}
    found, cloud = scanned(Trails([{**away, "HomeRegion": "ap-east-1"}]))
    assert statuses(found, {IN_ALL}) == {Status.PASS}
    assert cloud.places["cloudtrail.GetTrailStatus"] == cloud.places["cloudtrail.DescribeTrails"] - {"eu-west-3", HOME}
