"""Scans: what the latest one found about every resource, and how each resource's configuration went."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Protocol

import orjson

from goldseam.assess.context import Fact
from goldseam.assess.evaluate import Finding, Status
from goldseam.audit.record import CheckpointSigner
from goldseam.control import Earlier
from goldseam.decide import Decision
from goldseam.model.errors import MISSHAPEN, UnknownName, Unreadable, in_words
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import ABSENT, Json, canonical, canonical_document, digest, document_digest, restored
from goldseam.ports import GLOBAL, Clock, Gap, Shard
from goldseam.store.database import Database
from goldseam.store.documents import keep_documents
from goldseam.store.seals import Seals

_GONE: Final = digest(ABSENT)
"""What a resource's history says when a scan did not find it any more."""


class Looked(Protocol):
    """One resource with everything that a scan found out about it."""

    @property
    def resource(self) -> Resource:
        """The resource as it was read."""

    @property
    def findings(self) -> Sequence[Finding]:
        """Every control's verdict."""

    @property
    def facts(self) -> Sequence[Fact]:
        """The context."""

    @property
    def decisions(self) -> Sequence[Decision]:
        """What the policies decided on findings that are not a pass."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A finding as it is kept: with the decision on it, the scan that saw it last and since when it has its status.

    `decided` is when the decision was made; empty where there is none, or where it was stored without a time.
    """

    finding: Finding
    decision: Decision | None
    scan: str
    since: str
    decided: str = ""


@dataclass(frozen=True, slots=True)
class ConfigurationVersion:
    """A resource had this configuration from then on; `hash` names the document, or is `GONE`."""

    at: str
    scan: str
    hash: str

    @property
    def gone(self) -> bool:
        """Whether the resource was not found any more."""
        return self.hash == _GONE


class Scans:
    """Saves what scans find, a shard at a time and each shard in one transaction, and tells the latest of it."""

    def __init__(self, database: Database, clock: Clock, signer: CheckpointSigner) -> None:
        self._database = database
        self._clock = clock
        self._seals = Seals(database, signer)

    def begin(self, account: str) -> str:
        """Note that a scan of an account has begun; its id."""
        scan = f"s-{os.urandom(6).hex()}"
        with self._database.writing() as connection:
            connection.execute("INSERT INTO scan (id, account, started) VALUES (?, ?, ?)", (scan, account, self._now()))
        return scan

    def end(self, scan: str, counts: Mapping[str, Json]) -> None:
        """Note that a scan has ended, and what it counted."""
        with self._database.writing() as connection:
            ended = (self._now(), canonical_document(counts).decode(), scan)
            connection.execute("UPDATE scan SET ended = ?, counts = ? WHERE id = ?", ended)

    def save(
        self,
        scan: str,
        shard: Shard,
        kinds: Collection[str],
        seen: Iterable[Looked],
        gaps: Sequence[Gap] = (),
        regions: Sequence[str] = (),
    ) -> None:
        """Keep what a scan found in a shard in place of what was known of it.

        `kinds` are those that were asked for: resources of them that were not seen are gone, unless their listing
        failed (a gap): then they stay, and their findings become `unknown`. The `global` shard holds resources of
        every region, or of the `regions` that the scan was limited to. Findings of controls that were not asked this
        time stay as they are.
        """
        place = _Place.of(shard, regions)
        with self._database.writing() as connection:
            found = _keep_seen(connection, scan, self._now(), seen)
            self._seals.keep(connection, scan, self._clock.now(), found)
            failed = {gap.kind for gap in gaps}
            for kind in sorted(set(kinds) - failed):
                _drop_unseen(connection, scan, self._now(), place, kind)
            _keep_gaps(connection, scan, shard, place, gaps)

    def update(self, scan: str, *seen: Looked) -> None:
        """Keep what is known of resources, after a repair, an event or other policies, in one transaction."""
        with self._database.writing() as connection:
            _keep_seen(connection, scan, self._now(), seen)

    def findings(self, *, status: str | None = None, control: str | None = None) -> Iterator[Kept]:
        """The latest findings, by id; all of them, or those with a status or of a control."""
        given = {name: value for name, value in (("status", status), ("control", control)) if value is not None}
        where = "".join(f"{name} = ? AND " for name in given)
        query = f"SELECT {_KEPT} FROM finding WHERE {where}id > ? ORDER BY id LIMIT ?"  # noqa: S608 - fixed names
        return map(self._kept, self._database.pages(query, *given.values(), after=""))

    def finding(self, name: str) -> Kept:
        """The finding of that id; raises UnknownName with the nearest ones."""
        row = self._database.row(f"SELECT {_KEPT} FROM finding WHERE id = ?", (name,))  # noqa: S608 - fixed names
        if row is None:
            known = self._database.rows("SELECT id FROM finding WHERE status <> 'pass' LIMIT 10000")
            raise UnknownName("finding", name, (item for (item,) in known))
        return self._kept(row)

    def _kept(self, row: Sequence[Any]) -> Kept:
        """A finding with its decision; one that cannot be understood is unknown, and says so."""
        name, body, decision, scan, since, control, key = row
        try:
            stored = orjson.loads(decision) if decision else {}
            held = Decision.from_json(stored) if stored else None
            return Kept(Finding.from_json(orjson.loads(body)), held, scan, since, str(stored.get("at", "")))
        except MISSHAPEN as error:
            because = f"the stored finding cannot be read ({in_words(error)}); scan again"
            found = self._database.row(f"SELECT {_PLACED} FROM resource WHERE key = ?", (key,))  # noqa: S608 - fixed names
            ref = _placed(found) if found else Ref("", "", "", key, key)
            return Kept(Finding(name, control, ref, Status.UNKNOWN, because), None, scan, since)

    def resource(self, ref: Ref) -> tuple[Resource, tuple[Fact, ...]]:
        """A resource as the latest scan read it, and the facts about it; raises UnknownName, Unreadable."""
        query = "SELECT body, facts FROM resource JOIN document USING (hash) WHERE key = ?"
        row = self._database.row(query, (_key(ref),))
        if row is None:
            raise UnknownName("resource", ref.address, ())
        try:
            document = {"ref": ref.to_json(), **orjson.loads(row[0])}
            return Resource.from_json(document), tuple(Fact.from_json(item) for item in orjson.loads(row[1]))
        except MISSHAPEN as error:
            msg = f"what is stored of `{ref}` cannot be read ({in_words(error)}); scan again"
            raise Unreadable(msg) from error

    def resources(self, *, kind: str | None = None) -> Iterator[Ref]:
        """What the latest scans found, all of it or of one kind."""
        where, given = ("kind = ? AND ", (kind,)) if kind else ("", ())
        query = f"SELECT key, {_PLACED} FROM resource WHERE {where}key > ? ORDER BY key LIMIT ?"  # noqa: S608 - fixed names
        return (_placed(row[1:]) for row in self._database.pages(query, *given, after=""))

    def named(self, address: str) -> tuple[Ref, ...]:
        """The resources with that address."""
        query = f"SELECT {_PLACED} FROM resource WHERE address = ?"  # noqa: S608 - fixed names
        return tuple(map(_placed, self._database.rows(query, (address,))))

    def history(self, ref: Ref) -> tuple[ConfigurationVersion, ...]:
        """How a resource's configuration went, oldest first; one line for each change."""
        rows = self._database.rows("SELECT at, scan, hash FROM history WHERE key = ? ORDER BY rowid", (_key(ref),))
        return tuple(ConfigurationVersion(*row) for row in rows)

    def earlier(self, ref: Ref) -> tuple[Earlier, ...]:
        """How earlier scans found a resource, oldest first, each with the time at which the last such scan began.

        The time is None where nothing signed tells it: the scan was an hour ago, or somebody wrote into the database.
        What cannot be understood, or is not what its hash says, is a reading without facets.
        """
        rows = self._database.rows(_EARLIER, (_key(ref),))
        began = self._seals.began(_key(ref)) if rows else {}
        return tuple(_earlier(began.get(hashed), hashed, body) for hashed, body in rows)

    def gaps(self) -> tuple[Gap, ...]:
        """The listings that failed when they were last tried."""
        rows = self._database.rows("SELECT kind, account, region, reason FROM gap ORDER BY account, region, kind")
        return tuple(Gap(kind, Shard(account, region), reason) for kind, account, region, reason in rows)

    def scans(self) -> tuple[Mapping[str, Json], ...]:
        """The scans, newest first: id, account, started, ended and counts."""
        rows = self._database.rows("SELECT id, account, started, ended, counts FROM scan ORDER BY rowid DESC")
        names = ("id", "account", "started", "ended", "counts")
        return tuple(
            {**dict(zip(names, row, strict=True)), "counts": orjson.loads(row[4]) if row[4] else None} for row in rows
        )

    def _now(self) -> str:
        return self._clock.now().isoformat()


_KEPT: Final = "id, body, decision, scan, since, control, resource"
_PLACED: Final = "ref, kind, account, region, address"
_EARLIER: Final = (
    "SELECT history.hash, body FROM history JOIN document USING (hash) WHERE key = ? ORDER BY history.rowid"
)


def _key(ref: Ref) -> str:
    return document_digest(ref.to_json())[:32]


def _earlier(began: datetime | None, hashed: str, body: bytes) -> Earlier:
    """One line of a resource's history as a reading."""
    if hashed == _GONE:
        return Earlier(began, {}, there=False)
    try:
        held = orjson.loads(body)["facets"] if sha256(body).hexdigest() == hashed else {}
        return Earlier(began, {name: restored(item) for name, item in held.items()})
    except MISSHAPEN:
        return Earlier(began, {})


def _placed(row: Sequence[Any]) -> Ref:
    """The reference of a row; by its other columns, where the reference itself cannot be understood."""
    written, kind, account, region, address = row
    try:
        return Ref.from_json(orjson.loads(written))
    except MISSHAPEN:
        return Ref(kind, account, region, address, address)


def _keep_seen(connection: sqlite3.Connection, scan: str, now: str, seen: Iterable[Looked]) -> dict[str, str]:
    """The hash of each resource's configuration, by the resource's key."""
    found: dict[str, str] = {}
    for looked in seen:
        key, body = _key(looked.resource.ref), _configuration(looked.resource)
        hashed = sha256(body).hexdigest()
        keep_documents(connection, [(hashed, body)])
        _note_change(connection, key, hashed, now, scan)
        _keep_resource(connection, key, hashed, scan, looked)
        _keep_findings(connection, key, scan, now, looked)
        found[key] = hashed
    return found


def _configuration(resource: Resource) -> bytes:
    return canonical_document({name: item for name, item in resource.to_json().items() if name != "ref"})


def _note_change(connection: sqlite3.Connection, key: str, hashed: str, now: str, scan: str) -> None:
    newest = "SELECT hash FROM history WHERE key = ? ORDER BY rowid DESC LIMIT 1"
    if connection.execute(newest, (key,)).fetchone() != (hashed,):
        row = (key, now, scan, hashed)
        connection.execute("INSERT INTO history (key, at, scan, hash) VALUES (?, ?, ?, ?)", row)


def _keep_resource(connection: sqlite3.Connection, key: str, hashed: str, scan: str, looked: Looked) -> None:
    ref = looked.resource.ref
    facts = canonical_document([fact.to_json() for fact in looked.facts]).decode()
    written = canonical_document(ref.to_json()).decode()
    connection.execute(
        "INSERT INTO resource (key, kind, account, region, address, ref, hash, scan, facts)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE"
        " SET hash = excluded.hash, scan = excluded.scan, facts = excluded.facts",
        (key, ref.kind, ref.account, ref.region, ref.address, written, hashed, scan, facts),
    )


def _keep_findings(connection: sqlite3.Connection, key: str, scan: str, now: str, looked: Looked) -> None:
    """The findings on a resource; `since` stays while the status does."""
    decisions = {item.finding: canonical_document({**item.to_json(), "at": now}).decode() for item in looked.decisions}
    connection.executemany(
        "INSERT INTO finding (id, resource, control, status, scan, since, body, decision)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET scan = excluded.scan, body = excluded.body,"
        " decision = excluded.decision, status = excluded.status,"
        " since = CASE WHEN finding.status = excluded.status THEN finding.since ELSE excluded.since END",
        [
            (item.id, key, item.control, str(item.status), scan, now, canonical_document(item.to_json()).decode(),
             decisions.get(item.id))
            for item in looked.findings
        ],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Place:
    """Which rows of the resources a shard speaks of, as a condition and its parameters."""

    where: str
    given: tuple[str, ...]

    @classmethod
    def of(cls, shard: Shard, regions: Sequence[str]) -> _Place:
        """One region; or, for what an account lists once, all regions or those that were asked for."""
        named = (shard.region,) if shard.region != GLOBAL else (*regions, GLOBAL) if regions else ()
        if not named:
            return cls("account = ?", (shard.account,))
        return cls(f"account = ? AND region IN ({', '.join('?' * len(named))})", (shard.account, *named))


def _drop_unseen(connection: sqlite3.Connection, scan: str, now: str, place: _Place, kind: str) -> None:
    given = (*place.given, kind, scan)
    where = f"{place.where} AND kind = ? AND scan <> ?"
    gone = connection.execute(f"SELECT key FROM resource WHERE {where}", given).fetchall()  # noqa: S608 - fixed text
    if gone:
        keep_documents(connection, [(_GONE, canonical(ABSENT))])
        rows = [(key, now, scan, _GONE) for (key,) in gone]
        connection.executemany("INSERT INTO history (key, at, scan, hash) VALUES (?, ?, ?, ?)", rows)
        connection.execute(f"DELETE FROM resource WHERE {where}", given)  # noqa: S608 - fixed text


def _keep_gaps(connection: sqlite3.Connection, scan: str, shard: Shard, place: _Place, gaps: Sequence[Gap]) -> None:
    """Replace the shard's gaps; what was known of a kind that could not be listed is unknown now (law 5)."""
    here = (shard.account, shard.region)
    connection.execute("DELETE FROM gap WHERE account = ? AND region = ?", here)
    for gap in {gap.kind: gap for gap in reversed(gaps)}.values():
        connection.execute(
            "INSERT INTO gap (account, region, kind, scan, reason) VALUES (?, ?, ?, ?, ?)",
            (*here, gap.kind, scan, gap.reason),
        )
        connection.execute(
            "UPDATE finding SET status = 'unknown', scan = ?, decision = NULL, body = CASE"  # noqa: S608 - fixed text
            " WHEN json_valid (body) THEN json_set (body, '$.status', 'unknown', '$.because', ?, '$.changes',"
            " json ('{}'), '$.state', '') ELSE body END WHERE resource IN"
            f" (SELECT key FROM resource WHERE {place.where} AND kind = ? AND scan <> ?)",
            (scan, f"the listing failed: {gap.reason}", *place.given, gap.kind, scan),
        )
