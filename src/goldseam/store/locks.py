"""Locks as files: each dies with its process, and says which process that is."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from goldseam.model.errors import HomeLocked
from goldseam.store.trouble import holder_of, told

_STEP: Final = 0.01
"""Seconds between two tries of a lock that is worth waiting for."""


class FileLocks:
    """Named locks in a folder `locks` of the home; implements `ports.Locks`."""

    def __init__(self, home: Path) -> None:
        self._home = home

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Hold the named lock; raises HomeLocked, naming the process, when another process or thread does."""
        descriptor = _taken(self._home, name)
        if descriptor is None:
            holder = holder_of(_path(self._home, name))
            msg = f"{holder} is working on `{name}`; wait for it, or stop it and run `goldseam resume`"
            raise HomeLocked(msg)
        try:
            yield
        finally:
            _let_go(self._home, name, descriptor)


@contextmanager
def waiting_for(home: Path, name: str, patience: float) -> Iterator[None]:
    """Hold the named lock as soon as it is free; raises HomeLocked after `patience` seconds."""
    until = time.monotonic() + patience
    while (descriptor := _taken(home, name)) is None:
        if time.monotonic() > until:
            msg = f"{holder_of(_path(home, name))} holds `{home}`; wait for it, or stop it, and repeat"
            raise HomeLocked(msg)
        time.sleep(_STEP)
    try:
        yield
    finally:
        _let_go(home, name, descriptor)


def _path(home: Path, name: str) -> Path:
    return home / "locks" / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.lock"


def _taken(home: Path, name: str) -> int | None:
    """An open descriptor that holds the lock, or None when someone else does.

    The file is removed when the lock is let go, so what was locked may be gone from the folder by then: try again.
    """
    path = _path(home, name)
    with told(home):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return None
            if _still_there(path, descriptor):
                os.pwrite(descriptor, str(os.getpid()).encode(), 0)
                return descriptor
            os.close(descriptor)


def _still_there(path: Path, descriptor: int) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    return False


def _let_go(home: Path, name: str, descriptor: int) -> None:
    with told(home):
        _path(home, name).unlink(missing_ok=True)
        os.close(descriptor)
