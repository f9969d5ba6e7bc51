"""What builds may do, who may start them, and what projects give away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.looks_secret import listed
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.codebuild.project import PLAIN, PROJECT
from goldseam.control import (
    Example,
    Severity,
    Verdict,
    compliant,
    control,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.values import ABSENT, Json, Value

_MACHINE: Final = {"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0"}
_SMALL: Final = {**_MACHINE, "computeType": "BUILD_GENERAL1_SMALL"}
_TOKEN: Final = {"name": "NPM_TOKEN", "value": "npm:token", "type": "SECRETS_MANAGER"}


def _build(*variables: Json, privileged: bool) -> Json:
    return {**_SMALL, "environmentVariables": list(variables), "privilegedMode": privileged}


@control(
    "aws.codebuild.project.not-privileged",
    PROJECT,
    severity=Severity.HIGH,
    covers=("security-hub:CodeBuild.5",),
    disrupts=may_disrupt("builds that run Docker, to make images or to test in containers, fail"),
    compliant=({"environment": _build(privileged=False)},),
    violating=(
        Example(
            {"environment": _build(_TOKEN, privileged=True)},
            leaves={"environment": _build(_TOKEN, privileged=False)},
        ),
        {"environment": _build({"name": "STAGE", "type": PLAIN}, privileged=True)},
    ),
)
def not_privileged(environment: Mapping[str, Json]) -> Verdict:
    """Builds do not run in privileged mode.

    A privileged container can reach everything on the machine that it runs on. CodeBuild takes the environment as a
    whole: where variables hold their values in clear text, which are not read, a person makes the change.
    """
    if not environment["privilegedMode"]:
        return compliant
    because = "builds run in privileged mode"
    if all(variable["type"] != PLAIN for variable in environment["environmentVariables"]):
        return should_be(environment={**environment, "privilegedMode": False}, because=because)
    return violation(
        because=because,
        guide="see that no phase of the buildspec calls Docker; then save the environment with `aws codebuild "
        "batch-get-projects`, set `privilegedMode` to false in it, and give it whole to `aws codebuild update-project "
        "--environment`; run a build",
    )


@control(
    "aws.codebuild.project.no-secrets-in-environment",
    PROJECT,
    severity=Severity.CRITICAL,
    maps=required("codebuild_project_no_secrets_in_variables"),
    covers=("security-hub:CodeBuild.2",),
    compliant=({"secrets": []},),
    violating=({"secrets": ["AWS_SECRET_ACCESS_KEY", "DB_PASSWORD"]},),
)
def no_secrets(secrets: list[str]) -> Verdict:
    """No variable of the project holds a credential in clear text.

    Everyone who may read projects or builds reads their variables, and builds print them.
    """
    if not secrets:
        return compliant
    return violation(
        because=f"{listed(secrets)} look like credentials in clear text",
        guide="for AWS keys: give the project's role the rights instead, and delete the keys; for others: put each "
        "into Secrets Manager or a SecureString parameter, let the project's role read it, change the variable to type "
        "SECRETS_MANAGER or PARAMETER_STORE, and change the secret itself: it was readable, and is in old builds",
    )


@control(
    "aws.codebuild.project.no-login-in-source",
    PROJECT,
    severity=Severity.CRITICAL,
    maps=required("codebuild_project_source_repo_url_no_sensitive_credentials"),
    compliant=({"logins": []},),
    violating=({"logins": ["primary"]},),
)
def no_login(logins: list[str]) -> Verdict:
    """No address of a source holds a user's login.

    It is shown to everyone who may read the project, and written to every build.
    """
    if not logins:
        return compliant
    return violation(
        because=f"the address of source {listed(logins)} holds a login",
        guide="connect CodeBuild to the provider with a CodeConnections connection or `aws codebuild "
        "import-source-credentials`, set the address without the login, and revoke the login",
    )


_ACTOR: Final = "ACTOR_ACCOUNT_ID"


def _filter(kind: str, pattern: str, *, exclude: bool = False) -> Json:
    return {"type": kind, "pattern": pattern, "excludeMatchedPattern": exclude}


_PUSHES: Final = _filter("EVENT", "PUSH, PULL_REQUEST_CREATED")


@control(
    "aws.codebuild.project.actors-named-whole",
    PROJECT,
    severity=Severity.HIGH,
    maps=required("codebuild_project_webhook_filters_use_anchored_patterns"),
    disrupts=may_disrupt("people whose account id only holds one of the named ids do not start builds any more"),
    compliant=(
        {"triggers": ABSENT},
        {"triggers": [[_PUSHES, _filter(_ACTOR, "^(1234|5678)$")], [_filter(_ACTOR, "66", exclude=True)]]},
    ),
    violating=(
        Example(
            {"triggers": [[_PUSHES, _filter(_ACTOR, "1234|5678")], [_PUSHES]]},
            leaves={"triggers": [[_PUSHES, _filter(_ACTOR, "^(1234|5678)$")], [_PUSHES]]},
        ),
        Example(
            {"triggers": [[_filter(_ACTOR, "^1234"), _PUSHES]]},
            leaves={"triggers": [[_filter(_ACTOR, "^1234$"), _PUSHES]]},
        ),
    ),
)
def actors_named_whole(triggers: Value) -> Verdict:
    """Who may start builds from a repository is named by whole account ids.

    A pattern without `^` and `$` also lets in every id that only holds the named one, and ids are given out in order:
    a stranger can wait for one that fits.
    """
    if triggers is ABSENT:
        return compliant
    loose = [item["pattern"] for group in triggers for item in group if _is_loose(item)]
    if not loose:
        return compliant
    wanted = [[_anchored(item) if _is_loose(item) else item for item in group] for group in triggers]
    return should_be(triggers=wanted, because=f"{listed(loose)} also lets in account ids that only hold these")


def _is_loose(item: Mapping[str, Json]) -> bool:
    """Whether a pattern that lets actors in leaves an end open; each way of an alternative needs both."""
    if item["type"] != _ACTOR or item["excludeMatchedPattern"]:
        return False
    ways = [item["pattern"]] if _WHOLE.fullmatch(item["pattern"]) else item["pattern"].split("|")
    return not all(way.startswith("^") and way.endswith("$") for way in ways)


def _anchored(item: Mapping[str, Json]) -> Json:
    bare = item["pattern"].removeprefix("^").removesuffix("$") if "|" not in item["pattern"] else item["pattern"]
    return {**item, "pattern": f"^({bare})$" if "|" in bare else f"^{bare}$"}


_WHOLE: Final = re.compile(r"\^\([^()]*\)\$")
"""One group between both ends."""
