"""The ledger's chain, its checkpoints, and the evidence of one repair."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from goldseam.audit.chain import entry_hash
from goldseam.audit.record import (
    checkpoint,
    evidence_pack,
    exported,
    imported,
    verify_ledger,
    verify_pack,
)
from goldseam.model.errors import LedgerBroken, UsageError
from goldseam.model.values import Json
from goldseam.ports import Entry
from goldseam.repair.execute import repair
from tests.memory_cloud import CONTROLS, OTHER, Fault, Scene, scene


@pytest.fixture
def stage(tmp_path: Path) -> Scene:
    """A ledger with a repair, another resource's repair, and a scan."""
    made = scene(tmp_path)
    made.home.ledger.append("scan", {"scan": "s-1", "counts": {"fail": 4}})
    for ref in (None, OTHER):
        plan = made.plan(ref=ref) if ref else made.plan()
        made.approved(plan)
        repair(plan, made.leave(plan), made.doors, made.home.signer)
    made.home.ledger.append("scan", {"scan": "s-2", "counts": {"fail": 0}})
    return made


def entries(stage: Scene) -> list[Entry]:
    return list(stage.home.ledger.entries())


def public(stage: Scene) -> str:
    return stage.home.signer.public


def test_a_whole_ledger_verifies_and_says_what_is_signed(stage: Scene) -> None:
    held = entries(stage)
    told = verify_ledger(held, public(stage))
    assert (told.entries, told.checkpoints, told.signed, told.hash) == (len(held), 8, len(held) - 3, held[-1].hash)


def test_an_exported_ledger_verifies_with_nothing_but_the_public_key(stage: Scene, tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    file.write_text("\n".join(map(exported, entries(stage))))
    key = (stage.home.path / "ledger.pub").read_text().strip()
    assert verify_ledger(imported(file.read_text().splitlines()), key) == verify_ledger(entries(stage), key)


def test_an_empty_ledger_is_whole(tmp_path: Path) -> None:
    assert verify_ledger([], "00" * 32).entries == 0


def test_a_ledger_without_a_checkpoint_proves_nothing(tmp_path: Path) -> None:
    made = scene(tmp_path)
    last = made.home.ledger.append("scan", {})
    with pytest.raises(LedgerBroken, match="no signed checkpoint"):
        verify_ledger(entries(made), public(made))
    checkpoint(made.home.ledger, last, made.home.signer)
    assert verify_ledger(entries(made), public(made)).signed == 1


def rehashed(held: list[Entry], start: int) -> list[Entry]:
    """What someone who can compute hashes, and cannot sign, makes of a ledger from an entry on."""
    previous = held[start - 1].previous if start else held[0].previous
    out = held[:start]
    previous = out[-1].hash if out else held[0].previous
    for entry in held[start:]:
        made = entry_hash(entry.seq, entry.at, entry.kind, entry.body, previous)
        out.append(replace(entry, previous=previous, hash=made))
        previous = made
    return out


def changed(held: list[Entry], seq: int, **fields: object) -> list[Entry]:
    return [replace(entry, **fields) if entry.seq == seq else entry for entry in held]  # type: ignore[arg-type]


TAMPERED: dict[str, tuple[Callable[[list[Entry]], list[Entry]], str]] = {
    "a body is changed": (lambda held: changed(held, 5, body={"plan": "p-0"}), "entry 5 is not what was written"),
    "a time is changed": (lambda held: changed(held, 5, at="2020-01-01T00:00:00+00:00"), "entry 5 is not what"),
    "a kind is changed": (lambda held: changed(held, 5, kind="scan"), "entry 5 is not what was written"),
    "an entry is gone": (lambda held: held[:4] + held[5:], "entry 5 is missing: number 6"),
    "the first is gone": (lambda held: held[1:], "entry 1 is missing"),
    "two are swapped": (lambda held: [*held[:3], held[4], held[3], *held[5:]], "entry 4 is missing"),
    "a link is cut": (lambda held: changed(held, 5, previous="f" * 64), "entry 5 does not follow"),
    "all is hashed anew": (
        lambda held: rehashed(changed(held, 5, body={"plan": "p-0"}), 4),
        "entry 6 signs another entry 5 than the ledger holds",
    ),
    "a checkpoint is scribbled on": (
        lambda held: rehashed(changed(held, 22, body={**held[21].body, "signature": "00" * 64}), 21),
        "entry 22 has no valid signature",
    ),
    "a checkpoint is empty": (
        lambda held: rehashed(changed(held, 22, body={"key": held[21].body["key"]}), 21),
        "no valid",
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_tampering_is_found_at_the_exact_entry(stage: Scene, name: str) -> None:
    tamper, told = TAMPERED[name]
    assert [entries(stage)[place].kind for place in (5, 21)] == ["checkpoint", "checkpoint"]
    with pytest.raises(LedgerBroken, match=told):
        verify_ledger(tamper(entries(stage)), public(stage))


def test_a_cut_tail_is_found_with_a_checkpoint_that_was_put_aside(stage: Scene) -> None:
    held = entries(stage)
    kept = [entry.body for entry in held if entry.kind == "checkpoint"]
    cut = held[: kept[-1]["seq"] - 1]
    verify_ledger(cut, public(stage))
    with pytest.raises(LedgerBroken, match=f"signs entry {kept[-1]['seq']}, which is missing: the end .* was cut off"):
        verify_ledger(cut, public(stage), kept)
    assert verify_ledger(held, public(stage), kept).signed == kept[-1]["seq"]


def test_another_installations_ledger_is_not_ours(stage: Scene, tmp_path: Path) -> None:
    other = scene(tmp_path / "other").home.signer.public
    with pytest.raises(LedgerBroken, match="signed with another key"):
        verify_ledger(entries(stage), other)


@pytest.mark.parametrize("line", ["{", "[]", '{"seq": 1}', "null"])
def test_a_line_that_is_no_entry_is_named(stage: Scene, line: str) -> None:
    with pytest.raises(LedgerBroken, match="line 2 is not an entry"):
        list(imported([exported(entries(stage)[0]), line]))


def pack(stage: Scene) -> dict[str, Json]:
    return evidence_pack(stage.home.ledger.entries(), next(stage.home.ledger.entries(kind="repair")).body["plan"])


def test_evidence_says_who_why_how_and_what_came_of_it(stage: Scene) -> None:
    told = pack(stage)["repair"]
    assert told["who"]["by"] == "ann"
    assert told["why"]["because"]["mem.vault.private"] == "everybody is allowed"
    assert len(told["why"]["decisions"]) == len(CONTROLS)
    assert told["policy_version"] == "v1"
    assert [approval["by"] for approval in told["approvals"]] == ["bob"]
    assert told["key"]["source"] == "keyholder"
    assert [call["result"]["request_id"] for call in told["calls"]] == [f"req-{n}" for n in range(1, 6)]
    assert told["calls"][0]["call"]["operation"] == "vault.SetDials"
    assert told["before"]["rules"] == ["office", "world:1", "world:2"]
    assert told["after"]["rules"] == ["cellar", "office"]
    assert told["before"]["welded"] is False
    assert told["verdict"]["state"] == "verified"


def test_evidence_of_a_failed_repair_shows_the_failure_and_the_way_back(tmp_path: Path) -> None:
    stage = scene(tmp_path)
    stage.cloud.faults = [Fault("vault.RemoveRules", "denied")]
    plan = stage.plan()
    repair(plan, stage.leave(plan), stage.doors, stage.home.signer)
    proof = pack(stage)
    verify_pack(proof, public(stage))
    assert proof["repair"]["verdict"]["state"] == "undone"
    calls = [(call["step"], call["undo"], "failure" in call) for call in proof["repair"]["calls"]]
    assert calls == [
        (1, False, False), (2, False, False), (3, False, False), (4, False, True),
        (1, True, False), (2, True, False), (3, True, False),
    ]  # fmt: skip


def test_evidence_verifies_offline_and_shows_nothing_of_others(stage: Scene) -> None:
    proof = pack(stage)
    verify_pack(proof, public(stage))
    second = list(stage.home.ledger.entries(kind="repair"))[1].body["plan"]
    assert second not in exported(replace(entries(stage)[0], body=proof))
    verify_pack(evidence_pack(stage.home.ledger.entries(), second), public(stage))


def test_what_happens_in_between_is_in_the_chain_without_its_content(tmp_path: Path) -> None:
    stage = scene(tmp_path)
    plan = stage.plan()
    stage.approved(plan)
    stage.home.ledger.append("scan", {"scan": "secret of others"})
    repair(plan, stage.leave(plan), stage.doors, stage.home.signer)
    proof = pack(stage)
    verify_pack(proof, public(stage))
    hidden = proof["chain"][2]
    assert hidden["kind"] == "scan"
    assert "body" not in hidden
    assert "secret of others" not in str(proof)


def broken(proof: dict[str, Json], name: str) -> dict[str, Json]:
    bad = copy.deepcopy(proof)
    if name == "the summary says more":
        bad["repair"]["who"]["by"] = "eve"
    elif name == "a body is changed":
        next(line for line in bad["chain"] if line["kind"] == "intent")["body"]["step"] = 9
    elif name == "an entry is gone":
        del bad["chain"][6]
    elif name == "the checkpoint is gone":
        del bad["chain"][-1]
    elif name == "the checkpoint is of another entry":
        bad["chain"][-1]["body"]["seq"] -= 1
    elif name == "the chain is gone":
        bad["chain"] = []
    elif name == "another plan is claimed":
        bad["plan"] = "p-other"
    return bad


@pytest.mark.parametrize(
    "name",
    [
        "the summary says more",
        "a body is changed",
        "an entry is gone",
        "the checkpoint is gone",
        "the checkpoint is of another entry",
        "the chain is gone",
        "another plan is claimed",
    ],
)
def test_spoiled_evidence_does_not_verify(stage: Scene, name: str) -> None:
    with pytest.raises(LedgerBroken):
        verify_pack(broken(pack(stage), name), public(stage))


def test_evidence_that_someone_made_up_is_not_signed_by_us(stage: Scene, tmp_path: Path) -> None:
    forger = scene(tmp_path / "forger")
    plan = forger.plan()
    repair(plan, forger.leave(plan), forger.doors, forger.home.signer)
    with pytest.raises(LedgerBroken, match="another key"):
        verify_pack(pack(forger), public(stage))


def test_evidence_waits_for_a_checkpoint_that_signs_all_of_it(stage: Scene) -> None:
    plan_id = next(stage.home.ledger.entries(kind="repair")).body["plan"]
    stage.home.ledger.append("after", {"plan": plan_id, "facets": {}})
    with pytest.raises(UsageError, match="no checkpoint signs all"):
        pack(stage)
    last = stage.home.ledger.last()
    assert last is not None
    checkpoint(stage.home.ledger, last, stage.home.signer)
    verify_pack(pack(stage), public(stage))


def test_there_is_no_evidence_of_nothing(stage: Scene) -> None:
    with pytest.raises(UsageError, match="nothing about `p-none`"):
        evidence_pack(stage.home.ledger.entries(), "p-none")
