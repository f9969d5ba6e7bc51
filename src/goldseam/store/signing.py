"""The key that signs the ledger's checkpoints.

It is made when something is first signed and kept in the home folder, readable by its owner only. Reading and verifying
never make it: a key without entries beside it means that entries were removed. It opens nothing in any cloud, and no
repair needs it: all that it does is to say that a ledger is this installation's.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from goldseam.model.errors import HomeError
from goldseam.model.key_file import make_key, read_key
from goldseam.store.trouble import told

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PRIVATE = "ledger.key"
PUBLIC = "ledger.pub"


class SigningKey:
    """Implements `record.CheckpointSigner` with the key in a home folder."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._key: Ed25519PrivateKey | None = None

    @property
    def public(self) -> str:
        """The public key; empty as long as nothing was signed. Raises HomeError when the key file holds no key."""
        with told(self._home):
            if self._key is None and (self._home / PRIVATE).exists():
                self._key = _loaded(self._home / PRIVATE)
            if self._key is not None:
                return _public(self._key)
            path = self._home / PUBLIC
            return path.read_text(encoding="ascii").strip() if path.exists() else ""

    def sign(self, message: bytes) -> str:
        """The signature, 128 hexadecimal digits; raises HomeError."""
        if self._key is None:
            self._key = self._opened()
        return self._key.sign(message).hex()

    def _opened(self) -> Ed25519PrivateKey:
        path, public = self._home / PRIVATE, self._home / PUBLIC
        with told(self._home):
            if not path.exists() and public.exists():
                msg = (
                    f"`{path}` is missing, so nothing can be signed; restore it from a copy, or remove `{public}` too "
                    "to begin with a new key, and run `goldseam ledger reseal`"
                )
                raise HomeError(msg)
            if not path.exists():
                with suppress(FileExistsError):  # another process was first: both use that one
                    make_key(path)
            key = _loaded(path)
            if not public.exists() or public.read_text(encoding="ascii").strip() != _public(key):
                public.write_text(f"{_public(key)}\n", encoding="ascii")
        return key


def _public(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()


def _loaded(path: Path) -> Ed25519PrivateKey:
    try:
        return read_key(path, guarded=False)
    except ValueError as error:
        msg = (
            f"`{path}` is not a key; restore it, or remove it and `{PUBLIC}` to begin with a new one, and run "
            "`goldseam ledger reseal`"
        )
        raise HomeError(msg) from error
