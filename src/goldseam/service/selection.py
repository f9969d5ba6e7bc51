"""Which controls, services and regions a command is about, from what the user typed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from goldseam.control import Catalog, Severity
from goldseam.model.errors import UnknownName, UsageError

_AGE: Final = re.compile(r"(\d{1,5})([mhdw])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def words(text: str) -> tuple[str, ...]:
    """The words of a list with commas, in order, without repetition."""
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


def service_of(kind_or_control: str) -> str:
    """The service in a name: `s3` of `aws.s3.bucket`."""
    return kind_or_control.split(".")[1]


def chosen(catalog: Catalog, services: str = "", patterns: Sequence[str] = ()) -> Catalog:
    """The catalogue with only the chosen controls; raises UnknownName for a word that chooses nothing."""
    controls = list(catalog.controls)
    if wanted := words(services):
        known = {service_of(control.id) for control in controls}
        for word in wanted:
            if word not in known:
                raise UnknownName("service with controls", word, known)
        controls = [control for control in controls if service_of(control.id) in wanted]
    if patterns:
        named = set(catalog.matching(patterns))
        controls = [control for control in controls if control in named]
    return catalog.only(controls) if len(controls) < len(catalog.controls) else catalog


def severity(name: str) -> Severity:
    """The severity of that name; raises UnknownName."""
    try:
        return Severity(name)
    except ValueError:
        raise UnknownName("severity", name, list(Severity)) from None


def known_words(what: str, given: Sequence[str], known: Iterable[str]) -> tuple[str, ...]:
    """The given words; raises UnknownName with the nearest ones for one that is not known."""
    names = tuple(known)
    for word in given:
        if word not in names:
            raise UnknownName(what, word, names)
    return tuple(given)


def tag_of(text: str) -> tuple[str, str]:
    """The key and the value of `key=value`, the value empty for `key`; raises UsageError where there is no key."""
    key, _, value = text.partition("=")
    if not key:
        raise UsageError(f"`{text}` is no tag; write `key` or `key=value`")
    return key, value


def age(text: str) -> timedelta:
    """The time of `30m`, `12h`, `7d` or `2w`; raises UsageError."""
    found = _AGE.fullmatch(text)
    if not found:
        raise UsageError(f"`{text}` is no time; write for example `30m`, `12h`, `7d` or `2w`")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
