"""All that the service layer asks of a cloud, in one place: its catalog and reader, keys, policies and commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from goldseam.ports import Shard

if TYPE_CHECKING:
    from goldseam.clouds.aws.cloud import AwsCloud
    from goldseam.control import Call, Catalog, Control
    from goldseam.model.values import Json
    from goldseam.ports import KeySource
    from goldseam.repair.plan import Plan

    Cloud: TypeAlias = AwsCloud

Progress: TypeAlias = Callable[[Shard, int, int], None]
"""Reports how far a shard is: how many of its resources are read, of how many."""


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """What reading an account is limited to: regions (none means all), calls a second, seconds a call and a region."""

    regions: tuple[str, ...] = ()
    max_rate: float | None = None
    read_timeout: float | None = None
    region_timeout: float | None = None


@dataclass(frozen=True, slots=True)
class IncompleteRead:
    """A read that exceeded a limit, by its call and region."""

    operation: str
    region: str
    reason: str


def catalog() -> Catalog:
    """Every kind, control and fact."""
    from goldseam.clouds.aws.cloud import aws_catalog

    return aws_catalog()


def renamed_controls() -> Mapping[str, str]:
    """The controls that had another id, by it."""
    from goldseam.clouds.aws.renamed import RENAMED

    return RENAMED


def opened(profile: str, endpoint_url: str, limits: ReadLimits, progress: Progress | None) -> Cloud:
    """The account that the user's configuration reaches; the caller closes it."""
    from dataclasses import replace

    from goldseam.clouds.aws.bounds import DEFAULT
    from goldseam.clouds.aws.cloud import AwsCloud

    bounds = DEFAULT
    if limits.read_timeout is not None:
        bounds = replace(bounds, read=limits.read_timeout, silence=limits.read_timeout / 2)
    if limits.region_timeout is not None:
        bounds = replace(bounds, shard=limits.region_timeout)
    where = (profile or None, endpoint_url or None, limits.regions, limits.max_rate)
    return AwsCloud(*where, progress=progress, bounds=bounds)


def account_id(cloud: Cloud) -> str:
    """The id of the account; raises CloudError."""
    return cloud.session.account_id()


def incomplete_reads(cloud: Cloud) -> tuple[IncompleteRead, ...]:
    """The reads that exceeded a limit."""
    return tuple(IncompleteRead(read.operation, read.region, read.reason) for read in cloud.reader.incomplete)


def operator_source(cloud: Cloud, roles: Mapping[str, str], *, unscoped: bool) -> KeySource:
    """Keys from the user's own identity: it assumes the account's role."""
    from goldseam.clouds.aws.keys import OperatorSource
    from goldseam.model.clock import SystemClock

    own = cloud.session.own_credentials if unscoped else None
    return OperatorSource(cloud.session, roles, SystemClock(), unscoped=unscoped, own=own)


def rotating_source(cloud: Cloud, rotating: Mapping[str, Mapping[str, str]], ask: Callable[[str], str]) -> KeySource:
    """Keys from a role that takes a rotating code, which a person types."""
    from goldseam.clouds.aws.keys import RotatingCodeSource, RotatingRole, typed

    roles = {account: RotatingRole(role["arn"], role["uuid"]) for account, role in rotating.items()}
    return RotatingCodeSource(cloud.session, roles, typed(ask))


def command_lines(calls: Sequence[Call]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The notes on the variables for masked values, and the command line of each call."""
    from goldseam.clouds.aws.commands import command_lines as lines_of
    from goldseam.clouds.aws.commands import with_variables

    notes, lines = with_variables(lines_of(calls))
    return tuple(notes), tuple(lines)


def scanner_policy(chosen: Catalog) -> Json:
    """The policy of the role that scans for the controls of a catalog."""
    from goldseam.clouds.aws.permissions import scanner_policy as policy_of

    return policy_of(chosen)


def remediator_policy(controls: Sequence[Control]) -> Json:
    """The policy of the role that repairs for controls."""
    from goldseam.clouds.aws.permissions import remediator_policy as policy_of

    return policy_of(controls)


def plan_policy(plan: Plan) -> Json:
    """The policy for the calls of one plan."""
    from goldseam.clouds.aws.permissions import plan_policy as policy_of

    return policy_of(plan)
