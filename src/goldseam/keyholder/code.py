"""One-time codes of the manual mode: short enough to read out, too many to guess, kept only as a salted hash."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that is read for a digit."""
_LENGTH: Final = 16
_GROUP: Final = 4
_LOOKALIKE: Final = str.maketrans("OIL", "011")


def fresh_code() -> str:
    """A new code of 80 random bits, in groups of four."""
    text = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    return "-".join(text[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP))


def fresh_salt() -> str:
    """A new salt."""
    return secrets.token_hex(16)


def code_hash(plan: str, salt: str, code: str) -> str:
    """What is kept of a code: it cannot be turned back, and fits one plan only."""
    plain = "".join(sign for sign in code.upper().translate(_LOOKALIKE) if sign in _ALPHABET)
    return hashlib.scrypt(f"{plan}:{plain}".encode(), salt=bytes.fromhex(salt), n=2**12, r=8, p=1, dklen=32).hex()


def matches(kept: str, plan: str, salt: str, code: str) -> bool:
    """Whether a code is the one that was kept, in constant time."""
    return hmac.compare_digest(kept, code_hash(plan, salt, code))
