"""Findings: listed, summed up by control, and explained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

from goldseam.assess.context import Fact
from goldseam.assess.evaluate import Status
from goldseam.control import Catalog, Control, Secrets
from goldseam.decide import Decision, TraceLine, explain_decision, fact_shown
from goldseam.decide.policy import Mode
from goldseam.model.errors import Unreadable
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json
from goldseam.service.automation import Tally, not_automatic
from goldseam.service.context import ServiceContext
from goldseam.service.rights import Right, needs
from goldseam.service.selection import age, chosen, known_words, service_of, severity, tag_of
from goldseam.store.filters import FindingFilter
from goldseam.store.scans import Kept

__all__ = [
    "Decision",
    "Explanation",
    "FactView",
    "FailingControl",
    "FindingList",
    "FindingRequest",
    "ListedFinding",
    "Secrets",
    "TraceLine",
    "explain",
    "explain_decision",
    "failing",
    "find",
    "listed",
]


@dataclass(frozen=True, slots=True)
class FindingRequest:
    """Which findings are listed, as a person says it; a member that is empty restricts nothing.

    `statuses` may be `all`; `controls` are patterns, `severity` is the least one. `tags` are `key` or `key=value`, all
    of which the resource must carry. `older` and `newer` bound the time since the finding has its status: `30m`,
    `12h`, `7d`, `2w`.
    """

    statuses: Sequence[str] = ()
    controls: Sequence[str] = ()
    services: str = ""
    severity: str = "low"
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()
    kinds: Sequence[str] = ()
    tags: Sequence[str] = ()
    decisions: Sequence[str] = ()
    older: str = ""
    newer: str = ""


@dataclass(frozen=True, slots=True)
class ListedFinding:
    """A finding with the control's title and severity, and the decision on it; the members are those of its JSON."""

    id: str
    control: str
    title: str
    severity: str
    service: str
    resource: str
    kind: str
    account: str
    region: str
    status: str
    because: str
    guide: str
    source: str
    fixable: bool
    decision: str | None
    policy: str | None
    scan: str
    since: str

    def to_json(self) -> dict[str, Json]:
        """The finding as a JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class FindingList:
    """Findings, the worst first, and why those that fail and have a fix are not repaired automatically."""

    findings: tuple[ListedFinding, ...]
    not_automatic: tuple[Tally, ...]


@dataclass(frozen=True, slots=True)
class FailingControl:
    """A control, and how many findings of it fail."""

    control: Control
    findings: int


@dataclass(frozen=True, slots=True)
class FactView:
    """A stored fact in words, with its times as they were stored."""

    text: str
    fact: Fact


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that led to the decision on a finding; `secrets` masks what is printed of the decision.

    `decided_at` is when the stored decision was made, empty where that was not recorded.
    """

    finding: ListedFinding
    decision: Decision | None
    decided_at: str
    facts: tuple[FactView, ...]
    secrets: Secrets

    def to_json(self) -> dict[str, Json]:
        """The explanation as a JSON object."""
        mask = self.secrets.document
        return {
            "finding": mask(self.finding.to_json()),
            "decision": mask(self.decision.to_json()) if self.decision else None,
            "because": [self.secrets.text(line) for line in explain_decision(self.decision)] if self.decision else [],
            "decided_at": self.decided_at or None,
            "forecast": self.decision is not None,
            "facts": [mask(view.fact.to_json()) for view in self.facts],
        }


@needs(Right.READ)
def find(context: ServiceContext, wanted: FindingRequest) -> FindingList:
    """The latest findings; those of controls that do not exist any more are left out.

    Raises UnknownName, and UsageError for a time or a tag that is none.
    """
    catalog, rank = chosen(context.catalog, wanted.services, wanted.controls), severity(wanted.severity).rank
    stored = context.home.scans.findings(wanted=_filter(context.catalog, wanted))
    found = [kept for kept in _known(stored, catalog) if catalog.control(kept.finding.control).severity.rank >= rank]
    found.sort(key=lambda kept: _order(catalog, kept))
    return FindingList(tuple(listed(kept, catalog) for kept in found), not_automatic(found, catalog))


def _statuses(given: Sequence[str]) -> tuple[str, ...]:
    """The statuses to choose by; none for `all`, which restricts nothing."""
    chosen_words = known_words("status", given, (*map(str, Status), "all"))
    return () if "all" in chosen_words else chosen_words


def _filter(catalog: Catalog, wanted: FindingRequest) -> FindingFilter:
    """What the store can choose by."""
    return FindingFilter(
        accounts=tuple(wanted.accounts),
        regions=tuple(wanted.regions),
        kinds=known_words("kind", wanted.kinds, catalog.kind_by_name),
        statuses=_statuses(wanted.statuses),
        decisions=known_words("decision", wanted.decisions, map(str, Mode)),
        tags=dict(tag_of(text) for text in wanted.tags),
        at_least=age(wanted.older) if wanted.older else None,
        at_most=age(wanted.newer) if wanted.newer else None,
    )


@needs(Right.READ)
def failing(context: ServiceContext) -> tuple[FailingControl, ...]:
    """The controls with failed findings, the worst first."""
    found = _known(context.home.scans.findings(status=str(Status.FAIL)), context.catalog)
    tally = Counter(kept.finding.control for kept in found)
    made = [FailingControl(context.catalog.control(name), number) for name, number in tally.items()]
    made.sort(key=lambda item: (-item.control.severity.rank, -item.findings, item.control.id))
    return tuple(made)


@needs(Right.READ)
def explain(context: ServiceContext, name: str) -> Explanation:
    """The whole reasoning behind the decision on a finding; raises UnknownName."""
    kept = context.home.scans.finding(name)
    resource, facts = _read_last(context, kept.finding.ref)
    secrets = context.masking.secrets_on(resource) if resource else Secrets()
    views = tuple(FactView(fact_shown(fact.name, fact), fact) for fact in facts)
    return Explanation(listed(kept, context.catalog), kept.decision, kept.decided, views, secrets)


def listed(kept: Kept, catalog: Catalog) -> ListedFinding:
    """A stored finding as it is listed."""
    finding, control = kept.finding, catalog.control(kept.finding.control)
    return ListedFinding(
        finding.id,
        finding.control,
        control.title,
        str(control.severity),
        service_of(finding.control),
        finding.ref.address,
        finding.ref.kind,
        finding.ref.account,
        finding.ref.region,
        str(finding.status),
        finding.because,
        finding.guide,
        finding.source,
        bool(finding.changes),
        str(kept.decision.mode) if kept.decision else None,
        kept.decision.policy if kept.decision else None,
        kept.scan,
        kept.since,
    )


def _known(found: Iterable[Kept], catalog: Catalog) -> Iterator[Kept]:
    """Findings of controls that exist; one that was taken out of the catalog says nothing any more."""
    return (kept for kept in found if kept.finding.control in catalog.control_by_id)


def _order(catalog: Catalog, kept: Kept) -> tuple[int, str, Ref]:
    """The worst first, then by control and resource."""
    finding = kept.finding
    return -catalog.control(finding.control).severity.rank, finding.control, finding.ref


def _read_last(context: ServiceContext, ref: Ref) -> tuple[Resource | None, tuple[Fact, ...]]:
    """The resource and the facts of the last scan; none, with a notice that says why, where they cannot be read."""
    try:
        return context.home.scans.resource(ref)
    except Unreadable as error:
        context.notify(f"goldseam: {error}")
        return None, ()
