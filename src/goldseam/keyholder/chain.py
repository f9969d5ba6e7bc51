"""An append-only file whose lines nobody can change, remove or add without its key.

Each line is a JSON object with the hash of the line before (`prev`) and an HMAC over itself (`mac`). A second file, the
head, holds the number of lines and the hash of the last one under an HMAC too, so that a tail that was cut off is
noticed. A line is written and on disk before the head follows: after a crash between the two the head is behind a
genuine line, and is brought forward; a head that is ahead means that lines are missing.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import hmac
import json
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Final

from goldseam.model.errors import HomeError, StorageFull
from goldseam.model.key_file import sync_folder
from goldseam.model.values import Json, canonical_document

START: Final = "0" * 64
"""What stands for the hash of the line before the first."""

_HEAD: Final = "goldseam keyholder record head/1"
_LINE: Final = "goldseam keyholder record line/1"
_LONGEST_HEAD: Final = 1024


@dataclass(frozen=True, slots=True)
class Head:
    """How many lines a file has, and the hash of the last one."""

    lines: int = 0
    hash: str = START


@dataclass(frozen=True, slots=True)
class Opened:
    """The file under its lock: `entries` are new since the last time, or all of them where `anew` is True."""

    file: FileIO
    entries: Sequence[Mapping[str, Json]]
    anew: bool


class ChainedFile:
    """The file at `path`, its head beside it; `create` makes both where there is neither.

    Threads and processes may share it. Raises HomeError when it is damaged, and then nothing was written.
    """

    def __init__(self, path: Path, key: bytes, *, create: bool = False) -> None:
        self.path, self.head_path = path, path.with_name(f"{path.name}.head")
        self._key, self._create = key, create
        self._threads = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Read everything again the next time."""
        self._size, self._head = 0, Head()
        self._left: tuple[int, int, int] = (0, 0, 0)

    @contextmanager
    def locked(self, *, again: bool = False) -> Iterator[Opened]:
        """The file, verified to its end, and nobody else's until the block ends; `again` verifies all of it."""
        with self._threads, self._opened() as file:
            if again:
                self.forget()
            try:
                yield self._caught_up(file)
            except HomeError:
                self.forget()
                raise

    def append(self, opened: Opened, entry: Mapping[str, Json]) -> None:
        """Write one line and the head; both are on disk when this returns. Raises StorageFull, HomeError."""
        line = sealed_line(self._key, self._head.hash, entry)
        try:
            _write_whole(opened.file, line)
            head = _next(self._head, line)
            self._write_head(head)
        except OSError as error:
            opened.file.truncate(self._size)
            msg = f"the keyholder's record `{self.path}` cannot be written ({error.strerror}); free some space"
            raise StorageFull(msg) from error
        self._size, self._head = self._size + len(line), head
        self._left = _mark(opened.file)

    @property
    def head(self) -> Head:
        """Where the file ended when it was last read."""
        return self._head

    def _opened(self) -> FileIO:
        try:
            if self._create and not os.path.lexists(self.head_path):
                self._make()
            return exclusive(self.path)
        except FileNotFoundError as error:
            raise self._damaged("it is missing") from error
        except OSError as error:
            msg = f"the keyholder's record `{self.path}` cannot be opened ({error.strerror}); check its folder"
            raise HomeError(msg) from error

    def _make(self) -> None:
        """An empty file and its head; of several processes that do so at once, all find the same."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with exclusive(self.path, os.O_CREAT) as file:
            if not os.path.lexists(self.head_path) and os.fstat(file.fileno()).st_size == 0:
                self._write_head(Head())
                sync_folder(self.path.parent)

    def _caught_up(self, file: FileIO) -> Opened:
        """Verify the head, and the file from its start unless it is as this process left it."""
        anew = _mark(file) != self._left
        if anew:
            self.forget()
        kept, known = self._read_head(), self._head
        entries, hashes = self._new_lines(file, kept)
        if kept.lines > self._head.lines:
            raise self._damaged(f"{kept.lines - self._head.lines} lines are missing at its end")
        if kept.lines < known.lines or hashes[kept.lines - known.lines] != kept.hash:
            raise self._damaged("its head belongs to another state of it")
        if kept.lines < self._head.lines:
            self._bring_forward()
        self._left = _mark(file)
        return Opened(file, entries, anew)

    def _new_lines(self, file: FileIO, kept: Head) -> tuple[list[Mapping[str, Json]], list[str]]:
        """The entries that were added, and the hash before, after the first, and so on; a half line never counted."""
        file.seek(self._size)
        *lines, half = file.readall().split(b"\n")
        entries, hashes = [], [self._head.hash]
        for line in lines:
            entries.append(self._verified(line))
            self._head = _next(self._head, line + b"\n")
            self._size += len(line) + 1
            hashes.append(self._head.hash)
        if half and kept.lines <= self._head.lines:
            file.truncate(self._size)
        return entries, hashes

    def _verified(self, line: bytes) -> Mapping[str, Json]:
        number = self._head.lines + 1
        try:
            entry = dict(json.loads(line))
        except (ValueError, TypeError, RecursionError) as error:
            raise self._damaged(f"line {number} is no entry") from error
        mac = entry.pop("mac", None)
        if mac is None:
            raise self._damaged(f"line {number} is not chained, as older versions wrote it")
        if not hmac.compare_digest(str(mac), _mac(self._key, _LINE, entry)):
            raise self._damaged(f"line {number} was changed, or written under another key")
        if entry.pop("prev", None) != self._head.hash:
            raise self._damaged(f"line {number} does not follow the line before it")
        return entry

    def _read_head(self) -> Head:
        try:
            with FileIO(os.open(self.head_path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)) as file:
                held = dict(json.loads(file.read(_LONGEST_HEAD) or b""))
            mac, head = str(held.pop("mac")), Head(int(held["lines"]), str(held["hash"]))
        except OSError as error:
            raise self._damaged(f"its head `{self.head_path.name}` cannot be read ({error.strerror})") from error
        except (ValueError, TypeError, KeyError) as error:
            raise self._damaged(f"its head `{self.head_path.name}` is no head") from error
        if not hmac.compare_digest(mac, _mac(self._key, _HEAD, held)):
            raise self._damaged(f"its head `{self.head_path.name}` was changed, or written under another key")
        return head

    def _bring_forward(self) -> None:
        try:
            self._write_head(self._head)
        except OSError as error:
            msg = f"the keyholder's record `{self.path}` cannot be written ({error.strerror}); free some space"
            raise StorageFull(msg) from error

    def _write_head(self, head: Head) -> None:
        """Put a whole new head in the place of the old one; raises OSError, and then the old one stands."""
        held: dict[str, Json] = {"lines": head.lines, "hash": head.hash}
        replace_file(self.head_path, canonical_document({**held, "mac": _mac(self._key, _HEAD, held)}) + b"\n")

    def _damaged(self, why: str) -> HomeError:
        return HomeError(
            f"the keyholder's record `{self.path}` is damaged: {why}; nothing is granted. Restore it, or look into it"
            " and run `goldseam-keyholder reseal -m <why>`"
        )


def exclusive(path: Path, flags: int = 0) -> FileIO:
    """The file that stands at the path, open and locked until it is closed; a link is not followed; raises OSError.

    Another file may take its place while the lock is waited for; then that one is opened.
    """
    while True:
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | flags, 0o600)
        file = FileIO(handle, "r+b")
        fcntl.flock(file, fcntl.LOCK_EX)
        if _same_file(path, file):
            return file
        file.close()


def sealed_line(key: bytes, previous: str, entry: Mapping[str, Json]) -> bytes:
    """An entry as the line that follows the one with that hash."""
    chained = {**entry, "prev": previous}
    return canonical_document({**chained, "mac": _mac(key, _LINE, chained)}) + b"\n"


def begin_again(path: Path, key: bytes, entries: Sequence[Mapping[str, Json]]) -> Head:
    """Put a new file with these entries in the place of what stands there; raises OSError.

    A crash between the file and its head leaves what does not verify, and can be done again.
    """
    head, lines = Head(), []
    for entry in entries:
        lines.append(sealed_line(key, head.hash, entry))
        head = _next(head, lines[-1])
    replace_file(path, b"".join(lines))
    ChainedFile(path, key)._write_head(head)  # noqa: SLF001 - the same module
    sync_folder(path.parent)
    return head


def replace_file(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, in the place of what stands there, whole or not; raises OSError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    draft.unlink(missing_ok=True)
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with FileIO(handle, "w") as file:
            _write_whole(file, content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _next(head: Head, line: bytes) -> Head:
    return Head(head.lines + 1, hashlib.sha256(line).hexdigest())


def _mac(key: bytes, purpose: str, content: Mapping[str, Json]) -> str:
    return hmac.new(key, purpose.encode() + b"\n" + canonical_document(content), "sha256").hexdigest()


def _same_file(path: Path, file: FileIO) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _mark(file: FileIO) -> tuple[int, int, int]:
    """What differs once somebody else wrote: which file, its size, and the time of the last change of any kind."""
    status = os.fstat(file.fileno())
    return status.st_ino, status.st_size, status.st_ctime_ns


def _write_whole(file: FileIO, content: bytes) -> None:
    """Write and wait for the disk; raises OSError."""
    if file.write(content) != len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(file.fileno())
