"""User data: which kinds of secret stand in it and on which line. What they are never leaves this module."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Mapping
from typing import Final

from goldseam.model.values import Json, Value

_GZIP: Final = b"\x1f\x8b"
_MOST: Final = 1 << 20
"""Bytes that compressed user data may unfold to; EC2 takes 16 KB of it."""

_GIVEN: Final = r"""\s*[:=]\s*["']?(?![$<{%&`])"""
"""A name is given a value, which is neither a variable, nor the output of a command, nor a place for one."""

_KINDS: Final[Mapping[str, re.Pattern[str]]] = {
    "AWS access key": re.compile(r"\b(?:AKIA|ASIA)(?![A-Z0-9]{9}EXAMPLE\b)[A-Z2-7]{16}\b"),
    "AWS secret key": re.compile(rf"(?i)secret_?(?:access_?)?key{_GIVEN}[A-Za-z0-9/+]{{40}}(?![A-Za-z0-9/+])"),
    "private key": re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    "password": re.compile(
        rf"(?i)(?:password|passwd|passphrase|_pwd)(?!\w*(?:file|path|arn|policy))\w*{_GIVEN}[^\s\"']{{6,}}"
    ),
    "token": re.compile(
        r"\bgh[pousr]_[A-Za-z0-9]{36}|\bxox[abeprs]-[A-Za-z0-9-]{10,}|\bsk_live_[A-Za-z0-9]{16,}"
        rf"|(?i:(?:api|auth|access|bearer)[_-]?(?:key|token|secret)){_GIVEN}[A-Za-z0-9/+_.-]{{16,}}"
    ),
    "password in an address": re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@$<{]+:[^\s/:@$<{]{4,}@"),
}


def secrets_in(text: str) -> list[Json]:
    """The kinds of secret in a text with the number of the line, in order."""
    lines = enumerate(text.splitlines(), 1)
    found = {(number, kind) for number, line in lines for kind, looks in _KINDS.items() if looks.search(line)}
    return [{"line": number, "kind": kind} for number, kind in sorted(found)]


def secrets_in_user_data(raw: Json) -> Value:
    """The same of user data as the API gives it: in base64, and compressed if its owner did so."""
    held = base64.b64decode(raw or "")
    if held.startswith(_GZIP):
        held = zlib.decompressobj(wbits=31).decompress(held, _MOST)
    return secrets_in(held.decode("utf-8", errors="replace"))


def spelled(found: list[Json]) -> str:
    """What was found, as people read it."""
    return ", ".join(f"{item['kind']} on line {item['line']}" for item in found)


MOVE: Final = (
    "1. change each secret where it is valid, as it must count as read: every program on the machine, and whoever may "
    "describe it, sees user data; 2. put the new one into Secrets Manager or Parameter Store; 3. let the role of the "
    "machine read that one secret; 4. let user data fetch it when the machine starts, without writing it to a log; "
)
