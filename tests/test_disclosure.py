"""Ledgers and evidence with masked entries: they verify, and nobody but the owner of the key can say what they show."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from goldseam.audit.disclosure import MaskedEntry, Show, entry_of, masking
from goldseam.audit.masking import MaskedLedger
from goldseam.audit.record import evidence_pack, exported, imported, verify_ledger, verify_pack
from goldseam.control import MASKED, Call, Catalog, Kind, Mask, Told
from goldseam.model.errors import CallFailed, LedgerBroken
from goldseam.model.values import Json, canonical
from goldseam.ports import Entry, Receipt, Writer
from goldseam.repair.execute import repair
from tests.memory_cloud import CATALOG, OTHER, VAULT, Scene, scene

SECRET = "canary of a note"
KIND = Kind(
    "mem.vault", "vault", tuple(replace(f, sensitive=("note",)) if f.name == "policy" else f for f in VAULT.facets)
)
SENSITIVE = Catalog((KIND,), CATALOG.controls)


@pytest.fixture
def stage(tmp_path: Path) -> Scene:
    """A ledger with the repairs of two vaults whose policies hold a secret."""
    made = scene(tmp_path)
    for ref, note in ((None, SECRET), (OTHER, f"{SECRET} of another")):
        made.cloud.change("policy", {"allow": ["*", "ann"], "note": note}, **({"ref": ref} if ref else {}))
        plan = made.plan(ref=ref) if ref else made.plan()
        made.approved(plan)
        repair(plan, made.leave(plan), made.doors, made.home.signer)
    return made


def shower(stage: Scene, catalog: Catalog = SENSITIVE) -> Show:
    ledger = MaskedLedger(catalog, lambda plan: stage.home.ledger.entries(plan=plan), Mask(b"k"))
    return masking(ledger.body, stage.home.signer)


def lines(stage: Scene, catalog: Catalog = SENSITIVE) -> list[str]:
    show = shower(stage, catalog)
    return [exported(entry, show) for entry in stage.home.ledger.entries()]


def first(stage: Scene) -> str:
    return str(next(stage.home.ledger.entries(kind="repair")).body["plan"])


def pack(stage: Scene) -> dict[str, Json]:
    return evidence_pack(stage.home.ledger.entries(), first(stage), shower(stage))


def test_an_exported_ledger_holds_no_secret_and_verifies(stage: Scene) -> None:
    whole = verify_ledger(stage.home.ledger.entries(), stage.home.signer.public)
    text = "\n".join(lines(stage))
    assert SECRET in "\n".join(map(exported, stage.home.ledger.entries()))
    assert SECRET not in text
    assert verify_ledger(imported(text.splitlines()), stage.home.signer.public) == whole


def test_only_what_holds_a_secret_is_masked(stage: Scene) -> None:
    kinds = {entry.kind for entry in imported(lines(stage)) if isinstance(entry, MaskedEntry)}
    assert kinds == {"plan", "before", "after", "intent"}
    before = next(entry for entry in imported(lines(stage)) if entry.kind == "before")
    assert before.body["facets"]["rules"] == ["office", "world:1", "world:2"]
    assert before.body["facets"]["policy"]["allow"] == ["*", "ann"]
    assert MASKED.fullmatch(before.body["facets"]["policy"]["note"])


def test_two_resources_with_other_secrets_are_told_apart_and_equal_ones_are_not(stage: Scene) -> None:
    notes = [e.body["facets"]["policy"]["note"] for e in imported(lines(stage)) if e.kind in ("before", "after")]
    assert len(notes) == 4
    assert notes[0] == notes[1]
    assert notes[2] == notes[3]
    assert notes[0] != notes[2]


def test_what_the_catalog_does_not_know_is_masked_whole(stage: Scene) -> None:
    other = Catalog((), ())
    before = next(entry for entry in imported(lines(stage, other)) if entry.kind == "before")
    assert all(MASKED.fullmatch(rule) for rule in before.body["facets"]["rules"])
    assert SECRET not in "\n".join(lines(stage, other))


def test_evidence_holds_no_secret_and_its_summary_is_checked(stage: Scene) -> None:
    proof = pack(stage)
    assert SECRET not in canonical(proof).decode()
    verify_pack(proof, stage.home.signer.public)
    assert MASKED.fullmatch(proof["repair"]["before"]["policy"]["note"])
    assert proof["repair"]["who"]["by"] == "ann"
    assert [call["call"]["operation"] for call in proof["repair"]["calls"]][:2] == ["vault.SetDials", "vault.PutPolicy"]


def masked_line(proof: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(line for line in proof["chain"] if line["kind"] == kind and "signature" in line and "body_hash" in line)


FORGERIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "another visible word": lambda proof: masked_line(proof, "before")["body"]["facets"].update(rules=["office"]),
    "no signature": lambda proof: masked_line(proof, "before").update(signature=""),
    "the signature of another entry": lambda proof: masked_line(proof, "before").update(
        signature=masked_line(proof, "after")["signature"]
    ),
    "the body of another entry": lambda proof: masked_line(proof, "before").update(
        body=masked_line(proof, "after")["body"], signature=masked_line(proof, "after")["signature"]
    ),
    "another hash of the whole": lambda proof: masked_line(proof, "before").update(body_hash="0" * 64),
    "a masked checkpoint": lambda proof: proof["chain"][-1].update(
        body_hash="0" * 64, signature=masked_line(proof, "after")["signature"]
    ),
    "a summary of its own": lambda proof: proof["repair"]["before"].update(rules=["office"]),
    "a whole entry passed for a masked one": lambda proof: next(
        line for line in proof["chain"] if line["kind"] == "repair"
    ).update(body_hash="0" * 64, signature=""),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_what_masked_evidence_shows_cannot_be_changed(stage: Scene, name: str) -> None:
    proof = copy.deepcopy(pack(stage))
    FORGERIES[name](proof)
    with pytest.raises(LedgerBroken):
        verify_pack(proof, stage.home.signer.public)


def test_what_a_masked_ledger_shows_cannot_be_changed(stage: Scene) -> None:
    held = [json.loads(line) for line in lines(stage)]
    before = next(line for line in held if line["kind"] == "before")
    before["body"]["facets"]["rules"] = ["office"]
    with pytest.raises(LedgerBroken, match=f"masked entry {before['seq']}"):
        verify_ledger(map(entry_of, held), stage.home.signer.public)


def test_what_is_signed_of_one_entry_cannot_be_shown_as_another(stage: Scene) -> None:
    """The body and the signature of the reading after the repair, put into the line of the one before."""
    held = [json.loads(line) for line in lines(stage)]
    before, after = (next(line for line in held if line["kind"] == kind) for kind in ("before", "after"))
    before.update(body=after["body"], signature=after["signature"])
    with pytest.raises(LedgerBroken, match=f"masked entry {before['seq']}"):
        verify_ledger(map(entry_of, held), stage.home.signer.public)


def test_a_checkpoint_is_never_masked(stage: Scene) -> None:
    """Not even by the ledger's own key: what it signs must be what it says."""

    def body(entry: Entry) -> Mapping[str, Json]:
        return {**entry.body, "seq": 1} if entry.kind == "checkpoint" else entry.body

    show = masking(body, stage.home.signer)
    with pytest.raises(LedgerBroken, match="checkpoint and masked"):
        verify_ledger((entry_of(show(entry)) for entry in stage.home.ledger.entries()), stage.home.signer.public)


def test_only_the_ledgers_own_key_signs_what_is_shown(stage: Scene, tmp_path: Path) -> None:
    forger = scene(tmp_path / "forger")
    ledger = MaskedLedger(SENSITIVE, lambda plan: stage.home.ledger.entries(plan=plan), Mask(b"k"))
    show = masking(ledger.body, forger.home.signer)
    with pytest.raises(LedgerBroken, match="no valid signature"):
        verify_pack(evidence_pack(stage.home.ledger.entries(), first(stage), show), stage.home.signer.public)


@dataclass
class Quoting:
    """A cloud that refuses a policy in words that hold all of it."""

    writer: Writer

    def call(self, call: Call, words: Told | None = None) -> Receipt:
        if call.operation == "vault.PutPolicy":
            raise CallFailed(f"invalid: {json.dumps(call.parameters)}", operation=call.operation, code="Invalid")
        return self.writer.call(call, words)


def test_a_cloud_that_repeats_what_it_was_sent_is_recorded_without_it(tmp_path: Path) -> None:
    """The error of a call that failed quotes its parameters, as validation errors of AWS do."""
    made = scene(tmp_path)
    made.cloud.change("policy", {"allow": ["*", "ann"], "note": SECRET})
    made.open_writer = lambda key, calls: Quoting(made.cloud.open_writer(key, calls))
    plan = made.plan()
    doors = replace(made.doors, catalog=SENSITIVE)
    done = repair(plan, made.leave(plan), doors, made.home.signer)
    (failure,) = made.home.ledger.entries(kind="failure")
    assert "(sensitive, 16 characters)" in failure.body["message"]
    assert SECRET not in f"{failure.body} {done.because}"
