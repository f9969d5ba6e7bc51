"""The Ed25519 keys that requesters, approvers and keyholders sign with, and how they are written down.

A public key is the text `ed25519:…`. A keyholder is known by `keyholder:…`, which holds the key that it signs with
and the key that one-time codes are sealed to. A private key is one file that only its owner may read.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from goldseam.model.errors import HomeError, UsageError
from goldseam.model.key_file import read_key, write_key
from goldseam.model.values import Json

_SIGNER: Final = "ed25519:"
_KEYHOLDER: Final = "keyholder:"
_HALF: Final = 32


def encoded(data: bytes) -> str:
    """Bytes as base64 text."""
    return base64.b64encode(data).decode("ascii")


def decoded(text: str) -> bytes:
    """The inverse of `encoded`; raises ValueError for any other text."""
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        msg = "not base64"
        raise ValueError(msg) from error


@dataclass(frozen=True)
class Verifier:
    """Someone's public key: says whether they signed a document."""

    text: str

    @cached_property
    def _key(self) -> Ed25519PublicKey:
        return Ed25519PublicKey.from_public_bytes(_raw(self.text, _SIGNER, _HALF))

    @classmethod
    def parsed(cls, text: str) -> Verifier:
        """The public key in a text; raises UsageError."""
        made = cls(text.strip())
        _raw(made.text, _SIGNER, _HALF)
        return made

    @property
    def fingerprint(self) -> str:
        """A short name of the key, to compare by eye and to log."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    def signed(self, document: Json, signature: str) -> bool:
        """Whether the signature is this key's, over the canonical form (RFC 8785) of the document."""
        try:
            self._key.verify(decoded(signature), rfc8785.dumps(document))
        except (InvalidSignature, ValueError, RecursionError):
            return False
        return True


@dataclass(frozen=True)
class KeyholderName:
    """A keyholder's public keys: the one it signs answers with, and the one that codes are sealed to."""

    text: str

    @classmethod
    def parsed(cls, text: str) -> KeyholderName:
        """The keyholder's name in a text; raises UsageError."""
        made = cls(text.strip())
        _raw(made.text, _KEYHOLDER, 2 * _HALF)
        return made

    @cached_property
    def verifier(self) -> Verifier:
        """The key that answers are signed with."""
        return Verifier(_SIGNER + encoded(_raw(self.text, _KEYHOLDER, 2 * _HALF)[:_HALF]))

    @cached_property
    def box(self) -> X25519PublicKey:
        """The key that codes are sealed to."""
        return X25519PublicKey.from_public_bytes(_raw(self.text, _KEYHOLDER, 2 * _HALF)[_HALF:])


class PrivateKey:
    """A private key in memory: it signs, and cannot be printed."""

    __slots__ = ("__key",)

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self.__key = key

    def __repr__(self) -> str:
        return f"Signer({self.verifier.fingerprint})"

    @classmethod
    def fresh(cls) -> PrivateKey:
        """A new key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path) -> PrivateKey:
        """The key in a file; raises HomeError when it cannot be read, is no key, or others may read it too."""
        try:
            return cls(read_key(path, guarded=True))
        except OSError as error:
            msg = f"the key `{path}` cannot be read ({error.strerror}); make one with `goldseam-keyholder init`"
            raise HomeError(msg) from error
        except ValueError as error:
            msg = f"`{path}` holds no key; restore it, or make a new one and have it trusted"
            raise HomeError(msg) from error

    @classmethod
    def load_or_create(cls, path: Path) -> PrivateKey:
        """The key in a file, made at first use; of several processes that make one at once, all use the same."""
        if not os.path.lexists(path):
            with suppress(FileExistsError):
                cls.fresh().save(path)
        return cls.load(path)

    def save(self, path: Path) -> None:
        """Write the key to a new file that only its owner may read; raises HomeError, FileExistsError.

        The file appears whole or not at all, and never in the place of another.
        """
        try:
            write_key(path, self.__key)
        except FileExistsError:
            raise
        except OSError as error:
            msg = f"the key `{path}` cannot be written ({error.strerror}); choose another folder"
            raise HomeError(msg) from error

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(_SIGNER + encoded(self.__key.public_key().public_bytes_raw()))

    @property
    def keyholder_name(self) -> KeyholderName:
        """The name of the keyholder that signs with this key."""
        both = self.__key.public_key().public_bytes_raw() + self.box().public_key().public_bytes_raw()
        return KeyholderName(_KEYHOLDER + encoded(both))

    def sign(self, document: Json) -> str:
        """The signature over the canonical form (RFC 8785) of the document."""
        return encoded(self.__key.sign(rfc8785.dumps(document)))

    def secret_for(self, purpose: str) -> bytes:
        """32 secret bytes for one purpose, derived from the signing key: the same ones each time."""
        derive = HKDF(SHA256(), _HALF, salt=None, info=f"goldseam keyholder {purpose}/1".encode())
        return derive.derive(self.__key.private_bytes_raw())

    def box(self) -> X25519PrivateKey:
        """The key that opens what is sealed to this identity, derived from the signing key."""
        return X25519PrivateKey.from_private_bytes(self.secret_for("box"))


def _raw(text: str, prefix: str, size: int) -> bytes:
    try:
        raw = decoded(text.removeprefix(prefix)) if text.startswith(prefix) else b""
    except ValueError:
        raw = b""
    if len(raw) != size or encoded(raw) != text.removeprefix(prefix):  # one key has one text
        msg = f"`{text}` is not a public key; it starts with `{prefix}`, copy it whole"
        raise UsageError(msg)
    return raw
