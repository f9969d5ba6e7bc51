"""Stage 3: gather facts about a resource, each with its evidence. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from goldseam.control import Answer, FactRule, Known, Secrets, Surroundings
from goldseam.model.errors import UNFORESEEN, in_words
from goldseam.model.resource import Resource
from goldseam.model.values import ABSENT, Json, Unknown, Value, plain, restored


@dataclass(frozen=True, slots=True)
class Fact:
    """A piece of context: a value with the evidence for it, or an `Unknown` with the reason.

    `read_at` is when the reading began that the fact rests on, the same for all facts of one reading; `as_of` is the
    time up to which the fact's source is complete. Both are None for facts stored before times were kept.
    """

    name: str
    value: Value | Unknown
    evidence: tuple[str, ...] = ()
    read_at: datetime | None = None
    as_of: datetime | None = None

    def to_json(self) -> dict[str, Json]:
        """The fact as a JSON object."""
        return {
            "name": self.name,
            "value": plain(self.value),
            "evidence": list(self.evidence),
            "read_at": self.read_at.isoformat() if self.read_at else None,
            "as_of": self.as_of.isoformat() if self.as_of else None,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Json]) -> Fact:
        """The inverse of `to_json`."""
        read_at, as_of = (_time(document.get(name)) for name in ("read_at", "as_of"))
        return cls(document["name"], restored(document["value"]), tuple(document["evidence"]), read_at, as_of)


def _time(text: Json) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def gather(resource: Resource, rules: Iterable[FactRule], around: Surroundings) -> tuple[Fact, ...]:
    """The facts about a resource, one for each rule, in the rules' order; `around.now` is when the reading began."""
    return tuple(_dated(rule, _answer(rule, resource, around), around.now) for rule in rules)


def not_gathered(rule: FactRule, because: str, read_at: datetime) -> Fact:
    """The fact of a rule that nothing asked for."""
    return _dated(rule, Unknown(because), read_at)


def _dated(rule: FactRule, answer: Answer, read_at: datetime) -> Fact:
    """The answer as a fact with its times; an answer's own `as_of` counts where it is the older one."""
    as_of = read_at - rule.lag
    if isinstance(answer, Unknown):
        return Fact(rule.name, answer, (), read_at, as_of)
    return Fact(rule.name, answer.value, answer.evidence, read_at, min(as_of, answer.as_of or as_of))


def _answer(rule: FactRule, resource: Resource, around: Surroundings) -> Answer:
    values = [resource.facets.get(name, Unknown(f"{name} was not read")) for name in rule.reads]
    if not rule.tolerant:
        for value in values:
            if isinstance(value, Unknown):
                return value
    answer: Answer
    try:
        answer = rule.rule(*values, around=around)
    except UNFORESEEN as error:
        answer = Unknown(f"it cannot be told from what was read ({in_words(error)})")
    secrets = _secrets(rule, values, around)
    if isinstance(answer, Known) and rule.values and answer.value not in rule.values:
        answer = Unknown(f"the answer is not one of the values that {rule.name} can have; report this")
    if isinstance(answer, Known):
        return replace(answer, evidence=tuple(map(secrets.text, answer.evidence)))
    return Unknown(secrets.text(answer.reason))


def _secrets(rule: FactRule, values: Sequence[Value | Unknown], around: Surroundings) -> Secrets:
    """The sensitive texts in what a fact looks at: no evidence repeats them."""
    read = [(rule.kind.facet(name), value) for name, value in zip(rule.reads, values, strict=True)] if rule.kind else []
    for kind, names in (*rule.needs.items(), *rule.glances.items()):
        held = around.of(kind)
        facets = [kind.facet(name) for name in names if kind.facet(name).sensitive]
        found = () if isinstance(held, Unknown) else held
        read += [(facet, resource.facets.get(facet.name, ABSENT)) for resource in found for facet in facets]
    return Secrets.of(read) if any(facet.sensitive for facet, _ in read) else Secrets()
