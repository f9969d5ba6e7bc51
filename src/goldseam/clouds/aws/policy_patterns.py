"""Patterns in the `Action` and `Resource` of policy statements: what takes in everything that another does. Pure.

Variables are taken as written, which covers too little and never too much.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeAlias


class Covering(Protocol):
    """What a statement names, or all but what it names."""

    def take_in(self, wanted: str) -> bool:
        """Whether it takes in everything that the wanted pattern does."""
        ...


class Patterns:
    """The `Action`s or `Resource`s of a statement, taken apart once; case does not matter in actions."""

    def __init__(self, patterns: Iterable[str], *, actions: bool) -> None:
        self._actions = actions
        self.exact = frozenset(item.lower() for item in patterns) if actions else frozenset(patterns)
        self.wild = tuple(tuple(item.split("*")) for item in self.exact if "*" in item and "?" not in item)
        self._single = tuple(_with_single(item) for item in self.exact if "?" in item)

    def take_in(self, wanted: str) -> bool:
        """Whether one of them takes in everything that the wanted pattern does."""
        text = wanted.lower() if self._actions else wanted
        if text in self.exact or any(_stars_cover(parts, text) for parts in self.wild):
            return True
        return any(pattern.fullmatch(text) for pattern in self._single)


class AllBut:
    """All actions or resources but those that a statement names (`NotAction`, `NotResource`)."""

    def __init__(self, patterns: Iterable[str], *, actions: bool) -> None:
        self._actions = actions
        self._spared = [item.lower() if actions else item for item in patterns]

    def take_in(self, wanted: str) -> bool:
        """Whether nothing that the wanted pattern takes in is spared."""
        text = wanted.lower() if self._actions else wanted
        return not any(_may_meet(spared, text) for spared in self._spared)


Denial: TypeAlias = tuple[Covering, Covering, set[str]]
"""The actions and the resources that a statement denies, and the texts before the first wildcard of each resource."""


def _with_single(pattern: str) -> re.Pattern[str]:
    """A pattern with `?`, which stands for one character and so for no star of a wanted pattern."""
    return re.compile("".join({"*": ".*", "?": "[^*]"}.get(char, re.escape(char)) for char in pattern), re.DOTALL)


def _stars_cover(parts: Sequence[str], wanted: str) -> bool:
    """Whether a pattern with stars between these parts takes in everything that the wanted one does."""
    head, *between, tail = parts
    if not wanted.startswith(head):
        return False
    start, end = len(head), len(wanted) - len(tail)
    for part in between:
        if (found := wanted.find(part, start, end)) < 0:
            return False
        start = found + len(part)
    return start <= end and wanted.endswith(tail)


def _may_meet(one: str, other: str) -> bool:
    """Whether some text matches both patterns; a variable may stand for anything."""
    head, beside = (re.split(r"[*?$]", pattern, maxsplit=1)[0] for pattern in (one, other))
    if not (head.startswith(beside) or beside.startswith(head)):
        return False
    if (head, beside) == (one, other):
        return one == other
    first, second = (re.sub(r"\$\{[^}]*}", "*", pattern) for pattern in (one, other))
    row = [True] + [False] * len(second)
    for at, char in enumerate(second):
        row[at + 1] = row[at] and char == "*"
    for char in first:
        row = _next_row(row, char, second)
    return row[-1]


def _next_row(row: Sequence[bool], char: str, second: str) -> list[bool]:
    """Whether the first pattern up to this character meets each beginning of the second one."""
    found = [row[0] and char == "*"]
    for at, beside in enumerate(second):
        if "*" in (char, beside):
            found.append(row[at + 1] or found[at])
        else:
            found.append(row[at] and (char == beside or "?" in (char, beside)))
    return found


class Denials:
    """Denials of one policy, found by the resources that they name, so that not each is held against each allowance.

    A pattern can only take in what begins with the text before its first wildcard.
    """

    def __init__(self, denials: Iterable[Denial]) -> None:
        self._by_head: dict[str, list[tuple[Covering, Covering]]] = defaultdict(list)
        for actions, resources, heads in denials:
            for head in heads:
                self._by_head[head].append((actions, resources))
        self._lengths = sorted({len(head) for head in self._by_head})

    def __bool__(self) -> bool:
        return bool(self._by_head)

    def close(self, actions: Sequence[str], resources: Sequence[str]) -> bool:
        """Whether each of these actions on each of these resources is taken in by one of them."""
        return bool(self._by_head) and all(self._closes(actions, resource) for resource in resources)

    def _closes(self, actions: Sequence[str], resource: str) -> bool:
        denied = [named for named, on in self._about(resource) if on.take_in(resource)]
        return bool(denied) and all(any(named.take_in(action) for named in denied) for action in actions)

    def _about(self, resource: str) -> Iterator[tuple[Covering, Covering]]:
        for length in self._lengths:
            if length <= len(resource):
                yield from self._by_head.get(resource[:length], ())
