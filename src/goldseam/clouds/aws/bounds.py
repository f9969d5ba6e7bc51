"""What keeps reading within its bounds: deadlines, whole listings, and circuits that open.

What exceeds a bound is unknown with its reason, never a part that is taken for the whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import TypeAlias

from goldseam.clouds.aws.kind import at
from goldseam.clouds.bounds import Bounds, Incomplete
from goldseam.model.errors import LimitExceeded, TimedOut
from goldseam.model.values import Json

Timer: TypeAlias = Callable[[], float]
"""Seconds that only grow, such as `time.monotonic`."""


class Deadline:
    """The moment by which something must be done; it can be moved."""

    __slots__ = ("_end", "_seconds", "_timer")

    def __init__(self, seconds: float, timer: Timer = time.monotonic) -> None:
        self._seconds, self._timer = seconds, timer
        self._end = timer() + seconds

    @property
    def seconds(self) -> float:
        """How much time was given."""
        return self._seconds

    def left(self) -> float:
        """The seconds that are left, 0 when it has passed."""
        return max(0.0, self._end - self._timer())

    def passed(self) -> bool:
        """Whether no time is left."""
        return self._timer() >= self._end

    def extend(self, seconds: float) -> None:
        """Allow so many seconds more."""
        self._end += seconds

    def renew(self) -> None:
        """Allow the whole time again, from now on."""
        self._end = self._timer() + self._seconds


def all_items(
    operation: str, pages: Iterable[Mapping[str, Json]], member: str, bounds: Bounds, timer: Timer = time.monotonic
) -> list[Json]:
    """The items under `member` of every page; raises TimedOut and LimitExceeded rather than return a part of them."""
    deadline, items, empty = Deadline(bounds.listing, timer), list[Json](), 0
    for number, page in enumerate(pages, 1):
        if number > 1 and deadline.passed():
            msg = f"{operation}: the listing did not end within {bounds.listing:g} s ({number} pages)"
            raise TimedOut(msg, operation=operation, code="ListingTimeout")
        found = at(page, member) or ()
        items.extend(found)
        empty = 0 if found else empty + 1
        _refuse_endless(operation, number, empty, len(items), bounds)
    return items


def _refuse_endless(operation: str, pages: int, empty: int, items: int, bounds: Bounds) -> None:
    exceeded = (
        (pages, bounds.pages, "pages"),
        (empty, bounds.empty_pages, "empty pages in a row"),
        (items, bounds.items, "items"),
    )
    for number, most, what in exceeded:
        if number > most:
            msg = f"{operation}: the listing has more than {most} {what}"
            raise LimitExceeded(msg, operation=operation, code="ListingTooLong")


class Circuit:
    """Whether a service in a region is called: not for a while after it left several calls in a row unanswered.

    One call goes through after each pause, to see whether it answers again.
    """

    def __init__(self, bounds: Bounds, timer: Timer) -> None:
        self._bounds, self._timer, self._lock = bounds, timer, Lock()
        self._failures, self._closed_until = 0, 0.0

    def allows(self) -> bool:
        """Whether a call may be made now."""
        with self._lock:
            now = self._timer()
            if self._failures < self._bounds.failures:
                return True
            if now < self._closed_until:
                return False
            self._closed_until = now + self._bounds.pause
            return True

    def answered(self) -> None:
        """Note that a call was answered."""
        with self._lock:
            self._failures = 0

    def unanswered(self) -> None:
        """Note that a call was not answered."""
        with self._lock:
            self._failures += 1
            self._closed_until = self._timer() + self._bounds.pause


class Circuits:
    """The circuits of one account, by service and region."""

    def __init__(self, bounds: Bounds, timer: Timer = time.monotonic) -> None:
        self._bounds, self._timer, self._lock = bounds, timer, Lock()
        self._circuits: dict[tuple[str, str], Circuit] = {}

    def of(self, service: str, region: str) -> Circuit:
        """The circuit of a service in a region."""
        with self._lock:
            key = (service, region)
            if key not in self._circuits:
                self._circuits[key] = Circuit(self._bounds, self._timer)
            return self._circuits[key]


class IncompleteReads:
    """The reads that exceeded a bound, noted by many threads."""

    def __init__(self) -> None:
        self._lock, self._noted = Lock(), list[Incomplete]()

    def note(self, read: Incomplete) -> None:
        """Add one."""
        with self._lock:
            self._noted.append(read)

    def all(self) -> tuple[Incomplete, ...]:
        """Every one, in order of name."""
        with self._lock:
            return tuple(sorted(self._noted))
