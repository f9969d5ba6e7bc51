"""Law 6 by the Service Authorization Reference: each way in which permissions can be wrong is seen and named."""

from __future__ import annotations

import pytest

from goldseam.clouds.aws.proving.reference import in_order
from goldseam.control import Call, Permission
from goldseam.proving.ground import CannotPlace

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:q"
TRAIL = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/t"
VPC = "arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-1"
FLOW_LOG = "arn:aws:ec2:eu-west-1:123456789012:vpc-flow-log/*"
ROLE = "arn:aws:iam::123456789012:role/flow"


def call(operation: str, *permissions: tuple[str, str]) -> Call:
    return Call(operation, "eu-west-1", {}, tuple(Permission(*item) for item in permissions))


@pytest.mark.parametrize(
    ("made", "objection"),
    [
        (call("sqs.SetQueueAttributes", ("sqs:SetQueueAttributes", QUEUE)), ""),
        (call("iam.UpdateAccountPasswordPolicy", ("iam:UpdateAccountPasswordPolicy", "*")), ""),
        (call("s3.PutPublicAccessBlock", ("s3:PutBucketPublicAccessBlock", "arn:aws:s3:::b")), ""),
        (call("ec2.CreateFlowLogs", ("ec2:CreateFlowLogs", VPC), ("ec2:CreateFlowLogs", FLOW_LOG)), ""),
        (
            call(
                "ec2.CreateFlowLogs", ("ec2:CreateFlowLogs", VPC), ("ec2:CreateFlowLogs", FLOW_LOG),
                ("iam:PassRole", ROLE),
            ),
            "",
        ),
        (call("sqs.SetQueueAttributes"), "does not ask for"),
        (call("sqs.SetQueueAttributes", ("sqs:SetAttributes", QUEUE)), "does not ask for"),
        (call("s3.PutPublicAccessBlock", ("s3:PutPublicAccessBlock", "arn:aws:s3:::b")), "does not ask for"),
        (
            call("sqs.SetQueueAttributes", ("sqs:SetQueueAttributes", QUEUE), ("sqs:DeleteQueue", QUEUE)),
            "does not take sqs:deletequeue",
        ),
        (call("sqs.SetQueueAttributes", ("sqs:SetQueueAttributes", "*")), "can be narrowed to queue"),
        (call("sqs.SetQueueAttributes", ("sqs:SetQueueAttributes", TRAIL)), "is no queue"),
        (call("iam.UpdateAccountPasswordPolicy", ("iam:UpdateAccountPasswordPolicy", ROLE)), "takes no resource"),
        (call("ec2.CreateFlowLogs", ("ec2:CreateFlowLogs", VPC)), "allowed on a vpc-flow-log too"),
    ],
)  # fmt: skip
def test_permissions_are_what_the_reference_says_and_nothing_more(made: Call, objection: str) -> None:
    found = in_order([made])
    assert objection in found
    assert bool(objection) == bool(found)


def test_of_an_operation_that_the_reference_does_not_know_nothing_is_said() -> None:
    with pytest.raises(CannotPlace, match="names no action for"):
        in_order([call("s3.DeleteBucketEncryption", ("s3:PutEncryptionConfiguration", "arn:aws:s3:::b"))])
