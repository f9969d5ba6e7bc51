"""Whom outside of its account a policy statement allows: other accounts, or somebody who may be one. Pure.

Without a reading of Organizations nobody can tell which accounts an organization has, nor without one of the network
whose an endpoint, an address or a role's unique id is: who is named so may be another account.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from goldseam.clouds.aws.condition_values import account_of
from goldseam.clouds.aws.conditions import Line, all_are, known_key, limits, lines_of, required_keys, spelled
from goldseam.clouds.aws.principals import has_everyone, is_everyone, principals_of
from goldseam.model.values import Json

_OF_ACCOUNTS: Final = frozenset(
    {
        "aws:principalaccount", "aws:principalarn", "aws:resourceaccount", "aws:sourceaccount", "aws:sourcearn",
        "aws:sourceowner", "kms:calleraccount", "s3:dataaccesspointaccount", "s3:dataaccesspointarn",
        "s3:resourceaccount",
    }
)  # fmt: skip
"""Keys that say for which account a request is made, or whose access point decides about it."""
_OF_CALLERS: Final = frozenset({"aws:principalaccount", "aws:principalarn"})
_OWN: Final = re.compile(r"\$\{(aws|s3):ResourceAccount}|\$\{aws:PrincipalAccount}", re.IGNORECASE)
_GONE: Final = re.compile(r"A[A-Z0-9]{15,}")
"""The unique id of a user or role that was deleted, whom the statement allows nothing any more (IAM User Guide, "AWS
JSON policy elements: Principal")."""


class Outsider(NamedTuple):
    """Who a statement allows.

    `known` says whether that is certainly somebody of another account, `principal` how a statement names it; empty
    where only a condition does.
    """

    name: str
    known: bool
    principal: str = ""


ANYBODY: Final = Outsider("everyone", known=True)


def outsiders(statement: Json, account: str, canonical_user: str = "") -> list[Outsider]:
    """Whom of other accounts a statement of a policy allows; services of AWS act for their customers and are nobody.

    `canonical_user` is the account's own id in S3.
    """
    if statement.get("Effect") != "Allow":
        return []
    named = list(principals_of(statement.get("Principal")))
    found = [
        outsider
        for kind, value in named
        if not is_everyone(value, kind) and (outsider := _outsider(kind, value, account, canonical_user))
    ]
    if "NotPrincipal" in statement or has_everyone(statement):
        found += _by_condition(statement, account)
    return found


def _outsider(kind: str, value: str, account: str, canonical_user: str) -> Outsider | None:
    if kind == "Service" or value in {account, canonical_user} or _GONE.fullmatch(value):
        return None
    if kind == "CanonicalUser":
        return Outsider(f"canonical user {value}", known=bool(canonical_user))
    owner = account_of(value)
    if owner == account:
        return None
    return Outsider(value, known=bool(owner), principal=value if owner and kind == "AWS" else "")


def _by_condition(statement: Json, account: str) -> list[Outsider]:
    """Who is left of everyone by the condition of a statement."""
    block = statement.get("Condition") or {}
    lines = lines_of(statement)
    required = required_keys(lines)
    found = [(line, answer) for line in lines if (answer := limits(line, required)) is not False]
    accounts = [_accounts(line, account) for line, answer in found if answer and line.key in _OF_ACCOUNTS]
    if any(_is_service(line) for line, answer in found if answer) or {account} in accounts:
        return []
    if told := [names for names in accounts if "" not in names]:
        others = set.intersection(*told) - {account}
        return [Outsider(f"account {name}", known=True) for name in sorted(others)]
    if not found:
        return [ANYBODY]
    told_of = {line for line, _ in found}
    words = " and ".join(text for line, text in zip(lines, spelled(block), strict=True) if line in told_of)
    return [Outsider(f"everyone with {words}", known=False)]


def _accounts(line: Line, account: str) -> set[str]:
    """The accounts that the values of a line name; empty text for a value that names none, such as a bucket."""
    return {account if _OWN.search(value) else account_of(value) for value in line.values}


def _is_service(line: Line) -> bool:
    known = known_key(line.key)
    return known is not None and (known.narrows == "service" or line.key == "aws:principalisawsservice")


def denied_to_others(deny: Json, account: str) -> bool:
    """Whether a statement denies everyone but the account itself (and services of AWS)."""
    if deny.get("Effect") != "Deny":
        return False
    if "NotPrincipal" in deny:
        spared = list(principals_of(deny["NotPrincipal"]))
        if not spared or any(kind != "AWS" or account_of(value) != account for kind, value in spared):
            return False
    elif not has_everyone(deny):
        return False
    return all(_spares_only(line, account) for line in lines_of(deny))


def _spares_only(line: Line, account: str) -> bool:
    """Whether only the account escapes a line of a denial: a negated test that names it, or that spares services."""
    if line.operator == "bool" and line.key == "aws:principalisawsservice":
        return line.if_exists and all_are(line.values, "false")
    negated = line.operator in {"stringnotequals", "stringnotlike", "arnnotequals", "arnnotlike"}
    plain = line.quantifier == "" and line.key in _OF_CALLERS
    return negated and plain and bool(line.values) and all(account_of(value) == account for value in line.values)
