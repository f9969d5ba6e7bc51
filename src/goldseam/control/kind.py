"""Kinds: types of resource, each a set of facets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from goldseam.control.facet import Facet
from goldseam.errors import UnknownName


@dataclass(frozen=True)
class Kind:
    """A type of resource and the facets that it is made of.

    `title` is the noun that people use. `touched_by` maps an event source to the path, in its events, of the
    resource's id. How resources of the kind are found is the affair of the cloud's own subclass.
    """

    name: str
    title: str
    facets: tuple[Facet, ...]
    touched_by: Mapping[str, str] = field(default_factory=dict, kw_only=True)

    @cached_property
    def facet_by_name(self) -> Mapping[str, Facet]:
        """The facets by name."""
        return {facet.name: facet for facet in self.facets}

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
