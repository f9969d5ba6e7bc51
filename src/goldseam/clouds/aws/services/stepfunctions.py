"""Step Functions: state machines, what is recorded of their executions, and what their definitions give away."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Get, Look, Send, absent_is, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.looks_secret import listed, secret_places
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document
from goldseam.control import (
    Example,
    Severity,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.values import ABSENT, Json, Value

_MACHINE: Final = {"stateMachineArn": "{id}"}


def _described(path: str) -> Get:
    return Get("stepfunctions.DescribeStateMachine", _MACHINE, path)


def _logging(value: Value) -> Value:
    """Level, whether input and output are recorded, and the log groups; without any it is off."""
    held = {} if value is ABSENT else value
    groups = [at["cloudWatchLogsLogGroup"]["logGroupArn"] for at in held.get("destinations") or []]
    return {
        "level": held.get("level", "OFF"),
        "includeExecutionData": bool(held.get("includeExecutionData")),
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}} for group in sorted(groups)],
    }


def _secrets(raw: Json) -> Value:
    return secret_places(json.loads(raw))


def _own_key(raw: Mapping[str, Json]) -> Value:
    return raw.get("type") == "CUSTOMER_MANAGED_KMS_KEY"


STATE_MACHINE: Final = AwsKind(
    "aws.stepfunctions.state-machine",
    "Step Functions state machine",
    (
        Document(
            name="logging",
            get=_described("loggingConfiguration"),
            put=Send("stepfunctions.UpdateStateMachine", {**_MACHINE, "loggingConfiguration": VALUE}),
            form=_logging,
        ),
        Document(
            name="traced",
            get=_described("tracingConfiguration.enabled"),
            put=Send("stepfunctions.UpdateStateMachine", {**_MACHINE, "tracingConfiguration": {"enabled": VALUE}}),
            form=absent_is(default=False),
        ),
        Look(name="secrets", get=_described("definition"), decode=_secrets),
        Look(name="own_key", get=_described("encryptionConfiguration"), decode=_own_key, form=absent_is(default=False)),
        tags(Get("stepfunctions.ListTagsForResource", {"resourceArn": "{id}"}, "tags"), key="key", value="value"),
    ),
    touched_by=(
        changes("states", f"{REQUEST}.stateMachineArn", f"{ANSWER}.stateMachineArn", f"{REQUEST}.resourceArn"),
    ),
    address="arn:{partition}:states:{region}:{account}:stateMachine:{name}",
    find=Listing("stepfunctions.ListStateMachines", "stateMachines", id="stateMachineArn"),
)

_GROUP: Final = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/vendedlogs/states/orders:*"


def _logged(level: str, *groups: str, data: bool = False) -> Json:
    destinations = [{"cloudWatchLogsLogGroup": {"logGroupArn": group}} for group in groups]
    return {"level": level, "includeExecutionData": data, "destinations": destinations}


@control(
    "aws.stepfunctions.state-machine.logged",
    STATE_MACHINE,
    severity=Severity.MEDIUM,
    maps=required("stepfunctions_statemachine_logging_enabled"),
    disrupts=may_disrupt(
        "executions go on, and are recorded in CloudWatch, which charges by volume; AWS refuses the change where the "
        "state machine's role may not write there"
    ),
    compliant=({"logging": _logged("ERROR", _GROUP)}, {"logging": _logged("ALL", _GROUP, data=True)}),
    violating=(
        {"logging": _logged("OFF")},
        Example({"logging": _logged("OFF", _GROUP)}, leaves={"logging": _logged("ERROR", _GROUP)}),
    ),
)
def machine_logged(logging: Mapping[str, Json]) -> Verdict:
    """Executions of the state machine are recorded.

    What a failed execution did is otherwise gone with its history after 90 days, and for an express one at once. Where
    a log group is set already, errors are recorded there.
    """
    if logging["level"] != "OFF" and logging["destinations"]:
        return compliant
    if logging["destinations"]:
        return should_be(logging={**logging, "level": "ERROR"}, because="logging is off")
    return violation(
        because="logging is off, and there is no log group for it",
        guide="make a log group `/aws/vendedlogs/states/…`, let the state machine's role deliver logs (Step Functions "
        "Developer Guide, IAM policies for logging to CloudWatch Logs), and set it with `aws stepfunctions "
        "update-state-machine --logging-configuration …`",
    )


@control(
    "aws.stepfunctions.state-machine.traced",
    STATE_MACHINE,
    severity=Severity.LOW,
    disrupts=harmless(
        "running executions are not affected; a sample of the executions is recorded (by default one each "
        "second and 5 % of the rest), and X-Ray charges by trace",
        source="AWS Step Functions Developer Guide, Trace Step Functions request data in AWS X-Ray",
        noticed_by="those who pay",
    ),
    compliant=({"traced": True},),
    violating=(Example({"traced": False}, leaves={"traced": True}),),
)
def machine_traced(traced: bool) -> Verdict:  # noqa: FBT001
    """Executions of the state machine are traced.

    A trace shows which service a slow or failed step was waiting for. Without the right to write traces in its role
    the state machine works as before, and leaves none.
    """
    return compliant if traced else should_be(traced=True, because="X-Ray tracing is off")


@control(
    "aws.stepfunctions.state-machine.no-secrets-in-definition",
    STATE_MACHINE,
    severity=Severity.CRITICAL,
    maps=required("stepfunctions_statemachine_no_secrets_in_definition"),
    compliant=({"secrets": []},),
    violating=({"secrets": ["States.Call.Parameters.Password"]},),
)
def no_secrets(secrets: list[str]) -> Verdict:
    """The definition of the state machine holds no secret.

    Everyone who may describe state machines or read the history of executions reads it.
    """
    if not secrets:
        return compliant
    return violation(
        because=f"{listed(secrets)} in the definition look like secrets in clear text",
        guide="put each into Secrets Manager, read it in a step of its own or in the code that needs it, take it "
        "out of the definition, and change the secret itself: it was readable",
    )


@control(
    "aws.stepfunctions.state-machine.encrypted-with-own-key",
    STATE_MACHINE,
    severity=Severity.LOW,
    maps=required("stepfunctions_statemachine_encrypted_with_cmk"),
    compliant=({"own_key": True},),
    violating=({"own_key": False},),
)
def encrypted_with_own_key(own_key: bool) -> Verdict:  # noqa: FBT001
    """Definition and executions of the state machine are encrypted with a key of the account.

    Executions fail when the key is gone or its policy leaves out the state machine's role, so a person chooses it.
    """
    if own_key:
        return compliant
    return violation(
        because="only AWS's own key encrypts the state machine",
        guide="choose a key, let the state machine's role use it, and set it with `aws stepfunctions "
        "update-state-machine --encryption-configuration type=CUSTOMER_MANAGED_KMS_KEY,kmsKeyId=…`",
    )
