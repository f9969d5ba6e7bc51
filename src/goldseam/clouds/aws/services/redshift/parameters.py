"""Redshift parameter groups: whether clusters in them refuse plain connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Look, Send
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.owners import default_parameter_group
from goldseam.clouds.aws.parameter_groups import DEFAULT_GROUP, Parameters, Store, parameter, setting
from goldseam.clouds.aws.requirements import required
from goldseam.control import Example, Severity, Verdict, compliant, control, may_disrupt, should_be
from goldseam.model.values import Json

REQUIRE_SSL: Final = "require_ssl"
STORE: Final = Store(
    "redshift.DescribeClusterParameters",
    group="ParameterGroupName",
    names=(REQUIRE_SSL,),
    databases="redshift.DescribeClusters",
    items="Clusters",
    id="ClusterIdentifier",
    groups="ClusterParameterGroups",
)
_NAMED: Final = {"ParameterGroupName": "{id}", "Parameters": VALUE}

PARAMETER_GROUP: Final = AwsKind(
    "aws.redshift.parameter-group",
    "Redshift parameter group",
    (
        Parameters(
            name="connections", store=STORE,
            modify=Send("redshift.ModifyClusterParameterGroup", _NAMED),
            reset=Send("redshift.ResetClusterParameterGroup", {**_NAMED, "ResetAllParameters": False}),
        ),
        Look(name="name", listed="ParameterGroupName"),
    ),
    touched_by=(
        changes("redshift", f"{REQUEST}.parameterGroupName", names=(
            "CreateClusterParameterGroup", "ModifyClusterParameterGroup", "ResetClusterParameterGroup",
            "DeleteClusterParameterGroup",
        )),
    ),
    address="arn:{partition}:redshift:{region}:{account}:parametergroup:{id}",
    find=Listing(
        "redshift.DescribeClusterParameterGroups", "ParameterGroups", id="ParameterGroupName",
        narrow={"ParameterGroupName": "{id}"},
    ),
    owner_rule=default_parameter_group("redshift"),
)  # fmt: skip

_OFF: Final = {REQUIRE_SSL: parameter("false")}


@control(
    "aws.redshift.parameter-group.tls-required", PARAMETER_GROUP, severity=Severity.MEDIUM,
    disrupts=may_disrupt("clients that connect without TLS are refused when a cluster of the group restarts"),
    maps=required("redshift_cluster_in_transit_encryption_enabled"),
    compliant=[
        {"connections": {REQUIRE_SSL: parameter("true", own=True)}, "name": "sales"},
        {"connections": _OFF, "name": "default.redshift-1.0"},
    ],
    violating=[
        Example(
            {"connections": _OFF, "name": "sales"}, leaves={"connections": {REQUIRE_SSL: parameter("true", own=True)}}
        )
    ],
)  # fmt: skip
def tls_required(connections: Mapping[str, Json], name: str) -> Verdict:
    """Clusters of the group refuse plain connections.

    What is sent over a plain connection, passwords included, can be read on the way. Nothing can be changed in AWS's
    default groups: clusters in one have a control of their own.
    """
    if name.startswith(DEFAULT_GROUP) or connections[REQUIRE_SSL]["value"] == "true":
        return compliant
    return should_be(connections=setting(connections, [REQUIRE_SSL], "true"), because=f"`{REQUIRE_SSL}` is off")
