"""What keeps a key in the memory of its process: no core dump, no other process that may look in."""

from __future__ import annotations

import ctypes
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_PR_GET_DUMPABLE: Final = 3
_PR_SET_DUMPABLE: Final = 4


def no_core_dumps() -> None:
    """Leave no core dump from now on, and let no process of the same user read this one's memory (Linux)."""
    _limit_cores(0)
    _set_dumpable(0)


@contextmanager
def holding_a_key() -> Iterator[None]:
    """No core dump and no reading of memory for as long as the block lasts; then as it was before."""
    cores, dumpable = resource.getrlimit(resource.RLIMIT_CORE)[0], _dumpable()
    no_core_dumps()
    try:
        yield
    finally:
        _limit_cores(cores)
        _set_dumpable(dumpable)


def _limit_cores(size: int) -> None:
    """Set the soft limit; the hard one stays, so that the soft one can be set back."""
    resource.setrlimit(resource.RLIMIT_CORE, (size, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _dumpable() -> int:
    return _prctl(_PR_GET_DUMPABLE, 0)


def _set_dumpable(value: int) -> None:
    _prctl(_PR_SET_DUMPABLE, value)


def _prctl(option: int, value: int) -> int:
    """The answer of the Linux call of that name; 1, the ordinary state, on systems that have none."""
    if not sys.platform.startswith("linux"):
        return 1
    try:
        return int(ctypes.CDLL(None).prctl(option, value, 0, 0, 0))
    except (OSError, AttributeError):  # a C library that does not export it
        return 1
