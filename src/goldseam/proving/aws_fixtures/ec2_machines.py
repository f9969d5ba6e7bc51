"""Instances and launch templates."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from goldseam.clouds.aws.services.ec2 import launch_template, network
from goldseam.model.resource import Ref
from goldseam.model.values import Json, Value
from goldseam.proving.aws_fixtures.making import once, pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack

TEXTS: Final = {
    "password": "export DB_PASSWORD=not-a-secret-1",
    "private key": "-----BEGIN RSA PRIVATE KEY-----",
    "AWS secret key": f"aws_secret_access_key = {'x' * 40}",
}
"""A line for each kind of secret in the examples."""

_TRUST: Final = '{"Version":"2012-10-17","Statement":[]}'


def user_data(found: Value) -> dict[str, Json]:
    """The parameter with a text in which exactly that is found."""
    if not found:
        return {}
    lines = {item["line"]: TEXTS[item["kind"]] for item in found}
    text = "\n".join(lines.get(number, "#") for number in range(1, max(lines) + 1))
    return {"UserData": base64.b64encode(text.encode()).decode()}


def _instance(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del name
    image = ground.make("ec2.DescribeImages", Owners=["amazon"])["Images"][0]["ImageId"]
    asked = {"ImageId": image, "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.micro"}
    texts = base64.b64decode(user_data(facets.get("user_data")).get("UserData", "")).decode()
    made = [ground.make("ec2.RunInstances", **asked, UserData=texts)["Instances"][0] for _ in range(2)]
    refs = [reference(ground, network.INSTANCE, each["InstanceId"]) for each in made]
    _profile(ground)
    return FixtureResult(refs[0], _address(ground, refs[0], facets), (refs[1],))


def _profile(ground: EmulatedGround) -> None:
    """The role and the profile that the examples name, in the account that is proved on."""
    once(ground, "iam.CreateRole", RoleName="machines", AssumeRolePolicyDocument=_TRUST)
    once(ground, "iam.CreateInstanceProfile", InstanceProfileName="machines")
    once(ground, "iam.AddRoleToInstanceProfile", InstanceProfileName="machines", RoleName="machines")


def _address(ground: EmulatedGround, ref: Ref, facets: Mapping[str, Value]) -> dict[str, str]:
    shown = ground.make("ec2.DescribeInstances", InstanceIds=[ref.id])["Reservations"][0]["Instances"][0]
    return {str(facets["public_ip"]): shown["PublicIpAddress"]} if "public_ip" in facets else {}


def _so_long(ground: EmulatedGround, ref: Ref, value: Value) -> None:
    ground.make("ec2.StopInstances", InstanceIds=[ref.id])
    ground.calendar.ahead = timedelta(days=value + 1 if value else 0)


def _template(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    said = facets.get("metadata") or {}
    options = {
        member: said[key] for key, member in (("tokens", "HttpTokens"), ("endpoint", "HttpEndpoint")) if said.get(key)
    }
    public = [{"DeviceIndex": at, "AssociatePublicIpAddress": True} for at in facets.get("public_interfaces", ())]
    data = {
        "InstanceType": "t3.micro",
        **({"MetadataOptions": options} if options else {}),
        **({"NetworkInterfaces": public} if public else {}),
        **user_data(facets.get("user_data")),
    }
    refs = []
    for each in pair(name):
        made = ground.make("ec2.CreateLaunchTemplate", LaunchTemplateName=each, LaunchTemplateData=data)
        refs.append(reference(ground, launch_template.LAUNCH_TEMPLATE, made["LaunchTemplate"]["LaunchTemplateId"]))
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.ec2.instance": Fixture(
        _instance,
        {"stopped_days": _so_long},
        lacks=(
            Lack("moto", "metadata", "moto forgets the metadata options that a change does not name"),
            Lack("ministack", "profile", "ministack does not ask for iam:PassRole"),
            Lack("moto", "monitored", "moto has no detailed monitoring"),
        ),
    ),
    "aws.ec2.launch-template": Fixture(_template),
}
