"""Settings that depend on the resource: by region, account or tag; and what they name, where it must be. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from goldseam.control.named import NOWHERE, Naming, Placed, Target
from goldseam.control.setting import Setting, parsed_settings
from goldseam.model.errors import UsageError
from goldseam.model.resource import Ref
from goldseam.model.values import Json, Unknown

REGION: Final = "region"
ACCOUNT: Final = "account"
TAG: Final = "tag:"
_KEYS: Final = {"by", "values", "default"}
_SHAPES: Final = {
    REGION: (re.compile(r"[a-z]{2,}(-[a-z]+)+-\d+|global"), "a region, such as `eu-west-1`"),
    ACCOUNT: (re.compile(r"\d{12}"), "an account id of 12 digits"),
}

Located: TypeAlias = Callable[[str, Ref], Mapping[str, str] | Unknown]
"""The region of each resource of a kind by its id, in the account of a resource, as that account's own listing says."""


@dataclass(frozen=True, slots=True)
class Dependent:
    """A setting with a value for each region, account or value of a tag, and one for all others if it has a default."""

    by: str
    values: Mapping[str, Json]
    default: tuple[Json, ...] = ()

    @property
    def tag(self) -> str:
        """The tag that it depends on; empty for one that depends on none."""
        return self.by[len(TAG) :] if self.by.startswith(TAG) else ""


@dataclass(frozen=True, slots=True)
class Unusable:
    """A setting whose value cannot be used in a fix of a resource, and why.

    The control is judged with `value`, so what it objects to is the same; what it would change is not offered.
    """

    value: Json
    because: str
    guide: str


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What the settings of a control on one resource are resolved by.

    `located` is None where nothing is listed: what only a listing tells is not checked then.
    """

    ref: Ref
    tags: Mapping[str, str] | Unknown = field(default_factory=dict)
    located: Located | None = None


def declared(control: str, settings: tuple[Setting, ...], given: Mapping[str, Json]) -> dict[str, Json]:
    """The settings as a policy declares them, checked: each a value, or a `Dependent` of values; raises UsageError."""
    single = {name: value for name, value in given.items() if not isinstance(value, Mapping)}
    chosen = parsed_settings(control, settings, single)
    for name, value in given.items():
        if name not in single:
            _check_keys(name, value)
            options = {key: _one(control, settings, name, item) for key, item in value["values"].items()}
            default = (_one(control, settings, name, value["default"]),) if "default" in value else ()
            chosen[name] = Dependent(value["by"], options, default)
    return chosen


def _one(control: str, settings: tuple[Setting, ...], name: str, value: Json) -> Json:
    return parsed_settings(control, settings, {name: value})[name]


def _check_keys(name: str, value: Mapping[str, Json]) -> None:
    if not {"by", "values"} <= value.keys() <= _KEYS or not isinstance(value["values"], Mapping):
        msg = f"setting `{name}` depends on the resource: write `by`, `values` and, if you like, `default`"
        raise UsageError(msg)
    by = value["by"]
    if by not in _SHAPES and not (isinstance(by, str) and by.startswith(TAG) and by != TAG):
        msg = f"setting `{name}` cannot depend on `{by}`; `by` is `region`, `account` or `tag:NAME`"
        raise UsageError(msg)
    if not value["values"]:
        msg = f"setting `{name}` has no `values`; give one for each {by}"
        raise UsageError(msg)
    for key in value["values"]:
        if by in _SHAPES and not _SHAPES[by][0].fullmatch(key):
            msg = f"setting `{name}` has a value for `{key}`, which is not {_SHAPES[by][1]}"
            raise UsageError(msg)


def resolved(settings: tuple[Setting, ...], chosen: Mapping[str, Json], at: Whereabouts) -> Mapping[str, Json]:
    """The settings of a control on one resource.

    Each is a value in the form that the control writes; `Unusable` where there is none for this resource, or where
    what it names is not where the cloud wants it; `Unknown` where the tags decide and could not be read.
    """
    return {setting.name: _resolved(setting, chosen[setting.name], at) for setting in settings}


def _resolved(setting: Setting, chosen: Json, at: Whereabouts) -> Json:
    if not isinstance(chosen, Dependent):
        return _usable(setting, chosen, at, by_region=False)
    if chosen.tag and isinstance(at.tags, Unknown):
        return Unknown(f"setting `{setting.name}` depends on tag `{chosen.tag}`: {at.tags.reason}")
    key = _key(chosen, at)
    if key is not None and key in chosen.values:
        return _usable(setting, chosen.values[key], at, by_region=chosen.by == REGION)
    if chosen.default:
        return _usable(setting, chosen.default[0], at, by_region=False)
    where = f"{chosen.by} `{key}`" if key is not None else f"a resource without tag `{chosen.tag}`"
    where = f"tag `{chosen.tag}` = `{key}`" if chosen.tag and key is not None else where
    guide = f"add a value for {where}, or a `default`, to the setting `{setting.name}` in the policy"
    return Unusable(setting.default, f"no `{setting.name}` for {where}", guide)


def _key(chosen: Dependent, at: Whereabouts) -> str | None:
    if chosen.tag:
        return None if isinstance(at.tags, Unknown) else at.tags.get(chosen.tag)
    return at.ref.region if chosen.by == REGION else at.ref.account


def _usable(setting: Setting, value: Json, at: Whereabouts, *, by_region: bool) -> Json:
    """The value in the form that the control writes, or why it cannot be used for this resource."""
    naming = setting.naming
    if naming is None or value == setting.default:
        return value
    where = setting.placed or Placed("")
    region = at.ref.region if where.region in ("same", "any") else where.region
    try:
        target = naming.found(value, at.ref, region)
    except ValueError as error:
        guide = f"write the {naming.full_name} in the setting `{setting.name}`"
        return Unusable(value, f"setting `{setting.name}`: {error}", guide)
    problem = _misplaced(naming, where, target, at.ref, "" if where.region == "any" or region == NOWHERE else region)
    problem = problem or _not_listed(setting, where, target, at, by_region=by_region)
    if not problem:
        return target.written
    because = f"`{setting.name}` is {problem}" + (f" ({where.source})" if where.source else "")
    return Unusable(target.written, because, _choose(setting, region))


def _misplaced(naming: Naming, where: Placed, target: Target, ref: Ref, region: str) -> str:
    """What the full name says that is not as the cloud wants it."""
    if target.region and region and target.region != region:
        return f"`{target.name}` in {target.region}, and not in {region}"
    if (where.account or naming.own) and target.account and target.account != ref.account:
        return f"`{target.name}` of account {target.account}, and not of {ref.account}"
    return ""


def _not_listed(setting: Setting, where: Placed, target: Target, at: Whereabouts, *, by_region: bool) -> str:
    """What the account's own listing says: a thing of another account is taken from who says in which region it is."""
    kind = setting.naming.kind if setting.naming else ""
    if not kind or setting.placed is None or where.region == "any" or at.located is None:
        return ""
    listed, wanted = at.located(kind, at.ref), at.ref.region if where.region == "same" else where.region
    if not isinstance(listed, Unknown) and target.name in listed:
        found = listed[target.name]
        return "" if found == wanted else f"`{target.name}` in {found}, and not in {wanted}"
    if by_region and not where.account:
        return ""
    why = listed.reason if isinstance(listed, Unknown) else f"account {at.ref.account} has none of this name"
    return f"`{target.name}`, which is not known to be in {wanted}: {why}"


def _choose(setting: Setting, region: str) -> str:
    return (
        f"choose one in {region}: in the policy, `{setting.name}: {{by: region, values: {{{region}: …}}}}` gives each "
        "region its own"
    )
