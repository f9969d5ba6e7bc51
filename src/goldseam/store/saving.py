"""Writing what a scan found: in short transactions, so that a large scan never keeps a repair waiting.

What is to be written is made before a transaction begins. A shard is written in portions, each whole in itself: a
resource with its findings and decisions is either as it was or as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any, Final, Protocol

import orjson

from goldseam.assess.context import Fact
from goldseam.assess.evaluate import Finding
from goldseam.decide import Decision
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import ABSENT, canonical, canonical_document, digest, document_digest
from goldseam.ports import GLOBAL, Gap, Shard
from goldseam.store.database import Database
from goldseam.store.documents import keep_documents
from goldseam.store.engine import Connection

GONE: Final = digest(ABSENT)
"""What a resource's history says when a scan did not find it any more."""
_PORTION: Final = 100
"""Resources that are written, dropped or made unknown in one transaction: a tenth of a second at most."""


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
class Row:
    """One resource as it is written: its key, the hash and the text of its configuration, and its rows."""

    key: str
    hash: str
    body: bytes
    resource: tuple[str, ...]
    findings: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Which resources a shard speaks of, as a condition on the table `resource` and its parameters."""

    where: str
    given: tuple[str, ...]

    @classmethod
    def of(cls, shard: Shard, regions: Sequence[str]) -> Place:
        """One region; or, for what an account lists once, all regions or those that were asked for."""
        named = (shard.region,) if shard.region != GLOBAL else (*regions, GLOBAL) if regions else ()
        if not named:
            return cls("cloud = ? AND account = ?", (shard.account,))
        return cls(f"cloud = ? AND account = ? AND region IN ({', '.join('?' * len(named))})", (shard.account, *named))

    def unseen(self, kind: str, scan: str) -> tuple[str, tuple[str, ...]]:
        """The condition for resources of a kind that neither this scan nor a later one has seen."""
        later = "scan NOT IN (SELECT id FROM scan WHERE number >= (SELECT number FROM scan WHERE id = ?))"
        given = (cloud_of(kind), *self.given, kind, scan, scan)
        return f"{self.where} AND kind = ? AND scan <> ? AND {later}", given


def cloud_of(kind: str) -> str:
    """The cloud of a kind: the first part of its name."""
    return kind.partition(".")[0]


def key_of(ref: Ref) -> str:
    """The key of a resource in the tables."""
    return document_digest(ref.to_json())[:32]


def portions(scan: str, now: str, seen: Iterable[Looked]) -> Iterator[list[Row]]:
    """What was seen as rows, a transaction's worth at a time, by key: so that no two writers block each other."""
    made = (row_of(scan, now, looked) for looked in seen)
    while portion := list(islice(made, _PORTION)):
        yield sorted(portion, key=lambda row: row.key)


def row_of(scan: str, now: str, looked: Looked) -> Row:
    """One resource as it is written."""
    ref, key = looked.resource.ref, key_of(looked.resource.ref)
    document = {name: item for name, item in looked.resource.to_json().items() if name != "ref"}
    body = canonical_document(document)
    hashed = sha256(body).hexdigest()
    facts = canonical_document([fact.to_json() for fact in looked.facts]).decode()
    written = canonical_document(ref.to_json()).decode()
    decisions = {item.finding: canonical_document({**item.to_json(), "at": now}).decode() for item in looked.decisions}
    found = tuple(
        (item.id, key, item.control, str(item.status), scan, now, canonical_document(item.to_json()).decode(),
         decisions.get(item.id))
        for item in looked.findings
    )  # fmt: skip
    place = (key, cloud_of(ref.kind), ref.kind, ref.account, ref.region, ref.address, written, hashed, scan, facts)
    return Row(key, hashed, body, place, found)


def keep_rows(connection: Connection, scan: str, now: str, rows: Sequence[Row]) -> dict[str, str]:
    """Write resources with their findings; the hash of each one's configuration, by its key.

    `since` of a finding stays while its status does.
    """
    keep_documents(connection, {row.hash: row.body for row in rows}.items())
    _note_changes(connection, scan, now, rows)
    connection.executemany(
        "INSERT INTO resource (key, cloud, kind, account, region, address, ref, hash, scan, facts)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE"
        " SET hash = excluded.hash, scan = excluded.scan, facts = excluded.facts",
        [row.resource for row in rows],
    )
    connection.executemany(
        "INSERT INTO finding (id, resource, control, status, scan, since, body, decision)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET scan = excluded.scan, body = excluded.body,"
        " decision = excluded.decision, status = excluded.status,"
        " since = CASE WHEN finding.status = excluded.status THEN finding.since ELSE excluded.since END",
        [finding for row in rows for finding in row.findings],
    )
    return {row.key: row.hash for row in rows}


def _note_changes(connection: Connection, scan: str, now: str, rows: Sequence[Row]) -> None:
    if not rows:
        return
    newest = connection.execute(
        "SELECT key, hash FROM history WHERE number IN (SELECT max(number) FROM history"  # noqa: S608 - fixed text
        f" WHERE key IN ({', '.join('?' * len(rows))}) GROUP BY key)",
        [row.key for row in rows],
    ).fetchall()
    known = dict(newest)
    changed = {row.key: row.hash for row in rows if known.get(row.key) != row.hash}
    _note(connection, scan, now, changed.items())


def _note(connection: Connection, scan: str, now: str, changes: Iterable[tuple[str, str]]) -> None:
    query = "INSERT INTO history (key, at, scan, hash) VALUES (?, ?, ?, ?)"
    connection.executemany(query, [(key, now, scan, hashed) for key, hashed in changes])


def drop_unseen(database: Database, scan: str, now: str, place: Place, kind: str) -> None:
    """Drop the resources of a kind that a scan did not find any more, with their findings; their history says so."""
    where, given = place.unseen(kind, scan)
    while True:
        with database.writing() as connection:
            query = f"SELECT key FROM resource WHERE {where} ORDER BY key LIMIT ?"  # noqa: S608 - fixed text
            gone = [key for (key,) in connection.execute(query, (*given, _PORTION)).fetchall()]
            if not gone:
                return
            keep_documents(connection, [(GONE, canonical(ABSENT))])
            _note(connection, scan, now, [(key, GONE) for key in gone])
            connection.executemany("DELETE FROM resource WHERE key = ?", [(key,) for key in gone])


def keep_gaps(
    database: Database, scan: str, shard: Shard, place: Place, kinds: Collection[str], gaps: Sequence[Gap]
) -> None:
    """Replace the shard's gaps; what was known of a kind that could not be listed is unknown now (law 5)."""
    first = {gap.kind: gap for gap in reversed(gaps)}
    clouds = sorted({cloud_of(kind) for kind in (*kinds, *first)})
    with database.writing() as connection:
        connection.executemany(
            "DELETE FROM gap WHERE cloud = ? AND account = ? AND region = ?",
            [(cloud, shard.account, shard.region) for cloud in clouds],
        )
        connection.executemany(
            "INSERT INTO gap (cloud, account, region, kind, scan, reason) VALUES (?, ?, ?, ?, ?, ?)",
            [(cloud_of(kind), shard.account, shard.region, kind, scan, gap.reason) for kind, gap in first.items()],
        )
    for gap in first.values():
        _make_unknown(database, scan, place, gap)


def _make_unknown(database: Database, scan: str, place: Place, gap: Gap) -> None:
    where, given = place.unseen(gap.kind, scan)
    query = f"SELECT key FROM resource WHERE {where} AND key > ? ORDER BY key LIMIT ?"  # noqa: S608 - fixed text
    update = "UPDATE finding SET status = 'unknown', scan = ?, decision = NULL, body = ? WHERE id = ?"
    after = ""
    while keys := database.rows(query, (*given, after, _PORTION)):
        places = ", ".join("?" * len(keys))
        with database.writing() as connection:
            found = connection.execute(
                f"SELECT id, body FROM finding WHERE resource IN ({places}) ORDER BY id",  # noqa: S608 - fixed text
                [key for (key,) in keys],
            ).fetchall()
            connection.executemany(update, [(scan, _unknown(body, gap), name) for name, body in found])
        after = keys[-1][0]


def _unknown(body: str, gap: Gap) -> str:
    """A stored finding as unknown; one that is no JSON stays as it is, and reading it says so."""
    try:
        held = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    if not isinstance(held, dict):
        return body
    because = f"the listing failed: {gap.reason}"
    return canonical_document(
        {**held, "status": "unknown", "because": because, "changes": {}, "state": ""}
    ).decode()  # fmt: skip
