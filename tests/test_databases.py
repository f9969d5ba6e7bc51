"""SQLite and PostgreSQL hold the same tables, and what goes wrong with PostgreSQL is one clear line."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from goldseam.model.errors import HomeError, HomeLocked, StorageFull, UsageError
from goldseam.store import Home
from goldseam.store.database import Database
from goldseam.store.engine import RuleBroken
from goldseam.store.postgres import PostgresEngine, _without_password, shown
from goldseam.store.schema import POSTGRES_GUARDS

SECRET = "hunter2%2F"


def columns(database: Database) -> dict[str, dict[str, bool]]:
    """The columns of each table, and whether each may be null."""
    if isinstance(database.engine, PostgresEngine):
        found = database.rows(
            "SELECT table_name, column_name, is_nullable = 'YES' FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND table_name <> 'schema_version'"
        )
    else:
        found = database.rows(
            'SELECT m.name, c.name, NOT (c."notnull" OR c.pk) FROM sqlite_master m, pragma_table_info(m.name) c'
            " WHERE m.type = 'table'"
        )
    tables: dict[str, dict[str, bool]] = {}
    for table, column, nullable in found:
        tables.setdefault(table, {})[column] = bool(nullable)
    return tables


def indexes(database: Database) -> set[str]:
    if isinstance(database.engine, PostgresEngine):
        query = "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND indexname NOT LIKE '%key'"
        return {name for (name,) in database.rows(query) if not name.endswith("_pkey")} | _ending_in_key(database)
    return {name for (name,) in database.rows("SELECT name FROM sqlite_master WHERE type = 'index' AND sql <> ''")}


def _ending_in_key(database: Database) -> set[str]:
    return {"history_key"} & {
        name for (name,) in database.rows("SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()")
    }


def test_both_databases_hold_the_same_tables_columns_and_indexes(tmp_path: Path, postgres: str) -> None:
    """The mutation: a column, or an index, is added to one of the two lists of migrations only."""
    with Home(tmp_path / "a") as one, Home(tmp_path / "b", None, postgres) as other:
        assert columns(one.database) == columns(other.database)
        assert indexes(one.database) == indexes(other.database)


def test_the_ledger_of_postgresql_cannot_be_emptied(tmp_path: Path, postgres: str) -> None:
    """The mutation: no trigger refuses TRUNCATE."""
    with Home(tmp_path, None, postgres) as home:
        home.ledger.append("scan", {"n": 1})
        with pytest.raises(RuleBroken, match="only appended to"), home.database.writing() as connection:
            connection.execute("TRUNCATE ledger")
        assert len(POSTGRES_GUARDS) == 3
        assert len(list(home.ledger.entries())) == 1


def test_a_database_without_tables_says_what_to_run(tmp_path: Path, empty_postgres: str) -> None:
    with pytest.raises(HomeError, match="holds nothing of goldseam yet; run `goldseam database migrate` once"):
        Home(tmp_path, None, empty_postgres)


def test_a_schema_of_the_future_is_refused(tmp_path: Path, postgres: str) -> None:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("UPDATE schema_version SET version = 99")
    with pytest.raises(HomeError, match="made by a newer goldseam"):
        Home(tmp_path, None, postgres)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"postgresql://ann:{SECRET}@127.0.0.1:1/db", r"`postgresql://ann@127\.0\.0\.1:1/db` cannot be used"),
        (f"postgresql://127.0.0.1:1/db?user=ann&password={SECRET}", r"`postgresql://127\.0\.0\.1:1/db` cannot be used"),
        (f"postgresql://ann:{SECRET}@host:no/db?sslmode=odd", "cannot be used"),
        (f"postgresql://ann:a{SECRET}@b@127.0.0.1:1/db", "cannot be used"),
        (f"mysql://ann:{SECRET}@host/db", "is named as `postgresql://"),
    ],
)
def test_a_database_that_is_not_there_is_one_line_without_the_password(tmp_path: Path, url: str, told: str) -> None:
    """The mutation: the driver's words, or the address, are shown as they are."""
    with pytest.raises((HomeError, UsageError), match=told) as caught:
        Home(tmp_path, None, url)
    said = str(caught.value)
    assert "hunter2" not in said
    assert "\n" not in said
    assert "hunter2" not in shown(url)


@pytest.mark.parametrize("url", [f"postgresql://ann:{SECRET}@h/d", f"postgresql://h/d?user=ann&password={SECRET}"])
def test_words_of_the_driver_are_shown_without_the_password_in_either_form(url: str) -> None:
    """The mutation: the driver's words are repeated as they are."""
    assert _without_password(url, f"bad {SECRET}, or hunter2/") == "bad …, or …"


def cut(url: str) -> None:
    """End every session of this process but the one that does so."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'goldseam%'"
        )


def _append_with_a_loss_between(home: Home, url: str) -> None:
    with home.database.writing(appending=True) as connection:
        home.ledger.append("scan", {"n": 2})
        cut(url)
        with pytest.raises(HomeError):
            home.ledger.append("scan", {"n": 3})
        with pytest.raises(psycopg.OperationalError):
            connection.execute("INSERT INTO home (name, value) VALUES ('n', 3)")
        home.ledger.append("scan", {"n": 4})


def _lost_at_the_end(home: Home, url: str) -> None:
    with home.database.writing() as connection:
        connection.execute("INSERT INTO home (name, value) VALUES ('n', 1)")
        cut(url)


def test_a_connection_that_is_lost_is_one_line_and_nothing_is_half_written(tmp_path: Path, postgres: str) -> None:
    """The mutation: statements after the loss run on a new connection, outside the transaction."""
    with Home(tmp_path, None, postgres) as home:
        home.ledger.append("scan", {"n": 1})
        with pytest.raises(HomeError, match="nothing was written"):
            _append_with_a_loss_between(home, postgres)
        assert [entry.body["n"] for entry in home.ledger.entries()] == [1]
        home.ledger.append("scan", {"n": 5})
        assert [entry.body["n"] for entry in home.ledger.entries()] == [1, 5]


def test_a_connection_that_is_lost_while_a_transaction_ends_says_that_it_may_be_there(
    tmp_path: Path, postgres: str
) -> None:
    with Home(tmp_path, None, postgres) as home:
        with pytest.raises(HomeError, match="all of it is there or nothing; look at"):
            _lost_at_the_end(home, postgres)
        assert home.database.row("SELECT value FROM home WHERE name = 'n'") is None


def test_an_idle_connection_that_was_cut_is_opened_again(tmp_path: Path, postgres: str) -> None:
    with Home(tmp_path, None, postgres) as home:
        home.ledger.append("scan", {"n": 1})
        cut(postgres)
        assert len(list(home.ledger.entries())) == 1
        cut(postgres)
        assert home.ledger.append("scan", {"n": 2}).seq == 2


def test_a_lock_that_was_lost_with_its_session_can_be_taken_by_another(tmp_path: Path, postgres: str) -> None:
    with Home(tmp_path, None, postgres) as one, Home(tmp_path, None, postgres) as other:
        with one.locks.hold("vault"):
            with pytest.raises(HomeLocked, match="is working on `vault`"), other.locks.hold("vault"):
                pass
            cut(postgres)
            with other.locks.hold("vault"):
                pass
        with one.locks.hold("vault"):
            pass


def test_a_server_without_space_says_so(tmp_path: Path, postgres: str) -> None:
    with (
        Home(tmp_path, None, postgres) as home,
        pytest.raises(StorageFull, match="no space is left"),
        home.database.writing() as connection,
    ):
        connection.execute("DO $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $$")
