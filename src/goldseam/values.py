"""The values that configuration is made of, and the one way to write them down.

A facet's value is a JSON document, or `ABSENT` where the cloud holds nothing. What could not be read is an
`Unknown` that carries its reason; it is not a value, and no control ever receives one.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import orjson

Json: TypeAlias = Any
"""A JSON document: null, boolean, number, string, list or object with string keys."""


class Absent:
    """The type of `ABSENT`: there is one of it, in every process and after every copy, so that `is ABSENT` holds."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> Literal[False]:
        return False

    def __reduce__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()
Value: TypeAlias = Any
"""`Json | Absent`: what a facet holds."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """What could not be read, and why; it is neither true nor false."""

    reason: str

    def __bool__(self) -> bool:
        msg = f"an unknown has no truth value ({self.reason})"
        raise TypeError(msg)


_TAG: Final = "$goldseam"
_CANONICAL: Final = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS


def plain(value: Value | Unknown) -> Json:
    """The value as pure JSON: `ABSENT` and `Unknown` become tagged objects, tuples become lists."""
    if value is ABSENT:
        return {_TAG: "absent"}
    if isinstance(value, Unknown):
        return {_TAG: "unknown", "reason": value.reason}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value) if isinstance(value, (set, frozenset)) else value
        return [plain(item) for item in items]
    return value


def restored(document: Json) -> Value | Unknown:
    """The inverse of `plain`."""
    if isinstance(document, dict):
        if document.get(_TAG) == "absent":
            return ABSENT
        if document.get(_TAG) == "unknown":
            return Unknown(document["reason"])
        return {key: restored(item) for key, item in document.items()}
    if isinstance(document, list):
        return [restored(item) for item in document]
    return document


def canonical(value: Value | Unknown) -> bytes:
    """Canonical JSON in UTF-8: sorted keys, no white space; equal values give equal bytes."""
    return orjson.dumps(value, default=plain, option=_CANONICAL)


def digest(value: Value | Unknown) -> str:
    """SHA-256 of the canonical JSON, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def same(left: Value | Unknown, right: Value | Unknown) -> bool:
    """Whether two values are equal in canonical JSON."""
    return canonical(left) == canonical(right)


def difference(before: Value, after: Value) -> Json:
    """What a change removes and adds, as `{"-": …, "+": …}`; empty when nothing differs.

    Objects are compared key by key, lists as bags of items: this is the part of a facet that a change touches, so two
    states with the same offending items have the same difference whatever else they hold.
    """
    if same(before, after):
        return {}
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        keys = sorted({*before, *after})
        parts = {key: difference(before.get(key, ABSENT), after.get(key, ABSENT)) for key in keys}
        return {key: part for key, part in parts.items() if part}
    if isinstance(before, list) and isinstance(after, list):
        gone, come = _without(before, after), _without(after, before)
        return {"-": gone, "+": come} if gone or come else {}
    return {"-": plain(before), "+": plain(after)}


def differs(before: Value, after: Value) -> bool:
    """Whether `difference` would tell anything; found out without working it out, which every verdict would pay for."""
    if same(before, after):
        return False
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return any(differs(before.get(key, ABSENT), after.get(key, ABSENT)) for key in {*before, *after})
    if isinstance(before, list) and isinstance(after, list):
        return len(before) != len(after) or sorted(map(canonical, before)) != sorted(map(canonical, after))
    return True


def _without(items: Sequence[Value], others: Sequence[Value]) -> list[Json]:
    """The items of a bag that another bag does not hold, in canonical order."""
    spare = Counter(map(canonical, others))
    left = []
    for key, item in sorted(((canonical(item), item) for item in items), key=lambda pair: pair[0]):
        if spare[key]:
            spare[key] -= 1
        else:
            left.append(plain(item))
    return left
