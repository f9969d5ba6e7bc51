"""Threads in lanes, one lane for each service: a service that is held back by its rate does not hold back others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

_T = TypeVar("_T")


class Lanes:
    """Threads, grouped by the service that they call; `workers` says how many a service has, `others` the rest."""

    def __init__(self, workers: Mapping[str, int], others: int) -> None:
        self._workers, self._others = workers, others
        self._lock = Lock()
        self._pools: dict[str, ThreadPoolExecutor] = {}

    def submit(self, operation: str, task: Callable[[], _T]) -> Future[_T]:
        """Run the task among those of the operation's service."""
        service = operation.partition(".")[0]
        with self._lock:
            pool = self._pools.get(service)
            if pool is None:
                pool = self._pools[service] = ThreadPoolExecutor(
                    self._workers.get(service, self._others), f"read-{service}"
                )
        return pool.submit(task)

    def close(self) -> None:
        """Let what runs end, drop what waits, and stop the threads."""
        with self._lock:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.shutdown(cancel_futures=True)
