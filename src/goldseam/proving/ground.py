"""Where laws are proved: what a place must offer, and a resource that was put there for one proof."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from goldseam.audit.chain import entry_hash
from goldseam.control import Call, Catalog, Control, Example, Kind, Step, Told
from goldseam.model.errors import AlreadyDone, ClaimLost, GoldseamError
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json, Value, canonical
from goldseam.ports import Entry, Key, Reader, Receipt, Secret
from goldseam.repair.claim import current_epoch, epoch_of

ENDLESS: Final = datetime(2100, 1, 1, tzinfo=UTC)


class CannotPlace(GoldseamError):
    """The place cannot hold what the proof needs; the message says why, in words that are the same every time."""


class NothingAsked(GoldseamError):
    """The law asks nothing here; the message says why."""


class Hand(Protocol):
    """What makes the calls of one plan."""

    def call(self, call: Call, words: Told | None = None) -> Receipt:
        """Send the call with the words for its places; raises CloudError, RefusedCall."""


@dataclass(frozen=True)
class PlacedExample:
    """A fresh resource that holds an example, in the words of the place (its account, its names).

    `neighbours` are resources beside it that nothing may touch.
    """

    kind: Kind
    ref: Ref
    example: Example
    neighbours: tuple[Ref, ...] = ()

    @property
    def everything(self) -> frozenset[str]:
        """All facets of the kind."""
        return frozenset(self.kind.facet_by_name)


class Ground(Protocol):
    """A place to prove on; `denies` says whether it refuses a reading that is not permitted."""

    name: str

    @property
    def denies(self) -> bool:
        """Whether what is not permitted is refused."""

    def cleared(self) -> None:
        """Forget everything that was placed before another kind is proved."""

    def place(self, kind: Kind, example: Example) -> PlacedExample:
        """A fresh resource at an example's state, and a neighbour; raises CannotPlace."""

    def base(self, kind: Kind, example: Example, other: Example) -> PlacedExample:
        """A fresh resource that is not at the example's state yet, but at its own or at another; raises CannotPlace."""

    def bare(self, kind: Kind, example: Example) -> PlacedExample:
        """A fresh resource for proofs that do not depend on its state; raises CannotPlace."""

    def now(self, placed: PlacedExample, ref: Ref | None = None) -> Resource:
        """Every facet of the resource, or of a neighbour, read afresh."""

    def eye(self) -> Reader:
        """What the stages read through."""

    def hand(self, key: Key, calls: Sequence[Call]) -> Hand:
        """What makes these calls, with every right."""

    def told(self, steps: Sequence[Step]) -> None:
        """What calls to come are said to do; for a place that only knows what it is told."""

    def meddle(self, placed: PlacedExample, facet: str, value: Value) -> None:
        """Someone else brings a facet to another value; raises CannotPlace."""

    def denied(self, placed: PlacedExample, facet: str) -> Resource:
        """The resource as it is read when what feeds the facet is refused; raises CannotPlace, CloudError."""

    def raw(self, placed: PlacedExample) -> Mapping[str, Json]:
        """What the place said at the last reading beyond the facets: answers by question."""


def words_of(ground: Ground, ref: Ref, call: Call) -> Told:
    """What the resource tells now for the places of a call."""
    return ground.eye().read(ref, call.asks).told if call.asks else {}


def snapshot(ground: Ground, placed: PlacedExample) -> dict[str, bytes]:
    """Every facet of the neighbours, in canonical JSON."""
    seen: dict[str, bytes] = {}
    for ref in placed.neighbours:
        for name, value in ground.now(placed, ref).facets.items():
            seen[f"{name} of a neighbour"] = seen.get(f"{name} of a neighbour", b"") + canonical(value)
    return seen


class Hurried:
    """A clock that tells the time and does not wait."""

    def __init__(self) -> None:
        self.waited = timedelta()

    def now(self) -> datetime:
        """The time in UTC, with what was waited."""
        return datetime.now(UTC) + self.waited

    def sleep(self, seconds: float) -> None:
        """Let it be that much later."""
        self.waited += timedelta(seconds=seconds)


@dataclass
class Diary:
    """A ledger in memory, for proofs."""

    lines: list[Entry] = field(default_factory=list)

    def append(self, kind: str, body: Mapping[str, Json]) -> Entry:
        """One more line."""
        previous, at = (self.lines[-1].hash if self.lines else ""), ENDLESS.isoformat()
        hashed = entry_hash(len(self.lines) + 1, at, kind, body, previous)
        self.lines.append(Entry(len(self.lines) + 1, at, kind, body, previous, hashed))
        return self.lines[-1]

    def claim(self, plan_id: str, body: Mapping[str, Json], *, check: Callable[[], None] | None = None) -> Entry:
        """The one claim of a plan that can stand."""
        if current_epoch(self, plan_id) is not None:
            msg = f"plan `{plan_id}` was executed before; make a new one"
            raise AlreadyDone(msg)
        if check is not None:
            check()
        return self.append("repair", {**body, "plan": plan_id, "epoch": self._epoch(plan_id) + 1})

    def take_over(self, plan_id: str, body: Mapping[str, Json]) -> Entry:
        """The next epoch of a standing claim."""
        self._check_stands(plan_id)
        return self.append("takeover", {**body, "plan": plan_id, "epoch": self._epoch(plan_id) + 1})

    def append_under(self, epoch: int, kind: str, body: Mapping[str, Json]) -> Entry:
        """One more line under a claim."""
        self._check_stands(body["plan"], epoch)
        return self.append(kind, {**body, "epoch": epoch})

    def _epoch(self, plan_id: str) -> int:
        return max((epoch_of(line) for line in self.entries(plan=plan_id) if "epoch" in line.body), default=0)

    def _check_stands(self, plan_id: str, epoch: int | None = None) -> None:
        began = current_epoch(self, plan_id)
        if began is None or epoch not in (None, epoch_of(began)):
            msg = f"plan `{plan_id}` is not claimed under epoch {epoch}; nothing was written"
            raise ClaimLost(msg)

    def entries(
        self, *, kind: str | None = None, plan: str | None = None, since: datetime | None = None
    ) -> Iterator[Entry]:
        """The lines in order."""
        for line in self.lines:
            late = since is None or datetime.fromisoformat(line.at) > since
            if late and kind in (None, line.kind) and plan in (None, line.body.get("plan")):
                yield line

    def verified(
        self, *, kind: str | None = None, plan: str | None = None, since: datetime | None = None
    ) -> Iterator[Entry]:
        """The same lines: nobody else reaches this memory."""
        return self.entries(kind=kind, plan=plan, since=since)

    def require_whole(self) -> None:
        """It is whole."""


class Alone:
    """Locks where nobody else is."""

    def hold(self, name: str) -> AbstractContextManager[None]:
        """Hold it."""
        del name
        return nullcontext()


@dataclass(frozen=True, slots=True)
class Subject:
    """A control with everything that proofs on it need: the catalogue that it stands in, and its kind's others."""

    control: Control
    catalog: Catalog

    @property
    def others(self) -> tuple[Control, ...]:
        """All controls of the kind."""
        return self.catalog.controls_of[self.control.kind.name]


def all_mighty(access_key: str = "test") -> Key:
    """The key of the one who owns the place."""
    secret = Secret(access_key=access_key, secret_key=access_key)
    return Key("conform", ENDLESS, secret, narrowed=False)
