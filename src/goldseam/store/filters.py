"""Which findings are wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from goldseam.model.errors import MISSHAPEN
from goldseam.model.values import restored


@dataclass(frozen=True, slots=True)
class FindingFilter:
    """A choice of findings. A member that is empty or None restricts nothing; of several words one has to match.

    `tags` are the resource's tags as the last scan stored them: every key with its value, or with any where the value
    is empty; a resource whose tags are unknown has none of them. `decisions` are modes (`auto`, `ask`, ...); a finding
    without a decision has none. The age is the time since the finding has its status.
    """

    clouds: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    at_least: timedelta | None = None
    at_most: timedelta | None = None

    def condition(self, now: datetime) -> tuple[str, tuple[str, ...]]:
        """What a query can choose by, as SQL that ends in `AND` where it is not empty, and its parameters."""
        parts: list[str] = []
        given: list[str] = []
        for column, words in self._columns().items():
            if words:
                parts.append(f"{column} IN ({', '.join('?' * len(words))}) AND ")
                given += words
        for comparison, age in (("<=", self.at_least), (">=", self.at_most)):
            if age is not None:
                parts.append(f"since {comparison} ? AND ")
                given.append((now - age).isoformat())
        return "".join(parts), tuple(given)

    def passes(self, decision: str | None, document: bytes | None) -> bool:
        """Whether what stands in documents is as wanted: the stored decision and the resource's tags."""
        return self._decided(decision) and (not self.tags or self._tagged(document or b"{}"))

    def _columns(self) -> Mapping[str, tuple[str, ...]]:
        return {
            "resource.cloud": self.clouds, "resource.account": self.accounts, "resource.region": self.regions,
            "resource.kind": self.kinds, "finding.control": self.controls, "finding.status": self.statuses,
        }  # fmt: skip

    def _decided(self, decision: str | None) -> bool:
        return not self.decisions or _member(decision or "{}", "mode") in self.decisions

    def _tagged(self, document: bytes) -> bool:
        facets = _member(document, "facets")
        try:
            tags = restored(facets["tags"])
        except MISSHAPEN:
            return False
        return isinstance(tags, Mapping) and all(
            key in tags and value in ("", tags[key]) for key, value in self.tags.items()
        )


def _member(text: str | bytes, name: str) -> Any:
    """A member of a JSON object; None where it has none or is no object."""
    try:
        return orjson.loads(text)[name]
    except MISSHAPEN:
        return None
