"""Fresh readings of resources, the decisions on them, and what is stored of them afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from goldseam.control import Control
from goldseam.decide import Decision
from goldseam.model.resource import Ref
from goldseam.repair.authorize import repair_behind
from goldseam.repair.claim import followed
from goldseam.repair.plan import Plan, Purpose
from goldseam.service.context import ServiceContext
from goldseam.service.pipeline import Seen, Standing, judged, look, plan_for


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan with the decisions on its findings, or why there is none."""

    ref: Ref
    plan: Plan | None
    decisions: tuple[Decision, ...] = ()
    refusal: str = ""


def fresh_look(context: ServiceContext, ref: Ref, standing: Standing) -> Seen:
    """A resource with its facts, read and decided now; raises ResourceGone, CloudError."""
    return look(context.account.reader, context.catalog, standing, ref, context.clock)


def proposed(context: ServiceContext, seen: Seen, controls: Sequence[Control], standing: Standing) -> Proposal:
    """The plan for controls on a resource and the decisions on it, both from one look.

    Raises PlanRefused, ExemptResource.
    """
    ref = seen.resource.ref
    follows = followed(context.home.ledger, ref)
    now = context.clock.now()
    made = plan_for(seen.resource, controls, context.catalog, standing, now, follows, seen.located)
    return Proposal(ref, made, decided_on(made, seen))


def decided_on(plan: Plan, seen: Seen) -> tuple[Decision, ...]:
    """The decisions of a look on the findings of a plan."""
    return tuple(item for item in seen.decisions if item.finding in plan.findings)


def decided(context: ServiceContext, plan: Plan) -> Proposal:
    """The plan with the decisions on its findings as they are now; raises ResourceGone, CloudError."""
    if plan.purpose is Purpose.ROLLBACK:
        return Proposal(plan.ref, plan, rollback_decisions(context, plan))
    seen = fresh_look(context, plan.ref, context.standing())
    return Proposal(plan.ref, plan, decided_on(plan, seen))


def rollback_decisions(context: ServiceContext, back: Plan) -> tuple[Decision, ...]:
    """What the policies in force decide on the findings of the repair behind a rollback.

    A finding that passes now is decided on as it will be once the repair is taken back.
    """
    findings = set(repair_behind(back, context.home.ledger).findings)
    standing, now = context.standing(), context.clock.now()
    seen = fresh_look(context, back.ref, standing)
    target = seen.resource.with_facets({change.facet: change.after for change in back.changes})
    then = judged(target, seen.facts, context.catalog, standing, now, seen.located)
    made = {item.finding: item for item in (*then.decisions, *seen.decisions) if item.finding in findings}
    return tuple(made[finding] for finding in sorted(made))


def decide_again(context: ServiceContext, finding: str) -> None:
    """Store today's forecast for a finding, on what was read last.

    It permits nothing: plans are decided on a fresh reading. The facts keep their times.
    """
    scans = context.home.scans
    kept = scans.finding(finding)
    resource, facts = scans.resource(kept.finding.ref)
    now = context.clock.now()
    seen = judged(resource, facts, context.catalog, context.standing(), now, context.stored_regions)
    same_one = tuple(item for item in seen.findings if item.id == finding and item.state == kept.finding.state)
    decisions = tuple(item for item in seen.decisions if item.finding == finding)
    scans.update(kept.scan, replace(seen, findings=same_one, decisions=decisions))
