"""Who else may be the one to change a resource: rules that several services share. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.parameter_groups import DEFAULT_GROUP
from goldseam.control import Owner, OwnerRule, owner_rule
from goldseam.model.values import Json

_MANAGED_BY_SERVICE: Final = (
    "which only that service changes or deletes",
    'Amazon EC2 User Guide, "Amazon EC2 managed instances"',
)
_SHARED: Final = 'Amazon VPC User Guide, "Responsibilities and permissions for owners and participants"'
_DEFAULT_GROUPS: Final = {
    "rds": 'Amazon RDS User Guide, "Overview of parameter groups"',
    "redshift": 'Amazon Redshift Management Guide, "Amazon Redshift parameter groups"',
}


def shared(source: str = _SHARED) -> OwnerRule:
    """The rule of a kind whose facet `own` tells whether the account itself owns the resource."""

    @owner_rule(ours=[{"own": True}], theirs=[{"own": False}])
    def rule(own: bool) -> Owner | None:  # noqa: FBT001
        """Another account owns the resource and shares it."""
        return None if own else Owner("another account owns it and shares it with this one", source)

    return rule


def principal(operator: Mapping[str, Json]) -> str:
    """The service that manages a resource of EC2; empty where none does."""
    return str(operator.get("Principal") or "a service of AWS") if operator.get("Managed") else ""


@owner_rule(ours=[{"operator": ""}], theirs=[{"operator": "eks.amazonaws.com"}])
def managed_by_service(operator: str) -> Owner | None:
    """A service of AWS manages the resource."""
    why, source = _MANAGED_BY_SERVICE
    return Owner(f"{operator} manages it, {why}", source) if operator else None


def default_parameter_group(service: str) -> OwnerRule:
    """The rule of parameter groups: nothing can be changed in those that AWS makes."""

    @owner_rule(ours=[{"name": "orders"}, {"name": "my-default.orders"}], theirs=[{"name": "default.postgres14"}])
    def rule(name: str) -> Owner | None:
        """The parameter group is a default of AWS."""
        default = name.startswith(DEFAULT_GROUP)
        return Owner("it is a default parameter group of AWS", _DEFAULT_GROUPS[service]) if default else None

    return rule


_MEMBER: Final[Mapping[str, tuple[str, str]]] = {
    "guardduty": (
        "GuardDuty",
        (
            'Amazon GuardDuty User Guide, "Understanding the relationship between GuardDuty administrator account and '
            'member accounts"'
        ),
    ),
    "macie": (
        "Macie",
        'Amazon Macie User Guide, "Understanding the relationship between Macie administrator and member accounts"',
    ),
}


def administered(service: str, *facets: str) -> OwnerRule:
    """The rule of what the administrator of an organization configures for its members; all where none is named.

    The facet `administrator` is its account, empty where there is none or the member was invited: an invited member
    keeps its own settings. What is configured well protects the member, so a control that passes still does.
    """
    name, source = _MEMBER[service]

    @owner_rule(ours=[{"administrator": ""}], theirs=[{"administrator": "210987654321"}])
    def rule(administrator: str) -> Owner | None:
        """The delegated administrator of the organization configures it."""
        if not administrator:
            return None
        because = f"only account {administrator}, the organization's administrator of {name}, may change it"
        return Owner(because, source, frozenset(facets), judged=True)

    return rule


_BOUND: Final = frozenset({"enabled", "disabled", "paused"})
"""States of the tie between a member and its administrator in which it holds; a suspended member is `Disabled`."""


def administrator_of(told: Mapping[str, Json]) -> str:
    """The administrator in an answer, where the organization made it so; empty where an invitation did.

    An answer holds the invitation only where accounts are tied by one (Amazon Macie API Reference,
    "GetAdministratorAccount").
    """
    held = {name[:1].lower() + name[1:]: value for name, value in told.items()}
    if held.get("invitationId") or str(held.get("relationshipStatus", "")).lower() not in _BOUND:
        return ""
    return str(held.get("accountId") or "")
