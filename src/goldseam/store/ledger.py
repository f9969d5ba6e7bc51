"""The ledger in SQLite: each entry carries the hash of the one before, and is on disk when `append` returns."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import orjson

from goldseam.errors import AlreadyDone, ClaimLost, GoldseamError, HomeError
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

    def claim(self, plan_id: str, body: Mapping[str, Json], *, check: Callable[[], None] | None = None) -> Entry:
        """Write a `repair` entry under the plan's next epoch, if `check` does not raise; raises AlreadyDone."""
        with self._database.writing():
            epoch, stands = self._epoch(plan_id)
            if stands:
                raise AlreadyDone(_CLAIMED.format(plan_id))
            if check is not None:
                check()
            return self._written("repair", {**body, "plan": plan_id, "epoch": epoch + 1})

    def take_over(self, plan_id: str, body: Mapping[str, Json]) -> Entry:
        """Begin the next epoch of a standing claim; raises ClaimLost where none stands."""
        with self._database.writing():
            epoch, stands = self._epoch(plan_id)
            if not stands:
                msg = f"plan `{plan_id}` has no claim to take over; nothing was written"
                raise ClaimLost(msg)
            return self._written("takeover", {**body, "plan": plan_id, "epoch": epoch + 1})

    def append_under(self, epoch: int, kind: str, body: Mapping[str, Json]) -> Entry:
        """Write one entry under an epoch of its plan's claim; raises ClaimLost, and then nothing was written."""
        with self._database.writing():
            if self._epoch(body["plan"]) != (epoch, True):
                raise ClaimLost(_LOST.format(body["plan"]))
            return self._written(kind, {**body, "epoch": epoch})

    def _epoch(self, plan_id: str) -> tuple[int, bool]:
        """The newest epoch of a plan, 0 before the first, and whether its claim stands."""
        row = self._database.row(
            "SELECT kind, coalesce(json_extract(body, '$.epoch'), 1) FROM ledger"
            " WHERE plan = ? AND kind IN ('repair', 'takeover', 'release') ORDER BY seq DESC LIMIT 1",
            (plan_id,),
        )
        return (row[1], row[0] != "release") if row else (0, False)

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
            try:
                connection.execute(
                    "INSERT INTO ledger (seq, at, kind, plan, body, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (seq, at, kind, document.get("plan"), text, previous, hashed),
                )
            except sqlite3.IntegrityError as error:
                raise _broken_rule(error, document.get("plan")) from error
        return Entry(seq, at, kind, document, previous, hashed)

    def entries(self, *, kind: str | None = None, plan: str | None = None) -> Iterator[Entry]:
        """The entries in order, all of them or of one kind or about one plan."""
        wanted = {"kind": kind, "plan": plan}
        given = {name: value for name, value in wanted.items() if value is not None}
        where = "".join(f"{name} = ? AND " for name in given)
        query = f"SELECT {_COLUMNS} FROM ledger WHERE {where}seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 - fixed names
        return map(_entry, self._database.pages(query, *given.values(), after=0))


_CLAIMED: Final = "plan `{}` was executed before; make a new plan if it is needed again"
_LOST: Final = "another process took plan `{}` over, or its claim was released; nothing was written, nothing is sent"


def _broken_rule(error: sqlite3.IntegrityError, plan_id: str) -> GoldseamError:
    """Which rule of the ledger's table an entry broke."""
    text = str(error)
    if "ledger_claim" in text or "a claim of the plan stands" in text:
        return AlreadyDone(_CLAIMED.format(plan_id))
    if "newer epoch" in text:
        return ClaimLost(_LOST.format(plan_id))
    return HomeError(f"the ledger refused an entry ({text}); nothing was written: run `goldseam ledger verify`")


def _entry(row: tuple[Any, ...]) -> Entry:
    seq, at, kind, body, previous, hashed = row
    return Entry(seq, at, kind, orjson.loads(body), previous, hashed)
