"""`policy`: write, check, try and use the rules on what may be repaired."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from goldseam.cli import output
from goldseam.decide import Decision
from goldseam.decide.policy import Mode, PolicySet, load_policies
from goldseam.model.clock import SystemClock
from goldseam.model.errors import UNFORESEEN, GoldseamError, UnknownName, Unreadable, UsageError, in_words
from goldseam.model.values import Json
from goldseam.service.context import POLICY_FILE
from goldseam.service.context import ServiceContext as Workspace
from goldseam.service.pipeline import judged

_MODE_STYLE: Final = {Mode.AUTO: "yellow", Mode.ASK: "cyan", Mode.ASSIST: "blue", Mode.LEAVE: "dim"}

_FIRST: Final = """\
# Nothing is changed without a policy. This one prepares every repair and asks a person before it.
# What may be written here is in docs/policies.md; `goldseam policy simulate` shows what it would decide.
version: 2
policies:
  - name: ask-before-everything
    controls: ["*"]
    scope: {accounts: ["*"], regions: ["*"]}
    mode: ask                 # auto | ask | assist | leave
    approvals: {needed: 1}

  # An automatic one needs conditions; every unknown makes it ask:
  #
  # - name: close-public-buckets-that-are-no-websites
  #   controls: ["aws.s3.bucket.*"]
  #   when: ["!context.serves_website", "context.environment in ['dev', 'test', 'staging']"]
  #   mode: auto
  #   limits: {per_hour: 20, per_account: 5}
"""


def init(workspace: Workspace, file: Path) -> int:
    """Write a first policy."""
    del workspace
    if file.exists():
        raise UsageError(f"`{file}` exists; choose another name")
    file.write_text(_FIRST, encoding="utf-8")
    output.say(f"wrote {file}; look at it, then `goldseam policy use {file}`")
    return 0


def read(workspace: Workspace, file: Path) -> tuple[str, PolicySet]:
    """A policy file and what it says; raises InvalidDocument, UsageError."""
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"`{file}` is not UTF-8 text") from error
    return text, load_policies(text, str(file), workspace.catalog)


def check(workspace: Workspace, file: Path, *, as_json: bool) -> int:
    """Load a policy and say what it holds."""
    _, policies = read(workspace, file)
    if as_json:
        output.print_json("goldseam.policy/1", version=policies.version, policies=_described(policies))
    else:
        output.say(f"{file}: {output.count(len(policies.policies), 'policy')}, no mistakes", "green")
    return 0


def _described(policies: PolicySet) -> list[Json]:
    return [
        {"name": item.name, "mode": str(item.mode), "controls": list(item.controls), "where": item.where}
        for item in policies.policies
    ]


def use(workspace: Workspace, file: Path, by: str, *, as_json: bool) -> int:
    """Put a policy in force."""
    text, policies = read(workspace, file)
    home = workspace.home
    home.ledger.append(
        "policy", {"version": policies.version, "text": text, "path": str(file), "by": workspace.by(by).actor.name}
    )
    draft = home.path / f"{POLICY_FILE}.new"
    draft.write_text(text, encoding="utf-8")
    draft.replace(home.path / POLICY_FILE)
    if as_json:
        output.print_json("goldseam.policy/1", version=policies.version, policies=_described(policies))
    else:
        output.say(f"in force: {output.count(len(policies.policies), 'policy')}, version {policies.version[:12]}")
    return 0


def show(workspace: Workspace, *, as_json: bool) -> int:
    """Print the policy in force."""
    entry = workspace.policy_entry
    if as_json:
        policies = workspace.policies
        output.print_json("goldseam.policy/1", version=policies.version, policies=_described(policies))
    elif entry is not None:
        for line in str(entry.body["text"]).rstrip().split("\n"):
            output.say(line)
    else:
        output.say("No policy is in force, so nothing is changed. `goldseam policy init` writes a first one.")
    return 0


def simulate(workspace: Workspace, file: Path, *, as_json: bool) -> int:
    """Print what a draft would decide beside what today's policy decides."""
    _, draft = read(workspace, file)
    pairs = list(_compared(workspace, draft))
    if as_json:
        rows = [
            {"finding": now.finding, "today": str(now.mode), "draft": str(then.mode), "policy": then.policy}
            for now, then in pairs
        ]
        output.print_json("goldseam.simulation/1", version=draft.version, decisions=rows)
        return 0
    _print_simulation(workspace, pairs)
    return 0


def _compared(workspace: Workspace, draft: PolicySet) -> Iterator[tuple[Decision, Decision]]:
    """For every current finding that is not a pass: today's decision and the draft's."""
    home, now = workspace.home, SystemClock().now()
    today, then, regions = workspace.standing(), workspace.standing(draft), workspace.stored_regions
    known = {kept.finding.id for kept in home.scans.findings()}
    for ref in home.scans.resources():
        try:
            resource, facts = home.scans.resource(ref)
            drafted = judged(resource, facts, workspace.catalog, then, now, regions).decisions
            after = {item.finding: item for item in drafted}
            before = judged(resource, facts, workspace.catalog, today, now, regions).decisions
        except (Unreadable, UnknownName, *UNFORESEEN) as error:
            left_out = str(error) if isinstance(error, GoldseamError) else in_words(error)
            output.note(f"{ref.address} is left out: {left_out}")
            continue
        for decision in before:
            if decision.finding in known & after.keys():
                yield decision, after[decision.finding]


def _print_simulation(workspace: Workspace, pairs: list[tuple[Decision, Decision]]) -> None:
    if not pairs:
        output.say("There are no findings to decide on. `goldseam scan` first.")
        return
    output.table(
        ("TODAY", "DRAFT", "POLICY", "FINDING", "WHAT"),
        (
            (
                (str(now.mode), _MODE_STYLE[now.mode]),
                (str(then.mode), _MODE_STYLE[then.mode] if now.mode is then.mode else "bold"),
                then.policy,
                then.finding,
                _what(workspace, then.finding),
            )
            for now, then in pairs
        ),
    )
    changed = sum(now.mode is not then.mode for now, then in pairs)
    output.say()
    output.say(f"{changed} of {output.count(len(pairs), 'decision')} would be another one.", "dim")


def _what(workspace: Workspace, finding: str) -> str:
    kept = workspace.home.scans.finding(finding).finding
    return f"{kept.control} on {kept.ref.id}"
