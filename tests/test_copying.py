"""A home goes into another database whole, or not at all, and its ledger verifies there."""

from __future__ import annotations

from pathlib import Path

import orjson
import psycopg
import pytest

from goldseam.cli import run
from goldseam.decide.policy import Mode
from goldseam.model.errors import HomeError, LedgerBroken, UsageError
from goldseam.repair.execute import repair
from goldseam.store import Home
from goldseam.store.copying import copy, migrate, status
from goldseam.store.schema import MIGRATIONS
from tests.databases import refuse
from tests.memory_cloud import Scene, dials_safe, private, scene
from tests.test_store import Looked, decision, save, vault, verdict

TABLES = ("document", "resource", "finding", "gap", "plan", "seal", "ledger", "scan", "history")


def filled(folder: Path) -> Scene:
    stage = scene(folder)
    plan = stage.plan(private, dials_safe)
    stage.approved(plan)
    assert repair(plan, stage.leave(plan, Mode.ASK, 1), stage.doors, stage.home.signer).state == "verified"
    stage.home.plans.save([(plan, ())])
    for word in ("one", "two"):
        failing = verdict(vault(1), "c1")
        save(stage.home, Looked(vault(1, rules=[word]), (failing,), (), (decision(failing),)), Looked(vault(2)))
    failing = verdict(vault(1), "c1")
    save(stage.home, Looked(vault(1, rules=["two"]), (failing,), (), (decision(failing),)))
    return stage


def held(home: Home) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, without the numbers that a database gives by itself."""
    found = {}
    for table in TABLES:
        rows = home.database.rows(f"SELECT * FROM {table}")
        names = [name for (name,) in _names(home, table)]
        found[table] = sorted(
            tuple(value for name, value in sorted(zip(names, row, strict=True)) if name != "number") for row in rows
        )
    return found


def _names(home: Home, table: str) -> list[tuple[str]]:
    if home.database.engine.shown.startswith("postgres"):
        query = (
            "SELECT column_name::text FROM information_schema.columns WHERE table_schema = current_schema()"
            " AND table_name = ? ORDER BY ordinal_position"
        )
        return [(name,) for (name,) in home.database.rows(query, (table,))]
    return [(row[1],) for row in home.database.rows(f"PRAGMA table_info({table})")]


def test_a_home_goes_into_postgresql_and_back_and_is_the_same(tmp_path: Path, postgres: str) -> None:
    """The mutation: a column, or a table, is left out of what is copied."""
    stage = filled(tmp_path)
    with Home(stage.home.path, None, postgres) as there, Home(tmp_path / "back") as back:
        told = copy(stage.home, there)
        assert (told.rows["ledger"], told.last, told.breaks) == (
            len(list(stage.home.ledger.entries())), stage.home.ledger.last(), (),
        )  # fmt: skip
        copy(there, back)
        assert held(stage.home) == held(there) == held(back)
        assert all(held(back)[table] for table in TABLES if table != "gap")
        assert list(back.ledger.verified()) == list(stage.home.ledger.verified())
        assert [item.hash for item in back.scans.history(vault(1).ref)] == [
            item.hash for item in stage.home.scans.history(vault(1).ref)
        ]
        back.ledger.append("scan", {"n": 1})
        save(there, Looked(vault(3)))
        assert back.ledger.breaks() == ()
        assert back.signer.public == stage.home.signer.public


def test_a_target_that_holds_something_is_refused(tmp_path: Path, postgres: str) -> None:
    stage = filled(tmp_path)
    with Home(stage.home.path, None, postgres) as there:
        there.scans.begin("acc")
        with pytest.raises(UsageError, match="is not empty"):
            copy(stage.home, there)


def test_a_broken_ledger_is_not_copied(tmp_path: Path, postgres: str) -> None:
    """The mutation: neither the source nor what was copied is verified."""
    stage = filled(tmp_path)
    with stage.home.database.writing() as connection:
        stage.home.database.engine.remove_guards()
        connection.execute("UPDATE ledger SET body = '{}' WHERE seq = 1")
        stage.home.database.engine.restore_guards()
    with Home(stage.home.path, None, postgres) as there, pytest.raises(LedgerBroken):
        copy(stage.home, there)


def test_a_copy_that_fails_leaves_nothing_neither_rows_nor_keys(tmp_path: Path) -> None:
    """The mutation: each table is a transaction of its own, or the key files stay."""
    stage = filled(tmp_path)
    with Home(tmp_path / "back") as back:
        with back.database.writing() as connection:
            refuse(connection, "", "full", "INSERT ON finding")
        with pytest.raises(HomeError, match="full"):
            copy(stage.home, back)
        assert not any(status(back).rows.values())
        assert back.signer.public == ""
        with pytest.raises(HomeError, match="only appended to"), back.database.writing() as connection:
            connection.execute("INSERT INTO ledger VALUES (9, '', 'scan', NULL, '{}', '', '')")


def test_migrating_is_done_once_and_says_so(tmp_path: Path, empty_postgres: str) -> None:
    assert (migrate(tmp_path, empty_postgres).before, migrate(tmp_path, empty_postgres).before) == (0, 1)
    assert migrate(tmp_path / "home", "").now == len(MIGRATIONS)


def test_the_commands_status_copy_and_migrate(
    tmp_path: Path, empty_postgres: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, home = filled(tmp_path), str(tmp_path / "home")
    length = len(list(stage.home.ledger.entries()))
    stage.home.close()
    assert run(["database", "copy", "--home", home, "--to", empty_postgres]) == 2
    assert "run `goldseam database migrate` once" in capsys.readouterr().err
    assert run(["database", "migrate", "--home", home, "--database", empty_postgres, "--json"]) == 0
    assert orjson.loads(capsys.readouterr().out)["before"] == 0
    assert run(["database", "copy", "--home", home, "--to", empty_postgres, "--json"]) == 0
    told = orjson.loads(capsys.readouterr().out)
    assert (told["schema"], told["rows"]["ledger"], told["breaks"]) == ("goldseam.database/1", length, [])
    monkeypatch.setenv("GOLDSEAM_DATABASE", empty_postgres)
    assert run(["database", "status", "--home", home]) == 0
    assert f"verifies up to entry {length}" in capsys.readouterr().out
    assert run(["ledger", "verify", "--home", home]) == 0
    capsys.readouterr()
    with psycopg.connect(empty_postgres, autocommit=True) as connection:
        connection.execute("UPDATE history SET at = '2000-01-01T00:00:00+00:00'")
    assert run(["database", "prune", "--home", home, "--days", "1", "--json"]) == 0
    assert orjson.loads(capsys.readouterr().out) == {"schema": "goldseam.database-prune/1", "forgotten": 2}
    assert run(["database", "copy", "--home", home, "--to", str(tmp_path / "back")]) == 0
