"""Secrets: how rotation is switched on, and that no value is ever read."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.aws.permissions import remediator_policy, scanner_policy
from goldseam.clouds.aws.services import secretsmanager
from goldseam.clouds.aws.services.secretsmanager import SECRET
from goldseam.control import Compliant, Example, Permission, Violation
from goldseam.model.values import ABSENT, Json
from tests.aws.laws import ACCOUNT, REGION, operations, parameters, planned, ref_of, verdict
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


class Versions:
    """A secret whose versions were made on these days, the first of them current; counts what is asked."""

    def __init__(self, *days: str) -> None:
        self.days, self.asked = days, list[str]()

    def one(self, operation: str, parameters: Mapping[str, Json], region: str) -> Mapping[str, Json]:
        raise NotImplementedError

    def every(self, operation: str, parameters: Mapping[str, Json], region: str, member: str) -> list[Json]:
        del parameters, region, member
        self.asked.append(operation)
        stages = ["AWSCURRENT", *(["AWSPREVIOUS", "AWSPENDING"] * len(self.days))]
        return [{"CreatedDate": day, "VersionStages": [name]} for day, name in zip(self.days, stages, strict=False)]

    def today(self) -> str:
        return "2026-12-31"


def value_age(ask: Versions, **held: str) -> Json:
    facet = SECRET.facet("value_age")
    assert isinstance(facet, secretsmanager.ValueAge)
    return facet.read(ask, ref_of(SECRET), {"CreatedDate": "2026-01-01", **held}).value


def test_an_edit_of_the_description_is_no_rotation_and_a_new_value_is() -> None:
    """The mutation: `LastChangedDate` counts, or a pending version; or a value put by hand does not."""
    ask = Versions("2026-01-01", "2025-12-01")
    assert value_age(ask, LastChangedDate="2026-12-30") == 360
    assert ask.asked == ["secretsmanager.ListSecretVersionIds"]
    assert value_age(Versions("2026-12-20", "2026-01-01"), LastChangedDate="2026-12-30") == 0
    assert value_age(Versions("2026-01-01", "2026-12-20"), LastChangedDate="2026-12-30") == 360
    assert value_age(Versions("2026-10-01"), LastChangedDate="2026-12-30", LastRotatedDate="2026-10-01") == 90


def test_a_secret_that_nobody_edited_takes_no_call() -> None:
    for held in (
        {},
        {"LastChangedDate": "2026-01-01"},
        {"LastRotatedDate": "2026-12-30", "LastChangedDate": "2026-12-30"},
    ):
        ask = Versions()
        value_age(ask, **held)
        assert ask.asked == []


@pytest.mark.parametrize(("made", "late"), [("2026-10-02", False), ("2026-10-01", True)])
def test_a_value_is_late_on_the_first_day_after_those_that_are_allowed(made: str, late: bool) -> None:
    """The mutation: `days_since` is compared by `>`, which lets a secret be 104 days old."""
    ask = Versions(made)
    example = Example({"value_age": value_age(ask, CreatedDate=made), "owner": ""})
    assert isinstance(verdict(secretsmanager.renewed, example), Violation) is late


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
