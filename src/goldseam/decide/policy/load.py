"""Policy text to policies and guardrails, strictly: what is not understood is an error with its line, not a default."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from goldseam.control import Catalog, Control
from goldseam.decide.clause import Clause, ClauseEnvironment
from goldseam.decide.policy.ownership import MANAGED_BY, NameMarker, Ownership, TagMarker
from goldseam.decide.policy.rules import Approvals, Guardrail, Limits, Mode, Policy, PolicySet, Scope, version_of
from goldseam.decide.policy.schedule import load_until, load_window
from goldseam.decide.vocabulary import Vocabulary, check_spelling
from goldseam.model.document import Place, parsed
from goldseam.model.errors import UnknownName, UsageError
from goldseam.model.pattern import matches
from goldseam.model.values import Json

VERSION: Final = 2
_SECTIONS: Final = ("version", "ownership", "guardrails", "policies")
_KEYS: Final = ("name", "controls", "scope", "when", "mode", "settings", "approvals", "limits", "window")
_CAPS: Final = ("at_most", "approvals", "limits", "window")
_GUARDS: Final = ("name", "controls", "scope", "when", "until", *_CAPS)
_MODES_OF_CAPS: Final = tuple(str(mode) for mode in Mode if mode is not Mode.AUTO)
_MOST: Final = 100_000
_DEFAULT: Final = Limits()
_NAME: Final = re.compile(r"\w[\w .-]{0,79}")
_PATTERN: Final = re.compile(r"[\w*.:/@+-]{1,200}")
_TAG_KEY: Final = re.compile(r"[\w .:/=+@-]{1,128}")
_TAG_VALUE: Final = re.compile(r"[\w .:/=+@*-]{1,256}")


def load_policies(text: str, path: str, catalog: Catalog) -> PolicySet:
    """The policies of a YAML text; `path` is how messages call the file.

    Raises InvalidDocument with line and nearest right word for anything that is not understood.
    """
    file = parsed(path, text)
    top = file.fields(_SECTIONS, needed=("version", "policies"))
    _check_version(top["version"])
    return load_sections(top, text, catalog)


def _check_version(place: Place) -> None:
    if place.node.value == "1":
        what = "in version 1 the most careful policy decided, now the first that applies does"
        raise place.wrong(f"{what}; rewrite it with `goldseam policy migrate FILE` (without FILE: the policy in force)")
    place.whole(VERSION, VERSION)


def load_sections(top: Mapping[str, Place], text: str, catalog: Catalog) -> PolicySet:
    """The policies of the sections of a file, by name; raises InvalidDocument."""
    ownership = _ownership(top["ownership"], catalog) if "ownership" in top else None
    tools = [marker.means for marker in ownership.markers or ()] if ownership else []
    vocabulary = Vocabulary.of(catalog).with_values(f"context.{MANAGED_BY}", tools)
    loader = _Loader(catalog, ClauseEnvironment(catalog.fact_types, vocabulary))
    guarding = top["guardrails"].items() if "guardrails" in top else []
    if "guardrails" in top and not guarding:
        raise top["guardrails"].wrong("`guardrails` is an empty list; write one, or remove the key")
    guardrails = tuple(loader.guardrail(place) for place in guarding)
    policies = tuple(loader.policy(place) for place in top["policies"].items())
    _refuse_repeated((*guardrails, *policies), (*guarding, *top["policies"].items()))
    return PolicySet(policies, version_of(text), ownership, guardrails)


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
    values = tuple(item.quoted() for item in given["value"].some()) if "value" in given else ("*",)
    return TagMarker(_telling(given["tag"]), values, means)


def _telling(place: Place) -> str:
    """A pattern that does not match everything: that would make every resource owned."""
    pattern = place.scalar()
    if not pattern.strip("*"):
        raise place.wrong(f"{place.what} cannot be `{pattern}`, which matches everything; name something")
    return pattern


@dataclass(frozen=True)
class _Loader:
    """What policies are checked against while they are read."""

    catalog: Catalog
    clauses: ClauseEnvironment

    def policy(self, place: Place) -> Policy:
        place = Place(place.path, "a policy", place.node)
        given = place.fields(_KEYS, needed=("name", "controls", "mode"))
        name = _named(given["name"])
        mode = Mode(given["mode"].word("mode", tuple(Mode)))
        if mode is Mode.AUTO and "when" not in given:
            raise place.wrong(f'policy `{name}` is `auto` without a clause; add `when`, with `"true"` for always')
        controls = _patterns(given["controls"], "control", self.catalog.control_by_id)
        named = [control for control in self.catalog.controls if matches(controls, control.id)]
        return Policy(
            name,
            controls,
            mode,
            scope=self._scope(given["scope"]) if "scope" in given else Scope(),
            when=self._clauses(given["when"]) if "when" in given else (),
            settings=self._settings(given["settings"], named) if "settings" in given else {},
            approvals=_approvals(given["approvals"]) if "approvals" in given else Approvals(),
            limits=_limits(given["limits"]) if "limits" in given else Limits(),
            window=load_window(given["window"]) if "window" in given else None,
            where=place.where,
        )

    def guardrail(self, place: Place) -> Guardrail:
        place = Place(place.path, "a guardrail", place.node)
        given = place.fields(_GUARDS, needed=("name",))
        name = _named(given["name"], "a guardrail")
        if not given.keys() & set(_CAPS):
            raise place.wrong(f"guardrail `{name}` caps nothing; add `at_most: ask`, or {_spelled(_CAPS[1:])}")
        unbounded = Limits(_MOST, _MOST)
        return Guardrail(
            name,
            Mode(given["at_most"].word("cap", _MODES_OF_CAPS)) if "at_most" in given else Mode.AUTO,
            _patterns(given["controls"], "control", self.catalog.control_by_id) if "controls" in given else ("*",),
            scope=self._scope(given["scope"]) if "scope" in given else Scope(),
            when=self._clauses(given["when"]) if "when" in given else (),
            until=load_until(given["until"]) if "until" in given else None,
            approvals=_approvals(given["approvals"]) if "approvals" in given else None,
            limits=_limits(given["limits"], unbounded) if "limits" in given else None,
            window=load_window(given["window"]) if "window" in given else None,
            where=place.where,
        )

    def _settings(self, place: Place, controls: Iterable[Control]) -> Mapping[str, Json]:
        """Settings that every control of the policy has and accepts."""
        members = place.members()
        given = {name: self._setting(member) for name, member in members.items()}
        for control in controls:
            for name, value in given.items():
                try:
                    control.declared({name: value})
                except UsageError as error:
                    raise members[name].checked(error) from error
        return given

    @staticmethod
    def _setting(place: Place) -> Json:
        """A value, or one that depends: `{by: region, values: {eu-west-1: logs-eu}, default: logs}`."""
        if place.node.id != "mapping":
            return place.plain()
        place = Place(place.path, f"setting {place.what}", place.node)
        given = place.fields(("by", "values", "default"), needed=("by", "values"))
        values = {name: member.plain() for name, member in given["values"].members().items()}
        for case, _ in given["values"].node.value:
            Place(place.path, "a key of `values`", case).quoted()
        default = {"default": given["default"].plain()} if "default" in given else {}
        return {"by": given["by"].scalar(), "values": values, **default}

    def _clauses(self, place: Place) -> tuple[Clause, ...]:
        items = place.items()
        if not items:
            raise place.wrong('`when` is an empty list, and silence means no; write `"true"` for always, or remove it')
        return tuple(self._clause(item) for item in items)

    def _clause(self, item: Place) -> Clause:
        try:
            return self.clauses.compile(item.text(), item.where)
        except UsageError as error:
            raise item.checked(error) from error

    def _scope(self, place: Place) -> Scope:
        given = place.fields(("accounts", "regions", "kinds", "tags"))
        return Scope(
            accounts=self._spelled(given["accounts"], "resource.account") if "accounts" in given else ("*",),
            regions=self._spelled(given["regions"], "resource.region") if "regions" in given else ("*",),
            kinds=_patterns(given["kinds"], "kind", self.catalog.kind_by_name) if "kinds" in given else ("*",),
            tags=self._tags(given["tags"]) if "tags" in given else {},
        )

    def _spelled(self, place: Place, variable: str) -> tuple[str, ...]:
        """Patterns of names that no list holds: their form is checked."""
        spellings, found = self.clauses.vocabulary.spelled.get(variable, ()), []
        for item in place.some():
            pattern = item.quoted()
            if not _PATTERN.fullmatch(pattern):
                raise item.wrong(f"{place.what} cannot hold `{pattern}`; write a name, with `*` for any text")
            try:
                if spellings:
                    check_spelling(f"an item of {place.what}", pattern, spellings)
            except UsageError as error:
                raise item.checked(error) from error
            found.append(pattern)
        return tuple(found)

    def _tags(self, place: Place) -> Mapping[str, tuple[str, ...]]:
        members = place.members()
        if not members:
            raise place.wrong("`tags` names no tag; name one, or remove the key")
        for name in members:
            if not _TAG_KEY.fullmatch(name):
                raise place.wrong(
                    f"no tag is called `{name}`; a key is up to 128 letters, digits, blanks and `_.:/=+-@`"
                )
        return {name: tuple(self._tag_value(item) for item in member.some()) for name, member in members.items()}

    def _tag_value(self, place: Place) -> str:
        value = place.quoted()
        if not _TAG_VALUE.fullmatch(value):
            form = "a value is up to 256 letters, digits, blanks and `_.:/=+-@`, with `*` for any text"
            raise place.wrong(f"no tag has the value `{value}`; {form}")
        return value


def _spelled(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _named(place: Place, what: str = "a policy") -> str:
    name = place.scalar()
    if not _NAME.fullmatch(name):
        raise place.wrong(f"{what} cannot be called `{name}`; use up to 80 letters, digits, blanks, `.`, `-`, `_`")
    return name


def _refuse_repeated(rules: Iterable[Policy | Guardrail], places: Iterable[Place]) -> None:
    seen: dict[str, str] = {}
    for rule, place in zip(rules, places, strict=True):
        if rule.name in seen:
            what = "guardrail" if isinstance(rule, Guardrail) else "policy"
            raise place.wrong(f"{what} `{rule.name}` is there already, at {seen[rule.name]}; rename one of them")
        seen[rule.name] = rule.where


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


def _approvals(place: Place) -> Approvals:
    given = place.fields(("needed", "from"))
    needed = given["needed"].whole(1, 20) if "needed" in given else 1
    groups = tuple(_named(item) for item in given["from"].some()) if "from" in given else ()
    return Approvals(needed, groups)


def _limits(place: Place, otherwise: Limits = _DEFAULT) -> Limits:
    given = place.fields(("per_hour", "per_account"))
    if not given:
        raise place.wrong("`limits` says nothing; give `per_hour` or `per_account`, or remove the key")
    numbers = {name: member.whole(0, _MOST) for name, member in given.items()}
    return replace(otherwise, **numbers)
