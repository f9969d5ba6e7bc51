"""`policy`: write, check, try and use the rules on what may be repaired."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from goldseam.cli import output
from goldseam.model.display import write_line
from goldseam.model.errors import UsageError
from goldseam.model.values import Json
from goldseam.service import policies as policy_service
from goldseam.service.context import ServiceContext
from goldseam.service.policies import PolicyFile
from goldseam.service.policy_comparison import (
    Checked,
    Comparison,
    DecidedAnew,
    Simulation,
    Verdict,
    described,
    described_guardrails,
)

_MODE_STYLE: Final = {"auto": "yellow", "ask": "cyan", "assist": "blue", "leave": "dim"}

_FIRST: Final = """\
# Nothing is changed without a policy. This one prepares every repair and asks a person before it.
# What may be written here is in docs/policies.md; `goldseam policy simulate` shows what it would decide.
version: 2

# Guardrails always hold, whatever policy decides; the most careful of them counts:
#
# guardrails:
#   - name: not-in-these-accounts
#     scope: {accounts: ["111122223333"]}
#     at_most: leave
#   - name: production
#     when: ["context.environment == 'production'"]
#     at_most: ask

# Policies are read in order, and the first that applies decides.
policies:
  # An automatic one needs conditions; with anything unknown it asks:
  #
  # - name: close-public-buckets-that-are-no-websites
  #   controls: ["aws.s3.bucket.*"]
  #   when: ["!context.serves_website", "context.environment in ['dev', 'test', 'staging']"]
  #   mode: auto
  #   limits: {per_hour: 20, per_account: 5}

  - name: ask-before-everything-else
    controls: ["*"]
    scope: {accounts: ["*"], regions: ["*"]}
    mode: ask                 # auto | ask | assist | leave
    approvals: {needed: 1}
"""


def init(context: ServiceContext, file: Path) -> int:
    """Write a first policy."""
    del context
    if file.exists():
        raise UsageError(f"`{file}` exists; choose another name")
    file.write_text(_FIRST, encoding="utf-8")
    output.say(f"wrote {file}; look at it, then `goldseam policy use {file}`")
    return 0


def _read(file: Path) -> PolicyFile:
    """A policy file; raises UsageError."""
    try:
        return PolicyFile(file.read_text("utf-8"), str(file))
    except UnicodeDecodeError as error:
        raise UsageError(f"`{file}` is not UTF-8 text") from error


def check(context: ServiceContext, file: Path, *, as_json: bool) -> int:
    """Load a policy and say what it holds."""
    found = policy_service.check(context, _read(file))
    if as_json:
        _print_policies(found)
        return 0
    output.say(f"{file}: {_counted(found)}, no mistakes", "green")
    _say_warnings(found)
    return 0


def _counted(found: Checked) -> str:
    policies = found.policies
    guarding = f"{output.count(len(policies.guardrails), 'guardrail')}, " if policies.guardrails else ""
    return guarding + output.count(len(policies.policies), "policy")


def _say_warnings(found: Checked) -> None:
    for item in found.warnings:
        output.say(f"warning: `{item.rule}` ({item.where}): {item.because}", "yellow")


def _print_policies(found: Checked, decided: Json = None) -> None:
    output.print_json(
        "goldseam.policy/2",
        version=found.policies.version,
        policies=described(found.policies),
        guardrails=described_guardrails(found.policies),
        warnings=[item.to_json() for item in found.warnings],
        decided=decided,
    )


def use(context: ServiceContext, file: Path, by: str, *, as_json: bool) -> int:
    """Put a policy in force, and decide what is stored under it."""
    made = policy_service.use(context.by(by), _read(file))
    found, anew = made.checked, made.decided
    _note_left_out(anew.left_out)
    if as_json:
        decided: Json = {"findings": anew.findings, "changed": anew.changed, "left_out": list(anew.left_out)}
        _print_policies(found, decided)
    else:
        output.say(f"in force: {_counted(found)}, version {found.policies.version[:12]}")
        _say_warnings(found)
        _say_decided(anew)
    return 0


def _say_decided(anew: DecidedAnew) -> None:
    if anew.findings:
        output.say(
            f"decided anew: {output.count(anew.findings, 'finding')}, {anew.changed} otherwise than before", "dim"
        )


def _note_left_out(left_out: Sequence[str]) -> None:
    for line in left_out:
        output.note(line)


def show(context: ServiceContext, *, as_json: bool) -> int:
    """Print the policy in force."""
    if as_json:
        _print_policies(policy_service.in_force(context))
    elif (text := policy_service.text_in_force(context)) is not None:
        for line in text.rstrip().split("\n"):
            output.say(line)
    else:
        output.say("No policy is in force, so nothing is changed. `goldseam policy init` writes a first one.")
    return 0


def migrate(context: ServiceContext, file: Path | None, out: Path | None) -> int:
    """Print a policy of version 1 in version 2, or write it to a file."""
    if out is not None and out.exists():
        raise UsageError(f"`{out}` exists; choose another name")
    written = policy_service.migrate(context, _read(file) if file is not None else None)
    if out is None:
        for line in written.splitlines():
            write_line(line)
        return 0
    out.write_text(written, encoding="utf-8")
    output.say(f"wrote {out}; look at it, then `goldseam policy use {out}`")
    return 0


def simulate(context: ServiceContext, file: Path, *, everything: bool = False, as_json: bool) -> int:
    """Print what a draft would decide otherwise than today's policies, and a summary."""
    simulated = policy_service.simulate(context, _read(file))
    made = simulated.simulation
    _note_left_out(made.left_out)
    shown = made.compared if everything else made.changed
    if as_json:
        _print_comparisons(made, shown)
        return 0
    _say_warnings(simulated.checked)
    _say_simulation(made, shown)
    return 0


def _print_comparisons(made: Simulation, shown: Sequence[Comparison]) -> None:
    rows: list[Json] = [
        {
            "finding": item.finding,
            "control": item.control,
            "resource": item.ref.address,
            "today": item.before.shown,
            "draft": item.after.shown,
            "status_today": str(item.before.status),
            "status_draft": str(item.after.status),
            "policy": item.after.policy,
        }
        for item in shown
    ]
    summary: list[Json] = [
        {"today": before, "draft": after, "findings": number} for (before, after), number in made.summary.items()
    ]
    total, changed = len(made.compared), len(made.changed)
    output.print_json(
        "goldseam.simulation/2", version=made.version, decisions=rows, summary=summary, total=total, changed=changed
    )


def _say_simulation(made: Simulation, shown: Sequence[Comparison]) -> None:
    if not made.compared:
        output.say("There are no findings to decide on. `goldseam scan` first.")
        return
    if shown:
        output.table(("TODAY", "DRAFT", "POLICY", "FINDING", "WHAT"), map(_row, shown))
        output.say()
    output.say(f"{len(made.changed)} of {output.count(len(made.compared), 'decision')} would be another one.", "bold")
    for (before, after), number in made.summary.items():
        output.say(f"  {number:>6}  " + (f"stay {before}" if before == after else f"{before} → {after}"), "dim")
    if len(shown) < len(made.compared):
        output.say("`--all` lists those that stay as well.", "dim")


def _row(item: Comparison) -> tuple[tuple[str, str] | str, ...]:
    changed = f" ({item.before.status} → {item.after.status})" if item.before.status is not item.after.status else ""
    return (
        (item.before.shown, _style(item.before)),
        (item.after.shown, "bold" if item.changed else _style(item.after)),
        item.after.policy,
        item.finding,
        f"{item.control} on {item.ref.id}{changed}",
    )


def _style(verdict: Verdict) -> str:
    return _MODE_STYLE.get(verdict.shown, "dim")
