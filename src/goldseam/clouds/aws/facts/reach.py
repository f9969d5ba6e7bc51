"""Whether the internet reaches something in a network: by an address of its own, or through a load balancer.

It takes a public address, a route of the subnet to an internet gateway, and a security group that lets the world in.
Network ACLs are not looked at: where one closes what these open, the answer is yes all the same, which is the careful
one. What a load balancer that the internet reaches passes on is not read: where it could, the answer is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

from goldseam.clouds.aws.facts.group_names import REFERENCES, sleeping
from goldseam.clouds.aws.group_rules import LIST, from_world
from goldseam.clouds.aws.public import Family, Way, any_of, database, no, reached
from goldseam.clouds.aws.services.ec2.network import INSTANCE, NETWORK_INTERFACE
from goldseam.clouds.aws.services.ec2.prefix_lists import expanded
from goldseam.clouds.aws.services.ec2.routing import ROUTE_TABLE
from goldseam.clouds.aws.services.ec2.security_group import SECURITY_GROUP
from goldseam.clouds.aws.services.rds.instance import DB_INSTANCE
from goldseam.control import Answer, Kind, Known, Surroundings, fact
from goldseam.model.resource import Resource
from goldseam.model.values import ABSENT, Json, Unknown

_SHOWN: Final = 5
_RUNNING: Final = "running"
_BALANCER: Final = "ELB "
"""How the description of a load balancer's interface begins."""

_ENTRANCES: Final = frozenset({"global_accelerator_managed", "api_gateway_managed"})
"""Interfaces by which AWS passes on what comes from the internet, without an address of their own (Amazon EC2 API
Reference, NetworkInterface, `interfaceType`)."""

_ROUTES: Final[Mapping[Kind, tuple[str, ...]]] = {ROUTE_TABLE: ("vpc", "subnets", "main", "gateways")}
_NEAR: Final[Mapping[Kind, tuple[str, ...]]] = {
    NETWORK_INTERFACE: (
        "groups", "attachment", "description", "public_ip", "ipv6_addresses", "private_ip", "status", "subnet", "vpc",
        "interface_type",
    ),
    **_ROUTES,
}  # fmt: skip
_RULES: Final = ("ingress", "prefix_list_networks")
_NOT_READ: Final = Unknown("its rules were not read")
_WITH_GROUPS: Final[Mapping[Kind, tuple[str, ...]]] = {**_NEAR, SECURITY_GROUP: _RULES}


@dataclass(frozen=True, slots=True)
class _Place:
    """A network interface and the rules of the groups that let traffic in to it."""

    interface: Resource
    ingress: Sequence[Json] | Unknown
    stopped: str | Unknown = ""
    """The sentence that its instance does not run, empty where it does or there is none."""

    def held(self, name: str) -> Json:
        """What is known of the interface, or why it is not."""
        return self.interface.facets.get(name, Unknown(f"the {name} of {self.interface.ref.id} was not read"))


@fact("reachable_from_internet", SECURITY_GROUP, bool, needs={**_NEAR, **REFERENCES, INSTANCE: ("state",)})
def group_reachable(
    ingress: list[Json], group_name: str, prefix_list_networks: Mapping[str, Json], *, around: Surroundings
) -> Answer:
    """Whether the internet reaches it.

    Of a security group, whether it reaches a member of the group by what this group lets in. Unknown where no interface
    is in it and something names it that would start one.
    """
    members = _interfaces(around, lambda item: around.ref.id in _told(item, "groups"))
    if isinstance(members, Unknown):
        return members
    if not members:
        return sleeping(group_name, around)
    rules = _opened(ingress, prefix_list_networks)
    return _of_all([_Place(item, rules, _stopped(item, around)) for item in members], around)


@fact("reachable_from_internet", INSTANCE, bool, needs=_WITH_GROUPS)
def instance_reachable(state: str, *, around: Surroundings) -> Answer:
    """Whether the internet reaches it.

    Of an instance, by any of its network interfaces. One that is stopped may get a public address when it starts
    (Amazon EC2 User Guide, "Amazon EC2 instance IP addressing").
    """
    own = _interfaces(around, lambda item: _instance(item) == around.ref.id)
    if isinstance(own, Unknown):
        return own
    if not own:
        return Unknown("no network interface of the instance was found")
    stopped = _sleeps(around.ref.id, state)
    return _of_all([_Place(item, _rules(_told(item, "groups"), around), stopped) for item in own], around)


@fact("reachable_from_internet", DB_INSTANCE, bool, needs={**_ROUTES, SECURITY_GROUP: _RULES})
def database_reachable(
    settings: Mapping[str, Json], groups: list[str], subnets: list[str], vpc: str, *, around: Surroundings
) -> Answer:
    """Whether the internet reaches it.

    Of a database, at its endpoint: it is publicly accessible, its subnets lead to the internet, and a group lets the
    world in.
    """
    public = settings.get("PubliclyAccessible", False)
    gateway = _same_gateway(subnets, vpc, around) if public else ""
    return database(public, [Way("IPv4", "of its endpoint", gateway, _rules(groups, around) if public else [])])


def _same_gateway(subnets: Iterable[str], vpc: str, around: Surroundings) -> str | Unknown:
    """The gateway of all the subnets; in which of them the database is, is not said."""
    found = {_gateway(subnet, vpc, "IPv4", around) for subnet in subnets}
    doubts = [item for item in found if isinstance(item, Unknown)]
    named = {item for item in found if not isinstance(item, Unknown)}
    if doubts:
        return doubts[0]
    if len({bool(name) for name in named}) > 1:
        return Unknown("some of its subnets have a route to an internet gateway and some have none")
    return max(named, default=Unknown("its subnets are not known"), key=str)


def _interfaces(around: Surroundings, wanted: Callable[[Resource], bool]) -> list[Resource] | Unknown:
    """The network interfaces of the region that are wanted; unknown where one cannot be told."""
    held = around.of(NETWORK_INTERFACE)
    if isinstance(held, Unknown):
        return held
    doubts = [item for item in held if isinstance(item.facets.get("groups", Unknown("")), Unknown)]
    if doubts:
        return Unknown(f"the groups of {doubts[0].ref.id} are not known")
    return [item for item in held if wanted(item)]


def _told(item: Resource, name: str) -> Json:
    """A facet of which it is known that it was read."""
    held: Json = item.facets[name]
    return held


def _instance(item: Resource) -> str:
    attachment = item.facets.get("attachment")
    return str(attachment.get("instance", "")) if isinstance(attachment, Mapping) else ""


def _stopped(item: Resource, around: Surroundings) -> str | Unknown:
    """The sentence that the instance of an interface does not run."""
    instances, name = around.of(INSTANCE), _instance(item)
    if not name:
        return ""
    if isinstance(instances, Unknown):
        return instances
    states = {each.ref.id: each.facets.get("state", Unknown("its state was not read")) for each in instances}
    state = states.get(name, Unknown(f"the state of {name} is not known"))
    return state if isinstance(state, Unknown) else _sleeps(name, state)


def _sleeps(instance: str, state: str) -> str:
    return "" if state == _RUNNING else f"{instance} is {state}, and may get a public address when it starts"


def _rules(groups: Iterable[str], around: Surroundings) -> list[Json] | Unknown:
    """What the groups let in together."""
    held = around.of(SECURITY_GROUP)
    if isinstance(held, Unknown):
        return held
    by_id = {item.ref.id: _opened(*(item.facets.get(name, _NOT_READ) for name in _RULES)) for item in held}
    rules: list[Json] = []
    for group in groups:
        found = by_id.get(group, Unknown("it is not among the groups of the account"))
        if isinstance(found, Unknown):
            return Unknown(f"the rules of {group} are not known: {found.reason}")
        rules += found
    return rules


def _opened(rules: list[Json] | Unknown, lists: Mapping[str, Json] | Unknown) -> list[Json] | Unknown:
    """The rules of a group, with the networks of prefix lists in their place; lists that are not known stay."""
    if isinstance(rules, Unknown):
        return rules
    return expanded(rules, {} if isinstance(lists, Unknown) else lists)


def _of_all(places: Sequence[_Place], around: Surroundings) -> Answer:
    """Whether any of the places is reached, with evidence for a few of them."""
    answer = any_of(*(_named(place.interface.ref.id, _reached(place, around)) for place in places))
    if isinstance(answer, Unknown) or len(answer.evidence) <= _SHOWN:
        return answer
    more = f"and {len(answer.evidence) - _SHOWN} lines of the like"
    return Known(answer.value, (*answer.evidence[:_SHOWN], more))


def _named(name: str, answer: Answer) -> Answer:
    if isinstance(answer, Unknown):
        return Unknown(f"{name}: {answer.reason}")
    return Known(answer.value, tuple(f"{name}: {line}" for line in answer.evidence))


def _reached(place: _Place, around: Surroundings) -> Answer:
    answer = any_of(reached(_ways(place, around)), _passed_on(place, around))
    if isinstance(answer, Known) and answer.value and place.held("status") == "available":
        return Unknown("it is detached; once it is attached again, the internet reaches it")
    return answer


def _ways(place: _Place, around: Surroundings) -> Iterator[Way]:
    address, more = place.held("public_ip"), place.held("ipv6_addresses")
    first = more if isinstance(more, Unknown) else more[0] if more else ""
    own = _later(place) if address is ABSENT else address
    for family, known in (("IPv4", own), ("IPv6", first)):
        one: Family = "IPv4" if family == "IPv4" else "IPv6"
        gateway = _gateway(place.held("subnet"), place.held("vpc"), one, around)
        yield Way(one, known, gateway, place.ingress)


def _later(place: _Place) -> str | Unknown:
    """The public address of an interface that has none now: none where its instance runs, else not known."""
    return Unknown(place.stopped) if place.stopped and isinstance(place.stopped, str) else place.stopped


def _gateway(subnet: Json, vpc: Json, family: Family, around: Surroundings) -> str | Unknown:
    """The internet gateway that traffic from a subnet leaves by: of its own route table, or its network's main one."""
    tables = around.of(ROUTE_TABLE)
    if isinstance(tables, Unknown):
        return tables
    for held in (subnet, vpc, *(value for table in tables for value in table.facets.values())):
        if isinstance(held, Unknown):
            return held
    own = [table for table in tables if subnet in _told(table, "subnets")]
    main = [table for table in tables if _told(table, "main") and _told(table, "vpc") == vpc]
    for table in (*own, *main):
        return str(_told(table, "gateways")[family])
    return Unknown(f"the route table of {subnet} is not known")


def _passed_on(place: _Place, around: Surroundings) -> Answer:
    """Whether a load balancer that the internet knows could pass traffic on to the place: no, or it is not known."""
    balancers = _interfaces(around, lambda item: _is_public_balancer(item) and item.ref != place.interface.ref)
    if isinstance(balancers, Unknown):
        return balancers
    if isinstance(place.ingress, Unknown):
        return place.ingress
    near = [item for item in balancers if item.facets.get("vpc") == place.held("vpc")]
    through = sorted(
        {str(_told(item, "description")) for item in near if any(_lets_in(rule, item) for rule in place.ingress)}
    )
    if through:
        return Unknown(
            f"load balancer {', '.join(through)} may pass traffic on to it; what it passes on to is not read"
        )
    return no("no load balancer that the internet knows is let in")


def _is_public_balancer(item: Resource) -> bool:
    if item.facets.get("interface_type") in _ENTRANCES:
        return True
    description, address = item.facets.get("description"), item.facets.get("public_ip")
    return isinstance(description, str) and description.startswith(_BALANCER) and isinstance(address, str)


def _lets_in(rule: Mapping[str, Json], balancer: Resource) -> bool:
    """Whether a rule lets a load balancer's interface in, or, as it may pass on who asks, the world.

    A prefix list that was not read may.
    """
    if from_world(rule) or rule["kind"] == LIST:
        return True
    if rule["kind"] == "group":
        return rule["source"].rpartition("/")[2] in _told(balancer, "groups")
    private = balancer.facets.get("private_ip")
    return rule["kind"] == "cidr4" and isinstance(private, str) and ip_address(private) in ip_network(rule["source"])
