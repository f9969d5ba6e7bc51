"""Texts that must have an exact form: then they mean no more than themselves in a path, a command or a message."""

from __future__ import annotations

import re

from goldseam.model.display import visible
from goldseam.model.errors import UsageError


def formed(form: re.Pattern[str], text: str, what: str, hint: str) -> str:
    """The text; raises UsageError, with what it should be and how to write it, where it has another form."""
    if form.fullmatch(text) is None:
        msg = f"`{visible(text[:200])}` is not {what}; {hint}"
        raise UsageError(msg)
    return text
