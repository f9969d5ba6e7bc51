"""Stage 1: read the cloud, a shard at a time.

Only what the enabled controls and the facts about their kinds need is asked for. No more than one shard's resources
are held: each is handed on, and dropped when the next one is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from goldseam.control import Catalog, Kind
from goldseam.ports import GLOBAL, Gap, Reader, Shard
from goldseam.resource import Resource
from goldseam.values import Unknown


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


def collect(reader: Reader, catalog: Catalog) -> Iterator[Collection]:
    """Every shard that the reader knows, in its order."""
    wanted = catalog.wanted()
    for shard in reader.shards(tuple(wanted)):
        here = {kind: facets for kind, facets in wanted.items() if kind.account_wide is (shard.region == GLOBAL)}
        found = tuple(reader.scan(shard, here)) if here else ()
        resources = tuple(item for item in found if isinstance(item, Resource))
        gaps = tuple(item for item in found if isinstance(item, Gap))
        yield Collection(shard, resources, gaps, tuple(here))
