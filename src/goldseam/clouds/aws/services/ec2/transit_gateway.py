"""Transit gateways: whether other accounts may join by themselves."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import Send, tags, until
from goldseam.clouds.aws.kind import ANSWER, REQUEST, TAGGED, AwsKind, Listing, changes
from goldseam.clouds.aws.owners import shared
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.ec2.among import Own
from goldseam.clouds.aws.shapes import Settings
from goldseam.control import Example, Severity, Verdict, compliant, control, may_disrupt, should_be
from goldseam.model.values import Json

_AUTO: Final = "AutoAcceptSharedAttachments"

TRANSIT_GATEWAY: Final = AwsKind(
    "aws.ec2.transit-gateway",
    "transit gateway",
    (
        Settings(
            name="options",
            listed="Options",
            modify=Send("ec2.ModifyTransitGateway", {"TransitGatewayId": "{id}"}),
            under="Options",
            fields={_AUTO: _AUTO},
            waits=until("State", "available", "deleted", of="the transit gateway"),
        ),
        Own(name="own", listed="OwnerId"),
        tags(),
    ),
    touched_by=(
        changes(
            "ec2",
            TAGGED,
            f"{REQUEST}.ModifyTransitGatewayRequest.TransitGatewayId",
            f"{ANSWER}.CreateTransitGatewayResponse.transitGateway.transitGatewayId",
            id="tgw-.+",
        ),
    ),
    address="arn:{partition}:ec2:{region}:{account}:transit-gateway/{id}",
    find=Listing(
        "ec2.DescribeTransitGateways",
        "TransitGateways",
        id="TransitGatewayId",
        narrow={"TransitGatewayIds": ["{id}"]},
    ),
    owner_rule=shared('AWS Transit Gateway Guide, "Transit gateways in AWS Transit Gateway", shared transit gateways'),
)


@control(
    "aws.ec2.transit-gateway.attachments-accepted-by-hand", TRANSIT_GATEWAY, severity=Severity.HIGH,
    disrupts=may_disrupt(
        "networks of other accounts that are attached from now on have no connection until someone accepts them; those "
        "that are attached stay so"
    ),
    maps=required("ec2_transitgateway_auto_accept_vpc_attachments"),
    covers=("security-hub:EC2.23",),
    compliant=[{"options": {_AUTO: "disable"}, "own": True}, {"options": {_AUTO: "enable"}, "own": False}],
    violating=[Example({"options": {_AUTO: "enable"}, "own": True}, leaves={"options": {_AUTO: "disable"}})],
)  # fmt: skip
def accepted_by_hand(options: dict[str, Json], own: bool) -> Verdict:  # noqa: FBT001
    """Somebody looks at each network that another account attaches.

    Otherwise every account that the gateway is shared with joins the network, and reaches what its routes lead to, by
    a call of its own. A gateway that another account shares is that account's to change.
    """
    if not own or options.get(_AUTO, "disable") == "disable":
        return compliant
    because = "networks of other accounts are attached without being looked at"
    return should_be(options={**options, _AUTO: "disable"}, because=because)
