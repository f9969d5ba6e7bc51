"""Stage 1: read the cloud, a shard at a time.

Of every resource only what the enabled controls need is asked for; what facts need beside it is asked for where
something is wrong, and nowhere else. While one shard is looked at the next two are read, and no more than those three
are held.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from goldseam.control import Catalog, FactRule, Kind
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Unknown
from goldseam.ports import GLOBAL, Gap, Reader, Shard

AHEAD: Final = 2
"""Shards that are read at once, the wanted one and the next, while a third waits for its turn."""


@dataclass(frozen=True, slots=True)
class Collection:
    """What one shard held, the listings that failed in it, and the kinds that were asked for."""

    shard: Shard
    resources: tuple[Resource, ...]
    gaps: tuple[Gap, ...]
    kinds: tuple[Kind, ...]

    def by_kind(self) -> Mapping[str, tuple[Resource, ...] | Unknown]:
        """The resources by kind: empty where none was found, unknown where the listing failed."""
        groups: dict[str, list[Resource]] = {kind.name: [] for kind in self.kinds}
        for resource in self.resources:
            groups[resource.ref.kind].append(resource)
        found: dict[str, tuple[Resource, ...] | Unknown] = {kind: tuple(group) for kind, group in groups.items()}
        return found | {gap.kind: Unknown(gap.reason) for gap in self.gaps}


def collect(reader: Reader, wanted: Mapping[Kind, frozenset[str]]) -> Iterator[Collection]:
    """Every shard that the reader knows, in its order, with these facets of each kind; the next one is read ahead."""
    pool, reading = ThreadPoolExecutor(AHEAD, "collect"), deque[Future[Collection]]()
    try:
        for shard in reader.shards(tuple(wanted)):
            reading.append(pool.submit(_collected, reader, wanted, shard))
            if len(reading) > AHEAD:
                yield reading.popleft().result()
        while reading:
            yield reading.popleft().result()
    finally:
        # Whoever stops early does not wait for what is being read: it ends when the reader is closed.
        pool.shutdown(wait=False, cancel_futures=True)


def _collected(reader: Reader, wanted: Mapping[Kind, frozenset[str]], shard: Shard) -> Collection:
    here = {kind: facets for kind, facets in wanted.items() if kind.account_wide is (shard.region == GLOBAL)}
    return _gathered(shard, tuple(here), reader.scan(shard, here) if here else ())


def _gathered(shard: Shard, kinds: tuple[Kind, ...], found: Iterable[Resource | Gap]) -> Collection:
    items = tuple(found)
    resources = tuple(item for item in items if isinstance(item, Resource))
    return Collection(shard, resources, tuple(item for item in items if isinstance(item, Gap)), kinds)


class Nearby:
    """What facts and settings look at beside a resource: read when the first one needs it, and once.

    It holds what an account has once, and what a region has while its shard is looked at.
    """

    def __init__(self, reader: Reader, catalog: Catalog) -> None:
        self._reader, self._catalog = reader, catalog
        self._shard: Shard | None = None
        self._held: dict[tuple[Shard, Kind], tuple[Resource, ...] | Unknown] = {}
        self._looked_up: dict[Ref, Resource] = {}

    def enter(self, collection: Collection) -> None:
        """Let go of the last region, and hold what was read of this one."""
        gone = self._shard if self._shard and self._shard.region != GLOBAL else None
        self._held = {key: held for key, held in self._held.items() if key[0] != gone}
        self._shard, self._looked_up = collection.shard, {}
        by_kind = collection.by_kind()
        self._held.update({(collection.shard, kind): by_kind[kind.name] for kind in collection.kinds})

    def completed(self, wanted: Iterable[tuple[Resource, Sequence[FactRule]]]) -> Iterator[Resource]:
        """The resources with the facets of their own that these facts about them read."""
        pairs = [(item, frozenset(name for rule in rules for name in rule.reads)) for item, rules in wanted]
        return self._reader.more([(item, names - item.facets.keys()) for item, names in pairs])

    def read_ahead(self, wanted: Iterable[tuple[Resource, Sequence[FactRule]]]) -> None:
        """Read at once every other kind and every single resource that these facts look at and that is not at hand."""
        wanted = tuple(wanted)
        self._look_up((resource.ref, rules) for resource, rules in wanted)
        lacking: dict[Shard, dict[Kind, set[str]]] = defaultdict(lambda: defaultdict(set))
        for resource, rules in wanted:
            for kind, names in (need for rule in rules for need in rule.needs.items()):
                place = _place(kind, resource.ref)
                if (place, kind) not in self._held and (kind.account_wide or place.region != GLOBAL):
                    lacking[place][kind].update(names)
        for place, kinds in lacking.items():
            self._held.update(self._listed(place, kinds))

    def around(self, ref: Ref, rules: Sequence[FactRule]) -> Mapping[str, tuple[Resource, ...] | Unknown]:
        """The resources that these facts look at, by kind: of the region, or of the account where it has them once."""
        glances = {kind for rule in rules for kind in rule.glances}
        found = {kind.name: self._held[key] for kind in glances if (key := (_place(kind, ref), kind)) in self._held}
        needs = [(kind, names) for rule in rules for kind, names in rule.needs.items()]
        self._look_up([(ref, rules)])
        single = {
            kind.name: (self._looked_up[other],) for kind, other, _ in _lookups(ref, rules) if other in self._looked_up
        }
        return found | single | {kind.name: self._looked(kind, frozenset(names), ref) for kind, names in needs}

    def regions(self, kind: str, ref: Ref) -> Mapping[str, str] | Unknown:
        """The regions of a kind's resources by id, in a resource's account; unknown where they cannot be listed.

        Of a kind that is listed by region they are those of the resource's region.
        """
        if kind not in self._catalog.kind_by_name:
            return Unknown(f"nothing lists `{kind}`")
        found = self._looked(self._catalog.kind(kind), frozenset(), ref)
        return found if isinstance(found, Unknown) else {item.ref.id: item.ref.region for item in found}

    def _look_up(self, wanted: Iterable[tuple[Ref, Sequence[FactRule]]]) -> None:
        """Read the single resources that these facts look up and that are not at hand, all at once."""
        lacking: dict[Ref, set[str]] = defaultdict(set)
        for ref, rules in wanted:
            for _, other, names in _lookups(ref, rules):
                if other not in self._looked_up:
                    lacking[other].update(names)
        if lacking:
            asked = [(Resource(other, {}), frozenset(names)) for other, names in lacking.items()]
            self._looked_up.update((item.ref, item) for item in self._reader.more(asked))

    def _looked(self, kind: Kind, names: frozenset[str], ref: Ref) -> tuple[Resource, ...] | Unknown:
        place = _place(kind, ref)
        if not kind.account_wide and place.region == GLOBAL:
            return Unknown(f"{kind.title} is looked at by region, and `{ref}` has none")
        held = self._held.get((place, kind))
        if held is None:
            held = self._listed(place, {kind: names})[place, kind]
        elif not isinstance(held, Unknown) and any(names - item.facets.keys() for item in held):
            held = tuple(self._reader.more([(item, names - item.facets.keys()) for item in held]))
        self._held[place, kind] = held
        return held

    def _listed(
        self, place: Shard, kinds: Mapping[Kind, Iterable[str]]
    ) -> dict[tuple[Shard, Kind], tuple[Resource, ...] | Unknown]:
        wanted = {kind: frozenset(names) | self._catalog.free(kind) for kind, names in kinds.items()}
        found = _gathered(place, tuple(kinds), self._reader.scan(place, wanted)).by_kind()
        return {(place, kind): found[kind.name] for kind in kinds}


def _place(kind: Kind, ref: Ref) -> Shard:
    return Shard(ref.account, GLOBAL if kind.account_wide else ref.region)


def _lookups(ref: Ref, rules: Iterable[FactRule]) -> Iterator[tuple[Kind, Ref, tuple[str, ...]]]:
    """Each single resource that these facts look up for a resource: its kind, its reference and the facets to read."""
    for rule in rules:
        for kind, lookup in rule.lookups.items():
            other = lookup.ref_of(ref)
            if other is not None:
                yield kind, other, lookup.facets
