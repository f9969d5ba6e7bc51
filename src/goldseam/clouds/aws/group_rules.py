"""Rules of security groups as atoms: how EC2's permissions are taken apart, what a rule opens, what is left of it.

An atom is one rule as EC2 keeps it: `{protocol, from, to, kind, source, description}`; `kind` is `cidr4`, `cidr6`,
`prefix-list` or `group`, and a group's source is `account/id` where EC2 says the account. Protocol, ports and source
name a rule within its group; the description is no part of its name. `from` and `to` are ports for TCP and UDP, type
and code for ICMP, and -1 where a protocol has neither.

What a prefix list holds is not said by the group: `prefix_lists.py` reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from goldseam.clouds.aws.port_ranges import ALL, Range, within, without
from goldseam.control.networks import is_world
from goldseam.model.errors import LimitExceeded
from goldseam.model.values import Json, canonical

LIST: Final = "prefix-list"
_FAMILIES: Final = {
    "cidr4": ("IpRanges", "CidrIp"),
    "cidr6": ("Ipv6Ranges", "CidrIpv6"),
    LIST: ("PrefixListIds", "PrefixListId"),
    "group": ("UserIdGroupPairs", "GroupId"),
}
_CIDRS: Final = ("cidr4", "cidr6")
_SOUGHT: Final = (*_CIDRS, LIST)
_PROTOCOLS: Final = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
PORTED: Final = ("tcp", "udp")
_TYPED: Final = ("icmp", "icmpv6")
EVERY: Final = "-1"
_NONE: Final = (-1, -1)

Ports: TypeAlias = Mapping[str, tuple[int, ...]]
"""Ports by protocol, `tcp` or `udp`."""


MOST_RULES: Final = 2_000
"""In one direction: rules per group times groups per interface are at most 1,000, and rules for IPv4 and for IPv6 are
counted apart (Amazon VPC User Guide, "Amazon VPC quotas")."""


def rules_of_group(permissions: Json) -> list[Json]:
    """The atoms of one direction of a group; raises LimitExceeded when there are more than a group can have."""
    found = atoms(permissions)
    if len(found) > MOST_RULES:
        msg = (
            f"{len(found):,} rules were returned, and a security group can have at most {MOST_RULES:,} in one direction"
        )
        raise LimitExceeded(msg, code="TooManyRules")
    return found


def atoms(permissions: Json) -> list[Json]:
    """The atoms of EC2's IpPermissions, one for each source."""
    return [_atom(permission, kind, entry) for permission in permissions for kind, entry in _sources(permission)]


def _sources(permission: Mapping[str, Json]) -> Iterator[tuple[str, Mapping[str, Json]]]:
    for kind, (member, _) in _FAMILIES.items():
        for entry in permission.get(member) or ():
            yield kind, entry


def _atom(permission: Mapping[str, Json], kind: str, entry: Mapping[str, Json]) -> Json:
    said = str(permission["IpProtocol"])
    protocol = _PROTOCOLS.get(said, said)
    first, last = _span(protocol, permission)
    source = entry[_FAMILIES[kind][1]]
    if kind == "group" and entry.get("UserId"):
        source = f"{entry['UserId']}/{source}"
    description = entry.get("Description") or ""
    return {"protocol": protocol, "from": first, "to": last, "kind": kind, "source": source, "description": description}


def _span(protocol: str, permission: Mapping[str, Json]) -> Range:
    if protocol in PORTED:
        return permission.get("FromPort", ALL[0]), permission.get("ToPort", ALL[1])
    if protocol in _TYPED:
        return permission.get("FromPort", -1), permission.get("ToPort", -1)
    return _NONE


def permissions(rules: Iterable[Json]) -> list[Json]:
    """The atoms as IpPermissions, one for each: the inverse of `atoms`."""
    return [_permission(rule) for rule in rules]


def _permission(rule: Mapping[str, Json]) -> Json:
    member, name = _FAMILIES[rule["kind"]]
    owner, _, source = rule["source"].rpartition("/") if rule["kind"] == "group" else ("", "", rule["source"])
    described = {"Description": rule["description"]} if rule["description"] else {}
    spanned = (*PORTED, *_TYPED)
    ports = {"FromPort": rule["from"], "ToPort": rule["to"]} if rule["protocol"] in spanned else {}
    owned = {"UserId": owner} if owner else {}
    return {"IpProtocol": rule["protocol"], **ports, member: [{name: source, **owned, **described}]}


def identity(rule: Mapping[str, Json]) -> Json:
    """What tells a rule from the others of its group: all but the description."""
    return {name: value for name, value in rule.items() if name != "description"}


def atom(source: str, protocol: str, first: int = -1, last: int | None = None, description: str = "") -> Json:
    """An atom, for examples: the kind of source is seen from its text."""
    known = {"sg-": "group", "pl-": LIST}
    name = source.rpartition("/")[2]
    kind = next((kind for start, kind in known.items() if name.startswith(start)), family(source))
    ends = (first, first if last is None else last)
    return {
        "protocol": protocol,
        "from": ends[0],
        "to": ends[1],
        "kind": kind,
        "source": source,
        "description": description,
    }


def from_world(rule: Mapping[str, Json]) -> bool:
    """Whether a rule's source is the internet at large."""
    return rule["kind"] in _CIDRS and is_world(rule["source"])


def open_ports(rule: Mapping[str, Json], protocol: str) -> Range | None:
    """The ports of TCP or UDP that a rule opens: all of them when it is for every protocol."""
    if rule["protocol"] == EVERY:
        return ALL
    return (rule["from"], rule["to"]) if rule["protocol"] == protocol else None


def opening(rules: Iterable[Json], ports: Ports) -> tuple[list[Json], list[Json]]:
    """The rules that open any of these ports to the world, and those that open them to a prefix list.

    One plain loop, the cheapest question first: a scan asks this more often than everything else together.
    """
    found: list[Json] = []
    named: list[Json] = []
    for rule in rules:
        kind = rule["kind"]
        if kind not in _SOUGHT:
            continue
        protocol = rule["protocol"]
        if protocol in ports:
            first, last = rule["from"], rule["to"]
            for port in ports[protocol]:
                if first <= port <= last:
                    break
            else:
                continue
        elif protocol != EVERY:
            continue
        if kind == LIST:
            named.append(rule)
        elif is_world(rule["source"]):
            found.append(rule)
    return found, named


def among(rules: Iterable[Json], opens: Callable[[Json], bool]) -> tuple[list[Json], list[Json]]:
    """The rules that open something to the world, and those that open it to a prefix list."""
    held = [rule for rule in rules if rule["kind"] in _SOUGHT and opens(rule)]
    named = [rule for rule in held if rule["kind"] == LIST]
    return [rule for rule in held if from_world(rule)], named


def breadth(rule: Mapping[str, Json]) -> int:
    """How many ports of TCP or UDP a rule opens."""
    protocol = rule["protocol"]
    if protocol in PORTED:
        return int(rule["to"] - rule["from"] + 1)
    return ALL[1] + 1 if protocol == EVERY else 0


_BESIDE_PORTS: Final = ("4", "41", "47", "50", "51", "132")
"""Protocols without ports of ours that hosts do speak over the internet: IP in IP, 6in4, GRE, ESP, AH and SCTP."""


def remainder(rule: Mapping[str, Json], ports: Ports) -> list[Json]:
    """What stays of a rule when these ports are taken out of it.

    A range is split. A rule for every protocol cannot be split as such, because EC2 has no rule for "all but"; what
    it equals is 256 protocols, more than a group may have rules (60). It becomes TCP and UDP without the ports,
    ICMP, and the protocols that are spoken over the internet beside them; only what no host offers to strangers is
    lost (routing protocols and the like), which the disruption of the control names.
    """
    if rule["protocol"] != EVERY:
        return _spans(rule, rule["protocol"], without((rule["from"], rule["to"]), ports.get(rule["protocol"], ())))
    ported = [item for name in PORTED for item in _spans(rule, name, without(ALL, ports.get(name, ())))]
    return ported + _beside(rule)


def replaced(rule: Mapping[str, Json], ports: Ports, sources: Iterable[str]) -> list[Json]:
    """Rules that give what is taken out of a rule to these networks instead, of the rule's own IP version.

    A network as wide as the world is passed over: opening it would only be the same finding again.
    """
    kind = rule["kind"]
    heirs = [{**rule, "source": cidr} for cidr in sources if family(cidr) == kind and not is_world(cidr)]
    return [
        item
        for heir in heirs
        for protocol, wanted in ports.items()
        if (span := open_ports(rule, protocol))
        for item in _spans(heir, protocol, within(span, wanted))
    ]


def family(cidr: str) -> str:
    """The kind of source that a network is."""
    return "cidr6" if ":" in cidr else "cidr4"


def narrowed(rule: Mapping[str, Json], ports: Ports) -> list[Json]:
    """What stays of a rule when of TCP and UDP only these ports are left in it."""
    protocols = PORTED if rule["protocol"] == EVERY else (rule["protocol"],)
    kept = [
        item
        for name in protocols
        for item in _spans(rule, name, within(open_ports(rule, name) or ALL, ports.get(name, ())))
    ]
    return kept + (_beside(rule) if rule["protocol"] == EVERY else [])


def _beside(rule: Mapping[str, Json]) -> list[Json]:
    """What a rule for every protocol gives beside TCP and UDP."""
    icmp = "icmp" if rule["kind"] == "cidr4" else "icmpv6"
    return [item for name in (icmp, *_BESIDE_PORTS) for item in _spans(rule, name, [_NONE])]


def _spans(rule: Mapping[str, Json], protocol: str, spans: Iterable[Range]) -> list[Json]:
    return [{**rule, "protocol": protocol, "from": first, "to": last} for first, last in spans]


def changed(ingress: list[Json], gone: list[Json], instead: Iterable[Json]) -> list[Json]:
    """The rules without some and with others; a rule that is there already keeps its own description."""
    closed = set(map(canonical, gone))
    kept = [rule for rule in ingress if canonical(rule) not in closed]
    known = {canonical(identity(rule)): rule for rule in kept}
    for rule in instead:
        known.setdefault(canonical(identity(rule)), rule)
    return list(known.values())


def spelled(rule: Mapping[str, Json]) -> str:
    """A rule as people write it: `tcp 20-8080 from 0.0.0.0/0`, and the prefix list that it is from."""
    source = f"{rule['source']} in {rule['list']}" if "list" in rule else rule["source"]
    if rule["protocol"] == EVERY:
        return f"all traffic from {source}"
    ends = (rule["from"], rule["to"])
    ports = "" if ends == _NONE else " " + "-".join(str(end) for end in dict.fromkeys(ends))
    return f"{rule['protocol']}{ports} from {source}"
