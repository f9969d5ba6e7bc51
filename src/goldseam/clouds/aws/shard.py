"""One shard while it is read: a small graph of tasks.

List a kind, place what was found (most listings say the region, some must be asked), read the facets. Facets that share
a call are one task. The thread that takes the results does all the bookkeeping, so none of it needs a lock; the tasks
run in lanes, one for each service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final, TypeAlias

from goldseam.clouds.aws.ask import NOT_OFFERED, late, reason
from goldseam.clouds.aws.bounds import Deadline, IncompleteReads
from goldseam.clouds.aws.bucket_regions import LOCATE, located
from goldseam.clouds.aws.facet import AwsFacet, Reading
from goldseam.clouds.aws.kind import Ask, Listing, asked_of, at
from goldseam.clouds.aws.lanes import Lanes
from goldseam.clouds.aws.reading import Readings, WantedFacets, misunderstood, readings_of, whole
from goldseam.clouds.bounds import Incomplete, Progress
from goldseam.model.errors import MISSHAPEN, CloudError, NotFound, NotOffered, in_words
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json, Unknown
from goldseam.ports import GLOBAL, Gap, Shard

_BUCKETS: Final = "s3.ListBuckets"


@dataclass(frozen=True, slots=True)
class _Found:
    """What the listing of a kind gave; of parts of something, what the listing of those in one `parent` gave."""

    wanted: WantedFacets
    items: Sequence[Json]
    failed: str = ""
    parent: str = ""
    odd: str = ""
    """Why something in the list is not known, where some item cannot be understood and the others can."""


@dataclass(frozen=True, slots=True)
class _Parents:
    """What the resources of a kind are parts of, by id."""

    wanted: WantedFacets
    find: Listing
    ids: Sequence[str]
    odd: str = ""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A resource in its region; `failed` says why that could not be told, where it could not."""

    wanted: WantedFacets
    item: Json
    region: str
    failed: str = ""
    parent: str = ""


@dataclass(slots=True)
class _Partial:
    """A resource while its facets come in; `left` is the number of groups to come."""

    wanted: WantedFacets
    ref: Ref
    left: int
    nowhere: bool = False
    readings: dict[str, Reading | Unknown] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Part:
    """Some of a resource's facets; `nowhere` where the region does not have the service that the resource is of."""

    resource: _Partial
    readings: Readings
    nowhere: bool = False


_Result: TypeAlias = _Found | _Parents | _Placed | _Part


@dataclass(frozen=True, slots=True)
class ReadBudget:
    """By when a shard must be read, and where what was not is noted."""

    deadline: Deadline
    incomplete: IncompleteReads


@dataclass(frozen=True, slots=True)
class _Task:
    """What is being read, and what stands for its result when that does not come in time."""

    operation: str
    without: Callable[[str], _Result]


class Scan:
    """One shard while it is read; what is not there at the deadline is unknown, whether its call ever ends or not."""

    def __init__(
        self,
        ask: Ask,
        partition: str,
        lanes: Lanes,
        shard: Shard,
        regions: Sequence[str],
        progress: Progress | None,
        limits: ReadBudget,
    ) -> None:
        self._ask, self._partition, self._lanes, self._shard = ask, partition, lanes, shard
        self._regions, self._progress, self._limits = regions, progress, limits
        self._inbox: SimpleQueue[Future[_Result]] = SimpleQueue()
        self._open: dict[Future[_Result], _Task] = {}
        self._done = self._total = 0

    def start(self, wanted: Iterable[WantedFacets]) -> None:
        """Ask for the listings; a kind without one is a single resource."""
        for one in wanted:
            if one.kind.find is None:
                single: Future[_Result] = Future()
                single.set_result(_Found(one, (None,)))
                self._follow(single, _Task(one.kind.name, partial(_Found, one, ())))
            elif one.kind.find.within:
                above = one.kind.find.within
                task = _Task(above.operation, partial(_Found, one, ()))
                self._submit(task, partial(_parents, self._ask, one, one.kind.find, self._shard))
            else:
                task = _Task(one.kind.find.operation, partial(_Found, one, ()))
                self._submit(task, partial(_listed, self._ask, one, one.kind.find, self._shard))

    def results(self) -> Iterator[Resource | Gap]:
        """Each resource when its last facet is in; what was not begun is dropped when nobody wants more."""
        try:
            while self._open:
                yield from self._taken(self._next())
        finally:
            for task in tuple(self._open):
                task.cancel()

    def _next(self) -> _Result:
        """The next result; once the deadline has passed, what stands for those that did not come."""
        while True:
            try:
                future = self._inbox.get(timeout=self._limits.deadline.left())
            except Empty:
                future, task = self._open.popitem()
                future.cancel()
                return self._given_up(task)
            if self._open.pop(future, None) is not None:  # one that was given up comes too, and is passed over
                return future.result()

    def _given_up(self, task: _Task) -> _Result:
        because = str(late(task.operation, self._limits.deadline))
        self._limits.incomplete.note(Incomplete(task.operation, self._shard.region, because))
        return task.without(because)

    def _submit(self, task: _Task, work: Callable[[], _Result]) -> None:
        self._follow(self._lanes.submit(task.operation, self._shard.region, work), task)

    def _follow(self, future: Future[_Result], task: _Task) -> None:
        self._open[future] = task
        future.add_done_callback(self._inbox.put)

    def _taken(self, result: _Result) -> Iterator[Resource | Gap]:
        if isinstance(result, _Part):
            result.resource.readings.update(result.readings)
            result.resource.left -= 1
            result.resource.nowhere |= result.nowhere
            yield from self._finished(result.resource)
        elif isinstance(result, _Placed):
            yield from self._begun(result)
        elif isinstance(result, _Parents):
            yield from self._gap(result.wanted, result.odd)
            for parent in result.ids:
                task = _Task(result.find.operation, partial(_Found, result.wanted, (), parent=parent))
                self._submit(task, partial(_listed, self._ask, result.wanted, result.find, self._shard, parent))
        elif result.failed:
            yield Gap(result.wanted.kind.name, self._shard, result.failed)
        else:
            yield from self._gap(result.wanted, result.odd)
            for item in result.items:
                try:
                    found: Sequence[Resource | Gap] = list(self._found(result.wanted, item, result.parent))
                except MISSHAPEN as error:
                    found = list(self._gap(result.wanted, misunderstood(error)))
                yield from found

    def _gap(self, wanted: WantedFacets, reason: str) -> Iterator[Gap]:
        if reason:
            yield Gap(wanted.kind.name, self._shard, reason)

    def _found(self, wanted: WantedFacets, item: Json, parent: str) -> Iterator[Resource]:
        """A listed resource: placed at once where its region is known, else after asking."""
        find = wanted.kind.find
        region = at(item, find.region) if find and find.region else self._shard.region
        if not region and find and find.operation == _BUCKETS:
            task = _Task(LOCATE, partial(_unplaced, wanted, item))
            self._submit(task, partial(_located, self._ask, wanted, item))
        else:
            yield from self._begun(_Placed(wanted, item, region or self._shard.region, parent=parent))

    def _begun(self, placed: _Placed) -> Iterator[Resource]:
        """Read what costs nothing, and send for the rest."""
        if not self._is_wanted(placed):
            return
        wanted, item = placed.wanted, placed.item
        ref = _ref(self._partition, self._shard, placed)
        self._total += 1
        resource = _Partial(wanted, ref, len(wanted.groups))
        resource.readings.update(readings_of(self._ask, ref, item, wanted.free))
        for group in wanted.groups:
            if placed.failed:
                resource.readings.update({facet.name: Unknown(placed.failed) for facet in group})
                resource.left -= 1
            else:
                task = _Task(group[0].read_operations[0], partial(_unread, resource, group))
                self._submit(task, partial(_part, self._ask, resource, item, group))
        yield from self._finished(resource)

    def _is_wanted(self, placed: _Placed) -> bool:
        """Whether the resource is of this shard, and in a region that the user wants."""
        if placed.region == self._shard.region:
            return True
        return self._shard.region == GLOBAL and (not self._regions or placed.region in self._regions)

    def _finished(self, resource: _Partial) -> Iterator[Resource]:
        if resource.left:
            return
        self._done += 1
        if self._progress:
            self._progress(self._shard, self._done, self._total)
        if not resource.nowhere:
            yield whole(Resource(resource.ref, {}), resource.wanted.order, resource.readings)


def _listed(ask: Ask, wanted: WantedFacets, find: Listing, shard: Shard, parent: str = "") -> _Found:
    parameters = asked_of(find.parameters, shard, parent)
    try:
        items = ask.every(find.operation, parameters, find.home or shard.region, find.items)
    except NotOffered:
        return _Found(wanted, (), parent=parent)
    except NotFound as error:
        return _Found(wanted, (), "" if parent else reason(error), parent)
    except CloudError as error:
        return _Found(wanted, (), reason(error), parent)
    except MISSHAPEN as error:
        return _Found(wanted, (), f"the list cannot be understood ({in_words(error)})", parent)
    return _understood(wanted, find, items, parent)


def _understood(wanted: WantedFacets, find: Listing, items: Iterable[Json], parent: str) -> _Found:
    """The items of the kind; one that cannot be understood hides none of the others."""
    own, odd = list[Json](), ""
    for item in items:
        try:
            if find.where(item):
                own.append(item)
        except MISSHAPEN as error:
            odd = misunderstood(error)
    return _Found(wanted, own, parent=parent, odd=odd)


def _parents(ask: Ask, wanted: WantedFacets, find: Listing, shard: Shard) -> _Found | _Parents:
    above = find.within
    if above is None:
        return _Parents(wanted, find, ())
    found = _listed(ask, wanted, above, shard)
    if found.failed:
        return found
    ids, odd = list[str](), found.odd
    for item in found.items:
        try:
            ids.append(above.id_of(item))
        except MISSHAPEN as error:
            odd = misunderstood(error)
    return _Parents(wanted, find, ids, odd)


def _located(ask: Ask, wanted: WantedFacets, item: Json) -> _Placed:
    """The bucket with its region, which older endpoints do not say in the listing."""
    try:
        return _Placed(wanted, item, located(ask, at(item, "Name")))
    except CloudError as error:
        return _unplaced(wanted, item, reason(error))
    except MISSHAPEN as error:
        return _unplaced(wanted, item, misunderstood(error))


def _unplaced(wanted: WantedFacets, item: Json, because: str) -> _Placed:
    return _Placed(wanted, item, GLOBAL, f"the region of the bucket is not known: {because}")


def _unread(resource: _Partial, group: tuple[AwsFacet, ...], because: str) -> _Part:
    return _Part(resource, {facet.name: Unknown(because) for facet in group})


def _ref(partition: str, shard: Shard, placed: _Placed) -> Ref:
    kind, item, region = placed.wanted.kind, placed.item, placed.region
    find = kind.find
    if find is None:
        return kind.ref(partition, shard.account, region, shard.account if kind.account_wide else region)
    address = str(at(item, find.address) or "") if find.address else ""
    own = find.id_of(item)
    prefix = f"{placed.parent}/" if placed.parent and not find.whole else ""
    return kind.ref(partition, shard.account, region, f"{prefix}{own}", address)


def _part(ask: Ask, resource: _Partial, item: Json, group: tuple[AwsFacet, ...]) -> _Part:
    readings = readings_of(ask, resource.ref, item, group)
    single = resource.wanted.kind.find is None
    return _Part(resource, readings, nowhere=single and all(map(_is_nowhere, readings.values())))


def _is_nowhere(reading: Reading | Unknown) -> bool:
    return isinstance(reading, Unknown) and reading.reason.startswith(NOT_OFFERED)
