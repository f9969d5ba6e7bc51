"""A process that is asked to end, and the repair that has to end before it.

A front end or a worker notes in `signal` that it is to end. While a repair is under way no further call of its plan is
sent then, and what was done is taken back; `goldseam resume` ends what had no time for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from goldseam.model.errors import GrantRefused, Refused, RefusedCall

if TYPE_CHECKING:
    from goldseam.control import Call, Told
    from goldseam.ports import Key, Receipt, Writer, WriterFactory
    from goldseam.repair.plan import Plan


class Interrupted(BaseException):
    """The process was asked to end while nothing was under way; no handler for errors takes it."""


@dataclass(slots=True)
class Work:
    """A repair that is under way; `plan` is None where a use case carries out plans of its own making."""

    name: str
    plan: Plan | None = None
    answered: int = 0
    opened: bool = False
    forward: bool = True


@dataclass(slots=True)
class Interruption:
    """What came (the name of a signal, empty when none did), what is under way, and what was carried out so far."""

    signal: str = ""
    work: Work | None = None
    asking: bool = False
    done: list[str] = field(default_factory=list)

    @contextmanager
    def under_way(self, plan: Plan | None = None, name: str = "resume") -> Iterator[Callable[[str], None]]:
        """A repair, for as long as the block lasts: signals wait for it, and its key is in no core dump.

        The block gets a function to say how the repair ended. Raises Interrupted when a signal came before.
        """
        from goldseam.model.hardening import holding_a_key

        self.work = Work(plan.id if plan else name, plan)
        try:
            if self.signal:
                raise Interrupted
            with holding_a_key():
                yield lambda state: self.done.append(f"{plan.id if plan else name} {state}")
        finally:
            self.work = None

    @contextmanager
    def asking_person(self) -> Iterator[None]:
        """A person is asked for a code, before anything begins; raises GrantRefused when a signal comes instead."""
        self.asking = True
        try:
            yield
        except Interrupted as error:
            raise GrantRefused("no code was typed, so nothing was done") from error
        finally:
            self.asking = False

    def stoppable(self, open_writer: WriterFactory) -> WriterFactory:
        """Writers that send no further call of a plan once a signal came; what takes a plan back is still sent."""

        def opened(key: Key, calls: Sequence[Call]) -> Writer:
            work = self.work
            if work is not None and self.signal and not (work.plan and work.opened):
                raise Refused(f"{self.signal} came before the first call; nothing was changed")
            if work is not None:
                work.opened = True
            return _Stoppable(open_writer(key, calls), work or Work("resume"), self)

        return opened


@dataclass(slots=True)
class _Stoppable:
    """A writer at work on one plan."""

    writer: Writer
    work: Work
    interruption: Interruption

    def call(self, call: Call, words: Told | None = None) -> Receipt:
        """Send the call; raises RefusedCall instead where it would go on with what was interrupted."""
        work, signal = self.work, self.interruption.signal
        work.forward = work.forward and (work.plan is None or call in work.plan.calls[work.answered :])
        if signal and work.forward:
            work.forward = work.plan is None
            raise RefusedCall(f"{signal} came before it was sent")
        receipt = self.writer.call(call, words)
        work.answered += 1
        return receipt
