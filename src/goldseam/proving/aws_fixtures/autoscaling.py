"""Auto Scaling groups and launch configurations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import autoscaling
from goldseam.model.values import Json, Value
from goldseam.proving.aws_fixtures.ec2_machines import user_data
from goldseam.proving.aws_fixtures.ec2_network import new_vpc
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import REGION, EmulatedGround, Fixture, FixtureResult, Lack


def _group(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    shared: dict[str, Json] = {"MinSize": 0, "MaxSize": 1, "AvailabilityZones": facets.get("zones") or [f"{REGION}a"]}
    if facets.get("balanced"):
        made = ground.make("elbv2.CreateTargetGroup", Name=name, Protocol="HTTP", Port=80, VpcId=new_vpc(ground))
        shared["TargetGroupARNs"] = [made["TargetGroups"][0]["TargetGroupArn"]]
    words = {}
    for each in pair(name):
        _new_configuration(ground, each, {})
        ground.make(
            "autoscaling.CreateAutoScalingGroup", AutoScalingGroupName=each, LaunchConfigurationName=each, **shared
        )
    if facets.get("launch_configuration"):
        words = {facets["launch_configuration"]: name}
    found = ground.make("autoscaling.DescribeAutoScalingGroups", AutoScalingGroupNames=list(pair(name)))
    arns = {group["AutoScalingGroupName"]: group["AutoScalingGroupARN"] for group in found["AutoScalingGroups"]}
    first, beside = (autoscaling.GROUP.ref("aws", ground.account, REGION, each, arns[each]) for each in pair(name))
    return FixtureResult(first, words, (beside,))


def _new_configuration(ground: EmulatedGround, name: str, more: Mapping[str, Json]) -> None:
    image = ground.make("ec2.DescribeImages", Owners=["amazon"])["Images"][0]["ImageId"]
    ground.make(
        "autoscaling.CreateLaunchConfiguration",
        LaunchConfigurationName=name, ImageId=image, InstanceType="t3.micro", **more,
    )  # fmt: skip


def _configuration(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    said = facets.get("metadata")
    options = {"HttpTokens": said["tokens"], "HttpEndpoint": said["endpoint"]} if said else {}
    more: dict[str, Json] = {"MetadataOptions": options} if options else {}
    if facets.get("public_address"):
        more["AssociatePublicIpAddress"] = True
    for each in pair(name):
        _new_configuration(ground, each, {**more, **user_data(facets.get("user_data"))})
    refs = [reference(ground, autoscaling.LAUNCH_CONFIGURATION, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.autoscaling.group": Fixture(
        _group, lacks=(Lack("ministack", "health", "ministack checks ARNs of groups without their id"),)
    ),
    "aws.autoscaling.launch-configuration": Fixture(_configuration),
}
