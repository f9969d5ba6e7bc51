"""The key that signs the ledger's checkpoints.

It is made on first use and kept in the home folder, readable by its owner only. It opens nothing in any cloud, and no
repair needs it: all that it does is to say that a ledger is this installation's.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from goldseam.errors import HomeError
from goldseam.store.trouble import told

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_PRIVATE = "ledger.key"
_PUBLIC = "ledger.pub"


class SigningKey:
    """Implements `record.Signer` with the key in a home folder."""

    def __init__(self, home: Path) -> None:
        self._key = _loaded(home)
        self.public = self._key.public_key().public_bytes_raw().hex()
        with told(home):
            (home / _PUBLIC).write_text(f"{self.public}\n", encoding="ascii")

    def sign(self, message: bytes) -> str:
        """The signature, 128 hexadecimal digits."""
        return self._key.sign(message).hex()


def _loaded(home: Path) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - slow to import

    path = home / _PRIVATE
    with told(home):
        if not path.exists():
            _make(home)
        text = path.read_text(encoding="ascii")
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text))
    except ValueError as error:
        msg = f"`{path}` is not a key; restore it, or remove it to begin with a new one (checkpoints then name that)"
        raise HomeError(msg) from error


def _make(home: Path) -> None:
    """Write a new key; when two processes do so at once, one of them wins and both use that one."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - slow to import

    key = Ed25519PrivateKey.generate()
    draft = home / f"{_PRIVATE}.{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key.private_bytes_raw().hex())
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, home / _PRIVATE)
    except FileExistsError:
        return
    finally:
        draft.unlink()
