"""Law 8: killed anywhere, a repair ends verified, undone or as a conflict; and it runs once, whoever asks for it.

The cloud of these tests is kept in a file, so that it outlives the process that is killed.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Final

import pytest

from goldseam.apply import followed
from goldseam.control import Call
from goldseam.errors import GoldseamError
from goldseam.ports import Entry, Ledger
from goldseam.record import verify_ledger
from goldseam.repair import repair
from goldseam.resume import resume, unfinished
from goldseam.values import Json, canonical, plain, same
from tests.memory_cloud import REF, Fault, Scene, scene

FORKS: Final = get_context("forkserver")
FORKS.set_forkserver_preload(["tests.test_crash"])
NEVER: Final = 0
FAILS: Final[Mapping[str, tuple[Fault, ...]]] = {
    "works": (),
    "fails": (Fault("vault.RemoveRules", "denied"),),
    "lies": (Fault("vault.RemoveRules", "lie"),),
}
POINTS: Final = {"works": 46, "fails": 58, "lies": 76}
"""How many moments there are to be killed at: before and after every entry and every call."""


class Killer:
    """Counts moments, and kills its own process at one of them; what is buffered anywhere is lost."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.passed = 0

    def moment(self, call: Call | None = None, when: str = "") -> None:
        self.passed += 1
        if self.passed == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class DeadlyLedger:
    """A ledger with a moment before and after each entry."""

    ledger: Ledger
    killer: Killer

    def append(self, kind: str, body: Mapping[str, Json]) -> Entry:
        self.killer.moment()
        entry = self.ledger.append(kind, body)
        self.killer.moment()
        return entry

    def claim(self, plan_id: str, body: Mapping[str, Json]) -> Entry:
        self.killer.moment()
        entry = self.ledger.claim(plan_id, body)
        self.killer.moment()
        return entry

    def entries(self, *, kind: str | None = None, plan: str | None = None) -> Iterator[Entry]:
        return self.ledger.entries(kind=kind, plan=plan)

    def verified(self, *, kind: str | None = None, plan: str | None = None) -> Iterator[Entry]:
        return self.ledger.verified(kind=kind, plan=plan)

    def require_whole(self) -> None:
        self.ledger.require_whole()


def deadly(folder: Path, at: int) -> tuple[Scene, Killer]:
    stage, killer = scene(folder, kept=True), Killer(at)
    stage.ledger = DeadlyLedger(stage.home.ledger, killer)
    stage.cloud.on_call = killer.moment
    return stage, killer


def do(folder: Path, task: str, how: str, at: int) -> None:
    """What a child process does: repair or resume, until it is killed, or done and says what came of it."""
    stage, _ = deadly(folder, at)
    stage.cloud.faults = [replace(fault) for fault in FAILS[how]]
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


def start(folder: Path, task: str, how: str, at: int = NEVER) -> ForkServerProcess:
    child = FORKS.Process(target=do, args=(folder, task, how, at))
    child.start()
    return child


def killed(folder: Path, task: str, how: str, at: int) -> None:
    child = start(folder, task, how, at)
    child.join()
    assert child.exitcode == -signal.SIGKILL


def calls_have_intents(stage: Scene) -> bool:
    """Every call that arrived has an intent of its own, in the same order; some intents were not followed by a call."""
    meant = (canonical(entry.body["call"]) for entry in stage.home.ledger.entries(kind="intent"))
    return all(canonical(item["call"]) in meant for item in stage.cloud.calls)


def ended(stage: Scene, before: Json, after: Json) -> None:
    """What must hold after a resume, however it came to it."""
    ledger = stage.home.ledger
    assert unfinished(ledger) == ()
    states = {entry.body["plan"]: entry.body["state"] for entry in ledger.entries(kind="outcome")}
    claims = [entry.body["plan"] for entry in ledger.entries(kind="repair")]
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
    stage.cloud.faults = [replace(fault) for fault in FAILS[how]]
    plan = stage.plan()
    repair(plan, stage.leave(plan), stage.doors, stage.home.signer)
    entries, calls = len(stage.kinds()), len(stage.cloud.calls)
    assert killer.passed == 2 * (entries + calls) == POINTS[how]


@pytest.mark.parametrize(("how", "at"), [(how, at) for how, most in POINTS.items() for at in range(1, most + 1)])
def test_law_8_killed_anywhere_it_ends_and_can_be_done_again(tmp_path: Path, how: str, at: int) -> None:
    before, after = images(scene(tmp_path / "other"))
    killed(tmp_path, "repair", how, at)
    stage = scene(tmp_path, kept=True)
    resume(stage.doors, stage.keys, stage.home.signer, "ann")
    ended(stage, before, after)
    assert resume(stage.doors, stage.keys, stage.home.signer, "ann") == ()
    if same(stage.facts(), before):
        plan = stage.plan(follows=followed(stage.home.ledger, REF))
        assert repair(plan, stage.leave(plan), stage.doors, stage.home.signer).state == "verified"
        ended(stage, stage.facts(), after)


@pytest.mark.parametrize("at", range(1, 47))
def test_law_8_killed_while_it_recovers_it_still_ends(tmp_path: Path, at: int) -> None:
    before, after = images(scene(tmp_path / "other"))
    killed(tmp_path, "repair", "works", 28)
    child = start(tmp_path, "resume", "works", at)
    child.join()
    assert child.exitcode == -signal.SIGKILL or answers(tmp_path) == ["undone"]
    stage = scene(tmp_path, kept=True)
    resume(stage.doors, stage.keys, stage.home.signer, "ann")
    ended(stage, before, after)


def test_law_8_without_a_key_what_is_half_done_stays_open_and_says_so(tmp_path: Path) -> None:
    before, after = images(scene(tmp_path / "other"))
    killed(tmp_path, "repair", "works", 28)
    stage = scene(tmp_path, kept=True)
    half = stage.facts()
    (left,) = resume(stage.doors, None, stage.home.signer, "ann")
    assert left.state == "open"
    assert "needs a key" in left.because
    assert same(stage.facts(), half)
    (done,) = resume(stage.doors, stage.keys, stage.home.signer, "ann")
    assert done.state == "undone"
    ended(stage, before, after)


def test_law_8_someone_elses_change_after_a_crash_is_reported_and_left_alone(tmp_path: Path) -> None:
    killed(tmp_path, "repair", "works", 28)
    stage = scene(tmp_path, kept=True)
    stage.cloud.change("dials", {"tries": 7, "tone": "shrill"})
    found, calls = stage.facts(), len(stage.cloud.calls)
    (done,) = resume(stage.doors, stage.keys, stage.home.signer, "ann")
    assert done.state == "conflict"
    assert "mend it by hand" in done.because
    assert same(stage.facts(), found)
    assert len(stage.cloud.calls) == calls


def test_law_8_and_peers_18_eight_processes_make_one_repair(tmp_path: Path) -> None:
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
