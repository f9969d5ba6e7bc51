"""Patterns of names, in which `*` stands for any text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)


def matches(patterns: Iterable[str], name: str) -> bool:
    """Whether one of the patterns is the name; `*` stands for any text."""
    return any(_compiled(pattern).fullmatch(name) for pattern in patterns)
