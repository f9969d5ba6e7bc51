"""Auto Scaling: groups, and the launch configurations that some of them still start machines of.

A launch configuration cannot be changed, and AWS adds nothing to them any more (Amazon EC2 Auto Scaling User Guide,
"Auto Scaling launch configurations"): the way on is a launch template, which a person makes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from goldseam.clouds.aws.facet import Look, Send, absent_is, tags
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.ec2.user_data import MOVE, secrets_in_user_data, spelled
from goldseam.clouds.aws.shapes import Settings
from goldseam.control import Between, Example, Severity, Verdict, compliant, control, may_disrupt, should_be, violation
from goldseam.model.values import ABSENT, Json, Value

_BALANCERS: Final = ("LoadBalancerNames", "TargetGroupARNs", "TrafficSources")
_ENOUGH_ZONES: Final = 2


def _balanced(raw: Mapping[str, Json]) -> Value:
    return any(raw.get(member) for member in _BALANCERS)


GROUP: Final = AwsKind(
    "aws.autoscaling.group",
    "Auto Scaling group",
    (
        Settings(
            name="health",
            listed="",
            modify=Send("autoscaling.UpdateAutoScalingGroup", {"AutoScalingGroupName": "{id}"}),
            fields={"HealthCheckType": "HealthCheckType", "HealthCheckGracePeriod": "HealthCheckGracePeriod"},
        ),
        Look(name="balanced", listed="", decode=_balanced),
        Look(name="launch_configuration", listed="LaunchConfigurationName", form=absent_is("")),
        Look(name="zones", listed="AvailabilityZones", decode=sorted, form=absent_is([])),
        tags(),
    ),
    touched_by=(changes("autoscaling", f"{REQUEST}.autoScalingGroupName"),),
    address="arn:{partition}:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{id}",
    find=Listing(
        "autoscaling.DescribeAutoScalingGroups",
        "AutoScalingGroups",
        id="AutoScalingGroupName",
        address="AutoScalingGroupARN",
        narrow={"AutoScalingGroupNames": ["{id}"]},
    ),
)


@control(
    "aws.autoscaling.group.health-checked-by-balancer", GROUP, severity=Severity.LOW,
    disrupts=may_disrupt(
        "instances that the load balancer calls unhealthy are replaced from now on; all of them at once, where its "
        "check asks for something that they do not serve"
    ),
    maps=required("autoscaling_group_elb_health_check_enabled"),
    covers=("security-hub:AutoScaling.1",),
    compliant=[
        {"health": {"HealthCheckType": "ELB", "HealthCheckGracePeriod": 0}, "balanced": True},
        {"health": {"HealthCheckType": "EBS,ELB", "HealthCheckGracePeriod": 60}, "balanced": True},
        {"health": {"HealthCheckType": "EC2", "HealthCheckGracePeriod": 0}, "balanced": False},
    ],
    violating=[
        Example(
            {"health": {"HealthCheckType": "EC2", "HealthCheckGracePeriod": 600}, "balanced": True},
            leaves={"health": {"HealthCheckType": "ELB", "HealthCheckGracePeriod": 600}},
        ),
        Example(
            {"health": {"HealthCheckType": "EC2", "HealthCheckGracePeriod": 0}, "balanced": True},
            leaves={"health": {"HealthCheckType": "ELB", "HealthCheckGracePeriod": 300}},
        ),
        Example(
            {"health": {"HealthCheckType": "EBS", "HealthCheckGracePeriod": 300}, "balanced": True},
            leaves={"health": {"HealthCheckType": "EBS,ELB", "HealthCheckGracePeriod": 300}},
        ),
    ],
)  # fmt: skip
def health_checked_by_balancer(
    health: Mapping[str, Json],
    balanced: bool,  # noqa: FBT001
    *,
    grace: Annotated[int, Between(0, 7200)] = 300,
) -> Verdict:
    """A group behind a load balancer replaces what the load balancer calls unhealthy.

    By its own check a machine is well as long as it is switched on, whatever it answers. The fix leaves new machines at
    least `grace` seconds to start, since without that a slow start would be replaced for ever.
    """
    checks = [name for name in str(health["HealthCheckType"]).split(",") if name != "EC2"]
    if not balanced or "ELB" in checks:
        return compliant
    wanted = {
        "HealthCheckType": ",".join(sorted([*checks, "ELB"])),
        "HealthCheckGracePeriod": max(health.get("HealthCheckGracePeriod", 0), grace),
    }
    because = f"the group goes by {health['HealthCheckType']} and not by its load balancer"
    return should_be(health={**health, **wanted}, because=because)


_TO_TEMPLATE: Final = (
    "1. `aws autoscaling describe-launch-configurations --launch-configuration-names NAME` and keep the answer; 2. "
    "`aws ec2 create-launch-template --launch-template-name NAME --launch-template-data …` with the same image, type, "
    "groups, profile and disks, with `MetadataOptions={HttpTokens=required}` and without public addresses; 3. `aws "
    "autoscaling update-auto-scaling-group --auto-scaling-group-name GROUP --launch-template "
    "LaunchTemplateName=NAME,Version=1`; 4. `aws autoscaling start-instance-refresh --auto-scaling-group-name GROUP` "
    "and watch the new machines; 5. `aws "
    "autoscaling delete-launch-configuration --launch-configuration-name NAME` when no group names it"
)


@control(
    "aws.autoscaling.group.uses-launch-template", GROUP, severity=Severity.LOW,
    maps=("fsbp:AutoScaling.9", *required("autoscaling_group_using_ec2_launch_template")),
    compliant=[{"launch_configuration": ""}],
    violating=[{"launch_configuration": "web-2019"}],
)  # fmt: skip
def uses_launch_template(launch_configuration: str) -> Verdict:
    """A group starts machines of a launch template.

    Launch configurations get no new features and have no versions: what was changed, and how to go back, is nowhere.
    """
    if not launch_configuration:
        return compliant
    return violation(because=f"the group uses launch configuration `{launch_configuration}`", guide=_TO_TEMPLATE)


@control(
    "aws.autoscaling.group.in-two-zones", GROUP, severity=Severity.MEDIUM,
    maps=required("autoscaling_group_multiple_az"),
    compliant=[{"zones": ["eu-west-1a", "eu-west-1b"]}],
    violating=[{"zones": ["eu-west-1a"]}],
)  # fmt: skip
def in_two_zones(zones: list[str]) -> Verdict:
    """A group spreads its machines over zones.

    With one zone, the loss of that zone is the loss of the service, and no capacity there means no machines at all.
    """
    if len(zones) >= _ENOUGH_ZONES:
        return compliant
    return violation(
        because=f"the group is in {zones[0] if zones else 'no zone'} only",
        guide="1. choose a subnet with the same routes in another zone, and see that disks and load balancer reach "
        "there; 2. `aws autoscaling update-auto-scaling-group --auto-scaling-group-name GROUP --vpc-zone-identifier "
        "'SUBNET1,SUBNET2'`; the way back is the old list",
    )


def _metadata(raw: Json) -> Value:
    """Tokens and endpoint with what Auto Scaling takes where the configuration says nothing."""
    return {"tokens": raw.get("HttpTokens") or "optional", "endpoint": raw.get("HttpEndpoint") or "enabled"}


LAUNCH_CONFIGURATION: Final = AwsKind(
    "aws.autoscaling.launch-configuration",
    "launch configuration",
    (
        Look(name="metadata", listed="MetadataOptions", decode=_metadata, form=absent_is(_metadata({}))),
        Look(name="public_address", listed="AssociatePublicIpAddress", form=absent_is(default=False)),
        Look(name="user_data", listed="UserData", decode=secrets_in_user_data, form=absent_is([])),
    ),
    touched_by=(changes("autoscaling", f"{REQUEST}.launchConfigurationName"),),
    address=("arn:{partition}:autoscaling:{region}:{account}:launchConfiguration:*:launchConfigurationName/{id}"),
    find=Listing(
        "autoscaling.DescribeLaunchConfigurations",
        "LaunchConfigurations",
        id="LaunchConfigurationName",
        address="LaunchConfigurationARN",
        narrow={"LaunchConfigurationNames": ["{id}"]},
    ),
)


@control(
    "aws.autoscaling.launch-configuration.imdsv2-required", LAUNCH_CONFIGURATION, severity=Severity.HIGH,
    maps=("fsbp:AutoScaling.3", *required("autoscaling_group_launch_configuration_requires_imdsv2")),
    covers=("security-hub:AutoScaling.3",),
    compliant=[
        {"metadata": {"tokens": "required", "endpoint": "enabled"}},
        {"metadata": {"tokens": "optional", "endpoint": "disabled"}},
    ],
    violating=[{"metadata": ABSENT}, {"metadata": {"tokens": "optional", "endpoint": "enabled"}}],
)  # fmt: skip
def imdsv2_required(metadata: Mapping[str, Json]) -> Verdict:
    """Machines of a launch configuration ask for a token before they tell metadata.

    With version 1, a program that can be made to fetch any address can be made to fetch the credentials of the
    machine's role.
    """
    if metadata["tokens"] == "required" or metadata["endpoint"] == "disabled":
        return compliant
    return violation(because="machines of the configuration tell metadata without a token", guide=_TO_TEMPLATE)


@control(
    "aws.autoscaling.launch-configuration.no-public-addresses", LAUNCH_CONFIGURATION, severity=Severity.HIGH,
    maps=("fsbp:AutoScaling.5", *required("autoscaling_group_launch_configuration_no_public_ip")),
    covers=("security-hub:Autoscaling.5",),
    compliant=[{"public_address": False}],
    violating=[{"public_address": True}],
)  # fmt: skip
def no_public_addresses(public_address: bool) -> Verdict:  # noqa: FBT001
    """Machines of a launch configuration get no public addresses.

    Every machine of the group would be on the internet by itself, beside the load balancer that was to be the only way
    in.
    """
    if not public_address:
        return compliant
    return violation(because="machines of the configuration get a public address", guide=_TO_TEMPLATE)


@control(
    "aws.autoscaling.launch-configuration.no-secrets-in-user-data", LAUNCH_CONFIGURATION, severity=Severity.CRITICAL,
    maps=required("autoscaling_find_secrets_ec2_launch_configuration"),
    compliant=[{"user_data": []}],
    violating=[{"user_data": [{"line": 1, "kind": "password"}]}],
)  # fmt: skip
def no_secrets_in_user_data(user_data: list[Json]) -> Verdict:
    """User data of a launch configuration holds no secret.

    Every program on every machine of the group reads user data, and so does everyone who may describe the
    configuration.
    """
    if not user_data:
        return compliant
    guide = f"{MOVE}then, as the configuration itself cannot be changed: {_TO_TEMPLATE}"
    return violation(because=f"user data seems to hold: {spelled(user_data)}", guide=guide)
