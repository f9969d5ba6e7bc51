"""What a setting names is where AWS wants it, or no fix is offered; a setting may depend on the resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from goldseam.assess.evaluate import Finding, Status, evaluate
from goldseam.clouds.aws.client import AwsSession
from goldseam.clouds.aws.cloud import AWS, aws_catalog
from goldseam.clouds.aws.named import ArnNaming
from goldseam.clouds.aws.read import AwsReader
from goldseam.clouds.aws.services import sqs
from goldseam.clouds.aws.services.elbv2 import load_balancer
from goldseam.clouds.aws.services.s3 import records
from goldseam.clouds.aws.services.sns import topic_encrypted
from goldseam.control import Control, Example, dependent
from goldseam.decide.policy import load_policies, settings_of
from goldseam.keyholder.allow import Rule, allowed, listed_settings
from goldseam.keyholder.derive import derived, unusual_settings
from goldseam.model.clock import SystemClock
from goldseam.model.errors import GrantRefused, InvalidDocument, PlanRefused
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import ABSENT, Json, Unknown
from goldseam.repair.plan import Plan
from goldseam.repair.propose import propose
from goldseam.service.pipeline import Standing, look, plan_for, scan
from tests.aws.laws import ACCOUNT, as_read, ref_of
from tests.emulators import Moto

CATALOG = aws_catalog()
LOGGED, QUEUE, BALANCER = records.logged, sqs.dead_lettered, load_balancer.access_logged
BY_REGION = "{by: region, values: {eu-west-1: logs-eu, us-east-1: logs-us}}"
LISTED = {"logs-eu": "eu-west-1", "logs-us": "us-east-1", "goldseam-example": "eu-west-1"}


def standing(setting: str, control: Control = LOGGED, more: str = "") -> Standing:
    text = f"version: 1\npolicies:\n- {{name: a, controls: {control.id}, mode: ask, settings: {{{setting}}}{more}}}\n"
    return Standing(load_policies(text, "policy.yaml", CATALOG))


def resource(control: Control, region: str = "eu-west-1", account: str = ACCOUNT, **facets: Json) -> Resource:
    made = as_read(control, control.violating[0])
    ref = replace(ref_of(control.kind, account=account, region=region), region=region)
    return Resource(ref, {**made.facets, **facets})


def judged(
    setting: str, on: Resource, control: Control = LOGGED, listed: Mapping[str, str] | Unknown = LISTED
) -> Finding:
    settings = settings_of(standing(setting, control).policies, lambda kind, _: listed if kind else {})
    return evaluate(on, [control], settings)[0]


def target(found: Finding) -> str:
    return str(found.changes["logging"]["TargetBucket"]) if found.changes else ""


# --- a setting that depends on the resource ---


@pytest.mark.parametrize(
    ("setting", "region", "tags", "expected"),
    [
        (BY_REGION, "eu-west-1", {}, "logs-eu"),
        (BY_REGION, "us-east-1", {}, "logs-us"),
        (f"{{by: account, values: {{'{ACCOUNT}': logs-eu}}}}", "eu-west-1", {}, "logs-eu"),
        ("{by: account, values: {'210987654321': logs-eu}, default: logs-us}", "us-east-1", {}, "logs-us"),
        ("{by: 'tag:team', values: {web: logs-eu}}", "eu-west-1", {"team": "web"}, "logs-eu"),
        ("{by: 'tag:team', values: {web: logs-us}, default: logs-eu}", "eu-west-1", {"team": "data"}, "logs-eu"),
        ("{by: 'tag:team', values: {web: logs-us}, default: logs-eu}", "eu-west-1", {}, "logs-eu"),
        ("arn:aws:s3:::logs-eu", "eu-west-1", {}, "logs-eu"),
    ],
)
def test_a_setting_may_depend_on_region_account_and_tag(
    setting: str, region: str, tags: dict[str, str], expected: str
) -> None:
    """The mutation: `_key` answers the region for all of them."""
    on = resource(LOGGED, region, tags=tags)
    found = judged(f"target_bucket: {setting}", on)
    assert target(found) == expected
    settings = settings_of(standing(f"target_bucket: {setting}").policies, lambda *_: LISTED)
    plan = propose(on, [LOGGED], [LOGGED], settings)
    assert plan.settings == {LOGGED.id: {"target_bucket": expected}}


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        (BY_REGION, "no `target_bucket` for region `ap-south-1`"),
        ("{by: account, values: {'210987654321': logs-eu}}", f"no `target_bucket` for account `{ACCOUNT}`"),
        ("{by: 'tag:team', values: {web: logs-eu}}", "no `target_bucket` for tag `team` = `data`"),
        ("{by: 'tag:owner', values: {web: logs-eu}}", "no `target_bucket` for a resource without tag `owner`"),
    ],
)
def test_a_resource_that_a_setting_has_no_value_for_is_judged_and_not_fixed(setting: str, reason: str) -> None:
    """The mutation: take the control's default in silence."""
    on = resource(LOGGED, "ap-south-1", tags={"team": "data"})
    found = judged(f"target_bucket: {setting}", on)
    assert (found.status, dict(found.changes)) == (Status.FAIL, {})
    assert found.because == f"requests are not logged; {reason}"
    assert "`default`" in found.guide
    passing = resource(LOGGED, "ap-south-1", tags={}, logging={"TargetBucket": "any", "TargetPrefix": ""})
    assert judged(f"target_bucket: {setting}", passing).status is Status.PASS
    settings = settings_of(standing(f"target_bucket: {setting}").policies)
    with pytest.raises(PlanRefused, match="no `target_bucket` for"):
        propose(on, [LOGGED], [LOGGED], settings)


def test_a_setting_by_a_tag_that_cannot_be_read_leaves_the_control_unknown() -> None:
    """The mutation: tags that cannot be read are no tags."""
    on = resource(LOGGED, tags=Unknown("access denied"))
    found = judged("target_bucket: {by: 'tag:team', values: {web: logs-eu}, default: logs-eu}", on)
    assert (found.status, found.because) == (
        Status.UNKNOWN,
        "setting `target_bucket` depends on tag `team`: access denied",
    )
    assert target(judged(f"target_bucket: {BY_REGION}", on)) == "logs-eu"


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("{by: region}", "needs `values`"),
        ("{by: region, values: {}}", "has no `values`"),
        ("{by: region, values: {eu-west1: logs-eu}}", "`eu-west1`, which is not a region"),
        ("{by: account, values: {'12': logs-eu}}", "not an account id"),
        ("{by: zone, values: {a: logs-eu}}", "cannot depend on `zone`"),
        ("{by: 'tag:', values: {a: logs-eu}}", "cannot depend on `tag:`"),
        ("{by: region, values: {eu-west-1: Logs_EU}}", "cannot be `Logs_EU`: a bucket is given by its name or its ARN"),
        ("{by: region, values: {eu-west-1: logs-eu}, default: 7}", "cannot be `7`"),
        ("{by: region, values: {eu-west-1: logs-eu}, else: logs}", "`else`"),
        ("'arn:aws:sqs:eu-west-1:123456789012:q'", "a bucket is given by"),
    ],
)
def test_what_is_no_setting_is_refused_when_the_policy_is_loaded(setting: str, problem: str) -> None:
    with pytest.raises(InvalidDocument, match=r"policy\.yaml:3") as raised:
        standing(f"target_bucket: {setting}")
    assert problem in str(raised.value)


# --- one name for one thing: by name or by ARN ---


@pytest.mark.parametrize(
    ("control", "setting", "form"),
    [
        (control, setting.name, setting.naming.type_name)
        for control in CATALOG.controls
        for setting in control.settings
        if isinstance(setting.naming, ArnNaming)
    ],
)
def test_every_setting_that_names_something_takes_the_form_that_it_writes(
    control: Control, setting: str, form: str
) -> None:
    """What a plan holds is resolved, and is resolved to itself again: a keyholder derives the same plan."""
    held = next(item for item in control.settings if item.name == setting)
    name = {"SecurityGroup": "sg-0a1b2c", "OriginAccessControl": "E1", "WebAclArn": ""}.get(form, "shop")
    assert isinstance(held.naming, ArnNaming)
    region = held.placed.region if held.placed and held.placed.region not in ("same", "any") else "eu-west-1"
    arn = held.naming.arn.format(partition="aws", region=region, account=ACCOUNT, name=name or "regional/webacl/a/b")
    ref = replace(ref_of(control.kind), region="eu-west-1")
    written = {held.naming.found(held.parsed(text), ref, region).written for text in (name, arn) if text}
    assert len(written) == 1
    assert {held.naming.found(held.parsed(text), ref, region).written for text in written} == written
    if form == "LogGroupArn":
        assert held.naming.found(f"{arn}:*", ref, region).written == arn


def test_a_name_becomes_the_arn_of_the_resource_s_own_region_and_account() -> None:
    on = resource(QUEUE, "ap-south-1", redrive=ABSENT, takes_dead_letters=False)
    found = judged("dead_letters: failed", on, QUEUE)
    assert found.changes["redrive"]["deadLetterTargetArn"] == f"arn:aws:sqs:ap-south-1:{ACCOUNT}:failed"


@pytest.mark.parametrize(
    ("arn", "problem"),
    [
        (f"arn:aws:sqs:us-east-1:{ACCOUNT}:failed", "`dead_letters` is `failed` in us-east-1, and not in eu-west-1"),
        ("arn:aws:sqs:eu-west-1:210987654321:failed", f"of account 210987654321, and not of {ACCOUNT}"),
    ],
)
def test_an_arn_of_another_place_is_not_offered(arn: str, problem: str) -> None:
    """The mutation: `_misplaced` answers nothing."""
    found = judged(f"dead_letters: '{arn}'", resource(QUEUE), QUEUE)
    assert not found.changes
    assert problem in found.because
    assert "{by: region, values: {eu-west-1: …}}" in found.guide


def test_a_key_of_another_region_is_not_offered_and_an_alias_is() -> None:
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    on = Resource(ref_of(topic_encrypted.kind), as_read(topic_encrypted, Example({"encryption": ABSENT})).facets)
    assert not judged(f"kms_key: '{key}'", on, topic_encrypted).changes
    for given in (key.replace("us-east-1", "eu-west-1"), "alias/data"):
        assert judged(f"kms_key: '{given}'", on, topic_encrypted).changes


# --- a bucket has no region in its name: the account's own listing says where it is ---


def test_a_log_target_in_another_region_is_not_offered_and_one_in_the_bucket_s_own_is() -> None:
    """The mutation: `_not_listed` answers nothing."""
    found = judged("target_bucket: logs-us", resource(LOGGED))
    assert not found.changes
    assert "`target_bucket` is `logs-us` in us-east-1, and not in eu-west-1" in found.because
    assert "Logging requests with server access logging" in found.because
    assert target(judged("target_bucket: logs-us", resource(LOGGED, "us-east-1"))) == "logs-us"


@pytest.mark.parametrize(
    ("control", "name", "given", "offered"),
    [
        (LOGGED, "target_bucket", "theirs", False),
        (LOGGED, "target_bucket", "{by: region, values: {eu-west-1: theirs}}", False),
        (BALANCER, "bucket", "theirs", False),
        (BALANCER, "bucket", "{by: account, values: {'123456789012': theirs}}", False),
        (BALANCER, "bucket", "{by: region, values: {eu-west-1: theirs}}", True),
        (BALANCER, "bucket", "{by: region, values: {eu-west-1: logs-us}}", False),
        (BALANCER, "bucket", "logs-eu", True),
        (BALANCER, "bucket", "logs-us", False),
    ],
)
def test_of_a_bucket_of_another_account_the_user_says_the_region_where_aws_allows_one(
    control: Control, name: str, given: str, offered: bool
) -> None:
    found = judged(f"{name}: {given}", resource(control), control)
    assert bool(found.changes) is offered
    assert found.status is Status.FAIL


@pytest.mark.parametrize(("control", "name"), [(LOGGED, "target_bucket"), (BALANCER, "bucket")])
def test_buckets_that_cannot_be_listed_are_in_no_known_region(control: Control, name: str) -> None:
    """The mutation: what cannot be listed is taken to be in the region."""
    found = judged(f"{name}: logs-eu", resource(control), control, Unknown("access denied to s3.ListBuckets"))
    assert not found.changes
    assert "not known to be in eu-west-1: access denied to s3.ListBuckets" in found.because


def test_an_exemption_fits_whether_or_not_the_target_can_be_used() -> None:
    """Apply compares what an exemption is for without a listing: the offending part is the same."""
    on = resource(LOGGED)
    with_listing = judged("target_bucket: logs-us", on)
    without = evaluate(on, [LOGGED], settings_of(standing("target_bucket: logs-us").policies))[0]
    assert without.changes
    assert not with_listing.changes
    assert with_listing.state == without.state


# --- the keyholder derives the same from what a plan holds, and lists settings by region too ---


def made(setting: str, control: Control, region: str) -> Plan:
    settings = settings_of(standing(setting, control).policies)
    on = resource(control, region)
    return propose(on, [control], CATALOG.controls_of[control.kind.name], settings, catalog_version=CATALOG.version)


@pytest.mark.parametrize(
    ("listed", "region", "fits"),
    [
        ({"dead_letters": ("failed",)}, "eu-west-1", True),
        ({"dead_letters": (f"arn:aws:sqs:eu-west-1:{ACCOUNT}:failed",)}, "eu-west-1", True),
        ({"dead_letters": (f"arn:aws:sqs:eu-west-1:{ACCOUNT}:failed",)}, "us-east-1", False),
        ({"dead_letters": ({"by": "region", "values": {"eu-west-1": "failed"}},)}, "eu-west-1", True),
        ({"dead_letters": ({"by": "region", "values": {"eu-west-1": "failed"}},)}, "us-east-1", False),
        ({"dead_letters": ({"by": "account", "values": {ACCOUNT: "failed"}},)}, "us-east-1", True),
        ({"dead_letters": ({"by": "account", "values": {"210987654321": "failed"}},)}, "us-east-1", False),
        ({"dead_letters": ({"by": "zone"}, 7)}, "eu-west-1", False),
        ({"bucket": ("failed",)}, "eu-west-1", False),
    ],
)
def test_a_keyholder_lists_a_setting_in_any_form_and_for_a_region_or_an_account(
    listed: dict[str, tuple[Json, ...]], region: str, fits: bool
) -> None:
    """The mutation: `listed_settings` answers the rule as it is."""
    plan = made("dead_letters: failed", QUEUE, region)
    takes = derived(plan, CATALOG, {}, {"aws": AWS})
    rule = Rule(("*",), ("*",), ("*",), ("*",), ("*",), 0, listed)
    found = allowed(takes, unusual_settings(plan, CATALOG), [listed_settings(plan, CATALOG, rule)])
    assert (not found.doubts) is fits


def test_a_keyholder_grants_no_plan_whose_setting_is_in_another_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutation: `_settings_in` does not resolve. A server that was taken over makes such a plan all the same."""
    monkeypatch.setattr(dependent, "_misplaced", lambda *_: "")
    plan = made(f"dead_letters: 'arn:aws:sqs:us-east-1:{ACCOUNT}:failed'", QUEUE, "eu-west-1")
    assert derived(plan, CATALOG, {}, {"aws": AWS}).plan == plan
    monkeypatch.undo()
    with pytest.raises(GrantRefused, match="`failed` in us-east-1, and not in eu-west-1"):
        derived(plan, CATALOG, {}, {"aws": AWS})


# --- the same through a reader ---


@pytest.fixture
def account(moto_cloud: Moto) -> Iterator[AwsReader]:
    """The buckets of case 15: data, a log bucket with dots that takes logs by its ACL, and one in another region."""
    moto_cloud.reset()
    session = AwsSession.with_credentials("testing", "testing", None, endpoint_url=moto_cloud.endpoint)

    def make(operation: str, region: str = "us-east-1", **params: Json) -> Mapping[str, Json]:
        return session.guarded([(f"s3.{operation}", params)]).call("s3", operation, region, **params)

    for name in ("app-data", "the.log.bucket", "already-logged", "plain-logs"):
        make("CreateBucket", Bucket=name)
    elsewhere = {"LocationConstraint": "eu-west-1"}
    make("CreateBucket", "eu-west-1", Bucket="far-away", CreateBucketConfiguration=elsewhere)
    owner = session.call("s3", "GetBucketAcl", "us-east-1", Bucket="the.log.bucket")["Owner"]
    group = {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"}
    grants = [{"Grantee": group, "Permission": each} for each in ("WRITE", "READ_ACP")]
    make("PutBucketAcl", Bucket="the.log.bucket", AccessControlPolicy={"Owner": owner, "Grants": grants})
    to = {"LoggingEnabled": {"TargetBucket": "the.log.bucket", "TargetPrefix": "already/"}}
    make("PutBucketLogging", Bucket="already-logged", BucketLoggingStatus=to)
    with AwsReader(session, CATALOG.only([LOGGED]), ("us-east-1", "eu-west-1")) as reader:
        yield reader
    session.close()


def scanned(reader: AwsReader, rules: Standing) -> dict[str, tuple[Status, str]]:
    reports = scan(reader, CATALOG.only([LOGGED]), rules, SystemClock())
    found = [(seen.resource.ref.id, item) for report in reports for seen in report.seen for item in seen.findings]
    return {name: (item.status, target(item)) for name, item in found}


def planned(reader: AwsReader, rules: Standing, name: str, region: str) -> str:
    catalog = CATALOG.only([LOGGED])
    ref = LOGGED.kind.ref("aws", ACCOUNT, region, name)  # type: ignore[attr-defined]
    assert isinstance(ref, Ref)
    seen = look(reader, catalog, rules, ref, SystemClock())
    plan = plan_for(seen.resource, [LOGGED], catalog, rules, SystemClock().now(), "", seen.located)
    return str(plan.changes[0].after["TargetBucket"])


def test_case_15_no_bucket_logs_to_itself_or_to_another_region(account: AwsReader) -> None:
    """The mutation: `scan` and `plan_for` resolve settings without a listing; `far-away` is planned then."""
    rules = standing("target_bucket: the.log.bucket")
    assert scanned(account, rules) == {
        "app-data": (Status.FAIL, "the.log.bucket"),
        "plain-logs": (Status.FAIL, "the.log.bucket"),
        "the.log.bucket": (Status.PASS, ""),
        "already-logged": (Status.PASS, ""),
        "far-away": (Status.FAIL, ""),
    }
    assert planned(account, rules, "app-data", "us-east-1") == "the.log.bucket"
    with pytest.raises(PlanRefused, match=r"`the\.log\.bucket` in us-east-1, and not in eu-west-1"):
        planned(account, rules, "far-away", "eu-west-1")
    itself = standing("target_bucket: 'arn:aws:s3:::plain-logs'")
    assert scanned(account, itself)["plain-logs"] == (Status.FAIL, "")
    assert scanned(account, itself)["app-data"] == (Status.FAIL, "plain-logs")
    with pytest.raises(PlanRefused, match="must not log to itself"):
        planned(account, itself, "plain-logs", "us-east-1")
