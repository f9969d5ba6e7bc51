"""A YAML file read strictly: every fault names the file, the line and, for a misspelt word, the nearest right one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from goldseam.errors import InvalidDocument
from goldseam.values import Json


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
        if not isinstance(node, yaml.ScalarNode) or not node.value:
            raise self.fault(f"`{key}` must be a text", key)
        return str(node.value)

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number within bounds."""
        node = self._node(key, needed=default is None)
        if node is None:
            return default or 0
        value = _scalar(node)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.fault(f"`{key}` must be a whole number from {low} to {high}", key)
        return value

    def truth(self, key: str, *, default: bool | None = None) -> bool:
        """A `true` or `false`."""
        node = self._node(key, needed=default is None)
        value = default if node is None else _scalar(node)
        if not isinstance(value, bool):
            raise self.fault(f"`{key}` must be `true` or `false`", key)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        items = [item.value for item in self._items(key) if isinstance(item, yaml.ScalarNode) and item.value]
        if len(items) != len(self._items(key)):
            raise self.fault(f"`{key}` must be a list of texts", key)
        return tuple(items)

    def values(self, key: str) -> tuple[Json, ...]:
        """A list of any values."""
        self._items(key)
        return tuple(yaml.safe_load(yaml.serialize(self._node(key, needed=True))))

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
        root = yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader)
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


def _scalar(node: yaml.Node) -> Json:
    """The value of a scalar by YAML's own rules; None for anything else."""
    return yaml.safe_load(yaml.serialize(node)) if isinstance(node, yaml.ScalarNode) else None


def _unknown(name: str, words: list[str]) -> str:
    near = difflib.get_close_matches(name, words, n=1, cutoff=0.5)
    return f"`{name}` is not known here; " + (f"did you mean `{near[0]}`?" if near else f"use {', '.join(words)}")


def _fault(path: str, node: yaml.Node, problem: str) -> InvalidDocument:
    return InvalidDocument(path, node.start_mark.line + 1, problem)
