"""Clauses: the conditions that users write in policies, in CEL, behind an interface of our own.

A clause is checked against the declared facts when it is compiled, and is true, false or unknown when it is asked. A
fact that is unknown is left out of the data: CEL then reckons with three values (`false && unknown` is false, `true &&
unknown` is unknown). Whatever goes wrong while a clause is evaluated makes it unknown, and never true (law 10).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Protocol

from goldseam.control import Catalog
from goldseam.decide.expression import read_expression
from goldseam.decide.vocabulary import Vocabulary
from goldseam.model.errors import UnknownName, UsageError
from goldseam.model.values import Json

LONGEST: Final = 1_000
DEEPEST: Final = 16
"""The most characters of a clause, and the deepest nesting of its brackets; the parser behind stops at twice that."""

FACT: Final = "context"
_SHOWN: Final = 80

_BESIDE_FACTS: Final[Mapping[str, type]] = {
    "resource.account": str,
    "resource.region": str,
    "resource.id": str,
    "resource.kind": str,
    "resource.tags": dict,
    "finding.severity": str,
    "finding.control": str,
    "precedent.approved": int,
    "precedent.rejected": int,
    "precedent.rolled_back": int,
    "precedent.repaired": int,
}
"""What a clause may mention beside the facts, which are `context.<fact>`."""


class _Program(Protocol):
    """What the engine makes of a clause."""

    def eval(self, *, data: Mapping[str, Json]) -> Any:
        """The answer, as the engine's own kind of value."""

    def return_type(self) -> Any:
        """The type of every answer, as the engine names types."""

    def serialize(self) -> bytes:
        """The checked expression, as a protocol buffer."""


class _Compiler(Protocol):
    """The engine: it knows the declared variables."""

    def compile(self, expression: str) -> _Program:
        """The program; raises RuntimeError with a report."""


@dataclass(frozen=True)
class Clause:
    """One condition: its text, where it was written, and the variables that it mentions.

    `mentions` holds full names (`context.environment`, `resource.tags`), each once, in the order of the text.
    """

    text: str
    where: str
    mentions: tuple[str, ...]
    types: Mapping[str, type] = field(repr=False, compare=False)
    program: _Program = field(repr=False, compare=False)

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts that the clause mentions, without `context.`."""
        return tuple(name.partition(".")[2] for name in self.mentions if name.startswith(f"{FACT}."))

    def truth(self, values: Mapping[str, Json]) -> bool | None:
        """Whether the clause holds for the values, given by full name; None when that cannot be told.

        A value that is missing, null, or not of the declared type is unknown.
        """
        given = {name: _fitting(values.get(name), self.types[name]) for name in self.mentions}
        data = {name: value for name, value in given.items() if value is not None}
        try:
            answer = self.program.eval(data=data).value()
        except (RuntimeError, TypeError, ValueError, OverflowError):  # all that the engine raises: unknown (law 10)
            return None
        return answer if isinstance(answer, bool) else None


@dataclass(frozen=True)
class ClauseEnvironment:
    """The variables that clauses may mention, what they may be, and the compiler that checks clauses against them."""

    fact_types: Mapping[str, type]
    vocabulary: Vocabulary = field(default_factory=Vocabulary)

    @classmethod
    def of(cls, catalog: Catalog) -> ClauseEnvironment:
        """The variables of a catalog, with the values that they can have."""
        return cls(catalog.fact_types, Vocabulary.of(catalog))

    @cached_property
    def types(self) -> Mapping[str, type]:
        """The type of every variable, by its full name."""
        return {**_BESIDE_FACTS, **{f"{FACT}.{name}": kind for name, kind in self.fact_types.items()}}

    @cached_property
    def _compiler(self) -> _Compiler:
        # A shared library that ships no types; loaded when the first clause needs it.
        from cel_expr_python import cel  # type: ignore[import-untyped] # noqa: PLC0415

        words = {
            bool: cel.Type.BOOL,
            int: cel.Type.INT,
            float: cel.Type.DOUBLE,
            str: cel.Type.STRING,
            list: cel.Type.List(cel.Type.STRING),
            dict: cel.Type.Map(cel.Type.STRING, cel.Type.STRING),
        }
        compiler: _Compiler = cel.NewEnv(variables={name: words[kind] for name, kind in self.types.items()})
        return compiler

    def compile(self, text: str, where: str = "") -> Clause:
        """The clause of that text.

        Raises UsageError when it is not one or compares with a value that cannot occur, UnknownName with nearest names.
        """
        tokens = list(_tokens(text[: LONGEST + 1]))
        _bound(text, tokens)
        try:
            program = self._compiler.compile(text)
        except RuntimeError as error:
            raise self._explained(text, str(error)) from error
        except TypeError as error:
            msg = "a clause is Unicode text, and this one is not; type it anew"
            raise UsageError(msg) from error
        if (kind := program.return_type().name()) != "BOOL":
            msg = f"clause `{_short(text)}` gives {kind.lower()}, not true or false; compare it with something"
            raise UsageError(msg)
        self._check_values(text, program)
        return Clause(text, where, self._mentions(tokens), self.types, program)

    def _check_values(self, text: str, program: _Program) -> None:
        """Refuse a comparison with a value that cannot occur: it would mean nothing, or the opposite."""
        try:
            self.vocabulary.check(read_expression(program.serialize()))
        except UsageError as error:
            msg = f"clause `{_short(text)}`: {error}"
            raise UsageError(msg) from error
        except ValueError as error:
            msg = f"clause `{_short(text)}` cannot be checked ({error}); write it in another way, and report this"
            raise UsageError(msg) from error

    def _mentions(self, tokens: list[str]) -> tuple[str, ...]:
        """The declared variables in the text; `a.b` whatever stands around it, so rather one too many."""
        triples = zip(tokens, tokens[1:], tokens[2:], strict=False)
        names = (f"{first}.{last}" for first, dot, last in triples if dot == ".")
        return tuple(dict.fromkeys(name for name in names if name in self.types))

    def _explained(self, text: str, report: str) -> UsageError:
        """Our error for the compiler's report: the first thing that is wrong, and the nearest right name."""
        found = _REPORTED.search(report)
        column, problem = (int(found["column"]), found["problem"]) if found else (1, report.partition("[")[0].strip())
        if name := _UNDECLARED.match(problem):
            return self._unknown(name[1])
        if overload := _OVERLOAD.match(problem):
            wrong = f"{_operator(overload[1])} cannot take {overload[2]}; compare values of one type"
        elif problem.startswith("Syntax error"):
            wrong = f"it is not CEL from character {column} on; write for example `!context.{self._any()}`"
        else:
            wrong = f"at character {column}, {_lower(problem)}; see docs/policies.md"
        return UsageError(f"clause `{_short(text)}`: {wrong}")

    def _unknown(self, name: str) -> UsageError:
        root, _, rest = name.partition(".")
        if root == FACT and rest:
            return UnknownName("fact", rest, self.fact_types)
        if not rest and name in self.fact_types:
            return UsageError(f"facts are written with `{FACT}.`; write `{FACT}.{name}`")
        if root == name and root in {known.partition(".")[0] for known in self.types}:
            return UsageError(f"`{name}` alone means nothing in a clause; write `{name}.` and a name")
        return UnknownName("variable or function", name, self.types)

    def _any(self) -> str:
        return next((name for name, kind in self.fact_types.items() if kind is bool), "fact")


_REPORTED: Final = re.compile(r"ERROR: <input>:\d+:(?P<column>\d+): (?P<problem>[^\n]*)")
_UNDECLARED: Final = re.compile(r"undeclared reference to '([^']*)'")
_OVERLOAD: Final = re.compile(r"found no matching overload for '([^']*)' applied to '\(?([^']*?)\)?'")

_TOKEN: Final = re.compile(
    r"""(?P<skip>\s+|//[^\n]*)
    |(?P<string>
        (?:[rR][bB]?|[bB][rR])(?:'{3}.*?'{3}|"{3}.*?"{3}|'[^'\n]*'|"[^"\n]*")
        |[bB]?(?:'{3}(?:\\.|[^\\])*?'{3}|"{3}(?:\\.|[^\\])*?"{3}|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"))
    |(?P<word>[A-Za-z_]\w*)
    |(?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)


def _tokens(text: str) -> Iterator[str]:
    """The words and signs of a clause; white space and comments are dropped, a literal text becomes a quote mark."""
    for found in _TOKEN.finditer(text):
        if found.lastgroup == "string":
            yield '"'
        elif found.lastgroup != "skip":
            yield found[0]


def _bound(text: str, tokens: list[str]) -> None:
    """Refuse what is too long or too deep before the compiler sees it."""
    if len(text) > LONGEST:
        msg = f"a clause has at most {LONGEST} characters; split it, each item of the list must hold"
        raise UsageError(msg)
    depth = deepest = 0
    for sign in tokens:
        depth += (sign in "([{") - (sign in ")]}")
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        msg = f"a clause nests brackets at most {DEEPEST} deep; split it, each item of the list must hold"
        raise UsageError(msg)


def _operator(name: str) -> str:
    """CEL's name of an operator as people write it: `_>_` is `>`."""
    return f"`{name.replace('_', '').removeprefix('@') or name}`"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _fitting(value: Json, kind: type) -> Json:
    """The value as the engine takes it, or None when it is not of the declared type: a boolean is no number."""
    if kind is list and isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return list(value)
    if kind is dict and isinstance(value, Mapping):
        return dict(value) if all(isinstance(part, str) for item in value.items() for part in item) else None
    if kind is float and type(value) is int:
        return float(value)
    return value if type(value) is kind and kind in _SCALARS else None


_SCALARS: Final = (bool, int, float, str)
