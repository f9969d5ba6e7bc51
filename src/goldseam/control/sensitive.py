"""Sensitive members of facets: where they are, how they are masked, and how they are found in other texts. Pure.

A facet declares paths into its value (`Facet.sensitive`): names of members separated by dots, `*` for every member of
an object, `[]` for every item of a list. Names are compared without case. Lists are entered without being named, too,
and so is JSON that a value holds as text, such as a policy document. What a path leads to is masked whole, leaf by
leaf; the empty path is the value itself.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from typing import Final, Protocol, TypeAlias

import orjson

from goldseam.model.values import ABSENT, Json, Placeholder, Unknown, Value, canonical

Paths: TypeAlias = tuple[tuple[str, ...], ...]
"""Paths as their names, relative to where one is in a value."""

EVERYTHING: Final = ("",)
"""The declaration of a facet whose whole value is sensitive."""

MASKED: Final = re.compile(r"\(sensitive, \d+ characters(?:, #[0-9a-f]{6})?\)")
"""What a mask looks like."""

_FREE_TEXT: Final = 3
"""Characters of the shortest value that is looked for inside other texts."""
_ANYWHERE: Final = 8
"""Characters from which a value is found inside a longer word, too."""


class Declares(Protocol):
    """A facet, as far as this module is concerned."""

    @property
    def sensitive(self) -> tuple[str, ...]:
        """The paths of the sensitive members."""


@dataclass(frozen=True, slots=True)
class Mask:
    """Writes what stands in place of a sensitive value: its length, and a mark that is equal for equal values only.

    The mark is a digest under `key`, so that it cannot be found by trying likely values. Without a key there is no
    mark, and the text is the same wherever it is made.
    """

    key: bytes = field(default=b"", repr=False)

    def of(self, value: Json) -> str:
        """The text in place of a value."""
        text = value if isinstance(value, str) else canonical(value).decode()
        if not self.key:
            return f"(sensitive, {len(text)} characters)"
        mark = blake2b(text.encode("utf-8", "surrogatepass"), key=self.key, digest_size=3).hexdigest()
        return f"(sensitive, {len(text)} characters, #{mark})"


PLAIN_MASK: Final = Mask()
"""The mask without marks, for texts that must be the same in every process."""


def masked(value: Value | Unknown, facet: Declares, mask: Mask = PLAIN_MASK) -> Value | Unknown:
    """The facet's value with every sensitive member masked; its form stays as it is."""
    if value is ABSENT or isinstance(value, Unknown) or not facet.sensitive:
        return value
    return _masked(value, _paths(facet), mask)


def _paths(facet: Declares) -> Paths:
    return tuple(tuple(path.casefold().split(".")) if path else () for path in facet.sensitive)


def _masked(node: Json, paths: Paths, mask: Mask) -> Json:
    if () in paths:
        return _hidden(node, mask)
    if not paths:
        return node
    if isinstance(node, str):
        inner = json_in(node)
        return node if inner is None else _text(_masked(inner, paths, mask))
    if isinstance(node, Mapping):
        return {key: _masked(item, _below(paths, str(key)), mask) for key, item in node.items()}
    return [_masked(item, _inside(paths), mask) for item in node] if isinstance(node, (list, tuple)) else node


def _below(paths: Paths, name: str) -> Paths:
    """The rest of those paths that go on in the member of that name; `[]` stands for a single item as well."""
    single = _without_brackets(paths)
    return tuple(path[1:] for path in single if path[0] in ("*", name.casefold()))


def _inside(paths: Paths) -> Paths:
    """The rest of the paths in an item of a list."""
    return tuple(path[1:] if path[0] == "[]" else path for path in paths)


def _without_brackets(paths: Paths) -> Paths:
    return tuple(path for path in (path[1:] if path[0] == "[]" else path for path in paths) if path)


def _hidden(node: Json, mask: Mask) -> Json:
    """Every leaf masked; what holds nothing (an empty text, null, a boolean, a placeholder) is left."""
    if isinstance(node, Mapping):
        return {key: _hidden(item, mask) for key, item in node.items()}
    if isinstance(node, (list, tuple)):
        return [_hidden(item, mask) for item in node]
    return node if node in ("", None) or isinstance(node, (bool, Placeholder)) else mask.of(node)


def json_in(text: str) -> Json | None:
    """The object or list that a text holds as JSON; None when it holds neither."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _text(document: Json) -> str:
    return orjson.dumps(document).decode()


def _leaves(node: Json, paths: Paths) -> Iterator[tuple[str, bool]]:
    """Every text in a value, and whether a path leads to it."""
    if isinstance(node, str):
        inner = None if () in paths else json_in(node)
        if inner is None:
            yield node, () in paths
        else:
            yield from _leaves(inner, paths)
    elif isinstance(node, Mapping):
        for key, item in node.items():
            yield from _leaves(item, ((),) if () in paths else _below(paths, str(key)))
    elif isinstance(node, (list, tuple)):
        for item in node:
            yield from _leaves(item, ((),) if () in paths else _inside(paths))


@dataclass(frozen=True)
class Secrets:
    """The sensitive texts of one resource, to be masked wherever else they occur.

    `said` are texts that the resource holds openly too: hiding them elsewhere would hide nothing, and would make a
    plan unreadable whose environment says `prod` or the name of a region.
    """

    values: frozenset[str] = frozenset()
    said: frozenset[str] = frozenset()
    mask: Mask = PLAIN_MASK

    @classmethod
    def of(cls, facets: Iterable[tuple[Declares, Value | Unknown]], mask: Mask = PLAIN_MASK) -> Secrets:
        """The secrets in the values of facets."""
        found: dict[bool, set[str]] = {True: set(), False: set()}
        for facet, value in facets:
            if value is not ABSENT and not isinstance(value, Unknown):
                for text, sensitive in _leaves(value, _paths(facet)):
                    found[sensitive].add(text)
        return cls(frozenset(found[True] - {""}), frozenset(found[False]), mask)

    def beside(self, *said: str) -> Secrets:
        """The same, but what these texts say is said openly."""
        return replace(self, said=self.said.union(said))

    def __or__(self, other: Secrets) -> Secrets:
        return Secrets(self.values | other.values, self.said | other.said, self.mask)

    @cached_property
    def hidden(self) -> frozenset[str]:
        """The texts that are masked."""
        return self.values - self.said

    def text(self, text: str) -> str:
        """The text with every secret in it masked, in clear, as JSON or Python write it, and in base 64."""
        if not self.hidden or not text:
            return text
        return self._pattern.sub(self._in_place, text)

    def _in_place(self, match: re.Match[str]) -> str:
        """What stands in place of a match: of a mask, itself."""
        return self.mask.of(self._searched[match.lastindex - 1]) if match.lastindex else match[0]

    def document(self, node: Json) -> Json:
        """A JSON document with the secrets masked in all its texts; JSON inside a text stays JSON."""
        if not self.hidden:
            return node
        if isinstance(node, str):
            return self._leaf(node)
        if isinstance(node, Mapping):
            return {key: self.document(item) for key, item in node.items()}
        return [self.document(item) for item in node] if isinstance(node, (list, tuple)) else node

    def _leaf(self, text: str) -> str:
        if text in self.hidden:
            return self.mask.of(text)
        if text in self.said:
            return text
        inner = json_in(text)
        if inner is None:
            return self.text(text)
        hidden = self.document(inner)
        return text if hidden == inner else _text(hidden)

    @cached_property
    def _searched(self) -> tuple[str, ...]:
        """The secrets that are long enough to be looked for in other texts, the longest first."""
        return tuple(
            sorted((text for text in self.hidden if len(text) >= _FREE_TEXT), key=lambda text: (-len(text), text))
        )

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """Finds masks, which are left alone, and secrets, each in a group of its own."""
        return re.compile("|".join([MASKED.pattern, *(f"({_found_as(text)})" for text in self._searched)]))


def _found_as(secret: str) -> str:
    """The pattern of a secret, in clear or in base 64; a short one is not looked for inside a word."""
    clear = "".join(map(_sign, secret))
    if len(secret) < _ANYWHERE:
        clear = rf"(?<![A-Za-z0-9]){clear}(?![A-Za-z0-9])"
    return f"{clear}|{re.escape(b64encode(secret.encode('utf-8', 'surrogatepass')).decode())}"


def _sign(sign: str) -> str:
    """The pattern of one character, as it is or as JSON, Python and URLs write it, one inside the other if need be."""
    if sign.isascii() and sign.isalnum():
        return sign
    if sign == "\\":
        return r"(?:\\+|%5[Cc])"
    hexadecimal = "".join(f"%{byte:02x}" for byte in sign.encode("utf-8", "surrogatepass"))
    short = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}.get(sign)
    ways = [rf"\\*{re.escape(sign)}", f"(?i:{hexadecimal})", *([rf"\\+{short}"] if short else [])]
    if not sign.isprintable() or not sign.isascii():
        units = sign.encode("utf-16-be", "surrogatepass")
        pairs = "".join(rf"\\+u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
        ways += [f"(?i:{pairs})", rf"(?i:\\+x{ord(sign):02x})", rf"(?i:\\+u{ord(sign):08x})"]
    return f"(?:{'|'.join(ways)})"
