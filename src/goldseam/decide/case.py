"""What a decision depends on, and the lines in which its reasoning is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, TypeAlias, cast

from goldseam.assess.context import Fact
from goldseam.assess.evaluate import Finding
from goldseam.control import Control
from goldseam.decide.exemption import Exemption
from goldseam.decide.policy import Mode
from goldseam.model.resource import Resource
from goldseam.model.values import Json, Unknown, canonical

Layer: TypeAlias = Literal[
    "policy", "clause", "guardrail", "setting", "control", "fact", "exemption", "limit", "window", "precedent"
]

NO_OBJECTION: Final = "no objection"
AT_MOST_ASK: Final = "at most ask"
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Usage:
    """Automated repairs in the last hour, over everything and by account."""

    last_hour: int = 0
    by_account: Mapping[str, int] = field(default_factory=dict)

    def after(self, account: str) -> Usage:
        """The usage with one more automated repair in an account."""
        return Usage(self.last_hour + 1, {**self.by_account, account: self.by_account.get(account, 0) + 1})


@dataclass(frozen=True, slots=True)
class Precedent:
    """What happened before: `repaired` counts this finding's own repairs, the others are about its control anywhere."""

    control: str
    approved: int = 0
    rejected: int = 0
    rolled_back: int = 0
    repaired: int = 0


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a decision depends on beside the finding and the policies."""

    now: datetime
    exemptions: tuple[Exemption, ...] = ()
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One step of the reasoning: what was asked, whether it holds (None: cannot be told), and what follows.

    `about` names what was asked for programs: the fact, the clause, the policy, or which side of its layer. `caps` is
    the most that the line allows; None where it objects to nothing, or where other lines give the reason.
    """

    layer: Layer
    text: str
    truth: bool | None
    effect: str
    evidence: tuple[str, ...] = ()
    about: str = ""
    caps: Mode | None = None

    def to_json(self) -> dict[str, Json]:
        """The line as a JSON object."""
        return {
            "layer": self.layer,
            "text": self.text,
            "truth": self.truth,
            "effect": self.effect,
            "evidence": list(self.evidence),
            "about": self.about,
            "caps": str(self.caps) if self.caps is not None else None,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Json]) -> TraceLine:
        """The inverse of `to_json`."""
        layer, evidence = cast("Layer", document["layer"]), tuple(document["evidence"])
        caps = document.get("caps")
        return cls(
            layer,
            document["text"],
            document["truth"],
            document["effect"],
            evidence,
            document.get("about", ""),
            Mode(caps) if caps is not None else None,
        )


@dataclass(frozen=True, slots=True)
class Opinion:
    """The most that one layer allows, and why."""

    most: Mode
    lines: tuple[TraceLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A finding with all that is known about it."""

    finding: Finding
    control: Control
    resource: Resource
    facts: Mapping[str, Fact]
    precedent: Precedent | None


def fact_shown(name: str, fact: Fact | None) -> str:
    """A fact with the evidence for it, or why it is unknown, as a sentence."""
    if fact is None:
        return f"{name} is unknown: it is not told of this kind of resource"
    if isinstance(fact.value, Unknown):
        return f"{name} is unknown: {fact.value.reason}"
    return f"{name} is {shortly(fact.value)}: {'; '.join(fact.evidence) or 'no evidence was kept'}"


def shortly(value: Json) -> str:
    """A value as people read it, cut where it is long."""
    text = canonical(value).decode()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
