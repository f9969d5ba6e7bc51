from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from goldseam.assess.evaluate import evaluate
from goldseam.clouds.aws.services.lambda_ import invoking
from goldseam.clouds.aws.services.lambda_.function import FUNCTION
from goldseam.clouds.aws.services.lambda_.runtimes import Runtime
from goldseam.control import Example, ShouldBe, Violation, touched
from goldseam.model.errors import PlanRefused
from goldseam.model.values import Json, Unknown
from tests.aws.laws import ACCOUNT, REGION, left, operations, parameters, planned, ref_of, verdict
from tests.aws.live import live

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:goldseam-example"
OPEN = {"Sid": "open", "Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction"}
EVENTS = {
    **OPEN,
    "Sid": "events",
    "Principal": {"Service": "events.amazonaws.com"},
    "Condition": {"ArnLike": {"AWS:SourceArn": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/nightly"}},
}
BUCKET = {**OPEN, "Sid": "bucket", "Principal": {"Service": "s3.amazonaws.com"}}


def on(operator: str, key: str, value: Json) -> Json:
    return {**OPEN, "Condition": {operator: {key: value}}}


def public(*held: Json) -> Example:
    return Example({"policy": list(held)})


def test_peers_04_the_public_statement_goes_and_the_grant_to_eventbridge_stays() -> None:
    plan = planned(invoking.policy_not_public, public(EVENTS, OPEN))
    assert operations(plan) == ["lambda.RemovePermission"]
    assert parameters(plan) == [{"FunctionName": "goldseam-example", "StatementId": "open"}]
    assert left(invoking.policy_not_public, public(EVENTS, OPEN), "policy") == [EVENTS]
    assert [dict(call.parameters) for call in plan.undo] == [
        {
            "FunctionName": "goldseam-example",
            "StatementId": "open",
            "Action": "lambda:InvokeFunction",
            "Principal": "*",
        }
    ]


@pytest.mark.parametrize(
    ("statement", "parameter", "value"),
    [
        (on("StringEquals", "lambda:FunctionUrlAuthType", "NONE"), "FunctionUrlAuthType", "NONE"),
        (on("Bool", "lambda:InvokedViaFunctionUrl", "true"), "InvokedViaFunctionUrl", True),
        (on("ArnLike", "AWS:SourceArn", "arn:aws:sns:*:*:orders"), "SourceArn", "arn:aws:sns:*:*:orders"),
    ],
)
def test_what_adding_a_permission_can_make_is_brought_back(statement: Json, parameter: str, value: Json) -> None:
    plan = planned(invoking.policy_not_public, public(statement))
    assert plan.reversible
    assert plan.undo[0].parameters[parameter] == value


def test_a_skills_token_is_brought_back() -> None:
    """Whom it limits is not known, so that the control does not take the statement out; the facet can."""
    statement = on("StringEquals", "lambda:EventSourceToken", "amzn1.ask.skill.1")
    policy = FUNCTION.facet("policy")
    steps = policy.write(ref_of(FUNCTION), policy.normal([]), policy.normal([statement]))
    assert [step.call.parameters["EventSourceToken"] for step in steps] == ["amzn1.ask.skill.1"]


@pytest.mark.parametrize(
    "statement",
    [
        {**OPEN, "Principal": {"AWS": "*"}},
        {**OPEN, "Action": ["lambda:InvokeFunction", "lambda:GetFunction"]},
        on("StringLike", "aws:SourceArn", "arn:aws:sns:*:*:*"),
        on("ArnLike", "AWS:SourceArn", ["arn:aws:sns:*:*:one", "arn:aws:sns:*:*:two"]),
        {**OPEN, "Resource": f"{ARN}:live"},
    ],
)
def test_what_it_cannot_make_goes_one_way(statement: Json) -> None:
    plan = planned(invoking.policy_not_public, public(statement, EVENTS))
    assert operations(plan) == ["lambda.RemovePermission"]
    assert not plan.reversible


def test_a_statement_is_never_changed_in_place() -> None:
    with pytest.raises(PlanRefused, match="no call brings the policy"):
        FUNCTION.facet("policy").write(ref_of(FUNCTION), [OPEN], [{**OPEN, "Principal": {"AWS": ACCOUNT}}])


def test_a_bucket_is_bound_to_the_account_before_the_loose_grant_goes() -> None:
    taken = {**EVENTS, "Sid": "bucket-own-account"}
    plan = planned(invoking.services_bound, Example({"policy": [BUCKET, taken], "arn": ARN}))
    assert operations(plan) == ["lambda.AddPermission", "lambda.RemovePermission"]
    assert parameters(plan)[0] == {
        "FunctionName": "goldseam-example",
        "StatementId": "bucket-own-account2",
        "Action": "lambda:InvokeFunction",
        "Principal": "s3.amazonaws.com",
        "SourceAccount": ACCOUNT,
    }
    assert [call.operation for call in plan.undo] == ["lambda.AddPermission", "lambda.RemovePermission"]


@pytest.mark.parametrize("more", [{"Action": "lambda:*"}, {"Principal": {"Service": ["s3.amazonaws.com", "x"]}}])
def test_what_the_fix_cannot_make_of_a_bucket_is_for_a_person(more: Json) -> None:
    found = verdict(invoking.services_bound, Example({"policy": [{**BUCKET, **more}], "arn": ARN}))
    assert isinstance(found, ShouldBe if "Action" in more else Violation)


class Account:
    """One role, one policy of the account's own."""

    def __init__(self, document: Json) -> None:
        version = {"Document": document, "IsDefaultVersion": True}
        old = {"Document": EVERYTHING, "IsDefaultVersion": False}
        self._held = {
            "RoleDetailList": [{"Arn": "role", "AttachedManagedPolicies": [{"PolicyName": "own", "PolicyArn": "own"}]}],
            "Policies": [{"Arn": "own", "PolicyVersionList": [version, old]}],
        }

    def every(self, _: str, __: Json, ___: str, member: str) -> list[Json]:
        return self._held[member]


ALL = {"Effect": "Allow", "Action": ["s3:GetObject", "*"], "Resource": "*"}
EVERYTHING = {"Version": "2012-10-17", "Statement": ALL}


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (EVERYTHING, ["own"]),
        (quote(json.dumps(EVERYTHING)), ["own"]),
        ({"Statement": [{**ALL, "Resource": ["arn:aws:s3:::shop/*"]}]}, []),
        ({"Statement": [{**ALL, "Action": "s3:*"}]}, []),
        ({"Statement": [{**ALL, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]}, []),
        ({"Statement": [{**ALL, "Effect": "Deny"}]}, []),
        ({"Statement": [ALL, {**ALL, "Effect": "Deny"}]}, []),
        ({"Statement": [ALL, {**ALL, "Action": "iam:*", "Effect": "Deny"}]}, ["own"]),
        ({"Statement": [{**ALL, "Resource": "arn:aws:*"}]}, ["own"]),
        ({"Statement": [{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}]}, ["own"]),
        ({"Statement": [{"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}]}, []),
        ({"Statement": [{**ALL, "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}}]}, ["own"]),
    ],
)
def test_policies_that_allow_everything_are_told_by_their_version_in_force(document: Json, found: list[str]) -> None:
    facet: Any = FUNCTION.facet("blanket")
    assert facet.read(Account(document), ref_of(FUNCTION), {"Role": "role"}).value == found
    with pytest.raises(LookupError):
        facet.read(Account(document), ref_of(FUNCTION), {"Role": "gone"})


class Today:
    def today(self) -> str:
        return "2026-10-31"


@pytest.mark.parametrize(
    ("name", "since"),
    [("python3.10", "2026-10-31"), ("dotnet8", ""), ("python3.7", "2023-12-04"), ("python9.9", ""), (None, "")],
)
def test_a_runtime_is_deprecated_from_its_day_on(name: str | None, since: str) -> None:
    runtime = Runtime(name="runtime", listed="Runtime")
    found = runtime.read(Today(), ref_of(FUNCTION), {"Runtime": name} if name else {})  # type: ignore[arg-type]
    assert found.value == {"name": name or "", "deprecated": since}


def test_variables_that_lambda_cannot_decrypt_are_not_taken_for_none() -> None:
    environment = FUNCTION.facet("environment")
    with pytest.raises(ValueError, match="AccessDeniedException"):
        environment.decode({"Error": {"ErrorCode": "AccessDeniedException"}})  # type: ignore[attr-defined]
    kept = environment.decode({"Variables": {"DB_PASSWORD": "hunter2hunter2", "STAGE": "dev"}})  # type: ignore[attr-defined]
    assert kept == {"Variables": 2, "Secrets": ["DB_PASSWORD"]}


@pytest.mark.parametrize(
    "named", ["shop", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:shop:live", f"{ACCOUNT}:function:shop", "shop:3"]
)
def test_events_name_functions_in_four_ways(named: str) -> None:
    event = {"eventSource": "lambda.amazonaws.com", "requestParameters": {"functionName": named}}
    assert touched(FUNCTION, event) == {"shop"}


def test_on_moto_a_function_is_read_repaired_and_taken_back(moto_url: str) -> None:
    with live(moto_url, FUNCTION) as aws:
        trust = '{"Version": "2012-10-17", "Statement": []}'
        role = aws.make("iam.CreateRole", RoleName="run", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        code = {"ImageUri": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/run:1"}
        aws.make("lambda.CreateFunction", FunctionName="run", Role=role, Code=code, PackageType="Image")
        for sid, principal in (("open", "*"), ("events", "events.amazonaws.com")):
            aws.make(
                "lambda.AddPermission", FunctionName="run", StatementId=sid, Principal=principal,
                Action="lambda:InvokeFunction",
            )  # fmt: skip
        function = aws.found()["run"]
        assert not any(isinstance(value, Unknown) for value in function.facets.values()), function
        assert function.facets["runtime"] == {"name": "", "deprecated": ""}
        aws.there_and_back(function, invoking.policy_not_public)
        assert [item.status for item in evaluate(function, [invoking.url_authenticated])] == ["pass"]
