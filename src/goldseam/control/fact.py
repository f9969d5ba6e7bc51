"""Facts: pieces of context, each with the evidence that it rests on."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from goldseam.control.kind import Kind
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json, Unknown, Value


@dataclass(frozen=True, slots=True)
class Known:
    """A fact's value and the evidence for it, each line a sentence that a person can check."""

    value: Json
    evidence: tuple[str, ...]
    as_of: datetime | None = None
    """The time up to which this answer's own source is complete, where that is older than the rule's lag."""


Answer: TypeAlias = Known | Unknown

NO_LAG: Final = timedelta()


def known(value: Json, *evidence: str) -> Known:
    """The answer that the fact has this value, and why."""
    return Known(value, evidence)


@dataclass(frozen=True, slots=True)
class Earlier:
    """A resource as an earlier scan found it, empty where it was not there.

    `read_at` is when the last scan began that found it so, None where nothing that can be relied on tells that.
    """

    read_at: datetime | None
    facets: Mapping[str, Value | Unknown]
    there: bool = True


def no_earlier(ref: Ref) -> Sequence[Earlier]:
    """The earlier readings of a resource where none are kept."""
    del ref
    return ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All that a fact may look at beside the resource's own facets.

    `resources` holds, by kind name, what the scan found of the kinds that facts need: a tuple of resources, or an
    `Unknown` when the listing failed. Nothing found and not looked at are different things.

    `earlier` answers how earlier scans found a resource, oldest first. Such a reading is no source for what a resource
    is now; it can only show that something was not so before.
    """

    ref: Ref
    now: datetime
    resources: Mapping[str, tuple[Resource, ...] | Unknown] = field(default_factory=dict)
    earlier: Callable[[Ref], Sequence[Earlier]] = field(default=no_earlier, repr=False)

    def of(self, kind: Kind) -> tuple[Resource, ...] | Unknown:
        """The account's resources of that kind, or why they are unknown."""
        return self.resources.get(kind.name, Unknown(f"{kind.title} was not looked at"))


@dataclass(frozen=True, slots=True)
class Lookup:
    """One resource of another kind that a fact reads for the resource it is about.

    `ref_of` returns the reference of that resource, None where there is none to read.
    """

    facets: tuple[str, ...]
    ref_of: Callable[[Ref], Ref | None] = field(repr=False)


@dataclass(frozen=True, slots=True)
class OneOf:
    """The type of a fact that is one of a closed set of texts.

    A clause that compares it with another text is refused, and an answer that is none of them is unknown.
    """

    values: tuple[str, ...]


@dataclass(frozen=True)
class FactRule:
    """How one fact is worked out, for one kind or (`kind` is None) for every kind that has the facets.

    `values` are all the texts that it can be, empty where they are not a closed set. `lag` is how far the source may be
    behind, `source` the cloud's page that documents it.
    """

    name: str
    kind: Kind | None
    type: type
    title: str
    reads: tuple[str, ...]
    needs: Mapping[Kind, tuple[str, ...]]
    rule: Callable[..., Answer] = field(repr=False)
    tolerant: bool = False
    glances: Mapping[Kind, tuple[str, ...]] = field(default_factory=dict)
    dear: bool = False
    lookups: Mapping[Kind, Lookup] = field(default_factory=dict)
    lag: timedelta = NO_LAG
    source: str = ""
    values: tuple[str, ...] = ()

    def applies_to(self, kind: Kind) -> bool:
        """Whether the fact can be asked of resources of this kind."""
        return self.kind == kind or (self.kind is None and all(name in kind.facet_by_name for name in self.reads))


def fact(
    name: str,
    kind: Kind | None,
    type: type | OneOf,  # noqa: A002 - the word that everyone uses for it
    *,
    needs: Mapping[Kind, tuple[str, ...]] | None = None,
    glances: Mapping[Kind, tuple[str, ...]] | None = None,
    lookups: Mapping[Kind, Lookup] | None = None,
    tolerant: bool = False,
    dear: bool = False,
    lag: timedelta = NO_LAG,
    source: str = "",
) -> Callable[[Callable[..., Answer]], FactRule]:
    """Make a fact of a rule: its positional parameters name facets, `around` is the `Surroundings`.

    A facet that is unknown makes the fact unknown, unless the rule is `tolerant` and receives the `Unknown` itself.
    `needs` names the facets of other kinds that it looks at; they are read once a resource with something wrong has the
    fact. `glances` names those that it looks at where the scan reads them anyway, and does without otherwise. The type
    is what clauses are checked against: bool, int, float, str, list or `OneOf` some texts. A `dear` fact costs money or
    many calls: it is gathered only where a policy in force or the disruption of a failed control asks for it. `lookups`
    names single resources of other kinds, read for each resource that has something wrong. `lag` is how long after an
    event the fact's source may still not show it, and `source` the title of the cloud's page that says so.

    Raises ValueError for a lag without a source.
    """
    if lag and not source:
        msg = f"fact {name} declares a lag; name the page that documents it in `source`"
        raise ValueError(msg)
    values = type.values if isinstance(type, OneOf) else ()

    def make(rule: Callable[..., Answer]) -> FactRule:
        parameters = inspect.signature(rule).parameters.values()
        reads = tuple(p.name for p in parameters if p.kind is not inspect.Parameter.KEYWORD_ONLY)
        title = inspect.cleandoc(rule.__doc__ or "").partition("\n\n")[0].rstrip(".")
        return FactRule(
            name, kind, str if isinstance(type, OneOf) else type, title, reads, dict(needs or {}), rule, tolerant,
            dict(glances or {}), dear, dict(lookups or {}), lag, source, values,
        )  # fmt: skip

    return make
