"""The limits of one call to AWS: its deadline over all retries, no page twice, and no call where none is answered."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient

from goldseam.clouds.aws.bounds import Circuits, Deadline, Timer
from goldseam.clouds.aws.failures import THROTTLES
from goldseam.clouds.aws.governor import Governor
from goldseam.clouds.aws.paging import PagesRequested
from goldseam.clouds.aws.transport import DeadlineExceeded, UnknownHost
from goldseam.clouds.bounds import Bounds
from goldseam.model.errors import TimedOut, Unreachable


class _Current(threading.local):
    """The call that a thread is making: by when it must be answered, and the pages of its listing so far."""

    deadline: Deadline | None = None
    pages: PagesRequested | None = None


class CallLimits:
    """Keeps the calls of one session within bounds; shared by its threads, each of which makes one call at a time."""

    def __init__(self, bounds: Bounds, timer: Timer = time.monotonic) -> None:
        self._bounds, self._timer = bounds, timer
        self._circuits, self._current = Circuits(bounds, timer), _Current()

    @contextmanager
    def call(self, name: str, service: str, region: str, pages: PagesRequested | None = None) -> Iterator[None]:
        """Make one call in the block; raises TimedOut at once where the last calls had no answer."""
        circuit, before = self._circuits.of(service, region), (self._current.deadline, self._current.pages)
        if not circuit.allows():
            because = f"{self._bounds.failures} calls in a row to {service} in {region} had no answer"
            raise TimedOut(f"{name}: not called, since {because}", operation=name, code="NotCalled")
        self._current.deadline, self._current.pages = Deadline(self._bounds.read, self._timer), pages
        try:
            yield
        except Unreachable as error:
            if error.code != UnknownHost.__name__:
                circuit.unanswered()
            raise
        else:
            circuit.answered()
        finally:
            self._current.deadline, self._current.pages = before

    def send(
        self, request: AWSPreparedRequest, transport: Callable[[AWSPreparedRequest, Deadline], AWSResponse | None]
    ) -> AWSResponse | None:
        """Send one attempt in what is left of the call's time; raises DeadlineExceeded where nothing is."""
        deadline = self._current.deadline or Deadline(self._bounds.read, self._timer)
        if deadline.passed():
            raise DeadlineExceeded(seconds=deadline.seconds)
        return transport(request, deadline)

    def waited(self, seconds: float) -> None:
        """Note that an attempt waited for its turn, which is no time in which AWS does not answer."""
        if seconds and self._current.deadline:
            self._current.deadline.extend(seconds)

    def throttled(self) -> None:
        """Note that AWS asked for patience: the time begins anew, and the number of attempts bounds how often."""
        if self._current.deadline:
            self._current.deadline.renew()

    def note_page(self, params: Mapping[str, Any], **_: object) -> None:
        """Note the parameters of a request; raises botocore's PaginationError for a page of a listing twice."""
        if self._current.pages is not None:
            self._current.pages.note(params)


def pace(
    client: BaseClient,
    governor: Governor,
    limits: CallLimits | None = None,
    transport: Callable[[AWSPreparedRequest, Deadline], AWSResponse | None] | None = None,
) -> None:
    """Let each attempt wait for its turn, and tell the governor when AWS throttles one.

    Attempts are sent by the transport within the limits; by botocore where there are none.
    """

    def before_send(request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        waited = governor.wait()
        if limits is None or transport is None:
            return None
        limits.waited(waited)
        return limits.send(request, transport)

    def response_received(parsed_response: Mapping[str, Any] | None, **_: object) -> None:
        if parsed_response and parsed_response.get("Error", {}).get("Code") in THROTTLES:
            governor.throttled()
            if limits is not None:
                limits.throttled()

    client.meta.events.register("before-send", before_send)
    client.meta.events.register("response-received", response_received)
