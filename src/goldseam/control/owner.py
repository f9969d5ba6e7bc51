"""Whose a resource is: when only the cloud itself or another account may change it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from goldseam.model.errors import UNFORESEEN, in_words
from goldseam.model.values import Unknown, Value


@dataclass(frozen=True, slots=True)
class Owner:
    """Who alone may change a resource: why, and the page of the cloud's documentation that says so.

    `facets` names what is theirs, empty for the whole resource; a control that reads one of these is not applicable.
    With `judged`, one that passes still passes: what another account configures protects this one all the same.
    """

    reason: str
    source: str
    facets: frozenset[str] = frozenset()
    judged: bool = False

    def covers(self, reads: Iterable[str]) -> bool:
        """Whether a control that reads these facets is about what is theirs."""
        return not self.facets or not self.facets.isdisjoint(reads)


@dataclass(frozen=True)
class OwnerRule:
    """A rule that tells from facets of a kind who alone may change a resource; None where the account itself may.

    `ours` and `theirs` are examples of both, which are its tests.
    """

    title: str
    rule: Callable[..., Owner | None] = field(repr=False)
    reads: tuple[str, ...]
    ours: tuple[Mapping[str, Value], ...]
    theirs: tuple[Mapping[str, Value], ...]

    def owner(self, facets: Mapping[str, Value | Unknown]) -> Owner | Unknown | None:
        """Who alone may change the resource with these facets; unknown when one of them is, or was not read."""
        values = []
        for name in self.reads:
            value = facets.get(name, Unknown(f"{name} was not read"))
            if isinstance(value, Unknown):
                return Unknown(f"who may change the resource is unknown: {value.reason}")
            values.append(value)
        try:
            return self.rule(*values)
        except UNFORESEEN as error:
            return Unknown(f"who may change the resource is unknown ({in_words(error)}); report this")


def owner_rule(
    *, ours: Iterable[Mapping[str, Value]], theirs: Iterable[Mapping[str, Value]]
) -> Callable[[Callable[..., Owner | None]], OwnerRule]:
    """Make a rule of a function whose parameters name the facets that it reads.

    Raises TypeError while the module loads when an example lacks a facet or is not what it says.
    """

    def make(rule: Callable[..., Owner | None]) -> OwnerRule:
        reads = tuple(inspect.signature(rule).parameters)
        made = OwnerRule(inspect.cleandoc(rule.__doc__ or "").rstrip("."), rule, reads, tuple(ours), tuple(theirs))
        _check(made)
        return made

    return make


def _check(made: OwnerRule) -> None:
    if not made.title or not made.reads or not made.ours or not made.theirs:
        msg = "an owner rule needs a title, a facet to read, and examples of both kinds"
        raise TypeError(msg)
    for example in made.ours:
        if made.owner(example) is not None:
            msg = f"{made.title}: an example of ours is not ours: {example}"
            raise TypeError(msg)
    for example in made.theirs:
        owner = made.owner(example)
        if not isinstance(owner, Owner) or not owner.reason or not owner.source:
            msg = f"{made.title}: an example of theirs has no owner with reason and source: {example}"
            raise TypeError(msg)
