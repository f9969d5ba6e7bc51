"""The home: one folder that holds everything."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from goldseam.model.clock import SystemClock
from goldseam.model.errors import HomeError
from goldseam.ports import Clock, Locks
from goldseam.store.database import Database
from goldseam.store.documents import Documents
from goldseam.store.ledger import DatabaseLedger
from goldseam.store.locks import FileLocks
from goldseam.store.signing import SigningKey
from goldseam.store.trouble import told

if TYPE_CHECKING:
    from goldseam.store.exemptions import Exemptions
    from goldseam.store.plans import Plans
    from goldseam.store.scans import Scans


class Home:
    """Everything that is kept, in one folder that only its owner may enter; it is made on first use.

    With `database`, the address of a PostgreSQL database, that one holds everything but the key that signs the ledger
    and the last checkpoint, which stay in the folder. Opening it and everything in it raise HomeError, HomeLocked or
    StorageFull, and then nothing was written.
    """

    def __init__(self, path: Path, clock: Clock | None = None, database: str = "") -> None:
        self.path = path.expanduser()
        self._clock = clock or SystemClock()
        with told(self.path):
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(self.path, os.R_OK | os.W_OK | os.X_OK):
            msg = f"the home folder `{self.path}` is not yours to write in; mend its permissions, or use --home"
            raise HomeError(msg)
        self.database = Database(self.path, database)
        self.locks: Locks = _locks(self.path, database)
        self.signer = SigningKey(self.path)
        self.ledger = DatabaseLedger(self.database, self._clock, self.signer)
        self.documents = Documents(self.database)

    @cached_property
    def scans(self) -> Scans:
        """What the latest scans found."""
        from goldseam.store.scans import Scans  # noqa: PLC0415 - who only reads the ledger needs no stage

        return Scans(self.database, self._clock, self.signer)

    @cached_property
    def plans(self) -> Plans:
        """The plans that were made."""
        from goldseam.store.plans import Plans  # noqa: PLC0415 - as above

        return Plans(self.database, self._clock)

    @cached_property
    def exemptions(self) -> Exemptions:
        """The exemptions that were given."""
        from goldseam.store.exemptions import Exemptions  # noqa: PLC0415 - as above

        return Exemptions(self.ledger)

    @property
    def format(self) -> int:
        """The format that what is kept was written in; `upgrade.bring_up` brings it to today's."""
        return self.database.number("format")

    def close(self) -> None:
        """Let go of the folder."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _locks(path: Path, database: str) -> Locks:
    if not database:
        return FileLocks(path)
    from goldseam.store.session_locks import SessionLocks  # noqa: PLC0415 - the driver is slow to import

    return SessionLocks(database)
