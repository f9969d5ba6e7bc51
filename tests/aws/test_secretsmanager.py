"""Secrets: how rotation is switched on, and that no value is ever read."""

from __future__ import annotations

from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.aws.permissions import remediator_policy, scanner_policy
from goldseam.clouds.aws.services import secretsmanager
from goldseam.clouds.aws.services.secretsmanager import SECRET
from goldseam.control import Compliant, Example, Permission, Violation
from goldseam.values import ABSENT
from tests.aws.laws import ACCOUNT, REGION, operations, parameters, planned, verdict
from tests.aws.live import known, live

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:renews"
NOTHING = {"rotation": ABSENT, "owner": ""}


def test_switching_rotation_on_replaces_nothing_now_and_takes_the_right_to_invoke_the_function() -> None:
    plan = planned(secretsmanager.rotation_on, Example(NOTHING, settings={"function": FUNCTION, "days": 7}))
    assert operations(plan) == ["secretsmanager.RotateSecret"]
    assert parameters(plan)[0]["RotateImmediately"] is False
    assert parameters(plan)[0]["RotationRules"] == {"AutomaticallyAfterDays": 7}
    assert Permission("lambda:InvokeFunction", FUNCTION) in plan.permissions
    assert [call.operation for call in plan.undo] == ["secretsmanager.CancelRotateSecret"]


def test_the_remediator_may_invoke_functions_of_the_account_only() -> None:
    held = remediator_policy([secretsmanager.rotation_on], account=ACCOUNT)["Statement"]
    invoked = [item["Resource"] for item in held if "lambda:InvokeFunction" in item["Action"]]
    assert f"arn:aws:lambda:*:{ACCOUNT}:function:*" in str(invoked)


def test_without_a_function_a_person_is_asked_for_one_and_what_a_service_owns_is_left() -> None:
    assert isinstance(verdict(secretsmanager.rotation_on, Example(NOTHING)), Violation)
    owned = Example({"rotation": ABSENT, "owner": "rds"}, settings={"function": FUNCTION})
    assert isinstance(verdict(secretsmanager.rotation_on, owned), Compliant)


def test_what_is_left_of_a_rotation_that_is_off_is_none() -> None:
    facet = SECRET.facet("rotation")
    assert isinstance(facet, secretsmanager.Rotation)
    rules = {"RotationLambdaARN": FUNCTION, "RotationRules": {"AutomaticallyAfterDays": 7}}
    assert facet.decode({"RotationEnabled": False, **rules}) is ABSENT
    assert facet.decode({"RotationEnabled": True, "Name": "db", **rules}) == rules


def test_no_value_is_ever_read() -> None:
    allowed = str(scanner_policy(aws_catalog()))
    for action in ("GetSecretValue", "ssm:GetParameter'", "ssm:GetParameters'", "GetParametersByPath", "kms:Decrypt"):
        assert action not in allowed


def test_on_moto_a_secret_is_listed_as_it_is_read(moto_url: str) -> None:
    with live(moto_url, SECRET) as aws:
        arn = aws.make("secretsmanager.CreateSecret", Name="team/db", SecretString="not-one")["ARN"]
        secret = aws.found()[arn]
        assert known(secret)
        assert secret.ref.address == arn
        assert aws.again(secret) == secret
