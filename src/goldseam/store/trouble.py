"""What can go wrong with a folder and a database, told as one of our errors."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from goldseam.model.errors import HomeError, HomeLocked, StorageFull

_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
WRITER: Final = "writer.pid"
"""The file that names the process which last began to write to the database."""
_LITTLE: Final = 65_536
"""Bytes of free space below which an error of input or output means that there is none."""
_CODE: Final = 0xFF
"""SQLite keeps the primary result code in the low byte of the extended one."""


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """Turn what the operating system and SQLite raise about a folder into HomeError and what derives from it."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.Error as error:
        raise _of_sqlite(folder, error) from error
    except OSError as error:
        raise _of_system(folder, error) from error


def _full(folder: Path) -> StorageFull:
    return StorageFull(f"no space is left for `{folder}`; nothing was lost: free some and repeat")


def _of_system(folder: Path, error: OSError) -> HomeError:
    if error.errno in _NO_SPACE:
        return _full(folder)
    reason = (error.strerror or str(error)).lower()
    return HomeError(f"the home folder `{folder}` cannot be used ({reason}); mend it, or name another with --home")


def _of_sqlite(folder: Path, error: sqlite3.Error) -> HomeError:
    code = getattr(error, "sqlite_errorcode", 0) & _CODE
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _no_space(folder)):
        return _full(folder)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return HomeLocked(f"{holder_of(folder / WRITER)} is writing to `{folder}`; wait for it, or stop it, and repeat")
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return HomeError(f"`{folder}` holds a goldseam.db that is not a sound database; restore it, or use --home")
    return HomeError(f"the home folder `{folder}` cannot be used ({str(error).lower()}); mend it, or use --home")


def _no_space(folder: Path) -> bool:
    try:
        room = os.statvfs(folder)
    except OSError:
        return False
    return room.f_bavail * room.f_frsize < _LITTLE


def holder_of(note: Path) -> str:
    """The process that wrote its number into a file, if it still runs."""
    try:
        pid = int(note.read_text(encoding="ascii") or 0)
        os.kill(pid, 0)
    except (OSError, ValueError):
        return "another process"
    return f"process {pid}" if pid else "another process"
