"""Where traffic goes, as far as facts look at it: the route tables of networks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from goldseam.clouds.aws.facet import Look, Reading, absent_is
from goldseam.clouds.aws.kind import Ask, AwsKind, Listing
from goldseam.clouds.aws.services.ec2.prefix_lists import ENTRIES, networks_of
from goldseam.control.networks import internet_networks, is_world
from goldseam.model.resource import Ref
from goldseam.model.values import Json, Value

_FAMILIES: Final = {"DestinationCidrBlock": "IPv4", "DestinationIpv6CidrBlock": "IPv6"}
_LIVE: Final = "active"
_TABLES: Final = ("ec2.DescribeRouteTables", "RouteTables")


def _subnets(raw: Json) -> Value:
    return sorted(item["SubnetId"] for item in raw if item.get("SubnetId"))


def _is_main(raw: Json) -> Value:
    return any(item.get("Main") for item in raw)


@dataclass(frozen=True)
class Gateways(Look):
    """By family of addresses, the internet gateway that traffic to the world goes to; empty where it goes elsewhere.

    A route to a gateway that is gone is a black hole, and an egress-only gateway lets nothing in (VPC User Guide,
    "Route table concepts" and "Enable outbound IPv6 traffic using an egress-only internet gateway"). A route may name
    a prefix list as its destination, which is read where the route goes to an internet gateway and no other one leads
    the world there.
    """

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The entries of prefix lists, where a route to an internet gateway names one."""
        return (ENTRIES,)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The gateways by family; raises CloudError where a prefix list decides and cannot be read."""
        table = item or ask.every(_TABLES[0], {"RouteTableIds": [ref.id]}, ref.region, _TABLES[1])[0]
        routes = [route for route in table.get("Routes") or () if _leads_out(route)]
        found = {family: _gateway(routes, member) for member, family in _FAMILIES.items()}
        for route in routes if not all(found.values()) else ():
            if name := route.get("DestinationPrefixListId"):
                for family in _families(networks_of(ask, ref.region, name)):
                    found[family] = found[family] or str(route["GatewayId"])
        return Reading(found)


def _leads_out(route: Mapping[str, Json]) -> bool:
    """Whether a live route goes to an internet gateway."""
    return bool(route.get("State", _LIVE) == _LIVE and str(route.get("GatewayId") or "").startswith("igw-"))


def _gateway(routes: Iterable[Mapping[str, Json]], member: str) -> str:
    named = sorted(str(route["GatewayId"]) for route in routes if route.get(member) and is_world(route[member]))
    return next(iter(named), "")


def _families(networks: list[str]) -> list[str]:
    """The family of a prefix list's addresses where it holds the internet at large; a list has one family only."""
    if not internet_networks(networks):
        return []
    return ["IPv6" if ":" in networks[0] else "IPv4"]


ROUTE_TABLE: Final = AwsKind(
    "aws.ec2.route-table-view",
    "route table",
    (
        Look(name="vpc", listed="VpcId"),
        Look(name="subnets", listed="Associations", decode=_subnets, form=absent_is([])),
        Look(name="main", listed="Associations", decode=_is_main, form=bool),
        Gateways(name="gateways"),
    ),
    address="arn:{partition}:ec2:{region}:{account}:route-table/{id}",
    find=Listing(*_TABLES, id="RouteTableId", narrow={"RouteTableIds": ["{id}"]}),
)
