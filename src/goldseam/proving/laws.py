"""Laws 1 to 4, on a repair there and back: each answers what is wrong, and nothing when the law was kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from goldseam.assess.evaluate import verdict_on
from goldseam.control import Compliant, Control, Severity
from goldseam.model.resource import Resource
from goldseam.model.values import Unknown, Value, canonical, difference, same
from goldseam.proving.cases import passes
from goldseam.proving.repairing import Repaired
from goldseam.repair.plan import image_path

_LONGEST: Final = 160
_WITH_MIDDLE: Final = 3
"""Images of a path that has one between its ends."""


def fixed_point(seen: Repaired) -> str:
    """Law 1: after the planned change the control passes on a fresh reading, and there is nothing left to plan."""
    if seen.applied or seen.verified:
        return seen.applied or seen.verified
    for name in seen.plan.controls:
        control = seen.work.catalog.control(name)
        found = verdict_on(control, seen.after, seen.work.settings_of(control, seen.after))
        if not isinstance(found, Compliant):
            return f"{name} does not pass on a fresh reading"
    return f"planning again makes calls: {seen.again}" if seen.again else ""


def lens(seen: Repaired) -> str:
    """Law 2: what was written is read, and after the way back what was there before."""
    for change in seen.plan.changes:
        if not same(seen.after.facets[change.facet], change.after):
            found = seen.after.facets[change.facet]
            return f"{change.facet} was written and reads otherwise: {_shown(change.after, found)}"
    if seen.undone:
        return f"the way back failed: {seen.undone}"
    if seen.back is not None:
        for change in seen.plan.changes:
            if not same(seen.back.facets[change.facet], change.before):
                return f"{change.facet} is not back: {_shown(change.before, seen.back.facets[change.facet])}"
    return ""


def frame(seen: Repaired) -> str:
    """Law 3: outside the changed facets nothing differs, and within them only what was predicted."""
    changed = {change.facet: change for change in seen.plan.changes}
    for name, value in seen.before.facets.items():
        now = seen.after.facets[name]
        if name not in changed and not same(now, value):
            return f"{name} changed too: {_shown(value, now)}"
        if name in changed and not isinstance(now, Unknown):
            strange = _beyond(value, now, changed[name].after)
            if strange:
                return f"within {name} more changed than was planned: {strange}"
    beside, after = seen.beside
    if beside != after:
        return f"{', '.join(sorted(name for name in beside if beside[name] != after.get(name)))} changed"
    return _as_stated(seen) or _raw(seen)


def _beyond(before: Value | Unknown, now: Value, planned: Value) -> str:
    """What was taken away or put there beyond the plan; a part of the plan that was not done is law 2's affair."""
    if isinstance(before, Unknown):
        return ""
    done, meant = dict(_leaves(difference(before, now))), dict(_leaves(difference(before, planned)))
    return ", ".join(sorted(path for path in done if path not in meant))[:_LONGEST]


def _leaves(part: Value, path: str = "") -> Iterator[tuple[str, None]]:
    """Each removed and each added thing of a difference, by its path and value."""
    if isinstance(part, Mapping) and part.keys() <= {"-", "+"}:
        for sign, things in part.items():
            for thing in things if isinstance(things, list) else [things]:
                yield f"{path} {sign}{canonical(thing).decode()}".strip(), None
    elif isinstance(part, Mapping):
        for key, inner in part.items():
            yield from _leaves(inner, f"{path}.{key}" if path else key)


def _as_stated(seen: Repaired) -> str:
    """Where the example says what the fix leaves, it leaves that."""
    for name, value in (seen.work.placed.example.leaves or {}).items():
        wanted = seen.work.placed.kind.facet(name).normal(value)
        planned = next((change.after for change in seen.plan.changes if change.facet == name), seen.before.facets[name])
        if not same(planned, wanted):
            return f"{name} should be left otherwise: {_shown(wanted, planned)}"
    return ""


def _raw(seen: Repaired) -> str:
    """What else the place says of the resource is as it was once the repair is taken back."""
    if seen.back is None:
        return ""
    before, back = seen.raw
    moved = sorted(question for question in before if canonical(before[question]) != canonical(back.get(question)))
    return f"{', '.join(moved)} answers otherwise after the way back" if moved else ""


def no_worse(seen: Repaired) -> str:
    """Law 4: no image on the way, predicted or read, is less secure than before, or lacks what both ends have."""
    predicted = [seen.before.with_facets(image) for image in image_path(seen.plan, seen.work.placed.kind)]
    for path in (predicted, list(seen.images)):
        if problem := _worse(path, seen):
            return problem
    return ""


def _worse(path: list[Resource], seen: Repaired) -> str:
    if len(path) < _WITH_MIDDLE:
        return ""
    told = [_verdicts(image, seen) for image in path]
    for at, image in enumerate(path[1:-1], 1):
        for control in seen.work.controls:
            if told[0][control.id] and told[-1][control.id] and not told[at][control.id]:
                return f"after call {at} {control.id} fails, which passes before and after"
        if heavier(told[at], told[0], seen.work.controls):
            return f"after call {at} more is wrong than before"
        for change in seen.plan.changes:
            if lacking(path[0].facets[change.facet], path[-1].facets[change.facet], image.facets[change.facet]):
                return f"after call {at} {change.facet} lacks what it has before and after"
    return ""


def _verdicts(image: Resource, seen: Repaired) -> dict[str, bool | None]:
    return {control.id: passes(control, image, seen.work.settings_of) for control in seen.work.controls}


def heavier(image: Mapping[str, bool | None], before: Mapping[str, bool | None], controls: Sequence[Control]) -> bool:
    """Whether more controls of some severity, or of a higher one, fail than before."""
    return any(_failing(image, controls, least) > _failing(before, controls, least) for least in Severity)


def _failing(told: Mapping[str, bool | None], controls: Sequence[Control], least: Severity) -> int:
    return sum(told[control.id] is False for control in controls if control.severity.rank >= least.rank)


def lacking(before: Value | Unknown, after: Value | Unknown, image: Value | Unknown) -> bool:
    """Whether an image lacks something that both ends hold."""
    if isinstance(before, Unknown) or isinstance(after, Unknown) or isinstance(image, Unknown):
        return not same(before, image)
    if same(before, after):
        return not same(before, image)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        there = image if isinstance(image, Mapping) else {}
        both = before.keys() & after.keys()
        return any(key not in there or lacking(before[key], after[key], there[key]) for key in both)
    if isinstance(before, list) and isinstance(after, list):
        held = {canonical(item) for item in image} if isinstance(image, list) else set()
        return any(canonical(item) not in held for item in before if item in after)
    return False


def _shown(wanted: Value | Unknown, found: Value | Unknown) -> str:
    return f"{canonical(wanted).decode()[:_LONGEST]} expected, {canonical(found).decode()[:_LONGEST]} found"


REPAIR_LAWS: Final = {1: fixed_point, 2: lens, 3: frame, 4: no_worse}
"""The laws that one repair there and back can prove."""
