"""Reads an AWS account: every wanted facet of every resource, concurrently, and no call more than that takes.

A scan of a shard is a small graph of tasks: list a kind, place what was found (most listings say the region, some
must be asked), read the facets. Facets that share a call are one task. The thread that takes the results does all the
bookkeeping, so none of it needs a lock; the tasks run in lanes, one for each service, so that a service which is held
back by its rate does not hold back the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from typing import Final, Self, TypeAlias

from goldseam.clock import SystemClock
from goldseam.clouds.aws.ask import Memo, Session, reason
from goldseam.clouds.aws.facet import Address, AwsFacet, Reading
from goldseam.clouds.aws.kind import Ask, AwsKind, Listing, at, filled, part_of
from goldseam.clouds.aws.lanes import Lanes
from goldseam.control import Catalog, Kind
from goldseam.errors import CloudError, NotFound, ResourceGone
from goldseam.ports import GLOBAL, Clock, Gap, Shard
from goldseam.resource import Ref, Resource
from goldseam.values import Json, Unknown

WORKERS: Final = 32
"""Threads for each service that is read."""

Progress: TypeAlias = Callable[[Shard, int, int], None]
"""Told of the shard, how many of its resources are done, and how many are known so far."""

_BUCKETS: Final = "s3.ListBuckets"
_LOCATE: Final = "s3.GetBucketLocation"
_FIRST_REGION: Final = "us-east-1"
_OLD_NAMES: Final = {"EU": "eu-west-1"}
"""Bucket locations that are not names of regions (S3 API Reference, GetBucketLocation)."""

_MISSHAPEN: Final = (ValueError, LookupError, TypeError, AttributeError)
"""What a facet raises that was given an answer which is not what AWS documents."""

Readings: TypeAlias = Mapping[str, Reading | Unknown]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A kind and the facets to read of it: those that cost nothing, and groups that share a call."""

    kind: AwsKind
    free: tuple[AwsFacet, ...]
    groups: tuple[tuple[AwsFacet, ...], ...]
    order: tuple[str, ...]


def _wanted(kind: Kind, names: frozenset[str]) -> _Wanted:
    if not isinstance(kind, AwsKind):
        raise TypeError(f"{kind.name} is no kind of AWS")
    asked = {kind.facet(name).name for name in names}
    facets = [facet for facet in kind.facets if facet.name in asked and isinstance(facet, AwsFacet)]
    groups: dict[tuple[str, ...], list[AwsFacet]] = {}
    for facet in facets:
        if facet.read_operations:
            groups.setdefault(facet.question, []).append(facet)
    free = tuple(facet for facet in facets if not facet.read_operations)
    return _Wanted(kind, free, tuple(map(tuple, groups.values())), tuple(facet.name for facet in facets))


@dataclass(frozen=True, slots=True)
class _Found:
    """What the listing of a kind gave; of parts of something, what the listing of those in one `parent` gave."""

    wanted: _Wanted
    items: Sequence[Json]
    failed: str = ""
    parent: str = ""


@dataclass(frozen=True, slots=True)
class _Parents:
    """What the resources of a kind are parts of, by id."""

    wanted: _Wanted
    find: Listing
    ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Placed:
    """A resource in its region; `failed` says why that could not be told, where it could not."""

    wanted: _Wanted
    item: Json
    region: str
    failed: str = ""
    parent: str = ""


@dataclass(slots=True)
class _Partial:
    """A resource while its facets come in; `left` is the number of groups to come."""

    wanted: _Wanted
    ref: Ref
    left: int
    readings: dict[str, Reading | Unknown] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Part:
    """Some of a resource's facets."""

    resource: _Partial
    readings: Readings


_Result: TypeAlias = _Found | _Parents | _Placed | _Part


class _Scan:
    """One shard while it is read."""

    def __init__(
        self, ask: Ask, partition: str, lanes: Lanes, shard: Shard, regions: Sequence[str], progress: Progress | None
    ) -> None:
        self._ask, self._partition, self._lanes, self._shard = ask, partition, lanes, shard
        self._regions, self._progress = regions, progress
        self._inbox: SimpleQueue[Future[_Result]] = SimpleQueue()
        self._open: set[Future[_Result]] = set()
        self._done = self._total = 0

    def start(self, wanted: Iterable[_Wanted]) -> None:
        """Ask for the listings; a kind without one is a single resource."""
        for one in wanted:
            if one.kind.find is None:
                single: Future[_Result] = Future()
                single.set_result(_Found(one, (None,)))
                self._follow(single)
            elif one.kind.find.within:
                above = one.kind.find.within
                self._submit(above.operation, partial(_parents, self._ask, one, one.kind.find, self._shard.region))
            else:
                task = partial(_listed, self._ask, one, one.kind.find, self._shard.region)
                self._submit(one.kind.find.operation, task)

    def results(self) -> Iterator[Resource | Gap]:
        """Each resource when its last facet is in; what was not begun is dropped when nobody wants more."""
        try:
            while self._open:
                task = self._inbox.get()
                self._open.discard(task)
                yield from self._taken(task.result())
        finally:
            for task in tuple(self._open):
                task.cancel()

    def _submit(self, operation: str, task: Callable[[], _Result]) -> None:
        self._follow(self._lanes.submit(operation, task))

    def _follow(self, task: Future[_Result]) -> None:
        self._open.add(task)
        task.add_done_callback(self._inbox.put)

    def _taken(self, result: _Result) -> Iterator[Resource | Gap]:
        if isinstance(result, _Part):
            result.resource.readings.update(result.readings)
            result.resource.left -= 1
            yield from self._finished(result.resource)
        elif isinstance(result, _Placed):
            yield from self._begun(result)
        elif isinstance(result, _Parents):
            for parent in result.ids:
                task = partial(_listed, self._ask, result.wanted, result.find, self._shard.region, parent)
                self._submit(result.find.operation, task)
        elif result.failed:
            yield Gap(result.wanted.kind.name, self._shard, result.failed)
        else:
            for item in result.items:
                yield from self._found(result.wanted, item, result.parent)

    def _found(self, wanted: _Wanted, item: Json, parent: str) -> Iterator[Resource]:
        """A listed resource: placed at once where its region is known, else after asking."""
        find = wanted.kind.find
        region = at(item, find.region) if find and find.region else self._shard.region
        if not region and find and find.operation == _BUCKETS:
            self._submit(_LOCATE, partial(_located, self._ask, wanted, item))
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
        resource.readings.update(_readings(self._ask, ref, item, wanted.free))
        for group in wanted.groups:
            if placed.failed:
                resource.readings.update({facet.name: Unknown(placed.failed) for facet in group})
                resource.left -= 1
            else:
                self._submit(group[0].read_operations[0], partial(_part, self._ask, resource, item, group))
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
        yield _whole(Resource(resource.ref, {}), resource.wanted.order, resource.readings)


class AwsReader:
    """Reads one account through a session; `regions` are the user's choice, or none for all that are enabled."""

    def __init__(
        self,
        session: Session,
        catalog: Catalog,
        regions: Sequence[str] = (),
        *,
        workers: int = WORKERS,
        progress: Progress | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._session, self._catalog, self._progress = session, catalog, progress
        self._clock = clock or SystemClock()
        self._regions = tuple(dict.fromkeys(regions))
        self._lanes = Lanes(workers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the threads."""
        self._lanes.close()

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
        here = [_wanted(kind, names) for kind, names in wanted.items() if kind.account_wide is account_wide]
        controls_of = self._catalog.controls_of
        progress = self._progress if not controls_of or any(kind.name in controls_of for kind in wanted) else None
        scan = _Scan(self._memo(), self._session.partition(), self._lanes, shard, self._regions, progress)
        scan.start(here)
        return scan.results()

    def more(self, lacking: Iterable[tuple[Resource, frozenset[str]]]) -> Iterator[Resource]:
        """The same resources with these facets, which calls read, beside those they have; all asked for at once."""
        ask, begun = self._memo(), list[tuple[Resource, list[Future[Readings]]]]()
        for resource, names in lacking:
            wanted = _wanted(self._catalog.kind(resource.ref.kind), names - resource.facets.keys())
            begun.append((resource, self._begun(wanted, partial(_readings, ask, resource.ref, None))))
        for resource, tasks in begun:
            found = {name: reading for task in tasks for name, reading in task.result().items()}
            yield _whole(resource, found, found)

    def read(self, ref: Ref, facets: frozenset[str]) -> Resource:
        """The facets of one resource as they are now; nothing is taken from an earlier reading.

        Raises ResourceGone, and CloudError when it cannot be told whether the resource exists.
        """
        wanted = _wanted(self._catalog.kind(ref.kind), facets)
        ask, find = self._memo(), wanted.kind.find
        items_say = any(not isinstance(facet, Address) for facet in wanted.free)
        listed = find is not None and bool(find.narrow or items_say or not wanted.groups)
        item = _item(ask, ref, wanted.kind, find) if find and listed else None
        reading = partial(_readings, ask, ref, item, must_exist=find is not None and not listed)
        tasks = self._begun(wanted, reading)
        readings = dict(reading(wanted.free))
        for task in tasks:
            readings.update(task.result())
        return _whole(Resource(ref, {}), wanted.order, readings)

    def _begun(self, wanted: _Wanted, reading: Callable[[tuple[AwsFacet, ...]], Readings]) -> list[Future[Readings]]:
        return [self._lanes.submit(group[0].read_operations[0], partial(reading, group)) for group in wanted.groups]

    def _memo(self) -> Memo:
        return Memo(self._session, self._clock.now().date().isoformat())


def _listed(ask: Ask, wanted: _Wanted, find: Listing, region: str, parent: str = "") -> _Found:
    parameters = part_of(parent, find.parameters) if parent else find.parameters
    try:
        return _Found(wanted, ask.every(find.operation, parameters, region, find.items), parent=parent)
    except NotFound as error:
        return _Found(wanted, (), "" if parent else reason(error), parent)
    except CloudError as error:
        return _Found(wanted, (), reason(error), parent)


def _parents(ask: Ask, wanted: _Wanted, find: Listing, region: str) -> _Found | _Parents:
    above = find.within
    if above is None:
        return _Parents(wanted, find, ())
    found = _listed(ask, wanted, above, region)
    return found if found.failed else _Parents(wanted, find, [str(at(item, above.id)) for item in found.items])


def _located(ask: Ask, wanted: _Wanted, item: Json) -> _Placed:
    """The bucket with its region, which older endpoints do not say in the listing."""
    try:
        answer = ask.one(_LOCATE, {"Bucket": at(item, "Name")}, GLOBAL)
    except CloudError as error:
        return _Placed(wanted, item, GLOBAL, f"the region of the bucket is not known: {reason(error)}")
    name = answer.get("LocationConstraint") or _FIRST_REGION
    return _Placed(wanted, item, _OLD_NAMES.get(name, name))


def _ref(partition: str, shard: Shard, placed: _Placed) -> Ref:
    kind, item, region = placed.wanted.kind, placed.item, placed.region
    find = kind.find
    if find is None:
        return kind.ref(partition, shard.account, region, shard.account if kind.account_wide else region)
    address = str(at(item, find.address)) if find.address else ""
    own = str(at(item, find.id))
    return kind.ref(partition, shard.account, region, f"{placed.parent}/{own}" if placed.parent else own, address)


def _item(ask: Ask, ref: Ref, kind: AwsKind, find: Listing) -> Json:
    """What the listing says now of one resource."""
    parameters = filled({**find.parameters, **find.narrow}, ref)
    own = ref.id.rpartition("/")[2] if find.within else ref.id
    region = GLOBAL if kind.account_wide else ref.region
    try:
        items = ask.every(find.operation, parameters, region, find.items)
    except NotFound as error:
        raise _gone(ref) from error
    for item in items:
        if at(item, find.id) == own:
            return item
    raise _gone(ref)


def _gone(ref: Ref) -> ResourceGone:
    return ResourceGone(f"`{ref}` does not exist any more; scan again")


def _part(ask: Ask, resource: _Partial, item: Json, group: tuple[AwsFacet, ...]) -> _Part:
    return _Part(resource, _readings(ask, resource.ref, item, group))


def _readings(ask: Ask, ref: Ref, item: Json, facets: Iterable[AwsFacet], *, must_exist: bool = False) -> Readings:
    return {facet.name: _reading(ask, ref, item, facet, must_exist=must_exist) for facet in facets}


def _reading(ask: Ask, ref: Ref, item: Json, facet: AwsFacet, *, must_exist: bool) -> Reading | Unknown:
    """The facet, or why it is unknown: a failed call stops neither the scan nor the resource's other facets."""
    try:
        return facet.read(ask, ref, item)
    except CloudError as error:
        if must_exist and isinstance(error, NotFound):
            raise _gone(ref) from error
        return Unknown(reason(error))
    except _MISSHAPEN as error:
        return Unknown(f"the answer about {facet.name} cannot be understood ({type(error).__name__}: {error})")


def _whole(resource: Resource, order: Iterable[str], readings: Readings) -> Resource:
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
