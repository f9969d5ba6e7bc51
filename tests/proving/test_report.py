from __future__ import annotations

import json
from pathlib import Path

import pytest

from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.conformance import built_in
from goldseam.model.errors import UnknownName, UsageError
from goldseam.proving import report
from goldseam.proving.jobs import whole
from goldseam.proving.proof import LAWS, Proof, ProofState, cell
from tests import toy

MODULE = "tests.proving.own"


def proof(ground: str, example: str, state: ProofState = ProofState.PROVED, because: str = "") -> Proof:
    return Proof(toy.lamp_lit.id, 1, ground, example, state, because)


def test_a_cell_names_the_emulators_and_the_memory_only_where_it_is_needed() -> None:
    memory = [proof("memory", "1"), proof("memory", "2")]
    assert cell([*memory, proof("ministack", "1"), proof("ministack", "2")]).text == "ministack"
    assert cell([*memory, proof("ministack", "1"), proof("moto", "2")]).text == "ministack 1/2, moto 1/2"
    half = cell([*memory, proof("ministack", "1"), proof("ministack", "2", ProofState.OPEN, "it cannot")])
    assert half.text == "ministack 1/2, memory"
    assert half.notes == ("ministack (2): it cannot",)


def test_one_proof_to_the_contrary_outweighs_all_others() -> None:
    held = cell([proof("memory", "1"), proof("ministack", "1", ProofState.DISPROVED, "it does not hold")])
    assert (held.state, held.notes) == (ProofState.DISPROVED, ("ministack (1): it does not hold",))


def test_what_nobody_could_try_is_not_proved() -> None:
    assert (
        cell([proof("ministack", "1"), proof("ministack", "2", ProofState.OPEN, "it cannot")]).state is ProofState.OPEN
    )
    assert report.table([toy.lamp_lit], []).cell(toy.lamp_lit, 1).state is ProofState.OPEN


def test_only_what_is_disproved_fails_a_run() -> None:
    assert report.table([toy.lamp_lit], [proof("memory", "1", ProofState.DISPROVED)]).exit_code == 1
    assert report.table([toy.lamp_lit], [proof("memory", "1")]).exit_code == 0


def test_a_user_s_own_controls_are_proved_in_memory(capsys: pytest.CaptureFixture[str]) -> None:
    assert report.run(aws_catalog(), built_in(), modules=[MODULE], as_json=True) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "goldseam.conform/1"
    assert [item["id"] for item in document["controls"]] == [
        "toy.house.lamp-lit", "toy.house.no-open-door", "toy.house.no-window-door", "toy.house.quiet-street",
    ]  # fmt: skip
    lamp = document["controls"][0]["laws"]
    assert {law: lamp[law]["on"] for law in lamp if law != "6"} == {str(law): ["memory"] for law in LAWS if law != 6}
    assert lamp["6"]["state"] == "open"


def test_the_page_is_written_and_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "conformance.md"
    assert report.run(aws_catalog(), built_in(), ["toy.house.lamp*"], [MODULE], write=path) == 0
    text = path.read_text(encoding="utf-8")
    assert "| `toy.house.lamp-lit` | low | memory |" in text
    assert report.run(aws_catalog(), built_in(), ["toy.house.lamp*"], [MODULE], check=path) == 0
    path.write_text(text.replace("| memory |", "| ministack |"), encoding="utf-8")
    assert report.run(aws_catalog(), built_in(), ["toy.house.lamp*"], [MODULE], check=path) == 1
    assert "is stale" in capsys.readouterr().err


def test_bad_input_is_named() -> None:
    with pytest.raises(UnknownName, match=r"did you mean `toy.house.lamp-lit`"):
        report.run(aws_catalog(), built_in(), ["toy.house.lamp-list"], [MODULE])
    with pytest.raises(UsageError, match=r"the module `no.such.module` cannot be imported"):
        report.run(aws_catalog(), built_in(), modules=["no.such.module"])


def test_the_catalogue_of_a_run_holds_both() -> None:
    assert len(whole([], built_in()).controls) == len(aws_catalog().controls)
