"""What the examples give to prove: states that a control mends, and values that a facet takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from goldseam.assess.evaluate import SettingsOf, default_settings, verdict_on
from goldseam.control import Compliant, Control, Example, Kind, ShouldBe
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json, Unknown, Value, canonical, plain, restored
from goldseam.proving.ground import PlacedExample, Subject

_NOWHERE: Final = ("example", "eu-west-1", "example", "example")


@dataclass(frozen=True, slots=True)
class ExampleCase:
    """One example of a control, by a name that is the same every time: `1` is the first violating one."""

    subject: Subject
    name: str
    example: Example

    @property
    def control(self) -> Control:
        """The control."""
        return self.subject.control


def cases(subject: Subject) -> tuple[ExampleCase, ...]:
    """The violating examples."""
    return tuple(ExampleCase(subject, str(at), example) for at, example in enumerate(subject.control.violating, 1))


def as_read(kind: Kind, facets: Mapping[str, Value]) -> Resource:
    """A state as a reading would give it."""
    ref = Ref(kind.name, *_NOWHERE)
    return Resource(ref, {name: kind.facet(name).normal(value) for name, value in facets.items()})


def fix_of(control: Control, example: Example) -> ShouldBe | None:
    """How the control wants the example to be; None where it has no fix for it."""
    found = verdict_on(control, as_read(control.kind, example.facets), control.chosen(example.settings))
    return found if isinstance(found, ShouldBe) else None


def passes(control: Control, resource: Resource, settings_of: SettingsOf) -> bool | None:
    """Whether a control passes; None where that cannot be told."""
    found = verdict_on(control, resource, settings_of(control, resource))
    return None if isinstance(found, Unknown) else isinstance(found, Compliant)


def settings_for(chosen: Mapping[str, Mapping[str, Json]]) -> SettingsOf:
    """The settings of some controls by id, and the defaults of all others."""

    def settings_of(control: Control, resource: Resource) -> Mapping[str, Json]:
        if control.id in chosen:
            return control.chosen(chosen[control.id])
        return default_settings(control, resource)

    return settings_of


def settings_in(placed: PlacedExample, control: Control) -> SettingsOf:
    """The settings of the example that was placed."""
    return settings_for({control.id: placed.example.settings})


def reworded(example: Example, words: Mapping[str, str]) -> Example:
    """The example with the words of a place instead of its own: account, names, keys."""
    if not words:
        return example
    parts = plain({"facets": example.facets, "settings": example.settings, "leaves": example.leaves})
    text = orjson.dumps(parts).decode()
    for word, instead in words.items():
        text = text.replace(word, instead)
    said = orjson.loads(text)
    leaves = None if said["leaves"] is None else _restored(said["leaves"])
    return Example(_restored(said["facets"]), said["settings"], leaves)


def _restored(said: Mapping[str, Json]) -> dict[str, Value]:
    return {name: restored(value) for name, value in said.items()}


def values_of(controls: Sequence[Control], facet: str) -> Iterator[Value]:
    """Every value that examples give a facet, each once, in their order."""
    seen = set()
    for control in controls:
        for example in (*control.compliant, *control.violating):
            if facet in example.facets:
                value = control.kind.facet(facet).normal(example.facets[facet])
                if canonical(value) not in seen:
                    seen.add(canonical(value))
                    yield value
