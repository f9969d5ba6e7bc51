"""The one language of patterns that users write: `*` stands for any text, and nothing else is special. Pure.

Policies, exemptions, the keyholder's allow-list and the command line take it. What a cloud writes in its own language,
such as IAM's `*` and `?`, is read in that cloud's folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)


def matches(patterns: Iterable[str], name: str) -> bool:
    """Whether one of the patterns is the name, letter for letter; a `*` in the name is matched only by one in it."""
    return any(_compiled(pattern).fullmatch(name) for pattern in patterns)
