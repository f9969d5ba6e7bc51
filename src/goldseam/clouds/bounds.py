"""How long reading may take and how much it may hold, and what exceeded that: the same words for every cloud.

The reasons for the numbers are in docs/decisions/0013-bounds-of-a-scan.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from goldseam.ports import Shard

Progress: TypeAlias = Callable[[Shard, int, int], None]
"""Told of the shard, how many of its resources are done, and how many are known so far."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of one account's reading, in seconds, bytes and numbers.

    `connect` and `silence` are for one attempt (until a connection is there; between two bytes), `read` for one call
    with its retries, without the time that our own rate limit and the cloud's throttling take. `listing`, `pages`,
    `empty_pages` (in a row) and `items` are for all pages of a listing, `resource` for one resource that is read
    afresh, `shard` for one region. After `failures` calls in a row to a service in a region without an answer, it is
    not called for `pause` seconds.
    """

    connect: float = 5.0
    silence: float = 15.0
    read: float = 30.0
    answer_bytes: int = 64 * 1024 * 1024
    listing: float = 600.0
    pages: int = 10_000
    empty_pages: int = 500
    items: int = 500_000
    resource: float = 300.0
    shard: float = 3600.0
    failures: int = 5
    pause: float = 60.0


DEFAULT: Final = Bounds()


@dataclass(frozen=True, slots=True, order=True)
class Incomplete:
    """A read that exceeded a bound: the call, the region it went to, and the reason."""

    operation: str
    region: str
    reason: str
