"""Fixtures that every test may ask for; one emulator of each sort for each test process, emptied before each test."""

from __future__ import annotations

import compileall
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from goldseam.demo.account import DemoAccount, seed_account
from goldseam.demo.emulator import EmbeddedCloud
from tests import emulators
from tests.databases import database, empty_postgres, postgres, postgres_server, stands_on
from tests.order import pytest_collection_modifyitems
from tests.skips import pytest_addoption, pytest_configure

__all__ = [
    "database", "empty_postgres", "postgres", "postgres_server", "pytest_addoption", "pytest_collection_modifyitems",
    "pytest_configure", "stands_on",
]  # fmt: skip

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")  # a busy machine is slow, and that says nothing of the program


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile the program once: tests start it hundreds of times, and an environment may forbid Python to keep that."""
    if not hasattr(session.config, "workerinput"):
        compileall.compile_dir(Path(__file__).parents[1] / "src", quiet=2)


@pytest.fixture(scope="session", autouse=True)
def _isolated_environment() -> Iterator[None]:
    """No test ever sees the configuration of whoever runs it."""
    with emulators.isolated_environment():
        yield


@pytest.fixture(scope="session")
def ministack_server() -> Iterator[EmbeddedCloud]:
    """The one IAM-enforcing emulator of this test process; ask for `ministack_cloud` instead."""
    with emulators.ministack() as cloud:
        yield cloud


@pytest.fixture(scope="session")
def moto_server() -> Iterator[emulators.Moto]:
    """The one moto server of this test process; ask for `moto_cloud` instead."""
    with emulators.moto() as cloud:
        yield cloud


@pytest.fixture
def ministack_cloud(ministack_server: EmbeddedCloud) -> EmbeddedCloud:
    """The IAM-enforcing emulator, emptied."""
    ministack_server.reset()
    return ministack_server


@pytest.fixture
def ministack_url(ministack_cloud: EmbeddedCloud) -> str:
    """Where the emptied IAM-enforcing emulator answers."""
    return ministack_cloud.endpoint


@pytest.fixture
def moto_cloud(moto_server: emulators.Moto) -> emulators.Moto:
    """The moto server, emptied."""
    moto_server.reset()
    return moto_server


@pytest.fixture
def moto_url(moto_cloud: emulators.Moto) -> str:
    """Where the emptied moto server answers."""
    return moto_cloud.endpoint


@pytest.fixture
def demo_account(ministack_cloud: EmbeddedCloud) -> DemoAccount:
    """Lumen Bikes' account, freshly seeded (about two seconds)."""
    return seed_account(ministack_cloud)
