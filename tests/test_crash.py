"""Law 8: killed anywhere, a repair ends verified, undone or as a conflict; and it runs once, whoever asks for it.

The cloud of these tests is kept in a file, so that it outlives the process that is killed.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Final

import psycopg
import pytest

from goldseam.audit.record import verify_ledger
from goldseam.control import Call
from goldseam.model.errors import ExemptResource, GoldseamError, GrantRefused
from goldseam.model.values import Json, canonical, plain, same
from goldseam.ports import Entry, Ledger
from goldseam.repair.claim import followed, standing_claims
from goldseam.repair.execute import repair
from goldseam.repair.resume import Resumed, resume, unfinished
from goldseam.store.locks import FileLocks
from tests.memory_cloud import REF, Fault, Scene, private, scene
from tests.test_apply import exemption

FORKS: Final = get_context("forkserver")
FORKS.set_forkserver_preload(["tests.test_crash"])
NEVER: Final = 0
FAILS: Final[Mapping[str, tuple[Fault, ...]]] = {
    "works": (),
    "fails": (Fault("vault.RemoveRules", "denied"),),
    "lies": (Fault("vault.RemoveRules", "lie"),),
    "doubts": (Fault("vault.RemoveRules", "doubt"),),
    "refused": (),
    "exempt": (),
}
POINTS: Final = {"works": 46, "fails": 58, "lies": 76, "doubts": 46, "refused": 10, "exempt": 10}
"""How many moments there are to be killed at: before and after every entry and every call."""
HALF: Final = 28
"""The moment after the third of five calls was answered."""
RECOVERY: Final = 40
"""How many moments a recovery from there has."""


class Killer:
    """Counts moments, and sends its own process a signal at one of them; what is buffered anywhere is lost."""

    def __init__(self, at: int, how: signal.Signals = signal.SIGKILL) -> None:
        self.at, self.how = at, how
        self.passed = 0

    def moment(self, call: Call | None = None, when: str = "") -> None:
        self.passed += 1
        if self.passed == self.at:
            os.kill(os.getpid(), self.how)


@dataclass
class DeadlyLedger:
    """A ledger with a moment before and after each entry."""

    ledger: Ledger
    killer: Killer

    def append(self, kind: str, body: Mapping[str, Json]) -> Entry:
        return self._written(lambda: self.ledger.append(kind, body))

    def claim(self, plan_id: str, body: Mapping[str, Json], *, check: Callable[[], None] | None = None) -> Entry:
        return self._written(lambda: self.ledger.claim(plan_id, body, check=check))

    def take_over(self, plan_id: str, body: Mapping[str, Json]) -> Entry:
        return self._written(lambda: self.ledger.take_over(plan_id, body))

    def append_under(self, epoch: int, kind: str, body: Mapping[str, Json]) -> Entry:
        return self._written(lambda: self.ledger.append_under(epoch, kind, body))

    def _written(self, write: Callable[[], Entry]) -> Entry:
        self.killer.moment()
        entry = write()
        self.killer.moment()
        return entry

    def entries(
        self, *, kind: str | None = None, plan: str | None = None, since: datetime | None = None
    ) -> Iterator[Entry]:
        return self.ledger.entries(kind=kind, plan=plan, since=since)

    def verified(
        self, *, kind: str | None = None, plan: str | None = None, since: datetime | None = None
    ) -> Iterator[Entry]:
        return self.ledger.verified(kind=kind, plan=plan, since=since)

    def require_whole(self) -> None:
        self.ledger.require_whole()


def deadly(folder: Path, at: int, sign: signal.Signals = signal.SIGKILL) -> tuple[Scene, Killer]:
    stage, killer = scene(folder, kept=True), Killer(at, sign)
    stage.ledger = DeadlyLedger(stage.home.ledger, killer)
    stage.cloud.on_call = killer.moment
    return stage, killer


def troubled(stage: Scene, how: str) -> Scene:
    """With what goes wrong in one of the ways of `FAILS`."""
    stage.cloud.faults = [replace(fault) for fault in FAILS[how]]
    stage.keys.refuses = "not today; ask tomorrow" if how == "refused" else ""
    stage.exemptions = [exemption(stage, private)] if how == "exempt" else []
    return stage


def do(folder: Path, task: str, how: str, at: int, sign: signal.Signals, minutes: float) -> None:
    """What a child process does: repair or resume, until it is killed, or done and says what came of it."""
    stage, _ = deadly(folder, at, sign)
    troubled(stage, how)
    if minutes:
        stage.later(minutes)
    try:
        if task == "resume":
            said = " ".join(done.state for done in resume(stage.doors, stage.keys, stage.home.signer, "ann"))
        else:
            plan = stage.plan()
            said = repair(plan, stage.leave(plan), stage.doors, stage.home.signer).state
    except GoldseamError as error:
        said = type(error).__name__
    (folder / f"said-{os.getpid()}").write_text(said)


def answers(folder: Path) -> list[str]:
    return sorted(path.read_text() for path in folder.glob("said-*"))


def start(
    folder: Path,
    task: str,
    how: str,
    at: int = NEVER,
    sign: signal.Signals = signal.SIGKILL,
    minutes: float = 0,
) -> ForkServerProcess:
    child = FORKS.Process(target=do, args=(folder, task, how, at, sign, minutes))
    child.start()
    return child


def killed(folder: Path, task: str, how: str, at: int) -> None:
    child = start(folder, task, how, at)
    child.join()
    assert child.exitcode == -signal.SIGKILL


def paused(folder: Path, at: int) -> ForkServerProcess:
    """A repair that stopped at a moment, and lives."""
    child = start(folder, "repair", "works", at, signal.SIGSTOP)
    while Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        time.sleep(0.005)
    return child


def woken(folder: Path, child: ForkServerProcess) -> str:
    """What a paused repair says when it goes on."""
    assert child.pid is not None
    os.kill(child.pid, signal.SIGCONT)
    child.join()
    (said,) = answers(folder)
    return said


def resumed(stage: Scene) -> tuple[Resumed, ...]:
    return resume(stage.doors, stage.keys, stage.home.signer, "ann")


def resumed_in_time(stage: Scene) -> None:
    """Resume at once, when nothing may be written yet, and again when every old key has expired."""
    calls = len(stage.cloud.calls)
    early = resumed(stage)
    assert {item.state for item in early} <= {"open", "verified", "undone"}
    assert len(stage.cloud.calls) == calls
    stage.later()
    late = resumed(stage)
    assert [item.plan for item in late] == [item.plan for item in early if item.state == "open"]


def calls_have_intents(stage: Scene) -> bool:
    """Every call that arrived has an intent of its own, in the same order; some intents were not followed by a call."""
    meant = (canonical(entry.body["call"]) for entry in stage.home.ledger.entries(kind="intent"))
    return all(canonical(item["call"]) in meant for item in stage.cloud.calls)


def ended(stage: Scene, before: Json, after: Json) -> None:
    """What must hold after a resume, however it came to it."""
    ledger = stage.home.ledger
    assert unfinished(ledger) == ()
    states = {entry.body["plan"]: entry.body["state"] for entry in ledger.entries(kind="outcome")}
    claims = [claim.body["plan"] for claim in standing_claims(ledger)]
    assert set(states) == set(claims)
    assert set(states.values()) <= {"verified", "undone"}
    assert same(stage.facts(), after if claims and states[claims[0]] == "verified" else before)
    assert calls_have_intents(stage)
    if claims:
        verify_ledger(ledger.entries(), stage.home.signer.public)


def images(stage: Scene) -> tuple[Json, Json]:
    before = stage.facts()
    plan = stage.plan()
    return before, {**before, **{change.facet: plain(change.after) for change in plan.changes}}


@pytest.mark.parametrize("how", POINTS)
def test_law_8_the_moments_to_be_killed_at_are_all_of_them(tmp_path: Path, how: str) -> None:
    stage, killer = deadly(tmp_path, NEVER)
    plan = troubled(stage, how).plan()
    with suppress(GrantRefused, ExemptResource):
        repair(plan, stage.leave(plan), stage.doors, stage.home.signer)
    entries, calls = len(stage.kinds()), len(stage.cloud.calls)
    assert killer.passed == 2 * (entries + calls) == POINTS[how]


@pytest.mark.parametrize(("how", "at"), [(how, at) for how, most in POINTS.items() for at in range(1, most + 1)])
def test_law_8_killed_anywhere_it_ends_and_can_be_done_again(tmp_path: Path, how: str, at: int) -> None:
    ends_and_can_be_done_again(tmp_path, how, at)


@pytest.mark.parametrize("at", range(1, POINTS["works"] + 1, 3))
def test_law_8_holds_on_postgresql_where_the_locks_die_with_the_session(tmp_path: Path, postgres: str, at: int) -> None:
    """The mutation: a claim, or an intent, is written outside a transaction, or a lock outlives its session."""
    (tmp_path / "database").write_text(postgres, "utf-8")
    ends_and_can_be_done_again(tmp_path, "works", at)


def without_locks(folder: Path) -> None:
    """Wait until PostgreSQL has noticed that a process died."""
    named = folder / "database"
    if not named.exists():
        return
    with psycopg.connect(named.read_text("utf-8"), autocommit=True) as connection:
        for _ in range(1000):
            row = connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone()
            if row == (0,):
                return
            time.sleep(0.01)
    pytest.fail("a lock outlived its session")


def ends_and_can_be_done_again(tmp_path: Path, how: str, at: int) -> None:
    before, after = images(scene(tmp_path / "other"))
    killed(tmp_path, "repair", how, at)
    without_locks(tmp_path)
    stage = scene(tmp_path, kept=True)
    resumed_in_time(stage)
    ended(stage, before, after)
    assert resumed(stage) == ()
    if same(stage.facts(), before):
        plan = stage.plan(follows=followed(stage.home.ledger, REF))
        assert repair(plan, stage.leave(plan), stage.doors, stage.home.signer).state == "verified"
        ended(stage, stage.facts(), after)


def test_law_8_the_moments_of_a_recovery_are_all_of_them(tmp_path: Path) -> None:
    killed(tmp_path, "repair", "works", HALF)
    stage, killer = deadly(tmp_path, NEVER)
    entries, calls = len(stage.kinds()), len(stage.cloud.calls)
    stage.later()
    assert [done.state for done in resumed(stage)] == ["undone"]
    more = len(stage.kinds()) - entries + len(stage.cloud.calls) - calls
    assert killer.passed == 2 * more == RECOVERY


@pytest.mark.parametrize("at", range(1, RECOVERY + 1))
def test_law_8_killed_while_it_recovers_it_still_ends(tmp_path: Path, at: int) -> None:
    before, after = images(scene(tmp_path / "other"))
    killed(tmp_path, "repair", "works", HALF)
    child = start(tmp_path, "resume", "works", at, minutes=21)
    child.join()
    assert child.exitcode == -signal.SIGKILL
    stage = scene(tmp_path, kept=True)
    stage.later()
    early = resumed(stage)
    stage.later()
    assert [item.plan for item in resumed(stage)] == [item.plan for item in early if item.state == "open"]
    ended(stage, before, after)


@pytest.mark.parametrize("at", range(1, POINTS["works"] + 1))
def test_law_8_a_process_that_was_paused_beyond_every_patience_sends_nothing_more(tmp_path: Path, at: int) -> None:
    """Its locks are lost, as on another machine: what it wants to write is refused, and what it still sends is late."""
    before, after = images(scene(tmp_path / "other"))
    child = paused(tmp_path, at)
    stage = scene(tmp_path, kept=True)
    assert {item.state for item in resumed(stage)} <= {"running"}
    (tmp_path / "elsewhere").mkdir()
    stage.locks = FileLocks(tmp_path / "elsewhere")
    fenced = unfinished(stage.home.ledger)
    if fenced:
        resumed_in_time(stage)
    found, calls = stage.facts(), len(stage.cloud.calls)
    said = woken(tmp_path, child)
    stage = scene(tmp_path, kept=True)
    if fenced:
        assert said in ("ClaimLost", "GrantRefused")
        assert same(stage.facts(), found)
        assert len(stage.cloud.calls) == calls
    else:
        assert said == "verified"
    ended(stage, before, after)


@pytest.mark.parametrize("at", [3, HALF - 4, HALF - 2, HALF])
def test_law_8_resume_leaves_a_repair_to_the_process_that_lives(tmp_path: Path, at: int) -> None:
    before, after = images(scene(tmp_path / "other"))
    child = paused(tmp_path, at)
    stage = scene(tmp_path, kept=True)
    entries, calls = stage.kinds(), len(stage.cloud.calls)
    assert {item.state for item in resumed(stage)} <= {"running"}
    assert (stage.kinds(), len(stage.cloud.calls)) == (entries, calls)
    assert woken(tmp_path, child) == "verified"
    ended(scene(tmp_path, kept=True), before, after)


@pytest.mark.parametrize("hours", [-3, 3])
@pytest.mark.parametrize("at", [HALF - 4, HALF])
def test_law_8_a_clock_that_jumps_makes_recovery_wait_and_not_err(tmp_path: Path, at: int, hours: int) -> None:
    """Forwards, the old key seems to have expired; backwards, it seems to last for hours."""
    before, after = images(scene(tmp_path / "other"))
    child = paused(tmp_path, at)
    stage = scene(tmp_path, kept=True)
    (tmp_path / "elsewhere").mkdir()
    stage.locks = FileLocks(tmp_path / "elsewhere")
    jump = timedelta(hours=hours)
    stage.cloud.clock.time, stage.cloud.ahead = stage.cloud.clock.time + jump, jump
    half, calls = stage.facts(), len(stage.cloud.calls)
    assert {item.state for item in resumed(stage)} == {"open"}
    assert (len(stage.cloud.calls), same(stage.facts(), half)) == (calls, True)
    assert woken(tmp_path, child) == "ClaimLost"
    stage.cloud.clock.time, stage.cloud.ahead = stage.cloud.clock.time - jump, timedelta()
    stage.later()
    assert [item.state for item in resumed(stage)] == ["undone"]
    ended(stage, before, after)


def test_law_8_without_a_key_what_is_half_done_stays_open_and_says_so(tmp_path: Path) -> None:
    before, after = images(scene(tmp_path / "other"))
    killed(tmp_path, "repair", "works", HALF)
    stage = scene(tmp_path, kept=True)
    stage.later()
    half = stage.facts()
    (left,) = resume(stage.doors, None, stage.home.signer, "ann")
    assert left.state == "open"
    assert "needs a key" in left.because
    assert same(stage.facts(), half)
    (done,) = resume(stage.doors, stage.keys, stage.home.signer, "ann")
    assert done.state == "undone"
    ended(stage, before, after)


def test_law_8_someone_elses_change_after_a_crash_is_reported_and_left_alone(tmp_path: Path) -> None:
    killed(tmp_path, "repair", "works", HALF)
    stage = scene(tmp_path, kept=True)
    stage.later()
    stage.cloud.change("dials", {"tries": 7, "tone": "shrill"})
    found, calls = stage.facts(), len(stage.cloud.calls)
    (done,) = resume(stage.doors, stage.keys, stage.home.signer, "ann")
    assert done.state == "conflict"
    assert "mend it by hand" in done.because
    assert same(stage.facts(), found)
    assert len(stage.cloud.calls) == calls


def test_law_8_and_peers_18_eight_processes_make_one_repair(tmp_path: Path, stands_on: str) -> None:
    before, after = images(scene(tmp_path, kept=True))
    scene(tmp_path, kept=True).cloud.keep()
    children = [start(tmp_path, "repair", "works") for _ in range(8)]
    for child in children:
        child.join()
    said = answers(tmp_path)
    assert len(said) == 8
    assert said.count("verified") == 1
    assert set(said) <= {"verified", "AlreadyDone", "HomeLocked", "PlanRefused", "Stale"}
    stage = scene(tmp_path, kept=True)
    assert len(list(stage.home.ledger.entries(kind="repair"))) == 1
    assert len(stage.cloud.calls) == 5
    ended(stage, before, after)
