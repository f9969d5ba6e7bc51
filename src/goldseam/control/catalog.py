"""The catalogue: every kind, control and fact that one installation knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType

from goldseam.control.control import Control
from goldseam.control.fact import FactRule
from goldseam.control.kind import Kind
from goldseam.errors import UnknownName


@dataclass(frozen=True)
class Catalog:
    """Kinds, controls and facts, looked up by name; passed in wherever it is needed."""

    kinds: tuple[Kind, ...]
    controls: tuple[Control, ...]
    facts: tuple[FactRule, ...] = ()

    @classmethod
    def of(cls, modules: Iterable[ModuleType]) -> Catalog:
        """Everything that the modules define; raises ValueError when two controls have one id."""
        found = [item for module in modules for value in vars(module).values() for item in _members(value)]
        controls = _unique([item for item in found if isinstance(item, Control)])
        kinds = {item for item in found if isinstance(item, Kind)} | {control.kind for control in controls}
        facts = {(item.name, item.kind): item for item in found if isinstance(item, FactRule)}
        by_id = sorted(controls, key=lambda control: control.id)
        return cls(tuple(sorted(kinds, key=lambda kind: kind.name)), tuple(by_id), tuple(facts.values()))

    def only(self, wanted: Iterable[Control]) -> Catalog:
        """The same catalogue with fewer controls."""
        keep = set(wanted)
        return Catalog(self.kinds, tuple(control for control in self.controls if control in keep), self.facts)

    @cached_property
    def kind_by_name(self) -> Mapping[str, Kind]:
        """The kinds by name."""
        return {kind.name: kind for kind in self.kinds}

    @cached_property
    def control_by_id(self) -> Mapping[str, Control]:
        """The controls by id."""
        return {control.id: control for control in self.controls}

    @cached_property
    def controls_of(self) -> Mapping[str, tuple[Control, ...]]:
        """The controls of each kind, by the kind's name."""
        groups: dict[str, list[Control]] = defaultdict(list)
        for control in self.controls:
            groups[control.kind.name].append(control)
        return {name: tuple(group) for name, group in groups.items()}

    @cached_property
    def fact_types(self) -> Mapping[str, type]:
        """The type of every fact, by its name."""
        return {fact.name: fact.type for fact in self.facts}

    def kind(self, name: str) -> Kind:
        """The kind of that name; raises UnknownName."""
        if name not in self.kind_by_name:
            raise UnknownName("kind", name, self.kind_by_name)
        return self.kind_by_name[name]

    def control(self, id: str) -> Control:  # noqa: A002 - the word that everyone uses for it
        """The control of that id; raises UnknownName."""
        if id not in self.control_by_id:
            raise UnknownName("control", id, self.control_by_id)
        return self.control_by_id[id]

    def facts_of(self, kind: Kind) -> tuple[FactRule, ...]:
        """The facts that can be asked of resources of a kind."""
        return tuple(fact for fact in self.facts if fact.applies_to(kind))

    def wanted(self) -> Mapping[Kind, frozenset[str]]:
        """The facets to read of each kind, and no more: what controls read, and what facts of those kinds need."""
        reads: dict[Kind, set[str]] = defaultdict(set)
        for control in self.controls:
            reads[control.kind].update(control.reads)
        for kind in tuple(reads):
            for fact in self.facts_of(kind):
                reads[kind].update(fact.reads)
                for other, names in fact.needs.items():
                    reads[other].update(other.facet(name).name for name in names)
        return {kind: frozenset(names) for kind, names in reads.items()}


def _members(value: object) -> Iterable[object]:
    """The value itself, or what a tuple or list of definitions holds (a family made from a table)."""
    return value if isinstance(value, (tuple, list)) else (value,)


def _unique(controls: Iterable[Control]) -> tuple[Control, ...]:
    """The controls without repetition; a module may import another's, two different ones may not share an id."""
    by_id: dict[str, Control] = {}
    for control in controls:
        if by_id.setdefault(control.id, control) is not control:
            msg = f"two controls have the id {control.id}"
            raise ValueError(msg)
    return tuple(by_id.values())
