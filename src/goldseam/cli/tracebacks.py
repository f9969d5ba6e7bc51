"""Tracebacks without key material: for `--debug`, and for what goes wrong in a thread."""

from __future__ import annotations

import re
import sys
import threading
import traceback
from types import TracebackType
from typing import TYPE_CHECKING, Final

from goldseam.model.display import write_error

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_SHAPES: Final = (
    # a UUID with a code: the external id of a role with a rotating code
    re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}:[^\s\"'<>&,;)]+"),
    # ids of AWS keys, of users and of sessions
    re.compile(r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}\b"),
    # one-time codes of a keyholder
    re.compile(r"\b[0-9A-Za-z]{4}(?:-[0-9A-Za-z]{4}){3}\b"),
    # secret access keys, 40 signs, and session tokens, 100 and more; a hash in hexadecimal is neither
    re.compile(r"(?<![A-Za-z0-9/+_.-])(?![0-9a-f]{40}(?![A-Za-z0-9/+=]))[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=_.-])"),
    re.compile(r"[A-Za-z0-9/+%]{100,}={0,2}"),
)
_NAMED: Final = re.compile(
    r"(?i)(external_?id|session_?token|security-token|secret_?(?:access_?)?key|access_?key_?id|one-time code"
    r"|['\"]code['\"])(['\"]?\s*(?:[:=>]|%3D|is)\s*b?['\"]?)([^\s\"'<>&,;)}]{4,})"
)
"""A word that names key material, what stands between, and the material."""


def scrubbed(text: str) -> str:
    """The text without the key material that this process knows, and without what has the form of any."""
    from goldseam.ports import without_secrets

    text = without_secrets(text)
    for shape in _SHAPES:
        text = shape.sub("…", text)
    return _NAMED.sub(r"\1\2…", text)


def formatted(error: BaseException) -> str:
    """The traceback of an error and of all that led to it, without key material."""
    return scrubbed("".join(traceback.format_exception(error)))


def written(error: BaseException) -> None:
    """Write the traceback of an error to standard error, line by line."""
    for line in formatted(error).rstrip("\n").split("\n"):
        write_error(line)


def install() -> None:
    """Let every traceback that the interpreter prints go through here."""
    sys.excepthook = _hook
    threading.excepthook = lambda args: _hook(args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback)
    sys.unraisablehook = _unraisable


def _hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    del kind
    written(error.with_traceback(trace))


def _unraisable(args: UnraisableHookArgs) -> None:
    _hook(args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback)
