"""Write the documents that are made from the program: the controls, the harmless fixes and the command line.

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
from goldseam.control import Control, Disruption
from goldseam.service.selection import service_of

HERE: Final = Path(__file__).parent
MADE: Final = "<!-- made by docs/generate.py; change the program, not this page -->\n"
COMMANDS: Final = (
    "", "demo", "scan", "findings", "explain", "plan", "approve", "apply", "rollback", "resume", "exempt", "policy",
    "policy init", "policy check", "policy use", "policy show", "policy simulate", "permissions", "controls", "ledger",
    "ledger show", "ledger verify", "ledger reseal", "ledger export",
    "database", "database status", "database copy", "database migrate", "database prune", "keyholder", "key", "conform",
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
    if control.fixable:
        yield from _disruption(control.disruption)
    for setting in control.settings:
        yield f"setting `{setting.name}`: {setting.type_name}, default `{setting.default}`"
    for owner in control.owners:
        yield f"not applicable where {owner.reason} ({owner.source})"
    if control.requirements:
        yield f"requirements: {', '.join(control.requirements)}"
    if control.covers:
        yield f"covers: {', '.join(f'`{row}`' for row in control.covers)}"


def _disruption(disruption: Disruption) -> Iterator[str]:
    if disruption.harms:
        shown = " and ".join(f"`{name}` is {str(value).lower()}" for name, value in disruption.unless.items())
        yield f"may disrupt: {disruption.harms}" + (f"; automatic only when {shown}" if shown else "; never automatic")
    else:
        yield f"harmless: {disruption.why}; noticed by {disruption.noticed_by}"
    if disruption.source:
        yield f"source: {disruption.source}"


MEANING: Final = """\
Harmless is a claim with a source: as far as the provider's page says, the fix changes nothing for those who use the
resource, whose requests, connections, sign-ins, reads and writes it serves. It may refuse an administrative act (a
deletion, a transfer, further public sharing), make records of use, and cost money where the charge is small beside that
of the resource or goes to a destination that a setting names. Where a user of the resource may notice, or a charge may
exceed that of the resource, the fix is not harmless: it is automatic under the conditions in
[controls.md](controls.md), or never.
"""


def harmless_page() -> str:
    """Every fix that is called harmless: who notices it, why it is, and the page that says so, by service."""
    fixes = [control for control in aws_catalog().controls if control.fixable]
    ours = [control for control in fixes if not control.disruption.harms]
    held = sum(bool(control.disruption.unless) for control in fixes)
    counts = (
        f"{len(ours)} of {len(fixes)} fixes are harmless, {held} are automatic under conditions, "
        f"{len(fixes) - len(ours) - held} are never automatic.\n"
    )
    services: dict[str, list[Control]] = {}
    for control in ours:
        services.setdefault(service_of(control.id), []).append(control)
    tables = (_harmless_table(service, controls) for service, controls in services.items())
    return f"# Harmless fixes\n\n{MADE}\n{MEANING}\n{counts}{''.join(tables)}"


def _harmless_table(service: str, controls: list[Control]) -> str:
    lines = [f"\n## {service}\n\n| control | who can notice | why it is harmless | source |\n|---|---|---|---|\n"]
    for control in controls:
        said = control.disruption
        lines.append(f"| `{control.id}` | {said.noticed_by} | {said.why} | {said.source} |\n")
    return "".join(lines)


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
        lines_.append(
            f"\n## {source}\n\n| requirement | demands | control | our default | compared |\n|---|---|---|---|---|\n"
        )
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
    "harmless.md": harmless_page,
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
