"""RDS parameter groups: what the databases in them ask of clients' connections.

Some parameters take effect at once, others when a database restarts: those are pending until no instance in the group
says `pending-reboot`. Source: RDS User Guide, "Parameter groups for Amazon RDS".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from goldseam.clouds.aws.facet import VALUE, AwsFacet, Look, Reading, Send, tags
from goldseam.clouds.aws.kind import REQUEST, Ask, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.rds.transport import DEFAULT_GROUP, OLD_TLS, PARAMETERS, held, is_on, required_by
from goldseam.control import Example, Severity, Step, Verdict, compliant, control, may_disrupt, should_be
from goldseam.resource import Ref
from goldseam.values import Json, Value, same

_INSTANCES: Final = "rds.DescribeDBInstances"
_NAMED: Final = {"DBParameterGroupName": "{id}", "Parameters": VALUE}


def _parameter(item: Mapping[str, Json]) -> dict[str, Json]:
    """The value, whether it was set in this group, and whether a change waits for a restart."""
    return {
        "value": item.get("ParameterValue", ""),
        "own": item.get("Source") == "user",
        "restart": item.get("ApplyType") == "static",
    }


@dataclass(frozen=True)
class Parameters(AwsFacet):
    """The parameters of a group that say how clients connect, by name; one that the group no longer sets is reset."""

    modify: Send = field(kw_only=True)
    reset: Send = field(kw_only=True)

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The parameters, and the instances that may have to restart for them."""
        return (PARAMETERS, _INSTANCES)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The parameters, and which instances did not restart since one was changed."""
        del item
        found = {each["ParameterName"]: _parameter(each) for each in held(ask, ref.region, ref.id)}
        waiting = sorted(_waiting(ref.id, ask.every(_INSTANCES, {}, ref.region, "DBInstances"))) if found else ()
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
                steps.append(self.step(send.call(ref, [_sent(name, after[name]) for name in names]), dict(state)))
        return tuple(steps)


def _sent(name: str, parameter: Mapping[str, Json]) -> Json:
    method = {"ParameterName": name, "ApplyMethod": "pending-reboot" if parameter["restart"] else "immediate"}
    return {**method, "ParameterValue": parameter["value"]} if parameter["own"] else method


def _waiting(group: str, instances: Iterable[Json]) -> list[str]:
    return [
        instance["DBInstanceIdentifier"]
        for instance in instances
        for held in instance.get("DBParameterGroups") or ()
        if held["DBParameterGroupName"] == group and held.get("ParameterApplyStatus") in {"pending-reboot", "applying"}
    ]


PARAMETER_GROUP: Final = AwsKind(
    "aws.rds.parameter-group",
    "RDS parameter group",
    (
        Parameters(
            name="connections",
            modify=Send("rds.ModifyDBParameterGroup", _NAMED),
            reset=Send("rds.ResetDBParameterGroup", {**_NAMED, "ResetAllParameters": False}),
        ),
        Look(name="family", listed="DBParameterGroupFamily"),
        Look(name="name", listed="DBParameterGroupName"),
        tags(listed="TagList"),
    ),
    touched_by=(
        changes("rds", f"{REQUEST}.dBParameterGroupName", names=(
            "CreateDBParameterGroup", "ModifyDBParameterGroup", "ResetDBParameterGroup", "DeleteDBParameterGroup",
            "CopyDBParameterGroup",
        )),
        changes("rds", f"{REQUEST}.resourceName", id="arn:.+:pg:([^:]+)"),
    ),
    address="arn:{partition}:rds:{region}:{account}:pg:{id}",
    find=Listing(
        "rds.DescribeDBParameterGroups", "DBParameterGroups", id="DBParameterGroupName",
        narrow={"DBParameterGroupName": "{id}"},
    ),
)  # fmt: skip


def _value(value: str, *, own: bool = False, restart: bool = True) -> Json:
    return {"value": value, "own": own, "restart": restart}


def _set(connections: Mapping[str, Json], names: Iterable[str], value: str) -> dict[str, Json]:
    return {**connections, **{name: {**connections[name], "value": value, "own": True} for name in names}}


_OLD: Final = {"rds.tls10": _value("default"), "rds.tls11": _value("enabled", own=True), "rds.force_ssl": _value("0")}
_OFF: Final = _value("disabled", own=True)


@control(
    "aws.rds.parameter-group.old-tls-refused", PARAMETER_GROUP, severity=Severity.MEDIUM,
    disrupts=may_disrupt("clients that speak no TLS 1.2 are cut off when a database of the group restarts"),
    covers=("seed:sqlServerTLSVersion",),
    compliant=[
        {"connections": {**_OLD, "rds.tls10": _OFF, "rds.tls11": _OFF}, "name": "orders"},
        {"connections": {"require_secure_transport": _value("0", restart=False)}, "name": "orders"},
        {"connections": _OLD, "name": "default.sqlserver-se-15.0"},
    ],
    violating=[
        Example(
            {"connections": _OLD, "name": "orders"},
            leaves={"connections": {**_OLD, "rds.tls10": _OFF, "rds.tls11": _OFF}},
        )
    ],
)  # fmt: skip
def old_tls_refused(connections: Mapping[str, Json], name: str) -> Verdict:
    """Databases of the group refuse TLS 1.0 and 1.1.

    Both have been broken and withdrawn. SQL Server speaks them unless its parameters say no; what they say by default
    depends on the version. Nothing can be changed in AWS's default groups.
    """
    old = [each for each in OLD_TLS if each in connections and connections[each]["value"] != "disabled"]
    if name.startswith(DEFAULT_GROUP) or not old:
        return compliant
    said = ", ".join(f"`{each}` is {connections[each]['value'] or 'not set'}" for each in old)
    return should_be(connections=_set(connections, old, "disabled"), because=said)


_PLAIN: Final = {"rds.force_ssl": _value("0", restart=False)}
_MYSQL: Final = {"require_secure_transport": _value("0", restart=False)}


@control(
    "aws.rds.parameter-group.tls-required", PARAMETER_GROUP, severity=Severity.MEDIUM,
    disrupts=may_disrupt("clients that connect without TLS are refused"),
    maps=required("rds_instance_transport_encrypted"),
    compliant=[
        {"connections": {"rds.force_ssl": _value("1", own=True, restart=False)}, "name": "orders"},
        {"connections": {"require_secure_transport": _value("ON", own=True, restart=False)}, "name": "orders"},
        {"connections": _PLAIN, "name": "default.postgres14"},
        {"connections": {}, "name": "orders"},
    ],
    violating=[
        Example(
            {"connections": _PLAIN, "name": "orders"},
            leaves={"connections": {"rds.force_ssl": _value("1", own=True, restart=False)}},
        ),
        Example(
            {"connections": _MYSQL, "name": "orders"},
            leaves={"connections": {"require_secure_transport": _value("1", own=True, restart=False)}},
        ),
        Example({"connections": _OLD, "name": "orders"}),
    ],
)  # fmt: skip
def tls_required(connections: Mapping[str, Json], name: str) -> Verdict:
    """Databases of the group refuse plain connections.

    What is sent over a plain connection, passwords included, can be read on the way. Engines without such a parameter
    pass. Nothing can be changed in AWS's default groups: instances in one have a control of their own.
    """
    wanted = required_by(connections)
    if name.startswith(DEFAULT_GROUP) or not wanted or is_on(connections[wanted]["value"]):
        return compliant
    said = connections[wanted]["value"] or "not set"
    return should_be(connections=_set(connections, [wanted], "1"), because=f"`{wanted}` is {said}")
