"""Groups of parameters that databases are in: read, set, reset, and whether a database must restart for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from goldseam.clouds.aws.facet import AwsFacet, Look, Reading, Send
from goldseam.clouds.aws.kind import Ask, at
from goldseam.control import Step
from goldseam.model.resource import Ref
from goldseam.model.values import Json, Value, same

DEFAULT_GROUP: Final = "default."
"""How the names of groups begin that AWS made, in which nothing can be changed."""

_WAITING: Final = frozenset(("pending-reboot", "applying"))


@dataclass(frozen=True)
class Store:
    """Where a service keeps parameters: how a group's are read, and which databases are in which group.

    `names` are the parameters that are looked at, `group` the member that names a group, `groups` the path of a
    database's groups.
    """

    operation: str
    group: str
    names: tuple[str, ...]
    databases: str
    items: str
    id: str
    groups: str

    def held(self, ask: Ask, region: str, name: str) -> list[Json]:
        """The parameters of a group that are looked at; raises CloudError."""
        every = ask.every(self.operation, {self.group: name}, region, "Parameters")
        return [item for item in every if item["ParameterName"] in self.names]

    def waiting(self, ask: Ask, region: str, name: str) -> list[str]:
        """The databases in a group that must restart, or are being changed; raises CloudError."""
        every = ask.every(self.databases, {}, region, self.items)
        return sorted(str(database[self.id]) for database in every if self.states(database).get(name, "") in _WAITING)

    def states(self, database: Json) -> Mapping[str, str]:
        """The groups that a database is in, by name, each with how far its parameters have been applied."""
        groups = at(database, self.groups) or ()
        return {str(group[self.group]): str(group.get("ParameterApplyStatus", "")) for group in groups}


@dataclass(frozen=True)
class Parameters(AwsFacet):
    """Some parameters of a group, by name; one that the group no longer sets is reset to its default.

    With `methods` each parameter says whether it takes effect at once or when a database restarts.
    """

    store: Store = field(kw_only=True)
    modify: Send = field(kw_only=True)
    reset: Send = field(kw_only=True)
    methods: bool = field(default=False, kw_only=True)

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The parameters, and the databases that may have to restart for them."""
        return (self.store.operation, self.store.databases)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The parameters, and which databases did not restart since one was changed."""
        del item
        found = {each["ParameterName"]: _parameter(each) for each in self.store.held(ask, ref.region, ref.id)}
        changed = any(each["own"] for each in found.values())
        waiting = self.store.waiting(ask, ref.region, ref.id) if changed else ()
        return Reading(found, f"a restart of {', '.join(waiting)}" if waiting else "")

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One call that sets, and one that resets what the group shall not set."""
        if before.keys() != after.keys():
            raise self.no_way(ref, after)
        differing = sorted(name for name in after if not same(before[name], after[name]))
        state, steps = dict(before), []
        for send, own in ((self.modify, True), (self.reset, False)):
            if names := [name for name in differing if after[name]["own"] is own]:
                state |= {name: after[name] for name in names}
                sent = [self._sent(name, after[name]) for name in names]
                steps.append(self.step(send.call(ref, sent), dict(state)))
        return tuple(steps)

    def _sent(self, name: str, parameter: Mapping[str, Json]) -> Json:
        sent = {"ParameterName": name}
        if self.methods:
            sent["ApplyMethod"] = "pending-reboot" if parameter["restart"] else "immediate"
        return {**sent, "ParameterValue": parameter["value"]} if parameter["own"] else sent


@dataclass(frozen=True)
class GroupParameters(Look):
    """The parameter group of a database, and that group's parameters."""

    store: Store = field(kw_only=True)

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The parameters of the group; equal questions of databases in one group are asked once."""
        return (self.store.operation,)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The group and its values; a database in no group has none."""
        group = next(iter(self.store.states(item)), "")
        values = self.store.held(ask, ref.region, group) if group else []
        return Reading(
            {"group": group, "values": {each["ParameterName"]: each.get("ParameterValue", "") for each in values}}
        )


def _parameter(item: Mapping[str, Json]) -> dict[str, Json]:
    """The value, whether it was set in this group, and whether a change waits for a restart."""
    return {
        "value": item.get("ParameterValue", ""),
        "own": item.get("Source") == "user",
        "restart": item.get("ApplyType") == "static",
    }


def parameter(value: str, *, own: bool = False, restart: bool = True) -> dict[str, Json]:
    """A parameter as it is read: its value, whether the group sets it, and whether a change waits for a restart."""
    return {"value": value, "own": own, "restart": restart}


def setting(held: Mapping[str, Json], names: Iterable[str], value: str) -> dict[str, Json]:
    """The parameters with one value for some of them, set by the group."""
    return {**held, **{name: {**held[name], "value": value, "own": True} for name in names}}
