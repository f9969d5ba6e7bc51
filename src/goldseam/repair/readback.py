"""Readings while a plan is carried out: waiting until one shows what was done, and what it tells for the next call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, TypeAlias

from goldseam.control import Call, Kind, Told
from goldseam.model.errors import CloudError, RefusedCall, ResourceGone
from goldseam.model.values import Unknown, Value, same
from goldseam.ports import Clock, Reader
from goldseam.repair.plan import Plan, place_of, values_along

Image: TypeAlias = Mapping[str, Value]
"""The changed facets of a resource at one moment."""

SETTLING: Final = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Seconds to wait before each reading that should show what was just done: reading lags behind writing (PEERS 12)."""


def settled(plan: Plan, reader: Reader, clock: Clock, awaited: Sequence[Image]) -> Image | None:
    """The changed facets, read until they are at an awaited state or patience ends; None when they cannot be read."""
    image: Image | None = None
    for pause in SETTLING:
        clock.sleep(pause)
        image = image_now(plan, reader)
        if image is not None and any(same(image, item) for item in awaited):
            return image
    return image


def image_now(plan: Plan, reader: Reader) -> Image | None:
    """The changed facets as a fresh reading shows them; None when one of them cannot be read."""
    names = frozenset(change.facet for change in plan.changes)
    try:
        facets = reader.read(plan.ref, names).facets
    except (CloudError, ResourceGone):
        return None
    image = {name: facets[name] for name in names}
    return None if any(isinstance(value, Unknown) for value in image.values()) else image


def words_for(plan: Plan, kind: Kind, call: Call, reader: Reader, clock: Clock) -> Told:
    """What a reading just before a call tells for its places.

    A word belongs to the state that it was read with, so that state must be one of the plan's own: the cloud compares
    the version that the word names with its own, and sets only if they are the same. Raises RefusedCall.
    """
    if not call.asks:
        return {}
    own = values_along(plan, kind)
    for pause in SETTLING:
        clock.sleep(pause)
        with suppress(CloudError, ResourceGone, LookupError):
            now = reader.read(plan.ref, call.asks)
            if all(place_of(now.facets[name], own.get(name, ())) is not None for name in call.asks):
                call.filled(now.told)
                return now.told
    names = ", ".join(sorted(call.asks))
    msg = f"the {names} of {plan.ref} is not as the plan left it just before `{call.operation}`; nothing was sent"
    raise RefusedCall(msg)
