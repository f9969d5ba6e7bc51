"""How logs, artifacts and reports of builds are kept, and who sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.codebuild.project import PROJECT, REPORT_GROUP
from goldseam.control import (
    Example,
    Severity,
    Verdict,
    compliant,
    control,
    may_disrupt,
    should_be,
)
from goldseam.model.values import ABSENT, Json

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
