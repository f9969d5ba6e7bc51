"""While a key is held there is no core dump, and no other process looks in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from goldseam.clouds.registry import clouds
from goldseam.keyholder.setup import set_up

_STATE = """
import ctypes, resource, sys
from goldseam.model import hardening
def state():
    return resource.getrlimit(resource.RLIMIT_CORE)[0], ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
resource.setrlimit(resource.RLIMIT_CORE, (4096, 4096))
"""
_WHILE = """
print(state())
with hardening.holding_a_key():
    print(state())
    with hardening.holding_a_key():
        pass
    print(state())
print(state())
try:
    with hardening.holding_a_key():
        raise ValueError
except ValueError:
    print(state())
"""
_KEYHOLDER = """
from goldseam.keyholder import main
code = main(["--config", sys.argv[1], "show"])
print(code, state())
"""
_CRASH = """
import os, signal
os.chdir(sys.argv[1])
with hardening.holding_a_key():
    os.kill(os.getpid(), signal.SIGSEGV)
"""
_ELSEWHERE = """
import sys
sys.platform = sys.argv[1]
class Broken:
    def __init__(self, name): raise OSError("no such library")
import ctypes
ctypes.CDLL = Broken
from goldseam.model import hardening
with hardening.holding_a_key():
    print("held")
"""


def run(program: str, *words: str) -> str:
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_holds_for_as_long_as_a_key_is_held() -> None:
    open_, closed = "(4096, 1)", "(0, 0)"
    assert run(_STATE + _WHILE).splitlines() == [open_, closed, closed, open_, open_]


def test_a_keyholder_holds_it_for_its_whole_life(tmp_path: Path) -> None:
    path = set_up(tmp_path, {"111122223333": "arn:aws:iam::111122223333:role/fix"}, clouds()).path
    assert run(_STATE + _KEYHOLDER, str(path)).splitlines()[-1] == "0 (0, 0)"


def test_a_crash_leaves_no_core(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _STATE + _CRASH, str(tmp_path)], capture_output=True, check=False)
    assert done.returncode == -11
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("platform", ["darwin", "linux"])
def test_a_system_without_that_call_is_no_fault(platform: str) -> None:
    assert run(_ELSEWHERE, platform) == "held\n"
