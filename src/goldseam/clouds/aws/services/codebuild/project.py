"""Projects and report groups: the kinds and their facets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Get, Look, Send, absent_is, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.looks_secret import secret_variables
from goldseam.clouds.aws.shapes import Document, Switch
from goldseam.control import Step
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value

_PROJECT: Final = {"name": "{id}"}
_GET: Final = Get("codebuild.BatchGetProjects", {"names": ["{id}"]}, "projects")
PLAIN: Final = "PLAINTEXT"
_LOGIN: Final = re.compile(r"://([^/@\s]*:[^/@\s]+|[^/@\s]{20,})@")
"""A user name with a password, or a token, in the address of a repository."""


def _member(name: str) -> Callable[[Json], Value]:
    """What takes a member out of the only project of the answer."""
    return lambda raw: raw[0].get(name, ABSENT)


def _update(member: str) -> Send:
    return Send("codebuild.UpdateProject", {**_PROJECT, member: VALUE})


def _kind_of(variable: Mapping[str, Json]) -> str:
    return str(variable.get("type") or PLAIN)


def _environment(raw: Json) -> Value:
    """The environment, with the values of variables only where all of them are references."""
    held = raw[0]["environment"]
    variables = [{**item, "type": _kind_of(item)} for item in held.get("environmentVariables") or []]
    if any(item["type"] == PLAIN for item in variables):
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
    return secret_variables({item["name"]: item.get("value", "") for item in variables if _kind_of(item) == PLAIN})


def _logins(raw: Json) -> Value:
    """The sources whose address holds a login, by identifier; the address itself is not kept."""
    sources = [raw[0].get("source") or {}, *(raw[0].get("secondarySources") or [])]
    found = (item for item in sources if _LOGIN.search(item.get("location") or ""))
    return sorted(item.get("sourceIdentifier") or "primary" for item in found)


def _triggers(raw: Json) -> Value:
    """The groups of filters that decide which events of the repository start a build; absent without a webhook."""
    groups = (raw[0].get("webhook") or {}).get("filterGroups")
    if groups is None:
        return ABSENT
    return [
        [{**item, "excludeMatchedPattern": bool(item.get("excludeMatchedPattern"))} for item in group]
        for group in groups
    ]


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


PROJECT: Final = AwsKind(
    "aws.codebuild.project",
    "CodeBuild project",
    (
        Environment(
            name="environment",
            get=_GET,
            decode=_environment,
            put=_update("environment"),
            sensitive=("environmentVariables.[].value",),
        ),
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
            form=absent_is("PRIVATE"),
        ),
        Document(
            name="triggers",
            get=_GET,
            decode=_triggers,
            put=Send("codebuild.UpdateWebhook", {"projectName": "{id}", "filterGroups": VALUE}),
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
