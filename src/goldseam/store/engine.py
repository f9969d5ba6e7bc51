"""What the store asks of a database, so that one code serves SQLite and PostgreSQL.

Queries are written in the SQL that both understand, with `?` for a parameter. What the two do differently stands in
`sqlite.py` and `postgres.py`, each of which implements `Engine`, and in the scripts of `schema.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from goldseam.model.errors import HomeError


class RuleBroken(HomeError):
    """A rule of the tables (a key, a reference, a trigger) refused a row; the message holds the rule's own words."""


class Rows(Protocol):
    """The answer to a query."""

    @property
    def rowcount(self) -> int:
        """How many rows a statement changed."""

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row, None after the last."""

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows that are left."""


class Connection(Protocol):
    """What a transaction hands out: statements in the SQL that both databases understand."""

    def execute(self, query: str, parameters: Sequence[Any] = (), /) -> Rows:
        """Run one statement."""

    def executemany(self, query: str, rows: Iterable[Sequence[Any]], /) -> object:
        """Run one statement for each row of parameters."""


class Engine(Connection, Protocol):
    """One connection to a database. `trouble` turns the driver's errors into ours; `Database` calls the rest in it."""

    @property
    def shown(self) -> str:
        """How messages name the database; without a password."""

    @property
    def body(self) -> str:
        """The SQL that reads the ledger's column `body` as bytes, whatever it was altered into."""

    @property
    def is_text(self) -> str:
        """The SQL that says whether the ledger's column `body` holds text."""

    def begin(self) -> None:
        """Begin a transaction; connects again where the connection was lost since the last one."""

    def serialize(self) -> None:
        """Keep every other writer of the ledger waiting until the transaction ends."""

    def keep_out(self, table: str) -> None:
        """Keep others from writing to a table until the transaction ends; they wait, and so does this."""

    def hold_still(self) -> None:
        """Show one state of the database until the transaction ends; to be called first in it."""

    def commit(self) -> None:
        """End the transaction: it is on disk when this returns."""

    def rollback(self) -> None:
        """End the transaction, if one is under way, as if it had not been; never raises for a lost connection."""

    def version(self) -> int:
        """The schema's version, 0 for an empty database."""

    def migrate(self) -> None:
        """Bring the schema up to date, one version at a time, each in one transaction."""

    def remove_guards(self) -> None:
        """Drop the ledger's triggers, in the caller's transaction; for copying a ledger only."""

    def restore_guards(self) -> None:
        """Create the ledger's triggers again, in the caller's transaction."""

    def trouble(self) -> AbstractContextManager[None]:
        """Turn what the driver raises into HomeError and what derives from it."""

    def close(self) -> None:
        """Let go of the connection."""
