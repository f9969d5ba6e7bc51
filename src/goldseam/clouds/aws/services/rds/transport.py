"""How clients connect to databases: the parameters that say so, and the certificate that a database shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from goldseam.clouds.aws.facet import Look, Reading
from goldseam.clouds.aws.kind import Ask, at
from goldseam.clouds.aws.parameter_groups import Store
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json

REQUIRING: Final = ("rds.force_ssl", "require_secure_transport", "neptune_enforce_ssl", "tls")
"""What makes a database refuse plain connections; each engine has one of them, or none. The last is DocumentDB's."""

OLD_TLS: Final = ("rds.tls10", "rds.tls11")
"""What lets SQL Server speak old versions of TLS."""

STORE: Final = Store(
    "rds.DescribeDBParameters",
    group="DBParameterGroupName",
    names=(*REQUIRING, *OLD_TLS),
    databases="rds.DescribeDBInstances",
    items="DBInstances",
    id="DBInstanceIdentifier",
    groups="DBParameterGroups",
)


@dataclass(frozen=True)
class ClusterStore(Store):
    """The parameters of clusters: a cluster names its group, and its members say how far they have come."""

    def states(self, database: Json) -> Mapping[str, str]:
        """The group of a cluster; it waits as long as one of the members does."""
        said = [str(member.get(_OF_MEMBER, "")) for member in database.get("DBClusterMembers") or ()]
        waiting = next((state for state in said if state != "in-sync"), "in-sync")
        return {str(database[self.groups]): waiting} if database.get(self.groups) else {}


_OF_MEMBER: Final = "DBClusterParameterGroupStatus"

CLUSTER_STORE: Final = ClusterStore(
    "rds.DescribeDBClusterParameters",
    group="DBClusterParameterGroupName",
    names=REQUIRING,
    databases="rds.DescribeDBClusters",
    items="DBClusters",
    id="DBClusterIdentifier",
    groups="DBClusterParameterGroup",
)

_OFF: Final = ("", "0", "off", "false", "disabled")


def required_by(values: Mapping[str, Json]) -> str:
    """The parameter by which plain connections are, or could be, refused; empty where the engine has none."""
    return next((name for name in REQUIRING if name in values), "")


def is_on(value: str) -> bool:
    """Whether a parameter is switched on, however its engine spells that."""
    return value.lower() not in _OFF


STEP: Final = 15
"""Days to which the time that is left is rounded down, so that not every midnight moves the facet."""


@dataclass(frozen=True)
class Certificate(Look):
    """Until when the certificate that an instance shows is valid, and for how many days yet; from the listing."""

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The day, and the days left; older instances say neither."""
        del ref
        until = at(item, "CertificateDetails.ValidTill")
        if until is None:
            return Reading(ABSENT)
        day = str(until)[:10]
        left = (date.fromisoformat(day) - date.fromisoformat(ask.today())).days
        return Reading({"until": day, "days": left // STEP * STEP})
