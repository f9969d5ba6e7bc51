"""Standard output and error that never decide what a command does: what cannot be written is dropped, and known to be.

A pipe that was closed, a terminal that is gone and a disk that is full end the output, not the act that it tells of.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_NOBODY_READS: Final = frozenset({errno.EPIPE, errno.EIO, errno.EBADF})
"""What writing to a closed pipe, a closed terminal and a closed descriptor answers."""


class Patient(io.RawIOBase):
    """The write end of a descriptor; after the first failure it takes everything and writes nothing."""

    def __init__(self, descriptor: int, error: OSError | None = None) -> None:
        self._descriptor = descriptor
        self.error = error

    def writable(self) -> bool:
        """Yes."""
        return True

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether a person reads it."""
        return self.error is None and os.isatty(self._descriptor)

    def write(self, data: ReadableBuffer, /) -> int:
        """Write what the descriptor takes, or drop all of it."""
        content = bytes(data)
        while self.error is None:
            try:
                return os.write(self._descriptor, content)
            except BlockingIOError:
                select.select([], [self._descriptor], [])
            except OSError as error:
                self.error = error
        return len(content)


def make_sound() -> None:
    """Put streams that never fail in the place of standard output and error.

    A descriptor that was closed from the start is opened on nothing, so that no file which is opened later gets its
    number, and with it what is meant for people.
    """
    missing = {number: error for number in (0, 1, 2) if (error := _opened(number)) is not None}
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = _text(1, missing.get(1))
    sys.stderr = _text(2, missing.get(2))


def lost(stream: object = None) -> OSError | None:
    """Why standard output, or another stream, does not reach anybody any more; None while it does."""
    buffer = getattr(sys.stdout if stream is None else stream, "buffer", None)
    raw = getattr(buffer, "raw", None)
    return raw.error if isinstance(raw, Patient) else None


def nobody_reads(error: OSError) -> bool:
    """Whether the reader went away, which is no fault; a full disk is one."""
    return error.errno in _NOBODY_READS


def _opened(number: int) -> OSError | None:
    try:
        os.fstat(number)
    except OSError as error:
        os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one
        return error
    return None


def _text(number: int, error: OSError | None) -> io.TextIOWrapper:
    old = sys.stdout if number == 1 else sys.stderr
    raw = Patient(number, error)
    encoding = getattr(old, "encoding", None) or "utf-8"
    lines = number != 1 or raw.isatty()
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, "backslashreplace", line_buffering=lines)
