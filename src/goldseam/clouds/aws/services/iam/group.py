"""IAM groups, and what they hold."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import Address
from goldseam.clouds.aws.kind import REQUEST, AwsKind, ListingScope, changes
from goldseam.clouds.aws.services.iam.held import attached, details, inline

GROUP: Final = AwsKind(
    "aws.iam.group",
    "IAM group",
    (attached("Group"), inline("Group"), Address(name="arn")),
    touched_by=(changes("iam", f"{REQUEST}.groupName", f"{REQUEST}.newGroupName"),),
    address="arn:{partition}:iam::{account}:group/{id}",
    find=details("Group", "GroupDetailList", "GroupName"),
    scope=ListingScope.GLOBAL,
)
