"""The world of the command line's own tests; after each of them nothing may hold a key (law 9)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from goldseam.demo.aws import Clients
from goldseam.demo.emulator import ROOT_KEY, EmbeddedCloud
from goldseam.demo.lumen_people import seed_people
from goldseam.demo.lumen_storage import seed_storage
from tests.e2e.wire import wired
from tests.e2e.world import Person, World


@pytest.fixture(scope="session")
def root(ministack_server: EmbeddedCloud) -> Clients:
    """The root user's clients, made once for all tests of a process."""
    return Clients(ministack_server.endpoint, ministack_server.region, ROOT_KEY, ROOT_KEY)


@pytest.fixture
def world(ministack_cloud: EmbeddedCloud, root: Clients, tmp_path: Path) -> Iterator[World]:
    people, storage = seed_people(root, ministack_cloud.account_id), seed_storage(root, ministack_cloud.account_id)
    # An empty bucket is known not to be used, so that policies may close it unasked.
    root("s3").delete_object(Bucket=storage.data_bucket, Key=storage.data_key)
    with wired(ministack_cloud.endpoint) as wire:
        made = World(tmp_path, ministack_cloud, root, people, storage, wire)
        yield made
    assert made.said
    assert made.leaks() == []


@pytest.fixture
def dana(world: World) -> Person:
    return world.person("dana")
