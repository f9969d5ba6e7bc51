"""Instances: how they tell metadata and credentials, where they are reached, and those that nobody runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from goldseam.clouds.aws.named import InstanceProfile, Role
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.ec2.network import INSTANCE
from goldseam.clouds.aws.services.ec2.user_data import MOVE, spelled
from goldseam.control import (
    Between,
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

_V2: Final[Mapping[str, Json]] = {
    "HttpTokens": "required",
    "HttpPutResponseHopLimit": 1,
    "HttpEndpoint": "enabled",
    "InstanceMetadataTags": "disabled",
}
_V1: Final[Mapping[str, Json]] = {**_V2, "HttpTokens": "optional"}
_OFF: Final[Mapping[str, Json]] = {**_V1, "HttpEndpoint": "disabled"}
_FAR: Final[Mapping[str, Json]] = {**_V2, "HttpPutResponseHopLimit": 64}
_PROFILE: Final = {
    "profile": "arn:aws:iam::123456789012:instance-profile/machines",
    "role": "arn:aws:iam::123456789012:role/machines",
}


@control(
    "aws.ec2.instance.imdsv2-required", INSTANCE, severity=Severity.HIGH,
    disrupts=may_disrupt(
        "programs on the instance that only know version 1 of the metadata service no longer get credentials; the "
        "metric `MetadataNoToken` of the instance counts their calls"
    ),
    maps=required("ec2_instance_imdsv2_enabled"),
    covers=("security-hub:EC2.8",),
    compliant=[
        {"metadata": _V2, "gone": False},
        {"metadata": _OFF, "gone": False},
        {"metadata": _V1, "gone": True},
    ],
    violating=[
        Example({"metadata": _V1, "gone": False}, leaves={"metadata": _V2}),
        Example(
            {"metadata": {**_FAR, "HttpTokens": "optional"}, "gone": False}, leaves={"metadata": _FAR}
        ),
    ],
)  # fmt: skip
def imdsv2_required(metadata: Mapping[str, Json], gone: bool) -> Verdict:  # noqa: FBT001
    """An instance asks for a token before it tells metadata.

    With version 1, a program that can be made to fetch any address can be made to fetch the credentials of the
    instance's role. A token cannot be had by one fetch.
    """
    off = metadata.get("HttpEndpoint") == "disabled"
    if gone or off or metadata.get("HttpTokens") == "required":
        return compliant
    return should_be(metadata={**metadata, "HttpTokens": "required"}, because="metadata is told without a token")


@control(
    "aws.ec2.instance.metadata-stays-near", INSTANCE, severity=Severity.MEDIUM,
    disrupts=may_disrupt("programs that are more hops away from the instance than the limit no longer get credentials"),
    compliant=[
        {"metadata": _V2, "gone": False},
        {"metadata": {**_V2, "HttpPutResponseHopLimit": 2}, "gone": False},
        {"metadata": {**_OFF, "HttpPutResponseHopLimit": 64}, "gone": False},
        {"metadata": _FAR, "gone": True},
    ],
    violating=[
        Example({"metadata": _FAR, "gone": False}, leaves={"metadata": {**_FAR, "HttpPutResponseHopLimit": 2}}),
        Example({"metadata": {**_V1, "HttpPutResponseHopLimit": 2}, "gone": False}, {"most": 1}, {"metadata": _V1}),
    ],
)  # fmt: skip
def metadata_stays_near(
    metadata: Mapping[str, Json],
    gone: bool,  # noqa: FBT001
    *,
    most: Annotated[int, Between(1, 64)] = 2,
) -> Verdict:
    """Tokens for metadata do not travel far.

    A proxy, a VPN or a router on the instance would pass them on to others. One hop is the instance itself, the second
    lets its containers ask; set the limit to 1 where there are none.
    """
    hops = metadata.get("HttpPutResponseHopLimit", 1)
    if gone or metadata.get("HttpEndpoint") == "disabled" or hops <= most:
        return compliant
    because = f"tokens for metadata travel {hops} hops, {most} are allowed"
    return should_be(metadata={**metadata, "HttpPutResponseHopLimit": most}, because=because)


@control(
    "aws.ec2.instance.monitored", INSTANCE, severity=Severity.LOW,
    disrupts=harmless(
        "metrics are sent every minute instead of every five, and each is charged; the instance runs as before",
        source="Amazon EC2 User Guide, Manage detailed monitoring for your EC2 instances",
        noticed_by="those who pay",
    ),
    maps=required("ec2_instance_detailed_monitoring_enabled"),
    compliant=[{"monitored": True, "gone": False}, {"monitored": False, "gone": True}],
    violating=[Example({"monitored": False, "gone": False}, leaves={"monitored": True})],
)  # fmt: skip
def monitored(monitored: bool, gone: bool) -> Verdict:  # noqa: FBT001
    """Metrics of an instance come every minute.

    Alarms on what comes every five minutes notice mining, floods and failures too late.
    """
    if monitored or gone:
        return compliant
    return should_be(monitored=True, because="detailed monitoring is off")


@control(
    "aws.ec2.instance.has-role", INSTANCE, severity=Severity.MEDIUM,
    disrupts=may_disrupt("every program on the instance gains the rights of the role"),
    maps=required("ec2_instance_profile_attached"),
    covers=("cloudbots:ec2_attach_instance_role",),
    compliant=[{"profile": _PROFILE, "gone": False}, {"profile": ABSENT, "gone": True}],
    violating=[
        {"profile": ABSENT, "gone": False},
        Example(
            {"profile": ABSENT, "gone": False},
            {"instance_profile": _PROFILE["profile"], "role": _PROFILE["role"]},
            {"profile": _PROFILE},
        ),
    ],
)  # fmt: skip
def has_role(profile: Value, gone: bool, *, instance_profile: InstanceProfile = "", role: Role = "") -> Verdict:  # noqa: FBT001
    """An instance has a role of its own.

    Without one, programs on it get keys of a user, which stand in files for years and work from anywhere.
    """
    if gone or profile is not ABSENT:
        return compliant
    because = "the instance has no role"
    if instance_profile and role:
        return should_be(profile={"profile": instance_profile, "role": role}, because=because)
    return violation(
        because=because,
        guide="1. make a role that `ec2.amazonaws.com` may assume, with the rights that the programs need and no more, "
        "and an instance profile that holds it; 2. give the names or ARNs of both in a policy as the settings "
        "`instance_profile` and `role`, or `aws ec2 associate-iam-instance-profile --instance-id INSTANCE "
        "--iam-instance-profile Arn=PROFILE`; 3. take the keys of users off the instance and delete them",
    )


_LASTING: Final = ("running", "stopping", "stopped")
"""The states of an instance that is neither being made nor being ended."""


@control(
    "aws.ec2.instance.managed-by-ssm", INSTANCE, severity=Severity.MEDIUM,
    maps=required("ec2_instance_managed_by_ssm"),
    covers=("security-hub:SSM.1",),
    compliant=[
        {"managed": True, "state": "running"},
        {"managed": True, "state": "stopped"},
        {"managed": False, "state": "terminated"},
    ],
    violating=[{"managed": False, "state": "running"}, {"managed": False, "state": "stopped"}],
)  # fmt: skip
def managed_by_ssm(managed: bool, state: str) -> Verdict:  # noqa: FBT001
    """An instance that runs, or is stopped, is managed by Systems Manager.

    What is not is in no inventory and gets no patches from there, and is administered over an open port instead of
    Session Manager. A stopped one starts again as it was (Security Hub SSM.1).
    """
    if managed or state not in _LASTING:
        return compliant
    return violation(
        because="Systems Manager does not know the instance",
        guide="1. see that the SSM agent runs on the instance, started for this where it is stopped (it is part of "
        "Amazon's own images); 2. let it register: "
        "by the policy AmazonSSMManagedInstanceCore on the role of the instance, or for the whole region by Default "
        "Host Management Configuration, which needs IMDSv2; 3. in a network without a way to the internet make "
        "endpoints for ssm, ssmmessages and ec2messages; 4. `aws ssm describe-instance-information` names the instance "
        "some minutes later",
    )


@control(
    "aws.ec2.instance.no-secrets-in-user-data", INSTANCE, severity=Severity.CRITICAL,
    maps=required("ec2_instance_secrets_user_data"),
    compliant=[{"user_data": [], "gone": False}],
    violating=[{"user_data": [{"line": 3, "kind": "password"}, {"line": 9, "kind": "private key"}], "gone": False}],
)  # fmt: skip
def no_secrets_in_user_data(user_data: list[Json], gone: bool) -> Verdict:  # noqa: FBT001
    """User data of an instance holds no secret.

    Every program on it reads user data from the metadata service, and everyone who may describe instances reads it too.
    """
    if gone or not user_data:
        return compliant
    guide = f"{MOVE}5. stop the instance, `aws ec2 modify-instance-attribute --user-data`, and start it"
    return violation(because=f"user data seems to hold: {spelled(user_data)}", guide=guide)


@control(
    "aws.ec2.instance.no-public-address", INSTANCE, severity=Severity.MEDIUM,
    maps=required("ec2_instance_public_ip"),
    compliant=[{"public_ip": ABSENT}],
    violating=[{"public_ip": "192.0.2.1"}],
)  # fmt: skip
def no_public_address(public_ip: Value) -> Verdict:
    """An instance has no public address.

    Without one, a mistake in a security group puts nothing on the internet. An address that is taken away cannot be had
    back, so a person does it.
    """
    if public_ip is ABSENT:
        return compliant
    return violation(
        because=f"the instance has the public address {public_ip}",
        guide="1. find out who connects to the address: flow logs, DNS, allow-lists of partners; 2. serve them by a "
        "load balancer or CloudFront, administrators by Session Manager, and connections outward by a NAT gateway; 3. "
        "take the address away: `aws ec2 disassociate-address --association-id ASSOCIATION` for an Elastic IP address, "
        "`aws ec2 modify-network-interface-attribute --network-interface-id INTERFACE "
        "--no-associate-public-ip-address` for the other kind",
    )


@control(
    "aws.ec2.instance.not-stopped-for-long", INSTANCE, severity=Severity.LOW,
    maps=required("ec2_instance_older_than_specific_days", "ec2_instance_stopped_older_than_specific_days"),
    covers=("security-hub:EC2.4",),
    compliant=[{"stopped_days": 0}, {"stopped_days": 15}],
    violating=[{"stopped_days": 30}, Example({"stopped_days": 15}, {"days": 10})],
)  # fmt: skip
def not_stopped_for_long(stopped_days: int, *, days: Annotated[int, Between(1, 3650)] = 30) -> Verdict:
    """An instance is not stopped for weeks.

    It gets no patches while it is stopped, and starts one day with the holes of then; its volumes are paid for. It is
    never terminated from here: what is on it may be the only copy.
    """
    if stopped_days < days:
        return compliant
    return violation(
        because=f"the instance is stopped for more than {stopped_days} days, {days} are allowed",
        guide="1. ask the owner whether it is still needed; if so, patch it before it is used; 2. if not, keep what "
        "may be: `aws ec2 create-image --instance-id INSTANCE --name NAME`, and wait until the image is available; 3. "
        "see which volumes would go with the instance; 4. `aws ec2 terminate-instances --instance-ids INSTANCE`",
    )
