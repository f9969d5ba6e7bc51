from __future__ import annotations

import json

import pytest

from goldseam.assess.evaluate import evaluate
from goldseam.clouds.aws.services import cloudtrail, kms
from goldseam.control import Catalog, Compliant, Control, Example, ShouldBe, Violation
from goldseam.model.values import ABSENT, Json
from goldseam.repair.propose import propose
from tests.aws.laws import ACCOUNT, REGION, as_read, left, operations, parameters, planned, verdict
from tests.aws.live import known, live

CONTROLS = Catalog.of([kms, cloudtrail]).controls
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
MULTI_REGION = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/mrk-1234abcd12ab34cd56ef1234567890ab"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ADMIN = {"Sid": "Admin", "Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}
ANYONE = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"}
OURS = {"KeyManager": "CUSTOMER", "KeySpec": "SYMMETRIC_DEFAULT", "Origin": "AWS_KMS"}
ABOUT = {**OURS, "Replica": False}
RIGHT = {
    "KmsKeyId": KEY,
    "LogFileValidationEnabled": True,
    "IsMultiRegionTrail": True,
    "IncludeGlobalServiceEvents": True,
}


def key_policy(*held: Json) -> Json:
    return {"Version": "2012-10-17", "Id": "key", "Statement": list(held)}


def closed(*held: Json) -> Json:
    facets = {"policy": key_policy(*held), "metadata": ABOUT, "arn": KEY}
    return left(kms.policy_not_public, Example(facets), "policy")


def test_the_rows_of_the_seed_are_all_there() -> None:
    assert {row.removeprefix("seed:") for control in CONTROLS for row in control.covers if row.startswith("seed:")} == {
        "cloudtrailEncryption",
        "cloudtrailFileValidation",
    }


def test_peers_03_a_key_policy_loses_only_its_public_statement() -> None:
    role = {**ADMIN, "Sid": "Role", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/app"}, "Action": "kms:Decrypt"}
    assert closed(ADMIN, ANYONE, role) == key_policy(ADMIN, role)


def test_the_account_keeps_its_key() -> None:
    decrypt = {**ANYONE, "Action": "kms:Decrypt"}
    assert closed(ANYONE) == key_policy({**ANYONE, "Principal": {"AWS": ROOT}})
    assert closed(decrypt)["Statement"][0]["Principal"] == {"AWS": ROOT}
    assert closed(ANYONE, decrypt) == key_policy({**ANYONE, "Principal": {"AWS": ROOT}})
    both = {**ANYONE, "Sid": "Both", "Principal": {"AWS": ["*", ROOT]}}
    assert closed(both) == key_policy({**both, "Principal": {"AWS": [ROOT]}})
    stranger = f"arn:aws:iam::{ACCOUNT[::-1]}:root"
    shared = {**ANYONE, "Sid": "Shared", "Principal": {"AWS": ["*", stranger]}}
    assert closed(shared) == key_policy(
        {**shared, "Principal": {"AWS": [stranger]}}, {**ANYONE, "Principal": {"AWS": ROOT}}
    )
    but_one = {"Effect": "Allow", "NotPrincipal": {"AWS": stranger}, "NotAction": "kms:Encrypt", "Resource": "*"}
    owned = {key: value for key, value in but_one.items() if key != "NotPrincipal"}
    assert closed(but_one) == key_policy({**owned, "Principal": {"AWS": ROOT}})


def test_a_condition_on_the_account_s_own_statement_is_no_administration() -> None:
    narrow = {**ADMIN, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    assert closed(narrow, ANYONE) == key_policy(narrow, {**ANYONE, "Principal": {"AWS": ROOT}})


def test_keys_of_another_partition_have_their_own_root() -> None:
    facets = {"policy": key_policy(ANYONE), "metadata": ABOUT, "arn": KEY.replace("arn:aws:", "arn:aws-cn:")}
    fixed = left(kms.policy_not_public, Example(facets), "policy")
    assert fixed["Statement"][0]["Principal"] == {"AWS": f"arn:aws-cn:iam::{ACCOUNT}:root"}


@pytest.mark.parametrize(
    "about",
    [
        {"KeyManager": "AWS"},
        {"KeySpec": "HMAC_256"},
        {"Origin": "EXTERNAL"},
        {"Replica": True},
    ],
)
def test_keys_that_cannot_be_rotated_are_left(about: Json) -> None:
    example = Example({"rotation": False, "state": "Enabled", "metadata": {**ABOUT, **about}})
    assert isinstance(verdict(kms.rotated, example), Compliant)


def test_a_disabled_key_is_not_rotated_and_no_key_is_ever_scheduled_for_deletion() -> None:
    assert isinstance(
        verdict(kms.rotated, Example({"rotation": False, "state": "Disabled", "metadata": ABOUT})), Compliant
    )
    plan = planned(kms.not_to_be_deleted, Example({"state": "PendingDeletion", "metadata": ABOUT}))
    assert operations(plan) == ["kms.CancelKeyDeletion"]
    assert not plan.reversible
    assert plan.undo == ()


def test_peers_10_a_trail_that_does_not_log_is_not_right_however_it_is_set() -> None:
    silent = {"logging": False, "settings": RIGHT}
    assert isinstance(verdict(cloudtrail.is_logging, Example(silent)), ShouldBe)
    plan = planned(cloudtrail.multi_region, Example(silent))
    assert operations(plan) == ["cloudtrail.StartLogging"]
    narrow = {"logging": False, "settings": {**RIGHT, "IsMultiRegionTrail": False}}
    plan = planned(cloudtrail.multi_region, Example(narrow))
    assert operations(plan) == ["cloudtrail.StartLogging", "cloudtrail.UpdateTrail"]
    assert parameters(plan)[1] == {"Name": "goldseam-example", "IsMultiRegionTrail": True}


@pytest.mark.parametrize("key", [KEY, MULTI_REGION, "alias/trails", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/trails"])
def test_peers_11_the_chosen_key_is_the_key_in_the_call(key: str) -> None:
    example = Example({"settings": {**RIGHT, "KmsKeyId": ""}}, settings={"kms_key": key})
    plan = planned(cloudtrail.encrypted_with_kms, example)
    assert parameters(plan) == [{"Name": "goldseam-example", "KmsKeyId": key}]
    assert [dict(call.parameters) for call in plan.undo] == [{"Name": "goldseam-example", "KmsKeyId": ""}]


def test_without_a_chosen_key_a_person_is_asked_for_one() -> None:
    found = verdict(cloudtrail.encrypted_with_kms, Example({"settings": {**RIGHT, "KmsKeyId": ""}}))
    assert isinstance(found, Violation)
    assert "kms_key" in found.guide


def test_several_findings_on_a_trail_are_one_update_of_what_differs() -> None:
    chosen = {"kms_key": "alias/trails"}
    resource = as_read(cloudtrail.validated, Example({"logging": True, "settings": ABSENT}))
    wanted = [cloudtrail.validated, cloudtrail.multi_region, cloudtrail.encrypted_with_kms]
    plan = propose(resource, wanted, wanted, lambda control, _: chosen if control is wanted[2] else control.defaults)
    assert parameters(plan) == [
        {
            "Name": "goldseam-example",
            "EnableLogFileValidation": True,
            "IncludeGlobalServiceEvents": True,
            "IsMultiRegionTrail": True,
            "KmsKeyId": "alias/trails",
        }
    ]


def test_on_moto_keys_are_read_repaired_and_taken_back(moto_url: str) -> None:
    with live(moto_url, kms.KEY) as aws:
        tags = [{"TagKey": "team", "TagValue": "web"}]
        held = json.dumps(key_policy(ADMIN, ANYONE))
        name = aws.make("kms.CreateKey", Policy=held, Tags=tags)["KeyMetadata"]["KeyId"]
        signing = aws.make("kms.CreateKey", KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        keys = aws.found()
        assert known(keys[name])
        assert keys[name].facets["metadata"] == ABOUT
        assert keys[name].facets["tags"] == {"team": "web"}
        plan, _ = aws.there_and_back(keys[name], kms.policy_not_public, kms.rotated)
        assert operations(plan) == ["kms.PutKeyPolicy", "kms.EnableKeyRotation"]
        assert [finding.status for finding in evaluate(keys[signing], [kms.rotated])] == ["pass"]


def test_on_moto_trails_are_read_repaired_and_taken_back(moto_url: str) -> None:
    with live(moto_url, cloudtrail.TRAIL) as aws:
        place = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
        aws.make("s3.CreateBucket", Bucket="goldseam-logs", **place)
        aws.make("cloudtrail.CreateTrail", Name="main", S3BucketName="goldseam-logs")
        trail = aws.found()["main"]
        assert known(trail)
        assert trail.facets["logging"] is False
        wanted = (cloudtrail.is_logging, cloudtrail.validated, cloudtrail.multi_region)
        plan, _ = aws.there_and_back(trail, *wanted)
        assert operations(plan) == ["cloudtrail.StartLogging", "cloudtrail.UpdateTrail"]
        aws.there_and_back(trail, cloudtrail.encrypted_with_kms, **{"encrypted-with-kms": {"kms_key": KEY}})


def test_a_stopped_trail_of_all_regions_is_not_made_a_second_time() -> None:
    arn = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/main"
    silent = {"Arn": arn, "Bucket": "logs", "Logging": False, "AllManagement": True}
    facets = {"trails": [silent], "arn": ROOT}
    found = verdict(cloudtrail.trail_for_all_regions, Example(facets, settings={"bucket": "logs"}))
    assert isinstance(found, Violation)
    assert "main does not log" in found.because


def test_a_trail_is_made_where_the_setting_says_and_starts_to_log() -> None:
    chosen = {"bucket": "logs", "home_region": "eu-central-1"}
    plan = planned(cloudtrail.trail_for_all_regions, Example({"trails": [], "arn": ROOT}, settings=chosen))
    assert [(call.operation, call.region) for call in plan.calls] == [
        ("cloudtrail.CreateTrail", "eu-central-1"),
        ("cloudtrail.StartLogging", "eu-central-1"),
    ]
    assert [call.operation for call in plan.undo] == ["cloudtrail.DeleteTrail"]


def test_a_role_is_passed_when_it_is_given_and_not_when_it_is_taken_away() -> None:
    plan = planned(cloudtrail.sent_to_log_group, cloudtrail.sent_to_log_group.violating[1])
    there, back = ({item.action for item in call.permissions} for call in (plan.calls[0], plan.undo[0]))
    assert there == {"cloudtrail:UpdateTrail", "iam:PassRole"}
    assert back == {"cloudtrail:UpdateTrail"}


@pytest.mark.parametrize("narrow", [{"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::one/"]}, None])
def test_selectors_of_one_bucket_do_not_record_all(narrow: Json) -> None:
    fields = [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
        *([narrow] if narrow else []),
    ]
    events = {"AdvancedEventSelectors": [{"Name": "", "FieldSelectors": fields}]}
    for control in cloudtrail.data_events:
        settings = control.compliant[0].facets["settings"]
        found = verdict(control, Example({"events": events, "settings": settings}))
        assert isinstance(found, ShouldBe if narrow else Compliant)


@pytest.mark.parametrize("control", cloudtrail.data_events, ids=lambda control: control.id)
def test_objects_events_of_one_region_are_not_those_of_all_buckets(control: Control) -> None:
    """The mutation: look at the selectors alone.

    CIS 4.8 and 4.9 ask for a trail of all Regions; one of a single Region records its own (AWS CloudTrail User Guide,
    "Receiving CloudTrail log files from multiple Regions").
    """
    facets = control.compliant[0].facets
    settings = {**facets["settings"], "IsMultiRegionTrail": False}
    found = verdict(control, Example({**facets, "settings": settings}))
    assert isinstance(found, ShouldBe)
    assert "IsMultiRegionTrail is false" in found.because
    assert set(found.changes) == {"settings"}
    assert isinstance(verdict(control, Example({**facets, **found.changes})), Compliant)
