"""The role that a function runs under, and whether it may do everything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from goldseam.clouds.aws.facet import Look, Reading
from goldseam.clouds.aws.kind import Ask, at
from goldseam.clouds.aws.services.iam.held import document as policy_document
from goldseam.clouds.aws.shapes import statements
from goldseam.ports import GLOBAL
from goldseam.resource import Ref
from goldseam.values import Json

_DETAILS: Final = "iam.GetAccountAuthorizationDetails"
_FILTER: Final = {"Filter": ["Role", "LocalManagedPolicy"]}
_FUNCTION: Final = "lambda.GetFunctionConfiguration"
_ADMINISTRATOR: Final = ":iam::aws:policy/AdministratorAccess"
_ALL_ACTIONS: Final = frozenset(("*", "*:*"))


@dataclass(frozen=True)
class Blanket(Look):
    """The names of the role's policies that allow every action on everything.

    The roles and policies of the account are asked for once, however many functions there are.
    """

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The roles with their policies, and the function, where no listing gave it."""
        return (_DETAILS, _FUNCTION)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Raises LookupError where the role is not there (any more), which leaves it unknown."""
        function = item or ask.one(_FUNCTION, {"FunctionName": ref.id}, ref.region)
        roles = {role["Arn"]: role for role in ask.every(_DETAILS, _FILTER, GLOBAL, "RoleDetailList")}
        policies = {policy["Arn"]: policy for policy in ask.every(_DETAILS, _FILTER, GLOBAL, "Policies")}
        return Reading(sorted(_unlimited(roles[function["Role"]], policies)))


def _unlimited(role: Mapping[str, Json], policies: Mapping[str, Json]) -> Iterator[str]:
    for inline in role.get("RolePolicyList") or []:
        if _allows_everything(inline["PolicyDocument"]):
            yield inline["PolicyName"]
    for attached in role.get("AttachedManagedPolicies") or []:
        arn = attached["PolicyArn"]
        if arn.endswith(_ADMINISTRATOR) or any(map(_allows_everything, _in_force(policies.get(arn) or {}))):
            yield attached["PolicyName"]


def _in_force(policy: Mapping[str, Json]) -> list[Json]:
    """The document of a policy's default version."""
    versions = policy.get("PolicyVersionList") or []
    return [version["Document"] for version in versions if version.get("IsDefaultVersion")]


def _allows_everything(document: Json) -> bool:
    """Whether a statement without a condition allows all actions on all resources."""
    held = policy_document(document)
    return any(
        statement.get("Effect") == "Allow"
        and not statement.get("Condition")
        and bool(_ALL_ACTIONS & set(_texts(at(statement, "Action"))))
        and "*" in _texts(at(statement, "Resource"))
        for statement in statements(held)
    )


def _texts(value: Json) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []
