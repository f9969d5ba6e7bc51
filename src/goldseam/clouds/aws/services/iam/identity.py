"""What a policy of an identity lets its holder do: everything, all of one service, or more than it says. Pure.

A permission counts as given where a statement allows it on every resource, with no condition, and no statement of the
same document denies it without one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from goldseam.clouds.aws.shapes import statements
from goldseam.clouds.aws.statements import covers
from goldseam.values import Json

_ALL: Final = "*"


def is_administrator(document: Json) -> bool:
    """Whether a statement allows every action on every resource, whatever its condition asks."""
    return any(
        held.get("Effect") == "Allow" and _on_all(held) and any(covers(held, "Action", each) for each in (_ALL, "*:*"))
        for held in statements(document)
    )


def allows(document: Json, action: str) -> bool:
    """Whether the document gives an action (or all that a pattern such as `kms:*` takes in) on every resource."""
    held = statements(document)
    return any(_gives(statement, action, "Allow") for statement in held) and not any(
        _gives(statement, action, "Deny") for statement in held
    )


def _gives(statement: Json, action: str, effect: str) -> bool:
    if statement.get("Effect") != effect or statement.get("Condition") or not _on_all(statement):
        return False
    if "NotAction" in statement:
        return not covers(statement, "NotAction", action)
    return covers(statement, "Action", action)


def _on_all(statement: Json) -> bool:
    """Every resource, or every one but some."""
    return "NotResource" in statement or covers(statement, "Resource", _ALL)


_RAISES: Final[tuple[tuple[str, ...], ...]] = (
    ("iam:CreatePolicyVersion",),
    ("iam:SetDefaultPolicyVersion",),
    ("iam:CreateAccessKey",),
    ("iam:CreateLoginProfile",),
    ("iam:UpdateLoginProfile",),
    ("iam:AttachUserPolicy",),
    ("iam:AttachGroupPolicy",),
    ("iam:PutUserPolicy",),
    ("iam:PutGroupPolicy",),
    ("iam:AddUserToGroup",),
    ("iam:AttachRolePolicy", "sts:AssumeRole"),
    ("iam:PutRolePolicy", "sts:AssumeRole"),
    ("iam:UpdateAssumeRolePolicy", "sts:AssumeRole"),
    ("iam:PassRole", "ec2:RunInstances"),
    ("iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"),
    ("iam:PassRole", "lambda:CreateFunction", "lambda:AddPermission"),
    ("iam:PassRole", "lambda:CreateFunction", "lambda:CreateEventSourceMapping"),
    ("iam:PassRole", "cloudformation:CreateStack"),
    ("iam:PassRole", "codebuild:CreateProject", "codebuild:StartBuild"),
    ("iam:PassRole", "datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition"),
    ("iam:PassRole", "ecs:RegisterTaskDefinition", "ecs:RunTask"),
    ("iam:PassRole", "glue:CreateDevEndpoint"),
    ("iam:PassRole", "glue:CreateJob", "glue:StartJobRun"),
    ("iam:PassRole", "sagemaker:CreateNotebookInstance", "sagemaker:CreatePresignedNotebookInstanceUrl"),
    ("iam:PassRole", "states:CreateStateMachine", "states:StartExecution"),
    ("lambda:UpdateFunctionCode",),
    ("glue:UpdateDevEndpoint",),
    ("ssm:SendCommand",),
    ("ssm:StartSession",),
)
"""Sets of actions of which each, given on all resources, leads to the rights of somebody else."""


def escalations(document: Json) -> list[str]:
    """The ways by which the holder comes to rights that the document does not give, each as its actions."""
    return [" + ".join(needed) for needed in _RAISES if all(allows(document, action) for action in needed)]


def _both(action: str, words: str) -> Callable[[Json], list[str]]:
    def found(document: Json) -> list[str]:
        return [words] if allows(document, action) else []

    return found


def _administers(document: Json) -> list[str]:
    return ["every action on every resource"] if is_administrator(document) else []


def _decrypts(document: Json) -> list[str]:
    return [action for action in ("kms:Decrypt", "kms:ReEncryptFrom") if allows(document, action)]


_TOLD_APART: Final = frozenset({"kms", "cloudtrail"})


def _whole_services(document: Json) -> list[str]:
    """The services of which every action is given, but for those that are told by themselves."""
    named = {
        action.lower()
        for statement in statements(document)
        for action in _list(statement.get("Action"))
        if action.endswith(":*") and action.lower().partition(":")[0] not in _TOLD_APART
    }
    return sorted(action for action in named if allows(document, action))


def _list(value: Json) -> list[str]:
    return value if isinstance(value, list) else [value] if isinstance(value, str) else []


GIVES: Final[Mapping[str, Callable[[Json], list[str]]]] = {
    "administrator": _administers,
    "escalation": escalations,
    "kms": _both("kms:*", "all of KMS"),
    "cloudtrail": _both("cloudtrail:*", "all of CloudTrail"),
    "service": _whole_services,
    "decrypt": _decrypts,
    "any-role": _both("sts:AssumeRole", "sts:AssumeRole on every role"),
    "marketplace": _both("aws-marketplace:Subscribe", "aws-marketplace:Subscribe"),
}
"""By a word for the excess: what of it a document gives."""


def excess(word: str, document: Json) -> list[str]:
    """What of an excess a document gives; one that gives everything is told once, as an administrator's."""
    if word != "administrator" and is_administrator(document):
        return []
    return GIVES[word](document)
