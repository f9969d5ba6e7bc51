"""How many days have passed, in steps: what a plan rests on must not move every midnight."""

from __future__ import annotations

from datetime import date
from typing import Final

from goldseam.clouds.aws.kind import Ask

STEP: Final = 15
"""Days to which a time is rounded down.

A plan stops when a facet that it rests on moves. If every midnight moved one, no approval would outlive its day; so a
key's idle time moves twice a month, and is never said to be longer than it is.
"""


def days_since(ask: Ask, since: str) -> int:
    """Days up to the day of the reading, rounded down to steps of 15: N or more are said where N or more passed."""
    return _stepped(ask, since, 0)


def days_exceeded(ask: Ask, since: str) -> int:
    """The days that something is older than, rounded down to steps of 15: N are said where more than N passed.

    It is for rules that allow N days: with `days_since` such a rule would miss the first fifteen days after them.
    """
    return _stepped(ask, since, 1)


def _stepped(ask: Ask, since: str, less: int) -> int:
    passed = (date.fromisoformat(ask.today()) - date.fromisoformat(since[:10])).days
    return max(passed - less, 0) // STEP * STEP
