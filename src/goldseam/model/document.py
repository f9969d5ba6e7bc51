"""The one strict reader of YAML: every place knows its line, and what a rule file has no use for is refused.

Aliases, anchors, tags, merge keys, several documents, repeated keys, deep nesting and great length are refused before
anything is built of the text, so a file can neither hide a rule nor exhaust memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from goldseam.model.errors import InvalidDocument, UnknownName, UsageError
from goldseam.model.values import Json

LARGEST: Final = 256 * 1024
_DEEPEST: Final = 12
_WHOLE: Final = re.compile(r"-?(0|[1-9]\d{0,8})")
_TRUTH: Final = {"true": True, "false": False}


@dataclass(frozen=True)
class Place:
    """One value in a document, with the words for it and the file and line where it stands.

    `node` is PyYAML's: a mapping, sequence or scalar node.
    """

    path: str
    what: str
    node: Any

    @property
    def line(self) -> int:
        """The line, the first being 1."""
        return int(self.node.start_mark.line) + 1

    @property
    def where(self) -> str:
        """File and line."""
        return f"{self.path}:{self.line}"

    def wrong(self, problem: str) -> InvalidDocument:
        """The error that something is wrong here."""
        return InvalidDocument(self.path, self.line, problem)

    def checked(self, error: UsageError) -> InvalidDocument:
        """The error with the place where it arose."""
        return self.wrong(str(error))

    def fields(self, known: tuple[str, ...], needed: tuple[str, ...] = ()) -> dict[str, Place]:
        """The members of a mapping that may have these keys and must have some of them."""
        found = self.members()
        for name, place in found.items():
            if name not in known:
                raise place.checked(UnknownName(f"key of {self.what}", name, known))
        for name in needed:
            if name not in found:
                raise self.wrong(f"{self.what} needs `{name}`; add it")
        return found

    def members(self) -> dict[str, Place]:
        """The members of a mapping by key, whatever the keys are; each is named for its key."""
        if self.node.id != "mapping":
            raise self.wrong(f"{self.what} is a mapping; write `key: value` lines")
        found: dict[str, Place] = {}
        for key, value in self.node.value:
            name = Place(self.path, f"a key of {self.what}", key).scalar()
            if name in found:
                raise Place(self.path, "", key).wrong(f"`{name}` is given twice in {self.what}; keep one")
            found[name] = Place(self.path, f"`{name}`", value)
        return found

    def items(self) -> list[Place]:
        """The items of a list that must hold some."""
        if self.node.id != "sequence":
            raise self.wrong(f"{self.what} is a list; write `- item` lines or `[item, …]`")
        return [Place(self.path, f"an item of {self.what}", item) for item in self.node.value]

    def some(self) -> list[Place]:
        """One value, or the items of a list that must hold some."""
        if self.node.id != "sequence":
            return [self]
        if not self.node.value:
            raise self.wrong(f"{self.what} is an empty list, which matches nothing; fill it or leave the key out")
        return self.items()

    def scalar(self) -> str:
        """A single value as it was written, whatever YAML takes it for (an account number is no number)."""
        if self.node.id != "scalar" or self.node.tag.endswith((":null", ":merge")) or not self.node.value.strip():
            raise self.wrong(f"{self.what} is a single value; write one")
        return str(self.node.value)

    def text(self) -> str:
        """A single text."""
        value = self.scalar()
        if not self.node.tag.endswith(":str"):
            raise self.wrong(f'{self.what} is a text; write `"{value}"` in quotes')
        return value

    def quoted(self) -> str:
        """A single text that no reader could take for a number: digits have to be in quotes."""
        value = self.text()
        if self.node.style is None and value.isdecimal():
            raise self.wrong(f'{self.what} is a text; write `"{value}"` in quotes')
        return value

    def word(self, what: str, known: tuple[str, ...]) -> str:
        """One of the known words, and nothing near them."""
        value = self.scalar()
        if value not in known:
            problem = UnknownName(what, value, known)
            raise self.wrong(str(problem) if problem.nearest else f"{problem}; it is one of {', '.join(known)}")
        return value

    def whole(self, low: int, high: int) -> int:
        """A whole number between bounds, both allowed; `0` is the number zero."""
        value = self.scalar()
        if not self.node.tag.endswith(":int") or not _WHOLE.fullmatch(value) or not low <= int(value) <= high:
            raise self.wrong(f"{self.what} cannot be `{value}`; write a whole number from {low} to {high}")
        return int(value)

    def truth(self) -> bool:
        """`true` or `false`, and none of YAML's other words for them."""
        value = self.scalar()
        if not self.node.tag.endswith(":bool") or value not in _TRUTH:
            raise self.wrong(f"{self.what} cannot be `{value}`; write `true` or `false`")
        return _TRUTH[value]

    def value(self) -> Json:
        """A text, a whole number, a truth, or a list of these."""
        if self.node.id == "sequence":
            return [item.value() for item in self.items()]
        value, tag = self.scalar(), str(self.node.tag)
        if tag.endswith(":str"):
            return value
        if tag.endswith(":bool") and value in _TRUTH:
            return _TRUTH[value]
        if tag.endswith(":int") and _WHOLE.fullmatch(value):
            return int(value)
        raise self.wrong(f"{self.what} cannot be `{value}`; write a text in quotes, a whole number, `true` or `false`")

    def plain(self) -> Json:
        """The value as YAML takes it."""
        from yaml.constructor import ConstructorError, SafeConstructor  # noqa: PLC0415 - only when a file is read

        try:
            return SafeConstructor().construct_document(self.node)
        except (ValueError, ConstructorError) as error:
            raise self.wrong(f"{self.what} is not a value: {error}; put it in quotes") from error


@dataclass(frozen=True)
class Section:
    """A mapping that is asked by key; what is missing has the default that is given, or is an error."""

    place: Place
    entries: Mapping[str, Place]

    @classmethod
    def of(cls, place: Place, known: Iterable[str] | None = None) -> Section:
        """The section at a place; raises InvalidDocument for no mapping, a repeated key, or one that is not known."""
        return cls(place, place.members() if known is None else place.fields(tuple(known)))

    @property
    def path(self) -> str:
        """The file."""
        return self.place.path

    def fault(self, problem: str, key: str = "") -> InvalidDocument:
        """The error for a problem with one of the values, or with the section."""
        return self.entries.get(key, self.place).wrong(problem)

    def text(self, key: str, default: str | None = None) -> str:
        """A text."""
        if default is not None and key not in self.entries:
            return default
        return self._needed(key).text()

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number between bounds, both allowed."""
        if default is not None and key not in self.entries:
            return default
        return self._needed(key).whole(low, high)

    def truth(self, key: str, *, default: bool | None = None) -> bool:
        """A `true` or `false`."""
        if default is not None and key not in self.entries:
            return default
        return self._needed(key).truth()

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(item.text() for item in self._needed(key).items())

    def values(self, key: str) -> tuple[Json, ...]:
        """A list of texts, whole numbers, truths, and lists of these."""
        return tuple(item.value() for item in self._needed(key).items())

    def value(self, key: str) -> Json:
        """One such value."""
        return self._needed(key).value()

    def is_section(self, key: str) -> bool:
        """Whether a value is a section of its own."""
        return key in self.entries and self.entries[key].node.id == "mapping"

    def section(self, key: str, known: Iterable[str] | None = None) -> Section | None:
        """A section within, when it is there."""
        return Section.of(self.entries[key], known) if key in self.entries else None

    def sections(self, key: str, known: Iterable[str]) -> tuple[Section, ...]:
        """A list of sections."""
        return tuple(Section.of(item, known) for item in self._needed(key).items())

    def _needed(self, key: str) -> Place:
        if key not in self.entries:
            raise self.fault(f"{self.place.what} needs `{key}`; add it")
        return self.entries[key]


def read_document(path: Path, known: Iterable[str] | None = None) -> Section:
    """The file as a section; raises InvalidDocument."""
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(LARGEST + 1)
    except OSError as error:
        msg = f"the file cannot be read ({error.strerror}); check the path, or make one with the `init` command"
        raise InvalidDocument(str(path), None, msg) from error
    except UnicodeDecodeError as error:
        raise InvalidDocument(str(path), None, "this is not YAML: it is not UTF-8 text; save it as UTF-8") from error
    return Section.of(parsed(str(path), text), known)


def parsed(path: str, text: str) -> Place:
    """The top of a document; raises InvalidDocument."""
    import yaml  # noqa: PLC0415 - only when a file is read

    if len(text) > LARGEST:
        raise InvalidDocument(path, None, f"the file is larger than {LARGEST // 1024} KiB; split it")
    try:
        _refuse_odd(path, text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise InvalidDocument(path, line, f"this is not YAML: {error.problem or error.context}; correct it") from error
    except yaml.YAMLError as error:
        raise InvalidDocument(path, None, "the file holds characters that YAML does not allow; remove them") from error
    if node is None:
        raise InvalidDocument(path, None, "the file is empty; begin it with `version:`")
    return Place(path, "the file", node)


def _refuse_odd(path: str, text: str) -> None:
    """Walk the events, which takes no memory, and stop at the first that a rule file has no use for."""
    import yaml  # noqa: PLC0415 - only when a file is read

    depth = documents = 0
    event: Any
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if getattr(event, "anchor", None):
            raise InvalidDocument(path, line, "anchors and aliases are not allowed; write the value out")
        if getattr(event, "tag", None) not in {None, "!"}:
            hint = "put a text that begins with `!` in quotes"
            raise InvalidDocument(path, line, f"the tag `{event.tag}` is not allowed; {hint}")
        if depth > _DEEPEST:
            raise InvalidDocument(path, line, f"the file nests more than {_DEEPEST} deep; flatten it")
        if documents > 1:
            raise InvalidDocument(path, line, "the file holds several documents; keep one and remove the `---`")
