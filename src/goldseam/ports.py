"""The only doors: what the stages ask of a cloud, of a key source, of a ledger and of the clock.

Whatever does input or output stands behind one of these protocols and is passed in.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NoReturn, Protocol

from goldseam.control import Call, Kind, Told
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json

GLOBAL: Final = "global"
"""The region of what an account has once."""


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """The unit of a scan: one region of one account. No more than one shard's resources are in memory at a time."""

    account: str
    region: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A listing that failed: the kind's resources in this shard are unknown, which is not the same as none."""

    kind: str
    shard: Shard
    reason: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the cloud answered to a call: its own name for the request, and the answer without secrets."""

    request_id: str
    answer: Mapping[str, Json]


_TELLING: Final = 8
"""Parts of key material shorter than this are words, not secrets."""


class Secret:
    """Key material in the memory of one process: it cannot be printed, pickled, copied or compared by accident."""

    __slots__ = ("__parts", "__weakref__")

    def __init__(self, **parts: str) -> None:
        self.__parts = parts
        _ALIVE[id(self)] = self

    def reveal(self) -> dict[str, str]:
        """The key material itself; for the one place that signs requests."""
        return dict(self.__parts)

    def scrubbed(self, text: str) -> str:
        """The text without the key material, should a cloud's answer repeat it."""
        for part in self.__parts.values():
            text = text.replace(part, "…") if len(part) >= _TELLING else text
        return text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> NoReturn:
        msg = "key material is not written anywhere"
        raise TypeError(msg)


_ALIVE: Final[weakref.WeakValueDictionary[int, Secret]] = weakref.WeakValueDictionary()
"""Every secret that is still in use, by its place in memory; it keeps none in use."""


def without_secrets(text: str) -> str:
    """The text without the key material of any secret that is still in use in this process."""
    for secret in tuple(_ALIVE.values()):
        text = secret.scrubbed(text)
    return text


@dataclass(frozen=True, slots=True)
class Key:
    """What a key source gives: credentials narrowed to one plan, who gave them and until when they last.

    `narrowed` is False only for an operator's own credentials that could not be narrowed.
    """

    source: str
    expires: datetime
    secret: Secret
    narrowed: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger. `hash` covers everything else, and `previous` is the hash of the line before."""

    seq: int
    at: str
    kind: str
    body: Mapping[str, Json]
    previous: str
    hash: str


class Reader(Protocol):
    """Reads a cloud, and can do nothing else."""

    def shards(self, kinds: Sequence[Kind]) -> Sequence[Shard]:
        """The accounts and regions that hold resources of these kinds; account-wide kinds live in region `global`."""

    def scan(self, shard: Shard, wanted: Mapping[Kind, frozenset[str]]) -> Iterator[Resource | Gap]:
        """Every resource of the wanted kinds in a shard, with the wanted facets and no more calls than they take.

        A call that fails makes exactly the facets that it feeds `Unknown`; a listing that fails is a `Gap`.
        """

    def more(self, lacking: Iterable[tuple[Resource, frozenset[str]]]) -> Iterator[Resource]:
        """The same resources, in their order, with the named facets beside those that they have.

        For what is only wanted once it is known which resources need it. A call that fails makes exactly the facets
        that it feeds `Unknown`.
        """

    def read(self, ref: Ref, facets: frozenset[str]) -> Resource:
        """The named facets of one resource, read afresh; raises ResourceGone."""


class Writer(Protocol):
    """Makes the calls of one plan under one key, and refuses any other."""

    def call(self, call: Call, words: Told | None = None) -> Receipt:
        """Send the call, with the words that a reading told for the places in its parameters.

        Raises CloudError when the cloud refuses, RefusedCall when the plan does not hold it or a word is missing.
        """


class WriterFactory(Protocol):
    """Opens a writer that can make the given calls under the given key."""

    def __call__(self, key: Key, calls: Sequence[Call]) -> Writer:
        """Open it; nothing is sent yet."""


class KeySource(Protocol):
    """Gives credentials for one plan, by the customer's leave."""

    @property
    def name(self) -> str:
        """What the ledger calls this source: `keyholder`, `rotating-code` or `operator`."""

    def key_for(self, plan: Mapping[str, Json], approvals: Sequence[Mapping[str, Json]]) -> Key:
        """A key for exactly the plan's permissions, for at most 15 minutes, once; raises GrantRefused, AlreadyDone."""


class Ledger(Protocol):
    """The append-only record and journal. Appending returns when the entry is on disk.

    An entry of kind `release` that is written under an epoch ends the claim: the plan can be claimed again.
    """

    def append(self, kind: str, body: Mapping[str, Json]) -> Entry:
        """Write one entry; raises StorageFull or HomeLocked, and then nothing was written."""

    def claim(self, plan_id: str, body: Mapping[str, Json], *, check: Callable[[], None] | None = None) -> Entry:
        """Write a `repair` entry: the one claim of a plan that can stand, under the next epoch.

        `check` runs in the same transaction: what it counts or compares cannot change before the claim is written, and
        when it raises, nothing is written. Raises AlreadyDone when a claim stands.
        """

    def take_over(self, plan_id: str, body: Mapping[str, Json]) -> Entry:
        """Write a `takeover` entry, which begins the next epoch of a standing claim; raises ClaimLost without one."""

    def append_under(self, epoch: int, kind: str, body: Mapping[str, Json]) -> Entry:
        """Write one entry about the plan that `body` names, under an epoch of its claim.

        Raises ClaimLost when a newer epoch exists or the claim was released, and then nothing was written.
        """

    def entries(
        self, *, kind: str | None = None, plan: str | None = None, since: datetime | None = None
    ) -> Iterator[Entry]:
        """The entries in order, all of them or of one kind or about one plan; as they are there, verified or not.

        With `since` only those that were written later than that.

        What restrains (a rejection, a claim) is read here: a no is never lost because something else is broken.
        """

    def verified(
        self, *, kind: str | None = None, plan: str | None = None, since: datetime | None = None
    ) -> Iterator[Entry]:
        """The same, but only entries that are as they were written; what permits is read here and nowhere else."""

    def require_whole(self) -> None:
        """Raise LedgerBroken when the chain is broken and not resealed; new repairs start on a whole one only."""


class Locks(Protocol):
    """Keeps two repairs of one resource apart; a lock dies with its process."""

    def hold(self, name: str) -> AbstractContextManager[None]:
        """Hold the named lock; raises HomeLocked when another process or thread does."""


class Clock(Protocol):
    """Time, so that tests own it."""

    def now(self) -> datetime:
        """The time in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""
