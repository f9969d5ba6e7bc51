"""What a function runs, what it runs with, and what is seen of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.looks_secret import listed
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.lambda_.function import FUNCTION
from goldseam.control import Example, Severity, Verdict, compliant, control, harmless, should_be, violation
from goldseam.model.values import Json

_ARN: Final = "arn:aws:lambda:eu-west-1:123456789012:function:goldseam-example"
_OWN_LAYER: Final = "arn:aws:lambda:eu-west-1:123456789012:layer:shared:3"
_INSIGHTS: Final = "arn:aws:lambda:eu-west-1:580247275435:layer:LambdaInsightsExtension:53"
_STRANGE_LAYER: Final = "arn:aws:lambda:eu-west-1:210987654321:layer:helpers:7"

_OF_AWS: Final = frozenset(
    {
        "017000801446",  # Powertools for AWS Lambda
        "094274105915",  # Powertools for AWS Lambda, TypeScript
        "336392948345",  # AWS SDK for pandas
        "580247275435",  # CloudWatch Lambda Insights
        "901920570463",  # AWS Distro for OpenTelemetry
        "133490724326",  # AWS Parameters and Secrets extension, eu-central-1
        "177933569100",  # the same, us-east-1
        "590474943231",  # the same, us-east-2
        "345057560386",  # the same, us-west-2
        "015030872274",  # the same, eu-west-1
        "133256977650",  # the same, eu-west-2
    }
)
"""Accounts in which AWS publishes layers (Lambda Developer Guide, and the pages of the extensions)."""


@control(
    "aws.lambda.function.supported-runtime",
    FUNCTION,
    severity=Severity.MEDIUM,
    maps=required("awslambda_function_using_supported_runtimes"),
    compliant=({"runtime": {"name": "python3.13", "deprecated": ""}}, {"runtime": {"name": "", "deprecated": ""}}),
    violating=({"runtime": {"name": "python3.7", "deprecated": "2023-12-04"}},),
)
def supported_runtime(runtime: Mapping[str, str]) -> Verdict:
    """The function runs on a runtime that AWS supports.

    A deprecated runtime gets no security fixes, and after some time functions on it can no longer be changed.
    """
    if not runtime["deprecated"]:
        return compliant
    return violation(
        because=f"runtime {runtime['name']} is deprecated since {runtime['deprecated']}",
        guide="test the code on a supported runtime under an alias of its own, then set it with "
        "`aws lambda update-function-configuration --runtime …`; the old runtime may be blocked for a way back, so "
        "publish a version before",
    )


@control(
    "aws.lambda.function.no-secrets-in-environment",
    FUNCTION,
    severity=Severity.CRITICAL,
    maps=required("awslambda_function_no_secrets_in_variables"),
    compliant=({"environment": {"Variables": 2, "Secrets": []}},),
    violating=({"environment": {"Variables": 3, "Secrets": ["AWS_SECRET", "DB_PASSWORD"]}},),
)
def no_secrets(environment: Mapping[str, Json]) -> Verdict:
    """No variable of the function's environment holds a secret.

    Everyone who may read the function's configuration reads its variables: consoles, pipelines, monitoring.
    """
    if not environment["Secrets"]:
        return compliant
    return violation(
        because=f"{listed(environment['Secrets'])} in the environment look like secrets in clear text",
        guide="put each secret into Secrets Manager or a SecureString parameter, let the function's role read it, "
        "change the code to fetch it by name, take the variable out, and change the secret itself: it was readable",
    )


@control(
    "aws.lambda.function.environment-encrypted-with-own-key",
    FUNCTION,
    severity=Severity.LOW,
    maps=required("awslambda_function_env_vars_not_encrypted_with_cmk"),
    compliant=(
        {"environment": {"Variables": 0, "Secrets": []}, "environment_key": ""},
        {"environment": {"Variables": 2, "Secrets": []}, "environment_key": "arn:aws:kms:eu-west-1:123456789012:key/k"},
    ),
    violating=({"environment": {"Variables": 2, "Secrets": []}, "environment_key": ""},),
)
def environment_encrypted(environment: Mapping[str, Json], environment_key: str) -> Verdict:
    """Variables of the function are encrypted with a key of the account.

    Lambda's own key opens for everyone who may read the function; a key of the account's own has a policy.
    """
    if environment_key or not environment["Variables"]:
        return compliant
    return violation(
        because=f"{environment['Variables']} environment variables are encrypted with Lambda's own key only",
        guide="choose a key whose policy lets the function's role decrypt and you create grants, and set it with "
        "`aws lambda update-function-configuration --kms-key-arn …`; whoever deploys needs the right to use it as well",
    )


@control(
    "aws.lambda.function.traced",
    FUNCTION,
    severity=Severity.LOW,
    disrupts=harmless(
        "the function can be invoked during the update; one request each second and 5 % of the rest are "
        "traced, X-Ray charges by trace, and AWS refuses the change where the role may not write traces",
        source="AWS Lambda Developer Guide, Visualize Lambda function invocations using AWS X-Ray",
        noticed_by="those who pay",
    ),
    compliant=({"tracing": "Active"},),
    violating=(Example({"tracing": "PassThrough"}, leaves={"tracing": "Active"}),),
)
def traced(tracing: str) -> Verdict:
    """Requests to the function are traced.

    A trace shows what the function called for whom, and where it failed.
    """
    return compliant if tracing == "Active" else should_be(tracing="Active", because="X-Ray tracing is off")


@control(
    "aws.lambda.function.keeps-dead-letters",
    FUNCTION,
    severity=Severity.LOW,
    maps=required("awslambda_function_no_dead_letter_queue"),
    compliant=({"dead_letters": "arn:aws:sqs:eu-west-1:123456789012:dead"},),
    violating=({"dead_letters": ""},),
)
def keeps_dead_letters(dead_letters: str) -> Verdict:
    """Events that the function fails on are kept.

    Without a dead-letter queue an event that failed three times is gone. Exempt functions that are only called by
    whoever waits for the answer, and those with a destination for failures.
    """
    if dead_letters:
        return compliant
    return violation(
        because="there is no dead-letter queue",
        guide="make an SQS queue, let the function's role send to it, and set it with `aws lambda "
        "update-function-configuration --dead-letter-config TargetArn=…`",
    )


@control(
    "aws.lambda.function.in-a-vpc",
    FUNCTION,
    severity=Severity.LOW,
    maps=required("awslambda_function_inside_vpc"),
    compliant=({"network": "vpc-0a1b2c3d"},),
    violating=({"network": ""},),
)
def in_a_vpc(network: str) -> Verdict:
    """The function runs in a network of the account.

    Its traffic can then be limited and recorded. A function in a VPC reaches neither the internet nor AWS without a
    NAT gateway or endpoints: a person must prepare the network first.
    """
    if network:
        return compliant
    return violation(
        because="the function is in no VPC",
        guide="choose private subnets in two zones with a NAT gateway or the endpoints that the function needs, give "
        "its role AWSLambdaVPCAccessExecutionRole, test it there, then set it with `aws lambda "
        "update-function-configuration --vpc-config SubnetIds=…,SecurityGroupIds=…`",
    )


@control(
    "aws.lambda.function.layers-of-known-accounts",
    FUNCTION,
    severity=Severity.MEDIUM,
    maps=required("awslambda_function_using_cross_account_layers"),
    covers=("cloudbots:lambda_detach_external_layer",),
    compliant=(
        {"layers": [], "arn": _ARN},
        {"layers": [_OWN_LAYER, _INSIGHTS], "arn": _ARN},
        Example({"layers": [_STRANGE_LAYER], "arn": _ARN}, settings={"trusted": "210987654321"}),
    ),
    violating=({"layers": [_OWN_LAYER, _STRANGE_LAYER], "arn": _ARN},),
)
def layers_known(layers: list[str], arn: str, *, trusted: str = "") -> Verdict:
    """Layers of the function come from the account itself, from AWS, or from accounts that are trusted.

    A layer is code that runs with the function's rights. `trusted` takes account ids with commas between them. A
    function does not start without what its code imports from a layer, so none is taken off by itself.
    """
    own = {arn.split(":")[4], *_OF_AWS, *(account.strip() for account in trusted.split(","))}
    strange = [layer for layer in layers if layer.split(":")[4] not in own]
    if not strange:
        return compliant
    return violation(
        because=f"{listed(strange)} come from other accounts",
        guide="read what the layer holds (`aws lambda get-layer-version-by-arn`), publish it in this account or bring "
        "it into the function's package, set `--layers` to the list with the copy in its place, and test the function; "
        "or name the account in the setting `trusted`",
    )


@control(
    "aws.lambda.function.role-not-administrator",
    FUNCTION,
    severity=Severity.HIGH,
    covers=("cloudbots:lambda_detach_blanket_permissions",),
    compliant=({"blanket": []},),
    violating=({"blanket": ["all"]},),
)
def role_not_administrator(blanket: list[str]) -> Verdict:
    """The function's role may not do everything.

    Whoever gets the function to run code of theirs, or to follow their input too far, has the account. What the
    function needs of it cannot be told from its configuration, so the policy is not taken away by itself.
    """
    if not blanket:
        return compliant
    return violation(
        because=f"{listed(blanket)} of the function's role allow every action on everything",
        guide="let IAM Access Analyzer make a policy from what the role did in CloudTrail, over a time in which all "
        "that the function does happened; attach it, then detach the other, and watch the function's errors; other "
        "functions may run under the same role",
    )
