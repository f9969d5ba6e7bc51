"""Security groups that nobody needs, and those that nobody designed."""

from __future__ import annotations

from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.ec2.security_group import SECURITY_GROUP
from goldseam.control import Severity, Verdict, compliant, control, violation


@control(
    "aws.ec2.security-group.in-use", SECURITY_GROUP, severity=Severity.LOW,
    maps=required("ec2_securitygroup_not_used"),
    compliant=[{"group_name": "web", "in_use": True}, {"group_name": "default", "in_use": False}],
    violating=[{"group_name": "web", "in_use": False}],
)  # fmt: skip
def in_use(group_name: str, in_use: bool) -> Verdict:  # noqa: FBT001
    """A security group is on some interface.

    One that is on none gets no care, and is picked one day for its name, with the rules that it has by then. The
    default group of a network cannot be deleted.
    """
    if in_use or group_name == "default":
        return compliant
    return violation(
        because=f"no network interface is in `{group_name}`",
        guide="1. see that no launch template, no function and no rule of another group names it: `aws ec2 "
        "describe-security-groups --filters Name=ip-permission.group-id,Values=GROUP`, and the same with "
        "`egress.ip-permission.group-id`; 2. keep its rules: `aws ec2 describe-security-groups --group-ids GROUP > "
        "group.json`; 3. `aws ec2 delete-security-group --group-id GROUP`",
    )


@control(
    "aws.ec2.security-group.not-of-the-wizard", SECURITY_GROUP, severity=Severity.LOW,
    maps=required("ec2_securitygroup_from_launch_wizard"),
    compliant=[{"group_name": "web"}],
    violating=[{"group_name": "launch-wizard-3"}],
)  # fmt: skip
def not_of_the_wizard(group_name: str) -> Verdict:
    """A security group was designed.

    The console's wizard makes groups that let the world in by SSH or Remote Desktop, for a trial that stays.
    """
    if not group_name.startswith("launch-wizard"):
        return compliant
    return violation(
        because=f"the launch wizard made `{group_name}`",
        guide="1. make a group with the rules that the machine needs; 2. `aws ec2 modify-instance-attribute "
        "--instance-id INSTANCE --groups NEW`, and see that it is reached as before; 3. delete the wizard's group when "
        "nothing is in it",
    )
