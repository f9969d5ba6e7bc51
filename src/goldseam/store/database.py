"""The SQLite database in the home folder: opened with care, brought up to date, written in transactions.

`synchronous=FULL` with a write-ahead log: when a transaction returns, it is on disk.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from goldseam.model.errors import HomeError
from goldseam.store.locks import waiting_for
from goldseam.store.schema import MIGRATIONS
from goldseam.store.trouble import WRITER, told

FILE: Final = "goldseam.db"
_BATCH: Final = 500


class Database:
    """One connection, shared by the threads of a process; one transaction at a time.

    Every method raises HomeError, HomeLocked or StorageFull, and then nothing was written.
    """

    def __init__(self, folder: Path, *, patience: float = 10.0) -> None:
        self.folder = folder
        self._turn = threading.RLock()
        self._depth = 0
        self._then: list[Callable[[], None]] = []
        with told(folder):
            self._connection = self._opened(patience)
            self._note = os.open(folder / WRITER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _opened(self, patience: float) -> sqlite3.Connection:
        path = self.folder / FILE
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(connection, patience)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection, patience: float) -> None:
        for setting in ("synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
            connection.execute(f"PRAGMA {setting}")
        if _version(connection) == len(MIGRATIONS):
            return
        with waiting_for(self.folder, "database", patience):
            connection.execute("PRAGMA journal_mode=WAL")
            self._migrate(connection)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        """Bring the schema forward, one version at a time, each in one transaction."""
        version = _version(connection)
        if version > len(MIGRATIONS):
            msg = f"`{self.folder}` was made by a newer goldseam (schema {version}); upgrade, or use --home"
            raise HomeError(msg)
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version={number};\nCOMMIT;")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is on disk when the block ends, or did not happen; an inner one joins the outer."""
        with self._turn, told(self.folder):
            if self._depth:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                os.pwrite(self._note, f"{os.getpid():<10}".encode(), 0)
                yield self._connection
                self._connection.execute("COMMIT")
                then = self._then
            finally:
                self._depth, self._then = 0, []
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            for act in then:
                act()

    def once_written(self, act: Callable[[], None]) -> None:
        """Do something as soon as the transaction that is under way is on disk, and only then."""
        self._then.append(act)

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query, all of them: nothing stays open that could hold a writer up."""
        with self._turn, told(self.folder):
            return self._connection.execute(query, parameters).fetchall()

    def pages(self, query: str, *parameters: Any, after: Any) -> Iterator[tuple[Any, ...]]:
        """The rows of a query in batches.

        The query ends in `first_column > ? ORDER BY first_column LIMIT ?`; `after` is where it begins.
        """
        while batch := self.rows(query, (*parameters, after, _BATCH)):
            yield from batch
            after = batch[-1][0]

    def row(self, query: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """The first row of a query."""
        with self._turn, told(self.folder):
            found: tuple[Any, ...] | None = self._connection.execute(query, parameters).fetchone()
            return found

    def number(self, name: str) -> int:
        """A number that the table `home` keeps: `format` or `first_format`."""
        row = self.row("SELECT value FROM home WHERE name = ?", (name,))
        return int(row[0]) if row else 1

    def close(self) -> None:
        """Let go of the file; nothing is pending, since every transaction ended."""
        with self._turn:
            self._connection.close()
            os.close(self._note)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
