"""Law 12: the violations of several controls on one resource become one plan with one write for each facet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from goldseam.assess.evaluate import verdict_on
from goldseam.control import Catalog, Control, Example, Kind, ShouldBe
from goldseam.model.errors import PlanRefused
from goldseam.model.values import ABSENT, Json, Value, canonical, same
from goldseam.proving.cases import as_read, fix_of, settings_for
from goldseam.proving.ground import Ground
from goldseam.proving.laws import fixed_point
from goldseam.proving.repairing import Work, there_and_back
from goldseam.repair.plan import Plan

_TWO: Final = 2


@dataclass
class Group:
    """Controls that are all violated by one state, and the settings under which they are."""

    kind: Kind
    state: dict[str, Value]
    members: list[Control] = field(default_factory=list)
    settings: dict[str, Mapping[str, Json]] = field(default_factory=dict)
    """By control."""
    name: str = "all"

    def holds(self, state: Mapping[str, Value], newcomer: Control) -> bool:
        """Whether the state violates every member and the newcomer, each with a fix."""
        seen = as_read(self.kind, state)
        members = (*self.members, newcomer)
        return all(
            set(control.reads) <= state.keys()
            and isinstance(verdict_on(control, seen, control.chosen(self.settings.get(control.id, {}))), ShouldBe)
            for control in members
        )


def groups(kind: Kind, controls: Sequence[Control]) -> list[Group]:
    """Every fixable control of a kind, in as few groups as their examples allow."""
    made: list[Group] = []
    for family in _families(controls):
        here: list[Group] = []
        for control in family:
            if not any(_joined(group, control) for group in here):
                here.append(_begun(kind, control))
        made += here + [rest for group in here if (rest := _without_the_strongest(group)) is not None]
    return made


def _without_the_strongest(group: Group) -> Group | None:
    """The group without the one control, if there is one, whose fix alone does what all others ask for."""
    for control in group.members if len(group.members) > _TWO else ():
        fix = fix_of(control, Example(group.state, group.settings.get(control.id, {})))
        mended = {**group.state, **fix.changes} if fix else group.state
        others = [item for item in group.members if item != control]
        if not any(fix_of(item, Example(mended, group.settings.get(item.id, {}))) for item in others):
            settings = {name: held for name, held in group.settings.items() if name != control.id}
            return Group(group.kind, group.state, others, settings, name="rest")
    return None


def _families(controls: Sequence[Control]) -> Iterator[list[Control]]:
    """The fixable controls, those together that write a facet in common."""
    left = [control for control in controls if control.fixable]
    while left:
        family, facets = [left.pop(0)], set[str]()
        facets |= family[0].writes
        while more := [control for control in left if control.writes & facets]:
            family += more
            facets |= {name for control in more for name in control.writes}
            left = [control for control in left if control not in more]
        yield sorted(family, key=lambda control: control.id)


def _fixable(control: Control) -> list[Example]:
    return [example for example in control.violating if fix_of(control, example)]


def _begun(kind: Kind, control: Control) -> Group:
    example = _fixable(control)[0]
    state = dict(as_read(kind, example.facets).facets)
    return Group(kind, state, [control], {control.id: example.settings} if example.settings else {})


def _joined(group: Group, control: Control) -> bool:
    """Let a control join: with what offends it in one of its examples added, else as things are."""
    for example in (*_fixable(control), None):
        state = _completed(group.state, control) if example is None else _worsened(group, control, example)
        settings = example.settings if example else {}
        given = {control.id: settings} if settings else {}
        trial = Group(group.kind, state, group.members, {**group.settings, **given})
        if trial.holds(state, control):
            group.state, group.settings = state, trial.settings
            group.members.append(control)
            return True
    return False


def _completed(state: Mapping[str, Value], control: Control) -> dict[str, Value]:
    """The state with what the control reads beside it, from an example."""
    example = as_read(control.kind, _fixable(control)[0].facets)
    return {**example.facets, **state}


def _worsened(group: Group, control: Control, example: Example) -> dict[str, Value]:
    """The state with what offends the control in its example."""
    fix = fix_of(control, example)
    before = as_read(control.kind, example.facets).facets
    state = {**before, **group.state}
    for name, after in (fix.changes if fix else {}).items():
        facet = control.kind.facet(name)
        state[name] = facet.normal(_overlaid(state[name], before[name], after))
    return state


def _overlaid(held: Value, before: Value, after: Value) -> Value:
    """What is held, with what a fix would take away put there."""
    if same(before, after) or held is ABSENT or before is ABSENT:
        return held
    if isinstance(held, Mapping) and isinstance(before, Mapping):
        if not isinstance(after, Mapping):
            after = dict.fromkeys(before, ABSENT)
            after |= {key: [] for key, value in before.items() if isinstance(value, list)}
        keys = sorted({*held, *before})
        merged = {
            key: _overlaid(held[key], before[key], after.get(key, ABSENT)) if key in held and key in before
            else held.get(key, before.get(key))
            for key in keys
            if key in held or key in before
        }  # fmt: skip
        return {key: value for key, value in merged.items() if key in before or not _goes(key, before, after)}
    if isinstance(held, list) and isinstance(before, list):
        kept = {canonical(item) for item in after} if isinstance(after, list) else set()
        there = {canonical(item) for item in held}
        return [*held, *(item for item in before if canonical(item) not in kept | there)]
    return before if not isinstance(after, list) else held


def _goes(key: str, before: Mapping[str, Value], after: Mapping[str, Value]) -> bool:
    """Whether a fix puts a member that was not there: then the worse state has none."""
    return key not in before and key in after


def merged(group: Group, catalog: Catalog, ground: Ground) -> str:
    """Law 12: one plan, no call twice on a facet, and all controls pass."""
    placed = ground.place(group.kind, Example(group.state, group.settings))
    work = Work(ground, placed, catalog, settings_for(placed.example.settings))
    try:
        seen = there_and_back(work, group.members)
    except PlanRefused as error:
        return f"there is no plan for all: {error}"
    if problem := twice(seen.plan, group.kind):
        return problem
    return fixed_point(seen)


def _members(value: Value) -> Iterator[Json]:
    """What a list or an object holds, however deep; words alone are no members."""
    held = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    for item in held:
        yield item
        yield from _members(item)


def _differing(before: Value, after: Value) -> int:
    """How many members are new or changed, or how many are gone: whichever is more."""
    one, other = list(_members(before)), list(_members(after))
    return max(sum(item not in one for item in other), sum(item not in other for item in one))


def twice(plan: Plan, kind: Kind) -> str:
    """An operation that is called twice for one facet; of what is written member by member, for one member."""
    for change in plan.changes:
        steps = kind.facet(change.facet).write(plan.ref, change.before, change.after)
        calls = Counter(step.call.operation for step in steps)
        one_each = kind.facet(change.facet).one_by_one
        differing = _differing(change.before, change.after) if one_each else 1
        for operation, times in calls.items():
            if times > max(differing, 1):
                return f"{operation} is called {times} times for {change.facet}"
    return ""
