"""Parameters of databases that say how clients connect: read from the groups that instances are in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from goldseam.clouds.aws.facet import Look, Reading
from goldseam.clouds.aws.kind import Ask, at
from goldseam.resource import Ref
from goldseam.values import ABSENT, Json

PARAMETERS: Final = "rds.DescribeDBParameters"
REQUIRING: Final = ("rds.force_ssl", "require_secure_transport")
"""What makes a database refuse plain connections; each engine has one of them, or none."""

OLD_TLS: Final = ("rds.tls10", "rds.tls11")
"""What lets SQL Server speak old versions of TLS."""

ON: Final = ("1", "on", "true")
DEFAULT_GROUP: Final = "default."
"""How the names of groups begin that AWS made, in which nothing can be changed."""


def held(ask: Ask, region: str, group: str) -> list[Json]:
    """The parameters of a group that say how clients connect; raises CloudError."""
    every = ask.every(PARAMETERS, {"DBParameterGroupName": group}, region, "Parameters")
    return [item for item in every if item["ParameterName"] in {*REQUIRING, *OLD_TLS}]


def required_by(values: Mapping[str, str]) -> str:
    """The parameter by which plain connections are, or could be, refused; empty where the engine has none."""
    return next((name for name in REQUIRING if name in values), "")


def is_on(value: str) -> bool:
    """Whether a parameter is switched on, however its engine spells that."""
    return value.lower() in ON


@dataclass(frozen=True)
class GroupParameters(Look):
    """How clients connect to an instance: its parameter group, and that group's parameters about it."""

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The parameters of the group; equal questions of instances in one group are asked once."""
        return (PARAMETERS,)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The group and its values; an instance in no group has none."""
        groups: Iterable[str] = at(item, "DBParameterGroups.DBParameterGroupName") or ()
        group = next(iter(groups), "")
        values = held(ask, ref.region, group) if group else []
        return Reading(
            {"group": group, "values": {each["ParameterName"]: each.get("ParameterValue", "") for each in values}}
        )


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
