"""The ledger in the database: each entry carries the hash of the one before, and is on disk when `append` returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

import orjson

from goldseam.audit.chain import CHECKPOINT, RESEAL, SIGNED_KINDS, START, Break, entry_hash
from goldseam.audit.record import Verified, checkpoint_body, verified_chain
from goldseam.model.errors import AlreadyDone, ClaimLost, GoldseamError, HomeError, UsageError
from goldseam.model.values import Json, canonical_document
from goldseam.ports import Clock, Entry
from goldseam.repair.recall import Restraints
from goldseam.store.database import Database
from goldseam.store.engine import RuleBroken
from goldseam.store.kept import KeptCheckpoints
from goldseam.store.projection import Projection
from goldseam.store.reading import VerifiedReading, json_object, ledger_rows
from goldseam.store.signing import SigningKey


class DatabaseLedger:
    """Implements `ports.Ledger`; any number of threads and processes may append at once."""

    def __init__(self, database: Database, clock: Clock, key: SigningKey) -> None:
        self._database = database
        self._clock = clock
        self._key = key
        self._columns = f"seq, at, kind, {database.engine.body}, previous, hash"
        self._kept = KeptCheckpoints(database.folder)
        self._projection = Projection()
        self._reading = VerifiedReading(database, key, self._kept)

    def append(self, kind: str, body: Mapping[str, Json]) -> Entry:
        """Write one entry; raises StorageFull or HomeLocked, and then nothing was written."""
        return self.claim(body["plan"], body) if kind == "repair" else self._written(kind, body)

    def claim(self, plan_id: str, body: Mapping[str, Json], *, check: Callable[[], None] | None = None) -> Entry:
        """Write a `repair` entry under the plan's next epoch, if `check` does not raise; raises AlreadyDone."""
        with self._database.writing(appending=True):
            epoch, stands = self._epoch(plan_id)
            if stands:
                raise AlreadyDone(_CLAIMED.format(plan_id))
            if check is not None:
                check()
            return self._written("repair", {**body, "plan": plan_id, "epoch": epoch + 1})

    def take_over(self, plan_id: str, body: Mapping[str, Json]) -> Entry:
        """Begin the next epoch of a standing claim; raises ClaimLost where none stands."""
        with self._database.writing(appending=True):
            epoch, stands = self._epoch(plan_id)
            if not stands:
                msg = f"plan `{plan_id}` has no claim to take over; nothing was written"
                raise ClaimLost(msg)
            return self._written("takeover", {**body, "plan": plan_id, "epoch": epoch + 1})

    def append_under(self, epoch: int, kind: str, body: Mapping[str, Json]) -> Entry:
        """Write one entry under an epoch of its plan's claim; raises ClaimLost, and then nothing was written."""
        with self._database.writing(appending=True):
            if self._epoch(body["plan"]) != (epoch, True):
                raise ClaimLost(_LOST.format(body["plan"]))
            return self._written(kind, {**body, "epoch": epoch})

    def _epoch(self, plan_id: str) -> tuple[int, bool]:
        """The newest epoch of a plan, 0 before the first, and whether its claim stands."""
        row = self._database.row(
            f"SELECT kind, {self._database.engine.body} FROM ledger"  # noqa: S608 - fixed names
            " WHERE plan = ? AND kind IN ('repair', 'takeover', 'release') ORDER BY seq DESC LIMIT 1",
            (plan_id,),
        )
        return (json_object(row[1]).get("epoch", 1), row[0] != "release") if row else (0, False)

    def last(self) -> Entry | None:
        """The newest entry, for a checkpoint to name."""
        row = self._database.row(f"SELECT {self._columns} FROM ledger ORDER BY seq DESC LIMIT 1")  # noqa: S608 - fixed names
        return _entry(row) if row else None

    def _written(self, kind: str, body: Mapping[str, Json]) -> Entry:
        """Write one entry; with a signature of its own behind it in the same transaction where its kind has one."""
        with self._database.writing(appending=True):
            entry = self._inserted(kind, body)
            signs = entry
            if kind in SIGNED_KINDS:
                signs = self._inserted(CHECKPOINT, checkpoint_body(entry.seq, entry.hash, self._key, kind))
            if signs.kind == CHECKPOINT:
                keep = self._kept.renew if kind == RESEAL else partial(self._kept.keep, holds=self._holds)
                self._database.once_written(partial(keep, signs))
        return entry

    def _inserted(self, kind: str, body: Mapping[str, Json]) -> Entry:
        text = canonical_document(body).decode()
        document = orjson.loads(text)
        with self._database.writing(appending=True) as connection:
            last = connection.execute("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1").fetchone()
            seq, previous = (last[0] + 1, last[1]) if last else (1, START)
            at = self._clock.now().isoformat()
            hashed = entry_hash(seq, at, kind, document, previous)
            self._insert((seq, at, kind, document.get("plan"), text, previous, hashed))
            entry = Entry(seq, at, kind, document, previous, hashed)
            self._projection.note(connection, entry)
        return entry

    def _insert(self, row: tuple[Any, ...]) -> None:
        try:
            with self._database.writing(appending=True) as connection:
                connection.execute(
                    "INSERT INTO ledger (seq, at, kind, plan, body, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?)", row
                )
        except RuleBroken as error:
            raise _broken_rule(error, row[3]) from error

    def _holds(self, entry: Entry) -> bool:
        return self._database.row("SELECT hash FROM ledger WHERE seq = ?", (entry.seq,)) == (entry.hash,)

    def entries(
        self, *, kind: str | None = None, plan: str | None = None, since: datetime | None = None
    ) -> Iterator[Entry]:
        """The entries in order, all of them or of one kind or about one plan; as they are there, verified or not."""
        return map(_entry, ledger_rows(self._database, self._columns, kind=kind, plan=plan, since=since))

    def verified(
        self, *, kind: str | None = None, plan: str | None = None, since: datetime | None = None
    ) -> Iterator[Entry]:
        """The entries that are as they were written: what permits something is read here and nowhere else.

        An approval is left out when the ledger is broken, or was resealed, after it: its rejection may be missing.
        """
        return self._reading.entries(kind=kind, plan=plan, since=since)

    def restraints(self) -> Restraints:
        """What the ledger comes to that restrains, as it was kept with each append; built again where it was not."""
        if not self._projection.is_of(self._database, self.last()):
            with self._database.writing(appending=True) as connection:
                if not self._projection.is_of(self._database, self.last()):
                    self._projection.rebuild(connection, self)
        return self._projection.read(self._database)

    def require_whole(self) -> None:
        """Raise LedgerBroken when the chain is broken and not resealed; new repairs start on a whole one only."""
        self._reading.require_whole()

    def breaks(self) -> tuple[Break, ...]:
        """Where the chain is broken and not resealed."""
        return self._reading.breaks()

    def verify(self) -> Verified | None:
        """What the ledger holds, None when nothing was recorded yet; raises LedgerBroken."""
        self._reading.require_whole()
        chain = self._reading.chain()
        return verified_chain(chain) if chain.length else None

    def reseal(self, by: str, because: str) -> Entry:
        """Accept a broken ledger as it is: record what is broken, and start a signed segment.

        Raises UsageError when nothing is broken.
        """
        with self._database.writing(appending=True):
            found = self._reading.breaks()
            if not found:
                raise UsageError("the ledger is whole; there is nothing to reseal")
            last = self.last()
            body = {"by": by, "because": because, "broken": [item.to_json() for item in found]}
            return self._written(RESEAL, {**body, "head": last.hash if last else START})


_CLAIMED: Final = "plan `{}` was executed before; make a new plan if it is needed again"
_LOST: Final = "another process took plan `{}` over, or its claim was released; nothing was written, nothing is sent"


def _broken_rule(error: RuleBroken, plan_id: str) -> GoldseamError:
    """Which rule of the ledger's table an entry broke."""
    text = str(error)
    if "ledger_claim" in text or "a claim of the plan stands" in text:
        return AlreadyDone(_CLAIMED.format(plan_id))
    if "newer epoch" in text:
        return ClaimLost(_LOST.format(plan_id))
    return HomeError(f"the ledger refused an entry ({text}); nothing was written: run `goldseam ledger verify`")


def _entry(row: tuple[Any, ...]) -> Entry:
    seq, at, kind, text, previous, hashed = row
    return Entry(seq, at, kind, json_object(text), previous, hashed)
