"""Elastic Beanstalk: environments, what is seen of them, and how they are kept up to date.

An update of an environment is carried out with the rights of whoever asks for it, on all that the environment is made
of (Elastic Beanstalk Developer Guide, "Managing Elastic Beanstalk user policies"). Which those are cannot be told in
advance, so no grant can be narrowed to them: what is wrong is for a person to mend.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import Get, Look, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.looks_secret import listed, secret_variables
from goldseam.clouds.aws.requirements import required
from goldseam.control import Severity, Verdict, compliant, control, violation
from goldseam.model.values import Json, Value

_SPACE: Final = "aws:elasticbeanstalk:"


def _options(raw: Json) -> Value:
    """The options that rules are about; of the variables, the names that look like secrets."""
    held = {(item["Namespace"], item["OptionName"]): item.get("Value", "") for item in raw[0]["OptionSettings"]}
    variables = {name: value for (space, name), value in held.items() if space == f"{_SPACE}application:environment"}
    return {
        "Health": held.get((f"{_SPACE}healthreporting:system", "SystemType"), "basic"),
        "Updates": held.get((f"{_SPACE}managedactions", "ManagedActionsEnabled"), "false") == "true",
        "Logs": held.get((f"{_SPACE}cloudwatch:logs", "StreamLogs"), "false") == "true",
        "Secrets": secret_variables(variables),
    }


ENVIRONMENT: Final = AwsKind(
    "aws.elasticbeanstalk.environment",
    "Elastic Beanstalk environment",
    (
        Look(
            name="options",
            get=Get(
                "elasticbeanstalk.DescribeConfigurationSettings",
                {"ApplicationName": "{parent}", "EnvironmentName": "{name}"},
                "ConfigurationSettings",
            ),
            decode=_options,
        ),
        tags(Get("elasticbeanstalk.ListTagsForResource", {"ResourceArn": "{address}"}, "ResourceTags")),
    ),
    touched_by=(
        changes(
            "elasticbeanstalk",
            f"{ANSWER}.environmentArn",
            f"{REQUEST}.resourceArn",
            id="arn:.+:environment/([^/]+/[^/]+)",
        ),
    ),
    address="arn:{partition}:elasticbeanstalk:{region}:{account}:environment/{id}",
    find=Listing(
        "elasticbeanstalk.DescribeEnvironments",
        "Environments",
        id="EnvironmentName",
        parameters={"ApplicationName": "{parent}", "IncludeDeleted": False},
        within=Listing("elasticbeanstalk.DescribeApplications", "Applications", id="ApplicationName"),
    ),
)

_GOOD: Final[Mapping[str, Json]] = {"Health": "enhanced", "Updates": True, "Logs": True, "Secrets": []}
_SET: Final = (
    "save the configuration (`aws elasticbeanstalk create-configuration-template`), then set it with `aws "
    "elasticbeanstalk update-environment --option-settings {options}`, or in `.ebextensions` where the code holds it; "
    "instances may be replaced, one batch after the other"
)


def _to_set(*options: str) -> str:
    named = (f"Namespace={_SPACE}{option}" for option in options)
    return _SET.format(options=" ".join(named))


@control(
    "aws.elasticbeanstalk.environment.enhanced-health",
    ENVIRONMENT,
    severity=Severity.LOW,
    maps=required("elasticbeanstalk_environment_enhanced_health_reporting"),
    compliant=({"options": _GOOD},),
    violating=({"options": {**_GOOD, "Health": "basic"}},),
)
def enhanced_health(options: Mapping[str, Json]) -> Verdict:
    """The health of the environment is reported by its instances.

    Basic health sees that an instance runs, and not that its application answers with errors.
    """
    if options["Health"] == "enhanced":
        return compliant
    guide = _to_set("healthreporting:system,OptionName=SystemType,Value=enhanced")
    return violation(because=f"health reporting is {options['Health']}", guide=guide)


@control(
    "aws.elasticbeanstalk.environment.managed-updates",
    ENVIRONMENT,
    severity=Severity.HIGH,
    maps=required("elasticbeanstalk_environment_managed_updates_enabled"),
    compliant=({"options": _GOOD},),
    violating=({"options": {**_GOOD, "Updates": False}},),
)
def managed_updates(options: Mapping[str, Json]) -> Verdict:
    """The platform of the environment is kept up to date.

    Its updates carry the security fixes of system, server and language; without this someone has to remember each.
    """
    if options["Updates"]:
        return compliant
    guide = _to_set(
        "managedactions,OptionName=ManagedActionsEnabled,Value=true",
        "managedactions,OptionName=PreferredStartTime,Value=Tue:09:00",
        "managedactions:platformupdate,OptionName=UpdateLevel,Value=minor",
    )
    return violation(because="managed platform updates are off", guide=guide)


@control(
    "aws.elasticbeanstalk.environment.logs-streamed",
    ENVIRONMENT,
    severity=Severity.MEDIUM,
    maps=required("elasticbeanstalk_environment_cloudwatch_logging_enabled"),
    compliant=({"options": _GOOD},),
    violating=({"options": {**_GOOD, "Logs": False}},),
)
def logs_streamed(options: Mapping[str, Json]) -> Verdict:
    """Logs of the environment's instances go to CloudWatch.

    On the instance they are gone with it.
    """
    if options["Logs"]:
        return compliant
    guide = _to_set("cloudwatch:logs,OptionName=StreamLogs,Value=true")
    return violation(because="logs are kept on the instances only", guide=guide)


@control(
    "aws.elasticbeanstalk.environment.no-secrets-in-environment",
    ENVIRONMENT,
    severity=Severity.CRITICAL,
    compliant=({"options": _GOOD},),
    violating=({"options": {**_GOOD, "Secrets": ["DB_PASSWORD"]}},),
)
def no_secrets(options: Mapping[str, Json]) -> Verdict:
    """No property of the environment holds a secret in clear text.

    Everyone who may read its configuration reads them, and saved configurations keep them.
    """
    if not options["Secrets"]:
        return compliant
    return violation(
        because=f"{listed(options['Secrets'])} look like secrets in clear text",
        guide="put each into Secrets Manager or a SecureString parameter, let the instance profile read it, name its "
        "ARN in the namespace `aws:elasticbeanstalk:application:environmentsecrets`, take the property out, and change "
        "the secret itself: it was readable",
    )
