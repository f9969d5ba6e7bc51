"""What scans of the last hour found, signed: who can write the database, and has no signing key, cannot add to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

import orjson

from goldseam.audit.chain import is_signed
from goldseam.audit.record import CheckpointSigner
from goldseam.model.errors import MISSHAPEN
from goldseam.model.values import Json, canonical_document
from goldseam.store.database import Database
from goldseam.store.engine import Connection

KEPT: Final = timedelta(hours=1)
"""How long a seal is kept: what is older says nothing that anybody asks for."""

_PURPOSE: Final = "goldseam scan/1"


class Seals:
    """Signs, for each shard of a scan, which configuration each resource had."""

    def __init__(self, database: Database, signer: CheckpointSigner) -> None:
        self._database, self._signer = database, signer

    def keep(self, connection: Connection, scan: str, now: datetime, found: Mapping[str, str]) -> None:
        """Sign what a scan found: the hash of the configuration by the key of the resource; old seals are dropped."""
        connection.execute("DELETE FROM seal WHERE started < ?", ((now - KEPT).isoformat(),))
        row = connection.execute("SELECT started FROM scan WHERE id = ?", (scan,)).fetchone()
        if not found or row is None:
            return
        body = canonical_document({"purpose": _PURPOSE, "scan": scan, "started": row[0], "found": dict(found)})
        given = (scan, row[0], body, self._signer.sign(body))
        connection.execute("INSERT INTO seal (scan, started, body, signature) VALUES (?, ?, ?, ?)", given)

    def began(self, key: str) -> Mapping[str, datetime]:
        """By the hash of each configuration that the resource is sealed to have had: when the last such scan began."""
        found: dict[str, datetime] = {}
        for body in self._bodies():
            hashed = body["found"].get(key)
            if hashed is not None:
                began = datetime.fromisoformat(body["started"])
                found[hashed] = max(began, found.get(hashed, began))
        return found

    def _bodies(self) -> Iterator[Mapping[str, Json]]:
        public = self._signer.public
        for written, signature in self._database.rows("SELECT body, signature FROM seal"):
            if public and is_signed(written, signature, public):
                try:
                    body = orjson.loads(written)
                except MISSHAPEN:
                    continue
                if body.get("purpose") == _PURPOSE:
                    yield body
