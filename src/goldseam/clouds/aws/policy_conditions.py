"""Conditions of policy statements in three values: met, not met, or open without the request. Pure.

Sources: IAM User Guide, "IAM JSON policy elements: Condition operators" (an absent key does not match and meets a
negated operator; `IfExists`; `Null`), "Conditions with multiple context keys or values" (several lines: all; several
values: one of them; of a negated operator: none), "Single-valued vs. multivalued context keys" (`ForAllValues` is met
and `ForAnyValue` is not where the request has no such key), "IAM policy elements: Variables and tags".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from operator import eq, ge, gt, le, lt
from typing import Any, Final, TypeAlias

from goldseam.clouds.aws.conditions import Line
from goldseam.clouds.aws.policy_globs import UNRESOLVED, covers_arn, glob, literal, substituted

Tri: TypeAlias = bool | None
"""Yes, no, or None for open."""


def all_of(parts: Iterable[Tri]) -> Tri:
    """No where one is no, whatever is open of the others; yes where all are."""
    found = set(parts)
    return False if False in found else None if None in found else True


def any_of(parts: Iterable[Tri]) -> Tri:
    """Yes where one is yes, whatever is open of the others; no where all are no."""
    found = set(parts)
    return True if True in found else None if None in found else False


@dataclass(frozen=True)
class Context:
    """What is known of a request: the values of its condition keys, in lower case; none for a key that is absent.

    A key that ends in `/` stands for all tags. What is not named is open, or absent where the context is complete.
    """

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    complete: bool = False

    def get(self, key: str) -> tuple[str, ...] | None:
        """The values of a key; None where they are not known."""
        if key in self.values:
            return self.values[key]
        name, tagged, _ = key.partition("/")
        return self.values.get(f"{name}/" if tagged else key, () if self.complete else None)

    def variable(self, name: str) -> str:
        """The value of a policy variable, where one is known."""
        known = self.get(name)
        return known[0] if known and len(known) == 1 else UNRESOLVED


def is_met(lines: Iterable[Line], context: Context) -> Tri:
    """Whether a request meets all lines of a condition."""
    return all_of(_line(line, context) for line in lines)


def _line(line: Line, context: Context) -> Tri:
    known = context.get(line.key)
    if line.operator == "null":
        return None if known is None else any(value.lower() == str(not known).lower() for value in line.values)
    matches = _MATCHES.get(line.operator.replace("not", "", 1))
    if matches is None or known is None:
        return None
    negated = "not" in line.operator
    if not known:
        return line.if_exists or line.quantifier == "forallvalues" or (negated and line.quantifier != "foranyvalue")
    each = [_one(matches, given, line.values, context, negated=negated) for given in known]
    return any_of(each) if line.quantifier == "foranyvalue" else all_of(each)


def _one(matches: _Match, given: str, values: Iterable[str], context: Context, *, negated: bool) -> Tri:
    """Whether a value of the request is one of the policy's, or none of them."""
    found = any_of(_held(matches, given, substituted(value, context.variable)) for value in values)
    return found if found is None or not negated else not found


def _held(matches: _Match, given: str, value: str) -> Tri:
    if UNRESOLVED in value:
        return None
    try:
        return matches(given, value)
    except ValueError:
        return None


_Match: TypeAlias = Callable[[str, str], Tri]


def _like(given: str, value: str) -> Tri:
    return glob(value).match(given) is not None


def _equals(given: str, value: str) -> Tri:
    return given == literal(value)


def _same_letters(given: str, value: str) -> Tri:
    return given.lower() == literal(value).lower()


def _in_range(given: str, value: str) -> Tri:
    address, network = ip_address(given), ip_network(value, strict=False)
    return address.version == network.version and address in network


def _time(text: str) -> datetime:
    """A point in time as policies write it: ISO 8601, or seconds since 1970."""
    if text.isdigit():
        return datetime.fromtimestamp(int(text), UTC)
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _compared(compare: Callable[[Any, Any], bool], read: Callable[[str], Any]) -> _Match:
    return lambda given, value: compare(read(given), read(value))


def _covers_arn(given: str, value: str) -> Tri:
    return covers_arn(value, given)


_ORDER: Final = {"equals": eq, "lessthan": lt, "lessthanequals": le, "greaterthan": gt, "greaterthanequals": ge}

_MATCHES: Final[Mapping[str, _Match]] = {
    "stringequals": _equals,
    "stringequalsignorecase": _same_letters,
    "stringlike": _like,
    "arnequals": _covers_arn,
    "arnlike": _covers_arn,
    "bool": _same_letters,
    "binaryequals": _equals,
    "ipaddress": _in_range,
    **{f"numeric{word}": _compared(compare, float) for word, compare in _ORDER.items()},
    **{f"date{word}": _compared(compare, _time) for word, compare in _ORDER.items()},
}
"""Whether a value of the request is that of the policy, by operator."""
