"""Law 9: no key at rest. A canary is searched for in everything that a run leaves, in success and in each failure."""

from __future__ import annotations

import copy
import logging
import pickle
import sqlite3
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from goldseam.audit.record import evidence_pack, exported
from goldseam.control import Call, Told
from goldseam.model.errors import AccessDenied, GoldseamError
from goldseam.model.values import canonical
from goldseam.ports import Key, Receipt, Secret
from goldseam.repair.execute import repair
from goldseam.repair.resume import resume
from goldseam.repair.rollback import plan_rollback
from tests.memory_cloud import CANARY, OTHER, Fault, Scene, private, scene
from tests.test_apply import exemption, grant


def traces(folder: Path) -> list[str]:
    """Where under a folder the canary is: in a file's bytes, or in a row of a table."""
    found = [str(path) for path in folder.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    for path in folder.rglob("*.db"):
        connection = sqlite3.connect(path)
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            rows = connection.execute(f"SELECT * FROM {table}").fetchall()
            found += [f"{path}:{table}" for row in rows if CANARY in repr(row)]
        connection.close()
    return found


def everything(stage: Scene, plan_id: str, error: BaseException | None) -> str:
    """All that a run prints, exports or raises."""
    entries = list(stage.home.ledger.entries())
    parts = [exported(entry) for entry in entries]
    parts += [repr(entry) for entry in entries]
    if any(entry.kind == "checkpoint" for entry in entries) and stage.kinds(plan_id):
        try:
            parts.append(canonical(evidence_pack(entries, plan_id)).decode())
        except GoldseamError as refusal:
            parts.append(str(refusal))
    if error is not None:
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        parts += ["".join(told.format()), str(error), repr(error)]
    return "\n".join(parts)


FAULTS = ["denied", "cut", "lost", "lie", "broken", "echo", "meddle"]
OPERATIONS = ["vault.SetDials", "vault.RemoveRules", "vault.Seal"]
CASES: dict[str, Callable[[Scene], None]] = {
    "works": lambda stage: None,
    "stale": lambda stage: stage.cloud.change("policy", {"allow": []}),
    "gone": lambda stage: stage.cloud.vaults.__delitem__("mem:acc:v1"),
    "unreadable": lambda stage: stage.cloud.unreadable.update(rules="denied"),
    "silent": lambda stage: setattr(stage.cloud, "deaf", 1),
    "exempt": lambda stage: stage.exemptions.append(exemption(stage, private)),
    "pending": lambda stage: stage.cloud.pending.update(sealed="a reboot"),
    "lagging": lambda stage: setattr(stage.cloud, "lag", 9_999.0),
    "refused": lambda stage: setattr(stage.keys, "refuses", "no; ask later"),
    "given before": lambda stage: stage.cloud.granted.append(stage.plan().id),
    "undo fails": lambda stage: stage.cloud.faults.extend(
        [Fault("vault.Seal", "echo"), Fault("vault.PutPolicy", ""), Fault("vault.PutPolicy", "echo", 9)]
    ),
    **{
        f"{how} {operation}": lambda stage, how=how, operation=operation: stage.cloud.faults.append(  # type: ignore[misc]
            Fault(operation, how)
        )
        for how in FAULTS
        for operation in OPERATIONS
    },
}


@pytest.mark.parametrize("name", CASES)
def test_law_9_no_key_is_left_anywhere(
    tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    stage = scene(tmp_path, kept=True)
    plan, error, said = stage.plan(), None, ""
    CASES[name](stage)
    try:
        result = repair(plan, stage.leave(plan), stage.doors, stage.home.signer)
        said = f"{result} {result.to_json()}"
        if result.state == "verified":
            back = plan_rollback(plan.id, stage.doors)
            stage.approved(back)
            said += str(repair(back, stage.leave(back), stage.doors, stage.home.signer))
    except GoldseamError as caught:
        error = caught
    said += str(resume(stage.doors, stage.keys, stage.home.signer, "ann"))
    assert stage.keys.asked
    out, err = capfd.readouterr()
    for text in (said, everything(stage, plan.id, error), out, err, caplog.text):
        assert CANARY not in text
    assert traces(tmp_path) == []
    stage.home.close()
    assert traces(tmp_path) == []


def test_law_9_an_echoed_key_is_recorded_without_it(tmp_path: Path) -> None:
    stage = scene(tmp_path)
    stage.cloud.faults = [Fault("vault.SetDials", "echo")]
    plan = stage.plan()
    repair(plan, stage.leave(plan), stage.doors, stage.home.signer)
    (failure,) = stage.home.ledger.entries(kind="failure")
    assert failure.body["message"] == "the token … is not allowed"


@dataclass
class Crasher:
    """A writer that breaks in a way that nobody foresaw."""

    key: Key

    def call(self, call: Call, words: Told | None = None) -> Receipt:
        msg = "something nobody thought of"
        raise RuntimeError(msg)


def test_law_9_a_traceback_with_all_locals_holds_no_key(tmp_path: Path) -> None:
    stage = scene(tmp_path)
    stage.open_writer = lambda key, calls: Crasher(key)
    plan = stage.plan()
    with pytest.raises(RuntimeError) as caught:
        repair(plan, stage.leave(plan), stage.doors, stage.home.signer)
    text = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "Secret(…)" in text
    assert CANARY not in text
    assert traces(tmp_path) == []


def test_law_9_a_secret_is_not_printed_pickled_or_copied(tmp_path: Path) -> None:
    stage = scene(tmp_path)
    held = grant(stage, stage.plan(ref=OTHER))
    for text in (repr(held), str(held), f"{held}", repr(held.key.secret), str(vars(stage))):
        assert CANARY not in text
    for copier in (pickle.dumps, copy.deepcopy, copy.copy):
        with pytest.raises(TypeError, match="not written anywhere"):
            copier(held.key.secret)
    with pytest.raises(TypeError):
        canonical({"secret": held.key.secret})


def test_law_9_the_search_finds_what_is_there(tmp_path: Path) -> None:
    """The search itself: a key in the ledger, and one in a file, are found."""
    stage = scene(tmp_path)
    stage.home.ledger.append("failure", {"plan": "p-1", "message": f"token {CANARY}"})
    (tmp_path / "left.txt").write_text(CANARY)
    found = traces(tmp_path)
    assert any(place.endswith(":ledger") for place in found)
    assert str(tmp_path / "left.txt") in found
    secret = Secret(token=CANARY)
    assert secret.scrubbed(str(AccessDenied(f"no {CANARY}"))) == "no …"
