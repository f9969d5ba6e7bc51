"""Readings of one resource: its facets, each as it is or why it is not known, grouped so that no call is made twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from goldseam.clouds.aws.ask import reason
from goldseam.clouds.aws.facet import AwsFacet, Reading
from goldseam.clouds.aws.kind import Ask, AwsKind, Listing, at, filled
from goldseam.clouds.aws.representable import NotRepresentable, why_not_kept
from goldseam.control import Kind
from goldseam.model.errors import MISSHAPEN, CallFailed, CloudError, NotFound, ResourceGone, in_words
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json, Unknown
from goldseam.ports import GLOBAL

Readings: TypeAlias = Mapping[str, Reading | Unknown]


@dataclass(frozen=True, slots=True)
class WantedFacets:
    """A kind and the facets to read of it: those that cost nothing, and groups that share a call."""

    kind: AwsKind
    free: tuple[AwsFacet, ...]
    groups: tuple[tuple[AwsFacet, ...], ...]
    order: tuple[str, ...]


def wanted_of(kind: Kind, names: frozenset[str], *, listing: bool = False) -> WantedFacets:
    """The facets of these names, those that one call feeds together; raises UnknownName.

    While kinds are listed, what the listing tells costs nothing.
    """
    if not isinstance(kind, AwsKind):
        raise TypeError(f"{kind.name} is no kind of AWS")
    asked = {kind.facet(name).name for name in names}
    facets = [facet for facet in kind.facets if facet.name in asked and isinstance(facet, AwsFacet)]
    groups: dict[tuple[str, ...], list[AwsFacet]] = {}
    for facet in facets:
        if asks := facet.question if listing else facet.call:
            groups.setdefault(asks, []).append(facet)
    free = tuple(facet for facet in facets if not (facet.question if listing else facet.call))
    return WantedFacets(kind, free, tuple(map(tuple, groups.values())), tuple(facet.name for facet in facets))


def item_now(ask: Ask, ref: Ref, kind: AwsKind, find: Listing) -> Json:
    """What the listing says now of one resource."""
    parameters = filled(find.narrow if find.whole else {**find.parameters, **find.narrow}, ref)
    own = ref.id.rpartition("/")[2] if find.within and not find.whole else ref.id
    region = find.home or (GLOBAL if kind.account_wide else ref.region)
    try:
        items = ask.every(find.operation, parameters, region, find.items)
    except NotFound as error:
        raise gone(ref) from error
    odd = ""
    for item in items:
        try:
            if find.where(item) and find.id_of(item) == own and _is_addressed(find, item, ref):
                return item
        except MISSHAPEN as error:
            odd = misunderstood(error)
    if odd:
        raise CallFailed(
            f"it cannot be told whether `{ref}` exists: {odd}", operation=find.operation, code=NotRepresentable.__name__
        )
    raise gone(ref)


def misunderstood(error: Exception) -> str:
    """The reason why what one item of a list describes is not known."""
    return f"an item of the list cannot be understood ({in_words(error)})"


def _is_addressed(find: Listing, item: Json, ref: Ref) -> bool:
    """Whether the listing, where it states addresses, states the reference's: id and address are of one resource.

    A reference made from an id alone has a wildcard for what only the listing knows, and states nothing to compare.
    """
    address = at(item, find.address) if find.address else None
    return not address or "*" in ref.address or str(address) == ref.address


def gone(ref: Ref) -> ResourceGone:
    """What to raise for a resource that is not there any more."""
    return ResourceGone(f"`{ref}` does not exist any more; scan again")


def readings_of(ask: Ask, ref: Ref, item: Json, facets: Iterable[AwsFacet], *, must_exist: bool = False) -> Readings:
    """Each facet as it is, or why it is not known; raises ResourceGone where that must be told, NotOffered."""
    return {facet.name: _reading(ask, ref, item, facet, must_exist=must_exist) for facet in facets}


def _reading(ask: Ask, ref: Ref, item: Json, facet: AwsFacet, *, must_exist: bool) -> Reading | Unknown:
    """The facet, or why it is unknown: a failed call stops neither the scan nor the resource's other facets."""
    try:
        reading = facet.read(ask, ref, item)
        wrong = why_not_kept(reading.value)
        return Unknown(f"{facet.name} cannot be kept: {wrong}") if wrong else reading
    except CloudError as error:
        if must_exist and isinstance(error, NotFound):
            raise gone(ref) from error
        return Unknown(reason(error))
    except NotRepresentable as error:
        return Unknown(f"{facet.name} cannot be kept: {error}")
    except MISSHAPEN as error:
        problem = in_words(error, discreet=bool(facet.sensitive))
        return Unknown(f"the answer about {facet.name} cannot be understood ({problem})")


def whole(resource: Resource, order: Iterable[str], readings: Readings) -> Resource:
    """The resource with what was read beside what it has, in the given order."""
    facets, pending, told = dict(resource.facets), dict(resource.pending), dict(resource.told)
    for name in order:
        reading = readings[name]
        facets[name] = reading.value if isinstance(reading, Reading) else reading
        if isinstance(reading, Reading) and reading.pending:
            pending[name] = reading.pending
        if isinstance(reading, Reading) and reading.told:
            told[name] = reading.told
    return Resource(resource.ref, facets, pending, told)
