"""What was asked, granted and decided: one append-only file, and an entry counts only when it is on disk.

Several threads and processes may share it: each act takes the file's lock, reads what others added, and then writes.
The file holds ids, times and digests. It never holds a credential, nor a code in clear.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import FileIO
from pathlib import Path
from typing import Final

from goldseam.errors import AlreadyDone, GrantRefused, HomeError, StorageFull
from goldseam.keyholder.code import code_hash, fresh_code, fresh_salt, matches
from goldseam.values import Json, canonical_document

_MEMORY: Final = timedelta(minutes=15)
_GUESSES: Final = 5


@dataclass
class _Code:
    salt: str
    hash: str
    expires: datetime
    wrong: int = 0


@dataclass
class _State:
    """What the entries so far add up to."""

    seen: dict[str, datetime] = field(default_factory=dict)
    claimed: set[str] = field(default_factory=set)
    granted: dict[str, Mapping[str, Json]] = field(default_factory=dict)
    once: dict[str, str] = field(default_factory=dict)
    codes: dict[str, _Code] = field(default_factory=dict)

    def add(self, entry: Mapping[str, Json]) -> None:
        """Take one more entry into account."""
        plan = str(entry.get("plan", ""))
        match entry["event"]:
            case "asked":
                self.seen[entry["nonce"]] = datetime.fromisoformat(entry["at"])
            case "claimed":
                self.claimed.add(plan)
                self.granted[plan] = entry["record"]
                self.once[plan] = entry["once_of"]
                self.codes.pop(plan, None)
            case "released":
                self.claimed.discard(plan)
            case "code":
                self.codes[plan] = _Code(entry["salt"], entry["hash"], datetime.fromisoformat(entry["expires"]))
            case "wrong-code" if plan in self.codes:
                self.codes[plan].wrong += 1


class Journal:
    """The keyholder's record; `path` is created with its folder, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._state = _State()
        self._read_to = 0
        self._threads = threading.Lock()

    def ask(self, nonce: str, at: datetime) -> None:
        """Note a signed request, so that it is heard once; raises GrantRefused for one that was heard before."""
        with self._open() as file:
            recent = {key: time for key, time in self._state.seen.items() if at - time < _MEMORY}
            if nonce in recent:
                msg = "this request was sent before; ask again with a new one"
                raise GrantRefused(msg)
            self._state.seen = recent
            self._append(file, {"event": "asked", "nonce": nonce, "at": at.isoformat()})

    def claim(self, plan: str, record: Mapping[str, Json], at: datetime, code: str = "", *, once_of: str = "") -> None:
        """Note that a plan is being answered: on disk before any key is made; spends the plan's code.

        Raises AlreadyDone when it was answered before, GrantRefused for a code that is not the plan's.
        """
        with self._open() as file:
            if plan in self._state.claimed:
                msg = f"plan {plan} was granted before; plan again, or run `goldseam-keyholder release {plan}` there"
                raise AlreadyDone(msg)
            if code:
                self._check_code(file, plan, code, at)
            if once_of and any(self._state.once.get(name) == once_of for name in self._state.claimed):
                msg = f"a key to take {once_of} back was granted before; run `goldseam-keyholder release` on it there"
                raise AlreadyDone(msg)
            kept = {"event": "claimed", "plan": plan, "record": dict(record), "once_of": once_of}
            self._append(file, {**kept, "at": at.isoformat()})

    def release(self, plan: str, at: datetime, because: str) -> bool:
        """Let a plan be asked for once more, when no key of it is left; says whether it was claimed."""
        with self._open() as file:
            held = plan in self._state.claimed
            if held:
                self._append(file, {"event": "released", "plan": plan, "because": because, "at": at.isoformat()})
        return held

    def issue_code(self, plan: str, at: datetime, life: timedelta) -> str:
        """A new code for one plan, in place of any that it had; only its hash is kept."""
        code, salt = fresh_code(), fresh_salt()
        entry = {"event": "code", "plan": plan, "salt": salt, "hash": code_hash(plan, salt, code)}
        with self._open() as file:
            self._append(file, {**entry, "expires": (at + life).isoformat(), "at": at.isoformat()})
        return code

    def decide(self, entry: Mapping[str, Json]) -> None:
        """Log a decision."""
        with self._open() as file:
            self._append(file, {"event": "decided", **entry})

    def granted(self) -> Mapping[str, Mapping[str, Json]]:
        """Every plan that was granted here, with what was kept of it."""
        with self._open():
            return dict(self._state.granted)

    def decisions(self) -> list[Mapping[str, Json]]:
        """Every decision so far, oldest first."""
        with self._open() as file:
            file.seek(0)
            entries = [json.loads(line) for line in file.readall().splitlines()]
        return [entry for entry in entries if entry["event"] == "decided"]

    def _check_code(self, file: FileIO, plan: str, code: str, at: datetime) -> None:
        kept = self._state.codes.get(plan)
        if kept is None or kept.expires < at or kept.wrong >= _GUESSES:
            msg = f"there is no code in force for plan {plan}; run `goldseam-keyholder key {plan}` on its side"
            raise GrantRefused(msg)
        if not matches(kept.hash, plan, kept.salt, code):
            self._append(file, {"event": "wrong-code", "plan": plan, "at": at.isoformat()})
            msg = f"the code is not the one for plan {plan}; type it again"
            raise GrantRefused(msg)

    @contextmanager
    def _open(self) -> Iterator[FileIO]:
        """The file under its lock, with everything in it read."""
        with self._threads, self._file() as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self._catch_up(file)
            yield file

    def _file(self) -> FileIO:
        """The open file, made at first use."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh = not self.path.exists()
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            if fresh:
                _sync_folder(self.path.parent)
        except OSError as error:
            msg = f"the keyholder's record `{self.path}` cannot be opened ({error.strerror}); check its folder"
            raise HomeError(msg) from error
        return FileIO(handle, "r+b")

    def _catch_up(self, file: FileIO) -> None:
        """Read what was added; a last line that a crash cut short never counted, and goes."""
        file.seek(self._read_to)
        for line in file.readall().splitlines(keepends=True):
            if not line.endswith(b"\n"):
                file.truncate(self._read_to)
                return
            try:
                self._state.add(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                msg = f"the keyholder's record `{self.path}` is damaged; restore it before anything is granted"
                raise HomeError(msg) from error
            self._read_to += len(line)

    def _append(self, file: FileIO, entry: Mapping[str, Json]) -> None:
        """Write one entry; it is on disk when this returns, or not there at all."""
        line = canonical_document(entry) + b"\n"
        try:
            _write_whole(file, line)
        except OSError as error:
            file.truncate(self._read_to)
            msg = f"the keyholder's record `{self.path}` cannot be written ({error.strerror}); free some space"
            raise StorageFull(msg) from error
        self._state.add(entry)
        self._read_to += len(line)


def _write_whole(file: FileIO, line: bytes) -> None:
    """Write and wait for the disk; raises OSError."""
    if file.write(line) != len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make a new file's name survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
