"""Spreads many small readings over threads, and over forked processes where the processor is what they wait for.

An SDK call costs more than a millisecond of Python, which threads cannot share. A forked child starts with everything
loaded, costs a few milliseconds, and writes its results into a pipe as they come.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Final, Generic, TypeVar

from goldseam.errors import GoldseamError

T = TypeVar("T")
R = TypeVar("R")

PROCESSES: Final = 4
"""More do not help: AWS answers an account only so many calls a second."""
WORTH_A_PROCESS: Final = 20
"""Items that pay for a process of their own."""


@dataclass(frozen=True, slots=True)
class _Done(Generic[R]):
    value: R


@dataclass(frozen=True, slots=True)
class _Failed:
    error: BaseException


_Outcome = _Done[R] | _Failed


def processes_for(items: int) -> int:
    """How many processes some items are worth here: one where forking is not safe."""
    if sys.platform != "linux" or threading.active_count() > 1:
        return 1
    return max(1, min(PROCESSES, len(os.sched_getaffinity(0)), items // WORTH_A_PROCESS))


def spread(
    work: Callable[[T], R], items: Sequence[T], *, threads: int, processes: int = 1, in_child: Callable[[], object]
) -> Iterator[R]:
    """The work's result for each item, as they come; raises what the work raises.

    `in_child` runs first in each child: what must not be shared with the parent is let go there. Results of children
    are pickled. Leaving the iterator early ends the children.
    """
    outcomes: SimpleQueue[_Outcome[R]] = SimpleQueue()
    children = [_Child.fork(work, items[part::processes], threads, in_child, outcomes) for part in range(1, processes)]
    pool = ThreadPoolExecutor(threads)
    try:
        for child in children:
            child.listen()
        _submit(pool, work, items[0::processes], outcomes)
        for _ in items:
            yield _value(outcomes.get())
    finally:
        pool.shutdown(cancel_futures=True)
        for child in children:
            child.end()


def _submit(
    pool: ThreadPoolExecutor, work: Callable[[T], R], items: Sequence[T], outcomes: SimpleQueue[_Outcome[R]]
) -> None:
    for item in items:
        pool.submit(work, item).add_done_callback(lambda done: outcomes.put(_outcome(done)))


def _outcome(done: Future[R]) -> _Outcome[R]:
    if done.cancelled():
        return _Failed(CancelledError())
    error = done.exception()
    return _Done(done.result()) if error is None else _Failed(error)


def _value(outcome: _Outcome[R]) -> R:
    if isinstance(outcome, _Failed):
        raise outcome.error
    return outcome.value


class _Child(Generic[R]):
    """A forked process, and the thread that reads its results."""

    def __init__(self, pid: int, pipe: int, expected: int, outcomes: SimpleQueue[_Outcome[R]]) -> None:
        self._pid, self._pipe, self._expected, self._outcomes = pid, pipe, expected, outcomes
        self._listener = threading.Thread(target=self._read, daemon=True)

    @classmethod
    def fork(
        cls,
        work: Callable[[T], R],
        items: Sequence[T],
        threads: int,
        in_child: Callable[[], object],
        outcomes: SimpleQueue[_Outcome[R]],
    ) -> _Child[R]:
        """Start a child on these items."""
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            _live(work, items, threads, in_child, writing)
        os.close(writing)
        return cls(pid, reading, len(items), outcomes)

    def listen(self) -> None:
        """Start to read; no earlier than the last fork, since threads do not survive one."""
        self._listener.start()

    def end(self) -> None:
        """Stop the child, finished or not, and leave nothing of it behind."""
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        if self._listener.ident is None:
            os.close(self._pipe)
        else:
            self._listener.join()

    def _read(self) -> None:
        try:
            with os.fdopen(self._pipe, "rb") as results:
                for _ in range(self._expected):
                    self._outcomes.put(pickle.load(results))  # noqa: S301 - our own child wrote it
        except (EOFError, pickle.UnpicklingError):
            self._outcomes.put(_Failed(GoldseamError("a reading process ended early; repeat the scan")))


def _live(work: Callable[[T], R], items: Sequence[T], threads: int, in_child: Callable[[], object], pipe: int) -> None:
    """All that a child does; it never returns into its parent's code."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        in_child()
        with os.fdopen(pipe, "wb") as results:
            for outcome in _outcomes(work, items, threads):
                results.write(_pickled(outcome))
                results.flush()
    finally:
        os._exit(0)


def _outcomes(work: Callable[[T], R], items: Sequence[T], threads: int) -> Iterator[_Outcome[R]]:
    outcomes: SimpleQueue[_Outcome[R]] = SimpleQueue()
    with ThreadPoolExecutor(threads) as pool:
        _submit(pool, work, items, outcomes)
        for _ in items:
            yield outcomes.get()


def _pickled(outcome: _Outcome[R]) -> bytes:
    try:
        return pickle.dumps(outcome)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        return pickle.dumps(_Failed(GoldseamError(f"a result could not be passed on ({error})")))
