"""CloudFormation's stacks, as far as facts look at them: whether what they made is still as their templates say."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import Look
from goldseam.clouds.aws.kind import AwsKind, Listing
from goldseam.values import Json, Value


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
