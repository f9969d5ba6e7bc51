"""Networks: which of them, alone or together, are the internet at large and not one owner's addresses. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Any, Final

_NARROWEST: Final = {4: 7, 6: 11}
"""The longest prefix, by IP version, that still holds more than any single owner.

IANA hands out IPv4 in blocks of /8 and IPv6 in blocks of /12 at the largest (IANA IPv4 Address Space Registry; IANA
IPv6 Global Unicast Address Assignments), so a wider public network always spans owners who have nothing in common.
"""

_HALVES: Final = {4: IPv4Network("0.0.0.0/1").num_addresses, 6: IPv6Network("2000::/4").num_addresses}
"""Half of all addresses: of IPv4, and of the global unicast addresses of IPv6 (RFC 4291, section 2.4)."""


@lru_cache(maxsize=4096)
def is_world(cidr: str) -> bool:
    """Whether a network is the internet at large: everything, a half of it, or any public network of many owners.

    That way 0.0.0.0/1 with 128.0.0.0/1 is no way round. A network of private, unique local or otherwise reserved
    addresses is never the world, however wide; nor is one that a single owner can hold, such as a /8.
    """
    network = ip_network(cidr, strict=False)
    return network.prefixlen <= _NARROWEST[network.version] and not network.is_private


def without_networks(cidr: str, taken: Iterable[str]) -> list[str]:
    """What is left of a network when others of its version are taken out of it, in as few networks as can be."""
    left: list[Any] = [ip_network(cidr, strict=False)]
    for other in taken:
        left = [piece for item in left for piece in _without(item, ip_network(other, strict=False))]
    return [str(item) for item in collapse_addresses(left)]


def _without(network: Any, other: Any) -> Iterable[Any]:
    if not network.overlaps(other):
        return (network,)
    return network.address_exclude(other) if other.prefixlen > network.prefixlen else ()


def internet_networks(cidrs: Iterable[str]) -> list[str]:
    """What of these networks is the internet at large, in words: single ones, or as many as together hold a half.

    Empty where they are not the internet. A list of every /8 is as open as 0.0.0.0/0.
    """
    held = list(cidrs)
    if single := sorted(cidr for cidr in held if is_world(cidr)):
        return single
    networks = [ip_network(cidr, strict=False) for cidr in held]
    four = collapse_addresses([item for item in networks if isinstance(item, IPv4Network)])
    six = collapse_addresses([item for item in networks if isinstance(item, IPv6Network)])
    sizes = {4: sum(item.num_addresses for item in four), 6: sum(item.num_addresses for item in six)}
    return [
        f"{sum(item.version == version for item in networks)} networks with half of all IPv{version} addresses"
        for version, size in sizes.items()
        if size >= _HALVES[version]
    ]
