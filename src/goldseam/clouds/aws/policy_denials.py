"""What the `Deny` statements of a policy close to everyone: known to, or perhaps. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from goldseam.clouds.aws.conditions import denies_others, lines_of, texts
from goldseam.clouds.aws.policy_conditions import all_of
from goldseam.clouds.aws.policy_patterns import AllBut, Covering, Denial, Denials, Patterns
from goldseam.clouds.aws.principals import EVERYONE, has_everyone, is_everyone, principals_of
from goldseam.model.values import Json


def denials_of(held: Iterable[Json]) -> tuple[Denials, Denials]:
    """The statements that leave nobody but what fixed values name, and those of which that is not known."""
    found: dict[bool, dict[tuple[tuple[str, ...], ...], Denial]] = {True: {}, False: {}}
    for item in held:
        if item.get("Effect") == "Deny" and (answer := leaves_only_named(item)) is not False:
            scope = tuple(texts(item.get(member)) for member in _SCOPE)
            if scope not in found[answer is True]:
                found[answer is True][scope] = _denied(item)
    closing, perhaps = found[True], found[False]
    return Denials(closing.values()) if closing else _NONE, Denials(perhaps.values()) if perhaps else _NONE


_NONE: Final = Denials(())
_SCOPE: Final = ("Action", "NotAction", "Resource", "NotResource")


def _denied(deny: Json) -> Denial:
    """The actions and resources that a denial takes in."""
    named: Covering = Patterns(texts(deny.get("Action")), actions=True)
    if "NotAction" in deny:
        named = AllBut(texts(deny["NotAction"]), actions=True)
    if "NotResource" in deny:
        return named, AllBut(texts(deny["NotResource"]), actions=False), {""}
    resources = texts(deny.get("Resource")) or (EVERYONE,)
    heads = {resource.partition("*")[0].partition("?")[0] for resource in resources}
    return named, Patterns(resources, actions=False), heads


def leaves_only_named(deny: Json) -> bool | None:
    """Whether a denial leaves nobody but what fixed values name; None where that is not known."""
    if "NotPrincipal" in deny:
        spared = list(principals_of(deny["NotPrincipal"]))
        if not spared or any(is_everyone(value, kind) for kind, value in spared):
            return False
    elif not has_everyone(deny):
        return False
    return all_of(map(denies_others, lines_of(deny)))
