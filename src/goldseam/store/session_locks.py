"""Locks of a PostgreSQL session: each dies with its connection, and says which process holds it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Final

from goldseam.model.errors import HomeLocked
from goldseam.store.postgres import PostgresEngine

_KEY: Final = "hashtext('goldseam lock ' || current_schema()), %s"
_PATIENCE: Final = 10.0


class SessionLocks:
    """Implements `ports.Locks` by advisory locks on a connection of their own, opened when the first is held."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._turn = threading.RLock()
        self._engine: PostgresEngine | None = None
        self._held: set[str] = set()

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Hold the named lock; raises HomeLocked, naming the process, when another process or thread does."""
        with self._turn:
            holder = self._taken(name)
        if holder:
            msg = f"{holder} is working on `{name}`; wait for it, or stop it and run `goldseam resume`"
            raise HomeLocked(msg)
        try:
            yield
        finally:
            with self._turn:
                self._let_go(name)

    def _taken(self, name: str) -> str:
        """Take a lock, or say who holds it: a session may hold its own locks twice, so threads are kept apart here."""
        engine = self._opened()
        if name in self._held:
            return _readable(engine.connection.info.parameter_status("application_name") or "")
        with engine.trouble():
            row = engine.connection.execute(
                f"SELECT pg_try_advisory_lock({_KEY})".encode(), (_number(name),)
            ).fetchone()
            if row == (True,):
                self._held.add(name)
                return ""
            holder = _holder(engine, name)
        self._close_if_idle()
        return holder

    def _opened(self) -> PostgresEngine:
        """The connection; a new one where it was lost, and then the locks that it held are lost as well."""
        if self._engine is None or self._engine.connection.closed:
            self._held.clear()
            self._engine = PostgresEngine(self._url, _PATIENCE)
        return self._engine

    def _let_go(self, name: str) -> None:
        """Let go of a lock, and of the connection with the last one; a lost connection has let go already."""
        engine = self._engine
        if engine is None or name not in self._held:
            return
        self._held.discard(name)
        if self._held and not engine.connection.closed:
            with engine.trouble():
                engine.connection.execute(f"SELECT pg_advisory_unlock({_KEY})".encode(), (_number(name),))
        self._close_if_idle()

    def _close_if_idle(self) -> None:
        if self._engine is not None and not self._held:
            self._engine.close()
            self._engine = None


def _number(name: str) -> int:
    """The 32 bits that stand for a name."""
    return int.from_bytes(sha256(name.encode()).digest()[:4], "big", signed=True)


def _holder(engine: PostgresEngine, name: str) -> str:
    found = engine.connection.execute(
        b"SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)"
        b" WHERE locktype = 'advisory' AND granted"
        b" AND classid = hashtext('goldseam lock ' || current_schema())::bigint::bit(32)::bigint::oid"
        b" AND objid = (%s)::bigint::bit(32)::bigint::oid",
        (_number(name),),
    ).fetchone()
    return _readable(found[0] if found else "")


def _readable(application: str) -> str:
    return application.removeprefix("goldseam: ") or "another process"
