"""How facets and listings ask AWS: equal questions once, and a failure as a reason that people can read."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from functools import partial
from threading import Lock
from typing import Any, Final, Protocol

from goldseam.clouds.aws.bounds import Deadline, IncompleteReads, all_items
from goldseam.clouds.bounds import DEFAULT, Bounds, Incomplete
from goldseam.model.errors import (
    AccessDenied,
    CloudError,
    LimitExceeded,
    NotFound,
    NotOffered,
    Throttled,
    TimedOut,
    Unreachable,
)
from goldseam.model.values import Json, canonical
from goldseam.ports import GLOBAL

NOT_OFFERED: Final = "not offered there"
"""How the reason begins why something of a service is unknown that the region does not have."""


class ReadingSession(Protocol):
    """What the reader needs of a client: it asks questions, with SDK errors already translated (`AwsSession`)."""

    def call(self, service: str, operation: str, region: str | None = None, /, **params: Json) -> Mapping[str, Json]:
        """The answer to one call; without a region, where account-wide questions go."""

    def pages(
        self, service: str, operation: str, region: str | None = None, /, **params: Json
    ) -> Iterator[Mapping[str, Json]]:
        """Every page of the answer; one where the operation has no pages."""

    def account_id(self) -> str:
        """The account that the credentials belong to."""

    def partition(self) -> str:
        """The partition of that account (`aws`, `aws-cn`, `aws-us-gov`)."""

    def regions(self, wanted: Iterable[str] = (), *, fallback: bool = False) -> tuple[str, ...]:
        """The wanted regions, or all enabled ones."""


class Memo:
    """Asks equal questions once: of several threads that ask the same, one calls and all get its answer.

    Nothing is asked once the deadline has passed; what exceeds a bound is noted as `incomplete`.
    """

    def __init__(
        self,
        session: ReadingSession,
        today: str,
        bounds: Bounds = DEFAULT,
        deadline: Deadline | None = None,
        incomplete: IncompleteReads | None = None,
    ) -> None:
        self._session, self._today = session, today
        self._bounds, self._deadline, self._incomplete = bounds, deadline, incomplete or IncompleteReads()
        self._lock = Lock()
        self._asked: dict[tuple[str, str, str, bytes], Future[Json]] = {}
        self._derived: dict[Hashable, Any] = {}

    def one(self, operation: str, parameters: Mapping[str, Json], region: str) -> Mapping[str, Json]:
        """The answer to one call."""
        service, _, name = operation.partition(".")
        ask = partial(self._session.call, service, name, _where(region), **parameters)
        answer: Mapping[str, Json] = self._once((operation, region, "", canonical(parameters)), ask)
        return answer

    def every(self, operation: str, parameters: Mapping[str, Json], region: str, member: str) -> list[Json]:
        """The items under `member` of every page."""
        ask = partial(self._items, operation, parameters, region, member)
        items: list[Json] = self._once((operation, region, member, canonical(parameters)), ask)
        return items

    def today(self) -> str:
        """The date of the reading in UTC."""
        return self._today

    def derived(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What was worked out of answers under a key; two threads may work it out at once, and both get the first."""
        with self._lock:
            if key in self._derived:
                return self._derived[key]
        made = make()
        with self._lock:
            return self._derived.setdefault(key, made)

    def _items(self, operation: str, parameters: Mapping[str, Json], region: str, member: str) -> list[Json]:
        service, _, name = operation.partition(".")
        pages = self._session.pages(service, name, _where(region), **parameters)
        return all_items(operation, self._while_in_time(operation, pages), member, self._bounds)

    def _while_in_time(self, operation: str, pages: Iterable[Mapping[str, Json]]) -> Iterator[Mapping[str, Json]]:
        for page in pages:
            yield page
            self._refuse_late(operation)

    def _refuse_late(self, operation: str) -> None:
        if self._deadline is not None and self._deadline.passed():
            raise late(operation, self._deadline)

    def _once(self, key: tuple[str, str, str, bytes], ask: Callable[[], Json]) -> Json:
        mine: Future[Json] = Future()
        with self._lock:
            first = self._asked.setdefault(key, mine)
        if first is mine:
            try:
                self._refuse_late(key[0])
                mine.set_result(ask())
            except (TimedOut, LimitExceeded) as error:
                self._incomplete.note(Incomplete(key[0], key[1], reason(error)))
                mine.set_exception(error)
            except BaseException as error:  # noqa: BLE001 - the threads that wait must hear it, whatever it is
                mine.set_exception(error)
        return first.result()


def late(operation: str, deadline: Deadline) -> TimedOut:
    """The error for what was not read before a deadline."""
    msg = f"{operation}: not read within the {deadline.seconds:g} s that are allowed for all reads together"
    return TimedOut(msg, operation=operation, code="OutOfTime")


def _where(region: str) -> str | None:
    return None if region == GLOBAL else region


_OF_THE_SDK: Final[Mapping[str, str]] = {
    "ResponseParserError": "the answer to {} cannot be read",
    "RecursionError": "the answer to {} is nested too deeply",
    "ParamValidationError": "{} was not sent: its parameters do not fit",
    "UnknownServiceError": "{} was not sent: the SDK does not know the service",
}


def reason(error: CloudError) -> str:
    """Why something is unknown: the call that failed and the cloud's own code for it, in words.

    The SDK's own names of what went wrong before or after the cloud are no codes of the cloud, and are not told.
    """
    if not error.operation:
        return str(error)
    if isinstance(error, (TimedOut, LimitExceeded)):
        return str(error)
    if isinstance(error, NotOffered):
        return f"{NOT_OFFERED}: {error}"
    call = error.operation
    if isinstance(error, Unreachable):
        return f"no answer to {call}; check the network and the endpoint"
    if error.code in _OF_THE_SDK:
        return _OF_THE_SDK[error.code].format(call)
    words = {
        AccessDenied: f"access denied to {call}",
        Throttled: f"{call} was throttled until the retries ran out",
        NotFound: f"{call} found nothing",
    }
    return f"{words.get(type(error), f'{call} failed')} ({error.code})"
