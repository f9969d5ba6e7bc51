"""The keyholder's record: durable, shared, and closed when it is damaged."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from goldseam.errors import AlreadyDone, GrantRefused, HomeError
from goldseam.keyholder.journal import Journal
from tests.keyholder.desk import NOON

PLAN = "p-0123456789abcdef"

_CLAIM = """
import os, sys
from datetime import datetime, UTC
from pathlib import Path
from goldseam.errors import AlreadyDone
from goldseam.keyholder.journal import Journal
journal = Journal(Path(sys.argv[1]))
sys.stdin.readline()
try:
    journal.claim(sys.argv[2], {}, datetime.now(UTC))
except AlreadyDone:
    os._exit(7)
os._exit(0)
"""

_PLANS = 200
_RACE = f"""
import sys
from datetime import datetime, UTC
from pathlib import Path
from goldseam.errors import AlreadyDone
from goldseam.keyholder.journal import Journal
journal = Journal(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range({_PLANS}):
    try:
        journal.claim(f"p-{{number}}", {{}}, datetime.now(UTC))
        print(number, flush=True)
    except AlreadyDone:
        pass
"""

_FULL = """
import resource, signal, sys
from datetime import datetime, UTC
from pathlib import Path
from goldseam.errors import StorageFull
from goldseam.keyholder.journal import Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(Path(sys.argv[1]))
journal.ask("first", datetime.now(UTC))
size = Path(sys.argv[1]).stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, size + 20))
try:
    journal.claim("p-1", {}, datetime.now(UTC))
except StorageFull:
    assert Path(sys.argv[1]).stat().st_size == size, "half a line stayed"
    sys.exit(9)
"""


def test_a_claim_outlives_the_process_that_made_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    child = [sys.executable, "-c", _CLAIM, str(path), PLAN]
    assert subprocess.run(child, input=b"\n", check=False).returncode == 0
    assert subprocess.run(child, input=b"\n", check=False).returncode == 7
    with pytest.raises(AlreadyDone):
        Journal(path).claim(PLAN, {}, NOON)


def test_of_several_processes_one_claims_each_plan(tmp_path: Path) -> None:
    """They start together and walk through the same plans, so that they meet at most of them."""
    command = [sys.executable, "-c", _RACE, str(tmp_path / "journal.jsonl")]
    children = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(3)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
    claimed: list[bytes] = []
    for child in children:
        assert child.stdin is not None
        child.stdin.write(b"go\n")
        child.stdin.flush()
    for child in children:
        claimed += child.communicate()[0].split()
    assert sorted(claimed, key=int) == [str(number).encode() for number in range(_PLANS)]


def test_two_open_journals_see_each_other(tmp_path: Path) -> None:
    one, other = Journal(tmp_path / "j"), Journal(tmp_path / "j")
    one.claim(PLAN, {"doors": "d"}, NOON)
    assert other.granted() == {PLAN: {"doors": "d"}}
    with pytest.raises(AlreadyDone):
        other.claim(PLAN, {}, NOON)
    assert other.release(PLAN, NOON, "test")
    assert not one.release(PLAN, NOON, "test")
    one.claim(PLAN, {}, NOON)


def test_a_line_that_a_crash_cut_short_never_counted(tmp_path: Path) -> None:
    path = tmp_path / "j"
    Journal(path).ask("n", NOON)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"event":"claimed","plan":"' + PLAN.encode())
    journal = Journal(path)
    journal.claim(PLAN, {}, NOON)
    assert path.read_bytes().startswith(whole)
    assert [json.loads(line)["event"] for line in path.read_text().splitlines()] == ["asked", "claimed"]


@pytest.mark.parametrize("damage", [b"garbage\n", b'{"plan":"p-1"}\n', b'{"event":"claimed"}\n', b"[1]\n"])
def test_a_damaged_record_closes_the_keyholder(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "j"
    Journal(path).ask("n", NOON)
    path.write_bytes(damage + path.read_bytes())
    with pytest.raises(HomeError, match="is damaged"):
        Journal(path).claim(PLAN, {}, NOON)


def test_a_full_disk_grants_nothing_and_leaves_no_half_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    assert subprocess.run([sys.executable, "-c", _FULL, str(path)], check=False).returncode == 9
    Journal(path).claim("p-1", {}, NOON)


def test_a_request_is_remembered_for_as_long_as_its_time_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "j"
    Journal(path).ask("n", NOON)
    with pytest.raises(GrantRefused, match="sent before"):
        Journal(path).ask("n", NOON + timedelta(minutes=14))
    Journal(path).ask("n", NOON + timedelta(minutes=16))


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state" / "j")
    journal.ask("n", NOON)
    assert journal.path.stat().st_mode & 0o777 == 0o600
    assert journal.path.parent.stat().st_mode & 0o777 == 0o700


def test_a_code_is_kept_as_a_hash_only(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    codes = {journal.issue_code(PLAN, NOON, timedelta(minutes=15)) for _ in range(3)}
    assert len(codes) == 3
    text = journal.path.read_text()
    assert not [code for code in codes if code in text or code.replace("-", "") in text]
    with pytest.raises(GrantRefused, match="not the one"):
        journal.claim(PLAN, {}, NOON, min(codes) + "0")
