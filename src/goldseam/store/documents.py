"""Configuration documents, each kept once under the hash of its content."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from goldseam.model.errors import UnknownName
from goldseam.model.values import Json
from goldseam.store.database import Database
from goldseam.store.engine import Connection


class Documents:
    """Looks up documents by hash."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, hashed: str) -> Json:
        """The document with that hash; raises UnknownName."""
        row = self._database.row("SELECT body FROM document WHERE hash = ?", (hashed,))
        if row is None:
            raise UnknownName("document", hashed, ())
        return orjson.loads(row[0])


def keep_documents(connection: Connection, documents: Iterable[tuple[str, bytes]]) -> None:
    """Keep canonical documents by hash, in the caller's transaction; those that are there already cost nothing."""
    query = "INSERT INTO document (hash, body) VALUES (?, ?) ON CONFLICT (hash) DO NOTHING"
    connection.executemany(query, sorted(documents))
