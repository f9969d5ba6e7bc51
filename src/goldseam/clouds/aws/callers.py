"""Reads AWS from forked processes, so that the SDK's work is not done in line with everything else.

An SDK call costs more than a millisecond of Python, which threads cannot share, and loading the SDK a third of a
second. Here a process is forked before the SDK is loaded, loads it while the caller goes on, and forks again for each
further processor; the caller's threads send their questions to these processes and never load the SDK at all. The
credentials stay in the processes that use them.
"""

from __future__ import annotations

import itertools
import os
import pickle
import signal
import socket
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

from goldseam.clouds.aws.answer import Answer
from goldseam.clouds.aws.governor import Governors
from goldseam.model.errors import GoldseamError
from goldseam.model.values import Json

if TYPE_CHECKING:
    from goldseam.clouds.aws.client import AwsSession

PROCESSES: Final = 3
"""More do not help: AWS answers an account only so many calls a second."""
THREADS: Final = 256
"""Questions that a process works on at once; most of them wait for an answer or for their turn."""

_Question: TypeAlias = tuple[int, str, tuple[Any, ...], dict[str, Any]]
"""A number, a method of AwsSession, and its arguments."""


@dataclass(frozen=True, slots=True)
class _Raised:
    """An error on its way between processes; not every class of errors can be made from its message alone."""

    kind: type[BaseException]
    arguments: tuple[Any, ...]
    attributes: dict[str, Any]

    @classmethod
    def of(cls, error: BaseException) -> _Raised:
        return cls(type(error), error.args, dict(vars(error)))

    def error(self) -> BaseException:
        """The error again."""
        error = self.kind.__new__(self.kind, *self.arguments)
        error.args = self.arguments
        vars(error).update(self.attributes)
        return error


_Reply: TypeAlias = tuple[int, Any]
"""The question's number, and what the method answered, or a `_Raised`."""


def reading_session(
    profile: str | None = None, endpoint_url: str | None = None, max_rate: float | None = None
) -> AwsSession | Callers:
    """A session for reading: in processes of its own where forking is safe and there is a processor for them."""
    processors = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
    if processors > 1 and threading.active_count() == 1:
        return Callers(profile, endpoint_url, max_rate, processes=min(PROCESSES, processors))
    from goldseam.clouds.aws.client import AwsSession  # noqa: PLC0415 - loads the SDK

    return AwsSession(profile, endpoint_url, max_rate)


class Callers:
    """An AwsSession for reading, in processes of its own; safe to share between threads. Linux only.

    `governors` are for other callers of the account; the processes keep to equal parts of the same rates. A profile
    that does not exist shows at the first question.
    """

    def __init__(
        self,
        profile: str | None = None,
        endpoint_url: str | None = None,
        max_rate: float | None = None,
        *,
        processes: int,
    ) -> None:
        self.governors = Governors(max_rate)
        pairs = [socket.socketpair() for _ in range(processes)]
        self._pid = os.fork()
        if self._pid == 0:
            _live(pairs, profile, endpoint_url, max_rate)
        for _, theirs in pairs:
            theirs.close()
        self._lines = [_Line(ours) for ours, _ in pairs]

    def __reduce__(self) -> NoReturn:
        raise TypeError("a session holds credentials and is not written anywhere")

    def call(self, service: str, operation: str, region: str | None = None, /, **params: Json) -> Answer:
        """Make one call; as AwsSession.call."""
        answer: Answer = self._ask("call", service, operation, region, **params)
        return answer

    def pages(
        self,
        service: str,
        operation: str,
        region: str | None = None,
        /,
        *,
        page_size: int | None = None,
        **params: Json,
    ) -> Iterator[Answer]:
        """Every page of a listing; as AwsSession.pages."""
        yield from self._ask("pages", service, operation, region, page_size=page_size, **params)

    def account_id(self) -> str:
        """The account's twelve digits."""
        return str(self._ask("account_id"))

    def partition(self) -> str:
        """The partition of the account."""
        return str(self._ask("partition"))

    def default_region(self) -> str:
        """The configured region, else the one where account-wide questions go."""
        return str(self._ask("default_region"))

    def regions(self, wanted: Iterable[str] = (), *, fallback: bool = False) -> tuple[str, ...]:
        """The wanted regions, or all that are enabled; as AwsSession.regions."""
        regions: tuple[str, ...] = self._ask("regions", tuple(wanted), fallback=fallback)
        return regions

    def close(self) -> None:
        """End the processes."""
        lines, self._lines = self._lines, []
        for line in lines:
            line.hang_up()
        for line in lines:
            line.close()
        if lines:
            os.waitpid(self._pid, 0)

    def _ask(self, method: str, /, *arguments: object, **keywords: object) -> Any:
        if not self._lines:
            raise GoldseamError("the session is closed")
        line = min(self._lines, key=lambda one: one.busy)
        return line.ask(method, arguments, keywords)


class _Line:
    """The connection to one process: questions go out from any thread, a thread of its own hands out the replies."""

    def __init__(self, ours: socket.socket) -> None:
        self._socket = ours
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._waiting: dict[int, Future[Any]] = {}
        self._listener: threading.Thread | None = None
        self._lost = False

    @property
    def busy(self) -> int:
        """How many questions are open."""
        return len(self._waiting)

    def ask(self, method: str, arguments: tuple[object, ...], keywords: dict[str, object]) -> Any:
        """What the method answers; raises what it raises."""
        reply: Future[Any] = Future()
        question: _Question = (next(self._numbers), method, arguments, keywords)
        with self._lock:
            if self._lost:
                raise _lost()
            self._waiting[question[0]] = reply
            self._listen()
            with suppress(OSError):  # the listener hears of it too, and settles the reply
                self._socket.sendall(pickle.dumps(question))
        return reply.result()

    def hang_up(self) -> None:
        """Ask nothing more, which ends the process once it has answered."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Wait for the last reply."""
        if self._listener is not None:
            self._listener.join()
        self._socket.close()

    def _listen(self) -> None:
        """Start the listener, no earlier than the first question: threads and forks do not mix."""
        if self._listener is None:
            self._listener = threading.Thread(target=self._hear, name="aws-replies", daemon=True)
            self._listener.start()

    def _hear(self) -> None:
        try:
            with self._socket.makefile("rb") as replies:
                for number, value in _objects(replies):
                    _settle(self._waiting.pop(number), value)
        finally:
            with self._lock:
                self._lost = True
                left, self._waiting = self._waiting, {}
            for reply in left.values():
                reply.set_exception(_lost())


def _settle(reply: Future[Any], value: Any) -> None:
    if isinstance(value, _Raised):
        reply.set_exception(value.error())
    else:
        reply.set_result(value)


def _lost() -> GoldseamError:
    return GoldseamError("a process that reads AWS ended early; repeat the command")


def _objects(stream: Any) -> Iterator[Any]:
    """What the other side of our own pipe wrote, until it hangs up."""
    while True:
        try:
            yield pickle.load(stream)  # noqa: S301 - the other side is this program
        except (EOFError, ConnectionError, pickle.UnpicklingError):
            return


def _live(
    pairs: Sequence[tuple[socket.socket, socket.socket]],
    profile: str | None,
    endpoint_url: str | None,
    max_rate: float | None,
) -> NoReturn:
    """All that a forked process does; it never returns into the code of the one that forked it."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for ours, _ in pairs:
            ours.close()
        session = _session(profile, endpoint_url, max_rate)
        if not isinstance(session, GoldseamError):
            session.governors.divide(len(pairs))
        lines = [theirs for _, theirs in pairs]
        mine, children = _divided(lines)
        for line in lines:
            if line is not mine:
                line.close()
        _serve(mine, session)
        mine.close()
        for child in children:
            os.waitpid(child, 0)
    finally:
        os._exit(0)


def _session(profile: str | None, endpoint_url: str | None, max_rate: float | None) -> AwsSession | GoldseamError:
    """The session with its credentials at hand, so that a person is asked for them once; or why there is none."""
    from goldseam.clouds.aws.client import AwsSession  # noqa: PLC0415 - here, so that the caller does not load the SDK

    try:
        session = AwsSession(profile, endpoint_url, max_rate)
    except GoldseamError as error:
        return error
    session.obtain_credentials()
    return session


def _divided(lines: Sequence[socket.socket]) -> tuple[socket.socket, list[int]]:
    """Fork until there is a process for each line: the line of this one, and the processes that it forked."""
    children: list[int] = []
    for line in lines[1:]:
        child = os.fork()
        if child == 0:
            return line, []
        children.append(child)
    return lines[0], children


def _serve(line: socket.socket, session: AwsSession | GoldseamError) -> None:
    """Answer questions until the other side hangs up."""
    lock = threading.Lock()
    with line.makefile("rb") as questions, ThreadPoolExecutor(THREADS) as pool:
        for number, method, arguments, keywords in _objects(questions):
            done = pool.submit(_done, session, method, arguments, keywords)
            done.add_done_callback(partial(_reply, line, lock, number))


def _done(
    session: AwsSession | GoldseamError, method: str, arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> Any:
    if isinstance(session, GoldseamError):
        raise session
    answer = getattr(session, method)(*arguments, **keywords)
    return list(answer) if isinstance(answer, Iterator) else answer


def _reply(line: socket.socket, lock: threading.Lock, number: int, done: Future[Any]) -> None:
    error = done.exception()
    reply: _Reply = (number, _Raised.of(error) if error else done.result())
    with lock:
        line.sendall(_pickled(reply))


def _pickled(reply: _Reply) -> bytes:
    try:
        return pickle.dumps(reply)
    except (pickle.PicklingError, TypeError, AttributeError):
        return pickle.dumps((reply[0], _Raised.of(GoldseamError("a reply could not be passed between processes"))))
