"""What is forgotten with age: how configurations were. The ledger is never shortened."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from goldseam.store.database import Database

_PORTION: Final = 200
_OLD: Final = (
    "SELECT number, hash FROM history AS old WHERE at < ? AND EXISTS"
    " (SELECT 1 FROM history AS later WHERE later.key = old.key AND later.number > old.number AND later.at <= ?)"
    " ORDER BY number LIMIT ?"
)
_UNUSED: Final = (
    "DELETE FROM document WHERE hash = ? AND NOT EXISTS (SELECT 1 FROM history WHERE history.hash = document.hash)"
    " AND NOT EXISTS (SELECT 1 FROM resource WHERE resource.hash = document.hash)"
)


def forget_before(database: Database, before: datetime) -> int:
    """Forget configurations that were replaced before a time; how many versions that were. Raises HomeError.

    What a resource was like at that time, and everything since, stays. Documents that nothing names any more go along.
    It works in short transactions.
    """
    since, forgotten = before.isoformat(), 0
    while True:
        with database.writing() as connection:
            database.engine.keep_out("document")
            old = connection.execute(_OLD, (since, since, _PORTION)).fetchall()
            if not old:
                return forgotten
            connection.executemany("DELETE FROM history WHERE number = ?", [(number,) for number, _ in old])
            connection.executemany(_UNUSED, [(hashed,) for hashed in sorted({hashed for _, hashed in old})])
        forgotten += len(old)
