"""Where traffic goes, as far as facts look at it: the route tables of networks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from goldseam.clouds.aws.facet import Look, absent_is
from goldseam.clouds.aws.kind import AwsKind, Listing
from goldseam.clouds.aws.services.ec2.port_ranges import is_world
from goldseam.values import Json, Value

_FAMILIES: Final = {"DestinationCidrBlock": "IPv4", "DestinationIpv6CidrBlock": "IPv6"}
_LIVE: Final = "active"


def _subnets(raw: Json) -> Value:
    return sorted(item["SubnetId"] for item in raw if item.get("SubnetId"))


def _is_main(raw: Json) -> Value:
    return any(item.get("Main") for item in raw)


def _gateways(raw: Json) -> Value:
    """By family of addresses, the internet gateway that traffic to the world goes to; empty where it goes elsewhere.

    A route to a gateway that is gone is a black hole, and an egress-only gateway lets nothing in (VPC User Guide,
    "Route table concepts" and "Enable outbound IPv6 traffic using an egress-only internet gateway").
    """
    return {family: _gateway(raw, member) for member, family in _FAMILIES.items()}


def _gateway(routes: Iterable[Mapping[str, Json]], member: str) -> str:
    live = [route for route in routes if route.get("State", _LIVE) == _LIVE and _to_the_world(route.get(member))]
    named = sorted(str(route.get("GatewayId") or "") for route in live)
    return next((name for name in named if name.startswith("igw-")), "")


def _to_the_world(destination: str | None) -> bool:
    return destination is not None and is_world(destination)


ROUTE_TABLE: Final = AwsKind(
    "aws.ec2.route-table-view",
    "route table",
    (
        Look(name="vpc", listed="VpcId"),
        Look(name="subnets", listed="Associations", decode=_subnets, form=absent_is([])),
        Look(name="main", listed="Associations", decode=_is_main, form=bool),
        Look(name="gateways", listed="Routes", decode=_gateways),
    ),
    address="arn:{partition}:ec2:{region}:{account}:route-table/{id}",
    find=Listing("ec2.DescribeRouteTables", "RouteTables", id="RouteTableId", narrow={"RouteTableIds": ["{id}"]}),
)
