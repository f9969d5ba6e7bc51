"""Kinds: types of resource, each a set of facets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from goldseam.control.facet import Facet
from goldseam.control.owner import OwnerRule
from goldseam.model.errors import UnknownName
from goldseam.model.values import Json


@dataclass(frozen=True, slots=True)
class Touch:
    """Where events of a cloud's log name a resource of a kind.

    `when` maps paths of an event to the values that it may have there (None: nothing is there), `paths` lead to ids.
    `id` is the pattern that an id of the kind matches as a whole; its group is the id where the log may hold more.
    `within` leads to the id of what the resource is a part of, where the log names the two apart: ids are `parent/id`.
    """

    when: Mapping[str, tuple[Json, ...]]
    paths: tuple[str, ...]
    id: str = ".+"
    within: str = ""


@dataclass(frozen=True)
class Kind:
    """A type of resource and the facets that it is made of.

    `title` is the noun that people use. `touched_by` says how the cloud's own log tells which resource was changed.
    `owner_rule` tells which resources only the cloud or another account may change. How resources of the kind are found
    is the affair of the cloud's own subclass.
    """

    name: str
    title: str
    facets: tuple[Facet, ...]
    touched_by: tuple[Touch, ...] = field(default=(), kw_only=True)
    owner_rule: OwnerRule | None = field(default=None, kw_only=True)

    @property
    def cloud(self) -> str:
        """The name of the cloud that it is of, the first word of its own: `toy` of `toy.house`."""
        return self.name.partition(".")[0]

    @cached_property
    def facet_by_name(self) -> Mapping[str, Facet]:
        """The facets by name."""
        return {facet.name: facet for facet in self.facets}

    @property
    def owner_facets(self) -> tuple[str, ...]:
        """The facets that tell who may change a resource."""
        return self.owner_rule.reads if self.owner_rule else ()

    @property
    def account_wide(self) -> bool:
        """Whether its resources are listed once for an account, not once for each region."""
        return False

    def facet(self, name: str) -> Facet:
        """The facet of that name; raises UnknownName with the nearest ones."""
        try:
            return self.facet_by_name[name]
        except KeyError:
            raise UnknownName(f"facet of {self.name}", name, self.facet_by_name) from None

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Kind) and other.name == self.name


def touched(kind: Kind, event: Json) -> frozenset[str]:
    """The ids of the kind's resources that an event of the cloud's log may have changed."""
    return frozenset(name for touch in kind.touched_by for name in _named(touch, event))


def _named(touch: Touch, event: Json) -> Iterator[str]:
    for path, allowed in touch.when.items():
        if not any(value in allowed for value in _at(event, path.split(".")) or (None,)):
            return
    parents = [f"{name}/" for name in _at(event, touch.within.split("."))] if touch.within else [""]
    for path in touch.paths:
        for value in _at(event, path.split(".")):
            if isinstance(value, str) and (match := re.fullmatch(touch.id, value)):
                yield from (f"{parent}{match[match.lastindex or 0]}" for parent in parents)


def _at(document: Json, path: list[str]) -> list[Json]:
    """What is found at a path; through a list it goes on in every item."""
    if isinstance(document, list):
        return [found for item in document for found in _at(item, path)]
    if not path:
        return [] if document is None else [document]
    return _at(document.get(path[0]), path[1:]) if isinstance(document, Mapping) else []
