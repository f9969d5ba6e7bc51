"""Endpoint services: who may connect a network of their own to what is offered by PrivateLink."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import VALUE, Get, Look, Send, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, TAGGED, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Items
from goldseam.control import Example, Severity, Verdict, compliant, control, may_disrupt, should_be
from goldseam.model.values import Json


def _principals(change: str) -> Send:
    return Send("ec2.ModifyVpcEndpointServicePermissions", {"ServiceId": "{id}", f"{change}AllowedPrincipals": VALUE})


ENDPOINT_SERVICE: Final = AwsKind(
    "aws.ec2.endpoint-service",
    "endpoint service",
    (
        Items(
            name="principals",
            get=Get(
                "ec2.DescribeVpcEndpointServicePermissions", {"ServiceId": "{id}"}, path="AllowedPrincipals.Principal"
            ),
            add=_principals("Add"),
            remove=_principals("Remove"),
        ),
        Look(name="accepted_by_hand", listed="AcceptanceRequired"),
        tags(),
    ),
    touched_by=(
        changes(
            "ec2",
            TAGGED,
            f"{REQUEST}.ModifyVpcEndpointServicePermissionsRequest.ServiceId",
            f"{REQUEST}.ModifyVpcEndpointServiceConfigurationRequest.ServiceId",
            f"{ANSWER}.CreateVpcEndpointServiceConfigurationResponse.serviceConfiguration.serviceId",
            id="vpce-svc-.+",
        ),
    ),
    address="arn:{partition}:ec2:{region}:{account}:vpc-endpoint-service/{id}",
    find=Listing(
        "ec2.DescribeVpcEndpointServiceConfigurations",
        "ServiceConfigurations",
        id="ServiceId",
        narrow={"ServiceIds": ["{id}"]},
    ),
)

_PARTNER: Final = "arn:aws:iam::111122223333:root"


@control(
    "aws.ec2.endpoint-service.for-named-accounts", ENDPOINT_SERVICE, severity=Severity.HIGH,
    disrupts=may_disrupt("accounts that are not named can no longer connect; what is connected stays so"),
    maps=required("vpc_endpoint_services_allowed_principals_trust_boundaries"),
    compliant=[
        {"principals": [_PARTNER], "accepted_by_hand": False},
        {"principals": ["*"], "accepted_by_hand": True},
    ],
    violating=[
        Example({"principals": ["*", _PARTNER], "accepted_by_hand": False}, leaves={"principals": [_PARTNER]}),
        Example({"principals": ["*"], "accepted_by_hand": False}, leaves={"principals": []}),
    ],
)  # fmt: skip
def for_named_accounts(principals: list[Json], accepted_by_hand: bool) -> Verdict:  # noqa: FBT001
    """Not everyone connects to an endpoint service by themselves.

    A connection leads past firewalls to what lies behind the service. Everyone may ask where somebody looks at each
    request; otherwise the accounts are named.
    """
    if accepted_by_hand or "*" not in principals:
        return compliant
    named = [principal for principal in principals if principal != "*"]
    return should_be(principals=named, because="every account may connect, and nobody looks at it")
