"""The exact form of every id and name that comes from outside. Pure.

What is checked here can be a part of a path, a command or a message without meaning more than itself.
"""

from __future__ import annotations

import re
from typing import Final

from goldseam.model.display import visible
from goldseam.model.errors import UsageError

_PLAN: Final = re.compile(r"p-[0-9a-f]{32}")
_NONCE: Final = re.compile(r"[0-9a-f]{32}")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+-]{0,63}")
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_ROLE: Final = re.compile(r"arn:aws[a-z-]{0,20}:iam::(?P<account>[0-9]{12}):role/[\w+=,.@/-]{1,576}", re.ASCII)
_UUID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,127}")


def plan_id(text: str) -> str:
    """The id of a plan, `p-` and 32 hexadecimal digits; raises UsageError."""
    return _formed(_PLAN, text, "the id of a plan", "copy all of it: `p-` and 32 hexadecimal digits")


def nonce(text: str) -> str:
    """The nonce of a request, 32 hexadecimal digits; raises UsageError."""
    return _formed(_NONCE, text, "a nonce", "it has 32 hexadecimal digits")


def name(text: str) -> str:
    """The name of a requester or approver; raises UsageError."""
    return _formed(_NAME, text, "a name", "use up to 64 letters, digits and `_.@+-`, beginning with a letter or digit")


def account_id(text: str) -> str:
    """The id of an AWS account; raises UsageError."""
    return _formed(_ACCOUNT, text, "an AWS account id", "it has 12 digits; quote it")


def role_arn(text: str) -> str:
    """The ARN of an IAM role; raises UsageError."""
    return _formed(_ROLE, text, "the ARN of a role", "it looks like `arn:aws:iam::123456789012:role/name`")


def role_account(arn: str) -> str:
    """The account in the ARN of a role; raises UsageError."""
    found = _ROLE.fullmatch(role_arn(arn))
    return found["account"] if found else ""


def external_uuid(text: str) -> str:
    """The part of an external id before the colon; raises UsageError."""
    return _formed(_UUID, text, "the first part of an external id", "use letters, digits and dashes")


def _formed(form: re.Pattern[str], text: str, what: str, hint: str) -> str:
    if form.fullmatch(text) is None:
        msg = f"`{visible(text[:200])}` is not {what}; {hint}"
        raise UsageError(msg)
    return text
