"""Ctrl-C, SIGTERM and a closed terminal: noticed at once, and never in the middle of a repair.

While a repair is under way the first signal is only noted: the call that was sent is waited for and recorded, no other
is sent, and what was done is taken back. The second ends the process at once; `goldseam resume` then ends the repair.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import Final

from goldseam.model.display import visible
from goldseam.service.interruption import Interrupted, Interruption

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
THIS_PROCESS: Final = Interruption()
"""Signals come to the process, so there is one of it."""
_ERROR: Final = 2


def listen() -> None:
    """Take the signals from now on, in the main thread; one that is ignored (`nohup`) stays so."""
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda came, _: _on_signal(came))


def noticed() -> str:
    """The name of the signal that came, empty when none did."""
    return THIS_PROCESS.signal


def exit_code() -> int:
    """What a process says that ended for the signal."""
    return 128 + (signal.Signals[noticed()] if noticed() else 0)


def expected() -> None:
    """Forget the signal: it was the way in which this command is meant to end."""
    THIS_PROCESS.signal = ""


def so_far() -> str:
    """What happened, for the last line of a command that was interrupted."""
    told = ", ".join(THIS_PROCESS.done) or "no repair was under way"
    open_ones = any(not item.endswith(("verified", "undone", "conflict")) for item in THIS_PROCESS.done)
    return f"interrupted by {noticed()}; {told}" + ("; run `goldseam resume`" if open_ones else "")


def _on_signal(number: int) -> None:
    now, name = THIS_PROCESS, signal.Signals(number).name
    first, now.signal = not now.signal, now.signal or name
    if first and (now.work is None or now.asking):
        raise Interrupted
    if first and now.work is not None:
        _say(f"{name}: waiting for the call that was sent for {now.work.name}; press Ctrl-C again to end at once")
    elif not first and number != signal.SIGHUP:  # a terminal that closes may send it more than once
        _say(_left(name))
        os._exit(128 + number)


def _left(name: str) -> str:
    work = THIS_PROCESS.work
    if work is None:
        return f"ended at once by {name}; {', '.join(THIS_PROCESS.done) or 'no repair was under way'}"
    calls = f" after {work.answered} of {len(work.plan.calls)} calls were answered" if work.plan else ""
    return f"ended at once by {name}: {work.name} is half done{calls}; run `goldseam resume`"


def _say(text: str) -> None:
    """A line on standard error from within a signal handler, where no buffer may be touched."""
    with suppress(OSError):
        os.write(_ERROR, f"goldseam: {visible(text)}\n".encode())
