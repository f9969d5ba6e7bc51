"""The last checkpoint, kept beside the signing key: it shows when the end of the ledger was cut off."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from goldseam.audit.record import exported, imported
from goldseam.model.errors import LedgerBroken
from goldseam.ports import Entry
from goldseam.store.locks import waiting_for
from goldseam.store.trouble import told

FILE: Final = "ledger.checkpoint"
_PATIENCE: Final = 10.0


class KeptCheckpoints:
    """A file of checkpoint entries as JSON lines: the newest, and those that the ledger should hold and does not.

    It is replaced whole and not forced to disk: after a power cut it may be an older one, which the ledger holds too.
    """

    def __init__(self, home: Path) -> None:
        self._home = home

    def read(self) -> tuple[Entry, ...]:
        """The kept checkpoints, none where none was made yet; raises LedgerBroken when the file was altered."""
        path = self._home / FILE
        with told(self._home):
            try:
                return tuple(imported(path.read_text(encoding="utf-8").splitlines()))
            except FileNotFoundError:
                return ()
            except (UnicodeDecodeError, LedgerBroken) as error:
                msg = f"`{path}` does not hold the last checkpoint"
                raise LedgerBroken(msg) from error

    def keep(self, made: Entry, holds: Callable[[Entry], bool]) -> None:
        """Keep a new checkpoint, and each older one that the ledger does not hold; a missing one stays known."""
        with waiting_for(self._home, "kept checkpoint", _PATIENCE):
            try:
                older = self.read()
            except LedgerBroken:
                return  # the altered file says that something is wrong, until a reseal puts it right
            self._write(tuple(item for item in older if item.seq > made.seq or not holds(item)), made)

    def renew(self, made: Entry) -> None:
        """Keep this checkpoint alone, whatever was kept before."""
        with waiting_for(self._home, "kept checkpoint", _PATIENCE):
            self._write((), made)

    def _write(self, older: tuple[Entry, ...], made: Entry) -> None:
        newer = any(item.seq > made.seq for item in older)
        lines = [exported(item) for item in (*older, *(() if newer else (made,)))]
        draft = self._home / f"{FILE}.{os.getpid()}"
        with told(self._home):
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
            draft.replace(self._home / FILE)
