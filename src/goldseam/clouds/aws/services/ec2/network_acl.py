"""Network ACLs: the entries of a subnet's filter, and the controls that close remote administration to the world.

Entries are tried in the order of their numbers, and the first that fits decides (VPC User Guide, "Network ACL rules").
An entry for the world may be right for other ports, and for connections from inside. So it stays as it is: just before
it the port is allowed to the networks that had it by name or lie inside, and denied to all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Final

from goldseam.clouds.aws.facet import AwsFacet, Look, Send, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, TAGGED, AwsKind, Listing, changes
from goldseam.clouds.aws.owners import shared
from goldseam.clouds.aws.port_ranges import ALL
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.ec2.among import Own
from goldseam.control import (
    Call,
    Cidr,
    Control,
    Example,
    Severity,
    Step,
    Verdict,
    compliant,
    control,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.control.networks import internet_networks, is_world, without_networks
from goldseam.model.resource import Ref
from goldseam.model.values import Json, Value, canonical, same

_LAST: Final = 32767
"""The number of the entry that denies the rest; it is always there and cannot be changed."""

_TCP: Final = "6"
_EVERY: Final = "-1"
_PROTOCOLS: Final = {"tcp": _TCP, "udp": "17", "icmp": "1", "icmpv6": "58", "all": _EVERY}
_MOST: Final = 20
"""Entries in one direction, unless AWS raised the quota (VPC User Guide, "Amazon VPC quotas")."""


def _entry(raw: Mapping[str, Json]) -> Json:
    protocol = str(raw["Protocol"]).lower()
    ports, icmp = raw.get("PortRange") or {}, raw.get("IcmpTypeCode") or {}
    ported = {"from": ports["From"], "to": ports["To"]} if ports else {}
    typed = {"type": icmp["Type"], "code": icmp["Code"]} if icmp else {}
    return {
        "number": raw["RuleNumber"],
        "egress": raw["Egress"],
        "action": raw["RuleAction"],
        "protocol": _PROTOCOLS.get(protocol, protocol),
        "cidr": raw.get("CidrBlock") or raw.get("Ipv6CidrBlock"),
        **ported,
        **typed,
    }


def _entries(raw: Json) -> Value:
    return [_entry(item) for item in raw if item["RuleNumber"] < _LAST]


def _wire(entry: Mapping[str, Json]) -> Mapping[str, Json]:
    """The parameters of the calls that make an entry."""
    family = "Ipv6CidrBlock" if ":" in entry["cidr"] else "CidrBlock"
    ported = {"PortRange": {"From": entry["from"], "To": entry["to"]}} if "from" in entry else {}
    typed = {"IcmpTypeCode": {"Type": entry["type"], "Code": entry["code"]}} if "type" in entry else {}
    said = {"Protocol": entry["protocol"], "RuleAction": entry["action"], family: entry["cidr"]}
    return {**_place(entry), **said, **ported, **typed}


def _place(entry: Mapping[str, Json]) -> Mapping[str, Json]:
    return {"RuleNumber": entry["number"], "Egress": entry["egress"]}


def _send(operation: str) -> Send:
    return Send(f"ec2.{operation}NetworkAclEntry", {"NetworkAclId": "{id}"})


@dataclass(frozen=True)
class Entries(AwsFacet):
    """The entries by direction and number, each written by a call of its own.

    What allows is made first and removed last, so that nothing which both ends let through is cut off on the way.
    """

    one_by_one = True

    create: Send = field(default=_send("Create"), kw_only=True)
    replace: Send = field(default=_send("Replace"), kw_only=True)
    delete: Send = field(default=_send("Delete"), kw_only=True)

    def normal(self, value: Value) -> Value:
        """The entries in their order."""
        return sorted(value, key=lambda entry: (entry["egress"], entry["number"]))

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One call for each entry that differs."""
        old, new = ({canonical(_place(entry)): entry for entry in side} for side in (before, after))
        added = [entry for key, entry in new.items() if key not in old]
        changed = [entry for key, entry in new.items() if key in old and not same(entry, old[key])]
        removed = [entry for key, entry in old.items() if key not in new]
        calls = [
            *((self.create.call(ref, more=_wire(entry)), entry, True) for entry in _allowing_first(added)),
            *((self.replace.call(ref, more=_wire(entry)), entry, True) for entry in changed),
            *(
                (self.delete.call(ref, more=_place(entry)), entry, False)
                for entry in reversed(_allowing_first(removed))
            ),
        ]
        return tuple(self._steps(old, calls))

    def _steps(self, old: Mapping[bytes, Json], calls: Iterable[tuple[Call, Json, bool]]) -> Iterable[Step]:
        state = dict(old)
        for call, entry, stays in calls:
            state.pop(canonical(_place(entry)), None)
            if stays:
                state[canonical(_place(entry))] = entry
            yield self.step(call, self.normal(list(state.values())))


def _allowing_first(entries: Iterable[Json]) -> list[Json]:
    return sorted(entries, key=lambda entry: (entry["action"] != "allow", entry["egress"], entry["number"]))


NETWORK_ACL: Final = AwsKind(
    "aws.ec2.network-acl",
    "network ACL",
    (
        Entries(name="entries", listed="Entries", decode=_entries),
        Look(name="subnets", listed="Associations.SubnetId", decode=sorted),
        Look(name="is_default", listed="IsDefault"),
        Look(name="vpc", listed="VpcId"),
        Own(name="own", listed="OwnerId"),
        tags(),
    ),
    touched_by=(
        changes("ec2", TAGGED, f"{REQUEST}.networkAclId", f"{ANSWER}.networkAcl.networkAclId", id="acl-.+"),
    ),
    address="arn:{partition}:ec2:{region}:{account}:network-acl/{id}",
    find=Listing("ec2.DescribeNetworkAcls", "NetworkAcls", id="NetworkAclId", narrow={"NetworkAclIds": ["{id}"]}),
    owner_rule=shared(),
)  # fmt: skip


def _version(cidr: str) -> int:
    return 6 if ":" in cidr else 4


def _meets(entry: Mapping[str, Json], port: int, version: int) -> bool:
    """Whether an entry decides about TCP connections to the port, of that version of IP."""
    if entry["egress"] or _version(entry["cidr"]) != version or entry["protocol"] not in {_TCP, _EVERY}:
        return False
    first, last = (entry.get("from", ALL[0]), entry.get("to", ALL[1])) if entry["protocol"] == _TCP else ALL
    return bool(first <= port <= last)


def _holds(cidr: str, other: str) -> bool:
    """Whether a network holds all of another."""
    outer, inner = ip_network(cidr), ip_network(other)
    if outer.version != inner.version or outer.prefixlen > inner.prefixlen:
        return False
    return inner.supernet(new_prefix=outer.prefixlen) == outer


def _opening(entries: Iterable[Json], port: int, version: int) -> tuple[Json, list[Json]] | None:
    """The first entry by which the world reaches the port, and those after it that meet the port; None if none does.

    An entry lets in what it allows less all that entries before it deny together, in however many pieces.
    """
    meeting = [entry for entry in entries if _meets(entry, port, version)]
    denied: list[str] = []
    for at, entry in enumerate(meeting):
        if entry["action"] == "deny":
            denied.append(entry["cidr"])
        elif is_world(entry["cidr"]) and internet_networks(without_networks(entry["cidr"], denied)):
            return entry, meeting[at + 1 :]
    return None


def _shut(entries: list[Json], port: int, version: int, inside: Iterable[str]) -> list[Json] | None:
    """The entries with the port denied to the world of one version of IP; None when there is no room for that."""
    while found := _opening(entries, port, version):
        opening, later = found
        named = [entry["cidr"] for entry in later if entry["action"] == "allow" and not is_world(entry["cidr"])]
        allowed = [cidr for cidr in dict.fromkeys([*inside, *named]) if _holds(opening["cidr"], cidr)]
        wanted = [*(("allow", cidr) for cidr in allowed), ("deny", opening["cidr"])]
        numbers = _room(entries, opening, port, version)[-len(wanted) :]
        if len(numbers) < len(wanted):
            return None
        rule = {"egress": False, "protocol": _TCP, "from": port, "to": port}
        made = [
            {**rule, "number": at, "action": act, "cidr": cidr} for at, (act, cidr) in zip(numbers, wanted, strict=True)
        ]
        entries = sorted([*entries, *made], key=lambda entry: (entry["egress"], entry["number"]))
    return entries


def _room(entries: Iterable[Json], opening: Json, port: int, version: int) -> list[int]:
    """The free numbers before an entry and after all others that decide about the port, as many as the quota leaves."""
    inbound = [entry for entry in entries if not entry["egress"]]
    before = [
        entry["number"] for entry in inbound if _meets(entry, port, version) and entry["number"] < opening["number"]
    ]
    taken = {entry["number"] for entry in inbound}
    free = [number for number in range(max(before, default=0) + 1, opening["number"]) if number not in taken]
    left = max(_MOST - len(inbound), 0)
    return free[len(free) - min(left, len(free)) :]


def _spelled(entry: Mapping[str, Json]) -> str:
    ports = "all traffic" if entry["protocol"] == _EVERY else f"tcp {entry.get('from', 0)}-{entry.get('to', 65535)}"
    return f"entry {entry['number']} ({ports} from {entry['cidr']})"


_ROOM: Final = (
    "1. `aws ec2 describe-network-acls --network-acl-ids ACL` and note its inbound entries; "
    "2. choose free numbers below the entry that opens the port (make the same entry again with a higher number and "
    "delete the old one where there are none; remove entries that repeat others where the quota is reached); "
    "3. `aws ec2 create-network-acl-entry --ingress --network-acl-id ACL --rule-number N --protocol tcp --port-range "
    "From=PORT,To=PORT --rule-action allow --cidr-block NETWORK` for each network that needs the port; "
    "4. the same with `--rule-action deny --cidr-block 0.0.0.0/0` and the number after those; "
    "5. see that administrators still get in"
)
_INSIDE: Final = tuple(map(Cidr, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))


def _rule(number: int, action: str, cidr: str, *ports: int, egress: bool = False) -> Json:
    ported = {"from": ports[0], "to": ports[-1]} if ports else {}
    protocol = _TCP if ports else _EVERY
    return {"number": number, "egress": egress, "action": action, "protocol": protocol, "cidr": cidr, **ported}


def _examples(port: int) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    out = _rule(100, "allow", "0.0.0.0/0", egress=True)
    web, near = _rule(90, "allow", "0.0.0.0/0", 443), _rule(200, "allow", "198.51.100.0/24", port)
    every, every6 = _rule(100, "allow", "0.0.0.0/0"), _rule(101, "allow", "::/0")
    own = [_rule(96 + at, "allow", cidr, port) for at, cidr in enumerate(_INSIDE[:3])]
    shut = _rule(99, "deny", "0.0.0.0/0", port)
    good = (
        Example({"entries": [out, web, near]}),
        Example({"entries": [*own, shut, every, out]}),
        Example({"entries": [_rule(50, "deny", "0.0.0.0/0"), _rule(60, "allow", "0.0.0.0/0", port)]}),
        Example({"entries": [_rule(10, "deny", "0.0.0.0/1", port), _rule(20, "deny", "128.0.0.0/1"), every]}),
    )
    own_v6 = [_rule(97, "allow", "fc00::/7", port), _rule(98, "deny", "::/0", port)]
    just = {"inside": ["10.1.0.0/16"]}
    narrow = [_rule(97, "allow", "10.1.0.0/16", port), _rule(98, "allow", near["cidr"], port), shut]
    bad = (
        Example({"entries": [every, out]}, leaves={"entries": [*own, shut, every, out]}),
        Example({"entries": [web, every, near, out]}, just, {"entries": [web, *narrow, every, near, out]}),
        Example({"entries": [{**every6, "number": 99}]}, leaves={"entries": [*own_v6, {**every6, "number": 99}]}),
        Example({"entries": [{**web, "number": 99}, every]}),
        Example({"entries": [_rule(10, "deny", "0.0.0.0/1", port), every, _rule(200, "deny", "128.0.0.0/1", port)]}),
    )
    return good, bad


def port_control(word: str, name: str, port: int, check: str) -> Control:
    """The control that closes one port of remote administration to the world."""
    good, bad = _examples(port)

    @control(
        f"aws.ec2.network-acl.port-{word}-closed", NETWORK_ACL, severity=Severity.MEDIUM,
        title=f"A network ACL does not let the world reach {name} (tcp {port})",
        why="It is the second lock: a security group that is opened by mistake then opens nothing in the subnet.",
        disrupts=may_disrupt(
            f"who administers machines of the subnets over {name} from an address that is neither private nor allowed "
            f"by a narrower entry is cut off, as are answers to connections that a machine opened from its own port "
            f"{port}, and connections inside the network over public or IPv6 addresses"
        ),
        maps=required(check, "ec2_networkacl_allow_ingress_any_port"), compliant=good, violating=bad,
    )  # fmt: skip
    def port_closed(entries: list[Json], *, inside: tuple[Cidr, ...] = _INSIDE) -> Verdict:
        found = [opening[0] for version in (4, 6) if (opening := _opening(entries, port, version))]
        if not found:
            return compliant
        because = f"the world reaches {name} by {' and '.join(map(_spelled, found))}"
        shut: list[Json] | None = entries
        for version in (4, 6):
            shut = _shut(shut, port, version, inside) if shut is not None else None
        if shut is None:
            return violation(because=f"{because}, and there is no room for entries before it", guide=_ROOM)
        return should_be(entries=shut, because=because)

    return port_closed


SSH_CLOSED: Final = port_control("ssh", "SSH", 22, "ec2_networkacl_allow_ingress_tcp_port_22")
RDP_CLOSED: Final = port_control("rdp", "Remote Desktop", 3389, "ec2_networkacl_allow_ingress_tcp_port_3389")


@control(
    "aws.ec2.network-acl.in-use", NETWORK_ACL, severity=Severity.LOW,
    maps=required("ec2_networkacl_unused"),
    covers=("cloudbots:acl_delete",),
    compliant=[
        {"subnets": ["subnet-0123456789abcdef0"], "is_default": False},
        {"subnets": [], "is_default": True},
    ],
    violating=[{"subnets": [], "is_default": False}],
)  # fmt: skip
def in_use(subnets: list[str], is_default: bool) -> Verdict:  # noqa: FBT001
    """A network ACL filters some subnet.

    One that filters none looks like protection in an inventory and is none; whoever picks it later gets rules that
    nobody has kept up.
    """
    if subnets or is_default:
        return compliant
    return violation(
        because="the network ACL is not associated with any subnet",
        guide="1. ask the owner whether a subnet should have it; 2. keep its entries: `aws ec2 describe-network-acls "
        "--network-acl-ids ACL > acl.json`; 3. `aws ec2 delete-network-acl --network-acl-id ACL`",
    )
