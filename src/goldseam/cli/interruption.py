"""Ctrl-C, SIGTERM and a closed terminal: noticed at once, and never in the middle of a repair.

While a repair is under way the first signal is only noted: the call that was sent is waited for and recorded, no other
is sent, and what was done is taken back. The second ends the process at once; `goldseam resume` then ends the repair.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from goldseam.model.display import visible
from goldseam.model.errors import GrantRefused, Refused, RefusedCall

if TYPE_CHECKING:
    from goldseam.control import Call, Told
    from goldseam.ports import Key, Receipt, Writer, WriterFactory
    from goldseam.repair.plan import Plan

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_ERROR: Final = 2


class Interrupted(BaseException):
    """A signal came while nothing was under way; no handler for errors takes it."""


@dataclass(slots=True)
class _Work:
    """A repair that is under way; `plan` is None where a command carries out plans of its own making."""

    name: str
    plan: Plan | None = None
    answered: int = 0
    opened: bool = False
    forward: bool = True


@dataclass(slots=True)
class _State:
    """What came, what is under way, and what was carried out so far."""

    signal: int = 0
    work: _Work | None = None
    asking: bool = False
    done: list[str] = field(default_factory=list)


_NOW: Final = _State()


def listen() -> None:
    """Take the signals from now on, in the main thread; one that is ignored (`nohup`) stays so."""
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda came, _: _on_signal(came))


def noticed() -> str:
    """The name of the signal that came, empty when none did."""
    return signal.Signals(_NOW.signal).name if _NOW.signal else ""


def exit_code() -> int:
    """What a process says that ended for the signal."""
    return 128 + _NOW.signal


def expected() -> None:
    """Forget the signal: it was the way in which this command is meant to end."""
    _NOW.signal = 0


def so_far() -> str:
    """What happened, for the last line of a command that was interrupted."""
    told = ", ".join(_NOW.done) or "no repair was under way"
    open_ones = any(not item.endswith(("verified", "undone", "conflict")) for item in _NOW.done)
    return f"interrupted by {noticed()}; {told}" + ("; run `goldseam resume`" if open_ones else "")


@contextmanager
def under_way(plan: Plan | None = None, name: str = "resume") -> Iterator[Callable[[str], None]]:
    """A repair, for as long as the block lasts: signals wait for it, and its key is in no core dump.

    The block gets a function to say how the repair ended. Raises Interrupted when a signal came before.
    """
    from goldseam.model.hardening import holding_a_key

    _NOW.work = _Work(plan.id if plan else name, plan)
    try:
        if _NOW.signal:
            raise Interrupted
        with holding_a_key():
            yield lambda state: _NOW.done.append(f"{plan.id if plan else name} {state}")
    finally:
        _NOW.work = None


@contextmanager
def asking() -> Iterator[None]:
    """A person is asked for a code, before anything begins; raises GrantRefused when a signal comes instead."""
    _NOW.asking = True
    try:
        yield
    except Interrupted as error:
        raise GrantRefused("no code was typed, so nothing was done") from error
    finally:
        _NOW.asking = False


def stoppable(open_writer: WriterFactory) -> WriterFactory:
    """Writers that send no further call of a plan once a signal came; what takes a plan back is still sent."""

    def opened(key: Key, calls: Sequence[Call]) -> Writer:
        work = _NOW.work
        if work is not None and _NOW.signal and not (work.plan and work.opened):
            raise Refused(f"{noticed()} came before the first call; nothing was changed")
        if work is not None:
            work.opened = True
        return _Stoppable(open_writer(key, calls), work or _Work("resume"))

    return opened


@dataclass(slots=True)
class _Stoppable:
    """A writer at work on one plan."""

    writer: Writer
    work: _Work

    def call(self, call: Call, words: Told | None = None) -> Receipt:
        """Send the call; raises RefusedCall instead where it would go on with what was interrupted."""
        work = self.work
        work.forward = work.forward and (work.plan is None or call in work.plan.calls[work.answered :])
        if _NOW.signal and work.forward:
            work.forward = work.plan is None
            raise RefusedCall(f"{noticed()} came before it was sent")
        receipt = self.writer.call(call, words)
        work.answered += 1
        return receipt


def _on_signal(number: int) -> None:
    first, _NOW.signal = not _NOW.signal, _NOW.signal or number
    if first and (_NOW.work is None or _NOW.asking):
        raise Interrupted
    name = signal.Signals(number).name
    if first and _NOW.work is not None:
        _say(f"{name}: waiting for the call that was sent for {_NOW.work.name}; press Ctrl-C again to end at once")
    elif not first and number != signal.SIGHUP:  # a terminal that closes may send it more than once
        _say(_left(name))
        os._exit(128 + number)


def _left(name: str) -> str:
    work = _NOW.work
    if work is None:
        return f"ended at once by {name}; {', '.join(_NOW.done) or 'no repair was under way'}"
    calls = f" after {work.answered} of {len(work.plan.calls)} calls were answered" if work.plan else ""
    return f"ended at once by {name}: {work.name} is half done{calls}; run `goldseam resume`"


def _say(text: str) -> None:
    """A line on standard error from within a signal handler, where no buffer may be touched."""
    with suppress(OSError):
        os.write(_ERROR, f"goldseam: {visible(text)}\n".encode())
