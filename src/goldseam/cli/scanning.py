"""`scan`, `findings` and `explain`: what is wrong, and why it is decided as it is."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from goldseam.assess.context import Fact
from goldseam.assess.evaluate import Status
from goldseam.cli import output
from goldseam.cli.automatic import not_automatic, say_not_automatic
from goldseam.cli.doors import doors
from goldseam.cli.masks import secrets_on
from goldseam.cli.progress import shown_progress
from goldseam.cli.selection import chosen, service_of, severity, words
from goldseam.cli.taking_back import note_unreviewed
from goldseam.cli.workspace import Workspace
from goldseam.control import Catalog, Secrets
from goldseam.decide import Decision, TraceLine, explain_decision, fact_shown
from goldseam.model.clock import SystemClock
from goldseam.model.errors import UNFORESEEN, UnknownName, Unreadable, in_words
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json
from goldseam.ports import Gap
from goldseam.repair.resume import Resumed, closed_by_looking
from goldseam.service.pipeline import Report
from goldseam.service.pipeline import scan as scanned
from goldseam.store.scans import Kept

if TYPE_CHECKING:
    from goldseam.clouds.aws.bounds import Incomplete
    from goldseam.clouds.aws.cloud import AwsCloud


_SHOWN: Final = 10
"""Failed listings that are shown one by one."""
COULD_NOT_TELL: Final = 3
"""The exit code where something is unknown; also beside failed controls where the scan itself is incomplete."""
_CONTROLS: Final = 40
"""Failing controls that are shown, the worst first."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a scan is about."""

    services: str
    controls: Sequence[str]
    regions: str
    max_rate: float | None
    read_timeout: float
    region_timeout: float


def scan(workspace: Workspace, wanted: Selection, *, as_json: bool) -> int:
    """Scan, keep what was found, and say it."""
    catalog = chosen(workspace.catalog, wanted.services, wanted.controls)
    standing, home = workspace.standing(), workspace.home
    statuses: Counter[str] = Counter()
    resources, gaps = 0, list[Gap]()
    with _account(workspace, wanted) as cloud, _garbage_seldom():
        name = home.scans.begin(cloud.session.account_id())
        for report in scanned(cloud.reader, catalog, standing, SystemClock()):
            regions = words(wanted.regions)
            home.scans.save(name, report.shard, report.kinds, report.seen, report.gaps, regions)
            _note_lapsed(workspace, report)
            statuses.update(str(finding.status) for seen in report.seen for finding in seen.findings)
            resources += len(report.seen)
            gaps += report.gaps
        closed = closed_by_looking(doors(workspace, cloud), home.signer, cloud.session.account_id())
        incomplete = cloud.reader.incomplete
    found = {str(status): statuses[status] for status in Status}
    counts = {"resources": resources, **found, "gaps": len(gaps), "incomplete": len(incomplete)}
    home.scans.end(name, counts)
    home.ledger.append("scan", {"scan": name, "account": cloud.session.account_id(), "counts": counts})
    reasons = [f"{gap.kind} in {gap.shard.region}: {gap.reason}" for gap in gaps]
    _report(workspace, name, counts, reasons, closed, incomplete, as_json=as_json)
    note_unreviewed(workspace)
    return COULD_NOT_TELL if incomplete else _exit_code(counts)


@contextmanager
def _garbage_seldom() -> Iterator[None]:
    """Look for garbage less often: seventy descriptions of services are long-lived, and walked through at each look."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def _account(workspace: Workspace, wanted: Selection) -> Iterator[AwsCloud]:
    from goldseam.clouds.aws.bounds import Bounds

    timeout = wanted.read_timeout
    bounds = Bounds(read=timeout, silence=timeout / 2, shard=wanted.region_timeout)
    with (
        shown_progress() as progress,
        workspace.cloud(words(wanted.regions), wanted.max_rate, progress, bounds) as cloud,
    ):
        yield cloud


def _note_lapsed(workspace: Workspace, report: Report) -> None:
    """An exemption that is no longer in force is recorded, so that it is seen to have lapsed."""
    standing = {(item.control, item.ref): item for item in workspace.home.exemptions.standing()}
    if not standing:
        return
    for seen in report.seen:
        for decision in seen.decisions:
            for line in decision.trace:
                if line.layer == "exemption" and line.truth is False:
                    finding = next(item for item in seen.findings if item.id == decision.finding)
                    if (finding.control, finding.ref) in standing:
                        workspace.home.exemptions.lapse(finding.control, finding.ref, line.effect)


def _exit_code(counts: dict[str, int]) -> int:
    if counts["fail"]:
        return 1
    return COULD_NOT_TELL if counts["unknown"] or counts["gaps"] else 0


def _report(
    workspace: Workspace,
    name: str,
    counts: dict[str, int],
    gaps: Sequence[str],
    waited_for: Sequence[Resumed],
    incomplete: Sequence[Incomplete],
    *,
    as_json: bool,
) -> None:
    if as_json:
        looked = [asdict(item) for item in waited_for]
        late = [asdict(read) for read in incomplete]
        output.print_json(
            "goldseam.scan/1", scan=name, counts=counts, gaps=list(gaps), incomplete=late, repairs=looked
        )  # fmt: skip
        return
    for item in waited_for:
        output.say(f"{item.plan}  {item.state}: {item.because}", output.STATE_STYLE.get(item.state, ""))
    found = list(_kept(workspace.home.scans.findings(), workspace.catalog))
    worst = [kept for kept in found if kept.finding.status is Status.FAIL]
    output.say(f"{output.count(counts['resources'], 'resource')}: " + output.summary(_statuses(counts)), "bold")
    _by_control(worst, workspace.catalog)
    for gap in gaps[:_SHOWN]:
        output.say(f"could not list {gap}", "magenta")
    if len(gaps) > _SHOWN:
        output.say(f"could not list {len(gaps) - _SHOWN} more kinds; `--json` names them all", "magenta")
    _say_incomplete(incomplete)
    if any("access denied" in gap for gap in gaps):
        output.say("`goldseam permissions scanner` prints the policy that a scan needs.", "dim")
    if worst:
        output.say()
        output.say("`goldseam findings` lists them, `goldseam plan --all` shows what would be changed.", "dim")
    elif not counts["resources"]:
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


def _statuses(counts: dict[str, int]) -> dict[str, int]:
    return {str(status): counts[status] for status in Status}


def _by_control(failing: Sequence[Kept], catalog: Catalog) -> None:
    tally = Counter(kept.finding.control for kept in failing)
    known = [(catalog.control(name), number) for name, number in tally.items()]
    known.sort(key=lambda pair: (-pair[0].severity.rank, -pair[1], pair[0].id))
    output.table(
        ("SEVERITY", "FAIL", "CONTROL", "TITLE"),
        (
            ((c.severity, output.SEVERITY_STYLE[c.severity]), str(number), c.id, c.title)
            for c, number in known[:_CONTROLS]
        ),
    )  # fmt: skip
    if len(known) > _CONTROLS:
        output.say(f"and {len(known) - _CONTROLS} more controls; `goldseam findings` lists every finding", "dim")


def _kept(found: Iterable[Kept], catalog: Catalog) -> Iterator[Kept]:
    """Findings of controls that exist; one that was taken out of the catalogue says nothing any more."""
    return (kept for kept in found if kept.finding.control in catalog.control_by_id)


def findings(
    workspace: Workspace, status: str, patterns: Sequence[str], services: str, least: str, *, as_json: bool
) -> int:
    """List the latest findings."""
    catalog, statuses = chosen(workspace.catalog, services, patterns), _wanted_statuses(status)
    rank = severity(least).rank
    found = [
        kept
        for kept in _kept(workspace.home.scans.findings(), catalog)
        if str(kept.finding.status) in statuses and catalog.control(kept.finding.control).severity.rank >= rank
    ]
    found.sort(
        key=lambda kept: (-catalog.control(kept.finding.control).severity.rank, kept.finding.control, kept.finding.ref)
    )
    why_not = not_automatic(found, catalog)
    if as_json:
        listed = [described(kept, catalog) for kept in found]
        output.print_json("goldseam.findings/1", findings=listed, not_automatic=[item.to_json() for item in why_not])
    elif found:
        _list(found, catalog)
        say_not_automatic(why_not)
    else:
        _say_none(workspace)
    failing = any(kept.finding.status is Status.FAIL for kept in found)
    return 1 if failing else 3 if any(kept.finding.status is Status.UNKNOWN for kept in found) else 0


def _wanted_statuses(text: str) -> tuple[str, ...]:
    known = tuple(str(status) for status in Status)
    chosen_words = known if text == "all" else words(text)
    for word in chosen_words:
        if word not in known:
            raise UnknownName("status", word, (*known, "all"))
    return chosen_words


def described(kept: Kept, catalog: Catalog) -> dict[str, Json]:
    """A finding for programs."""
    finding, control = kept.finding, catalog.control(kept.finding.control)
    return {
        "id": finding.id,
        "control": finding.control,
        "title": control.title,
        "severity": str(control.severity),
        "service": service_of(finding.control),
        "resource": finding.ref.address,
        "kind": finding.ref.kind,
        "account": finding.ref.account,
        "region": finding.ref.region,
        "status": str(finding.status),
        "because": finding.because,
        "guide": finding.guide,
        "source": finding.source,
        "fixable": bool(finding.changes),
        "decision": str(kept.decision.mode) if kept.decision else None,
        "policy": kept.decision.policy if kept.decision else None,
        "scan": kept.scan,
        "since": kept.since,
    }


def _list(found: Sequence[Kept], catalog: Catalog) -> None:
    def row(kept: Kept) -> tuple[tuple[str, str] | str, ...]:
        finding, level = kept.finding, catalog.control(kept.finding.control).severity
        return (
            finding.id,
            (level, output.SEVERITY_STYLE[level]),
            (str(finding.status), output.STATUS_STYLE[finding.status]),
            str(kept.decision.mode) if kept.decision else "",
            finding.ref.address,
            f"{finding.control}: {finding.because}" if finding.because else finding.control,
        )

    output.table(("FINDING", "SEVERITY", "STATUS", "DECISION", "RESOURCE", "WHAT"), map(row, found))
    output.say()
    output.say(f"{output.count(len(found), 'finding')}. `goldseam explain <finding>` says why it is so decided.", "dim")


def _say_none(workspace: Workspace) -> None:
    if workspace.home.scans.scans():
        output.say("No findings of that sort. `goldseam findings --status all` shows everything that was looked at.")
    else:
        output.say("Nothing was scanned yet. Start with `goldseam scan`, or with `goldseam demo`.")


def explain(workspace: Workspace, name: str, *, as_json: bool) -> int:
    """Print the whole reasoning behind a decision."""
    kept = workspace.home.scans.finding(name)
    resource, facts = _looked(workspace, kept.finding.ref)
    secrets = secrets_on(resource, workspace.catalog) if resource else Secrets()
    if as_json:
        output.print_json(
            "goldseam.explanation/1",
            finding=secrets.document(described(kept, workspace.catalog)),
            decision=secrets.document(kept.decision.to_json()) if kept.decision else None,
            because=[secrets.text(line) for line in explain_decision(kept.decision)] if kept.decision else [],
            decided_at=kept.decided or None,
            forecast=kept.decision is not None,
            facts=[secrets.document(fact.to_json()) for fact in facts],
        )
        return 0
    finding, control = kept.finding, workspace.catalog.control(kept.finding.control)
    output.say(f"{finding.id}  {control.title}", "bold")
    output.say(f"{finding.ref.address}")
    output.say(
        secrets.text(f"{finding.status}: {finding.because}" if finding.because else str(finding.status)),
        output.STATUS_STYLE[finding.status],
    )
    if finding.source:
        output.say(f"source: {finding.source}", "dim")
    output.say()
    if kept.decision is not None:
        print_reasoning(kept.decision, secrets)
        _print_times(kept.decided, facts, SystemClock().now())
    else:
        output.say(_UNDECIDED.get(finding.status, "No decision is stored: scan again."))
    return 0


_UNDECIDED: Final = {
    Status.PASS: "Nothing is to be decided: the control passes.",
    Status.NOT_APPLICABLE: "Nothing is to be decided: this account cannot change it, and it is in no total.",
}
"""Why there is no decision on a finding, by its status."""


def _print_times(decided: str, facts: Sequence[Fact], now: datetime) -> None:
    """When the stored decision was made, and of when the facts are that were stored with it."""
    made = f"made {_ago(datetime.fromisoformat(decided), now)}" if decided else "made at a time that was not recorded"
    output.say(
        f"  forecast, {made}; `plan` and `apply` read the resource and its facts again and decide on that", "dim"
    )
    if facts:
        output.say()
        output.say("facts", "bold")
    for fact in facts:
        output.say(f"  {fact_shown(fact.name, fact)}")
        output.say(f"      {_dated(fact, now)}", "dim")


def _dated(fact: Fact, now: datetime) -> str:
    if fact.read_at is None or fact.as_of is None:
        return "read at a time that was not recorded"
    complete = fact.as_of.isoformat(timespec="minutes")
    return f"read {_ago(fact.read_at, now)}; source complete up to {complete}"


_UNITS: Final = ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min"))


def _ago(then: datetime, now: datetime) -> str:
    """How long ago a time was, in whole units of the largest that fits."""
    passed = now - then
    for unit, name in _UNITS:
        if passed >= unit:
            return f"{passed // unit} {name} ago"
    return f"{max(int(passed.total_seconds()), 0)} s ago"


def _looked(workspace: Workspace, ref: Ref) -> tuple[Resource | None, tuple[Fact, ...]]:
    """The resource and the facts of the last scan; none, with a line that says why, where they cannot be read."""
    try:
        return workspace.home.scans.resource(ref)
    except Unreadable as error:
        output.note(f"goldseam: {error}")
        return None, ()


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
