"""Stage 3: gather facts about a resource, each with its evidence. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from goldseam.control import FactRule, Known, Surroundings
from goldseam.errors import UNFORESEEN
from goldseam.resource import Resource
from goldseam.values import Json, Unknown, Value, plain, restored


@dataclass(frozen=True, slots=True)
class Fact:
    """A piece of context: a value with the evidence for it, or an `Unknown` with the reason."""

    name: str
    value: Value | Unknown
    evidence: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """The fact as a JSON object."""
        return {"name": self.name, "value": plain(self.value), "evidence": list(self.evidence)}

    @classmethod
    def from_json(cls, document: Mapping[str, Json]) -> Fact:
        """The inverse of `to_json`."""
        return cls(document["name"], restored(document["value"]), tuple(document["evidence"]))


def gather(resource: Resource, rules: Iterable[FactRule], around: Surroundings) -> tuple[Fact, ...]:
    """The facts about a resource, one for each rule, in the rules' order."""
    return tuple(_fact(rule, resource, around) for rule in rules)


def _fact(rule: FactRule, resource: Resource, around: Surroundings) -> Fact:
    values = [resource.facets.get(name, Unknown(f"{name} was not read")) for name in rule.reads]
    if not rule.tolerant:
        for value in values:
            if isinstance(value, Unknown):
                return Fact(rule.name, value)
    try:
        answer = rule.rule(*values, around=around)
    except UNFORESEEN as error:
        return Fact(rule.name, Unknown(f"it cannot be told from what was read ({type(error).__name__}: {error})"))
    return Fact(rule.name, answer.value, answer.evidence) if isinstance(answer, Known) else Fact(rule.name, answer)
