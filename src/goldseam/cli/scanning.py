"""`scan`, `findings` and `explain`: what is wrong, and why it is decided as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from goldseam.cli import output
from goldseam.cli.progress import shown_progress
from goldseam.cli.taking_back import note_unreviewed
from goldseam.model.errors import UNFORESEEN, in_words
from goldseam.service import findings as finding_list
from goldseam.service import scans
from goldseam.service.context import ServiceContext
from goldseam.service.findings import (
    Explanation,
    FactView,
    FailingControl,
    FindingRequest,
    ListedFinding,
    explain_decision,
)
from goldseam.service.scans import ScanRequest, ScanResult

if TYPE_CHECKING:
    from goldseam.service.automation import Tally
    from goldseam.service.findings import Decision, Secrets, TraceLine
    from goldseam.service.scans import Incomplete

_SHOWN: Final = 10
"""Failed listings that are shown one by one."""
COULD_NOT_TELL: Final = 3
"""The exit code where something is unknown; also beside failed controls where the scan itself is incomplete."""
_CONTROLS: Final = 40
"""Failing controls that are shown, the worst first."""


def scan(context: ServiceContext, request: ScanRequest, *, as_json: bool) -> int:
    """Scan, keep what was found, and say it."""
    with shown_progress() as progress:
        result = scans.scan(context, request, progress)
    if as_json:
        output.print_json("goldseam.scan/1", **result.to_json())
    else:
        _report(context, result)
    note_unreviewed(context)
    return COULD_NOT_TELL if result.incomplete else _exit_code(result.counts)


def _exit_code(counts: Mapping[str, int]) -> int:
    if counts["fail"]:
        return 1
    return COULD_NOT_TELL if counts["unknown"] or counts["gaps"] else 0


def _report(context: ServiceContext, result: ScanResult) -> None:
    for item in result.resumed:
        output.say(f"{item.plan}  {item.state}: {item.because}", output.STATE_STYLE.get(item.state, ""))
    failing = finding_list.failing(context)
    output.say(f"{output.count(result.counts['resources'], 'resource')}: {output.summary(result.statuses)}", "bold")
    _by_control(failing)
    for gap in result.gaps[:_SHOWN]:
        output.say(f"could not list {gap}", "magenta")
    if len(result.gaps) > _SHOWN:
        output.say(f"could not list {len(result.gaps) - _SHOWN} more kinds; `--json` names them all", "magenta")
    _say_incomplete(result.incomplete)
    if any("access denied" in gap for gap in result.gaps):
        output.say("`goldseam permissions scanner` prints the policy that a scan needs.", "dim")
    if failing:
        output.say()
        output.say("`goldseam findings` lists them, `goldseam plan --all` shows what would be changed.", "dim")
    elif not result.counts["resources"]:
        output.say("Nothing was found: is it the right account and region? Try `--profile` or `--regions`.", "dim")


def _say_incomplete(incomplete: Sequence[Incomplete]) -> None:
    """Say which reads exceeded a bound, by call, region and reason."""
    if not incomplete:
        return
    output.say(
        f"incomplete: {output.count(len(incomplete), 'read')} exceeded a limit; what they feed is unknown", "magenta"
    )
    tally = Counter((read.region, read.reason) for read in incomplete)
    for (region, reason), number in tally.most_common(_SHOWN):
        output.say(f"  {region}: {reason}" + (f" ({number} times)" if number > 1 else ""), "magenta")
    if len(tally) > _SHOWN:
        output.say(f"  and {len(tally) - _SHOWN} more; `--json` names them all", "magenta")
    output.say("`--read-timeout` and `--region-timeout` allow more time.", "dim")


def _by_control(failing: Sequence[FailingControl]) -> None:
    output.table(
        ("SEVERITY", "FAIL", "CONTROL", "TITLE"),
        (
            (
                (item.control.severity, output.SEVERITY_STYLE[item.control.severity]),
                str(item.findings),
                item.control.id,
                item.control.title,
            )
            for item in failing[:_CONTROLS]
        ),
    )
    if len(failing) > _CONTROLS:
        output.say(f"and {len(failing) - _CONTROLS} more controls; `goldseam findings` lists every finding", "dim")


def findings(context: ServiceContext, wanted: FindingRequest, *, as_json: bool) -> int:
    """List the latest findings."""
    found = finding_list.find(context, wanted)
    if as_json:
        output.print_json(
            "goldseam.findings/1",
            findings=[item.to_json() for item in found.findings],
            not_automatic=[item.to_json() for item in found.not_automatic],
        )
    elif found.findings:
        print_findings(found.findings)
        say_not_automatic(found.not_automatic)
    else:
        _say_none(context)
    statuses = {item.status for item in found.findings}
    return 1 if "fail" in statuses else COULD_NOT_TELL if "unknown" in statuses else 0


def print_findings(found: Sequence[ListedFinding]) -> None:
    """A table of findings."""

    def row(item: ListedFinding) -> tuple[tuple[str, str] | str, ...]:
        return (
            item.id,
            (item.severity, output.SEVERITY_STYLE[item.severity]),
            (item.status, output.STATUS_STYLE[item.status]),
            item.decision or "",
            item.resource,
            f"{item.control}: {item.because}" if item.because else item.control,
        )

    output.table(("FINDING", "SEVERITY", "STATUS", "DECISION", "RESOURCE", "WHAT"), map(row, found))
    output.say()
    output.say(f"{output.count(len(found), 'finding')}. `goldseam explain <finding>` says why it is so decided.", "dim")


def say_not_automatic(tallies: Sequence[Tally]) -> None:
    """Print why findings are not automatic; nothing where there is nothing to say."""
    if not tallies:
        return
    output.say()
    output.say("Why not automatic (failed findings with a fix, by the first reason):", "bold")
    for item in tallies[:_SHOWN]:
        more = f" (the only reason for {item.alone})" if item.alone else ""
        output.say(f"  {item.findings:>5}  {item.reason}{more}")
    if len(tallies) > _SHOWN:
        output.say(f"  and {len(tallies) - _SHOWN} more reasons; `--json` names them all", "dim")


def _say_none(context: ServiceContext) -> None:
    if scans.any_scan(context):
        output.say("No findings of that sort. `goldseam findings --status all` shows everything that was looked at.")
    else:
        output.say("Nothing was scanned yet. Start with `goldseam scan`, or with `goldseam demo`.")


def explain(context: ServiceContext, name: str, *, as_json: bool) -> int:
    """Print the whole reasoning behind a decision."""
    explained = finding_list.explain(context, name)
    if as_json:
        output.print_json("goldseam.explanation/1", **explained.to_json())
        return 0
    finding, secrets = explained.finding, explained.secrets
    output.say(f"{finding.id}  {finding.title}", "bold")
    output.say(finding.resource)
    output.say(
        secrets.text(f"{finding.status}: {finding.because}" if finding.because else finding.status),
        output.STATUS_STYLE[finding.status],
    )
    if finding.source:
        output.say(f"source: {finding.source}", "dim")
    output.say()
    if explained.decision is not None:
        print_reasoning(explained.decision, secrets)
        _print_times(explained, context.clock.now())
    else:
        output.say(_UNDECIDED.get(finding.status, "No decision is stored: scan again."))
    return 0


_UNDECIDED: Final = {
    "pass": "Nothing is to be decided: the control passes.",
    "not_applicable": "Nothing is to be decided: this account cannot change it, and it is in no total.",
}
"""Why there is no decision on a finding, by its status."""


def _print_times(explained: Explanation, now: datetime) -> None:
    """When the stored decision was made, and of when the facts are that were stored with it."""
    decided, facts = explained.decided_at, explained.facts
    made = f"made {_ago(datetime.fromisoformat(decided), now)}" if decided else "made at a time that was not recorded"
    output.say(
        f"  forecast, {made}; `plan` and `apply` read the resource and its facts again and decide on that", "dim"
    )
    if facts:
        output.say()
        output.say("facts", "bold")
    for view in facts:
        output.say(f"  {view.text}")
        output.say(f"      {_dated(view, now)}", "dim")


def _dated(view: FactView, now: datetime) -> str:
    read_at, as_of = view.fact.read_at, view.fact.as_of
    if read_at is None or as_of is None:
        return "read at a time that was not recorded"
    return f"read {_ago(read_at, now)}; source complete up to {as_of.isoformat(timespec='minutes')}"


_UNITS: Final = ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min"))


def _ago(then: datetime, now: datetime) -> str:
    """How long ago a time was, in whole units of the largest that fits."""
    passed = now - then
    for unit, name in _UNITS:
        if passed >= unit:
            return f"{passed // unit} {name} ago"
    return f"{max(int(passed.total_seconds()), 0)} s ago"


_MARKS = {True: ("✓", "green"), False: ("✗", "red"), None: ("?", "magenta")}


def print_reasoning(decision: Decision, secrets: Secrets) -> None:
    """What decides, in plain words; then each line of the trace: whether it holds, what follows, and its evidence."""
    output.say(f"decision: {decision.mode}" + (f" (policy {decision.policy})" if decision.policy else ""), "bold")
    for sentence in explain_decision(decision):
        output.say(secrets.text(f"  {sentence}"))
    output.say()
    for line in decision.trace:
        try:
            _print_line(line, secrets)
        except UNFORESEEN as error:
            output.say(f"  ? a line of the reasoning cannot be shown ({in_words(error)})", "magenta")


def _print_line(line: TraceLine, secrets: Secrets) -> None:
    mark, style = _MARKS[line.truth]
    output.say(secrets.text(f"  {mark} {line.layer:<10} {line.text}  → {line.effect}"), style)
    for evidence in line.evidence:
        output.say(secrets.text(f"               {evidence}"), "dim")
