"""The ledger as far as it verifies: walked once in a process, then followed as it grows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

import orjson

from goldseam.audit.chain import CHECKPOINT, RESEAL, Break, Chain, Link
from goldseam.model.errors import LedgerBroken
from goldseam.model.values import Json
from goldseam.ports import Entry
from goldseam.store.database import Database
from goldseam.store.kept import KeptCheckpoints
from goldseam.store.signing import SigningKey

_APPROVAL: Final = "approval"
_EMPTIED: Final = "the ledger is empty beside its signing key: its entries were removed"
_NUMBERS: Final = "the ledger has entries whose numbers are none"


class VerifiedReading:
    """Hands out the entries that are as they were written, and knows where the chain is broken."""

    def __init__(self, database: Database, key: SigningKey, kept: KeptCheckpoints) -> None:
        self._database, self._key, self._kept = database, key, kept
        self._columns = f"seq, at, kind, {database.engine.body}, previous, hash, plan, {database.engine.is_text}"
        self._chain: Chain | None = None
        self._outside: tuple[Break, ...] = ()
        self._cut_at: datetime | None = None

    def entries(self, *, kind: str | None, plan: str | None, since: datetime | None) -> Iterator[Entry]:
        """The entries that verify, in order; each is hashed again as it is handed out."""
        chain = self.chain()
        for row in ledger_rows(self._database, self._columns, kind=kind, plan=plan, since=since):
            link = _link(row)
            if link.seq > chain.last_seq:
                chain = self.chain()
            if chain.trusts(link) and not (link.kind == _APPROVAL and self._may_be_revoked(link, chain)):
                yield Entry(link.seq, link.at, link.kind, orjson.loads(row[3]), link.previous, link.hash)

    def _may_be_revoked(self, link: Link, chain: Chain) -> bool:
        """An approval before a break: a rejection may be among what is missing, so it has to be given again."""
        cut = self._cut_at is not None and datetime.fromisoformat(link.at) <= self._cut_at
        return cut or link.seq < chain.unsure_until

    def breaks(self) -> tuple[Break, ...]:
        """Where the ledger is broken, and no reseal has accepted it."""
        chain = self.chain()
        return (*chain.breaks(), *self._outside)

    def require_whole(self) -> None:
        """Raise LedgerBroken when the ledger is broken."""
        if found := self.breaks():
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            msg = (
                f"the ledger is broken: {found[0].problem}{more}; no new repair starts: restore the ledger from a "
                "copy, or accept it as it is by `goldseam ledger reseal -m <why>`"
            )
            raise LedgerBroken(msg)

    def chain(self) -> Chain:
        """The chain up to the newest entry."""
        with self._database.alone():
            kept, problem = self._kept_now()
            chain = self._current()
            for row in ledger_rows(self._database, self._columns, after=chain.last_seq):
                chain.add(_link(row))
            missing = [item for item in kept if not chain.holds(item.seq, item.hash)]
            self._cut_at = max((datetime.fromisoformat(item.at) for item in missing), default=None)
            self._outside = (*problem, *map(_missing, missing), *self._empty_or_odd(chain, missing))
            return chain

    def _current(self) -> Chain:
        """The chain as far as it was followed; a new one when anything of that is not there any more."""
        count, last = self._database.row("SELECT count(*), coalesce(max(seq), 0) FROM ledger") or (0, 0)
        public, chain = self._key.public, self._chain
        if chain is not None and chain.public_key == public and chain.length + last - chain.last_seq == count:
            row = self._database.row("SELECT hash FROM ledger WHERE seq = ?", (chain.last_seq,))
            if not chain.length or (row is not None and row[0] == chain.last_hash):
                return chain
        self._chain = Chain(public, signed_from_start=self._database.number("first_format") > 1)
        return self._chain

    def _kept_now(self) -> tuple[tuple[Entry, ...], tuple[Break, ...]]:
        try:
            return self._kept.read(), ()
        except LedgerBroken as error:
            return (), (Break(0, str(error)),)

    def _empty_or_odd(self, chain: Chain, missing: list[Entry]) -> Iterator[Break]:
        if not chain.length and not missing and chain.public_key:
            yield Break(0, _EMPTIED)
        if self._database.row("SELECT 1 FROM ledger WHERE seq < 1 LIMIT 1"):
            yield Break(0, _NUMBERS)


def ledger_rows(
    database: Database,
    columns: str,
    *,
    kind: str | None = None,
    plan: str | None = None,
    after: int = 0,
    since: datetime | None = None,
) -> Iterator[tuple[Any, ...]]:
    """The rows of the ledger in order, all of them or of one kind or about one plan; `columns` begin with `seq`.

    With `since` those that were written later than that, found by the index on kind and time.
    """
    if since is not None:
        yield from _recent_rows(database, columns, kind, plan, since)
        return
    given = {name: value for name, value in (("kind", kind), ("plan", plan)) if value is not None}
    where = "".join(f"{name} = ? AND " for name in given)
    query = f"SELECT {columns} FROM ledger WHERE {where}seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 - fixed names
    yield from database.pages(query, *given.values(), after=after)


def _recent_rows(
    database: Database, columns: str, kind: str | None, plan: str | None, since: datetime
) -> Iterator[tuple[Any, ...]]:
    given = {name: value for name, value in (("kind", kind), ("plan", plan)) if value is not None}
    where = "".join(f"{name} = ? AND " for name in given)
    query = f"SELECT {columns} FROM ledger WHERE {where}at > ? ORDER BY at, seq"  # noqa: S608 - fixed names
    rows = database.rows(query, (*given.values(), since.astimezone(UTC).isoformat()))
    yield from sorted(rows, key=lambda row: int(row[0]))


def json_object(text: object) -> Mapping[str, Json]:
    """The JSON object in a body; empty where somebody altered it into what is none."""
    try:
        held = orjson.loads(text) if isinstance(text, bytes) else None
    except orjson.JSONDecodeError:
        held = None
    return held if isinstance(held, dict) else {}


def _missing(kept: Entry) -> Break:
    told = f"the checkpoint {kept.seq} of {kept.at} that was kept beside the key is not in it: its end was cut off"
    return Break(0, f"{told}, or written anew")


def _link(row: tuple[Any, ...]) -> Link:
    seq, at, kind, body, previous, hashed, plan, is_text = row
    text = body if isinstance(body, bytes) else b""
    held, consistent = _held(text, plan) if is_text else ({}, False)
    held = held if consistent and kind in (CHECKPOINT, RESEAL) else None
    return Link(seq, at, kind, sha256(text).hexdigest(), previous, hashed, held, bool(consistent))


def _held(text: bytes, plan: object) -> tuple[Mapping[str, Json] | None, bool]:
    """The object in a body, and whether the plan that the table keeps beside it is the one that the body names."""
    try:
        held = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None, False
    named = held.get("plan") if isinstance(held, dict) else None
    return (held if isinstance(held, dict) else {}), named == plan
