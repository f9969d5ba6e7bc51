"""Reads an AWS account: every wanted facet of every resource, concurrently, and no call more than that takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from typing import Final, Self

from goldseam.clouds.aws.ask import Memo, ReadingSession, late
from goldseam.clouds.aws.bounds import Deadline, IncompleteReads
from goldseam.clouds.aws.facet import Address, AwsFacet
from goldseam.clouds.aws.lanes import Lanes
from goldseam.clouds.aws.reading import Readings, WantedFacets, item_now, readings_of, wanted_of, whole
from goldseam.clouds.aws.shard import ReadBudget, Scan
from goldseam.clouds.bounds import DEFAULT, Bounds, Incomplete, Progress
from goldseam.control import Catalog, Kind
from goldseam.model.clock import SystemClock
from goldseam.model.errors import TimedOut
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json, Unknown
from goldseam.ports import GLOBAL, Clock, Gap, Shard

WORKERS: Final[Mapping[str, int]] = {"s3": 32, "iam": 16}
"""Threads for the services that are asked most."""
OTHERS: Final = 8
"""Threads for each other service: more would only wait for their turn."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """The reading of some facets of a resource that share a call."""

    task: Future[Readings]
    operation: str
    ref: Ref
    group: tuple[AwsFacet, ...]


class AwsReader:
    """Reads one account through a session; `regions` are the user's choice, or none for all that are enabled."""

    def __init__(
        self,
        session: ReadingSession,
        catalog: Catalog,
        regions: Sequence[str] = (),
        *,
        workers: int | None = None,
        progress: Progress | None = None,
        clock: Clock | None = None,
        bounds: Bounds = DEFAULT,
    ) -> None:
        self._session, self._catalog, self._progress = session, catalog, progress
        self._bounds, self._incomplete = bounds, IncompleteReads()
        self._clock = clock or SystemClock()
        self._regions = tuple(dict.fromkeys(regions))
        self._lanes = Lanes(WORKERS if workers is None else {}, workers or OTHERS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the threads."""
        self._lanes.close()

    @property
    def incomplete(self) -> tuple[Incomplete, ...]:
        """Every read so far that exceeded a bound: what it feeds is unknown."""
        return self._incomplete.all()

    def shards(self, kinds: Sequence[Kind]) -> Sequence[Shard]:
        """`global` first where a kind is account-wide, then each region where a kind is regional.

        Raises UnknownName for a region that the account does not have, CloudError when the regions cannot be told.
        """
        account = self._session.account_id()
        regional = not all(kind.account_wide for kind in kinds)
        regions: tuple[str, ...] = ()
        if self._regions or regional:
            regions = self._session.regions(self._regions, fallback=True)
        once = (GLOBAL,) if any(kind.account_wide for kind in kinds) else ()
        return tuple(Shard(account, place) for place in (*once, *(regions if regional else ())))

    def scan(self, shard: Shard, wanted: Mapping[Kind, frozenset[str]]) -> Iterator[Resource | Gap]:
        """Every resource of the shard, each as soon as its last facet is read.

        The listings are asked for at once, before the first result is taken. Of what only facts look at, no progress
        is told.
        """
        account_wide = shard.region == GLOBAL
        here = [
            wanted_of(kind, names, listing=True) for kind, names in wanted.items() if kind.account_wide is account_wide
        ]
        controls_of = self._catalog.controls_of
        progress = self._progress if not controls_of or any(kind.name in controls_of for kind in wanted) else None
        limits = ReadBudget(Deadline(self._bounds.shard), self._incomplete)
        memo, partition = self._memo(limits.deadline), self._session.partition()
        scan = Scan(memo, partition, self._lanes, shard, self._regions, progress, limits)
        scan.start(here)
        return scan.results()

    def more(self, lacking: Iterable[tuple[Resource, frozenset[str]]]) -> Iterator[Resource]:
        """The same resources with these facets, which calls read, beside those they have; all asked for at once."""
        deadline = Deadline(self._bounds.shard)
        ask, begun = self._memo(deadline), list[tuple[Resource, list[_Begun]]]()
        for resource, names in lacking:
            wanted = wanted_of(self._catalog.kind(resource.ref.kind), names - resource.facets.keys())
            begun.append((resource, self._begun(wanted, resource.ref, partial(readings_of, ask, resource.ref, None))))
        for resource, tasks in begun:
            found = {name: reading for task in tasks for name, reading in self._ended(task, deadline).items()}
            yield whole(resource, found, found)

    def read(self, ref: Ref, facets: frozenset[str]) -> Resource:
        """The facets of one resource as they are now; nothing is taken from an earlier reading.

        Raises ResourceGone, and CloudError when it cannot be told whether the resource exists.
        """
        wanted, deadline = wanted_of(self._catalog.kind(ref.kind), facets), Deadline(self._bounds.resource)
        ask, find = self._memo(deadline), wanted.kind.find
        items_say = any(not isinstance(facet, Address) for facet in wanted.free)
        listed = find is not None and bool(find.narrow or items_say or not wanted.groups)
        item = self._item_now(ask, ref, wanted, deadline) if listed else None
        reading = partial(readings_of, ask, ref, item, must_exist=find is not None and not listed)
        tasks = self._begun(wanted, ref, reading)
        readings = dict(reading(wanted.free))
        for task in tasks:
            readings.update(self._ended(task, deadline))
        return whole(Resource(ref, {}), wanted.order, readings)

    def _item_now(self, ask: Memo, ref: Ref, wanted: WantedFacets, deadline: Deadline) -> Json:
        """What the listing says now of one resource; raises TimedOut when it does not end in time."""
        find = wanted.kind.find
        if find is None:
            return None
        task = self._lanes.submit(find.operation, ref.region, partial(item_now, ask, ref, wanted.kind, find))
        if wait((task,), deadline.left()).done:
            return task.result()
        raise self._late(find.operation, ref, deadline)

    def _begun(
        self, wanted: WantedFacets, ref: Ref, reading: Callable[[tuple[AwsFacet, ...]], Readings]
    ) -> list[_Begun]:
        """Begin to read what takes calls, in the lanes of the services that are called."""
        begun = []
        for group in wanted.groups:
            operation = group[0].read_operations[0]
            task = self._lanes.submit(operation, ref.region, partial(reading, group))
            begun.append(_Begun(task, operation, ref, group))
        return begun

    def _ended(self, begun: _Begun, deadline: Deadline) -> Readings:
        """What was read; unknown where that is not there by the deadline, whether its call ever ends or not."""
        if wait((begun.task,), deadline.left()).done:
            return begun.task.result()
        begun.task.cancel()
        because = Unknown(str(self._late(begun.operation, begun.ref, deadline)))
        return {facet.name: because for facet in begun.group}

    def _late(self, operation: str, ref: Ref, deadline: Deadline) -> TimedOut:
        error = late(operation, deadline)
        self._incomplete.note(Incomplete(operation, ref.region, str(error)))
        return error

    def _memo(self, deadline: Deadline) -> Memo:
        today = self._clock.now().date().isoformat()
        return Memo(self._session, today, self._bounds, deadline, self._incomplete)
