"""The values that configuration is made of, and the one way to write them down.

A facet's value is a JSON document, or `ABSENT` where the cloud holds nothing. What could not be read is an
`Unknown` that carries its reason; it is not a value, and no control ever receives one.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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

    def __post_init__(self) -> None:
        """Keep the reason writable, whatever text of an error it was made from."""
        if not self.reason.isascii():
            written = self.reason.encode("utf-8", "backslashreplace").decode()
            object.__setattr__(self, "reason", written)

    def __bool__(self) -> bool:
        msg = f"an unknown has no truth value ({self.reason})"
        raise TypeError(msg)


@dataclass(frozen=True, slots=True, order=True)
class Placeholder:
    """Stands in a document for a text that only a reading of the resource can give, just before a call is made.

    It is the number of the version that the call replaces, the name that the cloud gave to what the call removes, or
    a secret that is no part of a facet's value. `facet` is the facet whose reading gives it, `name` its name there.
    It is a type of its own, so that no document of a user is ever taken for one.
    """

    facet: str
    name: str


_TAG: Final = "$goldseam"
_CANONICAL: Final = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS
_ESCAPED: Final = re.compile(r"\$+goldseam")
"""Keys that begin so get one more `$` in plain JSON, so that no document of a user holds a marker of ours."""
_NAME: Final = b"$goldseam"
_OURS: Final = b'"$goldseam" :'
"""How the fast path writes our own marker: JSON without white space holds this nowhere else."""
_ABSENT: Final = orjson.Fragment(b'{"$goldseam" :"absent"}')


def plain(value: Value | Unknown) -> Json:
    """The value as pure JSON: `ABSENT`, `Unknown` and `Placeholder` become marked objects, tuples become lists.

    A key of the value that begins like a marker gets one more `$`: different values never give the same JSON.
    """
    if value is ABSENT:
        return {_TAG: "absent"}
    if isinstance(value, Unknown):
        return {_TAG: "unknown", "reason": value.reason}
    if isinstance(value, Placeholder):
        return {_TAG: "placeholder", "facet": value.facet, "name": value.name}
    if isinstance(value, Mapping):
        return {_escaped(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value) if isinstance(value, (set, frozenset)) else value
        return [plain(item) for item in items]
    return value


def _escaped(key: str) -> str:
    return f"${key}" if key.startswith("$") and _ESCAPED.match(key) else key


def restored(document: Json) -> Value | Unknown:
    """The inverse of `plain`; raises ValueError for a marker that `plain` does not write."""
    if isinstance(document, dict):
        if _TAG in document:
            return _marked(document)
        return {_unescaped(key): restored(item) for key, item in document.items()}
    if isinstance(document, list):
        return [restored(item) for item in document]
    return document


def _unescaped(key: str) -> str:
    return key[1:] if key.startswith("$$") and _ESCAPED.match(key) else key


def _marked(document: Mapping[str, Json]) -> Absent | Unknown | Placeholder:
    match document:
        case {"$goldseam": "absent", **rest} if not rest:
            return ABSENT
        case {"$goldseam": "unknown", "reason": str(reason), **rest} if not rest:
            return Unknown(reason)
        case {"$goldseam": "placeholder", "facet": str(facet), "name": str(name), **rest} if not rest:
            return Placeholder(facet, name)
    msg = f"an object with the key `{_TAG}` is none of the markers that this program writes"
    raise ValueError(msg)


def canonical(value: Value | Unknown) -> bytes:
    """Canonical JSON of a value in UTF-8, sorted keys and no white space: the JSON of `plain(value)`.

    It is written natively, since a scan does this hundreds of thousands of times; only where the name of our marker
    occurs more often than we wrote it ourselves is the value escaped first.

    Equal values give equal bytes, and only those. For what is plain JSON already, use `canonical_document`.
    """
    if value is ABSENT:
        return b'{"$goldseam":"absent"}'
    written = orjson.dumps(value, default=_written, option=_CANONICAL)
    if _NAME not in written:
        return written
    shorter = written.replace(_OURS, b'"$goldseam":')
    if written.count(_NAME) == len(written) - len(shorter):
        return shorter
    return orjson.dumps(plain(value), option=_CANONICAL)


def _written(value: object) -> object:
    """What JSON has no word for, one level of it: the rest is written natively."""
    if value is ABSENT:
        return _ABSENT
    if isinstance(value, Unknown):
        return orjson.Fragment(b'{"$goldseam" :"unknown","reason":' + orjson.dumps(value.reason) + b"}")
    if isinstance(value, Placeholder):
        facet, name = orjson.dumps(value.facet), orjson.dumps(value.name)
        return orjson.Fragment(b'{"$goldseam" :"placeholder","facet":' + facet + b',"name":' + name + b"}")
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    msg = f"a {type(value).__name__} is no JSON"
    raise TypeError(msg)


def digest(value: Value | Unknown) -> str:
    """SHA-256 of a value's canonical JSON, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def canonical_document(document: Json) -> bytes:
    """Canonical JSON of what is plain JSON already, such as the answer of a `to_json`: nothing in it is escaped."""
    return orjson.dumps(document, default=_unwrapped, option=_CANONICAL)


def indented_document(document: Json) -> str:
    """What is plain JSON already over several lines, with its members in the order that they have."""
    return orjson.dumps(document, default=_unwrapped, option=orjson.OPT_INDENT_2).decode()


def document_digest(document: Json) -> str:
    """SHA-256 of the canonical JSON of what is plain JSON already, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_document(document)).hexdigest()


def _unwrapped(value: object) -> object:
    return plain(value) if value is ABSENT or isinstance(value, (Unknown, Placeholder)) else _written(value)


def same(left: Value | Unknown, right: Value | Unknown) -> bool:
    """Whether two values are equal in canonical JSON."""
    return left is right or canonical(left) == canonical(right)


def difference(before: Value, after: Value) -> Json:
    """What a change removes and adds, as `{"-": …, "+": …}` in plain JSON; empty when nothing differs.

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


def changed_parts(
    before: Value, after: Value, path: str = ""
) -> Iterator[tuple[str, Sequence[Value], Sequence[Value], int]]:
    """Each place that differs: its path, what goes, what comes, and how many items of a list stay."""
    if same(before, after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            inner = f"{path}.{key}" if path else key
            yield from changed_parts(before.get(key, ABSENT), after.get(key, ABSENT), inner)
    elif isinstance(before, list) and isinstance(after, list):
        parts = difference(before, after)
        if parts:
            yield path, parts["-"], parts["+"], len(after) - len(parts["+"])
    else:
        yield path, [item for item in (before,) if item is not ABSENT], [i for i in (after,) if i is not ABSENT], 0


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
