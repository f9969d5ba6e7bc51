"""The ledger in SQLite: each entry carries the hash of the one before, and is on disk when `append` returns."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from goldseam.errors import AlreadyDone
from goldseam.ports import Clock, Entry
from goldseam.record import START, entry_hash
from goldseam.store.database import Database
from goldseam.values import Json, canonical_document

_COLUMNS = "seq, at, kind, body, previous, hash"


class SqliteLedger:
    """Implements `ports.Ledger`; any number of threads and processes may append at once."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def append(self, kind: str, body: Mapping[str, Json]) -> Entry:
        """Write one entry; raises StorageFull or HomeLocked, and then nothing was written."""
        return self.claim(body["plan"], body) if kind == "repair" else self._written(kind, body)

    def claim(self, plan_id: str, body: Mapping[str, Json]) -> Entry:
        """Write the one `repair` entry that a plan can have; raises AlreadyDone when it has one."""
        try:
            return self._written("repair", {**body, "plan": plan_id})
        except sqlite3.IntegrityError as error:
            msg = f"plan `{plan_id}` was executed before; make a new plan if it is needed again"
            raise AlreadyDone(msg) from error

    def last(self) -> Entry | None:
        """The newest entry, for a checkpoint to name."""
        row = self._database.row(f"SELECT {_COLUMNS} FROM ledger ORDER BY seq DESC LIMIT 1")  # noqa: S608 - fixed names
        return _entry(row) if row else None

    def _written(self, kind: str, body: Mapping[str, Json]) -> Entry:
        text = canonical_document(body).decode()
        document = orjson.loads(text)
        with self._database.writing() as connection:
            last = connection.execute("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1").fetchone()
            seq, previous = (last[0] + 1, last[1]) if last else (1, START)
            at = self._clock.now().isoformat()
            hashed = entry_hash(seq, at, kind, document, previous)
            connection.execute(
                "INSERT INTO ledger (seq, at, kind, plan, body, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (seq, at, kind, document.get("plan"), text, previous, hashed),
            )
        return Entry(seq, at, kind, document, previous, hashed)

    def entries(self, *, kind: str | None = None, plan: str | None = None) -> Iterator[Entry]:
        """The entries in order, all of them or of one kind or about one plan."""
        wanted = {"kind": kind, "plan": plan}
        given = {name: value for name, value in wanted.items() if value is not None}
        where = "".join(f"{name} = ? AND " for name in given)
        query = f"SELECT {_COLUMNS} FROM ledger WHERE {where}seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 - fixed names
        return map(_entry, self._database.pages(query, *given.values(), after=0))


def _entry(row: tuple[Any, ...]) -> Entry:
    seq, at, kind, body, previous, hashed = row
    return Entry(seq, at, kind, orjson.loads(body), previous, hashed)
