from __future__ import annotations

from typing import Any, Final

import pytest

from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.looks_secret import looks_secret, secret_places, secret_variables
from goldseam.clouds.aws.services import amplify, batch, elasticbeanstalk
from goldseam.clouds.aws.services.codebuild import project
from goldseam.clouds.aws.services.ecs import task
from goldseam.clouds.aws.services.lambda_ import function
from goldseam.model.values import Json


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", "hunter2hunter2"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("apiKey", "0123abcd4567"),
        ("SETTINGS", "key AKIAIOSFODNN7EXAMPLE of the old account"),
        ("DATABASE_URL", "postgres://shop:hunter2@db.internal/shop"),
        ("CERT", "-----BEGIN RSA PRIVATE KEY-----\nMIIE"),
    ],
)
def test_what_looks_like_a_secret(name: str, value: Json) -> None:
    assert looks_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STAGE", "production"),
        ("DB_PASSWORD_PARAMETER_NAME", "orders-password"),
        ("SECRET_ARN", "whatever-it-is"),
        ("DB_PASSWORD", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db"),
        ("DB_PASSWORD", "{{resolve:secretsmanager:db}}"),
        ("DB_PASSWORD", "/prod/db/password"),
        ("DB_PASSWORD", ""),
        ("TOKEN_TTL", "three-hundred"),
        ("MAX_TOKENS", "1000000"),
        ("PASSWORD", "required"),
        ("COMPASS", "north-by-northwest"),
        ("DATABASE_URL", "postgres://db.internal/shop"),
        ("DB_PASSWORD", None),
    ],
)
def test_what_does_not(name: str, value: Json) -> None:
    assert not looks_secret(name, value)


def test_places_are_told_and_values_are_not() -> None:
    document = {"Steps": [{"Parameters": {"Password": "hunter2hunter2", "Token.$": "$.token"}}]}
    assert secret_places(document) == ["Steps.0.Parameters.Password"]


def test_keys_and_logins_by_name_are_secrets_whatever_their_value() -> None:
    """Security Hub, CodeBuild.2 and ECS.8. The mutation: take a name out of `_BY_NAME`."""
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "/starts/as/a/path", "ECS_ENGINE_AUTH_DATA": "{}"}
    assert [looks_secret(name, value) for name, value in keys.items()] == [False, False, False]
    assert secret_variables({"STAGE": "test", **keys, "AWS_REGION": "eu-west-1"}) == sorted(keys)


KEY: Final = "AWS_SECRET_ACCESS_KEY"
VARIABLE: Final = {"name": KEY, "value": "/starts/as/a/path"}
OPTION: Final = {
    "Namespace": "aws:elasticbeanstalk:application:environment",
    "OptionName": KEY,
    "Value": VARIABLE["value"],
}


@pytest.mark.parametrize(
    ("kind", "facet", "raw"),
    [
        (task.TASK_DEFINITION, "containers", [{"name": "app", "environment": [VARIABLE]}]),
        (project.PROJECT, "secrets", [{"environment": {"environmentVariables": [VARIABLE]}}]),
        (batch.JOB_DEFINITION, "secrets", {"containerProperties": {"environment": [VARIABLE]}}),
        (elasticbeanstalk.ENVIRONMENT, "options", [{"OptionSettings": [OPTION]}]),
        (amplify.APP, "secrets", {KEY: VARIABLE["value"]}),
        (function.FUNCTION, "environment", {"Variables": {KEY: VARIABLE["value"]}}),
    ],
    ids=lambda part: part.name if isinstance(part, AwsKind) else "",
)
def test_every_environment_goes_by_the_same_names(kind: AwsKind, facet: str, raw: Json) -> None:
    """The mutation: `secret_names` in any of the six."""
    lens: Any = kind.facet(facet)
    assert KEY in str(lens.decode(raw))
