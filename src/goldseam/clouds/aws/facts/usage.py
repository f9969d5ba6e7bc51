"""What is in a security group or names it, what depends on it, and when access keys of a user were used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from goldseam.clouds.aws.facts.group_names import REFERENCES, naming_of, sleeping
from goldseam.clouds.aws.facts.matching import listed, those
from goldseam.clouds.aws.facts.sources import LAST_ACCESSED
from goldseam.clouds.aws.public import no, yes
from goldseam.clouds.aws.services.ec2.network import FLOW_LOG, INSTANCE, NETWORK_INTERFACE
from goldseam.clouds.aws.services.ec2.security_group import SECURITY_GROUP
from goldseam.clouds.aws.services.iam.user import USER
from goldseam.control import Answer, Surroundings, fact, known
from goldseam.model.resource import Resource
from goldseam.model.values import ABSENT, Json, Unknown

_NAMED: Final = 5


def _members(around: Surroundings) -> tuple[Resource, ...] | Unknown:
    """The network interfaces that are in the security group."""
    return those(around.of(NETWORK_INTERFACE), "groups", lambda groups: around.ref.id in groups)


def _spelled(members: Iterable[Resource]) -> str:
    """Interfaces by id, with what they belong to."""
    names = [_interface(item) for item in members]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _interface(item: Resource) -> str:
    attachment, description = item.facets.get("attachment"), item.facets.get("description")
    instance = attachment.get("instance") if isinstance(attachment, Mapping) else ""
    said = f"instance {instance}" if instance else description if isinstance(description, str) else ""
    return f"{item.ref.id} ({said})" if said else item.ref.id


_IN_GROUP: Final = ("groups", "attachment", "description")


@fact("attached", SECURITY_GROUP, bool, needs={NETWORK_INTERFACE: _IN_GROUP, **REFERENCES})
def attached(group_name: str, *, around: Surroundings) -> Answer:
    """Whether any network interface is in the security group.

    Where none is and something names the group that starts interfaces later, the answer is unknown.
    """
    members = _members(around)
    if isinstance(members, Unknown):
        return members
    return yes(f"the group is attached to {_spelled(members)}") if members else sleeping(group_name, around)


@fact(
    "attached_public",
    SECURITY_GROUP,
    bool,
    needs={
        NETWORK_INTERFACE: (*_IN_GROUP, "status", "public_ip", "ipv6_addresses"),
        INSTANCE: ("state",),
        **REFERENCES,
    },
)
def attached_public(group_name: str, *, around: Surroundings) -> Answer:
    """Whether a network interface with a public IPv4 address or any IPv6 address is in the security group.

    Unknown where something that has no address now may get one when it starts: a stopped instance (Amazon EC2 User
    Guide, "Amazon EC2 instance IP addressing"), a detached interface, or what names the group.
    """
    members = _members(around)
    if isinstance(members, Unknown):
        return members
    if not members:
        return sleeping(group_name, around)
    reached = [line for item in members for line in _addresses(item)]
    doubts = [item for item in members if any(isinstance(item.facets.get(name), Unknown) for name in _PUBLIC)]
    if reached:
        return yes(*reached[:_NAMED])
    if doubts:
        return Unknown(f"the addresses of {_spelled(doubts)} are not known")
    for rest in (_at_rest(members, around), sleeping(group_name, around)):
        if isinstance(rest, Unknown):
            return rest
    return no(f"no public address among {_spelled(members)}")


def _at_rest(members: Iterable[Resource], around: Surroundings) -> Answer:
    """False where no interface is stopped or detached, which may get an address later."""
    idle = _idle(members, around)
    if isinstance(idle, Unknown):
        return idle
    if idle:
        return Unknown(f"{_spelled(idle)} has no public address while it is stopped or detached, and may get one")
    return no("every interface is in use")


def _idle(members: Iterable[Resource], around: Surroundings) -> list[Resource] | Unknown:
    """The interfaces that are detached, or attached to an instance that does not run."""
    instances = around.of(INSTANCE)
    if isinstance(instances, Unknown):
        return instances
    running = {item.ref.id for item in instances if item.facets.get("state") == "running"}
    return [item for item in members if (owner := _instance(item)) not in running and (owner or _is_detached(item))]


def _instance(item: Resource) -> str:
    attachment = item.facets.get("attachment")
    return str(attachment.get("instance") or "") if isinstance(attachment, Mapping) else ""


def _is_detached(item: Resource) -> bool:
    return item.facets.get("status") == "available"


_PUBLIC: Final = ("public_ip", "ipv6_addresses")


def _addresses(item: Resource) -> Iterable[str]:
    address, more = (item.facets.get(name, ABSENT) for name in _PUBLIC)
    if isinstance(address, str) and address:
        yield f"{_interface(item)} has the public address {address}"
    if isinstance(more, list) and more:
        yield f"{_interface(item)} has the IPv6 address {more[0]}"


@fact(
    "port_in_use",
    SECURITY_GROUP,
    bool,
    needs={
        NETWORK_INTERFACE: (*_IN_GROUP, "status", "subnet", "vpc"),
        FLOW_LOG: ("resource",),
        **REFERENCES,
    },
)
def port_in_use(group_name: str, *, around: Surroundings) -> Answer:
    """Whether traffic can come in by any port that the security group opens.

    It cannot where no interface is in the group and nothing names it that would start one. Where an interface is, even
    one that is detached now, only traffic records would tell, and none are read: the answer is unknown.
    """
    members = _members(around)
    if isinstance(members, Unknown):
        return members
    if not members:
        return sleeping(group_name, around)
    if all(map(_is_detached, members)):
        return Unknown(f"the group's only interfaces are detached, and may be attached again: {_spelled(members)}")
    return Unknown(f"the group is attached to {_spelled(members)}; {_recorded(members, around)}")


def _recorded(members: Iterable[Resource], around: Surroundings) -> str:
    """What flow logs could say of interfaces."""
    places = {place for item in members for place in (item.ref.id, item.facets.get("subnet"), item.facets.get("vpc"))}
    logs = those(around.of(FLOW_LOG), "resource", lambda resource: resource in places)
    if isinstance(logs, Unknown):
        return f"whether flow logs record its traffic is not known: {logs.reason}"
    if not logs:
        return "no flow log records its traffic"
    return f"the records of flow log {', '.join(item.ref.id for item in logs)} were not read"


@fact("dependants", SECURITY_GROUP, list, needs={NETWORK_INTERFACE: ("groups",), **REFERENCES})
def group_dependants(group_name: str, *, around: Surroundings) -> Answer:
    """What in the account depends on the resource, by name; unknown where nothing is seen.

    Of a security group, the network interfaces in it, what names it, and the other groups of the region whose rules do.
    """
    members, naming = _members(around), naming_of(group_name, around)
    for part in (members, naming):
        if isinstance(part, Unknown):
            return part
    assert not isinstance(members, Unknown)
    assert not isinstance(naming, Unknown)
    return listed([*(item.ref.id for item in members), *naming], "is in the group or names it")


@fact("default_group", SECURITY_GROUP, bool)
def default_group(group_name: str, *, around: Surroundings) -> Answer:
    """Whether it is the group that AWS made with the network, which cannot be deleted."""
    del around
    return known(group_name == "default", f"the group is called `{group_name}`")


@fact("access_key_last_used", USER, int, lag=LAST_ACCESSED.lag, source=LAST_ACCESSED.source)
def access_key_last_used(access_keys: list[Json], last_used: list[Json], *, around: Surroundings) -> Answer:
    """Days since any active access key of the user was used; since it was made, for one that never was.

    Unknown where no key is active.
    """
    active = {key["id"]: key for key in access_keys if key["status"] == "Active"}
    uses = {use["id"]: use for use in last_used}
    if not active:
        return Unknown("the user has no active access key")
    if missing := sorted(set(active) - set(uses)):
        return Unknown(f"when {', '.join(missing)} was last used was not read")
    told = sorted(_use(key, uses[name], around) for name, key in active.items())
    return known(told[0][0], *(line for _, line in told))


def _use(key: Mapping[str, str], use: Mapping[str, str], around: Surroundings) -> tuple[int, str]:
    """The days since a key was last used, and the sentence that says so."""
    used = use["last_used"]
    days = max((around.now.date() - date.fromisoformat((used or key["created"])[:10])).days, 0)
    if used:
        return days, f"access key {key['id']} was last used on {used[:10]}, for {use['service']}"
    return days, f"access key {key['id']} was made on {key['created'][:10]} and never used"
