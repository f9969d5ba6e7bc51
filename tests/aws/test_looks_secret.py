from __future__ import annotations

import pytest

from goldseam.clouds.aws.looks_secret import looks_secret, secret_places
from goldseam.values import Json


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
