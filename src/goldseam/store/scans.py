"""Scans: what the latest one found about every resource, and how each resource's configuration went."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import orjson

from goldseam.assess.context import Fact
from goldseam.assess.evaluate import Finding, Status
from goldseam.audit.record import CheckpointSigner
from goldseam.control import Earlier
from goldseam.decide import Decision
from goldseam.model.errors import MISSHAPEN, UnknownName, Unreadable, in_words
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json, canonical_document, restored
from goldseam.ports import Clock, Gap, Shard
from goldseam.store.database import Database
from goldseam.store.filters import FindingFilter
from goldseam.store.saving import (
    GONE,
    Looked,
    Place,
    cloud_of,
    drop_unseen,
    keep_gaps,
    keep_rows,
    key_of,
    portions,
    row_of,
)
from goldseam.store.seals import Seals


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
        return self.hash == GONE


class Scans:
    """Saves what scans find, a shard at a time and in short transactions, and tells the latest of it."""

    def __init__(self, database: Database, clock: Clock, signer: CheckpointSigner) -> None:
        self._database = database
        self._clock = clock
        self._seals = Seals(database, signer)

    def begin(self, account: str, cloud: str = "") -> str:
        """Note that a scan of an account of a cloud has begun; its id. Without a cloud it is that of what is found."""
        scan = f"s-{os.urandom(6).hex()}"
        with self._database.writing() as connection:
            row = (scan, cloud, account, self._now())
            connection.execute("INSERT INTO scan (id, cloud, account, started) VALUES (?, ?, ?, ?)", row)
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
        place, now = Place.of(shard, regions), self._now()
        self._note_cloud(scan, kinds)
        for rows in portions(scan, now, seen):
            with self._database.writing() as connection:
                self._seals.keep(connection, scan, self._clock.now(), keep_rows(connection, scan, now, rows))
        keep_gaps(self._database, scan, shard, place, kinds, gaps)
        for kind in sorted(set(kinds) - {gap.kind for gap in gaps}):
            drop_unseen(self._database, scan, now, place, kind)

    def _note_cloud(self, scan: str, kinds: Collection[str]) -> None:
        with self._database.writing() as connection:
            given = [(cloud_of(kind), scan) for kind in sorted(kinds)[:1]]
            connection.executemany("UPDATE scan SET cloud = ? WHERE id = ? AND cloud = ''", given)

    def update(self, scan: str, *seen: Looked) -> None:
        """Keep what is known of resources, after a repair, an event or other policies, in one transaction."""
        now = self._now()
        rows = [row_of(scan, now, item) for item in seen]
        with self._database.writing() as connection:
            keep_rows(connection, scan, now, rows)

    def findings(
        self, *, status: str | None = None, control: str | None = None, wanted: FindingFilter | None = None
    ) -> Iterator[Kept]:
        """The latest findings, by id; all of them, or those with a status, of a control, or that a filter lets pass."""
        chosen = wanted or FindingFilter()
        given = {name: value for name, value in (("status", status), ("control", control)) if value is not None}
        where = "".join(f"{name} = ? AND " for name in given)
        more, parameters = chosen.condition(self._clock.now())
        body, source = ("document.body", f"{_FOUND} JOIN document USING (hash)") if chosen.tags else ("NULL", _FOUND)
        query = f"SELECT {_KEPT}, {body} FROM {source} WHERE {where}{more}id > ? ORDER BY id LIMIT ?"  # noqa: S608 - fixed names
        rows = self._database.pages(query, *given.values(), *parameters, after="")
        return (self._kept(row[:-1]) for row in rows if chosen.passes(row[2], row[-1]))

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
        row = self._database.row(query, (key_of(ref),))
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
        rows = self._database.rows("SELECT at, scan, hash FROM history WHERE key = ? ORDER BY number", (key_of(ref),))
        return tuple(ConfigurationVersion(*row) for row in rows)

    def earlier(self, ref: Ref) -> tuple[Earlier, ...]:
        """How earlier scans found a resource, oldest first, each with the time at which the last such scan began.

        The time is None where nothing signed tells it: the scan was an hour ago, or somebody wrote into the database.
        What cannot be understood, or is not what its hash says, is a reading without facets.
        """
        rows = self._database.rows(_EARLIER, (key_of(ref),))
        began = self._seals.began(key_of(ref)) if rows else {}
        return tuple(_earlier(began.get(hashed), hashed, body) for hashed, body in rows)

    def gaps(self) -> tuple[Gap, ...]:
        """The listings that failed when they were last tried."""
        rows = self._database.rows("SELECT kind, account, region, reason FROM gap ORDER BY account, region, kind")
        return tuple(Gap(kind, Shard(account, region), reason) for kind, account, region, reason in rows)

    def scans(self) -> tuple[Mapping[str, Json], ...]:
        """The scans, newest first: id, cloud, account, started, ended and counts."""
        rows = self._database.rows("SELECT id, cloud, account, started, ended, counts FROM scan ORDER BY number DESC")
        names = ("id", "cloud", "account", "started", "ended", "counts")
        return tuple(
            {**dict(zip(names, row, strict=True)), "counts": orjson.loads(row[5]) if row[5] else None} for row in rows
        )

    def _now(self) -> str:
        return self._clock.now().isoformat()


_KEPT: Final = "id, finding.body, decision, finding.scan, since, control, resource"
_FOUND: Final = "finding JOIN resource ON resource.key = finding.resource"
_PLACED: Final = "ref, kind, account, region, address"
_EARLIER: Final = (
    "SELECT history.hash, body FROM history JOIN document USING (hash) WHERE key = ? ORDER BY history.number"
)


def _earlier(began: datetime | None, hashed: str, body: bytes) -> Earlier:
    """One line of a resource's history as a reading."""
    if hashed == GONE:
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
