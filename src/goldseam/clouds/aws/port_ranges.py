"""Arithmetic of port ranges and networks: what stays open of a range when single ports close, and who is the world.

Pure. Ranges are inclusive at both ends, as EC2 writes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

Range: TypeAlias = tuple[int, int]
"""The first and the last port of a range, both in it."""

ALL: Final[Range] = (0, 65535)


def without(range_: Range, ports: Iterable[int]) -> tuple[Range, ...]:
    """The ranges that are left of a range when these ports are taken out, in order."""
    left, start = [], range_[0]
    for port in sorted({port for port in ports if range_[0] <= port <= range_[1]}):
        if port > start:
            left.append((start, port - 1))
        start = port + 1
    if start <= range_[1]:
        left.append((start, range_[1]))
    return tuple(left)


def within(range_: Range, ports: Iterable[int]) -> tuple[Range, ...]:
    """The ranges that these ports make inside a range; neighbours are one range."""
    made: list[Range] = []
    for port in sorted({port for port in ports if range_[0] <= port <= range_[1]}):
        if made and made[-1][1] == port - 1:
            made[-1] = (made[-1][0], port)
        else:
            made.append((port, port))
    return tuple(made)
