"""The order of the tests: the slow ones first, so that no core is left alone with them at the end.

Two workers that take tests one by one from a list that begins with the long ones end within one short test of each
other, however many there are. `--maxschedchunk=2` in pyproject.toml makes them take them so.
"""

from __future__ import annotations

from typing import Final

import pytest

SLOW: Final = (
    "tests/estate/",
    "tests/demo/",
    "tests/e2e/",
    "tests/proving/",
    "tests/test_crash.py",
    "tests/keyholder/test_emulator.py",
    "tests/aws/test_there_and_back.py",
    "tests/aws/test_every_control.py",
)
"""Where tests take seconds: they start processes, or prove many controls on an emulator. The slowest come first."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by how slow a test's place is; within a place the order stays, so that fixtures are made once."""
    items.sort(key=lambda item: _rank(item.nodeid))


def _rank(nodeid: str) -> int:
    return next((rank for rank, place in enumerate(SLOW) if nodeid.startswith(place)), len(SLOW))
