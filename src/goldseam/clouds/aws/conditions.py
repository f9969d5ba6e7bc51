"""Conditions of policy statements: whether a test limits who is allowed. Yes, no, or not known. Pure.

What each condition key can limit is data: `condition_keys.csv`, with the AWS page that it rests on. Of a key that is
not in the table, or in it as `unknown`, it is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Final, NamedTuple

from goldseam.clouds.aws.condition_values import limits_to
from goldseam.clouds.aws.tables import table
from goldseam.model.values import Json

POSITIVE: Final = frozenset(
    {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress"}
)
NEGATED: Final = frozenset(
    {"stringnotequals", "stringnotequalsignorecase", "stringnotlike", "arnnotequals", "arnnotlike", "notipaddress"}
)
_TRUE: Final = "true"
_SERVICES: Final = "service"


class ConditionKey(NamedTuple):
    """What a condition key limits: `narrows` names the form of the values that do.

    `present` says whether requests carry the key: `always`, `sometimes`, or `unknown`.
    """

    narrows: str
    present: str
    page: str


class Line(NamedTuple):
    """One line of a condition: operator and key in lower case, the values, and how an absent key is taken."""

    operator: str
    key: str
    values: tuple[str, ...]
    quantifier: str
    if_exists: bool

    @property
    def asks_presence(self) -> bool:
        """Whether a request without the key fails a positive test."""
        return not self.if_exists and self.quantifier != "forallvalues"


@cache
def condition_keys() -> Mapping[str, ConditionKey]:
    """The table, by key in lower case; a key with a part of one's own ends in `/*` or `:*` (`aws:PrincipalTag/*`)."""
    rows = table("condition_keys.csv")
    return {row["key"].lower(): ConditionKey(row["narrows"], row["present"], row["page"]) for row in rows}


@lru_cache(maxsize=4096)
def known_key(key: str) -> ConditionKey | None:
    """What the table says of a condition key in lower case; None where it says nothing."""
    table = condition_keys()
    found = table.get(key)
    if found is None and (at := key.find("/")) > 0:
        found = table.get(f"{key[:at]}/*")
    if found is None and key.count(":") > 1:
        found = table.get(f"{':'.join(key.split(':', 2)[:2])}:*")
    return None if found is None or found.narrows == "unknown" else found


def line_of(operator: str, key: str, value: Json) -> Line:
    """The line of a condition that tests a key for a value or a list of them."""
    quantifier, _, name = operator.lower().rpartition(":")
    bare = name.removesuffix("ifexists")
    return Line(bare, key.lower(), texts(value), quantifier, bare != name)


def lines_of(statement: Json) -> tuple[Line, ...]:
    """The lines of a statement's condition; a request must pass each."""
    block = statement.get("Condition") or {}
    return tuple(line_of(operator, key, value) for operator, keys in block.items() for key, value in keys.items())


def spelled(block: Json) -> list[str]:
    """The lines of a `Condition` as the policy spells them, in the order of `lines_of`."""
    pairs = [(operator, key, value) for operator, keys in block.items() for key, value in keys.items()]
    return [f"`{key}` ({operator} {', '.join(texts(value))})" for operator, key, value in pairs]


def texts(value: Json) -> tuple[str, ...]:
    """One text or a list of them, as a tuple; booleans and numbers as policies spell them."""
    if isinstance(value, str):
        return (value,)
    items = value if isinstance(value, (list, tuple)) else () if value is None else (value,)
    return tuple(str(item).lower() if isinstance(item, bool) else str(item) for item in items)


def required_keys(lines: Sequence[Line]) -> frozenset[str]:
    """The keys that the lines require to be present (`"Null": {key: "false"}`)."""
    return frozenset(line.key for line in lines if line.operator == "null" and all_are(line.values, "false"))


def limits(line: Line, required: frozenset[str]) -> bool | None:
    """Whether a line of an `Allow` limits who is allowed to what fixed values name; None where that is not known.

    Missing keys: IAM User Guide, "IAM JSON policy elements: Condition operators".
    """
    key = known_key(line.key)
    if key is None:
        return None
    if key.narrows == "never" or line.operator in NEGATED:
        return False
    if line.operator == "null":
        return key.narrows == _SERVICES and all_are(line.values, "false")
    if line.operator not in POSITIVE and (line.operator, key.narrows) != ("bool", _TRUE):
        return None
    found = limits_to(key.narrows, line.values)
    if not found or line.asks_presence or line.key in required or key.present == "always":
        return found
    return None if key.present == "unknown" else False


def denies_others(line: Line) -> bool | None:
    """Whether a line of a `Deny` matches everyone but whom fixed values name; None where that is not known.

    An absent key passes a negated test, and `IfExists`: anonymous requests are denied then. What becomes of a variable
    that has no value there is not known.
    """
    key = known_key(line.key)
    if key is None:
        return None
    if line.operator in NEGATED and line.quantifier in {"", "forallvalues"}:
        found = limits_to(key.narrows, line.values)
        return None if found and key.narrows.startswith("own-") else found
    if line.operator == "bool" and key.narrows == _TRUE and line.quantifier == "" and all_are(line.values, "false"):
        return line.if_exists or key.present == "always"
    return False


def all_are(values: Iterable[str], wanted: str) -> bool:
    """Whether there are values and each is the wanted one, whatever its case."""
    held = [value.lower() for value in values]
    return bool(held) and all(value == wanted for value in held)
