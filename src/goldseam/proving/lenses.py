"""Law 2 on facets by themselves: every value that an example gives is written, read, taken back and read again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from goldseam.control import Control, Example, Facet, Kind
from goldseam.model.errors import CloudError, PlanRefused
from goldseam.model.values import Unknown, Value, canonical, same
from goldseam.proving.cases import values_of
from goldseam.proving.ground import CannotPlace, Ground, NothingAsked, PlacedExample, all_mighty, words_of

_LONGEST: Final = 160


@dataclass
class Lenses:
    """The facets of a kind in one place; each value is tried once, whatever number of examples has it."""

    ground: Ground
    kind: Kind
    controls: tuple[Control, ...]
    _tried: dict[tuple[str, bytes], str | CannotPlace | NothingAsked] = field(default_factory=dict)

    def values(self, control: Control) -> Iterator[tuple[str, str, Value]]:
        """Each value of a writable facet in a control's examples, with a name for it."""
        for word, examples in (("pass", control.compliant), ("", control.violating)):
            for at, example in enumerate(examples, 1):
                for name, value in example.facets.items():
                    if self.kind.facet(name).writable:
                        yield f"{word}{at} {name}", name, value

    def there_and_back(self, facet: str, value: Value) -> str:
        """What is wrong with writing a value and taking it back.

        Raises CannotPlace where the place refuses it, and NothingAsked where no call leads there.
        """
        key = (facet, canonical(value))
        if key not in self._tried:
            try:
                self._tried[key] = self._tried_out(facet, value)
            except (CannotPlace, NothingAsked) as error:
                self._tried[key] = error
        found = self._tried[key]
        if isinstance(found, str):
            return found
        raise found

    def _tried_out(self, facet: str, value: Value) -> str:
        lens = self.kind.facet(facet)
        others = (other for other in values_of(self.controls, facet) if not same(other, lens.normal(value)))
        placed = self.ground.base(self.kind, Example({facet: value}), Example({facet: next(others, value)}))
        wanted, before = lens.normal(placed.example.facets[facet]), self._seen(placed, facet)
        if problem := self._written(placed, lens, before, wanted):
            return f"written, {problem}"
        if problem := self._written(placed, lens, wanted, before):
            return f"taken back, {problem}"
        return ""

    def _written(self, placed: PlacedExample, lens: Facet, before: Value, after: Value) -> str:
        try:
            steps = lens.write(placed.ref, before, after)
        except PlanRefused as error:
            raise NothingAsked(f"no call brings {lens.name} there") from error
        if not steps and not same(before, after):
            return f"{lens.name} has no call to make, though it differs"
        self.ground.told(steps)
        hand = self.ground.hand(all_mighty(), [step.call for step in steps])
        try:
            for step in steps:
                hand.call(step.call, words_of(self.ground, placed.ref, step.call))
        except CloudError as error:
            raise CannotPlace(f"{error.operation} is refused there ({error.code})") from error
        found = self._seen(placed, lens.name)
        if same(found, after):
            return ""
        return f"{lens.name} reads {canonical(found).decode()[:_LONGEST]}, not {canonical(after).decode()[:_LONGEST]}"

    def _seen(self, placed: PlacedExample, facet: str) -> Value:
        value = self.ground.eye().read(placed.ref, frozenset({facet})).facets[facet]
        if isinstance(value, Unknown):
            raise CannotPlace(f"{facet} cannot be read there: {value.reason}")
        return value
