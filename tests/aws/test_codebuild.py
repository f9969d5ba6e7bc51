from __future__ import annotations

from typing import Any

import pytest

from goldseam.clouds.aws.services.codebuild import builds
from goldseam.clouds.aws.services.codebuild.project import PROJECT
from goldseam.control import Compliant, Example, ShouldBe, Violation
from goldseam.model.errors import PlanRefused
from goldseam.model.values import Json
from tests.aws.laws import left, ref_of, verdict

PLAIN = {"name": "STAGE", "value": "dev"}
REFERENCE = {"name": "NPM_TOKEN", "value": "npm:token", "type": "SECRETS_MANAGER"}


def read(facet: str, **project: Json) -> Any:
    lens: Any = PROJECT.facet(facet)
    return lens.normal(lens.decode([project]))


def machine(*variables: Json) -> Json:
    return {"type": "LINUX_CONTAINER", "privilegedMode": True, "environmentVariables": list(variables)}


def test_values_of_variables_in_clear_text_never_enter() -> None:
    held = read("environment", environment=machine(PLAIN, REFERENCE))
    assert held["environmentVariables"] == [
        {"name": "NPM_TOKEN", "type": "SECRETS_MANAGER"},
        {"name": "STAGE", "type": "PLAINTEXT"},
    ]
    assert isinstance(verdict(builds.not_privileged, Example({"environment": held})), Violation)
    with pytest.raises(PlanRefused):
        PROJECT.facet("environment").write(ref_of(PROJECT), held, {**held, "privilegedMode": False})


def test_an_environment_of_references_is_written_whole() -> None:
    held = read("environment", environment=machine(REFERENCE))
    found = verdict(builds.not_privileged, Example({"environment": held}))
    assert isinstance(found, ShouldBe)
    assert found.changes["environment"] == {**machine(REFERENCE), "privilegedMode": False}


def test_credentials_are_told_by_name_references_are_not_told() -> None:
    key = {"name": "AWS_ACCESS_KEY_ID", "value": "x"}
    stored = {"name": "DB_PASSWORD", "value": "/db/password", "type": "PARAMETER_STORE"}
    assert read("secrets", environment=machine(key, PLAIN, stored)) == ["AWS_ACCESS_KEY_ID"]


@pytest.mark.parametrize(
    ("location", "found"),
    [
        ("https://user:hunter2@bitbucket.org/example/shop.git", ["primary"]),
        ("https://ghp_0123456789abcdefghij@github.com/example/shop.git", ["primary"]),
        ("https://user@bitbucket.org/example/shop.git", []),
        ("https://github.com/example/shop.git", []),
        (None, []),
    ],
)
def test_logins_in_addresses_of_sources(location: str | None, found: list[str]) -> None:
    assert read("logins", source={"type": "GITHUB", "location": location}) == found


def test_what_is_not_said_of_logs_is_the_default() -> None:
    spelt = {"cloudWatchLogs": {"status": "ENABLED"}, "s3Logs": {"status": "DISABLED", "encryptionDisabled": False}}
    assert read("logs") == read("logs", logsConfig={}) == read("logs", logsConfig=spelt) == spelt


@pytest.mark.parametrize(
    ("pattern", "anchored"),
    [
        ("1234", "^1234$"),
        ("1234|5678", "^(1234|5678)$"),
        ("^12|34$", "^(^12|34$)$"),
        ("^1234$", None),
        ("^1234$|^5678$", None),
        ("^(1234|5678)$", None),
    ],
)
def test_actors_are_named_whole(pattern: str, anchored: str | None) -> None:
    lets_in = {"type": "ACTOR_ACCOUNT_ID", "pattern": pattern, "excludeMatchedPattern": False}
    branch = {"type": "HEAD_REF", "pattern": "main", "excludeMatchedPattern": False}
    example = Example({"triggers": [[branch, lets_in]]})
    if anchored is None:
        assert isinstance(verdict(builds.actors_named_whole, example), Compliant)
    else:
        fixed = left(builds.actors_named_whole, example, "triggers")
        assert fixed == [[branch, {**lets_in, "pattern": anchored}]]
