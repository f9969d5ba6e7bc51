"""The one way in which a private Ed25519 key is kept: a file that only its owner may read, written whole and once.

A file holds the 32 bytes of the key as base64, or, as older ledgers wrote it, as hexadecimal digits.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from goldseam.model.errors import HomeError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_LONGEST: Final = 4096
_HEX: Final = 64


def read_key(path: Path, *, guarded: bool) -> Ed25519PrivateKey:
    """The key in a file; raises OSError where it cannot be read, ValueError where it holds none.

    With `guarded` it also raises OSError for a link, and HomeError for a file of somebody else or one that others may
    read. Without, the folder guards it.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - slow to import

    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (os.O_NOFOLLOW if guarded else 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        status, raw = os.fstat(file.fileno()), file.read(_LONGEST)
    if guarded:
        _refuse_shared(path, status)
    return Ed25519PrivateKey.from_private_bytes(_bytes(raw.decode("ascii").strip()))


def make_key(path: Path) -> None:
    """Write a new key; raises OSError, and FileExistsError where there is a file, which stays as it is.

    Of several processes that make one at once, one makes it. It appears whole or not at all.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - slow to import

    write_key(path, Ed25519PrivateKey.generate())


def write_key(path: Path, key: Ed25519PrivateKey) -> None:
    """Write a key, as `make_key` does."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(key.private_bytes_raw()) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path, follow_symlinks=False)
        sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def _refuse_shared(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode) or status.st_uid not in (os.geteuid(), 0):
        msg = f"the key `{path}` is not a file of yours; restore it, or make a new one and have it trusted"
        raise HomeError(msg)
    if status.st_mode & 0o077:
        msg = f"others may read the key `{path}`; run `chmod 600` on it, and replace it if they may have"
        raise HomeError(msg)


def _bytes(text: str) -> bytes:
    if len(text) == _HEX:
        return bytes.fromhex(text)
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except binascii.Error as error:
        msg = "not base64"
        raise ValueError(msg) from error


def sync_folder(folder: Path) -> None:
    """Make a new file's name survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
