"""RDS parameter groups: what the databases in them ask of clients' connections.

Some parameters take effect at once, others when a database restarts: those are pending until no instance in the group
says `pending-reboot`. Source: RDS User Guide, "Parameter groups for Amazon RDS".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Look, Send, tags
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.owners import default_parameter_group
from goldseam.clouds.aws.parameter_groups import DEFAULT_GROUP, Parameters, parameter, setting
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.rds.transport import OLD_TLS, STORE, is_on, required_by
from goldseam.control import Example, Severity, Verdict, compliant, control, may_disrupt, should_be
from goldseam.model.values import Json

_NAMED: Final = {"DBParameterGroupName": "{id}", "Parameters": VALUE}

PARAMETER_GROUP: Final = AwsKind(
    "aws.rds.parameter-group",
    "RDS parameter group",
    (
        Parameters(
            name="connections",
            store=STORE,
            methods=True,
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
    owner_rule=default_parameter_group("rds"),
)  # fmt: skip


_OLD: Final = {
    "rds.tls10": parameter("default"),
    "rds.tls11": parameter("enabled", own=True),
    "rds.force_ssl": parameter("0"),
}
_OFF: Final = parameter("disabled", own=True)


@control(
    "aws.rds.parameter-group.old-tls-refused", PARAMETER_GROUP, severity=Severity.MEDIUM,
    disrupts=may_disrupt("clients that speak no TLS 1.2 are cut off when a database of the group restarts"),
    covers=("seed:sqlServerTLSVersion",),
    compliant=[
        {"connections": {**_OLD, "rds.tls10": _OFF, "rds.tls11": _OFF}, "name": "orders"},
        {"connections": {"require_secure_transport": parameter("0", restart=False)}, "name": "orders"},
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
    return should_be(connections=setting(connections, old, "disabled"), because=said)


_PLAIN: Final = {"rds.force_ssl": parameter("0", restart=False)}
_MYSQL: Final = {"require_secure_transport": parameter("0", restart=False)}


@control(
    "aws.rds.parameter-group.tls-required", PARAMETER_GROUP, severity=Severity.MEDIUM,
    disrupts=may_disrupt("clients that connect without TLS are refused"),
    maps=required("rds_instance_transport_encrypted"),
    compliant=[
        {"connections": {"rds.force_ssl": parameter("1", own=True, restart=False)}, "name": "orders"},
        {"connections": {"require_secure_transport": parameter("ON", own=True, restart=False)}, "name": "orders"},
        {"connections": _PLAIN, "name": "default.postgres14"},
        {"connections": {}, "name": "orders"},
    ],
    violating=[
        Example(
            {"connections": _PLAIN, "name": "orders"},
            leaves={"connections": {"rds.force_ssl": parameter("1", own=True, restart=False)}},
        ),
        Example(
            {"connections": _MYSQL, "name": "orders"},
            leaves={"connections": {"require_secure_transport": parameter("1", own=True, restart=False)}},
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
    return should_be(connections=setting(connections, [wanted], "1"), because=f"`{wanted}` is {said}")
