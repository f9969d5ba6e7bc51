"""A YAML file read strictly: every fault names the file, the line and, for a misspelt word, the nearest right one.

Aliases, anchors, tags, merge keys, several documents, repeated keys, deep nesting and great length are refused before
anything is built of the text, as `policy.document` refuses them; a test holds both to one table.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from goldseam.model.errors import InvalidDocument
from goldseam.model.values import Json

LARGEST: Final = 256 * 1024
_DEEPEST: Final = 12
_WHOLE: Final = re.compile(r"-?(0|[1-9]\d{0,8})")
_TRUTH: Final = {"true": True, "false": False}


@dataclass(frozen=True, eq=False)
class Section:
    """One mapping of the file; asking it for a value checks the value's type."""

    path: str
    node: yaml.MappingNode
    entries: Mapping[str, yaml.Node]

    @classmethod
    def of(cls, path: str, node: yaml.Node, known: Iterable[str] | None = None) -> Section:
        """The section at a node; raises InvalidDocument for no mapping, a repeated key, or one that is not known."""
        if not isinstance(node, yaml.MappingNode):
            raise _fault(path, node, "a mapping of names to values is needed here")
        entries: dict[str, yaml.Node] = {}
        words = None if known is None else sorted(known)
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag.endswith((":merge", ":null")) or not key.value.strip():
                raise _fault(path, key, "a name is needed here, before the colon; a merge key `<<` is none")
            name = str(key.value)
            if name in entries:
                raise _fault(path, key, f"`{name}` is given twice; remove one")
            if words is not None and name not in words:
                raise _fault(path, key, _unknown(name, words))
            entries[name] = value
        return cls(path, node, entries)

    def fault(self, problem: str, key: str = "") -> InvalidDocument:
        """The error for a problem with one of the values, or with the section."""
        return _fault(self.path, self.entries.get(key, self.node), problem)

    def text(self, key: str, default: str | None = None) -> str:
        """A text."""
        node = self._node(key, needed=default is None)
        if node is None:
            return default or ""
        if not _is_text(node):
            raise self.fault(f"`{key}` must be a text; put it in quotes", key)
        return str(node.value)

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number within bounds."""
        node = self._node(key, needed=default is None)
        if node is None:
            return default or 0
        written = str(node.value) if isinstance(node, yaml.ScalarNode) and node.tag.endswith(":int") else ""
        if not _WHOLE.fullmatch(written) or not low <= int(written) <= high:
            raise self.fault(f"`{key}` must be a whole number from {low} to {high}", key)
        return int(written)

    def truth(self, key: str, *, default: bool | None = None) -> bool:
        """A `true` or `false`."""
        node = self._node(key, needed=default is None)
        if node is None:
            return bool(default)
        if not isinstance(node, yaml.ScalarNode) or not node.tag.endswith(":bool") or node.value not in _TRUTH:
            raise self.fault(f"`{key}` must be `true` or `false`", key)
        return _TRUTH[node.value]

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        items = self._items(key)
        if not all(_is_text(item) for item in items):
            raise self.fault(f"`{key}` must be a list of texts; put each in quotes", key)
        return tuple(str(item.value) for item in items)

    def values(self, key: str) -> tuple[Json, ...]:
        """A list of texts, whole numbers, truths, and lists of these."""
        return tuple(self._value(key, item) for item in self._items(key))

    def value(self, key: str) -> Json:
        """One such value."""
        return self._value(key, self.entries[key])

    def is_section(self, key: str) -> bool:
        """Whether a value is a section of its own."""
        return isinstance(self.entries.get(key), yaml.MappingNode)

    def _value(self, key: str, node: yaml.Node) -> Json:
        if isinstance(node, yaml.SequenceNode):
            return [self._value(key, item) for item in node.value]
        if _is_text(node):
            return str(node.value)
        if isinstance(node, yaml.ScalarNode):
            if node.tag.endswith(":bool") and node.value in _TRUTH:
                return _TRUTH[node.value]
            if node.tag.endswith(":int") and _WHOLE.fullmatch(node.value):
                return int(node.value)
        raise self.fault(f"`{key}` must be a list of texts in quotes, whole numbers, truths or lists of these", key)

    def section(self, key: str, known: Iterable[str] | None = None) -> Section | None:
        """A section within, when it is there."""
        node = self._node(key, needed=False)
        return None if node is None else Section.of(self.path, node, known)

    def sections(self, key: str, known: Iterable[str]) -> tuple[Section, ...]:
        """A list of sections."""
        return tuple(Section.of(self.path, item, known) for item in self._items(key))

    def _items(self, key: str) -> list[yaml.Node]:
        node = self._node(key, needed=True)
        if not isinstance(node, yaml.SequenceNode):
            raise self.fault(f"`{key}` must be a list", key)
        return list(node.value)

    def _node(self, key: str, *, needed: bool) -> yaml.Node | None:
        if needed and key not in self.entries:
            raise self.fault(f"`{key}` is missing here")
        return self.entries.get(key)


def read_document(path: Path, known: Iterable[str] | None = None) -> Section:
    """The file as a section; raises InvalidDocument."""
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(LARGEST + 1)
        root = _root(str(path), text)
    except OSError as error:
        problem = f"cannot be read ({error.strerror}); make one with `goldseam-keyholder init`"
        raise InvalidDocument(str(path), None, problem) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        raise InvalidDocument(str(path), line, "is not YAML; check indentation and quotes") from error
    if root is None:
        raise InvalidDocument(str(path), None, "is empty; make one with `goldseam-keyholder init`")
    return Section.of(str(path), root, known)


def _root(path: str, text: str) -> yaml.Node | None:
    if len(text) > LARGEST:
        raise InvalidDocument(path, None, f"is larger than {LARGEST // 1024} KiB; shorten it")
    _refuse_odd(path, text)
    return yaml.compose(text, yaml.SafeLoader)


def _refuse_odd(path: str, text: str) -> None:
    """Walk the events, which takes no memory, and stop at the first that a file of rules has no use for."""
    depth = documents = 0
    event: Any
    for event in yaml.parse(text, yaml.SafeLoader):
        line = event.start_mark.line + 1
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if getattr(event, "anchor", None):
            raise InvalidDocument(path, line, "anchors and aliases are not allowed; write the value out")
        if getattr(event, "tag", None) not in {None, "!"}:
            raise InvalidDocument(path, line, "tags are not allowed; put a text that begins with `!` in quotes")
        if depth > _DEEPEST:
            raise InvalidDocument(path, line, f"nests more than {_DEEPEST} deep; flatten it")
        if documents > 1:
            raise InvalidDocument(path, line, "holds several documents; keep one and remove the `---`")


def _is_text(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag.endswith(":str") and bool(node.value.strip())


def _unknown(name: str, words: list[str]) -> str:
    near = difflib.get_close_matches(name, words, n=1, cutoff=0.5)
    return f"`{name}` is not known here; " + (f"did you mean `{near[0]}`?" if near else f"use {', '.join(words)}")


def _fault(path: str, node: yaml.Node, problem: str) -> InvalidDocument:
    return InvalidDocument(path, node.start_mark.line + 1, problem)
