"""Inspector: what it scans in a region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Get, Look, Pages, Send, absent_is, linked_role
from goldseam.clouds.aws.kind import AwsKind, at, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Items
from goldseam.control import (
    Example,
    Owner,
    Severity,
    Verdict,
    compliant,
    control,
    may_disrupt,
    owner_rule,
    should_be,
)
from goldseam.values import Json, Value

_TYPES: Final[Mapping[str, str]] = {"ec2": "EC2", "ecr": "ECR", "lambda": "LAMBDA", "lambdaCode": "LAMBDA_CODE"}
_WANTED: Final = ("EC2", "ECR", "LAMBDA")
_STATES: Final = "accounts.resourceState"
_ANY: Final = ("*",)
_OWN: Final = {"accountIds": ["{account}"]}


def _states(answer: Json) -> dict[str, str]:
    found = at(answer, _STATES) or [{}]
    return {name: str(at(found[0], f"{key}.status")) for key, name in _TYPES.items()}


def _scanned(answer: Json) -> Value:
    return [name for name, state in _states(answer).items() if state in {"ENABLED", "ENABLING"}]


def _waits(answer: Json) -> str:
    moving = [f"{name}, which is {state}" for name, state in _states(answer).items() if state.endswith("ING")]
    return "; ".join(moving)


def _permitted(raw: Json) -> Value:
    """The services whose scans the account itself may switch on."""
    return sorted({each["service"] for each in raw if each["operation"] == "ENABLE_SCANNING"})


_ADMIN: Final = "210987654321"


@owner_rule(
    ours=[
        {"scanned": [], "permitted": ["EC2", "ECR", "LAMBDA"], "administrator": _ADMIN},
        {"scanned": ["EC2"], "permitted": ["ECR"], "administrator": _ADMIN},
        {"scanned": [], "permitted": [], "administrator": ""},
    ],
    theirs=[
        {"scanned": [], "permitted": [], "administrator": _ADMIN},
        {"scanned": ["EC2", "ECR"], "permitted": ["EC2", "ECR"], "administrator": _ADMIN},
    ],
)
def _by_the_administrator(scanned: Sequence[str], permitted: Sequence[str], administrator: str) -> Owner | None:
    """The delegated administrator of the organization has the say in everything that is not scanned."""
    lacking = [name for name in _WANTED if name not in scanned]
    if not administrator or any(name in permitted for name in lacking):
        return None
    because = f"only account {administrator}, the organization's administrator of Inspector, may switch that on"
    return Owner(because, 'Amazon Inspector API Reference, "ListAccountPermissions"', judged=True)


REGION: Final = AwsKind(
    "aws.inspector.region",
    "Inspector in a region",
    (
        Items(
            name="scanned",
            get=Get("inspector2.BatchGetAccountStatus", _OWN),
            decode=_scanned,
            form=absent_is([]),
            waits=_waits,
            add=Send(
                "inspector2.Enable",
                {**_OWN, "resourceTypes": VALUE},
                _ANY,
                also=linked_role("inspector2", "AWSServiceRoleForAmazonInspector2"),
            ),
            remove=Send("inspector2.Disable", {**_OWN, "resourceTypes": VALUE}, _ANY),
        ),
        Pages(
            name="permitted",
            get=Get("inspector2.ListAccountPermissions", path="permissions"),
            decode=_permitted,
        ),
        Look(
            name="administrator",
            get=Get(
                "inspector2.GetDelegatedAdminAccount",
                path="delegatedAdmin.accountId",
                absent=("ResourceNotFoundException",),
            ),
            form=absent_is(""),
        ),
    ),
    touched_by=(changes("inspector2", "awsRegion", names=("Enable", "Disable")),),
    address="arn:{partition}:inspector2:{region}:{account}:region",
    owner_rule=_by_the_administrator,
)


@control(
    "aws.inspector.region.on",
    REGION,
    severity=Severity.MEDIUM,
    maps=required("inspector2_is_enabled"),
    disrupts=may_disrupt("Inspector scans machines, images and functions of the region, and charges for each"),
    compliant=({"scanned": ["EC2", "ECR", "LAMBDA", "LAMBDA_CODE"]},),
    violating=(
        Example({"scanned": []}, leaves={"scanned": ["EC2", "ECR", "LAMBDA"]}),
        Example({"scanned": ["EC2"]}, leaves={"scanned": ["EC2", "ECR", "LAMBDA"]}),
    ),
)
def inspector_on(scanned: Value) -> Verdict:
    """Inspector looks for known vulnerabilities in machines, images and functions.

    New holes become known every day in software that was safe when it was installed.
    """
    lacking = [name for name in _WANTED if name not in scanned]
    if not lacking:
        return compliant
    return should_be(scanned=sorted([*scanned, *lacking]), because=f"{', '.join(lacking)} is not scanned")
