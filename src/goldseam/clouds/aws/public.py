"""Whether anyone at all can reach something: yes, no, or unknown with the reason, and the evidence for it. Pure.

What makes a policy public is in `statements.py`. Here that is joined with what stands above it (blocks, ownership of
objects) and beside it (control lists, addresses, routes, rules). Each part may be an `Unknown`: what does not matter
then does not make the answer unknown. Where a part closes the way by itself, the others need not be known.

Sources: Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage", "Access control list (ACL) overview",
"Controlling ownership of objects and disabling ACLs"; Amazon VPC User Guide, "Enable internet access for a VPC using an
internet gateway"; Amazon RDS User Guide, "Hiding a DB instance in a VPC from the internet"; Amazon EFS User Guide,
"Blocking public access to EFS file systems"; Amazon OpenSearch Service Developer Guide, "Launching your Amazon
OpenSearch Service domains within a VPC"; Amazon EKS User Guide, "Cluster API server endpoint".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from goldseam.clouds.aws.group_rules import from_world, spelled
from goldseam.clouds.aws.statements import Sorted, label, sorted_out
from goldseam.control import Answer, Known
from goldseam.model.values import ABSENT, Json, Unknown, Value

FLAGS: Final = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
"""The four parts of a block of public access.

Those that begin with `Block` refuse new policies and control lists and leave what is there in effect; the other two
take the effect away from what is there.
"""

GROUPS: Final = "http://acs.amazonaws.com/groups/global/"
_EVERYONE: Final = frozenset({f"{GROUPS}AllUsers", f"{GROUPS}AuthenticatedUsers"})
_NO_ACLS: Final = "BucketOwnerEnforced"
_SHOWN: Final = 5

Held: TypeAlias = Value | Unknown
Family: TypeAlias = Literal["IPv4", "IPv6"]


def yes(*evidence: str) -> Known:
    """Anyone can."""
    return Known(value=True, evidence=evidence)


def no(*evidence: str) -> Known:
    """Not everyone can."""
    return Known(value=False, evidence=evidence)


def any_of(*parts: Answer) -> Answer:
    """Yes where one way is open; no where all are known to be closed."""
    return _joined(parts, decides=True)


def all_of(*parts: Answer) -> Answer:
    """No where one condition fails, whatever is unknown of the others; yes where all are known to hold."""
    return _joined(parts, decides=False)


def _joined(parts: Sequence[Answer], *, decides: bool) -> Answer:
    known = [part for part in parts if isinstance(part, Known)]
    deciding = [part for part in known if part.value is decides]
    doubts = [part.reason for part in parts if isinstance(part, Unknown)]
    if doubts and not deciding:
        return Unknown("; ".join(dict.fromkeys(doubts)))
    told = deciding or known
    return Known(decides if deciding else not decides, tuple(line for part in told for line in part.evidence))


# Buckets


def in_force(flag: str, block: Value, account_block: Value) -> bool:
    """Whether the bucket's block or the account's has the flag; the stricter of the two holds."""
    return bool((block is not ABSENT and block[flag]) or (account_block is not ABSENT and account_block[flag]))


def effective_statements(policy: Value, block: Value, account_block: Value) -> Sorted:
    """The statements of a bucket policy that let everyone do something and take effect, and those that perhaps do.

    A block that restricts public buckets leaves of a public policy only AWS services and the account's own users.
    """
    return Sorted([], []) if in_force("RestrictPublicBuckets", block, account_block) else sorted_out(policy)


def effective_grants(acl: Value, block: Value, account_block: Value, ownership: str = "") -> list[Json]:
    """The grants of a control list to everyone, or to everyone with an AWS account, that take effect."""
    if ownership == _NO_ACLS or in_force("IgnorePublicAcls", block, account_block):
        return []
    return [grant for grant in _grants(acl) if grant["Grantee"].get("URI") in _EVERYONE]


def granting(grant: Json) -> str:
    """A grant to everyone in words."""
    return f"{grant['Grantee']['URI'].removeprefix(GROUPS)} has {grant['Permission']}"


def _grants(acl: Value) -> Sequence[Json]:
    return () if acl is ABSENT else acl["Grants"]


@dataclass(frozen=True, slots=True)
class Bucket:
    """What decides whether a bucket is public, each part as it was read."""

    policy: Held = ABSENT
    acl: Held = ABSENT
    block: Held = ABSENT
    account_block: Held = ABSENT
    ownership: str | Unknown = ""
    website: Held = ABSENT


def bucket(held: Bucket) -> Answer:
    """Whether anyone can reach a bucket, or what it holds as far as the bucket's own settings decide that.

    Control lists of single objects are not looked at. A website configuration lets nobody in: it serves what the
    policy and the control lists let everyone read.
    """
    answer = any_of(_by_policy(held), _by_acl(held))
    if isinstance(answer, Known) and isinstance(held.website, Mapping) and not answer.value:
        return Known(value=False, evidence=(*answer.evidence, "its website shows nothing that nobody may read"))
    return answer


def _by_policy(held: Bucket) -> Answer:
    open_ = policy(held.policy, "the bucket policy")
    return all_of(_not_cut(held, "RestrictPublicBuckets", "public access is cut off by RestrictPublicBuckets"), open_)


def _by_acl(held: Bucket) -> Answer:
    cut = _not_cut(held, "IgnorePublicAcls", "public control lists are ignored by IgnorePublicAcls")
    if isinstance(held.acl, Unknown):
        granted: Answer = held.acl
    elif found := effective_grants(held.acl, ABSENT, ABSENT):
        granted = yes(*(f"by the control list, {granting(grant)}" for grant in found))
    else:
        granted = no("the control list grants nothing to everyone")
    return all_of(_acls_count(held.ownership), cut, granted)


def objects(held: Bucket) -> Answer:
    """Whether control lists of single objects let everyone in: they are not read, so at best it is not known.

    They have no effect where they are ignored, and none where the bucket's owner owns every object (Amazon S3 User
    Guide, "Controlling ownership of objects and disabling ACLs").
    """
    ignored = _not_cut(held, "IgnorePublicAcls", "public control lists are ignored by IgnorePublicAcls")
    return all_of(_acls_count(held.ownership), ignored, Unknown("control lists of its objects were not read"))


def _acls_count(ownership: str | Unknown) -> Answer:
    if isinstance(ownership, Unknown):
        return ownership
    return no("control lists are off: the bucket's owner owns every object") if ownership == _NO_ACLS else yes()


def _not_cut(held: Bucket, flag: str, why: str) -> Answer:
    """Whether neither block has the flag."""
    return all_of(_without_flag(held.block, flag, why), _without_flag(held.account_block, flag, why))


def _without_flag(block: Held, flag: str, why: str) -> Answer:
    if isinstance(block, Unknown):
        return block
    return no(why) if in_force(flag, block, ABSENT) else yes()


# Policies of other resources


def policy(held: Held, noun: str = "the policy") -> Answer:
    """Whether a resource policy (of a queue, topic, key, function, repository, vault, secret, …) lets everyone in."""
    if isinstance(held, Unknown):
        return held
    found = sorted_out(held)
    if found.public:
        return yes(*(f"by {noun}, {label(item)}" for item in found.public[:_SHOWN]))
    if found.unknown:
        return Unknown("; ".join(f"in {noun}, {reason}" for reason in found.unknown[:_SHOWN]))
    return no(f"{noun} allows nothing to everyone" if held is not ABSENT else f"there is nothing in place of {noun}")


# Addresses and endpoints


@dataclass(frozen=True, slots=True)
class Way:
    """How traffic from the internet would come to one place in a network, by one family of addresses.

    `address` is the public one, empty for none; `gateway` the internet gateway of the route out of the subnet, empty
    for none; `ingress` are the rules of all its security groups, as atoms, with the networks of a prefix list in its
    place; a list that stands there was not read.
    """

    family: Family
    address: str | Unknown
    gateway: str | Unknown
    ingress: Sequence[Json] | Unknown


def reached(ways: Iterable[Way]) -> Answer:
    """Whether the internet at large reaches a place: it takes an address, a route to an internet gateway and a rule."""
    found = [all_of(_addressed(way), _let_in(way), _routed(way)) for way in ways]
    return any_of(*found) if found else no("it has no address that the internet knows")


def _addressed(way: Way) -> Answer:
    if isinstance(way.address, Unknown):
        return way.address
    return (
        yes(f"it has the public address {way.address}") if way.address else no(f"it has no public {way.family} address")
    )


def _routed(way: Way) -> Answer:
    if isinstance(way.gateway, Unknown):
        return way.gateway
    if way.gateway:
        return yes(f"its subnet has a route to internet gateway {way.gateway}")
    return no(f"its subnet has no {way.family} route to an internet gateway")


def _let_in(way: Way) -> Answer:
    if isinstance(way.ingress, Unknown):
        return way.ingress
    kind = "cidr4" if way.family == "IPv4" else "cidr6"
    rules = [rule for rule in way.ingress if rule["kind"] == kind and from_world(rule)]
    if rules:
        return yes(*(f"a security group lets the world in: {spelled(rule)}" for rule in rules[:_SHOWN]))
    lists = sorted({rule["source"] for rule in way.ingress if rule["kind"] == "prefix-list"})
    if lists:
        return Unknown(f"the entries of prefix list {', '.join(lists)} could not be read")
    return no(f"no security group lets the world in by {way.family}")


def database(public: bool | Unknown, ways: Iterable[Way]) -> Answer:  # noqa: FBT001
    """Whether the internet reaches a database or a cluster that is only given a public address where it is asked to."""
    if isinstance(public, Unknown):
        asked: Answer = public
    else:
        asked = yes("it is publicly accessible") if public else no("it is not publicly accessible")
    return asked if isinstance(asked, Known) and not asked.value else all_of(asked, reached(ways))
