"""Arithmetic of port ranges and networks: what stays open of a range when single ports close, and who is the world.

Pure. Ranges are inclusive at both ends, as EC2 writes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_network
from typing import Final, TypeAlias

Range: TypeAlias = tuple[int, int]
"""The first and the last port of a range, both in it."""

ALL: Final[Range] = (0, 65535)

_NARROWEST_WORLD: Final = {4: 7, 6: 11}
"""The longest prefix, by IP version, that still holds more than any single owner.

IANA hands out IPv4 in blocks of /8 and IPv6 in blocks of /12 at the largest (IANA IPv4 Address Space Registry; IANA
IPv6 Global Unicast Address Assignments), so a wider public network always spans owners who have nothing in common.
"""


def overlap(one: Range, other: Range) -> Range | None:
    """The ports that two ranges share, or None."""
    low, high = max(one[0], other[0]), min(one[1], other[1])
    return (low, high) if low <= high else None


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


@lru_cache(maxsize=4096)
def is_world(cidr: str) -> bool:
    """Whether a network is the internet at large: everything, a half of it, or any public network of many owners.

    That way 0.0.0.0/1 with 128.0.0.0/1 is no way round. A network of private, unique local or otherwise reserved
    addresses is never the world, however wide; nor is one that a single owner can hold, such as a /8.
    """
    network = ip_network(cidr, strict=False)
    return network.prefixlen <= _NARROWEST_WORLD[network.version] and not network.is_private
