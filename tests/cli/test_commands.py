"""The command line without a cloud: help, mistakes, empty states, exit codes, JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = (
    "demo", "scan", "findings", "explain", "plan", "approve", "apply", "rollback", "review", "resume", "exempt",
    "policy", "permissions", "controls", "ledger", "keyholder", "key", "conform", "connect",
)  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def goldseam(home: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GOLDSEAM_"))}
    env = {
        **kept,
        "GOLDSEAM_HOME": str(home),
        "HOME": str(home.parent),
        "AWS_EC2_METADATA_DISABLED": "true",
        **variables,
    }
    command = [sys.executable, "-m", "goldseam", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(home: Path, name: str) -> None:
    done = goldseam(home, name, "--help")
    assert done.returncode == 0
    if name not in ("policy", "ledger", "keyholder"):
        assert f"goldseam {name}" in done.stdout.partition("Example:")[2]
    assert not home.exists()


def test_every_command_is_listed(home: Path) -> None:
    printed = goldseam(home, "--help").stdout
    assert all(f"  {name} " in printed for name in COMMANDS)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("scna",), "No such command 'scna'"),
        (("explain", "f-0"), "there is no finding `f-0`"),
        (("plan", "p-0"), "there is no plan `p-0`"),
        (("plan",), "say what to plan"),
        (("plan", "--control", "aws.s3.bucket.versiond"), "did you mean `aws.s3.bucket.versioned`"),
        (("findings", "--status", "faill"), "did you mean `fail`"),
        (("findings", "--severity", "hihg"), "did you mean `high`"),
        (("scan", "--services", "s33"), "did you mean `s3`"),
        (("controls", "aws.s3.bucket.versiond"), "did you mean `aws.s3.bucket.versioned`"),
        (("permissions", "scaner"), "did you mean `scanner`"),
        (("policy", "check", "nowhere.yaml"), "No such file or directory: nowhere.yaml"),
        (("apply",), "say which plans to apply"),
        (("apply", "p-0", "--auto"), "say which plans to apply"),
        (("rollback", "p-0"), "there is no"),
        (("connect", "--role", "admin"), "is not the ARN of a role"),
        (("exempt", "f-0"), "there is no finding"),
        (("ledger", "export", "p-0"), "holds nothing about `p-0`"),
    ],
)
def test_a_mistake_gets_one_line_and_no_traceback(home: Path, words: tuple[str, ...], said: str) -> None:
    done = goldseam(home, *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("goldseam: ")]
    assert len(told) == 1 or "No such command" in done.stderr


def test_a_traceback_is_behind_debug(home: Path) -> None:
    assert "Traceback" in goldseam(home, "explain", "f-0", "--debug").stderr


def test_no_credentials_say_what_to_do(home: Path) -> None:
    done = goldseam(home, "scan", AWS_REGION="eu-west-1")
    assert done.returncode == 3
    assert "no AWS credentials were found" in done.stderr
    assert done.stderr.count("\n") == 1


def test_no_network_says_so(home: Path) -> None:
    variables = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-west-1"}
    done = goldseam(home, "scan", "--endpoint-url", "http://127.0.0.1:9", AWS_MAX_ATTEMPTS="1", **variables)
    assert done.returncode == 3
    assert "127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_home_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    done = goldseam(blocked / "home", "findings")
    assert done.returncode == 2
    assert str(blocked) in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("findings",), "Nothing was scanned yet"),
        (("exempt",), "Nothing is exempt"),
        (("policy", "show"), "No policy is in force, so nothing is changed"),
        (("ledger", "show"), "holds nothing"),
        (("resume",), "Nothing is unfinished"),
    ],
)
def test_an_empty_state_says_what_to_do_next(home: Path, words: tuple[str, ...], said: str) -> None:
    done = goldseam(home, *words)
    assert (done.returncode, said in done.stdout) == (0, True)


@pytest.mark.parametrize(
    ("words", "schema"),
    [
        (("findings",), "goldseam.findings/1"),
        (("controls",), "goldseam.controls/1"),
        (("controls", "aws.s3.bucket.versioned"), "goldseam.control/1"),
        (("exempt",), "goldseam.exemptions/1"),
        (("policy", "show"), "goldseam.policy/2"),
        (("ledger", "show"), "goldseam.ledger/1"),
        (("resume",), "goldseam.resume/1"),
        (("connect",), "goldseam.connection/1"),
    ],
)
def test_json_names_its_schema_and_is_documented(home: Path, words: tuple[str, ...], schema: str) -> None:
    done = goldseam(home, *words, "--json")
    assert json.loads(done.stdout)["schema"] == schema
    assert f"`{schema}`" in (Path(__file__).parents[2] / "docs" / "json.md").read_text("utf-8")


def test_controls_say_what_programs_need(home: Path) -> None:
    controls = json.loads(goldseam(home, "controls", "--json").stdout)["controls"]
    assert len(controls) >= 45
    for control in controls:
        assert {"id", "kind", "severity", "fixable", "reversible", "covers", "requirements"} <= set(control)


def test_a_first_policy_is_one_that_loads(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    assert goldseam(home, "policy", "init", str(file)).returncode == 0
    assert goldseam(home, "policy", "check", str(file)).returncode == 0
    assert goldseam(home, "policy", "use", str(file), "--by", "dana").returncode == 0
    entries = json.loads(goldseam(home, "ledger", "show", "--json").stdout)["entries"]
    assert [entry["kind"] for entry in entries] == ["policy", "checkpoint"]
    assert entries[0]["body"]["by"] == "dana"
    assert goldseam(home, "policy", "show").stdout.strip() == file.read_text("utf-8").strip()


def test_a_wrong_policy_is_not_put_in_force(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("version: 2\npolicies:\n  - name: x\n    controls: ['*']\n    mode: aks\n")
    done = goldseam(home, "policy", "use", str(file))
    assert done.returncode == 2
    assert "policy.yaml:5" in done.stderr
    assert "ask" in done.stderr
    assert not (home / "policy.yaml").exists()


def test_options_for_every_command_may_stand_after_it(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert goldseam(home, "findings", "--home", str(other)).returncode == 0
    assert other.exists()
    assert not home.exists()


def test_nothing_is_coloured_in_a_pipe(home: Path) -> None:
    assert "\x1b" not in goldseam(home, "controls").stdout
