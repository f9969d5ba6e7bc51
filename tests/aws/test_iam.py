"""Roles, policies, groups and the root user of IAM, and how few calls a scan of users takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from goldseam.clouds.aws.facet import AwsFacet
from goldseam.clouds.aws.reading import readings_of
from goldseam.clouds.aws.services.iam import holders, managed_policy, role
from goldseam.clouds.aws.services.iam.group import GROUP
from goldseam.clouds.aws.services.iam.managed_policy import POLICY
from goldseam.clouds.aws.services.iam.role import ROLE
from goldseam.clouds.aws.services.iam.root import ROOT_USER
from goldseam.clouds.aws.services.iam.sign_in import MUST_RESET, SECOND_FACTOR, SIGN_IN_IDLE
from goldseam.clouds.aws.services.iam.user import USER
from goldseam.control import Compliant, Control, Example, Violation
from goldseam.model.errors import NotFound
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Unknown
from tests.aws.laws import ACCOUNT, REGION, left, operations, parameters, planned, ref_of, verdict
from tests.aws.live import known, live

ARN = f"arn:aws:iam::{ACCOUNT}:role/goldseam-example"
ANYONE = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
SERVICE = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
OUR_ORGANISATION = {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}


def document(*held: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(held)}


def allow(*actions: str, resource: Json = "*", **more: Json) -> Json:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def test_only_an_earlier_version_is_made_to_hold_again() -> None:
    wide, narrow = document(allow("*")), document(allow("s3:GetObject", resource="arn:aws:s3:::b/*"))
    by_word = {control.id.rpartition(".")[2]: control for control in managed_policy.POLICIES}
    versions = [{"id": f"v{at}", "document": held} for at, held in ((10, narrow), (9, wide), (2, wide), (1, narrow))]
    arn = f"arn:aws:iam::{ACCOUNT}:policy/p"
    example = Example({"default_version": "v9", "versions": versions, "arn": arn})
    assert left(by_word["not-administrator"], example, "default_version") == "v1"
    older_only = Example({"default_version": "v9", "versions": versions[:2], "arn": arn})
    assert isinstance(verdict(by_word["not-administrator"], older_only), Violation)


# Who may take on a role


def trusted(*held: Json, arn: str = ARN) -> Json:
    return left(role.trust_not_public, Example({"trust": document(*held), "arn": arn, "path": "/"}), "trust")


def test_peers_03_and_16_a_trust_loses_only_what_is_public() -> None:
    ours = {**ANYONE, "Condition": OUR_ORGANISATION}
    assert trusted(SERVICE, ANYONE, ours) == document(SERVICE, ours)


def test_a_role_is_never_left_without_anybody() -> None:
    known_word = {**ANYONE, "Condition": {"StringEquals": {"sts:ExternalId": "word"}}}
    root = f"arn:aws-cn:iam::{ACCOUNT}:root"
    assert trusted(known_word, arn=ARN.replace("arn:aws:", "arn:aws-cn:")) == document(
        {**known_word, "Principal": {"AWS": root}}
    )
    but_one = {"Effect": "Allow", "NotPrincipal": {"AWS": root}, "Action": "sts:AssumeRole"}
    assert trusted(but_one)["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


@pytest.mark.parametrize(
    ("subject", "named"),
    [
        ("repo:example/app:*", True),
        ("repo:example/*", True),
        ("repo:*/app:*", False),
        ("repo:*", False),
        ("*", False),
        ("repo:exam*", False),
    ],
)
def test_a_workflow_is_tied_when_its_owner_is(subject: str, named: bool) -> None:
    issuer = "token.actions.githubusercontent.com"
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringLike": {f"{issuer}:sub": subject}},
    }
    example = Example({"trust": document(statement), "path": "/", "arn": ARN})
    assert isinstance(verdict(role.github_repository_named, example), Compliant) is named


def test_whoever_aws_marked_is_denied_everything_and_keeps_what_was_attached() -> None:
    quarantine = next(control for control in holders.QUARANTINES if control.kind is USER)
    marked = {"arn": "arn:aws-cn:iam::aws:policy/AWSCompromisedKeyQuarantineV2"}
    facets = {"attached": [marked], "tags": {}, "arn": f"arn:aws-cn:iam::{ACCOUNT}:user/mia"}
    plan = planned(quarantine, Example(facets))
    assert operations(plan) == ["iam.AttachUserPolicy"]
    assert parameters(plan)[0]["PolicyArn"] == "arn:aws-cn:iam::aws:policy/AWSDenyAll"
    assert [call.operation for call in plan.undo] == ["iam.DetachUserPolicy"]


# Few calls


HEAD = "user,password_enabled,password_last_used,access_key_1_last_used_date,access_key_2_last_used_date"
REPORT = f"""{HEAD}
<root_account>,not_supported,2026-06-20T10:00:00+00:00,N/A,2026-06-02T10:00:00+00:00
mia,true,2026-03-01T10:00:00+00:00,N/A,N/A
ci,false,N/A,N/A,N/A
"""


class Told:
    """An `Ask` with a table of answers, which remembers what it was asked."""

    def __init__(self, **answers: Any) -> None:
        self._answers = {f"iam.{name}": answer for name, answer in answers.items()}
        self.asked: list[str] = []

    def one(self, operation: str, parameters: Mapping[str, Json], region: str) -> Mapping[str, Json]:
        del parameters, region
        self.asked.append(operation)
        answer = self._answers[operation]
        if isinstance(answer, Exception):
            raise answer
        found: Mapping[str, Json] = answer
        return found

    def every(self, operation: str, parameters: Mapping[str, Json], region: str, member: str) -> list[Json]:
        found: list[Json] = self.one(operation, parameters, region)[member]
        return found

    def today(self) -> str:
        return "2026-06-30"


def none_such(operation: str) -> NotFound:
    return NotFound("none", operation=operation, code="NoSuchEntity")


REPORTED = {"GenerateCredentialReport": {"State": "COMPLETE"}, "GetCredentialReport": {"Content": REPORT}}
PROFILE = {"LoginProfile": {"CreateDate": "2026-01-01T00:00:00+00:00", "PasswordResetRequired": False}}
SIGN_IN: tuple[AwsFacet, ...] = (MUST_RESET, SECOND_FACTOR, SIGN_IN_IDLE)


def read(ask: Told, facet: AwsFacet, name: str, item: Json = None) -> Json:
    return facet.read(ask, ref_of(USER, name), item).value


def test_a_report_without_a_row_for_the_root_user_is_said_in_words() -> None:
    """The mutation: look the row up as if it were always there."""
    content = "\n".join(line for line in REPORT.splitlines() if not line.startswith("<root_account>"))
    report = {**REPORTED, "GetCredentialReport": {"Content": content}}
    facets = [facet for facet in ROOT_USER.facets if isinstance(facet, AwsFacet) and facet.name == "idle"]
    assert facets
    (found,) = readings_of(Told(**report), ref_of(ROOT_USER), {}, facets).values()
    because = "the credential report has no row for the root user"
    assert found == Unknown(f"the answer about idle cannot be understood ({because})")


def test_a_scan_asks_nothing_about_who_has_no_password_by_the_report() -> None:
    ask = Told(**REPORTED)
    assert [read(ask, facet, "ci", {"UserName": "ci"}) for facet in SIGN_IN] == [ABSENT] * 3
    assert set(ask.asked) == {"iam.GenerateCredentialReport", "iam.GetCredentialReport"}


def test_who_has_a_password_by_the_report_is_asked_about_afresh() -> None:
    ask = Told(**REPORTED, GetLoginProfile=PROFILE, ListMFADevices={"MFADevices": []})
    assert [read(ask, facet, "mia", {"UserName": "mia"}) for facet in SIGN_IN] == [False, False, 120]
    gone = Told(**REPORTED, GetLoginProfile=none_such("iam.GetLoginProfile"))
    assert [read(gone, facet, "mia", {"UserName": "mia"}) for facet in SIGN_IN] == [ABSENT] * 3


def test_without_a_report_and_for_a_user_newer_than_it_everybody_is_asked_about() -> None:
    user = {"User": {"UserName": "new"}}
    missing = {"GenerateCredentialReport": {"State": "STARTED"}, "GetCredentialReport": none_such("x")}
    for told in (REPORTED, missing):
        ask = Told(
            **told, GetLoginProfile=PROFILE, ListMFADevices={"MFADevices": [{"SerialNumber": "s"}]}, GetUser=user
        )
        assert [read(ask, facet, "new", {"UserName": "new"}) for facet in SIGN_IN] == [False, True, 180]


def test_a_reading_of_one_user_never_rests_on_the_report() -> None:
    ask = Told(GetLoginProfile=none_such("iam.GetLoginProfile"), GetUser={"User": {}})
    assert [read(ask, facet, "ci") for facet in SIGN_IN] == [ABSENT] * 3
    nobody = Told(GetLoginProfile=none_such("iam.GetLoginProfile"), GetUser=none_such("iam.GetUser"))
    for facet in SIGN_IN:
        with pytest.raises(NotFound):
            read(nobody, facet, "ci")


def test_the_root_user_was_there_when_it_or_a_key_of_it_last_was() -> None:
    facet = ROOT_USER.facet("idle")
    assert isinstance(facet, AwsFacet)
    assert facet.read(Told(**REPORTED), Ref("aws.iam.root", ACCOUNT, "global", ACCOUNT, ""), None).value == 0


def test_a_scan_takes_roles_with_all_that_they_hold_from_the_listing() -> None:
    item = {
        "AssumeRolePolicyDocument": document(SERVICE), "AttachedManagedPolicies": [{"PolicyArn": ARN}], "Path": "/",
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": document()}], "Tags": [],
        "CreateDate": "2026-01-01T00:00:00+00:00",
        "RoleLastUsed": {"LastUsedDate": "2026-06-01T00:00:00+00:00", "Region": REGION},
    }  # fmt: skip
    facets = [facet for facet in ROLE.facets if isinstance(facet, AwsFacet)]
    found = {facet.name: facet.read(Told(), ref_of(ROLE), item).value for facet in facets}
    assert found["attached"] == [{"arn": ARN}]
    assert found["last_used"] == {"date": "2026-06-01T00:00:00+00:00", "region": REGION}
    assert found["idle"] == 15


def test_on_moto_what_a_scan_finds_is_what_one_reading_of_each_finds(moto_url: str) -> None:
    with live(moto_url, USER, GROUP, ROLE, POLICY) as aws:
        text, wide = json.dumps(document(allow("s3:GetObject"))), json.dumps(document(allow("*")))
        arn = aws.make("iam.CreatePolicy", PolicyName="narrow", Path="/team/", PolicyDocument=text)["Policy"]["Arn"]
        aws.make("iam.CreatePolicyVersion", PolicyArn=arn, PolicyDocument=wide, SetAsDefault=True)
        for who, more in (
            ("User", {"Tags": [{"Key": "team", "Value": "web"}]}),
            ("Group", {}),
            ("Role", {"AssumeRolePolicyDocument": json.dumps(document(SERVICE, ANYONE))}),
        ):
            named = {f"{who}Name": f"the-{who.lower()}"}
            aws.make(f"iam.Create{who}", **named, **more)
            aws.make(f"iam.Attach{who}Policy", **named, PolicyArn=arn)
            aws.make(f"iam.Put{who}Policy", **named, PolicyName="inline", PolicyDocument=text)
        aws.make("iam.CreateLoginProfile", UserName="the-user", Password="not-a-Secret-1")
        found = aws.found()
        for name in ("the-user", "the-group", "the-role", arn):
            assert known(found[name]), found[name]
            assert aws.again(found[name]) == found[name]
        assert found["the-role"].facets["inline"] == [{"name": "inline", "document": document(allow("s3:GetObject"))}]
        by_id: dict[str, Control] = {control.id: control for control in managed_policy.POLICIES}
        aws.there_and_back(found[arn], by_id["aws.iam.policy.not-administrator"])
        aws.there_and_back(found["the-role"], role.trust_not_public)


def test_an_administrator_s_policy_of_aws_that_is_attached_is_against_cis_and_not_against_iam_1() -> None:
    """The mutation: map the attached policies of AWS's check of administrators alone, or claim IAM.1 for them.

    CIS 2.14 asks it of every attached policy, IAM.1 of those that customers write (AWS Security Hub User Guide,
    "Security Hub controls for IAM").
    """
    assert len(holders.ADMINISTRATORS) == 3
    assert all("cis-aws-7.0:2.14" in control.requirements for control in holders.ADMINISTRATORS)
    assert not any("fsbp:IAM.1" in control.requirements for control in holders.ADMINISTRATORS)


def test_no_control_stands_for_the_bot_that_takes_a_user_out_of_a_group() -> None:
    """The mutation: claim `iam_user_detach` for rights that are held directly."""
    assert "cloudbots:iam_user_detach" not in holders.rights_through_groups.covers
