"""What can be kept of an answer: finite numbers, integers of 64 bits, whole characters, nesting within a bound.

A part of an answer that cannot be kept is replaced by an `Unrepresentable` object. Every use of it raises
`NotRepresentable`, so that a facet that reads the part is unknown with its reason, and what does not read it is not
touched. A facet's value is looked at once more, since text inside it may have been parsed as JSON.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Final, NoReturn

import orjson

from goldseam.model.errors import NotUnderstood
from goldseam.model.values import ABSENT, Json, Value, canonical

NESTING: Final = 100
"""Levels of lists and objects that a facet's value may have; IAM policies and state machines have some ten."""
_ANSWER_NESTING: Final = 200
"""The same of a whole answer, where values stand some levels deep; orjson serializes 254."""
_INTEGERS: Final = range(-(2**63), 2**64)
_NULL: Final = re.compile(rb"[:,\[]null")
"""orjson writes a number that is not finite as null."""

_TOO_DEEP: Final = f"it is nested more than {NESTING} levels deep"
_NOT_FINITE: Final = "it holds a number that is not finite"
_TOO_LARGE: Final = "it holds an integer beyond 64 bits"
_SURROGATE: Final = "it holds text that is not Unicode (a lone surrogate)"
_BINARY: Final = "it holds bytes that are not text in UTF-8"
_KEYS: Final = "it holds an object with a key that is no text"


class NotRepresentable(NotUnderstood):
    """A part of an answer was read that cannot be kept; the message says what is wrong with it."""


class Unrepresentable:
    """Stands in an answer for a part that cannot be kept: it cannot be compared, tested, read or taken for a type."""

    __slots__ = ("_reason",)

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def _refuse(self, *_: object) -> NoReturn:
        raise NotRepresentable(self._reason)

    def __getattr__(self, name: str) -> NoReturn:
        """Refuse every method."""
        self._refuse()

    __class__ = property(_refuse)  # `isinstance` asks this
    __str__ = __hash__ = __bool__ = _refuse
    __eq__ = __ne__ = __lt__ = __gt__ = __le__ = __ge__ = _refuse
    __len__ = __iter__ = __contains__ = __getitem__ = __format__ = __int__ = __float__ = __index__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __or__ = __ror__ = __and__ = __rand__ = _refuse


def represented(answer: object, default: Callable[[object], Json]) -> Json:
    """The answer as JSON, with an `Unrepresentable` for each part that cannot be kept.

    `default` gives the JSON of what JSON has no word for; it is asked once for each object.
    """
    known: dict[int, Json] = {}

    def once(value: object) -> Json:
        if id(value) not in known:
            known[id(value)] = default(value)
        return known[id(value)]

    try:
        written = orjson.dumps(answer, default=once)
    except TypeError:
        return _part(answer, once, 0)
    return _part(answer, once, 0) if _NULL.search(written) else orjson.loads(written)


def _part(value: object, default: Callable[[object], Json], depth: int) -> Json:
    """One part of an answer that native serializing refused, or may have changed."""
    if isinstance(value, (Mapping, list, tuple)) and depth >= _ANSWER_NESTING:
        return Unrepresentable(_TOO_DEEP)
    if isinstance(value, Mapping):
        if wrong := next(filter(None, map(_wrong_key, value)), ""):
            return Unrepresentable(wrong)
        return {key: _part(item, default, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_part(item, default, depth + 1) for item in value]
    return _leaf(value, default)


def _leaf(value: object, default: Callable[[object], Json]) -> Json:
    if wrong := _wrong_leaf(value):
        return Unrepresentable(wrong)
    try:
        return orjson.loads(orjson.dumps(value, default=default))
    except TypeError:
        return Unrepresentable(_BINARY if isinstance(value, bytes) else f"it holds a {type(value).__name__}")


def _wrong_key(key: object) -> str:
    return _wrong_leaf(key) if isinstance(key, str) else _KEYS


def _wrong_leaf(value: object) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return _NOT_FINITE
    if isinstance(value, int) and not isinstance(value, bool) and value not in _INTEGERS:
        return _TOO_LARGE
    if isinstance(value, str) and not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        return _SURROGATE
    return ""


def why_not_kept(value: Value) -> str:
    """Why a facet's value cannot be kept; nothing where it can, which is found out natively."""
    try:
        written = canonical(value)
    except TypeError:
        return _wrong(value, 0) or "it holds what is no JSON"
    doubtful = written.count(b"[") + written.count(b"{") > NESTING or _NULL.search(written) or written == b"null"
    return _wrong(value, 0) if doubtful else ""


def _wrong(value: Value, depth: int) -> str:
    """What is wrong with a value, the first thing that is found."""
    if type(value) is Unrepresentable:
        return value._reason  # noqa: SLF001 - all else about it is refused
    if value is ABSENT or not isinstance(value, (Mapping, list, tuple, set, frozenset)):
        return _wrong_leaf(value)
    if depth >= NESTING:
        return _TOO_DEEP
    keys = map(_wrong_key, value) if isinstance(value, Mapping) else ()
    items = value.values() if isinstance(value, Mapping) else value
    return next(filter(None, keys), "") or next(filter(None, (_wrong(item, depth + 1) for item in items)), "")
