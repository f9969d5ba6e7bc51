"""What a control answers: compliant, how it should be, or a violation that no API can fix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from goldseam.values import Value


@dataclass(frozen=True, slots=True)
class Compliant:
    """Nothing to change."""


@dataclass(frozen=True, slots=True)
class ShouldBe:
    """The facets that must change, each with the whole value that it should have, and what is wrong now."""

    changes: Mapping[str, Value]
    because: str


@dataclass(frozen=True, slots=True)
class Violation:
    """Wrong, and for people to mend: what is wrong, and how a person goes about it.

    `wanted` holds the facets as they should be where that is known and no call leads there: what is wrong is the
    difference to them. Without it, it is the whole of what the control reads.
    """

    because: str
    guide: str = ""
    wanted: Mapping[str, Value] = field(default_factory=dict)


Verdict: TypeAlias = Compliant | ShouldBe | Violation

compliant: Final = Compliant()


def should_be(*, because: str, **facets: Value) -> ShouldBe:
    """The verdict that the named facets should have these values, because of what is said.

    `because` names each offending item: it is what a person reads, and when it changes an exemption lapses.
    """
    return ShouldBe(facets, because)


def violation(*, because: str, guide: str = "") -> Violation:
    """The verdict that something is wrong which no reversible call can fix."""
    return Violation(because, guide)
