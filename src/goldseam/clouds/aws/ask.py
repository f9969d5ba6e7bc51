"""How facets and listings ask AWS: equal questions once, and a failure as a reason that people can read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from functools import partial
from threading import Lock
from typing import Final, Protocol

from goldseam.clouds.aws.kind import at
from goldseam.errors import AccessDenied, CloudError, NotFound, NotOffered, Throttled, Unreachable
from goldseam.ports import GLOBAL
from goldseam.values import Json, canonical

NOT_OFFERED: Final = "not offered there"
"""How the reason begins why something of a service is unknown that the region does not have."""


class Session(Protocol):
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
    """Asks equal questions once: of several threads that ask the same, one calls and all get its answer."""

    def __init__(self, session: Session, today: str) -> None:
        self._session, self._today = session, today
        self._lock = Lock()
        self._asked: dict[tuple[str, str, str, bytes], Future[Json]] = {}

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

    def _items(self, operation: str, parameters: Mapping[str, Json], region: str, member: str) -> list[Json]:
        service, _, name = operation.partition(".")
        pages = self._session.pages(service, name, _where(region), **parameters)
        return [item for page in pages for item in at(page, member) or ()]

    def _once(self, key: tuple[str, str, str, bytes], ask: Callable[[], Json]) -> Json:
        mine: Future[Json] = Future()
        with self._lock:
            first = self._asked.setdefault(key, mine)
        if first is mine:
            try:
                mine.set_result(ask())
            except BaseException as error:  # noqa: BLE001 - the threads that wait must hear it, whatever it is
                mine.set_exception(error)
        return first.result()


def _where(region: str) -> str | None:
    return None if region == GLOBAL else region


def reason(error: CloudError) -> str:
    """Why something is unknown: the call that failed and the cloud's own code for it, in words."""
    if not error.operation:
        return str(error)
    if isinstance(error, NotOffered):
        return f"{NOT_OFFERED}: {error}"
    call = error.operation
    words = {
        AccessDenied: f"access denied to {call}",
        Throttled: f"{call} was throttled until the retries ran out",
        Unreachable: f"no answer to {call}",
        NotFound: f"{call} found nothing",
    }
    return f"{words.get(type(error), f'{call} failed')} ({error.code})"
