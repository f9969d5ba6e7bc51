"""The shapes that AWS configuration comes in; a kind is mostly these with names filled in.

Few classes carry nearly all of them. `Document` is read and put whole (documents, policies, attributes of a bag),
`Settings` sends only the fields that differ, `Items` adds and removes by difference, `Each` does so one by one,
`Switch` calls one operation for each level. The functions below make the shapes of the design from them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from goldseam.clouds.aws.facet import VALUE, AwsFacet, Get, Send, unchanged
from goldseam.clouds.aws.kind import at
from goldseam.clouds.aws.policy_sizes import policy_json
from goldseam.clouds.aws.sensitive import IN_POLICY
from goldseam.control import Call, Step
from goldseam.model.errors import PlanRefused
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value, canonical, same


@dataclass(frozen=True)
class Document(AwsFacet):
    """Read whole, put whole; removed by `delete` when it becomes absent.

    `VALUE` in the parameters of `delete` is the value that is removed, for calls that must name it.

    `spread` puts the document's own members as the parameters of the call instead of one parameter.
    """

    put: Send = field(kw_only=True)
    delete: Send | None = field(default=None, kw_only=True)
    encode: Callable[[Json], Json] = field(default=unchanged, kw_only=True)
    spread: bool = field(default=False, kw_only=True)

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One put, or one delete."""
        if same(before, after):
            return ()
        if after is ABSENT:
            if self.delete is None:
                raise self.no_way(ref, after)
            return (self.step(self.delete.call(ref, self.encode(before)), ABSENT),)
        written = self.encode(after)
        call = self.put.call(ref, more=written) if self.spread else self.put.call(ref, written)
        return (self.step(call, after),)


@dataclass(frozen=True)
class Settings(AwsFacet):
    """One object of which only the fields that differ are sent.

    `fields` maps each field of the value to the parameter that sets it, inside the parameter `under` where the call
    wants them together.
    """

    modify: Send = field(kw_only=True)
    fields: Mapping[str, str] = field(kw_only=True)
    under: str = field(default="", kw_only=True)

    def _decoded(self, raw: Json) -> Value:
        """The fields that can be set."""
        held = self.decode(raw or {})
        return self.normal({name: at(held, name) for name in self.fields if at(held, name) is not None})

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One modify with the fields that differ."""
        differing = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
        if not differing:
            return ()
        if lost := [name for name in differing if name not in after or name not in self.fields]:
            msg = f"{', '.join(lost)} of the {self.name} of {ref} cannot be set or removed"
            raise PlanRefused(msg)
        changed = {self.fields[name]: after[name] for name in differing}
        more = {self.under: changed} if self.under else changed
        return (self.step(self.modify.call(ref, more=more), after),)


@dataclass(frozen=True)
class Items(AwsFacet):
    """A set of items: what is new is added first, then what is gone is removed; what both have is never touched.

    `wire` makes of a list of items what the call's `VALUE` takes. `identity` is the part of an item by which the cloud
    tells it from others; `change` writes the rest of it, between the other two.
    """

    add: Send = field(kw_only=True)
    remove: Send = field(kw_only=True)
    change: Send | None = field(default=None, kw_only=True)
    wire: Callable[[list[Json]], Json] = field(default=unchanged, kw_only=True)
    identity: Callable[[Json], Json] = field(default=unchanged, kw_only=True)

    def normal(self, value: Value) -> Value:
        """The items in canonical order; no list is an empty one."""
        return self.form(sorted([] if value is ABSENT else value, key=canonical))

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """At most one call that adds, one that changes and one that removes."""
        old, new = ({canonical(self.identity(item)): item for item in side} for side in (before, after))
        added = [item for key, item in new.items() if key not in old]
        changed = [item for key, item in new.items() if key in old and not same(item, old[key])]
        removed = [item for key, item in old.items() if key not in new]
        if changed and self.change is None:
            raise self.no_way(ref, after)
        replaced = [new.get(key, item) for key, item in old.items()]
        ways = (
            (self.add, added, [*before, *added]),
            (self.change, changed, [*replaced, *added]),
            (self.remove, removed, after),
        )
        return tuple(
            self.step(send.call(ref, self.wire(items)), self.normal(leaves))
            for send, items, leaves in ways
            if send and items
        )


@dataclass(frozen=True)
class Each(AwsFacet):
    """A set of items, each added and each removed by a call of its own; what is new is added first.

    `fields` maps each field of an item to the parameter that takes it when the item is added, `names` are the fields
    that removing it names. Both calls know the item's fields as the words of their resources.
    """

    one_by_one = True
    add: Send = field(kw_only=True)
    remove: Send = field(kw_only=True)
    fields: Mapping[str, str] = field(kw_only=True)
    names: tuple[str, ...] = field(kw_only=True)

    def normal(self, value: Value) -> Value:
        """The items in canonical order; no list is an empty one."""
        return self.form(sorted([] if value is ABSENT else value, key=canonical))

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One call for each item that is new, then one for each that is gone."""
        old, new = ([(canonical(item), item) for item in side] for side in (before, after))
        state, steps = list(old), []
        for key, item in _missing(new, old):
            state = [*state, (key, item)]
            call = self._call(self.add, ref, item, tuple(self.fields))
            steps.append(self.step(call, self.normal([held for _, held in state])))
        for key, item in _missing(old, new):
            state = [pair for pair in state if pair[0] != key]
            call = self._call(self.remove, ref, item, self.names)
            steps.append(self.step(call, self.normal([held for _, held in state])))
        return tuple(steps)

    def _call(self, send: Send, ref: Ref, item: Json, names: tuple[str, ...]) -> Call:
        return send.call(ref, more={self.fields[name]: item[name] for name in names}, words=item)


def _missing(items: list[tuple[bytes, Json]], others: list[tuple[bytes, Json]]) -> list[tuple[bytes, Json]]:
    """The items, with their canonical form, that are not among the others."""
    known = {key for key, _ in others}
    return [pair for pair in items if pair[0] not in known]


@dataclass(frozen=True)
class Members(AwsFacet):
    """A list whose members are there for good: each is written by a call of its own, none is added or removed.

    `key` is the field that names a member, `parameter` the parameter that takes it; `fields` maps each field that can
    be set to the parameter that sets it.
    """

    one_by_one = True
    modify: Send = field(kw_only=True)
    key: str = field(kw_only=True)
    parameter: str = field(kw_only=True)
    fields: Mapping[str, str] = field(kw_only=True)

    def normal(self, value: Value) -> Value:
        """The members in the order of their names; no list is an empty one."""
        return self.form(sorted([] if value is ABSENT else value, key=lambda member: str(member[self.key])))

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One call for each member that differs."""
        old, new = ({member[self.key]: member for member in side} for side in (before, after))
        if old.keys() != new.keys() or any(self._fixed(old[key]) != self._fixed(new[key]) for key in old):
            raise self.no_way(ref, after)
        state, steps = dict(old), []
        for key in sorted(name for name in old if not same(old[name], new[name])):
            state[key] = new[key]
            differing = [name for name in self.fields if new[key].get(name) != old[key].get(name)]
            sent = {self.fields[name]: new[key][name] for name in differing}
            call = self.modify.call(ref, more={self.parameter: key, **sent})
            steps.append(self.step(call, self.normal(list(state.values()))))
        return tuple(steps)

    def _fixed(self, member: Mapping[str, Json]) -> Mapping[str, Json]:
        return {name: value for name, value in member.items() if name not in self.fields}


@dataclass(frozen=True)
class Switch(AwsFacet):
    """A level with one call to reach each of them."""

    levels: Mapping[Json, Send] = field(kw_only=True)

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """The call of the level."""
        if same(before, after):
            return ()
        if after is ABSENT or after not in self.levels:
            raise self.no_way(ref, after)
        return (self.step(self.levels[after].call(ref), after),)


@dataclass(frozen=True)
class Moves(AwsFacet):
    """A level where the call depends on which level is left: `moves` has them by both."""

    moves: Mapping[tuple[Json, Json], Send] = field(kw_only=True)

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """The call that leads from one to the other."""
        if same(before, after):
            return ()
        if (before, after) not in self.moves:
            raise self.no_way(ref, after)
        return (self.step(self.moves[before, after].call(ref), after),)


@dataclass(frozen=True)
class Labels(AwsFacet):
    """Tags that can be written: one call for those that are new or have another value, one for those that are gone."""

    add: Send = field(kw_only=True)
    remove: Send = field(kw_only=True)

    def normal(self, value: Value) -> Value:
        """By key; no tags are an empty object."""
        return self.form({} if value is ABSENT else value)

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """At most one call of each sort."""
        added = {key: value for key, value in after.items() if before.get(key) != value}
        removed = sorted(before.keys() - after.keys())
        between = {**before, **added}
        steps = [self.step(self.add.call(ref, added), between)] if added else []
        return (*steps, *([self.step(self.remove.call(ref, removed), after)] if removed else []))


def statements(value: Value) -> list[Json]:
    """The statements of a policy document; none when there is no policy."""
    if value is ABSENT:
        return []
    held = value.get("Statement", [])
    return held if isinstance(held, list) else [held]


def policy_form(value: Value) -> Value:
    """A policy with its statements as a list; one without statements is no policy."""
    held = statements(value)
    return {**value, "Statement": held} if held else ABSENT


def policy_text(value: Json) -> str:
    """A policy as the text that is put: the same for the same policy."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)


def policy(name: str, *, get: Get, put: Send, delete: Send | None = None) -> Document:
    """A resource policy in JSON text, edited by statement; put whole, deleted when no statement is left.

    One that is larger than the service can hold is unknown (`policy_sizes`).
    """

    def from_text(raw: Json) -> Value:
        return policy_json(raw, get.operation) if raw else ABSENT

    return Document(
        name=name, get=get, put=put, delete=delete, decode=from_text, encode=policy_text, form=policy_form,
        sensitive=IN_POLICY,
    )  # fmt: skip


def attribute(name: str, *, get: Get, put: Send) -> Document:
    """One value of a bag of attributes; it is removed by writing the empty text."""

    def form(value: Value) -> Value:
        return ABSENT if value == "" else value

    blank = Send(put.operation, _blanked(put.parameters), put.resources, put.region, put.actions)
    return Document(name=name, get=get, put=put, delete=blank, form=form)


def _blanked(parameters: Mapping[str, object]) -> Mapping[str, object]:
    return {
        key: "" if item is VALUE else _blanked(item) if isinstance(item, Mapping) else item
        for key, item in parameters.items()
    }
