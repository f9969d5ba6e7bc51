"""Jobs, the security configurations that they take their encryption from, and machine learning transforms.

A job is written whole, and what a call leaves out is reset (Glue API Reference, UpdateJob). Its arguments may hold
secrets, which no plan may carry: what is wrong with a job is for people to mend.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import Look
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.control import Severity, Verdict, compliant, control, violation
from goldseam.model.values import ABSENT, Json, Value

_OFF: Final = "DISABLED"

_MODES: Final[Mapping[str, str]] = {
    "S3Encryption": "S3EncryptionMode",
    "CloudWatchEncryption": "CloudWatchEncryptionMode",
    "JobBookmarksEncryption": "JobBookmarksEncryptionMode",
}


def _modes(raw: Json) -> Value:
    """What is encrypted, and how."""
    held = {**raw, "S3Encryption": (raw.get("S3Encryption") or [{}])[0]}
    return {part: (held.get(part) or {}).get(mode, _OFF) for part, mode in _MODES.items()}


SECURITY_CONFIGURATION: Final = AwsKind(
    "aws.glue.security-configuration",
    "Glue security configuration",
    (Look(name="modes", listed="EncryptionConfiguration", decode=_modes),),
    touched_by=(
        changes("glue", f"{REQUEST}.name", names=("CreateSecurityConfiguration", "DeleteSecurityConfiguration")),
    ),
    address="arn:{partition}:glue:{region}:{account}:securityConfiguration/{id}",
    find=Listing("glue.GetSecurityConfigurations", "SecurityConfigurations", id="Name"),
)

_ALL_ON: Final = {
    "S3Encryption": "SSE-KMS",
    "CloudWatchEncryption": "SSE-KMS",
    "JobBookmarksEncryption": "CSE-KMS",
}


@control(
    "aws.glue.security-configuration.complete",
    SECURITY_CONFIGURATION,
    severity=Severity.MEDIUM,
    maps=required(
        "glue_etl_jobs_amazon_s3_encryption_enabled",
        "glue_etl_jobs_cloudwatch_logs_encryption_enabled",
        "glue_etl_jobs_job_bookmark_encryption_enabled",
    ),
    compliant=[{"modes": _ALL_ON}, {"modes": {**_ALL_ON, "S3Encryption": "SSE-S3"}}],
    violating=[{"modes": {**_ALL_ON, "CloudWatchEncryption": _OFF}}, {"modes": dict.fromkeys(_ALL_ON, _OFF)}],
)
def complete(modes: Mapping[str, str]) -> Verdict:
    """A security configuration encrypts data, logs and bookmarks.

    Jobs, crawlers and endpoints take their encryption from it, and what it leaves out stays in clear in all of them.
    """
    if off := [part for part, mode in modes.items() if mode == _OFF]:
        return violation(
            because=f"{', '.join(off)} is off",
            guide="a security configuration cannot be changed: make a new one with all three parts encrypted, give it "
            "to the jobs, crawlers and endpoints that use this one, let one run of each succeed, and delete this one",
        )
    return compliant


_LOUD: Final = ("secret", "password", "passwd", "token", "api_key", "apikey", "private_key")
_REFERS: Final = ("_arn", "_id", "_name", "_file", "_path")
"""How names end of arguments that say where a secret is."""


def _suspects(raw: Json) -> Value:
    """The names of arguments that look as if they hold a secret; the values stay where they are."""
    held = raw if isinstance(raw, Mapping) else {}
    plain = {name.lower().replace("-", "_"): name for name in held}
    found = {name for word in _LOUD for flat, name in plain.items() if word in flat and not flat.endswith(_REFERS)}
    return sorted(name for name in found if not str(held[name]).startswith(("arn:", "{{resolve:")))


def _arguments(raw: Json) -> Value:
    return _suspects({**(raw.get("DefaultArguments") or {}), **(raw.get("NonOverridableArguments") or {})})


def _logs(raw: Json) -> Value:
    return str((raw or {}).get("--enable-continuous-cloudwatch-log", "false")).lower() == "true"


JOB: Final = AwsKind(
    "aws.glue.job",
    "Glue job",
    (
        Look(name="security_configuration", listed="SecurityConfiguration"),
        Look(name="suspects", listed="", decode=_arguments),
        Look(name="logs", listed="DefaultArguments", decode=_logs, form=bool),
    ),
    touched_by=(
        changes("glue", f"{REQUEST}.name", f"{REQUEST}.jobName", names=("CreateJob", "UpdateJob", "DeleteJob")),
    ),
    address="arn:{partition}:glue:{region}:{account}:job/{id}",
    find=Listing("glue.GetJobs", "Jobs", id="Name"),
)


@control(
    "aws.glue.job.encrypted",
    JOB,
    severity=Severity.MEDIUM,
    maps=required("glue_etl_jobs_amazon_s3_encryption_enabled"),
    compliant=[{"security_configuration": "encrypted"}],
    violating=[{"security_configuration": ABSENT}],
)
def job_encrypted(security_configuration: Value) -> Verdict:
    """A job has a security configuration.

    It is what says that the job's data, logs and bookmarks are encrypted; without one none of them is.
    """
    if security_configuration is not ABSENT:
        return compliant
    return violation(
        because="the job has no security configuration",
        guide="make a security configuration with all three parts encrypted, let the job's role use its key, and "
        "choose it in the job's advanced properties",
    )


@control(
    "aws.glue.job.arguments-without-secrets",
    JOB,
    severity=Severity.HIGH,
    maps=required("glue_etl_jobs_no_secrets_in_arguments"),
    compliant=[{"suspects": []}],
    violating=[{"suspects": ["--db-password"]}],
)
def without_secrets(suspects: list[str]) -> Verdict:
    """Arguments of a job hold no secrets.

    Everyone who may look at the job reads them, and every run's log may print them.
    """
    if not suspects:
        return compliant
    return violation(
        because=f"these arguments look like secrets: {', '.join(suspects)}",
        guide="put the secret into Secrets Manager, give the job the secret's ARN instead and its role the right to "
        "read it, then change the secret, for it has been seen",
    )


@control(
    "aws.glue.job.logged",
    JOB,
    severity=Severity.LOW,
    maps=required("glue_etl_jobs_logging_enabled"),
    compliant=[{"logs": True}],
    violating=[{"logs": False}],
)
def logged(logs: bool) -> Verdict:  # noqa: FBT001
    """A job writes its log to CloudWatch while it runs.

    What a job did with data is otherwise known only from its result.
    """
    if logs:
        return compliant
    return violation(
        because="continuous logging is off",
        guide="switch on continuous logging in the job's details; Glue 5.0 and later log without it, exempt those jobs",
    )


def _transform(raw: Json) -> Value:
    return ((raw or {}).get("MlUserDataEncryption") or {}).get("MlUserDataEncryptionMode", _OFF)


ML_TRANSFORM: Final = AwsKind(
    "aws.glue.ml-transform",
    "Glue machine learning transform",
    (Look(name="encryption", listed="TransformEncryption", decode=_transform),),
    touched_by=(changes("glue", f"{REQUEST}.transformId"),),
    address="arn:{partition}:glue:{region}:{account}:mlTransform/{id}",
    find=Listing("glue.GetMLTransforms", "Transforms", id="TransformId"),
)


@control(
    "aws.glue.ml-transform.encrypted",
    ML_TRANSFORM,
    severity=Severity.LOW,
    maps=required("glue_ml_transform_encrypted_at_rest"),
    compliant=[{"encryption": "SSE-KMS"}],
    violating=[{"encryption": _OFF}, {"encryption": ABSENT}],
)
def transform_encrypted(encryption: Value) -> Verdict:
    """What a machine learning transform keeps is encrypted.

    It keeps rows of the data that it was taught with.
    """
    if encryption is not ABSENT and encryption != _OFF:
        return compliant
    return violation(
        because="the user data of the transform is not encrypted",
        guide="encryption is chosen when a transform is made: make a new one with a KMS key, teach it with the same "
        "labels, point the jobs to it, and delete this one",
    )
