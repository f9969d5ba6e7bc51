"""PostgreSQL: a database that several processes and machines share.

A connection that is lost is one clear line; the next transaction connects again. A password is never part of a message.
"""

from __future__ import annotations

import os
import re
import socket
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from goldseam.model.errors import HomeError, HomeLocked, StorageFull, UsageError
from goldseam.store.engine import RuleBroken
from goldseam.store.schema import POSTGRES_GUARDS, POSTGRES_MIGRATIONS, POSTGRES_RULES

if TYPE_CHECKING:
    from psycopg import Connection, Cursor

SCHEMES: Final = ("postgresql", "postgres")
_UNDEFINED_TABLE: Final = "42P01"
_LOCKED: Final = frozenset({"55P03", "40P01", "40001"})
"""A lock was not free in time, a deadlock was ended, or two transactions contradicted each other."""
_FULL: Final = "53100"
_RULES: Final = re.compile(r"23...|P0001")
"""Constraints, and what our triggers raise."""
_LEDGER_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('goldseam ledger'), hashtext(current_schema()))"


def opened(url: str, patience: float) -> PostgresEngine:
    """The database of that address with today's schema; raises HomeError where it has another one."""
    engine = PostgresEngine(url, patience)
    with engine.trouble():
        version = engine.version()
    if version == len(POSTGRES_MIGRATIONS):
        return engine
    engine.close()
    if version > len(POSTGRES_MIGRATIONS):
        msg = f"`{engine.shown}` was made by a newer goldseam (schema {version}); upgrade this one"
        raise HomeError(msg)
    state = "holds nothing of goldseam yet" if version == 0 else f"has the older schema {version}"
    msg = f"`{engine.shown}` {state}; run `goldseam database migrate` once"
    raise HomeError(msg)


class PostgresEngine:
    """Implements `engine.Engine`."""

    body = "convert_to(body, 'UTF8')"
    is_text = "TRUE"

    def __init__(self, url: str, patience: float = 10.0) -> None:
        self.url, self._patience = url, patience
        self.shown = shown(url)
        self._in_transaction = False
        self.connection = self._connected()

    def _connected(self) -> Connection[tuple[Any, ...]]:
        """A new connection, which is closed with this object at the latest."""
        made = connected(self.url, self._patience)
        weakref.finalize(self, made.close)
        return made

    def begin(self) -> None:
        """Begin a transaction; connects again where the connection was lost since the last one."""
        self._first(b"BEGIN", ())
        self._in_transaction = True

    def _first(self, statement: bytes, parameters: Sequence[Any]) -> Cursor[tuple[Any, ...]]:
        """Run a statement outside a transaction; once more where an idle connection turns out to be lost."""
        from psycopg import OperationalError  # noqa: PLC0415 - loaded with the connection

        with suppress(OperationalError):
            if not self.connection.closed:
                return self.connection.execute(statement, parameters)
        if self.connection.closed:
            self.connection = self._connected()
        return self.connection.execute(statement, parameters)

    def serialize(self) -> None:
        """Keep every other writer of the ledger waiting until the transaction ends."""
        self.connection.execute(_LEDGER_LOCK)

    def keep_out(self, table: str) -> None:
        """Keep others from writing to a table until the transaction ends."""
        self.connection.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE".encode())

    def hold_still(self) -> None:
        """Show one state of the database until the transaction ends."""
        self.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")

    def execute(self, query: str, parameters: Sequence[Any] = (), /) -> Cursor[tuple[Any, ...]]:
        """Run one statement; outside a transaction, where only reading happens, it connects again if it has to."""
        if not self._in_transaction:
            return self._first(_translated(query), parameters)
        return self.connection.execute(_translated(query), parameters)

    def executemany(self, query: str, rows: Iterable[Sequence[Any]], /) -> object:
        """Run one statement for each row of parameters, all of them in one go."""
        with self.connection.cursor() as cursor:
            cursor.executemany(_translated(query), rows)
        return None

    def commit(self) -> None:
        """End the transaction: it is on disk when this returns; says so where the connection is lost just then."""
        from psycopg import OperationalError  # noqa: PLC0415 - loaded with the connection

        try:
            self.connection.execute("COMMIT")
        except OperationalError as error:
            msg = (
                f"the connection to `{self.shown}` was lost while a transaction ended: all of it is there or nothing; "
                "look at `goldseam ledger show` before you repeat"
            )
            raise HomeError(msg) from error

    def rollback(self) -> None:
        """End the transaction, if one is under way; a lost connection ended it already."""
        from psycopg import Error, pq  # noqa: PLC0415 - as above

        self._in_transaction = False
        with suppress(Error):
            if self.connection.info.transaction_status != pq.TransactionStatus.IDLE:
                self.connection.execute("ROLLBACK")

    def version(self) -> int:
        """The schema's version, 0 for an empty database."""
        found = self.connection.execute("SELECT to_regclass('schema_version')::text").fetchone()
        if found is None or found[0] is None:
            return 0
        row = self.connection.execute("SELECT version FROM schema_version").fetchone()
        return int(row[0]) if row else 0

    def migrate(self) -> None:
        """Bring the schema up to date in one transaction; of several processes that do so at once, one does it."""
        with self.trouble():
            self.connection.execute("BEGIN")
            try:
                self.connection.execute("SELECT pg_advisory_xact_lock(hashtext('goldseam schema'))")
                version = self.version()
                for script in POSTGRES_MIGRATIONS[version:]:
                    self.connection.execute(script.encode())
                if version < len(POSTGRES_MIGRATIONS):
                    self._renew_rules(version)
                self.commit()
            finally:
                self.rollback()

    def _renew_rules(self, version: int) -> None:
        self.connection.execute(POSTGRES_RULES.encode())
        if version:
            self.remove_guards()
            self.connection.execute("DELETE FROM schema_version")
        self.restore_guards()
        self.connection.execute("INSERT INTO schema_version (version) VALUES (%s)", (len(POSTGRES_MIGRATIONS),))

    def remove_guards(self) -> None:
        """Drop the ledger's triggers, in the caller's transaction."""
        for name in POSTGRES_GUARDS:
            self.connection.execute(f"DROP TRIGGER IF EXISTS {name} ON ledger".encode())

    def restore_guards(self) -> None:
        """Create the ledger's triggers again, in the caller's transaction."""
        for statement in POSTGRES_GUARDS.values():
            self.connection.execute(statement.encode())

    @contextmanager
    def trouble(self) -> Iterator[None]:
        """Turn what PostgreSQL raises into HomeError and what derives from it."""
        from psycopg import Error  # noqa: PLC0415 - as above

        try:
            yield
        except Error as error:
            raise _told(self.shown, self.url, error) from error

    def close(self) -> None:
        """Let go of the connection."""
        self.connection.close()


def connected(url: str, patience: float) -> Connection[tuple[Any, ...]]:
    """A connection that waits `patience` seconds for the server and for a lock; raises HomeError, UsageError."""
    try:
        import psycopg  # noqa: PLC0415 - the driver is slow to import, and an extra
    except ImportError as error:
        raise UsageError("PostgreSQL needs its driver; run `pip install 'goldseam[postgres]'`") from error
    if url.partition("://")[0] not in SCHEMES:
        raise UsageError(
            "a database is named as `postgresql://user@host/name`; correct --database or GOLDSEAM_DATABASE"
        )
    try:
        connection = psycopg.connect(
            url, autocommit=True, connect_timeout=max(2, round(patience)), application_name=session_name()
        )
    except psycopg.Error as error:
        raise _told(shown(url), url, error) from error
    connection.execute(f"SET lock_timeout = {max(1, round(patience * 1000))}".encode())
    connection.execute("SET synchronous_commit = on")
    return connection


def session_name() -> str:
    """How PostgreSQL and whoever waits for a lock see this process."""
    return f"goldseam: process {os.getpid()} on {socket.gethostname()}"[:63]


def shown(url: str) -> str:
    """The address of a database as messages have it: without a password and without options."""
    scheme, _, rest = url.partition("://")
    credentials, at, place = rest.rpartition("@")
    user = credentials.partition(":")[0]
    return f"{scheme}://{user}{at}{place.partition('?')[0]}"


@lru_cache(maxsize=512)
def _translated(query: str) -> bytes:
    """Our `?` as the driver has it."""
    return query.replace("%", "%%").replace("?", "%s").encode()


def _told(name: str, url: str, error: Exception) -> HomeError:
    state = str(getattr(error, "sqlstate", "") or "")
    said = _without_password(url, str(error).strip().split("\n")[0])
    if _RULES.fullmatch(state):
        return RuleBroken(said)
    if state in _LOCKED:
        return HomeLocked(f"another process is writing to `{name}` ({said}); wait for it, or stop it, and repeat")
    if state == _FULL:
        return StorageFull(f"no space is left for `{name}`; nothing was lost: free some and repeat")
    if state == _UNDEFINED_TABLE:
        return HomeError(f"`{name}` holds nothing of goldseam ({said}); run `goldseam database migrate` once")
    return HomeError(f"the database `{name}` cannot be used ({said}); nothing was written: mend it, and repeat")


def _without_password(url: str, text: str) -> str:
    """A driver's message without the password, however it repeats it."""
    credentials = url.partition("://")[2].rpartition("@")[0]
    passwords = [credentials.partition(":")[2], *re.findall(r"[?&]password=([^&]*)", url)]
    for secret in {form for password in passwords for form in (password, unquote(password))} - {""}:
        text = text.replace(secret, "…")
    return text
