"""Sensitive values to search for: planted wherever a facet declares that one may be."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from goldseam.control import Facet
from goldseam.model.values import ABSENT, Json, Placeholder, Value

WORD: Final = "canary"
Steps: TypeAlias = tuple[str, ...]


@dataclass
class Canaries:
    """Makes values that are told apart and hold what is written differently in JSON, in Python and in a shell."""

    made: list[str] = field(default_factory=list)

    def new(self) -> str:
        self.made.append(f"{WORD}-{len(self.made)}-\"q'\\ü")
        return self.made[-1]

    def into(self, facet: Facet, value: Value, *, beside: bool = False) -> Value:
        """The value with a canary at each declared path; where lists are, in every item or in one more of its own."""
        for path in facet.sensitive if value is not ABSENT else ():
            value = self._at(copy.deepcopy(value), tuple(path.split(".")) if path else (), beside=beside)
        return value

    def _at(self, node: Json, steps: Steps, *, beside: bool) -> Json:
        if not steps:
            return self._whole(node)
        head, *rest = steps
        if head == "[]":
            return self._items(node, tuple(rest), beside=beside)
        if not isinstance(node, dict):
            return node
        names = list(node) or ["StringEquals"] if head == "*" else [head]
        return {**node, **{name: self._member(node, name, tuple(rest), beside=beside) for name in names}}

    def _member(self, node: dict[str, Json], name: str, rest: Steps, *, beside: bool) -> Json:
        if name in node or not rest:
            return self._at(node.get(name, ""), rest, beside=beside)
        return [] if rest[0] == "[]" else self._at({}, rest, beside=beside)

    def _items(self, node: Json, rest: Steps, *, beside: bool) -> Json:
        if not isinstance(node, list):
            return self._at(node, rest, beside=beside)
        if beside and node:
            one = copy.deepcopy(node[0])
            marked = {**one, "Sid": f"beside{len(self.made)}"} if isinstance(one, dict) and "Effect" in one else one
            return [*node, self._at(marked, rest, beside=False)]
        return [self._at(item, rest, beside=beside) for item in node]

    def _whole(self, node: Json) -> Json:
        if isinstance(node, Placeholder):
            return node
        if isinstance(node, dict):
            return {key: self._whole(item) for key, item in node.items()}
        return [self._whole(item) for item in node] if isinstance(node, list) else self.new()

    def found_in(self, text: str) -> list[str]:
        """The canaries that a text holds, however it writes them; none where the mask names their length."""
        return sorted({word for word in self.made if word.split('"')[0] in text})
