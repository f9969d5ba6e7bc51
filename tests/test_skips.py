"""A skipped test fails the session, unless the list allows that test for that reason."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PASSING = "def test_one():\n    pass\n"
SKIPPED = 'import pytest\n@pytest.mark.skip(reason="no account")\ndef test_two():\n    pass\n'
WAYS = {
    "a mark": SKIPPED,
    "a condition": "import pytest\n@pytest.mark.skipif(True, reason='no account')\ndef test_two():\n    pass\n",
    "a call": "import pytest\ndef test_two():\n    pytest.skip('no account')\n",
    "a fixture": "import pytest\n@pytest.fixture\ndef it():\n    pytest.skip('x')\ndef test_two(it):\n    pass\n",
    "a whole module": "import pytest\npytest.skip('no account', allow_module_level=True)\n",
    "a library that is missing": "import pytest\npytest.importorskip('no_account')\n",
    "no parameters": "import pytest\n@pytest.mark.parametrize('x', [])\ndef test_two(x):\n    pass\n",
    "expected to fail": "import pytest\n@pytest.mark.xfail(reason='no account')\ndef test_two():\n    assert False\n",
    "expected to fail, and passing": "import pytest\n@pytest.mark.xfail(reason='x')\ndef test_two():\n    pass\n",
    "expected to fail by a call": "import pytest\ndef test_two():\n    pytest.xfail('no account')\n",
    "unittest": "import unittest\nclass T(unittest.TestCase):\n    @unittest.skip('x')\n    def test_two(self): pass\n",
}


def ran(folder: Path, test: str, allowed: str = "", *more: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_a.py").write_text(PASSING)
    (folder / "test_b.py").write_text(test)
    (folder / "allowed.toml").write_text(allowed)
    options = ["-p", "tests.skips", "--allowed-skips", str(folder / "allowed.toml"), "-p", "no:cacheprovider"]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--rootdir",
        str(folder),
        "-c",
        "/dev/null",
        *options,
        *more,
        str(folder),
    ]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("test", WAYS.values(), ids=WAYS.keys())
def test_what_did_not_run_fails_the_session(tmp_path: Path, test: str) -> None:
    done = ran(tmp_path, test)
    assert done.returncode == 1, done.stdout
    assert "test_b.py" in done.stdout.partition("does not allow")[2]


def test_under_xdist_too(tmp_path: Path) -> None:
    for test in (SKIPPED, WAYS["a whole module"]):
        done = ran(tmp_path, test, "", "-n", "2")
        assert done.returncode == 1, done.stdout
        assert "no account" in done.stdout.partition("does not allow")[2]


@pytest.mark.parametrize(
    ("test", "reason", "code"),
    [("test_b.py::test_two", "no account", 0), ("*", "another reason", 1), ("test_a.py::*", "no account", 1)],
)
def test_the_list_allows_one_test_for_one_reason(tmp_path: Path, test: str, reason: str, code: int) -> None:
    done = ran(tmp_path, SKIPPED, f'[[skip]]\ntest = "{test}"\nreason = "{reason}"\n')
    assert done.returncode == code, done.stdout


def test_a_session_that_runs_everything_passes(tmp_path: Path) -> None:
    assert ran(tmp_path, PASSING).returncode == 0
