"""The database behind a home: written in transactions that are on disk when they return, or did not happen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from goldseam.store.engine import Connection, Engine
from goldseam.store.trouble import told

_BATCH: Final = 500


class Database:
    """One connection, shared by the threads of a process; one transaction at a time.

    `url` names a PostgreSQL database; without one it is SQLite in the folder. Every method raises HomeError, HomeLocked
    or StorageFull, and then nothing was written.
    """

    def __init__(self, folder: Path, url: str = "", *, patience: float = 10.0) -> None:
        self.folder = folder
        self._turn = threading.RLock()
        self._depth = 0
        self._then: list[Callable[[], None]] = []
        with told(folder):
            self.engine = _engine(folder, url, patience)

    @contextmanager
    def writing(self, *, appending: bool = False) -> Iterator[Connection]:
        """A transaction that is on disk when the block ends, or did not happen; an inner one joins the outer.

        With `appending` no other process appends to the ledger until the transaction ends.
        """
        with self._turn, self.engine.trouble():
            if self._depth:
                if appending:
                    self.engine.serialize()
                yield self.engine
                return
            with self._transaction() as then:
                if appending:
                    self.engine.serialize()
                yield self.engine
            for act in then:
                act()

    @contextmanager
    def _transaction(self) -> Iterator[list[Callable[[], None]]]:
        """Begin and commit; what is to be done afterwards is handed out, and dropped where the transaction fails."""
        self.engine.begin()
        self._depth, then = 1, self._then
        try:
            yield then
            self.engine.commit()
        finally:
            self._depth, self._then = 0, []
            self.engine.rollback()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep the other threads of the process from the database until the block ends.

        What guards something that is read from it uses this and no lock of its own: two locks that are taken in two
        orders wait for each other for ever.
        """
        with self._turn:
            yield

    def once_written(self, act: Callable[[], None]) -> None:
        """Do something as soon as the transaction that is under way is on disk, and only then."""
        self._then.append(act)

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query, all of them: nothing stays open that could hold a writer up."""
        with self._turn, self.engine.trouble():
            return self.engine.execute(query, parameters).fetchall()

    def pages(self, query: str, *parameters: Any, after: Any) -> Iterator[tuple[Any, ...]]:
        """The rows of a query in batches.

        The query ends in `first_column > ? ORDER BY first_column LIMIT ?`; `after` is where it begins.
        """
        while batch := self.rows(query, (*parameters, after, _BATCH)):
            yield from batch
            after = batch[-1][0]

    def row(self, query: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """The first row of a query."""
        with self._turn, self.engine.trouble():
            return self.engine.execute(query, parameters).fetchone()

    def number(self, name: str) -> int:
        """A number that the table `home` keeps: `format` or `first_format`."""
        row = self.row("SELECT value FROM home WHERE name = ?", (name,))
        return int(row[0]) if row else 1

    def close(self) -> None:
        """Let go of the database; nothing is pending, since every transaction ended."""
        with self._turn:
            self.engine.close()


def _engine(folder: Path, url: str, patience: float) -> Engine:
    if url:
        from goldseam.store.postgres import opened  # noqa: PLC0415 - the driver is slow to import, and an extra

        return opened(url, patience)
    from goldseam.store.sqlite import SqliteEngine  # noqa: PLC0415 - the other one is not needed then

    return SqliteEngine(folder, patience)
