"""Batch: job definitions, what their containers may do, and what they give away.

A job definition is never changed, only followed by a new revision, so what is wrong in one is for a person to mend.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import Look
from goldseam.clouds.aws.kind import ANSWER, REQUEST, AwsKind, Listing, at, changes
from goldseam.clouds.aws.looks_secret import listed, secret_variable
from goldseam.clouds.aws.requirements import required
from goldseam.control import Severity, Verdict, compliant, control, violation
from goldseam.model.values import Json, Value

_PLACES: Final = (
    "containerProperties",
    "nodeProperties.nodeRangeProperties.container",
    "ecsProperties.taskProperties.containers",
    "nodeProperties.nodeRangeProperties.ecsProperties.taskProperties.containers",
    "eksProperties.podProperties.containers",
)
"""Where a definition holds containers, by the platform that it is for."""


def _containers(raw: Json) -> list[Mapping[str, Json]]:
    found = (at(raw, place) or [] for place in _PLACES)
    return [item for part in found for item in (part if isinstance(part, list) else [part])]


def _secrets(raw: Json) -> Value:
    held = [container.get(key) or [] for container in _containers(raw) for key in ("environment", "env")]
    variables = [(item["name"], item.get("value", "")) for part in held for item in part]
    return sorted({name for name, value in variables if secret_variable(name, value)})


def _privileged(raw: Json) -> Value:
    return any(
        container.get("privileged") or (container.get("securityContext") or {}).get("privileged")
        for container in _containers(raw)
    )


JOB_DEFINITION: Final = AwsKind(
    "aws.batch.job-definition",
    "Batch job definition",
    (
        Look(name="secrets", listed="", decode=_secrets),
        Look(name="privileged", listed="", decode=lambda raw: bool(_privileged(raw))),
        Look(name="tags", listed="tags", form=lambda value: value or {}),
    ),
    touched_by=(
        changes("batch", f"{ANSWER}.jobDefinitionArn", f"{REQUEST}.jobDefinition", id="arn:.+:job-definition/.+"),
    ),
    address="{id}",
    find=Listing(
        "batch.DescribeJobDefinitions",
        "jobDefinitions",
        id="jobDefinitionArn",
        parameters={"status": "ACTIVE"},
        narrow={"jobDefinitions": ["{id}"]},
    ),
)

_REVISION: Final = (
    "register a new revision (`aws batch describe-job-definitions`, the change, `aws batch register-job-definition`), "
    "{change}; submit a test job, let schedules and callers use it, and deregister the old revision"
)


@control(
    "aws.batch.job-definition.no-secrets-in-environment",
    JOB_DEFINITION,
    severity=Severity.CRITICAL,
    maps=required("batch_job_definition_no_secrets"),
    compliant=({"secrets": []},),
    violating=({"secrets": ["DB_PASSWORD"]},),
)
def no_secrets(secrets: list[str]) -> Verdict:
    """No variable of a job holds a secret in clear text.

    Everyone who may describe job definitions reads them.
    """
    if not secrets:
        return compliant
    change = "with the secret in Secrets Manager, named under `secrets`; change the secret itself, as it was readable"
    return violation(
        because=f"{listed(secrets)} look like secrets in clear text", guide=_REVISION.format(change=change)
    )


@control(
    "aws.batch.job-definition.not-privileged",
    JOB_DEFINITION,
    severity=Severity.HIGH,
    compliant=({"privileged": False},),
    violating=({"privileged": True},),
)
def not_privileged(privileged: bool) -> Verdict:  # noqa: FBT001
    """No container of a job is privileged.

    A privileged container can do all that root of the machine can, to other jobs on it as well.
    """
    if not privileged:
        return compliant
    return violation(because="a container is privileged", guide=_REVISION.format(change="without `privileged`"))
