"""The exact form of every id and name that comes from outside, but for those that are a cloud's own. Pure.

What is checked here can be a part of a path, a command or a message without meaning more than itself.
"""

from __future__ import annotations

import re
from typing import Final

from goldseam.model.form import formed

_PLAN: Final = re.compile(r"p-[0-9a-f]{32}")
_NONCE: Final = re.compile(r"[0-9a-f]{32}")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+-]{0,63}")


def plan_id(text: str) -> str:
    """The id of a plan, `p-` and 32 hexadecimal digits; raises UsageError."""
    return formed(_PLAN, text, "the id of a plan", "copy all of it: `p-` and 32 hexadecimal digits")


def nonce(text: str) -> str:
    """The nonce of a request, 32 hexadecimal digits; raises UsageError."""
    return formed(_NONCE, text, "a nonce", "it has 32 hexadecimal digits")


def name(text: str) -> str:
    """The name of a requester or approver; raises UsageError."""
    return formed(_NAME, text, "a name", "use up to 64 letters, digits and `_.@+-`, beginning with a letter or digit")
