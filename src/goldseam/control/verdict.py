"""What a control answers: compliant, how it should be, a violation that no API can fix, or that it cannot tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from goldseam.model.values import Unknown, Value


@dataclass(frozen=True, slots=True)
class Compliant:
    """Nothing to change."""


@dataclass(frozen=True, slots=True)
class ShouldBe:
    """The facets that must change, each with the whole value that it should have, and what is wrong now.

    `remains` says what the change leaves to a person, empty for nothing: the control does not pass after it then, and
    no call is left to plan.
    """

    changes: Mapping[str, Value]
    because: str
    remains: str = ""


@dataclass(frozen=True, slots=True)
class Violation:
    """Wrong, and for people to mend: what is wrong, and how a person goes about it.

    `wanted` holds the facets as they should be where that is known and no call leads there: what is wrong is the
    difference to them. Without it, it is the whole of what the control reads.
    """

    because: str
    guide: str = ""
    wanted: Mapping[str, Value] = field(default_factory=dict)


Verdict: TypeAlias = Compliant | ShouldBe | Violation | Unknown
"""`Unknown` is for a value that was read and does not say enough; a facet that was not read never reaches a rule."""

compliant: Final = Compliant()


def should_be(*, because: str, **facets: Value) -> ShouldBe:
    """The verdict that the named facets should have these values, because of what is said.

    `because` names each offending item: it is what a person reads, and when it changes an exemption lapses.
    """
    return ShouldBe(facets, because)


def violation(*, because: str, guide: str = "") -> Violation:
    """The verdict that something is wrong which no reversible call can fix."""
    return Violation(because, guide)


def undecided(*, because: str) -> Unknown:
    """The verdict that what was read does not tell: the finding is `unknown`, never fixed and never a pass (law 5).

    `because` names what is not understood, such as a condition key.
    """
    return Unknown(because)
