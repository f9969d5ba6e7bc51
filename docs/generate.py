"""Write the documents that are made from the program: the controls and the command line.

`python docs/generate.py` writes them, `--check` compares them with what stands in the files and names the stale ones.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.control import Control

HERE: Final = Path(__file__).parent
MADE: Final = "<!-- made by docs/generate.py; change the program, not this page -->\n"
COMMANDS: Final = (
    "", "demo", "scan", "findings", "explain", "plan", "approve", "apply", "rollback", "resume", "exempt", "policy",
    "policy init", "policy check", "policy use", "policy show", "policy simulate", "permissions", "controls", "ledger",
    "ledger show", "ledger verify", "ledger reseal", "ledger export", "keyholder", "key", "conform",
)  # fmt: skip


def controls_page() -> str:
    """Every control: what it wants, why, what its fix may disrupt, its settings, requirements and what it covers."""
    controls = aws_catalog().controls
    fixable = sum(control.fixable for control in controls)
    reversible = sum(control.reversible for control in controls)
    counts = f"{len(controls)} controls, {fixable} with a fix, {reversible} with a reversible fix"
    return f"# Controls\n\n{MADE}\n{counts}.\n" + "".join(_control(control) for control in controls)


def _control(control: Control) -> str:
    return f"\n## `{control.id}`\n\n{control.title}. {' '.join(control.why.split())}\n\n" + "".join(
        f"* {line}\n" for line in _lines(control)
    )


def _lines(control: Control) -> Iterator[str]:
    fix = "reversible" if control.reversible else "no way back" if control.fixable else "none, by hand"
    yield f"severity: {control.severity}; kind: `{control.kind.name}`; reads: {', '.join(control.reads)}; fix: {fix}"
    disruption = control.disruption
    if disruption.harms:
        shown = " and ".join(f"`{name}` is {str(value).lower()}" for name, value in disruption.unless.items())
        yield f"may disrupt: {disruption.harms}" + (f"; automatic only when {shown}" if shown else "; never automatic")
    else:
        yield f"harmless: {disruption.why}"
    for setting in control.settings:
        yield f"setting `{setting.name}`: {setting.type_name}, default `{setting.default}`"
    if control.requirements:
        yield f"requirements: {', '.join(control.requirements)}"
    if control.covers:
        yield f"covers: {', '.join(f'`{row}`' for row in control.covers)}"


COVERAGE: Final = HERE / "coverage.csv"
SOURCES: Final = {
    "seed": "the seed product",
    "security-hub": "Security Hub's automated response",
    "prowler": "Prowler's fixers",
    "cloudbots": "CloudBots",
}


def coverage_rows() -> list[dict[str, str]]:
    """The remediations of other products; `why_not` says of those without a control of ours what keeps us from one."""
    with COVERAGE.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def covering() -> Mapping[str, list[Control]]:
    """Our controls by the rows that they take the place of, `source:row`."""
    found: dict[str, list[Control]] = {}
    for control in aws_catalog().controls:
        for row in control.covers:
            found.setdefault(row, []).append(control)
    return found


def coverage_page() -> str:
    """The remediations of others beside the controls that take their place."""
    rows, ours = coverage_rows(), covering()
    title = "The remediations that others have on AWS, and the controls of ours in their place."
    lines = [f"# Coverage\n\n{MADE}\n{title}\n"]
    for source, name in SOURCES.items():
        own = [row for row in rows if row["source"] == source]
        covered = sum(f"{source}:{row['row']}" in ours for row in own)
        lines.append(f"\n## {name[0].upper()}{name[1:]}\n\n{covered} of {len(own)} rows are covered.\n")
        lines.append("\n| service | row | our controls, or why none |\n|---|---|---|\n")
        lines += [_coverage_line(row, ours.get(f"{source}:{row['row']}", [])) for row in own]
    return "".join(lines)


def _coverage_line(row: Mapping[str, str], controls: list[Control]) -> str:
    told = ", ".join(f"`{control.id}`{_fix_word(control)}" for control in controls)
    return f"| {row['service']} | {row['row']} | {told or 'none: ' + row['why_not']} |\n"


def _fix_word(control: Control) -> str:
    return "" if control.reversible else " (one way)" if control.fixable else " (by hand, with a guide)"


CLAIMS: Final = HERE / "claims.csv"


def claims_page() -> str:
    """What frameworks and other products demand, beside the defaults of the controls that map it."""
    with CLAIMS.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    counts = Counter(row["relation"] for row in rows)
    shown = ", ".join(f"{counts[name]} {name}" for name in ("equal", "stricter", "partial"))
    title = "What each requirement demands, and how the control that maps it compares. Our defaults come from the code."
    lines_ = [f"# Claims\n\n{MADE}\n{title}\n\n{len(rows)} claims: {shown}.\n"]
    for source in dict.fromkeys(row["requirement"].partition(":")[0] for row in rows):
        lines_.append(f"\n## {source}\n\n| requirement | demands | control | our default | compared |\n|---|---|---|---|---|\n")
        lines_ += [_claim_line(row) for row in rows if row["requirement"].startswith(f"{source}:")]
    return "".join(lines_)


def _claim_line(row: Mapping[str, str]) -> str:
    control = aws_catalog().control(row["control"])
    ours = "; ".join(f"`{name}` {value!r}" for name, value in control.defaults.items()) or "no setting"
    compared = row["relation"] + (f": {row['why']}" if row["why"] else "")
    name = row["requirement"].partition(":")[2]
    return f"| {name} ({row['source']}) | {row['demands']} | `{control.id}` | {ours} | {compared} |\n"


def cli_page() -> str:
    """The help of every command, as it is printed."""
    return f"# Command line\n\n{MADE}" + "".join(_help(name) for name in COMMANDS)


def _help(name: str) -> str:
    command = [sys.executable, "-m", "goldseam", *name.split(), "--help"]
    env = {**os.environ, "COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1", "GOLDSEAM_HOME": ""}
    env.pop("GOLDSEAM_HOME")
    printed = subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout  # noqa: S603
    text = "\n".join(line.rstrip() for line in printed.strip().splitlines())
    return f"\n## `goldseam{f' {name}' if name else ''}`\n\n```text\n{text}\n```\n"


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "controls.md": controls_page,
    "coverage.md": coverage_page,
    "claims.md": claims_page,
    "cli.md": cli_page,
}


def main() -> int:
    """Write the pages, or say which are stale."""
    stale = []
    for name, page in PAGES.items():
        path, text = HERE / name, page()
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
    for name in stale:
        sys.stderr.write(f"docs/{name} is stale: run `python docs/generate.py`\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
