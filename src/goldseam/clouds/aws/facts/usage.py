"""What configuration tells of a resource's use: who is served by it, what it is attached to, what depends on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Final

from goldseam.clouds.aws.facts.sources import LAST_ACCESSED
from goldseam.clouds.aws.facts.tagged import bare, tagged
from goldseam.clouds.aws.services.cloudfront import DISTRIBUTION
from goldseam.clouds.aws.services.ec2.network import FLOW_LOG, NETWORK_INTERFACE
from goldseam.clouds.aws.services.ec2.security_group import SECURITY_GROUP
from goldseam.clouds.aws.services.iam.user import USER
from goldseam.clouds.aws.services.s3 import BUCKET
from goldseam.control import Answer, Kind, Known, Surroundings, fact, known
from goldseam.resource import Resource
from goldseam.values import ABSENT, Json, Unknown, Value

_SITE_KEYS: Final = ("website", "purpose", "usage", "use", "role", "content", "type")
_SITES: Final = frozenset({"website", "site", "staticsite", "staticwebsite", "publicwebsite", "webhosting"})
_NO: Final = frozenset({"false", "no", "none", "0"})
_DOMAIN: Final = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}")
_NAMED: Final = 5


def _yes(*evidence: str) -> Known:
    return Known(value=True, evidence=evidence)


def _no(*evidence: str) -> Known:
    return Known(value=False, evidence=evidence)


@fact("serves_website", BUCKET, bool, tolerant=True)
def serves_website(website: Value | Unknown, tags: Mapping[str, str] | Unknown, *, around: Surroundings) -> Answer:
    """Whether people see the bucket as a website.

    A website configuration or a tag says so. A bucket that is named like a domain may serve that domain by itself.
    """
    if isinstance(website, Mapping):
        return _yes(f"the bucket has a website configuration: {_site(website)}")
    if isinstance(tags, Mapping):
        for key, value in tagged(tags, _SITE_KEYS):
            if bare(value) in _SITES or (bare(key) == "website" and bare(value) not in _NO):
                return _yes(f"tag `{key}` is `{value}`")
    if isinstance(website, Unknown):
        return website
    if isinstance(tags, Unknown):
        return tags
    if _DOMAIN.fullmatch(around.ref.id):
        return Unknown(f"there is no website configuration, but `{around.ref.id}` is a domain name that it may serve")
    return _no("the bucket has no website configuration", "no tag says that it serves a website")


def _site(website: Mapping[str, Json]) -> str:
    if host := (website.get("RedirectAllRequestsTo") or {}).get("HostName"):
        return f"every request is redirected to `{host}`"
    return f"its index document is `{(website.get('IndexDocument') or {}).get('Suffix', '')}`"


def _fetching(around: Surroundings) -> tuple[Resource, ...] | Unknown:
    """The distributions that fetch from the bucket."""
    return _those(
        around.of(DISTRIBUTION), "origins", lambda origins: any(_is_from(origin, around) for origin in origins)
    )


def _is_from(origin: Mapping[str, str], around: Surroundings) -> bool:
    """Whether an origin is the bucket, by any of the names that S3 answers to."""
    domain, bucket = origin["domain"].lower(), around.ref.id
    suffix = r"[.-][a-z0-9.-]*amazonaws\.com(\.cn)?"
    if re.fullmatch(rf"{re.escape(bucket)}\.s3{suffix}", domain):
        return True
    return bool(re.fullmatch(rf"s3{suffix}", domain)) and origin.get("path", "").strip("/").split("/")[0] == bucket


def _those(
    held: tuple[Resource, ...] | Unknown, facet: str, wanted: Callable[[Json], bool]
) -> tuple[Resource, ...] | Unknown:
    """The resources of which a facet is as wanted; unknown when that cannot be told of one, and of no other it is."""
    if isinstance(held, Unknown):
        return held
    values = [(item, item.facets.get(facet, Unknown(f"{facet} was not read"))) for item in held]
    found = tuple(item for item, value in values if not isinstance(value, Unknown) and wanted(value))
    doubts = [value for _, value in values if isinstance(value, Unknown)]
    return doubts[0] if doubts and not found else found


_ORIGINS: Final[Mapping[Kind, tuple[str, ...]]] = {DISTRIBUTION: ("origins", "enabled")}


@fact("cloudfront_origin", BUCKET, bool, needs=_ORIGINS)
def cloudfront_origin(*, around: Surroundings) -> Answer:
    """Whether a CloudFront distribution of the account fetches from the bucket.

    Distributions of other accounts are not seen.
    """
    found = _fetching(around)
    if isinstance(found, Unknown):
        return found
    serving = [item.ref.id for item in found if item.facets.get("enabled") is not False]
    if serving:
        return _yes(*(f"the bucket is an origin of CloudFront distribution {name}" for name in serving))
    if found:
        return _no(*(f"distribution {item.ref.id} fetches from it, and is switched off" for item in found))
    return _no("no CloudFront distribution of this account fetches from the bucket")


@fact("dependants", BUCKET, list, needs=_ORIGINS)
def bucket_dependants(*, around: Surroundings) -> Answer:
    """What in the account depends on the resource, by name.

    Of a bucket, the CloudFront distributions that fetch from it.
    """
    found = _fetching(around)
    return found if isinstance(found, Unknown) else _listed([item.ref.id for item in found], "fetches from the bucket")


def _listed(names: Iterable[str], does: str) -> Answer:
    found = sorted(names)
    return known(found, *(f"{name} {does}" for name in found) if found else (f"nothing that was seen {does}",))


def _members(around: Surroundings) -> tuple[Resource, ...] | Unknown:
    """The network interfaces that are in the security group."""
    return _those(around.of(NETWORK_INTERFACE), "groups", lambda groups: around.ref.id in groups)


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


_NO_MEMBER: Final = "no network interface is in the group"


_IN_GROUP: Final = ("groups", "attachment", "description")


@fact("attached", SECURITY_GROUP, bool, needs={NETWORK_INTERFACE: _IN_GROUP})
def attached(*, around: Surroundings) -> Answer:
    """Whether any network interface is in the security group."""
    members = _members(around)
    if isinstance(members, Unknown):
        return members
    return _yes(f"the group is attached to {_spelled(members)}") if members else _no(_NO_MEMBER)


@fact("attached_public", SECURITY_GROUP, bool, needs={NETWORK_INTERFACE: (*_IN_GROUP, "public_ip", "ipv6_addresses")})
def attached_public(*, around: Surroundings) -> Answer:
    """Whether a network interface with a public IPv4 address or any IPv6 address is in the security group."""
    members = _members(around)
    if isinstance(members, Unknown):
        return members
    if not members:
        return _no(_NO_MEMBER)
    reached = [line for item in members for line in _addresses(item)]
    doubts = [item for item in members if any(isinstance(item.facets.get(name), Unknown) for name in _PUBLIC)]
    if reached:
        return _yes(*reached[:_NAMED])
    if doubts:
        return Unknown(f"the addresses of {_spelled(doubts)} are not known")
    return _no(f"no public address among {_spelled(members)}")


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
    needs={NETWORK_INTERFACE: (*_IN_GROUP, "status", "subnet", "vpc"), FLOW_LOG: ("resource",)},
)
def port_in_use(*, around: Surroundings) -> Answer:
    """Whether traffic can come in by any port that the security group opens.

    It cannot where no interface, or only interfaces that are attached to nothing, are in the group. Where some are,
    only traffic records would tell, and none are read: the answer is unknown.
    """
    members = _members(around)
    if isinstance(members, Unknown):
        return members
    if not members:
        return _no(_NO_MEMBER)
    if all(item.facets.get("status") == "available" for item in members):
        return _no(f"the group's only interfaces are attached to nothing: {_spelled(members)}")
    return Unknown(f"the group is attached to {_spelled(members)}; {_recorded(members, around)}")


def _recorded(members: Iterable[Resource], around: Surroundings) -> str:
    """What flow logs could say of interfaces."""
    places = {place for item in members for place in (item.ref.id, item.facets.get("subnet"), item.facets.get("vpc"))}
    logs = _those(around.of(FLOW_LOG), "resource", lambda resource: resource in places)
    if isinstance(logs, Unknown):
        return f"whether flow logs record its traffic is not known: {logs.reason}"
    if not logs:
        return "no flow log records its traffic"
    return f"the records of flow log {', '.join(item.ref.id for item in logs)} were not read"


@fact("dependants", SECURITY_GROUP, list, needs={NETWORK_INTERFACE: ("groups",), SECURITY_GROUP: ("ingress", "egress")})
def group_dependants(*, around: Surroundings) -> Answer:
    """What in the account depends on the resource, by name.

    Of a security group, the network interfaces in it and the other groups of the region whose rules name it.
    """
    members, groups = _members(around), around.of(SECURITY_GROUP)
    if isinstance(members, Unknown):
        return members
    naming: set[str] = set()
    for direction in ("ingress", "egress"):
        found = _those(groups, direction, lambda rules: any(_names(rule, around.ref.id) for rule in rules))
        if isinstance(found, Unknown):
            return found
        naming |= {item.ref.id for item in found if item.ref.id != around.ref.id}
    return _listed([*(item.ref.id for item in members), *naming], "is in the group or has a rule that names it")


def _names(rule: Mapping[str, Json], group: str) -> bool:
    return bool(rule["kind"] == "group" and rule["source"].rpartition("/")[2] == group)


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
