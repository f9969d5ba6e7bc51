"""Controls: rules that a resource must keep, each one pure function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Final, TypeAlias, get_args, get_origin, get_type_hints

from goldseam.control.dependent import declared
from goldseam.control.kind import Kind
from goldseam.control.named import Naming, Placed
from goldseam.control.owner import Owner
from goldseam.control.setting import Setting, is_setting_type, parsed_settings
from goldseam.control.verdict import ShouldBe, Verdict
from goldseam.model.errors import PlanRefused
from goldseam.model.resource import Ref
from goldseam.model.values import Json, Value

Rule: TypeAlias = Callable[..., Verdict]


class Severity(StrEnum):
    """How bad it is when the control is not kept; ordered by `rank`."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low to 3 for critical."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Between:
    """The bounds of a whole-number setting, both allowed: `Annotated[int, Between(6, 128)]`."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Example:
    """A state to test and document a control with, and optionally what the fix must make of it."""

    facets: Mapping[str, Value]
    settings: Mapping[str, Json] = field(default_factory=dict)
    leaves: Mapping[str, Value] | None = None


@dataclass(frozen=True, slots=True)
class Disruption:
    """What a fix may break that works today; empty as a whole, nothing is claimed, as where there is no fix.

    `harms` says it for people and is empty when the fix is harmless by nature; `why` then says why it is, `noticed_by`
    who can tell at all that it was made, and `source` is the page of the cloud's documentation that bears it out:
    "Guide, page title". `unless` maps facts to the value that shows that nothing is disrupted: all of them must hold
    for `auto`.
    """

    harms: str = ""
    why: str = ""
    unless: Mapping[str, Json] = field(default_factory=dict)
    source: str = ""
    noticed_by: str = ""


NO_CLAIM: Final = Disruption()
"""The disruption of a control without a fix: there is nothing to claim."""


def harmless(why: str, *, source: str, noticed_by: str = "nobody") -> Disruption:
    """The disruption of a fix that cannot break what works: why not, who notices it, and the page that says so."""
    return Disruption(why=why, source=source, noticed_by=noticed_by)


def may_disrupt(harms: str, *, unless: Mapping[str, Json] | None = None, source: str = "") -> Disruption:
    """The disruption of a fix that may break something, unless these facts hold; never automatic without them."""
    return Disruption(harms=harms, unless=unless or {}, source=source)


@dataclass(frozen=True)
class Control:
    """A rule and all that is said of it; what it reads and what may be set are taken from the function's signature.

    `requirements` are those of frameworks (`fsbp:S3.5`), `covers` the remediations of other products that it takes the
    place of (`seed:bucketEncryption`, `security-hub:S3.4`).
    """

    id: str
    kind: Kind
    severity: Severity
    title: str
    why: str
    rule: Rule = field(repr=False)
    reads: tuple[str, ...]
    settings: tuple[Setting, ...]
    disruption: Disruption
    requirements: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    compliant: tuple[Example, ...] = ()
    violating: tuple[Example, ...] = ()

    def __hash__(self) -> int:
        return hash(self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Control) and other.id == self.id

    @cached_property
    def defaults(self) -> Mapping[str, Json]:
        """The settings where the user chose none."""
        return {setting.name: setting.default for setting in self.settings}

    @cached_property
    def takes_defaults(self) -> bool:
        """Whether the rule takes the defaults when it is given no settings: always, unless the control was remade."""
        return (getattr(self.rule, "__kwdefaults__", None) or {}) == self.defaults

    def chosen(self, given: Mapping[str, Json]) -> Mapping[str, Json]:
        """The user's settings, checked, over the defaults; raises UsageError."""
        return parsed_settings(self.id, self.settings, given) if given else self.defaults

    def declared(self, given: Mapping[str, Json]) -> Mapping[str, Json]:
        """The same of settings as a policy declares them: each a value, or one that depends on the resource."""
        return declared(self.id, self.settings, given) if given else self.defaults

    @cached_property
    def writes(self) -> frozenset[str]:
        """The facets that the control's own examples have it change."""
        return frozenset(name for _, verdict in self._fixes() for name in verdict.changes)

    @cached_property
    def fixable(self) -> bool:
        """Whether there is a fix, as shown by the control's own examples."""
        return bool(self.writes)

    @cached_property
    def claimed(self) -> bool:
        """Whether it is said what the fix disrupts, or by which source nothing; true where there is no fix."""
        return bool(self.disruption.harms or self.disruption.source) or not self.fixable

    @cached_property
    def reversible(self) -> bool:
        """Whether every fix of the control's examples has an inverse."""
        return self.fixable and all(self._undoable(example, verdict) for example, verdict in self._fixes())

    @property
    def owners(self) -> tuple[Owner, ...]:
        """Those who alone may change what the control is about, as shown by the examples of the kind's rule."""
        if self.kind.owner_rule is None:
            return ()
        found = map(self.kind.owner_rule.owner, self.kind.owner_rule.theirs)
        return tuple(owner for owner in found if isinstance(owner, Owner) and owner.covers(self.reads))

    def _fixes(self) -> Iterable[tuple[Example, ShouldBe]]:
        for example in self.violating:
            arguments = [self.kind.facet(name).normal(example.facets[name]) for name in self.reads]
            verdict = self.rule(*arguments, **self.chosen(example.settings))
            if isinstance(verdict, ShouldBe):
                yield example, verdict

    def _undoable(self, example: Example, verdict: ShouldBe) -> bool:
        ref = Ref(self.kind.name, "000000000000", "example", "example", "example")
        try:
            for name, after in verdict.changes.items():
                facet = self.kind.facet(name)
                facet.write(ref, facet.normal(after), facet.normal(example.facets[name]))
        except PlanRefused:
            return False
        return True


_POSITIONAL: Final = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def control(
    id: str,  # noqa: A002 - the word that everyone uses for it
    kind: Kind,
    *,
    severity: Severity,
    disrupts: Disruption = NO_CLAIM,
    maps: Iterable[str] = (),
    covers: Iterable[str] = (),
    compliant: Iterable[Example | Mapping[str, Value]],
    violating: Iterable[Example | Mapping[str, Value]],
    title: str = "",
    why: str = "",
) -> Callable[[Rule], Control]:
    """Make a control of a rule.

    Positional parameters of the rule name the facets that it reads; keyword-only ones are its settings. The first
    paragraph of the docstring is the title, the rest is why, unless both are given.

    `disrupts` is for controls with a fix; a catalogue takes none whose fix is not said to harm anything and that names
    no source for it.

    Raises TypeError while the module loads when the rule or an example does not fit the kind.
    """

    def make(rule: Rule) -> Control:
        reads, settings = _signature(rule)
        head, _, rest = inspect.cleandoc(rule.__doc__ or "").partition("\n\n")
        made = Control(
            id, kind, severity, title or head.rstrip("."), why or rest, rule, reads, settings, disrupts,
            tuple(maps), tuple(covers), tuple(map(_example, compliant)), tuple(map(_example, violating)),
        )  # fmt: skip
        _check(made)
        return made

    return make


def _signature(rule: Rule) -> tuple[tuple[str, ...], tuple[Setting, ...]]:
    parameters = inspect.signature(rule).parameters.values()
    reads = tuple(parameter.name for parameter in parameters if parameter.kind in _POSITIONAL)
    keyword_only = [parameter for parameter in parameters if parameter.kind is inspect.Parameter.KEYWORD_ONLY]
    if not keyword_only:
        return reads, ()
    hints = get_type_hints(rule, include_extras=True)
    return reads, tuple(_setting(parameter, hints.get(parameter.name)) for parameter in keyword_only)


def _setting(parameter: inspect.Parameter, hint: Any) -> Setting:
    more: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        more = tuple(rest)
    if not is_setting_type(hint) or parameter.default is inspect.Parameter.empty:
        msg = f"setting `{parameter.name}` needs a known type and a default"
        raise TypeError(msg)
    bounds = next((item for item in more if isinstance(item, Between)), None)
    naming = next((item for item in more if isinstance(item, Naming)), None)
    placed = next((item for item in more if isinstance(item, Placed)), None)
    low, high = (bounds.low, bounds.high) if bounds else (None, None)
    return Setting(parameter.name, hint, parameter.default, low, high, naming, placed)


def _example(given: Example | Mapping[str, Value]) -> Example:
    return given if isinstance(given, Example) else Example(given)


def _check(made: Control) -> None:
    if not made.title or not made.reads or not made.compliant or not made.violating:
        msg = f"control {made.id} needs a title, a facet to read, and examples of both kinds"
        raise TypeError(msg)
    for name in made.reads:
        made.kind.facet(name)
    for example in (*made.compliant, *made.violating):
        if missing := set(made.reads) - set(example.facets):
            msg = f"an example of {made.id} lacks {', '.join(sorted(missing))}"
            raise TypeError(msg)
