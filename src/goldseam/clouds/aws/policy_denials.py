"""What the `Deny` statements of a policy close to everyone: known to, or perhaps. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from goldseam.clouds.aws.conditions import denies_others, lines_of, texts
from goldseam.clouds.aws.policy_patterns import AllBut, Covering, Denial, Denials, Patterns
from goldseam.clouds.aws.principals import EVERYONE, has_everyone, is_everyone, principals_of
from goldseam.values import Json, canonical


def denials_of(held: Iterable[Json]) -> tuple[Denials, Denials]:
    """The statements that leave nobody but what fixed values name, and those of which that is not known."""
    found: dict[bool, dict[bytes, Denial]] = {True: {}, False: {}}
    for item in held:
        if item.get("Effect") == "Deny" and (answer := leaves_only_named(item)) is not False:
            parts = {key: value for key, value in item.items() if key in _SCOPE}
            found[answer is True].setdefault(canonical(parts), _denied(item))
    return Denials(found[True].values()), Denials(found[False].values())


_SCOPE: Final = frozenset({"Action", "NotAction", "Resource", "NotResource"})


def _denied(deny: Json) -> Denial:
    """The actions and resources that a denial takes in."""
    resources = texts(deny.get("Resource")) or (EVERYONE,)
    on: Covering = Patterns(resources, actions=False)
    heads = frozenset(resource.partition("*")[0].partition("?")[0] for resource in resources)
    if "NotResource" in deny:
        on, heads = AllBut(texts(deny["NotResource"]), actions=False), frozenset({""})
    if "NotAction" in deny:
        return AllBut(texts(deny["NotAction"]), actions=True), on, heads
    return Patterns(texts(deny.get("Action")), actions=True), on, heads


def leaves_only_named(deny: Json) -> bool | None:
    """Whether a denial leaves nobody but what fixed values name; None where that is not known."""
    if "NotPrincipal" in deny:
        spared = list(principals_of(deny["NotPrincipal"]))
        if not spared or any(is_everyone(value, kind) for kind, value in spared):
            return False
    elif not has_everyone(deny):
        return False
    found = [denies_others(line) for line in lines_of(deny.get("Condition") or {})]
    return False if False in found else None if None in found else True
