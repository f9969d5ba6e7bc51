"""What policies make of all that is stored: reviewed against it, compared with others, and decided anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from goldseam.assess.context import Fact
from goldseam.assess.evaluate import Status
from goldseam.control import Catalog, Located
from goldseam.decide import Decision
from goldseam.decide.policy import (
    Guardrail,
    Mode,
    Policy,
    PolicySet,
    PolicyWarning,
    load_policies,
    review_policies,
)
from goldseam.model.errors import UNFORESEEN, GoldseamError, UnknownName, Unreadable, in_words
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json
from goldseam.service.pipeline import Seen, Standing, judged
from goldseam.store.scans import Kept

_TOGETHER: Final = 200
"""Resources that are stored in one transaction: a repair that waits for the store waits for no longer than that."""
UNDECIDED: Final = "none"
"""What stands for the decision where nothing is to be decided."""


class StoredScans(Protocol):
    """What is stored of the latest scans."""

    def findings(self) -> Iterator[Kept]:
        """Every finding, with its decision."""

    def resources(self) -> Iterator[Ref]:
        """Every resource."""

    def resource(self, ref: Ref) -> tuple[Resource, tuple[Fact, ...]]:
        """A resource with its facts; raises UnknownName, Unreadable."""

    def update(self, scan: str, *seen: Seen) -> None:
        """Store what is known of resources, under the scan that read them."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Policies that load, and what about them means less than it seems to."""

    policies: PolicySet
    warnings: tuple[PolicyWarning, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a set of policies makes of a finding: its status, and what is decided; no mode where nothing is."""

    status: Status
    mode: Mode | None
    policy: str

    @property
    def shown(self) -> str:
        """The mode as a word."""
        return str(self.mode) if self.mode is not None else UNDECIDED


@dataclass(frozen=True, slots=True)
class Comparison:
    """One finding under two sets of policies."""

    finding: str
    control: str
    ref: Ref
    before: Verdict
    after: Verdict

    @property
    def changed(self) -> bool:
        """Whether anything would be done otherwise; which policy says so may differ all the same."""
        return (self.before.status, self.before.mode) != (self.after.status, self.after.mode)


@dataclass(frozen=True, slots=True)
class Simulation:
    """Every current finding under the policies in force and under others, and what could not be compared, with why."""

    version: str
    compared: tuple[Comparison, ...]
    left_out: tuple[str, ...]

    @property
    def changed(self) -> tuple[Comparison, ...]:
        """The findings of which something else would be decided."""
        return tuple(item for item in self.compared if item.changed)

    @property
    def summary(self) -> Mapping[tuple[str, str], int]:
        """How many findings go from one mode to another, those that stay included, the most frequent first."""
        tally = Counter((item.before.shown, item.after.shown) for item in self.compared)
        return dict(tally.most_common())


@dataclass(frozen=True, slots=True)
class DecidedAnew:
    """What deciding anew came to: findings looked at, those decided otherwise than before, and what was left out."""

    findings: int
    changed: int
    left_out: tuple[str, ...]


def check_policies(text: str, path: str, catalog: Catalog, now: datetime, scans: StoredScans | None = None) -> Checked:
    """Load policies and review them, also against what is stored, where something is; raises InvalidDocument."""
    policies = load_policies(text, path, catalog)
    found = review_policies(policies, catalog, now)
    named = {warning.rule for warning in found}
    matching_none = _matching_none(policies, catalog, scans) if scans is not None else ()
    return Checked(policies, (*found, *(warning for warning in matching_none if warning.rule not in named)))


def simulate_policies(
    scans: StoredScans, catalog: Catalog, today: Standing, draft: Standing, now: datetime, located: Located | None
) -> Simulation:
    """Compare what two sets of policies make of everything that is stored: forecasts, which permit nothing."""
    known = {kept.finding.id for kept in scans.findings() if _was_judged(kept)}
    compared: list[Comparison] = []
    left_out: list[str] = []
    for ref in scans.resources():
        try:
            resource, facts = scans.resource(ref)
            before = _verdicts(judged(resource, facts, catalog, today, now, located))
            after = _verdicts(judged(resource, facts, catalog, draft, now, located))
        except (Unreadable, UnknownName, *UNFORESEEN) as error:
            left_out.append(_left_out(ref, error))
            continue
        compared += [
            Comparison(name, control, ref, verdict, after[name, control])
            for (name, control), verdict in before.items()
            if name in known and (verdict.mode is not None or after[name, control].mode is not None)
        ]
    return Simulation(draft.policies.version, tuple(compared), tuple(left_out))


def _verdicts(seen: Seen) -> dict[tuple[str, str], Verdict]:
    """The verdicts by finding and control."""
    decided = {item.finding: item for item in seen.decisions}
    return {(item.id, item.control): _verdict(item.status, decided.get(item.id)) for item in seen.findings}


def _verdict(status: Status, decision: Decision | None) -> Verdict:
    return Verdict(status, decision.mode, decision.policy) if decision is not None else Verdict(status, None, "")


def decide_stored_anew(
    scans: StoredScans, catalog: Catalog, standing: Standing, now: datetime, located: Located | None
) -> DecidedAnew:
    """Judge and decide everything that is stored under other policies, and store that in place of what it was.

    Resources, facts and the scan that read them stay as they are. It permits nothing: that takes a fresh reading.
    """
    stored: dict[Ref, list[Kept]] = {}
    for kept in scans.findings():
        if _was_judged(kept):
            stored.setdefault(kept.finding.ref, []).append(kept)
    changed, left_out, waiting = 0, list[str](), dict[str, list[Seen]]()
    for ref, held in stored.items():
        try:
            resource, facts = scans.resource(ref)
            seen = _anew(judged(resource, facts, catalog, standing, now, located), resource, held)
        except (Unreadable, UnknownName, *UNFORESEEN) as error:
            left_out.append(_left_out(ref, error))
            continue
        changed += _changes(seen, held)
        waiting.setdefault(held[0].scan, []).append(seen)
        _store(scans, waiting, _TOGETHER)
    _store(scans, waiting, 1)
    return DecidedAnew(sum(map(len, stored.values())), changed, tuple(left_out))


def _was_judged(kept: Kept) -> bool:
    """Whether the finding rests on a reading; one whose listing failed since is unknown, and stays so (law 5)."""
    return kept.decision is not None or kept.finding.status is not Status.UNKNOWN


def _anew(seen: Seen, resource: Resource, held: Sequence[Kept]) -> Seen:
    """What is stored of a resource, with today's verdicts and decisions on the findings that there are."""
    known = {kept.finding.id for kept in held}
    return replace(
        seen,
        resource=resource,
        findings=tuple(item for item in seen.findings if item.id in known),
        decisions=tuple(item for item in seen.decisions if item.finding in known),
    )


def _changes(seen: Seen, held: Sequence[Kept]) -> int:
    before = {kept.finding.id: _verdict(kept.finding.status, kept.decision) for kept in held}
    after = {name: verdict for (name, _), verdict in _verdicts(seen).items()}
    return sum(
        (before[name].status, before[name].mode) != (verdict.status, verdict.mode) for name, verdict in after.items()
    )


def _store(scans: StoredScans, waiting: dict[str, list[Seen]], least: int) -> None:
    for scan, seen in waiting.items():
        if len(seen) >= least:
            scans.update(scan, *seen)
            seen.clear()


def _left_out(ref: Ref, error: Exception) -> str:
    return f"{ref.address} is left out: {error if isinstance(error, GoldseamError) else in_words(error)}"


def _matching_none(policies: PolicySet, catalog: Catalog, scans: StoredScans) -> Iterator[PolicyWarning]:
    """The rules whose scope covers nothing that was scanned; nothing is said where nothing was."""
    rules: tuple[Policy | Guardrail, ...] = (*policies.guardrails, *policies.policies)
    unmatched, looked = list(rules), False
    for kept in scans.findings():
        looked = True
        if not unmatched:
            return
        unmatched = [rule for rule in unmatched if not _matches(rule, kept.finding.control, kept.finding.ref, catalog)]
    if looked:
        for rule in unmatched:
            yield PolicyWarning(
                rule.name, rule.where, "it matches nothing that was scanned: no finding is in its scope"
            )


def _matches(rule: Policy | Guardrail, control: str, ref: Ref, catalog: Catalog) -> bool:
    """Whether a finding may be in the scope of a rule, by where its resource is; tags are not looked at."""
    known = catalog.control_by_id.get(control)
    if known is None or not rule.names(known):
        return False
    return replace(rule.scope, tags={}).covers(Resource(ref, {}), known.kind)[0] is True


def described(policies: PolicySet) -> list[Json]:
    """The policies for programs, in order."""
    return [
        {"name": item.name, "mode": str(item.mode), "controls": list(item.controls), "where": item.where}
        for item in policies.policies
    ]


def described_guardrails(policies: PolicySet) -> list[Json]:
    """The guardrails for programs; `at_most` is null where only approvals, limits or the window are capped."""
    return [
        {
            "name": item.name,
            "at_most": None if item.at_most is Mode.AUTO else str(item.at_most),
            "controls": list(item.controls),
            "until": item.until.isoformat() if item.until is not None else None,
            "where": item.where,
        }
        for item in policies.guardrails
    ]
