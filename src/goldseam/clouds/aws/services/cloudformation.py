"""CloudFormation: stacks, whether they can be deleted by mistake, and what they give away."""

from __future__ import annotations

from typing import Annotated, Final

from goldseam.clouds.aws.facet import Look, Send, absent_is, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, AwsKind, Listing, behind, changes
from goldseam.clouds.aws.looks_secret import listed, secret_names
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Switch
from goldseam.control import (
    Between,
    Example,
    Severity,
    Verdict,
    compliant,
    control,
    harmless,
    should_be,
    violation,
)
from goldseam.model.values import Json, Value

_STACK: Final = {"StackName": "{address}"}
_BOOTSTRAP: Final = "CDKToolkit"
_VERSION: Final = "BootstrapVersion"


def _outputs(raw: Json) -> dict[str, str]:
    return {item["OutputKey"]: item.get("OutputValue", "") for item in raw}


def _secret_outputs(raw: Json) -> Value:
    return secret_names(_outputs(raw))


def _bootstrapped(raw: Json) -> Value:
    return _outputs(raw).get(_VERSION, "")


STACK: Final = AwsKind(
    "aws.cloudformation.stack",
    "CloudFormation stack",
    (
        Switch(
            name="protected",
            listed="EnableTerminationProtection",
            levels={
                on: Send("cloudformation.UpdateTerminationProtection", {**_STACK, "EnableTerminationProtection": on})
                for on in (True, False)
            },
            form=absent_is(default=False),
        ),
        Look(name="root", listed="RootId", form=absent_is("")),
        Look(name="topics", listed="NotificationARNs", form=absent_is([])),
        Look(name="secret_outputs", listed="Outputs", decode=_secret_outputs, form=absent_is([])),
        Look(name="bootstrap", listed="Outputs", decode=_bootstrapped, form=absent_is("")),
        Look(name="drift", listed="DriftInformation.StackDriftStatus", form=absent_is("")),
        Look(name="stack_name", listed="StackName"),
        Look(name="status", listed="StackStatus"),
        tags(),
    ),
    touched_by=(changes("cloudformation", f"{REQUEST}.stackName", f"{ANSWER}.stackId", id="arn:.+:stack/(.+)"),),
    address="arn:{partition}:cloudformation:{region}:{account}:stack/{id}",
    find=Listing("cloudformation.DescribeStacks", "Stacks", id=f"StackId.{behind(':stack/')}", narrow=_STACK),
)

_ROOT: Final = "arn:aws:cloudformation:eu-west-1:123456789012:stack/shop/0a1b2c3d-0000-1111-2222-333344445555"
_UNSETTLED: Final = ("DELETE_IN_PROGRESS", "DELETE_COMPLETE", "REVIEW_IN_PROGRESS")
_MADE: Final = "CREATE_COMPLETE"


@control(
    "aws.cloudformation.stack.termination-protected",
    STACK,
    severity=Severity.MEDIUM,
    maps=required("cloudformation_stacks_termination_protection_enabled"),
    covers=("seed:stackTerminationProtection",),
    disrupts=harmless(
        "only a deletion of the stack is refused, until the protection is switched off again",
        source="AWS CloudFormation API Reference, UpdateTerminationProtection",
        noticed_by="those who delete the stack",
    ),
    compliant=(
        {"protected": True, "root": "", "status": _MADE},
        {"protected": False, "root": _ROOT, "status": _MADE},
        {"protected": False, "root": "", "status": "DELETE_IN_PROGRESS"},
    ),
    violating=(Example({"protected": False, "root": "", "status": _MADE}, leaves={"protected": True}),),
)
def termination_protected(protected: bool, root: str, status: str) -> Verdict:  # noqa: FBT001
    """The stack cannot be deleted by one call.

    With a stack go its resources, and the data in them. A nested stack follows its root, where the protection is set,
    and one that is being deleted already is left.
    """
    if protected or root or status in _UNSETTLED:
        return compliant
    return should_be(protected=True, because="termination protection is off")


@control(
    "aws.cloudformation.stack.notifies",
    STACK,
    severity=Severity.LOW,
    covers=("security-hub:CloudFormation.1",),
    compliant=(
        {"topics": ["arn:aws:sns:eu-west-1:123456789012:stacks"], "root": ""},
        {"topics": [], "root": _ROOT},
    ),
    violating=({"topics": [], "root": ""},),
)
def notifies(topics: list[str], root: str) -> Verdict:
    """Changes of the stack are told to a topic.

    A topic can only be set with an update of the whole stack. That update runs with the old template, and puts every
    resource that was changed by hand or by a newer default back or in another place: a person should look on.
    """
    if topics or root:
        return compliant
    return violation(
        because="no topic is told of changes of the stack",
        guide="detect drift first (`aws cloudformation detect-stack-drift`); make a change set with the previous "
        "template, all parameters as `UsePreviousValue=true`, the same capabilities and tags, and "
        "`--notification-topic-arns …`; execute it only when it changes no resource; stacks of CDK, SAM or Terraform "
        "take the topic in their code",
    )


@control(
    "aws.cloudformation.stack.no-secrets-in-outputs",
    STACK,
    severity=Severity.CRITICAL,
    maps=required("cloudformation_stack_outputs_find_secrets"),
    compliant=({"secret_outputs": []},),
    violating=({"secret_outputs": ["Password"]},),
)
def no_secrets(secret_outputs: list[str]) -> Verdict:
    """No output of the stack holds a secret.

    Outputs are shown to everyone who may describe stacks, and stay in the history of changes.
    """
    if not secret_outputs:
        return compliant
    return violation(
        because=f"outputs {listed(secret_outputs)} look like secrets in clear text",
        guide="let the template put the secret into Secrets Manager and give out its ARN instead, update the stack, "
        "and change the secret itself: it was readable",
    )


@control(
    "aws.cloudformation.stack.not-drifted",
    STACK,
    severity=Severity.LOW,
    compliant=({"drift": "IN_SYNC"}, {"drift": "NOT_CHECKED"}, {"drift": ""}),
    violating=({"drift": "DRIFTED"},),
)
def not_drifted(drift: str) -> Verdict:
    """The stack's resources are as its template says.

    What was changed beside the template is undone, or breaks, with the next update. Only the last detection that was
    run is looked at; none is started.
    """
    if drift != "DRIFTED":
        return compliant
    return violation(
        because="resources of the stack differ from its template",
        guide="see which with `aws cloudformation describe-stack-resource-drifts`, bring each change into the template "
        "or take it back, and detect drift again",
    )


@control(
    "aws.cloudformation.stack.cdk-bootstrap-current",
    STACK,
    severity=Severity.MEDIUM,
    maps=required("cloudformation_stack_cdktoolkit_bootstrap_version"),
    compliant=({"stack_name": "shop", "bootstrap": ""}, {"stack_name": _BOOTSTRAP, "bootstrap": "21"}),
    violating=({"stack_name": _BOOTSTRAP, "bootstrap": "20"}, {"stack_name": _BOOTSTRAP, "bootstrap": ""}),
)
def bootstrap_current(stack_name: str, bootstrap: str, *, least: Annotated[int, Between(1, 1000)] = 21) -> Verdict:
    """The account is prepared for CDK with a version that refuses strangers' buckets.

    Before version 21 whoever takes the name of a deleted assets bucket can slip templates into deployments.
    """
    if stack_name != _BOOTSTRAP or (bootstrap.isdigit() and int(bootstrap) >= least):
        return compliant
    return violation(
        because=f"the CDK bootstrap is version {bootstrap or '(none)'}, and {least} is wanted",
        guide="with a current CDK, and the options that the account was prepared with, run `cdk bootstrap "
        "aws://ACCOUNT/REGION`; it updates the stack in place",
    )
