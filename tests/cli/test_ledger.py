"""The ledger at the command line: whole, broken, resealed; the policy in force; a home of an older version."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.cli.test_commands import goldseam
from tests.test_upgrade import RETIRED, old_home

FIRST = "version: 2\npolicies:\n  - name: first\n    controls: ['*']\n    mode: ask\n"
SECOND = FIRST.replace("first", "second")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def use(home: Path, text: str) -> None:
    file = home.parent / "given.yaml"
    file.write_text(text)
    assert goldseam(home, "policy", "use", str(file), "--by", "dana").returncode == 0


def sql(home: Path, statement: str) -> None:
    with sqlite3.connect(home / "goldseam.db") as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)


def shown(home: Path) -> tuple[list[str], str]:
    """The names of the policies in force, and what is said beside them."""
    done = goldseam(home, "policy", "show", "--json")
    return [item["name"] for item in json.loads(done.stdout)["policies"]], done.stderr


def test_a_home_that_was_never_used_says_so_and_gets_no_key(home: Path) -> None:
    done = goldseam(home, "ledger", "verify")
    assert (done.returncode, done.stdout.strip()) == (0, "Nothing is recorded yet.")
    assert json.loads(goldseam(home, "ledger", "verify", "--json").stdout)["entries"] == 0
    assert not list(home.glob("ledger.*"))


def test_a_broken_ledger_says_where_and_what_to_do_and_goes_on_after_a_reseal(home: Path) -> None:
    use(home, FIRST)
    use(home, SECOND)
    assert goldseam(home, "ledger", "verify").returncode == 0
    sql(home, "UPDATE ledger SET body = replace(body, 'dana', 'eve') WHERE seq = 1")
    broken = goldseam(home, "ledger", "verify")
    assert broken.returncode == 3
    assert "entry 1 is not what was written" in broken.stderr
    assert "goldseam ledger reseal" in broken.stderr
    assert goldseam(home, "ledger", "reseal").returncode == 2
    assert goldseam(home, "ledger", "reseal", "-m", " ").returncode == 2
    done = goldseam(home, "ledger", "reseal", "-m", "seen by all", "--by", "ann")
    assert done.returncode == 0
    assert "accepted as it is: entry 1 is not what was written" in done.stdout
    told = goldseam(home, "ledger", "verify")
    assert told.returncode == 1
    assert "whole since entry 5 (resealed by ann: seen by all)" in told.stdout
    assert "broken before: entry 1" in told.stdout
    document = json.loads(goldseam(home, "ledger", "verify", "--json").stdout)
    assert (document["since"], document["resealed"]["broken"][0]["seq"]) == (5, 1)
    assert goldseam(home, "ledger", "reseal", "-m", "again").returncode == 2
    exported = home.parent / "ledger.jsonl"
    goldseam(home, "ledger", "export", "-o", str(exported))
    elsewhere = goldseam(
        home.parent / "other", "ledger", "verify", "--file", str(exported), "--public-key", str(home / "ledger.pub")
    )
    assert elsewhere.returncode == 1
    assert "whole since entry 5" in elsewhere.stdout


@pytest.mark.parametrize("kept", [True, False])
def test_a_ledger_that_was_emptied_beside_its_key_is_broken(home: Path, *, kept: bool) -> None:
    use(home, FIRST)
    sql(home, "DELETE FROM ledger")
    if not kept:
        (home / "ledger.checkpoint").unlink()
    done = goldseam(home, "ledger", "verify")
    assert done.returncode == 3
    assert ("cut off" if kept else "its entries were removed") in done.stderr


def test_only_the_policy_that_was_put_in_force_is(home: Path) -> None:
    use(home, FIRST)
    assert shown(home) == (["first"], "")
    (home / "policy.yaml").write_text(SECOND)
    names, said = shown(home)
    assert names == ["first"]
    assert said.count("is not the policy in force") == 1
    assert f"goldseam policy use {home / 'policy.yaml'}" in said
    assert goldseam(home, "policy", "show").stdout.strip() == FIRST.strip()
    use(home, SECOND)
    assert shown(home) == (["second"], "")
    (home / "policy.yaml").unlink()
    assert shown(home) == (["second"], "")


def test_a_policy_file_that_nobody_put_in_force_is_not(home: Path) -> None:
    home.mkdir()
    (home / "policy.yaml").write_text(FIRST)
    names, said = shown(home)
    assert names == []
    assert "is not the policy in force" in said


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET body = replace(body, 'mode: ask', 'mode: leave') WHERE seq = 3",
        "UPDATE ledger SET body = '{}' WHERE seq = 3",
        "UPDATE ledger SET at = '2000' WHERE seq = 3",
        "UPDATE ledger SET body = 'no json' WHERE seq = 3",
    ],
)
def test_a_policy_that_does_not_verify_is_none_and_the_one_before_does_not_come_back(
    home: Path, statement: str
) -> None:
    use(home, FIRST)
    use(home, SECOND)
    sql(home, statement)
    names, said = shown(home)
    assert names == []
    assert "ledger entry 3 cannot be verified" in said
    use(home, SECOND)
    assert shown(home)[0] == ["second"]


def test_an_old_home_is_upgraded_once_and_says_what_that_means(home: Path) -> None:
    old_home(home)
    first = goldseam(home, "exempt")
    assert "upgraded from format 1 to 2" in first.stderr
    assert "2 plans of an older format cannot be applied" in first.stderr
    assert f"`{RETIRED}`, which does not exist" in first.stderr
    second = goldseam(home, "exempt", "--json")
    assert "upgraded" not in second.stderr
    names = [(item["name"], item["mapped"]) for item in json.loads(second.stdout)["exemptions"]]
    assert [mapped for _, mapped in names] == [False, False]
    assert goldseam(home, "exempt", names[1][0], "--withdraw").returncode == 0
    assert len(json.loads(goldseam(home, "exempt", "--json").stdout)["exemptions"]) == 1
    assert goldseam(home, "ledger", "verify").returncode == 0
