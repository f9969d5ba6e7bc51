"""What only its addressee can open: an ephemeral X25519 agreement, HKDF-SHA256, then ChaCha20-Poly1305.

Credentials and codes travel like this, so that nothing on the way, and no log of it, holds them.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from goldseam.keyholder.identity import decoded, encoded

_KEY: Final = 32
_ONCE: Final = bytes(12)
"""The cipher's nonce: every key seals exactly one message, so it may be constant."""


def seal(text: str, to: X25519PublicKey, context: str) -> str:
    """The text, readable only by the holder of the private key, and only in the same context."""
    one_time = X25519PrivateKey.generate()
    sender = one_time.public_key().public_bytes_raw()
    key = _agreed(one_time, to, sender, to.public_bytes_raw())
    return encoded(sender + ChaCha20Poly1305(key).encrypt(_ONCE, text.encode(), context.encode()))


def unseal(sealed: str, key: X25519PrivateKey, context: str) -> str:
    """The inverse of `seal`; raises ValueError when it is for another addressee or context, or was changed."""
    raw = decoded(sealed)
    sender, body = raw[:_KEY], raw[_KEY:]
    peer = X25519PublicKey.from_public_bytes(sender)
    agreed = _agreed(key, peer, sender, key.public_key().public_bytes_raw())
    try:
        return ChaCha20Poly1305(agreed).decrypt(_ONCE, body, context.encode()).decode()
    except InvalidTag as error:
        msg = "sealed to someone else, or changed on the way"
        raise ValueError(msg) from error


def _agreed(own: X25519PrivateKey, peer: X25519PublicKey, sender: bytes, receiver: bytes) -> bytes:
    return HKDF(SHA256(), _KEY, salt=sender + receiver, info=b"goldseam sealed/1").derive(own.exchange(peer))
