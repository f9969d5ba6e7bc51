"""CodeBuild: projects and report groups, what builds may do, what they give away, and how their results are kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Get, Look, Send, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.looks_secret import listed, looks_secret
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document, Switch
from goldseam.control import (
    Example,
    Severity,
    Step,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.resource import Ref
from goldseam.values import ABSENT, Json, Value

_PROJECT: Final = {"name": "{id}"}
_GET: Final = Get("codebuild.BatchGetProjects", {"names": ["{id}"]}, "projects")
_BY_HAND: Final = harmless("nothing is changed; a person does it")
_PLAIN: Final = "PLAINTEXT"
_AWS_KEYS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_LOGIN: Final = re.compile(r"://([^/@\s]*:[^/@\s]+|[^/@\s]{20,})@")
"""A user name with a password, or a token, in the address of a repository."""


def _member(name: str) -> Callable[[Json], Value]:
    """What takes a member out of the only project of the answer."""
    return lambda raw: raw[0].get(name, ABSENT)


def _update(member: str) -> Send:
    return Send("codebuild.UpdateProject", {**_PROJECT, member: VALUE})


def _kind_of(variable: Mapping[str, Json]) -> str:
    return str(variable.get("type") or _PLAIN)


def _environment(raw: Json) -> Value:
    """The environment, with the values of variables only where all of them are references."""
    held = raw[0]["environment"]
    variables = [{**item, "type": _kind_of(item)} for item in held.get("environmentVariables") or []]
    if any(item["type"] == _PLAIN for item in variables):
        variables = [{"name": item["name"], "type": item["type"]} for item in variables]
    variables.sort(key=lambda item: str(item["name"]))
    return {**held, "environmentVariables": variables, "privilegedMode": bool(held.get("privilegedMode"))}


@dataclass(frozen=True)
class Environment(Document):
    """Where builds run; it is written whole, so only where no variable holds its value in clear text."""

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One update."""
        if any("value" not in variable for variable in after["environmentVariables"]):
            raise self.no_way(ref, after)
        return super().write(ref, before, after)


def _secrets(raw: Json) -> Value:
    variables = raw[0]["environment"].get("environmentVariables") or []
    plain = {item["name"]: item.get("value", "") for item in variables if _kind_of(item) == _PLAIN}
    return sorted(name for name, value in plain.items() if name in _AWS_KEYS or looks_secret(name, value))


def _logins(raw: Json) -> Value:
    """The sources whose address holds a login, by identifier; the address itself is not kept."""
    sources = [raw[0].get("source") or {}, *(raw[0].get("secondarySources") or [])]
    found = (item for item in sources if _LOGIN.search(item.get("location") or ""))
    return sorted(item.get("sourceIdentifier") or "primary" for item in found)


def _logs(value: Value) -> Value:
    """Both places with their defaults; CodeBuild logs to CloudWatch unless it is told not to."""
    held = {} if value is ABSENT else value
    cloudwatch, bucket = held.get("cloudWatchLogs") or {}, held.get("s3Logs") or {}
    return {
        "cloudWatchLogs": {"status": "ENABLED", **cloudwatch},
        "s3Logs": {"status": "DISABLED", "encryptionDisabled": False, **bucket},
    }


def _artifacts(value: Value) -> Value:
    return {"type": "NO_ARTIFACTS", "encryptionDisabled": False, **({} if value is ABSENT else value)}


def _private(value: Value) -> Value:
    return "PRIVATE" if value is ABSENT else value


PROJECT: Final = AwsKind(
    "aws.codebuild.project",
    "CodeBuild project",
    (
        Environment(name="environment", get=_GET, decode=_environment, put=_update("environment")),
        Document(name="logs", get=_GET, decode=_member("logsConfig"), put=_update("logsConfig"), form=_logs),
        Document(name="artifacts", get=_GET, decode=_member("artifacts"), put=_update("artifacts"), form=_artifacts),
        Switch(
            name="visibility",
            get=_GET,
            decode=_member("projectVisibility"),
            levels={
                level: Send(
                    "codebuild.UpdateProjectVisibility", {"projectArn": "{address}", "projectVisibility": level}
                )
                for level in ("PRIVATE", "PUBLIC_READ")
            },
            form=_private,
        ),
        Look(name="secrets", get=_GET, decode=_secrets),
        Look(name="logins", get=_GET, decode=_logins),
        tags(Get(_GET.operation, _GET.parameters, "projects.tags"), key="key", value="value"),
    ),
    touched_by=(
        changes("codebuild", f"{REQUEST}.name", f"{ANSWER}.project.name"),
        changes("codebuild", f"{REQUEST}.projectArn", id="arn:.+:project/([^/]+)"),
    ),
    address="arn:{partition}:codebuild:{region}:{account}:project/{id}",
    find=Listing("codebuild.ListProjects", "projects"),
)


def _export(raw: Json) -> Value:
    """Where reports are exported to; to no place when there is none."""
    return raw[0].get("exportConfig", ABSENT)


def _exported(value: Value) -> Value:
    held = {"exportConfigType": "NO_EXPORT", **({} if value is ABSENT else value)}
    place = held.get("s3Destination")
    return {**held, "s3Destination": {"encryptionDisabled": False, **place}} if place else held


REPORT_GROUP: Final = AwsKind(
    "aws.codebuild.report-group",
    "CodeBuild report group",
    (
        Document(
            name="export",
            get=Get("codebuild.BatchGetReportGroups", {"reportGroupArns": ["{id}"]}, "reportGroups"),
            put=Send("codebuild.UpdateReportGroup", {"arn": "{id}", "exportConfig": VALUE}),
            decode=_export,
            form=_exported,
        ),
    ),
    touched_by=(changes("codebuild", f"{REQUEST}.arn", f"{ANSWER}.reportGroup.arn", id="arn:.+:report-group/.+"),),
    address="arn:{partition}:codebuild:{region}:{account}:report-group/{name}",
    find=Listing("codebuild.ListReportGroups", "reportGroups"),
)

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
        {"environment": _build({"name": "STAGE", "type": _PLAIN}, privileged=True)},
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
    if all(variable["type"] != _PLAIN for variable in environment["environmentVariables"]):
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
    disrupts=_BY_HAND,
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
    disrupts=_BY_HAND,
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


_LOGGED: Final = {
    "cloudWatchLogs": {"status": "ENABLED", "groupName": "builds"},
    "s3Logs": {"status": "DISABLED", "encryptionDisabled": False},
}
_IN_BUCKET: Final = {
    "cloudWatchLogs": {"status": "DISABLED"},
    "s3Logs": {"status": "ENABLED", "location": "logs/builds", "encryptionDisabled": False},
}
_SILENT: Final = {**_LOGGED, "cloudWatchLogs": {"status": "DISABLED", "groupName": "builds"}}
_READABLE: Final = {
    "cloudWatchLogs": {"status": "DISABLED"},
    "s3Logs": {"status": "ENABLED", "location": "logs/builds", "encryptionDisabled": True},
}


@control(
    "aws.codebuild.project.logged",
    PROJECT,
    severity=Severity.MEDIUM,
    maps=required("codebuild_project_logging_enabled"),
    disrupts=may_disrupt("builds fail where the project's role may not write to CloudWatch Logs"),
    compliant=({"logs": _LOGGED}, {"logs": _IN_BUCKET}, {"logs": ABSENT}),
    violating=(Example({"logs": _SILENT}, leaves={"logs": _LOGGED}),),
)
def builds_logged(logs: Mapping[str, Json]) -> Verdict:
    """Builds are recorded, in CloudWatch or in a bucket.

    What a build fetched and ran is otherwise not to be found out.
    """
    if "ENABLED" in {logs["cloudWatchLogs"]["status"], logs["s3Logs"]["status"]}:
        return compliant
    wanted = {**logs, "cloudWatchLogs": {**logs["cloudWatchLogs"], "status": "ENABLED"}}
    return should_be(logs=wanted, because="builds are recorded neither in CloudWatch nor in a bucket")


@control(
    "aws.codebuild.project.logs-encrypted",
    PROJECT,
    severity=Severity.LOW,
    maps=required("codebuild_project_s3_logs_encrypted"),
    disrupts=may_disrupt("who reads the logs in the bucket needs the right to use the project's key"),
    compliant=({"logs": _IN_BUCKET}, {"logs": _LOGGED}),
    violating=(Example({"logs": _READABLE}, leaves={"logs": _IN_BUCKET}),),
)
def logs_encrypted(logs: Mapping[str, Json]) -> Verdict:
    """Logs of builds in a bucket are encrypted with the project's key.

    Builds print more than they should.
    """
    bucket = logs["s3Logs"]
    if bucket["status"] != "ENABLED" or not bucket["encryptionDisabled"]:
        return compliant
    wanted = {**logs, "s3Logs": {**bucket, "encryptionDisabled": False}}
    return should_be(logs=wanted, because="encryption of the logs in the bucket is off")


_KEPT: Final = {"type": "S3", "location": "artifacts", "name": "shop", "encryptionDisabled": False}


@control(
    "aws.codebuild.project.artifacts-encrypted",
    PROJECT,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt("who fetches the artifacts needs the right to use the project's key"),
    compliant=({"artifacts": _KEPT}, {"artifacts": {"type": "NO_ARTIFACTS"}}),
    violating=(Example({"artifacts": {**_KEPT, "encryptionDisabled": True}}, leaves={"artifacts": _KEPT}),),
)
def artifacts_encrypted(artifacts: Mapping[str, Json]) -> Verdict:
    """Artifacts of builds are encrypted with the project's key.

    The key says who may use what was built. Secondary artifacts are not looked at.
    """
    if artifacts["type"] != "S3" or not artifacts["encryptionDisabled"]:
        return compliant
    wanted = {**artifacts, "encryptionDisabled": False}
    return should_be(artifacts=wanted, because="encryption of the artifacts is off")


@control(
    "aws.codebuild.project.not-public",
    PROJECT,
    severity=Severity.HIGH,
    maps=required("codebuild_project_not_publicly_accessible"),
    disrupts=may_disrupt("people who follow the project's public builds do not see them any more"),
    compliant=({"visibility": "PRIVATE"}, {"visibility": ABSENT}),
    violating=(Example({"visibility": "PUBLIC_READ"}, leaves={"visibility": "PRIVATE"}),),
)
def not_public(visibility: str) -> Verdict:
    """Builds of the project are not shown to the world.

    Logs and artifacts of all builds, past ones too, are public with them.
    """
    return compliant if visibility == "PRIVATE" else should_be(visibility="PRIVATE", because="builds are public")


_EXPORTED: Final[Mapping[str, Json]] = {
    "exportConfigType": "S3",
    "s3Destination": {"bucket": "reports", "packaging": "ZIP", "encryptionDisabled": False},
}


@control(
    "aws.codebuild.report-group.export-encrypted",
    REPORT_GROUP,
    severity=Severity.MEDIUM,
    maps=required("codebuild_report_group_export_encrypted"),
    disrupts=may_disrupt("who reads the exported reports needs the right to use the group's key"),
    compliant=({"export": _EXPORTED}, {"export": {"exportConfigType": "NO_EXPORT"}}),
    violating=(
        Example(
            {"export": {**_EXPORTED, "s3Destination": {**_EXPORTED["s3Destination"], "encryptionDisabled": True}}},
            leaves={"export": _EXPORTED},
        ),
    ),
)
def export_encrypted(export: Mapping[str, Json]) -> Verdict:
    """Reports that are exported to a bucket are encrypted.

    Reports of tests and coverage show how the code is built, and where it fails.
    """
    place = export.get("s3Destination") or {}
    if not place.get("encryptionDisabled"):
        return compliant
    wanted = {**export, "s3Destination": {**place, "encryptionDisabled": False}}
    return should_be(export=wanted, because="encryption of exported reports is off")
