"""The keyholder's record: durable, shared, chained, and closed when anything in it is not as it was written."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from goldseam.keyholder.chain import ChainedFile, Head
from goldseam.keyholder.journal import Journal
from goldseam.keyholder.reseal import reseal
from goldseam.model.errors import AlreadyDone, GrantRefused, HomeError, StorageFull, UsageError
from tests.keyholder.desk import NOON

PLAN, OTHER = f"p-{'0123456789abcdef' * 2}", f"p-{'f' * 32}"
KEY = b"k" * 32


def journal_at(path: Path, key: bytes = KEY) -> Journal:
    return Journal(path, key, create=True)


def claimed(path: Path) -> Path:
    """A record with the claims of two plans and the head that fits it."""
    journal = journal_at(path)
    journal.ask("n", NOON)
    journal.claim(PLAN, {"doors": "d"}, NOON)
    journal.claim(OTHER, {"doors": "e"}, NOON)
    return path


def head_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.head")


_CLAIM = """
import os, sys
from datetime import datetime, UTC
from pathlib import Path
from goldseam.model.errors import AlreadyDone
from goldseam.keyholder.journal import Journal
journal = Journal(Path(sys.argv[1]), b"k" * 32, create=True)
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
from goldseam.model.errors import AlreadyDone
from goldseam.keyholder.journal import Journal
journal = Journal(Path(sys.argv[1]), b"k" * 32, create=True)
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
from goldseam.model.errors import StorageFull
from goldseam.keyholder.journal import Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(Path(sys.argv[1]), b"k" * 32, create=True)
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
        journal_at(path).claim(PLAN, {}, NOON)


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
    one, other = journal_at(tmp_path / "j"), journal_at(tmp_path / "j")
    one.claim(PLAN, {"doors": "d"}, NOON)
    assert other.granted() == {PLAN: {"doors": "d"}}
    with pytest.raises(AlreadyDone):
        other.claim(PLAN, {}, NOON)
    assert other.release(PLAN, NOON, "test")
    assert not one.release(PLAN, NOON, "test")
    one.claim(PLAN, {}, NOON)


def test_a_line_that_a_crash_cut_short_never_counted(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal_at(path).ask("n", NOON)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"event":"claimed","plan":"' + PLAN.encode())
    journal = journal_at(path)
    journal.claim(PLAN, {}, NOON)
    assert path.read_bytes().startswith(whole)
    assert [json.loads(line)["event"] for line in path.read_text().splitlines()] == ["asked", "claimed"]


@pytest.mark.parametrize("damage", [b"garbage\n", b'{"plan":"p-1"}\n', b'{"event":"claimed"}\n', b"[1]\n"])
def test_a_damaged_record_closes_the_keyholder(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "j"
    journal_at(path).ask("n", NOON)
    path.write_bytes(damage + path.read_bytes())
    with pytest.raises(HomeError, match=r"is damaged: line 1 .*reseal"):
        journal_at(path).claim(PLAN, {}, NOON)


def test_a_full_disk_grants_nothing_and_leaves_no_half_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    assert subprocess.run([sys.executable, "-c", _FULL, str(path)], check=False).returncode == 9
    journal_at(path).claim("p-1", {}, NOON)


def test_a_request_is_remembered_for_as_long_as_its_time_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal_at(path).ask("n", NOON)
    with pytest.raises(GrantRefused, match="sent before"):
        journal_at(path).ask("n", NOON + timedelta(minutes=14))
    journal_at(path).ask("n", NOON + timedelta(minutes=16))


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    journal = journal_at(tmp_path / "state" / "j")
    journal.ask("n", NOON)
    assert journal.path.stat().st_mode & 0o777 == 0o600
    assert head_of(journal.path).stat().st_mode & 0o777 == 0o600
    assert journal.path.parent.stat().st_mode & 0o777 == 0o700


def test_a_code_is_kept_as_a_hash_only(tmp_path: Path) -> None:
    journal = journal_at(tmp_path / "j")
    codes = {journal.issue_code(PLAN, NOON, timedelta(minutes=15)) for _ in range(3)}
    assert len(codes) == 3
    text = journal.path.read_text()
    assert not [code for code in codes if code in text or code.replace("-", "") in text]
    with pytest.raises(GrantRefused, match="not the one"):
        journal.claim(PLAN, {}, NOON, min(codes) + "0")


def test_a_record_is_kept_with_the_claim_and_given_back(tmp_path: Path) -> None:
    journal = journal_at(tmp_path / "j")
    for plan, value in ((PLAN, 1), (OTHER, 2)):
        journal.claim(plan, {"images": {"doors": value}, "controls": ["a", "b"]}, NOON)
    wanted = {plan: {"images": {"doors": value}, "controls": ["a", "b"]} for plan, value in ((PLAN, 1), (OTHER, 2))}
    assert journal.granted() == journal_at(tmp_path / "j").granted() == wanted
    journal.release(PLAN, NOON, "by hand")
    assert journal.granted() == wanted, "what was granted can be taken back after its release too"
    journal.release(OTHER, NOON, "STS refused", granted=False)
    assert list(journal.granted()) == [PLAN]


def test_a_plan_is_taken_back_once_at_a_time(tmp_path: Path) -> None:
    """The check binds the plan that is taken back: another one's rollback is not held up by it."""
    back, again, third = (f"p-{digit * 32}" for digit in "123")
    journal = journal_at(tmp_path / "j")
    journal.claim(back, {}, NOON, once_of=PLAN)
    with pytest.raises(AlreadyDone, match=f"{PLAN} was taken back before, by plan {back}"):
        journal_at(tmp_path / "j").claim(again, {}, NOON, once_of=PLAN)
    journal.claim(third, {}, NOON, once_of=OTHER)
    journal.claim(f"p-{'4' * 32}", {}, NOON)
    journal.claim(f"p-{'5' * 32}", {}, NOON)
    assert journal.release(back, NOON, "by hand")
    journal.claim(again, {}, NOON, once_of=PLAN)
    with pytest.raises(AlreadyDone, match="granted before"):
        journal.claim(again, {}, NOON, once_of=PLAN)


def lines_without(number: int) -> Callable[[Path], None]:
    def act(path: Path) -> None:
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(lines[:number] + lines[number + 1 :]))

    return act


def with_(old: bytes, new: bytes) -> Callable[[Path], None]:
    def act(path: Path) -> None:
        assert old in path.read_bytes()
        path.write_bytes(path.read_bytes().replace(old, new, 1))

    return act


def swapped(path: Path) -> None:
    first, second, third = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + third + second)


def unchained(path: Path) -> None:
    """As an older version would have written it, without its last claim."""
    lines = [json.loads(line) for line in path.read_text().splitlines()[:-1]]
    plain = [{name: value for name, value in line.items() if name not in ("prev", "mac")} for line in lines]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in plain))


def begun_again(path: Path) -> None:
    """A genuine record of another history, under the head of this one."""
    head = head_of(path).read_bytes()
    path.unlink()
    head_of(path).unlink()
    journal = journal_at(path)
    for plan in "123":
        journal.claim(f"p-{plan * 32}", {}, NOON)
    head_of(path).write_bytes(head)


def release_added(path: Path) -> None:
    other = path.with_name("other")
    claimed(other)
    journal_at(other).release(PLAN, NOON, "forged")
    forged = json.loads(other.read_text().splitlines()[-1])
    forged["mac"] = "0" * 64
    path.write_text(path.read_text() + json.dumps(forged) + "\n")


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (lines_without(0), "line 1 does not follow"),
        (lines_without(1), "line 2 does not follow"),
        (lines_without(2), "1 lines are missing at its end"),
        (lambda path: path.write_bytes(b""), "3 lines are missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "1 lines are missing"),
        (with_(OTHER.encode(), f"p-{'e' * 32}".encode()), "line 3 was changed"),
        (with_(b'"claimed"', b'"ignored"'), "line 2 was changed"),
        (swapped, "line 2 does not follow"),
        (unchained, "line 1 is not chained"),
        (release_added, "line 4 was changed"),
        (lambda path: path.unlink(), "it is missing"),
        (lambda path: head_of(path).unlink(), "head `j.head` cannot be read"),
        (lambda path: head_of(path).write_bytes(b""), "is no head"),
        (lambda path: with_(b'"lines":3', b'"lines":2')(head_of(path)), "head `j.head` was changed"),
        (begun_again, "its head belongs to another state of it|1 lines are missing"),
    ],
)
@pytest.mark.parametrize("running", [False, True])
def test_what_was_changed_or_cut_off_grants_nothing(
    tmp_path: Path, act: Callable[[Path], Any], why: str, running: bool
) -> None:
    """A new process, and one that had read the record before, both notice; and again at the next request."""
    path = claimed(tmp_path / "j")
    journal = Journal(path, KEY)
    if running:
        assert set(journal.granted()) == {PLAN, OTHER}
    act(path)
    for _ in range(2):
        with pytest.raises(HomeError, match=f"({why}).*nothing is granted.*reseal"):
            journal.claim(OTHER, {}, NOON)


def test_a_record_under_another_key_is_not_believed(tmp_path: Path) -> None:
    path = claimed(tmp_path / "j")
    with pytest.raises(HomeError, match="another key"):
        Journal(path, b"x" * 32).granted()


def test_a_record_is_made_only_where_it_is_to_be_made(tmp_path: Path) -> None:
    """A keyholder whose record and head were both removed does not begin with a new one."""
    path = claimed(tmp_path / "j")
    path.unlink()
    head_of(path).unlink()
    with pytest.raises(HomeError, match="it is missing"):
        Journal(path, KEY).claim(OTHER, {}, NOON)
    assert not path.exists()


def test_a_link_in_the_place_of_the_record_is_not_followed(tmp_path: Path) -> None:
    path = claimed(tmp_path / "j")
    for place in (path, head_of(path)):
        elsewhere = tmp_path / "elsewhere"
        place.rename(elsewhere)
        place.symlink_to(elsewhere)
        with pytest.raises(HomeError):
            Journal(path, KEY).claim(PLAN, {}, NOON)
        place.unlink()
        elsewhere.rename(place)


_KILLED = """
import os, sys
from datetime import datetime, UTC
from pathlib import Path
from goldseam.keyholder import chain
from goldseam.keyholder.journal import Journal
moment, path = sys.argv[1], Path(sys.argv[2])
whole = chain._write_whole
def write(file, content):
    if b'"claimed"' in content:
        if moment == "torn":
            os.write(file.fileno(), content[:40])
            os.kill(os.getpid(), 9)
        whole(file, content)
        if moment == "line":
            os.kill(os.getpid(), 9)
    elif moment == "head":
        os.write(file.fileno(), content[:40])
        os.kill(os.getpid(), 9)
    else:
        whole(file, content)
chain._write_whole = write
Journal(path, b"k" * 32).claim(sys.argv[3], {}, datetime.now(UTC))
"""


@pytest.mark.parametrize(("moment", "counts"), [("torn", False), ("line", True), ("head", True)])
def test_a_crash_between_a_line_and_its_head_neither_locks_out_nor_grants_twice(
    tmp_path: Path, moment: str, counts: bool
) -> None:
    path, plan = claimed(tmp_path / "j"), f"p-{'9' * 32}"
    done = subprocess.run([sys.executable, "-c", _KILLED, moment, str(path), plan], check=False)
    assert done.returncode == -signal.SIGKILL
    journal = Journal(path, KEY)
    if counts:
        with pytest.raises(AlreadyDone):
            journal.claim(plan, {}, NOON)
    else:
        journal.claim(plan, {}, NOON)
    journal.claim(f"p-{'8' * 32}", {}, NOON)
    assert set(Journal(path, KEY).granted()) == {PLAN, OTHER, plan, f"p-{'8' * 32}"}


class FullDisk(ChainedFile):
    """Has room for lines and none for the head."""

    def _write_head(self, head: Head) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_head_that_cannot_be_written_leaves_no_line(tmp_path: Path) -> None:
    path, plan = claimed(tmp_path / "j"), f"p-{'9' * 32}"
    size = path.stat().st_size
    full = FullDisk(path, KEY)
    with pytest.raises(StorageFull), full.locked() as opened:
        full.append(opened, {"event": "claimed", "plan": plan, "record": {}})
    assert path.stat().st_size == size
    Journal(path, KEY).claim(plan, {}, NOON)


def test_a_sealed_record_is_verified_to_its_end(tmp_path: Path) -> None:
    path = claimed(tmp_path / "j")
    head = Journal(path, KEY).verified()
    assert head.lines == 3
    Journal(path, KEY).ask("m", NOON)
    assert Journal(path, KEY).verified().lines == 4


def old_record(path: Path) -> Path:
    """A record as the version before wrote it."""
    entries = [
        {"event": "asked", "nonce": "n", "at": NOON.isoformat()},
        {"event": "claimed", "plan": PLAN, "before": {"doors": "d"}, "at": NOON.isoformat()},
        {"event": "claimed", "plan": OTHER, "before": {}, "at": NOON.isoformat()},
        {"event": "released", "plan": OTHER, "because": "by hand", "at": NOON.isoformat()},
        {"event": "code", "plan": OTHER, "salt": "00", "hash": "11", "expires": "2099-01-01T00:00:00+00:00", "at": "x"},
    ]
    path.write_text("".join(f"{json.dumps(entry)}\n" for entry in entries))
    return path


def test_an_old_record_is_taken_over_by_a_persons_word(tmp_path: Path) -> None:
    path = old_record(tmp_path / "j.jsonl")
    held = path.read_bytes()
    with pytest.raises(HomeError, match="head"):
        Journal(path, KEY).granted()
    with pytest.raises(UsageError, match="say why"):
        reseal(path, KEY, "  ", NOON)
    assert path.read_bytes() == held
    done = reseal(path, KEY, "upgrade", NOON)
    assert (done.kept, done.claims, done.left_out) == (3, 2, (4, 5))
    assert done.aside is not None
    assert done.aside.read_bytes() == held
    journal = Journal(path, KEY)
    assert journal.granted() == {PLAN: {"doors": "d"}, OTHER: {}}
    for plan in (PLAN, OTHER):
        with pytest.raises(AlreadyDone):
            journal.claim(plan, {}, NOON)
    assert json.loads(path.read_text().splitlines()[0])["because"] == "upgrade"


def test_what_a_damaged_record_would_allow_is_not_taken_over(tmp_path: Path) -> None:
    """A forged release, a forged code and a forged request for a code stay out when it is sealed again."""
    path = claimed(tmp_path / "j.jsonl")
    forged: list[Any] = [
        {"event": "released", "plan": PLAN, "because": "forged", "at": NOON.isoformat()},
        {"event": "decided", "decision": "refused", "lacks": "code", "plan": f"p-{'7' * 32}", "at": NOON.isoformat()},
        {"event": "claimed", "plan": 7, "at": NOON.isoformat()},
    ]
    path.write_text(path.read_text() + "".join(f"{json.dumps(entry)}\n" for entry in forged) + "garbage\n")
    running = Journal(path, KEY)
    with pytest.raises(HomeError):
        running.granted()
    reseal(path, KEY, "looked at it", NOON)
    assert set(running.granted()) == {PLAN, OTHER}
    for plan in (PLAN, OTHER):
        with pytest.raises(AlreadyDone):
            running.claim(plan, {}, NOON)
    with pytest.raises(GrantRefused):
        running.lacking_code(f"p-{'7' * 32}", NOON)


def test_a_running_keyholder_follows_when_its_record_is_sealed_again(tmp_path: Path) -> None:
    path = claimed(tmp_path / "j.jsonl")
    running = Journal(path, KEY)
    running.release(PLAN, NOON, "by hand")
    reseal(path, KEY, "why not", NOON)
    with pytest.raises(AlreadyDone):
        running.claim(PLAN, {}, NOON)
    running.claim(f"p-{'6' * 32}", {}, NOON)
    assert Journal(path, KEY).verified().lines == 5


def test_a_code_is_made_only_for_a_plan_that_was_refused_for_want_of_one(tmp_path: Path) -> None:
    journal = journal_at(tmp_path / "j")
    refused = {"plan": PLAN, "at": NOON.isoformat(), "decision": "refused", "because": "step 4: the list"}
    journal.decide(refused)
    with pytest.raises(GrantRefused, match=f"goldseam apply {PLAN}"):
        journal.lacking_code(PLAN, NOON)
    journal.decide({**refused, "lacks": "code", "resource": "bucket a"})
    journal.decide({**refused, "lacks": "code", "plan": OTHER, "resource": "bucket b"})
    assert Journal(journal.path, KEY).lacking_code(PLAN, NOON)["resource"] == "bucket a"
    assert journal.lacking_code(OTHER, NOON)["resource"] == "bucket b"
    with pytest.raises(GrantRefused):
        journal.lacking_code(f"p-{'0' * 32}", NOON)
    with pytest.raises(GrantRefused):
        journal.lacking_code(PLAN, NOON + timedelta(hours=25))
    journal.claim(PLAN, {}, NOON)
    with pytest.raises(GrantRefused):
        journal.lacking_code(PLAN, NOON)
    assert journal.lacking_code(OTHER, NOON)
