"""Threads in lanes, one lane for each service in each place: one that is slow does not hold back others.

The threads are daemons, and a lane that is closed does not wait for a call that hangs: no answer that never comes keeps
a process from ending. `ThreadPoolExecutor` joins its threads at the end of the process, whatever they do.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition, Lock, Thread, current_thread
from typing import Any, Final, TypeVar

_T = TypeVar("_T")

IDLE_SECONDS: Final = 2.0
"""How long a thread without work waits for some before it ends."""
GRACE_SECONDS: Final = 1.0
"""How long a closed lane waits for the calls that are being made."""


class Lanes:
    """Threads, grouped by the service and place; `workers` says how many a service has, `others` the rest."""

    def __init__(self, workers: Mapping[str, int], others: int, grace: float = GRACE_SECONDS) -> None:
        self._workers, self._others, self._grace = workers, others, grace
        self._lock = Lock()
        self._lanes: dict[tuple[str, str], _Lane] = {}

    def submit(self, operation: str, place: str, task: Callable[[], _T]) -> Future[_T]:
        """Run the task among those of the operation's service in that place."""
        service = operation.partition(".")[0]
        with self._lock:
            lane = self._lanes.get((service, place))
            if lane is None:
                width = self._workers.get(service, self._others)
                lane = self._lanes[service, place] = _Lane(f"read-{service}-{place}", width)
        return lane.submit(task)

    def close(self) -> None:
        """Drop what waits, let what runs end while there is grace, and stop the threads."""
        with self._lock:
            lanes, self._lanes = list(self._lanes.values()), {}
        for lane in lanes:
            lane.stop()
        end = time.monotonic() + self._grace
        for lane in lanes:
            lane.leave(end)


@dataclass(frozen=True, slots=True)
class _Job:
    future: Future[Any]
    task: Callable[[], Any]

    def run(self) -> None:
        """Run the task, unless it was cancelled; what comes after the lane gave it up is dropped."""
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self.task()
        except BaseException as error:  # noqa: BLE001 - whoever waits must hear it, whatever it is
            with suppress(InvalidStateError):
                self.future.set_exception(error)
        else:
            with suppress(InvalidStateError):
                self.future.set_result(result)


class _Lane:
    """At most `width` threads, started when there is work for them."""

    def __init__(self, name: str, width: int) -> None:
        self._name, self._width = name, width
        self._changed = Condition()
        self._jobs: deque[_Job] = deque()
        self._running: set[Future[Any]] = set()
        self._threads: set[Thread] = set()
        self._idle, self._stopped = 0, False

    def submit(self, task: Callable[[], _T]) -> Future[_T]:
        """Run the task when its turn comes; cancelled at once when the lane is closed."""
        future: Future[_T] = Future()
        with self._changed:
            if self._stopped:
                future.cancel()
                return future
            self._jobs.append(_Job(future, task))
            if len(self._jobs) > self._idle and len(self._threads) < self._width:
                thread = Thread(target=self._work, name=self._name, daemon=True)
                self._threads.add(thread)
                thread.start()
            self._changed.notify()
        return future

    def stop(self) -> None:
        """Drop what waits, and begin nothing more."""
        with self._changed:
            self._stopped = True
            jobs, self._jobs = list(self._jobs), deque()
            self._changed.notify_all()
        for job in jobs:
            job.future.cancel()

    def leave(self, end: float) -> None:
        """Wait for the threads until `end`; give up the tasks that are still running then."""
        with self._changed:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        with self._changed:
            running = list(self._running)
        for future in running:
            with suppress(InvalidStateError):
                future.set_exception(CancelledError())

    def _work(self) -> None:
        while (job := self._next()) is not None:
            job.run()
            with self._changed:
                self._running.discard(job.future)

    def _next(self) -> _Job | None:
        """The next job; None when the thread has nothing more to do."""
        with self._changed:
            while not self._jobs:
                self._idle += 1
                in_time = not self._stopped and self._changed.wait(IDLE_SECONDS)
                self._idle -= 1
                if not self._jobs and (self._stopped or not in_time):
                    self._threads.discard(current_thread())
                    return None
            job = self._jobs.popleft()
            self._running.add(job.future)
            return job
