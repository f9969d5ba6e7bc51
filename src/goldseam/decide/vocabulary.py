"""What the variables of clauses may be: comparing with a value that cannot occur is an error, and never just false."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from goldseam.control import Catalog, Severity, Spelling
from goldseam.decide.expression import Expression
from goldseam.model.errors import UsageError

_COMPARISONS: Final = frozenset(("_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"))
_CHOICE: Final = "_?_:_"
_AMONG: Final = "@in"
_PARTIAL: Final = {"startsWith": str.startswith, "endsWith": str.endswith, "contains": str.__contains__}
_FEW: Final = 8
"""As many values as a message lists."""


@dataclass(frozen=True)
class Vocabulary:
    """The values that variables can have, by full name: a closed set, or a spelling that each value has."""

    closed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    spelled: Mapping[str, tuple[Spelling, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, catalog: Catalog) -> Vocabulary:
        """What a catalog knows: its controls and kinds, the facts with closed sets, how its clouds name places."""
        closed = {f"context.{name}": values for name, values in catalog.fact_values.items()}
        closed["finding.severity"] = frozenset(map(str, Severity))
        closed["finding.control"] = frozenset(catalog.control_by_id)
        closed["resource.kind"] = frozenset(catalog.kind_by_name)
        spelled = {"resource.account": catalog.account_spellings, "resource.region": catalog.region_spellings}
        return cls(closed, {name: spellings for name, spellings in spelled.items() if spellings})

    def with_values(self, name: str, values: Iterable[str]) -> Vocabulary:
        """The same with more values of a closed variable; one that is open stays open."""
        if name not in self.closed:
            return self
        return replace(self, closed={**self.closed, name: self.closed[name].union(values)})

    def check(self, expression: Expression) -> None:
        """Refuse comparisons that can only come out one way; raises UsageError with the nearest right value."""
        for call in expression.walk():
            if call.what == "call":
                for name, text in self._compared(call):
                    self._check_value(name, text)
                self._check_partial(call)

    def _compared(self, call: Expression) -> Iterator[tuple[str, str]]:
        """The variables that a call compares with texts, each with each text."""
        if call.name in _COMPARISONS:
            left, right = call.parts
            sides = [(left, right), (right, left)]
        elif call.name == _AMONG and call.parts[1].what == "list":
            sides = [(call.parts[0], call.parts[1])]
        else:
            return
        for one, other in sides:
            for name in _results(one, "variable"):
                if name in self.closed or name in self.spelled:
                    yield from ((name, text) for text in _results(other, "text"))

    def _check_value(self, name: str, text: str) -> None:
        if name in self.closed and text not in self.closed[name]:
            msg = f"`{name}` is never `{text}`; {_instead(text, self.closed[name])}"
            raise UsageError(msg)
        if name in self.spelled:
            check_spelling(f"`{name}`", text, self.spelled[name])

    def _check_partial(self, call: Expression) -> None:
        """`startsWith` and the like must hold of one of the values at least."""
        if call.name not in _PARTIAL or len(call.parts) != 2:  # noqa: PLR2004 - target and argument
            return
        target, argument = call.parts
        if target.name in self.closed and target.what == "variable" and argument.what == "text":
            values, holds = self.closed[target.name], _PARTIAL[call.name]
            if not any(holds(value, argument.name) for value in values):
                instead = _instead(argument.name, values)
                msg = f"no value of `{target.name}` {_VERB[call.name]} `{argument.name}`; {instead}"
                raise UsageError(msg)


_VERB: Final = {"startsWith": "starts with", "endsWith": "ends with", "contains": "contains"}


def check_spelling(what: str, pattern: str, spellings: Sequence[Spelling]) -> None:
    """Refuse a name or pattern that nothing can have; raises UsageError."""
    if any(spelling.may_match(pattern) for spelling in spellings):
        return
    forms = " or ".join(f"{spelling.what}, such as `{spelling.example}`" for spelling in spellings)
    msg = f"{what} is never `{pattern}`; {forms}"
    raise UsageError(msg)


def _results(part: Expression, wanted: str) -> Iterator[str]:
    """The texts or variables that a part may come out as: itself, the sides of a choice, the items of a list."""
    if part.what == wanted:
        yield part.name
    elif part.what == "call" and part.name == _CHOICE:
        for side in part.parts[1:]:
            yield from _results(side, wanted)
    elif part.what == "list":
        for item in part.parts:
            yield from _results(item, wanted)


def _instead(text: str, values: frozenset[str]) -> str:
    """The nearest right values, or all where they are few."""
    bare = re.sub(r"[^a-z0-9]", "", text.lower())
    begun = [value for value in sorted(values) if value and bare and (value.startswith(bare) or bare.startswith(value))]
    near = begun[:1] or difflib.get_close_matches(text, sorted(values), n=3, cutoff=0.5)
    parts = [f"did you mean {' or '.join(f'`{value}`' for value in near)}?"] if near else []
    if len(values) <= _FEW:
        parts.append(f"it is one of {', '.join(f'`{value}`' for value in sorted(values))}")
    return " ".join(parts) or "see `goldseam controls`"
