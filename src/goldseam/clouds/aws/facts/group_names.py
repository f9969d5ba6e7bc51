"""What names a security group that no interface is in: what may start one any day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facts.matching import those
from goldseam.clouds.aws.public import no
from goldseam.clouds.aws.services.ec2.group_references import DEFAULT, GROUP_REFERENCES, TITLES
from goldseam.clouds.aws.services.ec2.security_group import SECURITY_GROUP
from goldseam.control import Answer, Kind, Surroundings
from goldseam.model.values import Json, Unknown

REFERENCES: Final[Mapping[Kind, tuple[str, ...]]] = {
    GROUP_REFERENCES: tuple(TITLES),
    SECURITY_GROUP: ("ingress", "egress"),
}
_SHOWN: Final = 5


def sleeping(group_name: str, around: Surroundings) -> Answer:
    """False for a group without interfaces that nothing names; unknown for one that something names."""
    naming = naming_of(group_name, around)
    if isinstance(naming, Unknown):
        return naming
    if naming:
        more = f" and {len(naming) - _SHOWN} more" if len(naming) > _SHOWN else ""
        return Unknown(f"no network interface is in the group now, but {', '.join(naming[:_SHOWN])}{more} name it")
    return no("no network interface is in the group", "nothing that was looked at names the group")


def naming_of(group_name: str, around: Surroundings) -> list[str] | Unknown:
    """What names the group, sorted: things that start interfaces, and rules of other groups.

    A rule of another group starts nothing; it shows that members of this one are expected. What names no group at all
    uses the default one of its network, and which network that is, is not asked: it counts for every default group.
    """
    found: list[str] = []
    for part in (_things(group_name, around), _rules(around)):
        if isinstance(part, Unknown):
            return part
        found += part
    return sorted(found)


def _things(group_name: str, around: Surroundings) -> list[str] | Unknown:
    held = around.of(GROUP_REFERENCES)
    if isinstance(held, Unknown):
        return held
    if not held:
        return Unknown(f"{GROUP_REFERENCES.title} was not read")
    keys = {around.ref.id, group_name, *([DEFAULT] if group_name == "default" else [])}
    found: list[str] = []
    for title, named in ((title, region.facets.get(facet)) for region in held for facet, title in TITLES.items()):
        if named is None or isinstance(named, Unknown):
            why = "it was not read" if named is None else named.reason
            return Unknown(f"whether any {title} names the group is not known: {why}")
        found += sorted({f"{title} {name}" for key in keys for name in named.get(key, ())})
    return found


def _rules(around: Surroundings) -> list[str] | Unknown:
    """The other groups of the region with a rule that names the group."""
    found: set[str] = set()
    for direction in ("ingress", "egress"):
        groups = those(around.of(SECURITY_GROUP), direction, lambda rules: any(_names(rule, around) for rule in rules))
        if isinstance(groups, Unknown):
            return groups
        found |= {f"security group {item.ref.id}" for item in groups if item.ref.id != around.ref.id}
    return sorted(found)


def _names(rule: Mapping[str, Json], around: Surroundings) -> bool:
    return bool(rule["kind"] == "group" and rule["source"].rpartition("/")[2] == around.ref.id)
