"""What came of a run: a table of controls and laws for people, JSON for programs, a page for the documentation."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from goldseam.control import Catalog, Control
from goldseam.model.display import visible, write_error, write_json
from goldseam.model.values import indented_document
from goldseam.proving.jobs import loaded, whole
from goldseam.proving.jobs import run as run_jobs
from goldseam.proving.kit import Proving
from goldseam.proving.proof import LAWS, Cell, Proof, ProofState, cell

_LEGEND: Final = {
    "memory": "a cloud in memory that does what plans say, and fails, lags and lies on demand; it proves that control, "
    "facet and stages agree, and is named where no emulator proves all examples. Every control is also proved there",
    "-": "the law asks nothing: there is no fix, or no call",
}


@dataclass(frozen=True)
class Table:
    """Every control with what was proved of it."""

    controls: tuple[Control, ...]
    cells: dict[tuple[str, int], Cell]

    def cell(self, control: Control, law: int) -> Cell:
        """What was proved of one law; not proved, when nothing was tried."""
        return self.cells.get((control.id, law), Cell(ProofState.OPEN, "not proved", ("no place could try it",)))

    def of(self, state: ProofState) -> list[tuple[Control, int, Cell]]:
        """The cells in a state."""
        return [
            (control, law, held)
            for control in self.controls
            for law in LAWS
            if (held := self.cell(control, law)).state is state
        ]

    @property
    def exit_code(self) -> int:
        """1 when a law is disproved."""
        return 1 if self.of(ProofState.DISPROVED) else 0


def table(controls: Iterable[Control], proofs: Iterable[Proof]) -> Table:
    """The proofs in their cells."""
    grouped: dict[tuple[str, int], list[Proof]] = {}
    for proof in proofs:
        grouped.setdefault((proof.control, proof.law), []).append(proof)
    return Table(tuple(controls), {key: cell(held) for key, held in grouped.items()})


def run(
    catalog: Catalog,
    proving: Proving,
    patterns: Sequence[str] = (),
    modules: Sequence[str] = (),
    *,
    as_json: bool = False,
    write: Path | None = None,
    check: Path | None = None,
) -> int:
    """Prove, show, and answer the exit code; `write` makes a page of it, `check` compares the page that is there.

    With modules, only what they define is proved. Raises UnknownName for a pattern that no control matches, UsageError.
    """
    own = loaded(modules)
    chosen = Catalog.of(own) if own else catalog
    chosen = chosen.only(chosen.matching(patterns)) if patterns else chosen
    del catalog
    made = table(chosen.controls, run_jobs(Catalog(whole(own, proving).kinds, chosen.controls), modules, proving))
    if as_json:
        _print_json(made)
    else:
        _print(made)
    if write is not None:
        write.write_text(page(made, proving), encoding="utf-8")
    if check is not None and (not check.exists() or check.read_text(encoding="utf-8") != page(made, proving)):
        write_error(f"{check} is stale: run `goldseam conform --write {check}`")
        return 1
    return made.exit_code


def headline(made: Table) -> str:
    """How many of the laws hold, in one sentence."""
    counts = Counter(made.cell(control, law).state for control in made.controls for law in LAWS)
    asked = sum(counts.values()) - counts[ProofState.VOID]
    return (
        f"{len(made.controls)} controls, {len(LAWS)} laws: {counts[ProofState.PROVED]} of {asked} proved, "
        f"{counts[ProofState.DISPROVED]} disproved, {counts[ProofState.OPEN]} not proved."
    )


def _print_json(made: Table) -> None:
    document = {
        "schema": "goldseam.conform/1",
        "controls": [
            {
                "id": control.id,
                "severity": str(control.severity),
                "laws": {str(law): _as_json(made.cell(control, law)) for law in LAWS},
            }
            for control in made.controls
        ],
    }
    write_json(indented_document(document))


def _as_json(held: Cell) -> dict[str, object]:
    proved = held.text.split(", ") if held.state is ProofState.PROVED else []
    return {"state": str(held.state), "on": proved, "notes": list(held.notes)}


def _print(made: Table) -> None:
    from rich.console import Console  # noqa: PLC0415 - loads slowly, and JSON needs none
    from rich.table import Table as Lines  # noqa: PLC0415

    shown = Lines(box=None, pad_edge=False, header_style="bold")
    for heading in ("CONTROL", *(f"{law} {name}" for law, name in LAWS.items())):
        shown.add_column(heading, overflow="fold")
    for control in made.controls:
        cells = [made.cell(control, law) for law in LAWS]
        shown.add_row(control.id, *(f"[red]{held.text}[/]" if _bad(held) else held.text for held in cells))
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 200)
    console.print(shown)
    for control, law, held in (*made.of(ProofState.DISPROVED), *made.of(ProofState.OPEN)):
        for note in held.notes:
            line = visible(f"{control.id}, law {law} {held.text}: {note}")
            console.print(line, markup=False, emoji=False, soft_wrap=True)
    console.print(headline(made), markup=False)


def _bad(held: Cell) -> bool:
    return held.state in (ProofState.DISPROVED, ProofState.OPEN)


def page(made: Table, proving: Proving) -> str:
    """The documentation page: the same for the same proofs, whenever and wherever they were made."""
    laws = "".join(f"| {law} {name} " for law, name in LAWS.items())
    lines = [
        "# Conformance",
        "",
        "Made by `goldseam conform --write docs/conformance.md`; do not edit.",
        "",
        headline(made),
        "",
        "Every law is a property that the kit tries on every control, from the control's own examples, each on a fresh",
        "resource; the laws are those of the design. A cell says where the law was proved for all examples, or for how",
        "many of them.",
        "",
        *(f"* `{word}`: {meaning}." for word, meaning in {**proving.legend(), **_LEGEND}.items()),
        "",
        f"| control | severity {laws}|",
        f"|---|---{'|---' * len(LAWS)}|",
        *(_row(made, control) for control in made.controls),
        "",
        *_why(made),
    ]
    return "\n".join(lines) + "\n"


def _row(made: Table, control: Control) -> str:
    cells = "".join(f" {made.cell(control, law).text} |" for law in LAWS)
    return f"| `{control.id}` | {control.severity} |{cells}"


def _why(made: Table) -> list[str]:
    """Why something is not proved on an emulator, with the controls and laws that this is about."""
    reasons: dict[str, dict[str, set[int]]] = {}
    for control in made.controls:
        for law in LAWS:
            held = made.cell(control, law)
            for note in held.notes if held.state is not ProofState.VOID else ():
                reasons.setdefault(_cause(note), {}).setdefault(control.id, set()).add(law)
    if not reasons:
        return []
    lines = ["## What no emulator shows, and why", ""]
    for reason, controls in sorted(reasons.items()):
        names = ", ".join(f"`{name}` ({', '.join(map(str, sorted(laws)))})" for name, laws in sorted(controls.items()))
        lines.append(f"* {reason}. Laws of {names}")
    return lines


def _cause(note: str) -> str:
    """A note without the numbers of its examples."""
    place, _, why = note.partition(": ")
    return f"{place.partition(' (')[0]}: {why}"
