"""The forms of AWS's names that people write down: accounts, roles, and what a role's trust asks for. Pure."""

from __future__ import annotations

import re
from typing import Final

from goldseam.model.display import visible
from goldseam.model.errors import UsageError
from goldseam.model.form import formed

_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_ACCOUNTS: Final = re.compile(r"[0-9]{12}|(?=[0-9*]{1,12}\Z)[0-9]*\*[0-9*]*")
_ROLE: Final = re.compile(r"arn:aws[a-z-]{0,20}:iam::(?P<account>[0-9]{12}):role/[\w+=,.@/-]{1,576}", re.ASCII)
_UUID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,127}")


def account_id(text: str) -> str:
    """The id of an AWS account; raises UsageError."""
    return formed(_ACCOUNT, text, "an AWS account id", "it has 12 digits; quote it")


def account_pattern(text: str) -> str:
    """The id of an AWS account, or one with `*` in it; raises UsageError."""
    if _ACCOUNTS.fullmatch(text) is None:
        msg = f"`{visible(text[:200])}` is no AWS account id, nor a pattern of one; it has 12 digits, or `*` for some"
        raise UsageError(msg)
    return text


def role_arn(text: str) -> str:
    """The ARN of an IAM role; raises UsageError."""
    return formed(_ROLE, text, "the ARN of a role", "it looks like `arn:aws:iam::123456789012:role/name`")


def role_account(arn: str) -> str:
    """The account in the ARN of a role; raises UsageError."""
    found = _ROLE.fullmatch(role_arn(arn))
    return found["account"] if found else ""


def external_uuid(text: str) -> str:
    """The part of an external id before the colon; raises UsageError."""
    return formed(_UUID, text, "the first part of an external id", "use letters, digits and dashes")
