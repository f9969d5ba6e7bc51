"""Whom outside of its account a statement allows, and what S3 buckets let them do (Security Hub User Guide, S3.6)."""

from __future__ import annotations

from typing import Final

import pytest

from goldseam.assess.evaluate import Status, evaluate
from goldseam.clouds.aws.outsiders import outsiders
from goldseam.clouds.aws.services import s3
from goldseam.clouds.aws.services.iam.role import other_accounts_tied
from goldseam.clouds.aws.services.lambda_.invoking import services_bound
from goldseam.control import Compliant, Example, ShouldBe, Violation
from goldseam.model.values import ABSENT, Json, Value
from tests.aws.laws import as_read, verdict

OWN: Final = "123456789012"
OTHER: Final = "210987654321"
ORG: Final = "o-a1b2c3d4e5"
ARN: Final = "arn:aws:s3:::goldseam-example"
CANONICAL: Final = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
KEYS: Final = "IAM User Guide, AWS global condition context keys"
PRINCIPAL: Final = "IAM User Guide, AWS JSON policy elements: Principal"
META: Final = "S3 User Guide, Blocking public access to your Amazon S3 storage"


def allow(principal: Json = "*", condition: Json = None, **more: Json) -> Json:
    held = {"Sid": "It", "Effect": "Allow", "Principal": principal, "Action": "s3:*", "Resource": [ARN, f"{ARN}/*"]}
    return {**held, **({} if condition is None else {"Condition": condition}), **more}


def equals(key: str, *values: str, operator: str = "StringEquals") -> Json:
    return {operator: {key: list(values)}}


def all_but(account: str) -> Json:
    return {key: value for key, value in allow(NotPrincipal={"AWS": account}).items() if key != "Principal"}


def whose(key: str, *values: str, operator: str = "StringEquals") -> Json:
    """Everyone, whose key has one of the values."""
    return allow(condition=equals(key, *values, operator=operator))


NOBODY, KNOWN, UNKNOWN = "nobody", "known", "unknown"
CASES: Final = (
    ("its own account", allow({"AWS": f"arn:aws:iam::{OWN}:root"}), NOBODY, PRINCIPAL),
    ("another account", allow({"AWS": OTHER}), KNOWN, PRINCIPAL),
    ("a role of another account", allow({"AWS": [f"arn:aws:iam::{OTHER}:role/r"]}), KNOWN, PRINCIPAL),
    ("a role that is gone", allow({"AWS": "AROAEXAMPLEID12345678"}), NOBODY, PRINCIPAL),
    ("an origin access identity", allow({"AWS": "arn:aws:iam::cloudfront:user/CloudFront E1"}), UNKNOWN, PRINCIPAL),
    ("its own canonical user", allow({"CanonicalUser": CANONICAL}), NOBODY, PRINCIPAL),
    ("another canonical user", allow({"CanonicalUser": CANONICAL[::-1]}), KNOWN, PRINCIPAL),
    ("a service", allow({"Service": "logging.s3.amazonaws.com"}), NOBODY, PRINCIPAL),
    ("its own provider", allow({"Federated": f"arn:aws:iam::{OWN}:saml-provider/corp"}), NOBODY, PRINCIPAL),
    ("a provider of another account", allow({"Federated": f"arn:aws:iam::{OTHER}:saml-provider/p"}), KNOWN, PRINCIPAL),
    ("anybody's web identity", allow({"Federated": "graph.facebook.com"}), KNOWN, META),
    (
        "a web identity of an app",
        allow({"Federated": "graph.facebook.com"}, equals("graph.facebook.com:app_id", "1")),
        UNKNOWN,
        META,
    ),
    ("everyone", allow(), KNOWN, META),
    ("everyone over TLS", allow(condition={"Bool": {"aws:SecureTransport": "true"}}), KNOWN, META),
    ("everyone but the account", all_but(OWN), KNOWN, PRINCIPAL),
    ("principals of its own account", whose("aws:PrincipalAccount", OWN), NOBODY, KEYS),
    ("principals of another account", whose("aws:PrincipalAccount", OTHER), KNOWN, KEYS),
    ("principals of both", whose("aws:PrincipalAccount", OWN, OTHER), KNOWN, KEYS),
    (
        "principals of the owner, by a variable",
        whose("aws:PrincipalAccount", "${aws:ResourceAccount}"),
        NOBODY,
        KEYS,
    ),
    (
        "its own account, by the resource",
        whose("aws:ResourceAccount", "${aws:PrincipalAccount}"),
        NOBODY,
        KEYS,
    ),
    ("all but another account", whose("aws:PrincipalAccount", OTHER, operator="StringNotEquals"), KNOWN, KEYS),
    ("its own roles", whose("aws:PrincipalArn", f"arn:aws:iam::{OWN}:role/*", operator="ArnLike"), NOBODY, KEYS),
    (
        "roles of another account",
        whose("aws:PrincipalArn", f"arn:aws:iam::{OTHER}:role/*", operator="ArnLike"),
        KNOWN,
        KEYS,
    ),
    ("roles of any account", whose("aws:PrincipalArn", "arn:aws:iam::*:role/x", operator="ArnLike"), KNOWN, KEYS),
    ("an organization", whose("aws:PrincipalOrgID", ORG), UNKNOWN, KEYS),
    ("any organization", whose("aws:PrincipalOrgID", "o-*", operator="StringLike"), KNOWN, KEYS),
    ("its own organization", whose("aws:PrincipalOrgID", "${aws:ResourceOrgID}"), UNKNOWN, KEYS),
    (
        "its own account in an organization",
        allow(condition={"StringEquals": {"aws:PrincipalOrgID": ORG, "aws:PrincipalAccount": OWN}}),
        NOBODY,
        KEYS,
    ),
    ("a unit", whose("aws:PrincipalOrgPaths", f"{ORG}/r-1/*", operator="ForAnyValue:StringLike"), UNKNOWN, KEYS),
    ("an endpoint", whose("aws:SourceVpce", "vpce-0a1b"), UNKNOWN, KEYS),
    ("an office", whose("aws:SourceIp", "203.0.113.0/24", operator="IpAddress"), UNKNOWN, KEYS),
    ("a role by its id", whose("aws:userid", "AROAEXAMPLEID12345:*", operator="StringLike"), UNKNOWN, KEYS),
    ("a source of another account", whose("aws:SourceAccount", OTHER), KNOWN, KEYS),
    ("its own access points", whose("s3:DataAccessPointAccount", OWN), NOBODY, META),
    ("access points of another account", whose("s3:DataAccessPointAccount", OTHER), KNOWN, META),
    ("services", allow(condition={"Bool": {"aws:PrincipalIsAWSService": "true"}}), NOBODY, KEYS),
    ("a key that is not known", whose("aws:Unheard", OWN), UNKNOWN, KEYS),
    ("a denial", {**allow({"AWS": OTHER}), "Effect": "Deny"}, NOBODY, PRINCIPAL),
)


def answer(statement: Json) -> str:
    found = outsiders(statement, OWN, CANONICAL)
    if not found:
        return NOBODY
    return KNOWN if any(who.known for who in found) else UNKNOWN


@pytest.mark.parametrize(
    ("statement", "expected", "page"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_whom_of_other_accounts_a_statement_allows(statement: Json, expected: str, page: str) -> None:
    """The mutation: `outsiders` looks at literal accounts only."""
    assert page
    assert answer(statement) == expected


def facets(*held: Json, **more: Value) -> Example:
    acl = {"Owner": {"ID": CANONICAL}, "Grants": []}
    bare = {"public_access_block": ABSENT, "account_public_access_block": ABSENT}
    policy = {"Version": "2012-10-17", "Statement": list(held)}
    return Example({"policy": policy, "arn": ARN, "account": OWN, "acl": acl, **bare, **more})


READS: Final = allow({"AWS": OTHER}, Action="s3:GetObject")


@pytest.mark.parametrize(
    ("statement", "expected", "page"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_others_who_are_known_fail_and_others_who_may_be_are_unknown(statement: Json, expected: str, page: str) -> None:
    """Beside a statement that may stay; only where the principal itself names the account is there a fix.

    The mutation: who is not known is left out (`undecided` becomes `compliant`).
    """
    assert page
    control = s3.others_cannot_reconfigure
    finding = evaluate(as_read(control, facets(READS, statement)), [control])[0]
    status = {NOBODY: Status.PASS, KNOWN: Status.FAIL, UNKNOWN: Status.UNKNOWN}[expected]
    assert finding.status is status
    principal = statement.get("Principal")
    named = expected == KNOWN and isinstance(principal, dict) and "AWS" in principal
    assert bool(finding.changes) is named
    assert (finding.because == "") is (expected == NOBODY)
    if named:
        denied = finding.changes["policy"]["Statement"]
        assert denied[:2] == [READS, statement]
        assert len(denied[2]["Action"]) == 5


def deny(condition: Json = None, principal: Json = "*", **more: Json) -> Json:
    return {**allow(principal, condition), "Effect": "Deny", **more}


NOT_OWN: Final = equals("aws:PrincipalAccount", OWN, operator="StringNotEquals")


@pytest.mark.parametrize("principal", ["*", {"AWS": OTHER}], ids=["everyone", "another account"])
@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        (deny(NOT_OWN), Compliant),
        (deny({**NOT_OWN, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}), Compliant),
        (deny(equals("aws:PrincipalArn", f"arn:aws:iam::{OWN}:role/a", operator="ArnNotLike")), Compliant),
        (deny(), Compliant),
        (deny(equals("aws:PrincipalAccount", OWN, OTHER, operator="StringNotEquals")), Violation),
        (deny({**NOT_OWN, "Bool": {"aws:SecureTransport": "false"}}), Violation),
        (deny(NOT_OWN, Action="s3:PutBucketPolicy"), Violation),
        (deny(NOT_OWN, Resource=ARN), Violation),
        (deny(equals("aws:VpceAccount", OWN, operator="StringNotEquals")), Violation),
    ],
)
def test_a_denial_to_all_but_the_account_leaves_nobody_else(principal: Json, beside: Json, expected: type) -> None:
    """The mutation: `denied_to_others` takes any key for the account's."""
    control = s3.others_cannot_reconfigure
    finding = evaluate(as_read(control, facets(allow(principal), beside)), [control])[0]
    if expected is Compliant:
        assert finding.status is Status.PASS
    elif principal == "*":
        assert not finding.changes
        assert finding.status in {Status.FAIL, Status.UNKNOWN}
    else:
        assert finding.status is Status.FAIL


def test_everyone_of_whom_a_denial_leaves_an_organization_is_not_known_to_be_another_account() -> None:
    """The mutation: what a denial leaves over is not looked at."""
    control = s3.others_cannot_reconfigure
    beside = deny(equals("aws:PrincipalOrgID", ORG, operator="StringNotEquals"))
    finding = evaluate(as_read(control, facets(allow(), beside)), [control])[0]
    assert finding.status is Status.UNKNOWN
    assert "everyone" in finding.because


def test_a_block_that_restricts_the_bucket_leaves_everyone_out_and_named_accounts_in() -> None:
    """S3 User Guide, Blocking public access (RestrictPublicBuckets). The mutation: the block is not looked at."""
    flags = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    block = {flag: flag == "RestrictPublicBuckets" for flag in flags}
    control = s3.others_cannot_reconfigure
    assert isinstance(verdict(control, facets(allow(), public_access_block=block)), Compliant)
    assert isinstance(verdict(control, facets(allow())), Violation)
    assert isinstance(verdict(control, facets(allow({"AWS": OTHER}), public_access_block=block)), ShouldBe)


def test_who_is_known_and_named_beside_who_is_not_known_is_for_a_person() -> None:
    """A fix would leave the other undecided (law 1). The mutation: the fix is made for the named ones alone."""
    control = s3.others_cannot_reconfigure
    both = facets(allow({"AWS": OTHER}), allow(condition=equals("aws:PrincipalOrgID", ORG)))
    found = verdict(control, both)
    assert isinstance(found, Violation)
    assert OTHER in found.because
    assert ORG not in found.because


@pytest.mark.parametrize(
    ("condition", "tied"),
    [
        (equals("sts:ExternalId", "b7e4"), True),
        (equals("sts:ExternalId", "b7e4", operator="StringEqualsIfExists"), False),
        (equals("sts:ExternalId", "b7e4", operator="StringNotEquals"), False),
        (equals("sts:ExternalId", "*", operator="StringLike"), False),
        ({"Null": {"sts:ExternalId": "false"}}, False),
        (
            {**equals("sts:ExternalId", "b7e4", operator="StringLikeIfExists"), "Null": {"sts:ExternalId": "false"}},
            True,
        ),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, True),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, False),
    ],
)
def test_a_tie_is_one_that_every_request_must_meet(condition: Json, tied: bool) -> None:
    """IAM User Guide, "IAM JSON policy elements: Condition operators". The mutation: the name of the key is enough."""
    statement = {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "sts:AssumeRole", "Condition": condition}
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    example = Example({"trust": trust, "arn": f"arn:aws:iam::{OWN}:role/r", "path": "/"})
    assert isinstance(verdict(other_accounts_tied, example), Compliant) is tied


@pytest.mark.parametrize(
    ("condition", "bound"),
    [
        (equals("aws:SourceAccount", OWN), True),
        (equals("aws:SourceAccount", OWN, operator="StringEqualsIfExists"), False),
        (equals("aws:SourceAccount", OWN, operator="StringNotEquals"), False),
        (equals("aws:SourceAccount", "*", operator="StringLike"), False),
        (equals("lambda:EventSourceToken", "amzn1.ask.skill.x"), True),
        (equals("aws:SourceArn", f"arn:aws:sns:*:{OWN}:*", operator="ArnLike"), True),
        (equals("aws:SourceArn", "arn:aws:sns:*:2109*:t", operator="ArnLike"), False),
    ],
)
def test_a_service_is_bound_by_what_every_request_must_meet(condition: Json, bound: bool) -> None:
    """IAM User Guide, "The confused deputy problem". The mutation: the name of the key is enough."""
    service = {"Service": "sns.amazonaws.com"}
    statement = {"Sid": "It", "Effect": "Allow", "Principal": service, "Action": "lambda:InvokeFunction"}
    arn = f"arn:aws:lambda:eu-west-1:{OWN}:function:f"
    example = Example({"policy": [{**statement, "Condition": condition}], "arn": arn})
    assert isinstance(verdict(services_bound, example), Compliant) is bound


@pytest.mark.parametrize(("account", "tied"), [(OWN, True), (OTHER, False)])
def test_a_role_for_whoever_is_of_another_account_asks_no_more_than_its_number(account: str, tied: bool) -> None:
    """The mutation: only principals are looked at."""
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    trust = {
        "Version": "2012-10-17",
        "Statement": [{**statement, "Condition": equals("aws:PrincipalAccount", account)}],
    }
    example = Example({"trust": trust, "arn": f"arn:aws:iam::{OWN}:role/r", "path": "/"})
    found = verdict(other_accounts_tied, example)
    assert isinstance(found, Compliant) is tied
    assert tied or account in getattr(found, "because", "")
