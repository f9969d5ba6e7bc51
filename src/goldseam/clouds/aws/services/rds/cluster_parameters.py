"""Cluster parameter groups of Aurora, Neptune and DocumentDB: whether clusters in them refuse plain connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Look, Send
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.owners import default_parameter_group
from goldseam.clouds.aws.parameter_groups import DEFAULT_GROUP, Parameters, parameter, setting
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.rds.transport import CLUSTER_STORE, is_on, required_by
from goldseam.control import Example, Severity, Verdict, compliant, control, may_disrupt, should_be
from goldseam.model.values import Json

_NAMED: Final = {"DBClusterParameterGroupName": "{id}", "Parameters": VALUE}
_CALLS: Final = ("Create", "Modify", "Reset", "Delete", "Copy")

CLUSTER_PARAMETER_GROUP: Final = AwsKind(
    "aws.rds.cluster-parameter-group",
    "RDS cluster parameter group",
    (
        Parameters(
            name="connections",
            store=CLUSTER_STORE,
            methods=True,
            modify=Send("rds.ModifyDBClusterParameterGroup", _NAMED),
            reset=Send("rds.ResetDBClusterParameterGroup", {**_NAMED, "ResetAllParameters": False}),
        ),
        Look(name="name", listed="DBClusterParameterGroupName"),
    ),
    touched_by=(
        changes(
            "rds",
            f"{REQUEST}.dBClusterParameterGroupName",
            names=tuple(f"{call}DBClusterParameterGroup" for call in _CALLS),
        ),
        changes("rds", f"{REQUEST}.resourceName", id="arn:.+:cluster-pg:([^:]+)"),
    ),
    address="arn:{partition}:rds:{region}:{account}:cluster-pg:{id}",
    find=Listing(
        "rds.DescribeDBClusterParameterGroups",
        "DBClusterParameterGroups",
        id="DBClusterParameterGroupName",
        narrow={"DBClusterParameterGroupName": "{id}"},
    ),
    owner_rule=default_parameter_group("rds"),
)

_SPELLED: Final = {"require_secure_transport": "ON", "tls": "enabled"}
"""How some engines spell that a parameter is on; the others take `1`."""

_POSTGRES: Final = {"rds.force_ssl": parameter("0", restart=False)}
_DOCUMENTS: Final = {"tls": parameter("disabled", own=True)}


@control(
    "aws.rds.cluster-parameter-group.tls-required", CLUSTER_PARAMETER_GROUP, severity=Severity.MEDIUM,
    disrupts=may_disrupt("clients that connect without TLS are refused, at once or when the cluster restarts"),
    maps=required("rds_instance_transport_encrypted", without=("fsbp:RDS.38", "fsbp:RDS.39")),
    compliant=[
        {"connections": {"rds.force_ssl": parameter("1", own=True, restart=False)}, "name": "orders"},
        {"connections": {"tls": parameter("tls1.2+", own=True)}, "name": "orders"},
        {"connections": _POSTGRES, "name": "default.aurora-postgresql14"},
        {"connections": {}, "name": "orders"},
    ],
    violating=[
        Example(
            {"connections": _POSTGRES, "name": "orders"},
            leaves={"connections": {"rds.force_ssl": parameter("1", own=True, restart=False)}},
        ),
        Example(
            {"connections": {"require_secure_transport": parameter("OFF", restart=False)}, "name": "orders"},
            leaves={"connections": {"require_secure_transport": parameter("ON", own=True, restart=False)}},
        ),
        Example(
            {"connections": _DOCUMENTS, "name": "orders"},
            leaves={"connections": {"tls": parameter("enabled", own=True)}},
        ),
    ],
)  # fmt: skip
def tls_required(connections: Mapping[str, Json], name: str) -> Verdict:
    """Clusters of the group refuse plain connections.

    What is sent over a plain connection, passwords included, can be read on the way. Nothing can be changed in AWS's
    default groups: RDS clusters in one have a control of their own.
    """
    wanted = required_by(connections)
    if name.startswith(DEFAULT_GROUP) or not wanted or is_on(connections[wanted]["value"]):
        return compliant
    said = connections[wanted]["value"] or "not set"
    after = setting(connections, [wanted], _SPELLED.get(wanted, "1"))
    return should_be(connections=after, because=f"`{wanted}` is {said}")
