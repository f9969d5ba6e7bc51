"""CloudFormation's stacks, as far as facts look at them: what they made, and whether that is as their templates say."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import Get, Look, absent_is
from goldseam.clouds.aws.kind import AwsKind, Listing
from goldseam.model.values import Json, Value


def _drift(raw: Json) -> Value:
    return {
        "status": raw.get("StackDriftStatus") or "NOT_CHECKED",
        "checked": str(raw.get("LastCheckTimestamp") or "")[:10],
    }


STACK: Final = AwsKind(
    "aws.cloudformation.stack-view",
    "CloudFormation stack",
    (Look(name="stack_name", listed="StackName"), Look(name="drift", listed="DriftInformation", decode=_drift)),
    address="{id}",
    find=Listing("cloudformation.DescribeStacks", "Stacks", id="StackId", narrow={"StackName": "{id}"}),
)


def _members(raw: Json) -> Value:
    return [
        {
            "id": item.get("PhysicalResourceId") or "",
            "type": item.get("ResourceType") or "",
            "status": item.get("ResourceStatus") or "",
            "stack": item.get("StackName") or "",
        }
        for item in raw
    ]


MEMBERSHIP: Final = AwsKind(
    "aws.cloudformation.membership",
    "CloudFormation stack membership",
    (
        # The resources of the stack that the physical id belongs to, at most 100 (CloudFormation API Reference,
        # DescribeStackResources); "Stack for ID does not exist" where it belongs to none.
        Look(
            name="members",
            get=Get(
                "cloudformation.DescribeStackResources",
                {"PhysicalResourceId": "{id}"},
                "StackResources",
                says={"ValidationError": "does not exist"},
            ),
            decode=_members,
            form=absent_is([]),
        ),
    ),
    address="arn:{partition}:cloudformation:{region}:{account}:stack/*/{id}",
)
"""What CloudFormation holds under one physical id in one region; ids are physical ids."""
