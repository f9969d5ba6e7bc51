"""Prefix lists: what stands behind the rules of security groups and the routes that name one.

A list may hold any network, 0.0.0.0/0 too, and changes what every rule that names it opens (VPC User Guide, "Managed
prefix lists"). It is read only where a rule names it, once for all groups of a region. It is never edited here, nor is
a rule that names it: others use the list as well, and which of its networks are meant is for people to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from goldseam.clouds.aws.ask import reason
from goldseam.clouds.aws.facet import Look, Reading
from goldseam.clouds.aws.group_rules import LIST, family, spelled
from goldseam.clouds.aws.kind import Ask
from goldseam.control import Compliant, ShouldBe, Verdict, violation
from goldseam.control.networks import internet_networks, is_world
from goldseam.model.errors import CloudError
from goldseam.model.resource import Ref
from goldseam.model.values import Json, Unknown

ENTRIES: Final = "ec2.GetManagedPrefixListEntries"
"""Also of lists that AWS manages or another account shares (VPC User Guide, "AWS-managed prefix lists" and "Share
customer-managed prefix lists")."""

_GROUPS: Final = ("ec2.DescribeSecurityGroups", "SecurityGroups")
_UNREAD: Final = "unread"
_HOLDS: Final = "networks"


def networks_of(ask: Ask, region: str, name: str) -> list[str]:
    """The networks that a prefix list holds; raises CloudError."""
    return sorted(str(entry["Cidr"]) for entry in ask.every(ENTRIES, {"PrefixListId": name}, region, "Entries"))


def _same(networks: list[str]) -> list[str]:
    return networks


@dataclass(frozen=True)
class PrefixLists(Look):
    """What the prefix lists hold that rules for incoming traffic name, by id; or why that could not be read.

    One that cannot be read hides neither the others nor the group's other rules. `holds` is what is kept of the
    networks of a list.
    """

    in_parts = True
    holds: Callable[[list[str]], list[str]] = field(default=_same, kw_only=True)

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The entries of a list; a group whose rules name none takes no call."""
        return (ENTRIES,)

    @property
    def call(self) -> tuple[str, ...]:
        """One for all that is kept of the lists: what facts look at comes with what controls read."""
        return (ENTRIES,)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The entries of each list."""
        group = item or ask.every(_GROUPS[0], {"GroupIds": [ref.id]}, ref.region, _GROUPS[1])[0]
        named = [entry for rule in group.get("IpPermissions") or () for entry in rule.get("PrefixListIds") or ()]
        ids = sorted({str(entry["PrefixListId"]) for entry in named})
        return Reading({name: self._held(ask, ref, name) for name in ids})

    def _held(self, ask: Ask, ref: Ref, name: str) -> Json:
        try:
            return {_HOLDS: self.holds(networks_of(ask, ref.region, name))}
        except CloudError as error:
            return {_UNREAD: reason(error)}


def prefix_list(*networks: str) -> Json:
    """A list that was read and holds these networks, for examples."""
    return {_HOLDS: list(networks)}


INTERNET: Final = PrefixLists(name="prefix_lists", holds=internet_networks)
"""Of each list what is the internet at large: a change of any other entry leaves plans as they are."""

NETWORKS: Final = PrefixLists(name="prefix_list_networks")


def _list_of(lists: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    found: Mapping[str, Json] = lists.get(name, {_UNREAD: "it was not read"})
    return found


def with_lists(found: Verdict, named: Iterable[Json], lists: Mapping[str, Json], what: str) -> Verdict:
    """The verdict by a group's networks, completed by the rules that name a prefix list and open the same.

    What is known to be open goes before what is not known. No list is edited and no rule taken from it, so a fix that
    closes the networks says that the lists remain.
    """
    held = [(rule, _list_of(lists, rule["source"])) for rule in named]
    opened = [f"{spelled(rule)} ({', '.join(item[_HOLDS])})" for rule, item in held if item.get(_HOLDS)]
    doubts = [f"{spelled(rule)} ({item[_UNREAD]})" for rule, item in held if _UNREAD in item]
    if not opened and not doubts:
        return found
    open_by = f"{what} through a prefix list: {', '.join(opened)}" if opened else ""
    unknown = f"the entries of a prefix list are not known: {', '.join(doubts)}" if doubts else ""
    said = "; ".join(filter(None, (open_by, unknown)))
    if isinstance(found, ShouldBe):
        return replace(found, remains=f"the fix leaves prefix lists to a person: {said}")
    if isinstance(found, Compliant):
        return violation(because=said, guide=_GUIDE) if opened else Unknown(said)
    return found


_GUIDE: Final = (
    "1. `aws ec2 get-managed-prefix-list-entries --prefix-list-id LIST` shows the entries, and `aws ec2 "
    "get-managed-prefix-list-associations --prefix-list-id LIST` what else uses the list; 2. where the entry is a "
    "mistake: `aws ec2 modify-managed-prefix-list --prefix-list-id LIST --current-version N --remove-entries "
    "Cidr=NETWORK`, which `restore-managed-prefix-list-version` takes back; 3. where the list is right and the rule is "
    "not: add a rule for the networks that need the port, then `aws ec2 revoke-security-group-ingress --group-id GROUP "
    "--security-group-rule-ids RULE`"
)


def expanded(rules: Iterable[Json], lists: Mapping[str, Json]) -> list[Json]:
    """The rules with the networks of a prefix list in the place of the list; a list that was not read stays."""
    return [made for rule in rules for made in _expanded(rule, lists)]


def _expanded(rule: Mapping[str, Json], lists: Mapping[str, Json]) -> Iterable[Json]:
    held = _list_of(lists, rule["source"]) if rule["kind"] == LIST else {}
    if _HOLDS not in held:
        return (rule,)
    networks = held[_HOLDS]
    together = internet_networks(networks) and not any(map(is_world, networks))
    whole = [_ALL[family(networks[0])]] if together else []
    return [{**rule, "kind": family(cidr), "source": cidr, "list": rule["source"]} for cidr in (*networks, *whole)]


_ALL: Final = {"cidr4": "0.0.0.0/0", "cidr6": "::/0"}
