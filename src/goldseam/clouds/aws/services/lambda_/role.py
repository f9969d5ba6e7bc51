"""The role that a function runs under, and whether it may do everything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from goldseam.clouds.aws.facet import Look, Reading
from goldseam.clouds.aws.kind import Ask
from goldseam.clouds.aws.services.iam.held import document as policy_document
from goldseam.clouds.aws.services.iam.holder import Holder
from goldseam.clouds.aws.services.iam.identity import is_administrator
from goldseam.model.resource import Ref
from goldseam.model.values import Json
from goldseam.ports import GLOBAL

_DETAILS: Final = "iam.GetAccountAuthorizationDetails"
_FILTER: Final = {"Filter": ["Role", "LocalManagedPolicy"]}
_FUNCTION: Final = "lambda.GetFunctionConfiguration"
_ADMINISTRATOR: Final = ":iam::aws:policy/AdministratorAccess"
_ALL: Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


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
        return Reading(_unlimited(roles[function["Role"]], policies, ref.address))


def _unlimited(role: Mapping[str, Json], policies: Mapping[str, Json], arn: str) -> list[str]:
    """The policies that allow everything by themselves, unless another of the role denies that."""
    held = [
        (each["PolicyName"], [policy_document(each["PolicyDocument"])]) for each in role.get("RolePolicyList") or []
    ]
    attached = role.get("AttachedManagedPolicies") or []
    held += [(each["PolicyName"], _attached(each["PolicyArn"], policies)) for each in attached]
    if not _allow_everything([document for _, documents in held for document in documents], arn):
        return []
    return sorted(name for name, documents in held if _allow_everything(documents, arn))


def _attached(arn: str, policies: Mapping[str, Json]) -> list[Json]:
    """The document in force of an attached policy; of AWS's own, only that for administrators is known."""
    return [_ALL] if arn.endswith(_ADMINISTRATOR) else _in_force(policies.get(arn) or {})


def _in_force(policy: Mapping[str, Json]) -> list[Json]:
    """The document of a policy's default version."""
    versions = policy.get("PolicyVersionList") or []
    return [policy_document(version["Document"]) for version in versions if version.get("IsDefaultVersion")]


def _allow_everything(documents: Iterable[Json], arn: str) -> bool:
    """Whether policies allow all actions on all resources; no session of a function was opened with MFA.

    IAM User Guide, "AWS global condition context keys": `aws:MultiFactorAuthPresent` is absent then.
    """
    return bool(is_administrator(Holder(documents, arn), {"aws:multifactorauthpresent": ()}))
