"""Arithmetic of ports and networks, held against sets of numbers."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldseam.clouds.aws.port_ranges import ALL, Range, within, without
from goldseam.control.networks import is_world

PORT = st.integers(0, 65535)
RANGE = st.tuples(PORT, PORT).map(lambda ends: (min(ends), max(ends)))
NEAR = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda ends: (min(ends), max(ends)))
NEAR_PORTS = st.lists(st.integers(0, 30), max_size=12)


def ports_of(ranges: object) -> list[int]:
    assert isinstance(ranges, tuple)
    return [port for first, last in ranges for port in range(first, last + 1)]


@given(NEAR, NEAR_PORTS)
def test_what_is_left_is_the_range_without_the_ports(span: Range, ports: list[int]) -> None:
    left = without(span, ports)
    assert ports_of(left) == [port for port in range(span[0], span[1] + 1) if port not in ports]


@given(NEAR, NEAR_PORTS)
def test_what_is_left_is_in_as_few_ranges_as_can_be(span: Range, ports: list[int]) -> None:
    for ranges in (without(span, ports), within(span, ports)):
        assert all(one[1] + 1 < other[0] for one, other in pairwise(ranges))


@given(NEAR, NEAR_PORTS)
def test_what_is_taken_and_what_is_left_make_the_range(span: Range, ports: list[int]) -> None:
    both = sorted(ports_of(without(span, ports)) + ports_of(within(span, ports)))
    assert both == list(range(span[0], span[1] + 1))


@given(RANGE, st.lists(PORT, max_size=50))
def test_no_port_that_was_taken_out_is_left(span: Range, ports: list[int]) -> None:
    for first, last in without(span, ports):
        assert span[0] <= first <= last <= span[1]
        assert not any(first <= port <= last for port in ports)


def test_ends_of_all_ports() -> None:
    assert without(ALL, [0, 65535]) == ((1, 65534),)
    assert without(ALL, [22]) == ((0, 21), (23, 65535))
    assert without((22, 22), [22]) == ()
    assert within((20, 8080), [22, 23, 25, 9000]) == ((22, 23), (25, 25))


@pytest.mark.parametrize(
    "cidr", ["0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "64.0.0.0/2", "8.0.0.0/7", "2000::/3", "8000::/1", "::/1"]
)
def test_the_world_and_its_large_parts(cidr: str) -> None:
    assert is_world(cidr)


@pytest.mark.parametrize(
    "cidr", ["10.0.0.0/8", "8.0.0.0/8", "192.168.0.0/16", "203.0.113.7/32", "fc00::/7", "2600::/12", "2001:db8::/32"]
)
def test_what_one_owner_can_hold_is_not_the_world(cidr: str) -> None:
    assert not is_world(cidr)
