"""The catalogue: every kind, control and fact that one installation knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from types import ModuleType
from typing import Any

from goldseam import __version__
from goldseam.control.control import Control
from goldseam.control.fact import FactRule
from goldseam.control.kind import Kind
from goldseam.control.spelling import Spelling
from goldseam.model.errors import UnknownName
from goldseam.model.pattern import matches
from goldseam.model.values import Json, document_digest, plain


@dataclass(frozen=True)
class Catalog:
    """Kinds, controls and facts, looked up by name; passed in wherever it is needed.

    The spellings tell how its clouds name accounts and regions; where there are none, any name will do.
    """

    kinds: tuple[Kind, ...]
    controls: tuple[Control, ...]
    facts: tuple[FactRule, ...] = ()
    account_spellings: tuple[Spelling, ...] = ()
    region_spellings: tuple[Spelling, ...] = ()

    @classmethod
    def of(cls, modules: Iterable[ModuleType]) -> Catalog:
        """Everything that the modules define; raises ValueError when two controls have one id.

        No source, no harmless: raises TypeError for a fix of which neither a harm nor a source is named.
        """
        found = [item for module in modules for value in vars(module).values() for item in _members(value)]
        controls = _unique([item for item in found if isinstance(item, Control)])
        if unclaimed := [item.id for item in controls if not item.claimed]:
            msg = f"what these fixes disrupt is not said, or no source says that it is nothing: {', '.join(unclaimed)}"
            raise TypeError(msg)
        facts = {(item.name, item.kind): item for item in found if isinstance(item, FactRule)}
        kinds = {item for item in found if isinstance(item, Kind)} | {control.kind for control in controls}
        kinds |= {kind for rule in facts.values() for kind in (*rule.needs, *rule.lookups)}
        by_id = sorted(controls, key=lambda control: control.id)
        return cls(tuple(sorted(kinds, key=lambda kind: kind.name)), tuple(by_id), tuple(facts.values()))

    @classmethod
    def together(cls, parts: Iterable[Catalog]) -> Catalog:
        """All that catalogs hold, each thing once; whoever joins them sees to it that no name is taken twice."""
        held, joined = list(parts), dict[str, tuple[Any, ...]]()
        for member in fields(cls):
            every = (item for part in held for item in getattr(part, member.name))
            joined[member.name] = tuple({id(item): item for item in every}.values())
        joined["kinds"] = tuple(sorted(joined["kinds"], key=lambda kind: kind.name))
        joined["controls"] = tuple(sorted(joined["controls"], key=lambda control: control.id))
        return cls(**joined)

    @cached_property
    def version(self) -> str:
        """The version of the catalog: 16 hexadecimal digits over this release and all that it declares.

        Who makes a plan and who grants it must judge by the same rules: a plan names the version that it was made by.
        """
        kinds = [
            [kind.name, [[facet.name, type(facet).__name__] for facet in kind.facets], list(kind.owner_facets)]
            for kind in self.kinds
        ]
        return document_digest([__version__, kinds, [_declared(control) for control in self.controls]])[:16]

    def only(self, wanted: Iterable[Control]) -> Catalog:
        """The same catalogue with fewer controls."""
        keep = set(wanted)
        return replace(self, controls=tuple(control for control in self.controls if control in keep))

    def matching(self, patterns: Iterable[str]) -> tuple[Control, ...]:
        """The controls whose ids match one of the patterns; raises UnknownName for a pattern that matches none."""
        wanted = tuple(patterns)
        for pattern in wanted:
            if not any(matches((pattern,), control.id) for control in self.controls):
                raise UnknownName("control", pattern, self.control_by_id)
        return tuple(control for control in self.controls if matches(wanted, control.id))

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

    @cached_property
    def fact_values(self) -> Mapping[str, frozenset[str]]:
        """All that a fact can be, by its name, of those whose every rule declares a closed set."""
        rules: dict[str, list[FactRule]] = defaultdict(list)
        for fact in self.facts:
            rules[fact.name].append(fact)
        return {
            name: frozenset(value for rule in held for value in rule.values)
            for name, held in rules.items()
            if all(rule.values for rule in held)
        }

    @cached_property
    def _facts_of(self) -> dict[Kind, tuple[FactRule, ...]]:
        """The facts of the kinds that were asked about."""
        return {}

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
        """The facts that can be asked of resources of a kind; one of the kind's own goes before one of all kinds."""
        if kind not in self._facts_of:
            found = [fact for fact in self.facts if fact.applies_to(kind)]
            own = {fact.name for fact in found if fact.kind is not None}
            self._facts_of[kind] = tuple(fact for fact in found if fact.kind is not None or fact.name not in own)
        return self._facts_of[kind]

    def wanted(self) -> Mapping[Kind, frozenset[str]]:
        """The facets that may be read of each kind: what controls read, and what facts of those kinds need."""
        reads = _joined((control.kind, _judging(control)) for control in self.controls)
        for kind in tuple(reads):
            for fact in self.facts_of(kind):
                looked_up = ((other, lookup.facets) for other, lookup in fact.lookups.items())
                _join(reads, ((kind, fact.reads), *fact.needs.items(), *looked_up))
        return {kind: frozenset(names) for kind, names in reads.items()}

    @cached_property
    def judged(self) -> Mapping[Kind, frozenset[str]]:
        """The facets to read of every resource: what controls read, and what comes with it for free.

        What facts need beside it is read where something is wrong, once that is known.
        """
        reads = _joined((control.kind, _judging(control)) for control in self.controls)
        wishes = _joined(self._wishes(reads))
        return {kind: frozenset(names | _free(kind, names, wishes.get(kind, set()))) for kind, names in reads.items()}

    def free(self, kind: Kind) -> frozenset[str]:
        """The facets of a kind that facts look at and that its listing tells."""
        wishes = _joined(self._wishes({control.kind for control in self.controls}))
        return _free(kind, set(), wishes.get(kind, set()))

    def _wishes(self, kinds: Iterable[Kind]) -> Iterator[tuple[Kind, Iterable[str]]]:
        """All that facts about these kinds look at."""
        for kind in kinds:
            for fact in self.facts_of(kind):
                yield kind, fact.reads
                yield from fact.needs.items()
                yield from fact.glances.items()


def _declared(control: Control) -> list[Json]:
    """What a control says of itself that a plan depends on."""
    settings = [[item.name, item.type_name, plain(item.default), item.low, item.high] for item in control.settings]
    harms = [control.disruption.harms, control.disruption.why, control.disruption.source]
    return [control.id, control.kind.name, str(control.severity), list(control.reads), settings, harms]


def _judging(control: Control) -> tuple[str, ...]:
    """The facets that a verdict takes: what the control reads, and what tells who may change the resource."""
    return (*control.reads, *control.kind.owner_facets)


def _joined(reads: Iterable[tuple[Kind, Iterable[str]]]) -> dict[Kind, set[str]]:
    found: dict[Kind, set[str]] = {}
    _join(found, reads)
    return found


def _join(found: dict[Kind, set[str]], reads: Iterable[tuple[Kind, Iterable[str]]]) -> None:
    for kind, names in reads:
        found.setdefault(kind, set()).update(kind.facet(name).name for name in names)


def _free(kind: Kind, read: Iterable[str], wished: Iterable[str]) -> frozenset[str]:
    """Those of the wished facets that take no call beside the listing and those that are made anyway."""
    asked = {(), *(kind.facet(name).question for name in read)}
    return frozenset(name for name in wished if kind.facet(name).question in asked)


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
