"""The slow tests come first, and every place that is called slow is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.order import SLOW, _rank

ROOT = Path(__file__).parents[1]


def test_slow_places_exist_and_are_not_listed_in_vain() -> None:
    assert [place for place in SLOW if not (ROOT / place).exists()] == []
    assert len(set(SLOW)) == len(SLOW)


def test_the_tests_of_this_session_are_in_that_order(request: pytest.FixtureRequest) -> None:
    ranks = [_rank(item.nodeid) for item in request.session.items]
    assert ranks == sorted(ranks)
    assert (
        _rank("tests/e2e/test_x.py::test_y")
        < _rank("tests/test_crash.py::test_z")
        < _rank("tests/test_values.py::test_a")
    )
