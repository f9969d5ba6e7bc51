"""A kind, facets and controls of no cloud, for tests of the stages: a house with doors and a lamp."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from goldseam.control import (
    Answer,
    Between,
    Call,
    Example,
    Facet,
    Kind,
    Permission,
    ReadOnly,
    Severity,
    Step,
    Surroundings,
    Verdict,
    compliant,
    control,
    fact,
    harmless,
    known,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.errors import PlanRefused
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import ABSENT, Unknown, Value, canonical, same


def call(operation: str, ref: Ref, **parameters: Value) -> Call:
    return Call(f"house.{operation}", "here", {"House": ref.id, **parameters}, (Permission(operation, ref.address),))


@dataclass(frozen=True)
class Whole(Facet):
    """Put whole, deleted when absent; what `one_way` facets hold cannot be taken back."""

    one_way: bool = False

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        if same(before, after):
            return ()
        if self.one_way and before is not ABSENT:
            raise PlanRefused("a seal cannot be broken")
        name = "Delete" if after is ABSENT else "Put"
        return (Step(self.name, call(name, ref, Facet=self.name, Value=after or None), after),)


@dataclass(frozen=True)
class Bag(Facet):
    """Items, added first and then removed."""

    def normal(self, value: Value) -> Value:
        return sorted(value or [], key=canonical)

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        added, removed = [i for i in after if i not in before], [i for i in before if i not in after]
        both = self.normal([*before, *added])
        steps = [Step(self.name, call("Add", ref, Items=added), both)] if added else []
        return (*steps, *([Step(self.name, call("Remove", ref, Items=removed), self.normal(after))] if removed else []))


class Seen(ReadOnly):
    """Only looked at."""


HOUSE = Kind(
    "toy.house",
    "house",
    (Bag(name="doors"), Whole(name="lamp"), Whole(name="seal", one_way=True), Seen(name="street")),
)


@fact("managed_by", HOUSE, str)
def managed_by(*, around: Surroundings) -> Answer:
    """The tool that builds houses."""
    del around
    return known("", "no marker found (nobody builds houses by code)")


@control(
    "toy.house.no-open-door", HOUSE, severity=Severity.HIGH, disrupts=may_disrupt("visitors"),
    compliant=[{"doors": ["shut"]}], violating=[{"doors": ["open", "shut"]}],
)  # fmt: skip
def no_open_door(doors: list[str], *, instead: str = "") -> Verdict:
    """No door is open."""
    offending = [door for door in doors if door.startswith("open")]
    kept = [door for door in doors if door not in offending]
    if not offending:
        return compliant
    return should_be(doors=[*kept, *([instead] if instead else [])], because=f"{', '.join(offending)} stands open")


@control(
    "toy.house.no-window-door", HOUSE, severity=Severity.MEDIUM,
    disrupts=harmless("nobody uses them", source="Toys, a page"),
    compliant=[{"doors": ["shut"]}], violating=[{"doors": ["open-window", "shut"]}],
)  # fmt: skip
def no_window_door(doors: list[str]) -> Verdict:
    """No door is a window."""
    kept = [door for door in doors if "window" not in door]
    return compliant if kept == doors else should_be(doors=kept, because="a door is a window")


@control(
    "toy.house.lamp-lit", HOUSE, severity=Severity.LOW, disrupts=harmless("light hurts nobody", source="Toys, a page"),
    compliant=[{"lamp": {"watts": 10}}], violating=[{"lamp": ABSENT}, {"lamp": {"watts": 1}}],
)  # fmt: skip
def lamp_lit(lamp: Value, *, watts: Annotated[int, Between(1, 100)] = 5) -> Verdict:
    """The lamp is lit."""
    if lamp is not ABSENT and lamp["watts"] >= watts:
        return compliant
    return should_be(lamp={**(lamp or {}), "watts": watts}, because="it is dark")


@control(
    "toy.house.lamp-dark", HOUSE, severity=Severity.CRITICAL,
    disrupts=harmless("night is for sleep", source="Toys, a page"),
    compliant=[{"lamp": ABSENT}], violating=[{"lamp": {"watts": 10}}],
)  # fmt: skip
def lamp_dark(lamp: Value) -> Verdict:
    """The lamp is out."""
    return compliant if lamp is ABSENT else should_be(lamp=ABSENT, because="light disturbs")


@control(
    "toy.house.sealed", HOUSE, severity=Severity.HIGH,
    disrupts=harmless("a seal is only looked at", source="Toys, a page"),
    compliant=[{"seal": "wax"}], violating=[{"seal": ABSENT}],
)  # fmt: skip
def sealed(seal: Value) -> Verdict:
    """The house is sealed, for good."""
    return should_be(seal="wax", because="there is no seal") if seal is ABSENT else compliant


@control(
    "toy.house.quiet-street", HOUSE, severity=Severity.LOW,
    disrupts=harmless("nothing is changed", source="Toys, a page"),
    compliant=[{"street": "quiet"}], violating=[Example({"street": "loud"})],
)  # fmt: skip
def quiet_street(street: str) -> Verdict:
    """The street is quiet."""
    return compliant if street == "quiet" else violation(because="it is loud", guide="move house")


CONTROLS = (no_open_door, no_window_door, lamp_lit, sealed, quiet_street)


class ToyCloud:
    """The cloud of these kinds, as far as a keyholder asks it: an address is `toy:` and the id."""

    def addressed(self, kind: Kind, ref: Ref) -> bool | Unknown:
        return ref.address == f"toy:{ref.id}" and kind.name == ref.kind


REF = Ref("toy.house", "acc", "here", "h1", "toy:h1")


def house(**facets: Value | Unknown) -> Resource:
    """A house that keeps every rule, but for what is given."""
    good: Mapping[str, Value] = {"doors": ["shut"], "lamp": {"watts": 10}, "seal": "wax", "street": "quiet"}
    return Resource(REF, {**good, **facets})
