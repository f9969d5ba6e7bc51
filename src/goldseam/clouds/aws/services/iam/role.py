"""IAM roles: who may take them on, and when anybody last did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final

from goldseam.clouds.aws.conditions import NEGATED, Line, lines_of, required_keys
from goldseam.clouds.aws.elapsed import days_since
from goldseam.clouds.aws.facet import VALUE, Address, Get, Look, Reading, Send, absent_is, tags
from goldseam.clouds.aws.kind import REQUEST, Ask, AwsKind, ListingScope, at, changes, filled
from goldseam.clouds.aws.outsiders import ANYBODY, Outsider, outsiders
from goldseam.clouds.aws.principals import EVERYONE, named_as
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.sensitive import IN_POLICY
from goldseam.clouds.aws.services.iam.held import attached, boundary, details, document, inline
from goldseam.clouds.aws.shapes import Document, policy_text, statements
from goldseam.clouds.aws.statements import label, not_public, without_public
from goldseam.control import (
    Between,
    Example,
    Owner,
    Severity,
    Verdict,
    compliant,
    control,
    may_disrupt,
    owner_rule,
    violation,
)
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value

_ROLE: Final = {"RoleName": "{id}"}
_GET: Final = ("iam.GetRole", _ROLE)


def _trust_form(value: Value) -> Value:
    return ABSENT if value is ABSENT else {**value, "Statement": statements(value)}


@dataclass(frozen=True)
class RoleIdleDays(Look):
    """Days since the role was last used, or since it was made where there was no use, in steps of 15."""

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """From the listing's item, or from the role."""
        get = Get(*_GET)
        role = item if item is not None else at(ask.one(get.operation, filled(get.parameters, ref), ref.region), "Role")
        return Reading(days_since(ask, str(at(role, "RoleLastUsed.LastUsedDate") or at(role, "CreateDate"))))


def _use(raw: Json) -> Value:
    return {"date": str(raw.get("LastUsedDate") or ""), "region": raw.get("Region") or ""}


_BY_PATH: Final[Mapping[str, tuple[str, str]]] = {
    "/aws-service-role/": (
        "it is a service-linked role, which only the linked service changes",
        'IAM User Guide, "Create a service-linked role"; IAM API Reference, UnmodifiableEntity',
    ),
    "/aws-reserved/": (
        "it is a role that AWS keeps, as IAM Identity Center does for its permission sets",
        'IAM Identity Center User Guide, "IAM roles created by IAM Identity Center"',
    ),
}
"""Paths of roles that AWS makes and keeps, which no caller can make a role in: why, and the page that says so."""


@owner_rule(
    ours=[{"path": "/"}, {"path": "/service-role/"}, {"path": "/team/aws-reserved/"}],
    theirs=[{"path": "/aws-service-role/ecs.amazonaws.com/"}, {"path": "/aws-reserved/sso.amazonaws.com/eu-west-1/"}],
)
def _of_aws(path: str) -> Owner | None:
    """AWS keeps the role."""
    return next((Owner(*said) for prefix, said in _BY_PATH.items() if path.startswith(prefix)), None)


ROLE: Final = AwsKind(
    "aws.iam.role",
    "IAM role",
    (
        Document(
            name="trust",
            get=Get(*_GET, "Role.AssumeRolePolicyDocument"),
            listed="AssumeRolePolicyDocument",
            decode=document,
            encode=policy_text,
            sensitive=IN_POLICY,
            form=_trust_form,
            put=Send("iam.UpdateAssumeRolePolicy", {**_ROLE, "PolicyDocument": VALUE}),
        ),
        attached("Role"),
        inline("Role"),
        boundary("Role"),
        Look(name="path", get=Get(*_GET, "Role.Path"), listed="Path"),
        Look(name="created", get=Get(*_GET, "Role.CreateDate"), listed="CreateDate"),
        Look(
            name="last_used", get=Get(*_GET, "Role.RoleLastUsed"), listed="RoleLastUsed", decode=_use,
            form=absent_is({"date": "", "region": ""}),
        ),
        RoleIdleDays(name="idle", get=Get(*_GET, "Role")),
        replace(tags(Get("iam.ListRoleTags", _ROLE, path="Tags")), listed="Tags"),
        Address(name="arn"),
    ),
    touched_by=(changes("iam", f"{REQUEST}.roleName"),),
    address="arn:{partition}:iam::{account}:role/{id}",
    find=details("Role", "RoleDetailList", "RoleName"),
    scope=ListingScope.GLOBAL,
    owner_rule=_of_aws,
)  # fmt: skip


def is_of_aws(path: str) -> bool:
    """Whether AWS keeps the role."""
    return path.startswith(tuple(_BY_PATH))


_ARN: Final = "arn:aws:iam::123456789012:role/goldseam-example"
_OWN: Final = "arn:aws:iam::123456789012:root"
_PARTNER: Final = "arn:aws:iam::210987654321:root"
_SERVICE: Final = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
_ANYONE: Final = {"Sid": "Open", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
_OF_ORGANISATION: Final = {**_ANYONE, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}}
_WITH_ID: Final = {**_ANYONE, "Condition": {"StringEquals": {"sts:ExternalId": "b7e4"}}}
_ACCOUNT: Final = {"Effect": "Allow", "Principal": {"AWS": _PARTNER}, "Action": "sts:AssumeRole"}


def _trust(*held: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(held)}


def _state(*held: Json, path: str = "/") -> Mapping[str, Value]:
    return {"trust": _trust(*held), "arn": _ARN, "path": path}


@control(
    "aws.iam.role.trust-not-public", ROLE, severity=Severity.CRITICAL,
    disrupts=may_disrupt("callers of other accounts that only the statement for everyone lets in are refused"),
    compliant=[_state(_SERVICE), _state(_SERVICE, _OF_ORGANISATION), _state(_ANYONE, path="/aws-reserved/sso/")],
    violating=[
        Example(_state(_SERVICE, _ANYONE, _OF_ORGANISATION), leaves={"trust": _trust(_SERVICE, _OF_ORGANISATION)}),
        Example(
            _state({**_ANYONE, "Principal": {"AWS": [_PARTNER, "*"]}}, _SERVICE),
            leaves={"trust": _trust({**_ANYONE, "Principal": {"AWS": [_PARTNER]}}, _SERVICE)},
        ),
        Example(_state(_WITH_ID), leaves={"trust": _trust({**_WITH_ID, "Principal": {"AWS": _OWN}})}),
    ],
)  # fmt: skip
def trust_not_public(trust: Value, arn: Value, path: Value) -> Verdict:
    """Not everyone may take on the role.

    Whoever takes it on has its rights, from any account of AWS; an external id is a word that many know, and no
    protection by itself. A role needs somebody who may take it on: where only everyone was named, the account takes
    everyone's place.
    """
    if is_of_aws(path):
        return compliant
    _, partition, _, _, account, _ = arn.split(":", 5)
    return not_public(trust, lambda held: _closed(held, f"arn:{partition}:iam::{account}:root"), "trust")


def _closed(trust: Value, root: str) -> Value:
    left = without_public(trust)
    return without_public(trust, lambda held: (_for_account(held, root),)) if left is ABSENT else left


def _for_account(statement: Json, root: str) -> Json:
    """The statement with the account in everyone's place."""
    held = {key: value for key, value in statement.items() if key != "NotPrincipal"}
    return {**held, "Principal": {"AWS": root}}


_TIES: Final = frozenset(
    {"sts:externalid", "aws:principalorgid", "aws:principalorgpaths", "aws:principalarn", "aws:sourceip",
     "aws:sourcevpc", "aws:sourcevpce", "aws:multifactorauthpresent"}
)  # fmt: skip
"""Keys of conditions that ask more of another account than that it is that account."""


def _strangers(trust: Value, account: str) -> Iterator[str]:
    """Other accounts that may take on the role and are asked for nothing more."""
    for statement in statements(trust):
        if statement.get("Effect") == "Allow" and not _is_tied(lines_of(statement)):
            yield from (
                name for name in named_as("AWS", statement) if name != EVERYONE and _account_of(name) != account
            )
            yield from (who.name for who in outsiders(statement, account) if _by_condition(who))


def _is_tied(lines: Sequence[Line]) -> bool:
    """Whether a line asks for more: not to be something else, not if it is there, and not for anything at all."""
    required = required_keys(lines)
    return any(
        line.key in _TIES
        and line.operator not in {*NEGATED, "null"}
        and (line.asks_presence or line.key in required)
        and not {"*", ""} & {*line.values}
        for line in lines
    )


def _by_condition(who: Outsider) -> bool:
    """Whether it is a condition that names another account, under a principal for everyone."""
    return who.known and not who.principal and who != ANYBODY


def _account_of(principal: str) -> str:
    """The account of a principal that is an ARN or an account's number; the id of one that is gone is of none."""
    return principal.split(":")[4] if principal.startswith("arn:") else principal


@control(
    "aws.iam.role.other-accounts-tied", ROLE, severity=Severity.MEDIUM,
    maps=required("iam_role_cross_account_readonlyaccess_policy"),
    compliant=[
        _state(_SERVICE, {**_ACCOUNT, "Principal": {"AWS": _OWN}}),
        _state({**_ACCOUNT, "Condition": {"StringEquals": {"sts:ExternalId": "b7e4"}}}),
        _state({**_ACCOUNT, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}}),
        _state({**_ANYONE, "Condition": {"StringEquals": {"aws:PrincipalAccount": "123456789012"}}}),
    ],
    violating=[
        _state(_SERVICE, _ACCOUNT),
        _state({**_ACCOUNT, "Principal": {"AWS": ["210987654321", _OWN]}}),
        _state({**_ANYONE, "Condition": {"StringEquals": {"aws:PrincipalAccount": "210987654321"}}}),
    ],
)  # fmt: skip
def other_accounts_tied(trust: Value, arn: Value, path: Value) -> Verdict:
    """Another account that may take on the role is asked for more than its number.

    A service that works for many customers can be led to take on the role for another of them, unless each names an
    external id of its own (IAM User Guide, "The confused deputy problem"); accounts of one's own are tied by the
    organisation.
    """
    found = [] if is_of_aws(path) else sorted(set(_strangers(trust, arn.split(":")[4])))
    if not found:
        return compliant
    return violation(
        because=f"asked for nothing but to be {', '.join(found)}",
        guide="1. an account of the organisation: add the condition `StringEquals aws:PrincipalOrgID` with its id; "
        "2. a vendor: ask for the external id that it sends for you and add `StringEquals sts:ExternalId`; 3. an "
        "account that nobody knows: take the statement out of the role's trust policy",
    )


_GITHUB: Final = "token.actions.githubusercontent.com"
_GITHUB_ARN: Final = f"arn:aws:iam::123456789012:oidc-provider/{_GITHUB}"
_WORKFLOW: Final = {
    "Effect": "Allow", "Principal": {"Federated": _GITHUB_ARN}, "Action": "sts:AssumeRoleWithWebIdentity",
    "Condition": {"StringEquals": {f"{_GITHUB}:aud": "sts.amazonaws.com"}},
}  # fmt: skip
_REPOSITORY: Final = {
    **_WORKFLOW, "Condition": {"StringLike": {f"{_GITHUB}:sub": "repo:example/app:ref:refs/heads/main"}},
}  # fmt: skip
_ANY_REPOSITORY: Final = {**_WORKFLOW, "Condition": {"StringLike": {f"{_GITHUB}:sub": "repo:*"}}}


def _of_any_repository(statement: Json) -> bool:
    principal = statement.get("Principal")
    federated = str(principal.get("Federated", "")) if isinstance(principal, Mapping) else ""
    if statement.get("Effect") != "Allow" or _GITHUB not in federated:
        return False
    names = [test for test in lines_of(statement) if test.key in {f"{_GITHUB}:sub", f"{_GITHUB}:repository"}]
    return not any(test.values and all(map(_names_an_owner, test.values)) for test in names)


def _names_an_owner(subject: str) -> bool:
    owner = subject.removeprefix("repo:").partition("/")[0]
    return bool(owner) and not set(owner) & set("*?")


@control(
    "aws.iam.role.github-repository-named", ROLE, severity=Severity.HIGH,
    compliant=[_state(_SERVICE), _state(_REPOSITORY)],
    violating=[_state(_WORKFLOW), _state(_SERVICE, _ANY_REPOSITORY)],
)  # fmt: skip
def github_repository_named(trust: Value, path: Value) -> Verdict:
    """A role for GitHub's workflows names whose repositories may take it on.

    Every repository of GitHub gets its tokens from the same issuer. Without a condition on the subject that names the
    owner, a workflow of anybody takes on the role.
    """
    found = [] if is_of_aws(path) else [held for held in statements(trust) if _of_any_repository(held)]
    if not found:
        return compliant
    return violation(
        because="; ".join(label(held).replace("allows everyone", "gives any repository of GitHub") for held in found),
        guide=f"add to the statement the condition `StringLike {_GITHUB}:sub` with `repo:OWNER/REPOSITORY:*`, or "
        "with the branch or environment that deploys, and see a workflow run",
    )


@control(
    "aws.iam.role.used", ROLE, severity=Severity.LOW,
    compliant=[{"idle": 75, "path": "/"}, {"idle": 720, "path": "/aws-service-role/ecs.amazonaws.com/"}],
    violating=[{"idle": 180, "path": "/"}, Example({"idle": 90, "path": "/"}, settings={"days": 90})],
)  # fmt: skip
def used(idle: Value, path: Value, *, days: Annotated[int, Between(1, 400)] = 180) -> Verdict:
    """Roles are used.

    Rights that nobody misses serve only whoever finds a way to them. AWS remembers the use of the last 400 days.
    """
    if idle < days or is_of_aws(path):
        return compliant
    return violation(
        because=f"nobody took on the role for {days} days",
        guide="1. ask who made it; 2. attach `AWSDenyAll` for a month, which is taken back by one call; 3. delete "
        "the role",
    )
