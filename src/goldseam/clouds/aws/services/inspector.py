"""Inspector: what it scans in a region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Get, Look, Reading, Send, absent_is, linked_role
from goldseam.clouds.aws.kind import Ask, AwsKind, at, changes
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
from goldseam.model.errors import CloudError
from goldseam.model.resource import Ref
from goldseam.model.values import Json, Value

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


_PERMISSIONS: Final = "inspector2.ListAccountPermissions"
_ADMINISTRATOR: Final = "inspector2.GetDelegatedAdminAccount"


@dataclass(frozen=True)
class Say(Look):
    """The services whose scans the account may switch on itself, and who may where it may not: the administrator.

    The administrator is asked for only where a service is lacking; it is empty where the organization has none.
    """

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The account's permissions, and its administrator."""
        return (_PERMISSIONS, _ADMINISTRATOR)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Two calls at most."""
        del item
        told = ask.every(_PERMISSIONS, {}, ref.region, "permissions")
        permitted = sorted({each["service"] for each in told if each["operation"] == "ENABLE_SCANNING"})
        whole = set(permitted) >= set(_WANTED)
        return Reading({"permitted": permitted, "administrator": "" if whole else _administrator(ask, ref.region)})


def _administrator(ask: Ask, region: str) -> str:
    try:
        return str(at(ask.one(_ADMINISTRATOR, {}, region), "delegatedAdmin.accountId") or "")
    except CloudError as error:
        if error.code == "ResourceNotFoundException":
            return ""
        raise


def _say(administrator: str, *permitted: str) -> Json:
    return {"permitted": list(permitted), "administrator": administrator}


_ADMIN: Final = "210987654321"


@owner_rule(
    ours=[
        {"scanned": [], "say": _say("", "EC2", "ECR", "LAMBDA")},
        {"scanned": ["EC2"], "say": _say(_ADMIN, "ECR")},
        {"scanned": [], "say": _say("")},
    ],
    theirs=[{"scanned": [], "say": _say(_ADMIN)}, {"scanned": ["EC2", "ECR"], "say": _say(_ADMIN, "EC2", "ECR")}],
)
def _by_the_administrator(scanned: Sequence[str], say: Mapping[str, Json]) -> Owner | None:
    """The delegated administrator of the organization has the say in everything that is not scanned."""
    lacking = [name for name in _WANTED if name not in scanned]
    administrator = say["administrator"]
    if not administrator or any(name in say["permitted"] for name in lacking):
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
        Say(name="say"),
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
