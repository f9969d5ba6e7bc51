"""Statements that are public, not public, or not known to be: `public_statements.csv`, each with AWS's page.

And what follows: not known is never fixed, never automatic, and never a pass.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from goldseam.assess.evaluate import Finding, Status, evaluate
from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.aws.condition_values import _FORMS
from goldseam.clouds.aws.conditions import condition_keys
from goldseam.clouds.aws.public import Bucket, bucket, policy
from goldseam.clouds.aws.statements import is_public, public_access, sorted_out, without_public
from goldseam.control import Control, Example, Violation
from goldseam.model.errors import PlanRefused
from goldseam.model.values import ABSENT, Json, Unknown, Value
from goldseam.repair.propose import propose
from tests.aws.laws import as_read, verdict

CASES: Final = tuple(csv.DictReader(Path(__file__).with_name("public_statements.csv").read_text("utf-8").splitlines()))
CONTROLS: Final = aws_catalog().controls
ARN: Final = "arn:aws:s3:::goldseam-example"


def principal_of(text: str) -> Json:
    return json.loads(text) if text.startswith("{") else text


def allow(condition: Json = None, principal: Json = "*", **more: Json) -> Json:
    statement = {
        "Sid": "It",
        "Effect": "Allow",
        "Principal": principal,
        "Action": "s3:GetObject",
        "Resource": f"{ARN}/*",
    }
    return {**statement, **({} if condition is None else {"Condition": condition}), **more}


def told(answer: bool | Unknown) -> str:
    if isinstance(answer, Unknown):
        return "unknown"
    return "public" if answer else "not public"


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_a_statement_is_what_awss_page_says(case: Mapping[str, str]) -> None:
    """The mutation: `_fixed_arn` asks for an empty account in the ARN of a bucket again, or a key leaves the table."""
    answer = public_access(allow(json.loads(case["condition"]), principal_of(case["principal"])))
    assert told(answer) == case["expected"]
    assert case["page"]
    if isinstance(answer, Unknown):
        assert "`It`" in answer.reason
        assert any(f"`{key}`" in answer.reason for keys in json.loads(case["condition"]).values() for key in keys)


def test_the_cases_are_many_and_of_all_three_kinds() -> None:
    counted = {kind: sum(case["expected"] == kind for case in CASES) for kind in ("public", "not public", "unknown")}
    assert len({case["case"] for case in CASES}) == len(CASES) >= 120
    assert min(counted.values()) >= 15


def test_every_row_of_the_condition_keys_has_a_form_and_a_page() -> None:
    """The mutation: a form in the table is misspelt."""
    table = condition_keys()
    assert len(table) > 180
    assert {row.narrows for row in table.values()} == {*_FORMS, "never", "unknown"}
    assert all(row.page and row.present in {"always", "sometimes", "unknown", ""} for row in table.values())
    assert all(bool(row.present) == (row.narrows not in {"never", "unknown"}) for row in table.values())


def deny(condition: Json = None, **more: Json) -> Json:
    held = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [ARN, f"{ARN}/*"]}
    return {**held, **({} if condition is None else {"Condition": condition}), **more}


def all_but(**spared: str) -> Json:
    kept = {key: value for key, value in deny(OUTSIDE).items() if key not in spared}
    return {**kept, **{f"Not{key}": value for key, value in spared.items()}}


OUTSIDE: Final = {"StringNotEquals": {"aws:SourceVpce": "vpce-0a1b2c3d"}}
UNHEARD: Final = {"StringNotEquals": {"aws:Unheard": "x"}}
OTHER: Final = {"ArnNotLike": {"aws:SourceArn": "arn:aws:cloudfront::*:distribution/E1EXAMPLE"}}


@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        ([deny(OUTSIDE, Resource=ARN)], "public"),
        ([deny(OUTSIDE, Resource=ARN), deny(OUTSIDE, Resource=f"{ARN}/*")], "not public"),
        ([deny(OUTSIDE, Action="s3:Get*"), deny(OUTSIDE, Action="s3:List*")], "not public"),
        ([deny(OUTSIDE, Action="s3:Get*")], "public"),
        ([deny(OUTSIDE, Resource="arn:aws:s3:::goldseam-exampl?*")], "not public"),
        ([deny(OUTSIDE, Resource="arn:aws:s3:::goldseam-example/?")], "public"),
        ([all_but(Action="s3:PutObject")], "not public"),
        ([all_but(Action="s3:List*")], "public"),
        ([all_but(Resource="arn:aws:s3:::other*")], "not public"),
        ([all_but(Resource=f"{ARN}/public/*")], "public"),
        ([all_but(Resource="arn:aws:s3:::${aws:username}")], "public"),
        ([deny(UNHEARD)], "unknown"),
        ([deny(OTHER)], "unknown"),
        ([deny({**UNHEARD, "StringNotLike": {"aws:SourceVpce": "vpce-0a1b2c3d"}})], "unknown"),
        ([deny({**UNHEARD, "Bool": {"aws:SecureTransport": "false"}})], "public"),
        ([deny(UNHEARD, Action="s3:PutObject")], "public"),
        ([deny(UNHEARD), deny(OUTSIDE)], "not public"),
        ([deny({"Bool": {"elasticfilesystem:AccessedViaMountTarget": "false"}})], "public"),
        ([deny({"BoolIfExists": {"elasticfilesystem:AccessedViaMountTarget": "false"}})], "not public"),
        ([deny({"StringNotEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}})], "unknown"),
    ],
)
def test_what_denials_leave_of_a_public_statement(beside: list[Json], expected: str) -> None:
    """IAM User Guide, "Policy evaluation logic": an explicit deny overrides.

    The mutation: one denial must take in all actions and resources (`any` for the pairs), or a denial with a key that
    is not known closes nothing.
    """
    held = allow(Action=["s3:GetObject", "s3:ListBucket"], Resource=[ARN, f"{ARN}/*"])
    assert told(public_access(held, [held, *beside])) == expected


UNKNOWN: Final = allow({"StringEquals": {"aws:Unheard": "x"}}, Sid="Odd")
OPEN: Final = allow(Sid="Open")
BOTH: Final = allow(
    {"ArnLike": {"aws:SourceArn": ["arn:aws:s3:::*", "arn:aws:cloudfront::*:distribution/E1"]}}, Sid="Two"
)


def test_what_is_not_known_stays_when_what_is_public_goes() -> None:
    """The mutation: `closed` keeps only the values that are known to name somebody."""
    left = without_public({"Version": "2012-10-17", "Statement": [OPEN, UNKNOWN, BOTH]})
    narrowed = {"ArnLike": {"aws:SourceArn": ["arn:aws:cloudfront::*:distribution/E1"]}}
    assert left == {"Version": "2012-10-17", "Statement": [UNKNOWN, {**BOTH, "Condition": narrowed}]}
    found = sorted_out(left)
    assert found.public == []
    assert ["`Odd`" in found.unknown[0], "`Two`" in found.unknown[1]] == [True, True]


CLOSED: Final = [
    control
    for control in CONTROLS
    if control.id.endswith((".policy-not-public", ".policies-not-public", ".trust-not-public", ".trail-not-public"))
    and {"policy", "policies", "trust"} & {*control.reads}
]


def holding(control: Control, *held: Json) -> Example:
    """The first violating example of a control with these statements, all else as it is."""
    facets = dict(control.violating[0].facets)
    trails = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:PutObject"}
    if control.id.endswith("trail-not-public"):
        held = ({**trails, "Resource": "*"}, *held)
    for name in ("policy", "trust"):
        if isinstance(facets.get(name), Mapping):
            facets[name] = {**facets[name], "Statement": list(held)}
    if isinstance(facets.get("policy"), list):
        facets["policy"] = list(held)
    if "policies" in facets:
        facets["policies"] = {"one": {"Version": "2012-10-17", "Statement": list(held)}}
    return Example(facets)


def found_by(control: Control, *held: Json) -> Finding:
    return evaluate(as_read(control, holding(control, *held)), [control])[0]


def test_there_are_many_controls_of_public_policies() -> None:
    assert len(CLOSED) >= 16


@pytest.mark.parametrize("control", CLOSED, ids=lambda control: control.id)
def test_law_5_what_is_not_known_to_be_public_is_unknown_and_never_fixed(control: Control) -> None:
    """Not the statement that is not understood, nor the one beside it that lets a service in.

    The mutation: `_allows_everyone` takes None for no limit (the finding fails and has a fix), or for a limit (it
    passes).
    """
    narrow = allow({"StringEquals": {"aws:SourceAccount": "123456789012"}}, Sid="Narrow")
    finding = found_by(control, narrow, UNKNOWN)
    assert finding.status is Status.UNKNOWN
    assert finding.changes == {}
    assert "`Odd`" in finding.because
    assert "aws:Unheard" in finding.because
    assert "Narrow" not in finding.because
    with pytest.raises(PlanRefused, match="cannot be told"):
        propose(as_read(control, holding(control, UNKNOWN)), [control], [control])


@pytest.mark.parametrize("beside", [UNKNOWN, BOTH], ids=["beside", "within"])
@pytest.mark.parametrize("control", CLOSED, ids=lambda control: control.id)
def test_law_1_what_is_public_beside_what_is_not_known_is_for_a_person(control: Control, beside: Json) -> None:
    """It fails, and there is no fix after which the control would not pass.

    The mutation: `verdict_on_public` makes the fix where something stays unknown.
    """
    finding = found_by(control, OPEN, beside)
    alone = found_by(control, OPEN)
    assert finding.status is alone.status is Status.FAIL
    assert alone.changes
    assert "`Open`" in finding.because
    by_another_condition = control.id in {"aws.efs.file-system.policy-not-public", "aws.s3.bucket.trail-not-public"}
    if beside is BOTH and by_another_condition:
        assert finding.changes
    else:
        assert finding.changes == {}
        assert finding.guide


def test_prowler_3212_queues_that_only_s3_may_send_to_pass_and_the_open_one_is_closed() -> None:
    """The bucket's ARN has no account. The mutation: `_one_bucket` takes an empty account only."""
    closing = {
        "plain": {"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::photos-incoming"}},
        "stars": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:photos-incoming"}},
        "cn": {"ArnEquals": {"aws:SourceArn": "arn:aws-cn:s3:::photos-incoming"}},
    }
    control = next(control for control in CLOSED if control.id == "aws.sqs.queue.policy-not-public")
    held = [allow(condition, Sid=name) for name, condition in closing.items()]
    wide = allow({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}, Sid="wide")
    assert found_by(control, *held).status is Status.PASS
    finding = found_by(control, *held, wide)
    assert finding.status is Status.FAIL
    assert [item["Sid"] for item in finding.changes["policy"]["Statement"]] == list(closing)


def document(*held: Json) -> Value:
    return {"Version": "2012-10-17", "Statement": list(held)}


def test_facts_take_what_is_not_known_for_unknown_and_a_way_that_is_known_to_be_open_for_yes() -> None:
    """The mutation: `policy` answers no where nothing is known to be public."""
    odd, wide = document(UNKNOWN), document(UNKNOWN, OPEN)
    for answer in (policy(odd), bucket(Bucket(odd))):
        assert isinstance(answer, Unknown)
        assert "aws:Unheard" in answer.reason
    for answer in (policy(wide), bucket(Bucket(wide))):
        assert not isinstance(answer, Unknown)
        assert answer.value is True
    closed = {"RestrictPublicBuckets": True, "IgnorePublicAcls": True}
    block = {**dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy"), False), **closed}
    for answer in (bucket(Bucket(odd, block=block)), policy(ABSENT)):
        assert not isinstance(answer, Unknown)
        assert answer.value is False


def test_only_what_is_known_to_be_public_is_called_so() -> None:
    assert [is_public(item) for item in (UNKNOWN, OPEN)] == [False, True]


def test_a_bucket_that_refuses_public_policies_gets_no_policy_that_it_may_refuse() -> None:
    """S3 takes every statement for public that it does not know to be closed (S3 User Guide, The meaning of public).

    The mutation: `may_be_public` is `is_public`.
    """
    on = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)
    tls_only = next(control for control in CONTROLS if control.id == "aws.s3.bucket.tls-only")
    facets = {"policy": document(UNKNOWN), "arn": ARN, "public_access_block": on, "account_public_access_block": ABSENT}
    assert isinstance(verdict(tls_only, Example(facets)), Violation)
    off = {**facets, "public_access_block": ABSENT}
    assert not isinstance(verdict(tls_only, Example(off)), Violation)
