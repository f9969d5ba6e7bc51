"""Launch templates: what their default version gives to the machines that are started of it.

A version cannot be changed, and a new one is used at once by whatever names the latest: so a person makes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import Get, Look, absent_is, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, TAGGED, AwsKind, Listing, changes
from goldseam.clouds.aws.owners import managed_by_service, principal
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.ec2.user_data import MOVE, secrets_in_user_data, spelled
from goldseam.control import Severity, Verdict, compliant, control, violation
from goldseam.model.values import Json, Value

_DATA: Final = "LaunchTemplateVersions.LaunchTemplateData"


def _default(member: str) -> Get:
    """A member of the data of the default version: the only one that is asked for."""
    asked = {"LaunchTemplateId": "{id}", "Versions": ["$Default"]}
    return Get("ec2.DescribeLaunchTemplateVersions", asked, f"{_DATA}.{member}")


def _metadata(raw: Json) -> Value:
    """Tokens and endpoint as the template says them; empty where it leaves them to the image and the account."""
    held: Mapping[str, Json] = raw[0] if raw else {}
    return {"tokens": held.get("HttpTokens") or "", "endpoint": held.get("HttpEndpoint") or ""}


def _public(raw: Json) -> Value:
    return sorted(item.get("DeviceIndex", 0) for item in raw if item.get("AssociatePublicIpAddress"))


def _secrets(raw: Json) -> Value:
    return secrets_in_user_data(raw[0]) if raw else []


LAUNCH_TEMPLATE: Final = AwsKind(
    "aws.ec2.launch-template",
    "launch template",
    (
        Look(name="metadata", get=_default("MetadataOptions"), decode=_metadata),
        Look(
            name="public_interfaces", get=_default("NetworkInterfaces"), decode=_public, form=absent_is([])
        ),
        Look(name="user_data", get=_default("UserData"), decode=_secrets, form=absent_is([])),
        Look(name="title", listed="LaunchTemplateName"),
        Look(name="operator", listed="Operator", decode=principal, form=absent_is("")),
        tags(),
    ),
    touched_by=(
        changes(
            "ec2",
            TAGGED,
            f"{REQUEST}.CreateLaunchTemplateVersionRequest.LaunchTemplateId",
            f"{REQUEST}.ModifyLaunchTemplateRequest.LaunchTemplateId",
            f"{ANSWER}.CreateLaunchTemplateResponse.launchTemplate.launchTemplateId",
            id="lt-.+",
        ),
    ),
    address="arn:{partition}:ec2:{region}:{account}:launch-template/{id}",
    find=Listing(
        "ec2.DescribeLaunchTemplates",
        "LaunchTemplates",
        id="LaunchTemplateId",
        narrow={"LaunchTemplateIds": ["{id}"]},
    ),
    owner_rule=managed_by_service,
)  # fmt: skip


def _new_version(data: str) -> str:
    return (
        "1. `aws ec2 create-launch-template-version --launch-template-id TEMPLATE --source-version '$Default' "
        f"--launch-template-data '{data}'`; 2. start one machine of the new version and see that it works; 3. `aws ec2 "
        "modify-launch-template --launch-template-id TEMPLATE --default-version NEW`; 4. let Auto Scaling groups and "
        "fleets that name a number name the new one, and refresh their instances; the way back is the old number"
    )


@control(
    "aws.ec2.launch-template.imdsv2-required", LAUNCH_TEMPLATE, severity=Severity.MEDIUM,
    maps=("fsbp:EC2.170", *required("ec2_launch_template_imdsv2_required")),
    compliant=[
        {"metadata": {"tokens": "required", "endpoint": "enabled"}},
        {"metadata": {"tokens": "", "endpoint": "disabled"}},
    ],
    violating=[
        {"metadata": {"tokens": "", "endpoint": ""}},
        {"metadata": {"tokens": "optional", "endpoint": "enabled"}},
    ],
)  # fmt: skip
def imdsv2_required(metadata: Mapping[str, Json]) -> Verdict:
    """Machines of a launch template ask for a token before they tell metadata.

    With version 1, a program that can be made to fetch any address can be made to fetch the credentials of the
    machine's role.
    """
    if metadata["tokens"] == "required" or metadata["endpoint"] == "disabled":
        return compliant
    said = f"says `{metadata['tokens']}`" if metadata["tokens"] else "says nothing"
    return violation(
        because=f"the default version {said} about tokens for metadata",
        guide=_new_version('{"MetadataOptions":{"HttpTokens":"required","HttpEndpoint":"enabled"}}'),
    )


@control(
    "aws.ec2.launch-template.no-public-addresses", LAUNCH_TEMPLATE, severity=Severity.HIGH,
    maps=required("ec2_launch_template_no_public_ip"),
    compliant=[{"public_interfaces": []}],
    violating=[{"public_interfaces": [0, 1]}],
)  # fmt: skip
def no_public_addresses(public_interfaces: list[int]) -> Verdict:
    """Machines of a launch template get no public addresses.

    Every machine of a group would be on the internet by itself, beside the load balancer that was to be the only way
    in.
    """
    if not public_interfaces:
        return compliant
    named = ", ".join(map(str, public_interfaces))
    return violation(
        because=f"the default version gives a public address to interface {named}",
        guide="a list of interfaces replaces the source's: repeat what else it says. "
        + _new_version('{"NetworkInterfaces":[{"DeviceIndex":0,"AssociatePublicIpAddress":false}]}'),
    )


@control(
    "aws.ec2.launch-template.no-secrets-in-user-data", LAUNCH_TEMPLATE, severity=Severity.CRITICAL,
    maps=required("ec2_launch_template_no_secrets"),
    compliant=[{"user_data": []}],
    violating=[{"user_data": [{"line": 2, "kind": "AWS secret key"}]}],
)  # fmt: skip
def no_secrets_in_user_data(user_data: list[Json]) -> Verdict:
    """User data of a launch template holds no secret.

    Every program on every machine of it reads user data, and so does everyone who may describe templates. Old versions
    keep it.
    """
    if not user_data:
        return compliant
    guide = f"{MOVE}5. make a version without the secret, make it the default, and delete the versions that hold it"
    return violation(because=f"user data of the default version seems to hold: {spelled(user_data)}", guide=guide)
