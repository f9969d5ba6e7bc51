"""Stage 1: shards come in their order, the next two are read ahead, and whoever stops early waits for nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import pytest

from goldseam.assess.collect import AHEAD, Collection, collect
from goldseam.control import Kind
from goldseam.model.errors import Throttled
from goldseam.model.resource import Ref, Resource
from goldseam.ports import Gap, Shard
from tests.memory_cloud import CATALOG, VAULT

SHARDS = tuple(Shard("acc", f"region-{number}") for number in range(6))


class Regions:
    """A reader of some regions, each with one vault; it notes which were begun, and may wait or fail in one."""

    def __init__(self, fails: str = "", waits: str = "") -> None:
        self.begun: list[str] = []
        self.go_on = threading.Event()
        self._fails, self._waits = fails, waits

    def shards(self, kinds: Sequence[Kind]) -> Sequence[Shard]:
        return SHARDS

    def scan(self, shard: Shard, wanted: Mapping[Kind, frozenset[str]]) -> Iterator[Resource | Gap]:
        self.begun.append(shard.region)
        if shard.region == self._fails:
            raise Throttled("slow down", code="Throttling")
        if shard.region == self._waits:
            self.go_on.wait()
        yield Resource(Ref(VAULT.name, shard.account, shard.region, "v", f"mem:{shard.region}"), {})
        yield Gap("mem.other", shard, "denied")

    def more(self, lacking: Iterable[tuple[Resource, frozenset[str]]]) -> Iterator[Resource]:
        return (resource for resource, _ in lacking)

    def read(self, ref: Ref, facets: frozenset[str]) -> Resource:
        raise AssertionError(ref)


def regions(collections: Iterable[Collection]) -> list[str]:
    return [collection.shard.region for collection in collections]


def test_shards_come_in_order_whole_with_what_failed_in_them() -> None:
    found = list(collect(Regions(), CATALOG.judged))
    assert regions(found) == [shard.region for shard in SHARDS]
    assert {(len(item.resources), len(item.gaps), item.kinds) for item in found} == {(1, 1, (VAULT,))}


def test_the_next_shards_are_read_while_one_is_looked_at_and_no_more() -> None:
    reader = Regions(waits="region-2")
    collections = collect(reader, CATALOG.judged)
    assert regions(islice(collections, 2)) == ["region-0", "region-1"]
    assert set(reader.begun) <= {f"region-{number}" for number in range(2 + AHEAD)}
    reader.go_on.set()
    assert regions(collections) == ["region-2", "region-3", "region-4", "region-5"]


def test_a_failure_is_told_where_its_shard_would_come() -> None:
    collections = collect(Regions(fails="region-1"), CATALOG.judged)
    assert next(collections).shard.region == "region-0"
    with pytest.raises(Throttled):
        next(collections)


def test_whoever_stops_early_does_not_wait_for_what_is_being_read() -> None:
    reader = Regions(waits="region-1")
    collections = collect(reader, CATALOG.judged)
    assert next(collections).shard.region == "region-0"
    collections.close()  # type: ignore[attr-defined]
    assert "region-5" not in reader.begun
    reader.go_on.set()
