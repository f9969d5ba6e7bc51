"""Policy text to policies, strictly: whatever is not understood is an error with its line, and never a default."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from goldseam.control import Catalog, Control
from goldseam.decide.clause import Clause, ClauseEnvironment
from goldseam.decide.policy.ownership import NameMarker, Ownership, TagMarker
from goldseam.decide.policy.rules import (
    DAYS,
    Approvals,
    Limits,
    Mode,
    Policy,
    PolicySet,
    Scope,
    Window,
    version_of,
)
from goldseam.model.document import Place, parsed
from goldseam.model.errors import UnknownName, UsageError
from goldseam.model.pattern import matches
from goldseam.model.values import Json

_KEYS: Final = ("name", "controls", "scope", "when", "mode", "settings", "approvals", "limits", "window")
_MOST: Final = 100_000
_NAME: Final = re.compile(r"\w[\w .-]{0,79}")
_PATTERN: Final = re.compile(r"[\w*.:/@+-]{1,200}")
_HOURS: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|(24:00))")


def load_policies(text: str, path: str, catalog: Catalog) -> PolicySet:
    """The policies of a YAML text; `path` is how messages call the file.

    Raises InvalidDocument with line and nearest right word for anything that is not understood.
    """
    top = parsed(path, text).fields(("version", "ownership", "policies"), needed=("version", "policies"))
    top["version"].whole(1, 1)
    clauses = ClauseEnvironment(catalog.fact_types)
    policies = tuple(_policy(place, catalog, clauses) for place in top["policies"].items())
    _refuse_repeated(policies, top["policies"])
    ownership = _ownership(top["ownership"], catalog) if "ownership" in top else None
    return PolicySet(policies, version_of(text), ownership)


def _ownership(place: Place, catalog: Catalog) -> Ownership:
    given = place.fields(("markers", "unmanaged"))
    if not given:
        raise place.wrong("`ownership` says nothing; give `markers` or `unmanaged`, or remove the key")
    return Ownership(
        _markers(given["markers"]) if "markers" in given else None,
        _patterns(given["unmanaged"], "kind", catalog.kind_by_name) if "unmanaged" in given else (),
    )


def _markers(place: Place) -> tuple[TagMarker | NameMarker, ...]:
    items = place.items()
    if not items:
        raise place.wrong("`markers` is an empty list; name a marker, or remove the key")
    return tuple(_marker(Place(item.path, "a marker", item.node)) for item in items)


def _marker(place: Place) -> TagMarker | NameMarker:
    given = place.fields(("tag", "value", "name", "means"), needed=("means",))
    means = _named(given["means"], "a tool")
    if ("tag" in given) is ("name" in given):
        raise place.wrong("a marker is a `tag` or a `name`; write one of the two")
    if "name" in given:
        if "value" in given:
            raise given["value"].wrong("`value` is of a `tag`; a `name` has none")
        return NameMarker(_telling(given["name"]), means)
    values = tuple(item.scalar() for item in given["value"].some()) if "value" in given else ("*",)
    return TagMarker(_telling(given["tag"]), values, means)


def _telling(place: Place) -> str:
    """A pattern that does not match everything: that would make every resource owned."""
    pattern = place.scalar()
    if not pattern.strip("*"):
        raise place.wrong(f"{place.what} cannot be `{pattern}`, which matches everything; name something")
    return pattern


def _policy(place: Place, catalog: Catalog, clauses: ClauseEnvironment) -> Policy:
    place = Place(place.path, "a policy", place.node)
    given = place.fields(_KEYS, needed=("name", "controls", "mode"))
    name = _named(given["name"])
    mode = Mode(given["mode"].word("mode", tuple(Mode)))
    if mode is Mode.AUTO and "when" not in given:
        raise place.wrong(f'policy `{name}` is `auto` without a clause; add `when`, with `"true"` for always')
    controls = _patterns(given["controls"], "control", catalog.control_by_id)
    return Policy(
        name,
        controls,
        mode,
        scope=_scope(given["scope"], catalog) if "scope" in given else Scope(),
        when=_clauses(given["when"], clauses) if "when" in given else (),
        settings=_settings(given["settings"], _speaking_of(controls, catalog)) if "settings" in given else {},
        approvals=_approvals(given["approvals"]) if "approvals" in given else Approvals(),
        limits=_limits(given["limits"]) if "limits" in given else Limits(),
        window=_window(given["window"]) if "window" in given else None,
        where=place.where,
    )


def _named(place: Place, what: str = "a policy") -> str:
    name = place.scalar()
    if not _NAME.fullmatch(name):
        raise place.wrong(f"{what} cannot be called `{name}`; use up to 80 letters, digits, blanks, `.`, `-`, `_`")
    return name


def _refuse_repeated(policies: Iterable[Policy], places: Place) -> None:
    seen: dict[str, str] = {}
    for policy, place in zip(policies, places.items(), strict=True):
        if policy.name in seen:
            raise place.wrong(f"policy `{policy.name}` is there already, at {seen[policy.name]}; rename one of them")
        seen[policy.name] = policy.where


def _patterns(place: Place, what: str, known: Iterable[str]) -> tuple[str, ...]:
    """Names or patterns with `*`, each of which must match something that is known."""
    found = []
    for item in place.some():
        pattern = item.scalar()
        if not any(matches((pattern,), name) for name in known):
            if "*" in pattern:
                raise item.wrong(f"no {what} matches `{pattern}`; see `goldseam controls`")
            raise item.checked(UnknownName(what, pattern, known))
        found.append(pattern)
    return tuple(found)


def _speaking_of(patterns: tuple[str, ...], catalog: Catalog) -> list[Control]:
    return [control for control in catalog.controls if matches(patterns, control.id)]


def _clauses(place: Place, clauses: ClauseEnvironment) -> tuple[Clause, ...]:
    items = place.items()
    if not items:
        raise place.wrong('`when` is an empty list, and silence means no; write `"true"` for always, or remove it')
    return tuple(_clause(item, clauses) for item in items)


def _clause(item: Place, clauses: ClauseEnvironment) -> Clause:
    try:
        return clauses.compile(item.text(), item.where)
    except UsageError as error:
        raise item.checked(error) from error


def _scope(place: Place, catalog: Catalog) -> Scope:
    given = place.fields(("accounts", "regions", "kinds", "tags"))
    return Scope(
        accounts=_free_patterns(given.get("accounts")),
        regions=_free_patterns(given.get("regions")),
        kinds=_patterns(given["kinds"], "kind", catalog.kind_by_name) if "kinds" in given else ("*",),
        tags=_tags(given["tags"]) if "tags" in given else {},
    )


def _free_patterns(place: Place | None) -> tuple[str, ...]:
    """Patterns of names that no list holds; only their form can be checked."""
    if place is None:
        return ("*",)
    found = []
    for item in place.some():
        pattern = item.scalar()
        if not _PATTERN.fullmatch(pattern):
            raise item.wrong(f"{place.what} cannot hold `{pattern}`; write a name, with `*` for any text")
        found.append(pattern)
    return tuple(found)


def _tags(place: Place) -> Mapping[str, tuple[str, ...]]:
    members = place.members()
    if not members:
        raise place.wrong("`tags` names no tag; name one, or remove the key")
    return {name: tuple(item.scalar() for item in member.some()) for name, member in members.items()}


def _settings(place: Place, controls: Iterable[Control]) -> Mapping[str, Json]:
    """Settings that every control of the policy has and accepts."""
    members = place.members()
    given = {name: _setting(member) for name, member in members.items()}
    for control in controls:
        for name, value in given.items():
            try:
                control.declared({name: value})
            except UsageError as error:
                raise members[name].checked(error) from error
    return given


def _setting(place: Place) -> Json:
    """A value, or one that depends: `{by: region, values: {eu-west-1: logs-eu}, default: logs}`."""
    if place.node.id != "mapping":
        return place.plain()
    place = Place(place.path, f"setting {place.what}", place.node)
    given = place.fields(("by", "values", "default"), needed=("by", "values"))
    values = {name: member.plain() for name, member in given["values"].members().items()}
    default = {"default": given["default"].plain()} if "default" in given else {}
    return {"by": given["by"].scalar(), "values": values, **default}


def _approvals(place: Place) -> Approvals:
    given = place.fields(("needed", "from"))
    needed = given["needed"].whole(1, 20) if "needed" in given else 1
    groups = tuple(_named(item) for item in given["from"].some()) if "from" in given else ()
    return Approvals(needed, groups)


def _limits(place: Place) -> Limits:
    given = place.fields(("per_hour", "per_account"))
    numbers = {name: member.whole(0, _MOST) for name, member in given.items()}
    return Limits(**numbers)


def _window(place: Place) -> Window:
    given = place.fields(("days", "hours", "zone"))
    if not given:
        raise place.wrong("`window` says nothing; give `days` or `hours`, or remove the key")
    days = frozenset(day for item in given["days"].some() for day in _days(item)) if "days" in given else range(7)
    start, end = _hours(given["hours"]) if "hours" in given else (0, 24 * 60)
    zone = _zone(given["zone"]) if "zone" in given else "UTC"
    return Window(frozenset(days), start, end, zone)


def _days(place: Place) -> list[int]:
    """A day or a range of days, `mon` or `fri-mon`."""
    first, dash, last = place.scalar().partition("-")
    low, high = (_day(place, word) for word in (first, last if dash else first))
    return [(low + step) % 7 for step in range((high - low) % 7 + 1)]


def _day(place: Place, word: str) -> int:
    if word not in DAYS:
        raise place.wrong(f"there is no day `{word}`; write for example `mon-fri` or `[{', '.join(DAYS[5:])}]`")
    return DAYS.index(word)


def _hours(place: Place) -> tuple[int, int]:
    found = _HOURS.fullmatch(place.scalar())
    if not found:
        raise place.wrong(f'`hours` cannot be `{place.scalar()}`; write for example `"09:00-17:00"`')
    start = int(found[1]) * 60 + int(found[2])
    end = 24 * 60 if found[5] else int(found[3]) * 60 + int(found[4])
    if start == end:
        raise place.wrong("`hours` begin and end at the same time; leave the key out for the whole day")
    return start, end


def _zone(place: Place) -> str:
    zone = place.text()
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        known = available_timezones()
        if not known:
            raise place.wrong("this machine has no time zone data; install the package `tzdata`") from error
        raise place.checked(UnknownName("time zone", zone, known)) from error
    return zone
