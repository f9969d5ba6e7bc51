"""Security Hub: whether it is on in a region."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import Get, Send, linked_role
from goldseam.clouds.aws.kind import AwsKind, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Switch
from goldseam.control import Example, Severity, Verdict, compliant, control, may_disrupt, should_be
from goldseam.model.values import ABSENT, Value

_ENABLE: Final = Send(
    "securityhub.EnableSecurityHub",
    {"EnableDefaultStandards": True},
    also=linked_role("securityhub", "AWSServiceRoleForSecurityHub"),
)


def _is_there(value: Value) -> Value:
    return value is not ABSENT and value is not False


REGION: Final = AwsKind(
    "aws.securityhub.region",
    "Security Hub in a region",
    (
        Switch(
            name="on",
            # Where it is off, AWS answers as to someone who may not: the message tells the two apart.
            get=Get("securityhub.DescribeHub", path="HubArn", says={"InvalidAccessException": "is not subscribed"}),
            levels={True: _ENABLE, False: Send("securityhub.DisableSecurityHub", {})},
            form=_is_there,
        ),
    ),
    touched_by=(changes("securityhub", "awsRegion", names=("EnableSecurityHub", "DisableSecurityHub")),),
    address="arn:{partition}:securityhub:{region}:{account}:hub/default",
)


@control(
    "aws.securityhub.region.on",
    REGION,
    severity=Severity.MEDIUM,
    maps=required("securityhub_enabled"),
    covers=("prowler:securityhub_enabled",),
    disrupts=may_disrupt("Security Hub checks the region against its default standards, and charges for each check"),
    compliant=({"on": True},),
    violating=(Example({"on": False}, leaves={"on": True}),),
)
def hub_on(on: Value) -> Verdict:
    """Security Hub is on in the region.

    What GuardDuty, Inspector and Macie find is then in one place. Its own checks need AWS Config. Taken back, what it
    found since is deleted.
    """
    return compliant if on else should_be(on=True, because="Security Hub is off in the region")
