"""Which of the resources that a fact looks at beside its own are as wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from goldseam.control import Answer, known
from goldseam.model.resource import Resource
from goldseam.model.values import Json, Unknown


def those(
    held: tuple[Resource, ...] | Unknown, facet: str, wanted: Callable[[Json], bool]
) -> tuple[Resource, ...] | Unknown:
    """The resources of which a facet is as wanted; unknown when that cannot be told of one, and of no other it is."""
    if isinstance(held, Unknown):
        return held
    values = [(item, item.facets.get(facet, Unknown(f"{facet} was not read"))) for item in held]
    found = tuple(item for item, value in values if not isinstance(value, Unknown) and wanted(value))
    doubts = [value for _, value in values if isinstance(value, Unknown)]
    return doubts[0] if doubts and not found else found


def listed(names: Iterable[str], does: str) -> Answer:
    """The names with what they do; unknown where there is none, as what was looked at is never all there is."""
    found = sorted(names)
    if not found:
        return Unknown(f"nothing that was read {does}, and not everything that may depend on it is read")
    return known(found, *(f"{name} {does}" for name in found))
