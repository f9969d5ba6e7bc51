"""The demo as a newcomer runs it: the whole loop in an empty folder, and the cloud started again afterwards."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from goldseam.cli.tour import _fresh
from goldseam.demo.emulator import ROOT_KEY


def goldseam(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(*words), capture_output=True, text=True, check=False, cwd=folder, env=_env(folder, **variables)
    )


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "goldseam", *words]


def _env(folder: Path, **variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GOLDSEAM_"))}
    return {**kept, "HOME": str(folder), **variables}


@pytest.fixture(scope="module")
def toured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("tour")
    done = goldseam(folder, "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


def test_the_tour_shows_the_whole_loop(toured: tuple[Path, str]) -> None:
    _, shown = toured
    data = re.findall(r"anonymous GET of the data bucket +(\d+)", shown)
    website = re.findall(r"anonymous GET of the website +(\d+)", shown)
    assert data == ["200", "403"]
    assert website == ["200", "200"]
    decided = re.findall(r"^decision: (\w+)", shown, flags=re.MULTILINE)
    assert decided[:2] == ["auto", "leave"]
    assert shown.count("verified: ") == 3
    assert "takes back p-" in shown
    assert "the ledger is whole" in shown


def test_the_tour_leaves_a_home_to_explore(toured: tuple[Path, str]) -> None:
    folder, _ = toured
    home = folder / "goldseam-demo"
    assert "finding" in goldseam(folder, "findings", "--home", str(home)).stdout
    assert goldseam(folder, "ledger", "verify", "--home", str(home)).returncode == 0


def test_the_home_is_its_owners_alone(toured: tuple[Path, str]) -> None:
    """Everything that the demo creates, the emulated cloud's files too."""
    home = toured[0] / "goldseam-demo"
    open_to_others = [path for path in (home, *home.rglob("*")) if path.stat().st_mode & 0o077]
    assert open_to_others == []


def test_a_folder_that_was_there_is_closed_too(tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir(mode=0o755)
    assert _fresh(given) == given
    assert given.stat().st_mode & 0o777 == 0o700


def test_no_key_lies_in_the_home(toured: tuple[Path, str]) -> None:
    """Beside the emulated cloud itself (which knows its users' keys, as AWS does) no file holds one."""
    folder, shown = toured
    home = folder / "goldseam-demo"
    cloud = b"".join(path.read_bytes() for path in (home / "cloud").rglob("*") if path.is_file())
    keys = set(re.findall(rb'"SecretAccessKey": "([^"]{20,})"', cloud))
    assert len(keys) >= 4
    for path in home.rglob("*"):
        if path.is_file() and not path.is_relative_to(home / "cloud"):
            assert not [key for key in keys if key in path.read_bytes()], path
    assert not [key for key in keys if key.decode() in shown]


def test_a_second_tour_takes_another_folder_and_a_full_one_is_refused(toured: tuple[Path, str]) -> None:
    folder, _ = toured
    done = goldseam(folder, "demo", "--home", str(folder / "goldseam-demo"))
    assert done.returncode == 2
    assert "is not empty" in done.stderr


def test_the_cloud_can_be_started_again_and_explored(toured: tuple[Path, str]) -> None:
    folder, _ = toured
    home = str(folder / "goldseam-demo")
    served = subprocess.Popen(
        _command("demo", "--serve", "--home", home), stdout=subprocess.PIPE, text=True, cwd=folder, env=_env(folder)
    )
    try:
        assert served.stdout is not None
        exports = {}
        for line in served.stdout:
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").strip().partition("=")
                exports[name] = value
            if line.startswith("Ctrl-C"):
                break
        assert exports["AWS_ACCESS_KEY_ID"] != ROOT_KEY
        scanned = goldseam(folder, "scan", "--services", "s3", **exports)
        assert scanned.returncode == 1, scanned.stderr
        findings = goldseam(folder, "findings", "--control", "aws.s3.bucket.policy-not-public", **exports)
        assert "lumen-bikes-www" in findings.stdout
        assert "lumen-bikes-customer-exports" not in findings.stdout
    finally:
        served.send_signal(signal.SIGINT)
        served.communicate(timeout=60)
    assert served.returncode == 0


def test_serving_what_is_no_demo_says_so(tmp_path: Path) -> None:
    done = goldseam(tmp_path, "demo", "--serve")
    assert done.returncode == 2
    assert "is not the home of a demo" in done.stderr
