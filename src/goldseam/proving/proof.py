"""What a proof says, and what all proofs of one control and law come to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LAWS: Final = {
    1: "Fixed point",
    2: "Lens",
    3: "Frame",
    4: "No worse on the way",
    5: "Unknown is not pass",
    6: "Exact permissions",
    7: "Stale is refused",
    12: "Merged, not overwritten",
}
"""The laws that the kit proves, with the numbers that the design gives them."""

NO_EMULATORS: Final = ("reference", "memory")
"""The places that do not behave as the cloud does by work of other people; all others do, and tell more."""


class ProofState(StrEnum):
    """What came of an attempt: `open` where it could not be made, `void` where the law asks nothing."""

    PROVED = "proved"
    DISPROVED = "disproved"
    OPEN = "open"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Proof:
    """One law held against one example of one control in one place."""

    control: str
    law: int
    ground: str
    example: str
    state: ProofState
    because: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """All proofs of one control and law: `text` is what the table shows, `notes` why, where something is missing."""

    state: ProofState
    text: str
    notes: tuple[str, ...] = ()


def verdict(problem: str) -> ProofState:
    """Proved when there is no problem."""
    return ProofState.DISPROVED if problem else ProofState.PROVED


def cell(proofs: Sequence[Proof]) -> Cell:
    """What the proofs of one control and law come to together."""
    wrong = [proof for proof in proofs if proof.state is ProofState.DISPROVED]
    if wrong:
        return Cell(ProofState.DISPROVED, "disproved", _lines(wrong))
    void = {proof.example for proof in proofs if proof.state is ProofState.VOID}
    asked = sorted({proof.example for proof in proofs} - void)
    proofs = [proof for proof in proofs if proof.example not in void or proof.state is ProofState.VOID]
    if not asked:
        return Cell(ProofState.VOID, "-", tuple(sorted({proof.because for proof in proofs if proof.because})))
    proved = {
        ground: {proof.example for proof in proofs if proof.ground == ground and proof.state is ProofState.PROVED}
        for ground in _grounds(proofs)
    }
    missing = _lines(proof for proof in proofs if proof.state is ProofState.OPEN and not _on_an_emulator(proof, proofs))
    if not set().union(*proved.values()).issuperset(asked):
        return Cell(ProofState.OPEN, "not proved", missing)
    shown = _shown(proved, len(asked))
    return Cell(ProofState.PROVED, ", ".join(shown), missing)


def _on_an_emulator(missing: Proof, proofs: Iterable[Proof]) -> bool:
    """Whether an emulator proves what another place could not."""
    return any(
        proof.state is ProofState.PROVED and proof.example == missing.example and proof.ground not in NO_EMULATORS
        for proof in proofs
    )


def _grounds(proofs: Iterable[Proof]) -> list[str]:
    """The grounds in order: emulators by name, then the others, the most telling first."""
    last = {name: at for at, name in enumerate(NO_EMULATORS, 1)}
    return sorted({proof.ground for proof in proofs}, key=lambda name: (last.get(name, 0), name))


def _shown(proved: dict[str, set[str]], asked: int) -> list[str]:
    """Emulators with how much they prove; other places only where they do not prove all of it."""
    emulated = set[str]().union(*(held for ground, held in proved.items() if ground not in NO_EMULATORS))
    return [
        ground if len(held) == asked else f"{ground} {len(held)}/{asked}"
        for ground, held in proved.items()
        if held and (ground not in NO_EMULATORS or len(emulated) < asked)
    ]


def _lines(proofs: Iterable[Proof]) -> tuple[str, ...]:
    """What is said of some proofs, each once, with where and on which examples."""
    told: dict[tuple[str, str], set[str]] = {}
    for proof in proofs:
        told.setdefault((proof.ground, proof.because), set()).add(proof.example)
    lines = (f"{ground} ({', '.join(sorted(examples))}): {why}" for (ground, why), examples in told.items())
    return tuple(sorted(lines))
