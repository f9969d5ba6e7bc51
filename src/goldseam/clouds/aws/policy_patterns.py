"""Patterns in the `Action` and `Resource` of policy statements: what takes in everything that another does. Pure.

A `?` and variables are taken as written, which covers too little and never too much.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

Denial: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
"""The actions and the resources that a statement denies."""


class Patterns:
    """The `Action`s or `Resource`s of a statement, taken apart once; case does not matter in actions."""

    def __init__(self, patterns: Iterable[str], *, actions: bool) -> None:
        self._actions = actions
        self.exact = frozenset(item.lower() for item in patterns) if actions else frozenset(patterns)
        self.wild = tuple(tuple(item.split("*")) for item in self.exact if "*" in item)

    def take_in(self, wanted: str) -> bool:
        """Whether one of them takes in everything that the wanted pattern does."""
        text = wanted.lower() if self._actions else wanted
        return text in self.exact or any(_stars_cover(parts, text) for parts in self.wild)


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


class Denials:
    """Denials of one policy, found by the resources that they name, so that not each is held against each allowance.

    A pattern can only take in what begins with the text before its first star.
    """

    def __init__(self, denials: Iterable[Denial]) -> None:
        self._by_head: dict[str, list[tuple[Patterns, Patterns]]] = defaultdict(list)
        for actions, resources in dict.fromkeys(denials):
            parts = Patterns(actions, actions=True), Patterns(resources, actions=False)
            for head in {resource.partition("*")[0] for resource in resources}:
                self._by_head[head].append(parts)
        self._lengths = sorted({len(head) for head in self._by_head})

    def close(self, actions: Sequence[str], resources: Sequence[str]) -> bool:
        """Whether one of them takes in all of these actions on all of these resources."""
        return any(
            all(map(denied.take_in, actions)) and all(map(on.take_in, resources))
            for denied, on in self._about(resources[0])
        )

    def _about(self, resource: str) -> Iterator[tuple[Patterns, Patterns]]:
        for length in self._lengths:
            if length <= len(resource):
                yield from self._by_head.get(resource[:length], ())
