"""SQLite: one file in the home folder.

`synchronous=FULL` with a write-ahead log: when a transaction returns, it is on disk.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from goldseam.model.errors import HomeError
from goldseam.store.engine import RuleBroken
from goldseam.store.locks import waiting_for
from goldseam.store.schema import MIGRATIONS, SQLITE_GUARDS
from goldseam.store.trouble import WRITER, told

FILE: Final = "goldseam.db"


class SqliteEngine:
    """Implements `engine.Engine`."""

    body = "CAST(body AS BLOB)"
    is_text = "typeof(body) = 'text'"

    def __init__(self, folder: Path, patience: float) -> None:
        self._folder = folder
        self.shown = str(folder / FILE)
        self.connection = self._opened(patience)
        self._note = os.open(folder / WRITER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._patience = patience

    def _opened(self, patience: float) -> sqlite3.Connection:
        path = self._folder / FILE
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
        with waiting_for(self._folder, "database", patience):
            connection.execute("PRAGMA journal_mode=WAL")
            self._migrate(connection)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        version = _version(connection)
        if version > len(MIGRATIONS):
            msg = f"`{self._folder}` was made by a newer goldseam (schema {version}); upgrade, or use --home"
            raise HomeError(msg)
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version={number};\nCOMMIT;")

    def begin(self) -> None:
        """Begin a transaction that keeps other writers out, and note which process does so."""
        self.connection.execute("BEGIN IMMEDIATE")
        os.pwrite(self._note, f"{os.getpid():<10}".encode(), 0)

    def serialize(self) -> None:
        """Nothing: every transaction keeps other writers out."""

    def keep_out(self, table: str) -> None:
        """Nothing: every transaction keeps other writers out."""

    def hold_still(self) -> None:
        """Nothing: every transaction sees one state."""

    def execute(self, query: str, parameters: Sequence[Any] = (), /) -> sqlite3.Cursor:
        """Run one statement."""
        return self.connection.execute(query, parameters)

    def executemany(self, query: str, rows: Iterable[Sequence[Any]], /) -> object:
        """Run one statement for each row of parameters."""
        return self.connection.executemany(query, rows)

    def commit(self) -> None:
        """End the transaction: it is on disk when this returns."""
        self.connection.execute("COMMIT")

    def rollback(self) -> None:
        """End the transaction, if one is under way, as if it had not been."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def version(self) -> int:
        """The schema's version."""
        return _version(self.connection)

    def migrate(self) -> None:
        """Nothing: a file is brought up to date when it is opened."""

    def remove_guards(self) -> None:
        """Drop the ledger's triggers, in the caller's transaction."""
        for name in SQLITE_GUARDS:
            self.connection.execute(f"DROP TRIGGER IF EXISTS {name}")

    def restore_guards(self) -> None:
        """Create the ledger's triggers again, in the caller's transaction."""
        for statement in SQLITE_GUARDS.values():
            self.connection.execute(statement)

    @contextmanager
    def trouble(self) -> Iterator[None]:
        """Turn what SQLite and the operating system raise into HomeError and what derives from it."""
        try:
            with told(self._folder):
                yield
        except sqlite3.IntegrityError as error:
            raise RuleBroken(str(error)) from error

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()
        os.close(self._note)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
