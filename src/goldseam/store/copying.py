"""A home from one database into another, whole or not at all, and what a database holds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from goldseam.audit.chain import Break
from goldseam.model.errors import LedgerBroken, UsageError
from goldseam.model.values import Json
from goldseam.ports import Entry
from goldseam.store.engine import Connection
from goldseam.store.home import Home
from goldseam.store.kept import FILE as CHECKPOINT_FILE
from goldseam.store.postgres import PostgresEngine
from goldseam.store.schema import MIGRATIONS, POSTGRES_MIGRATIONS
from goldseam.store.signing import PRIVATE, PUBLIC
from goldseam.store.trouble import told

_TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "document": ("hash", "body"),
    "scan": ("id", "cloud", "account", "started", "ended", "counts"),
    "resource": ("key", "cloud", "kind", "account", "region", "address", "ref", "hash", "scan", "facts"),
    "history": ("key", "at", "scan", "hash"),
    "finding": ("id", "resource", "control", "status", "scan", "since", "body", "decision"),
    "gap": ("cloud", "account", "region", "kind", "scan", "reason"),
    "plan": ("id", "cloud", "account", "address", "purpose", "made", "body", "decisions"),
    "seal": ("scan", "started", "body", "signature"),
    "ledger": ("seq", "at", "kind", "plan", "body", "previous", "hash"),
}
"""What is copied, in an order in which every row finds the rows that it names."""
_PAGED: Final = {"document": "hash", "scan": "number", "resource": "key", "history": "number", "finding": "id",
                 "plan": "id", "ledger": "seq"}  # fmt: skip
"""The column that a table is read along; the others are small."""
_PORTION: Final = 500


@dataclass(frozen=True, slots=True)
class DatabaseStatus:
    """What a database holds: rows by table, the ledger's last entry, and where its chain is broken."""

    database: str
    schema: int
    rows: Mapping[str, int]
    last: Entry | None
    breaks: tuple[Break, ...]

    def to_json(self) -> dict[str, Json]:
        """The status as a JSON object."""
        last = {"seq": self.last.seq, "hash": self.last.hash} if self.last else None
        return {
            "database": self.database, "schema_version": self.schema, "rows": dict(self.rows), "last": last,
            "breaks": [item.to_json() for item in self.breaks],
        }  # fmt: skip


def status(home: Home) -> DatabaseStatus:
    """Count what a home's database holds and verify its ledger; raises HomeError."""
    rows = {name: int((home.database.row(f"SELECT count(*) FROM {name}") or (0,))[0]) for name in _TABLES}  # noqa: S608 - fixed names
    engine = home.database.engine
    return DatabaseStatus(engine.shown, engine.version(), rows, home.ledger.last(), home.ledger.breaks())


@dataclass(frozen=True, slots=True)
class Migrated:
    """A database with the version of its schema before and now."""

    database: str
    before: int
    now: int


def migrate(folder: Path, url: str) -> Migrated:
    """Bring a database's schema up to date, or make it in an empty one; raises HomeError, UsageError."""
    if not url:
        with Home(folder) as home:
            return Migrated(home.database.engine.shown, len(MIGRATIONS), len(MIGRATIONS))
    engine = PostgresEngine(url)
    try:
        with engine.trouble():
            before = engine.version()
        engine.migrate()
    finally:
        engine.close()
    return Migrated(engine.shown, before, max(before, len(POSTGRES_MIGRATIONS)))


def copy(source: Home, target: Home) -> DatabaseStatus:
    """Copy everything into an empty home, verify its ledger there, and say what it holds.

    Steps: 1. the source's ledger verifies, or was resealed; 2. the target is empty; 3. the key that signs and the last
    checkpoint go along, where the target is another folder; 4. every table, in one transaction; 5. the copied ledger
    verifies and ends in the same entry, else nothing is copied.

    Raises LedgerBroken, UsageError and HomeError.
    """
    # 1. the source
    source.ledger.require_whole()
    # 2. the target
    _require_empty(target)
    with (
        _key_files(source, target),
        source.database.writing() as read,
        target.database.writing(appending=True) as write,
    ):
        source.database.engine.hold_still()
        # 4. the tables
        _copy_numbers(read, write)
        target.database.engine.remove_guards()
        for table in _TABLES:
            for portion in _portions(read, table):
                names = ", ".join(_TABLES[table])
                places = ", ".join("?" * len(_TABLES[table]))
                write.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", portion)  # noqa: S608 - fixed names
        target.database.engine.restore_guards()
        # 5. the proof
        _require_same_ledger(source, target)
    return status(target)


def _require_empty(target: Home) -> None:
    held = [table for table in _TABLES if target.database.row(f"SELECT 1 FROM {table} LIMIT 1")]  # noqa: S608 - fixed names
    if held:
        msg = f"`{target.database.engine.shown}` is not empty (it has rows in `{held[0]}`); name an empty one"
        raise UsageError(msg)


@contextmanager
def _key_files(source: Home, target: Home) -> Iterator[None]:
    """Copy the signing key and the checkpoint into another folder; take them away again where the block fails."""
    if source.path.resolve() == target.path.resolve():
        yield
        return
    there = [name for name in (PRIVATE, PUBLIC, CHECKPOINT_FILE) if (target.path / name).exists()]
    if there:
        msg = f"`{target.path}` has a `{there[0]}` of its own; name an empty folder"
        raise UsageError(msg)
    made: list[Path] = []
    try:
        with told(target.path):
            for path in filter(Path.exists, (source.path / name for name in (PRIVATE, PUBLIC, CHECKPOINT_FILE))):
                made += [target.path / path.name]
                shutil.copy2(path, target.path / path.name)
        yield
    except BaseException:
        for path in made:
            path.unlink(missing_ok=True)
        raise


def _copy_numbers(read: Connection, write: Connection) -> None:
    """The format of the home, now and when it was made."""
    rows = read.execute("SELECT name, value FROM home").fetchall()
    query = "INSERT INTO home (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    write.executemany(query, rows)


def _portions(read: Connection, table: str) -> Iterator[list[tuple[Any, ...]]]:
    names, along = ", ".join(_TABLES[table]), _PAGED.get(table)
    if along is None:
        yield read.execute(f"SELECT {names} FROM {table}").fetchall()  # noqa: S608 - fixed names
        return
    after: Any = 0 if along in ("number", "seq") else ""
    query = f"SELECT {along}, {names} FROM {table} WHERE {along} > ? ORDER BY {along} LIMIT ?"  # noqa: S608 - fixed names
    while rows := read.execute(query, (after, _PORTION)).fetchall():
        yield [row[1:] for row in rows]
        after = rows[-1][0]


def _require_same_ledger(source: Home, target: Home) -> None:
    target.ledger.require_whole()
    if source.ledger.last() != target.ledger.last():
        raise LedgerBroken("the copied ledger does not end as the original does; nothing was copied: repeat")
