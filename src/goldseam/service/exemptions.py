"""Exemptions: given for a finding as it is today, withdrawn, lapsed, and listed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from goldseam.assess.evaluate import Finding, Status
from goldseam.decide import Exemption, lapsed
from goldseam.model.errors import UsageError
from goldseam.service.context import ServiceContext
from goldseam.service.pipeline import Seen, Standing
from goldseam.service.readings import decide_again
from goldseam.service.rights import Right, needs


@dataclass(frozen=True, slots=True)
class ExemptionRequest:
    """That a finding be left alone: who answers for it, why, and until when (YYYY-MM-DD, or days as `90d`)."""

    finding: str
    owner: str
    reason: str
    expires: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """An exemption that was ended; `decided` where the finding that it was about was decided anew."""

    control: str
    address: str
    decided: bool


@needs(Right.READ)
def standing(context: ServiceContext) -> tuple[Exemption, ...]:
    """The standing exemptions, in the order they were given."""
    return context.exemptions()


@needs(Right.EXEMPT)
def give(context: ServiceContext, request: ExemptionRequest) -> Exemption:
    """Leave a failing finding alone for the state that it has; raises UnknownName, UsageError."""
    finding = context.home.scans.finding(request.finding).finding
    exemption = _exemption(context, finding, request)
    context.home.exemptions.give(exemption)
    decide_again(context, finding.id)
    return exemption


@needs(Right.EXEMPT)
def withdraw(context: ServiceContext, name: str) -> Withdrawn:
    """End an exemption, by its own name or by its finding; raises UnknownName.

    By its own name there may be no finding that it is about, so the next scan decides anew.
    """
    exemptions, by = context.home.exemptions, context.actor.name
    if name.startswith("e-"):
        item = exemptions.named(name)
        exemptions.withdraw(item.control, item.ref, by)
        return Withdrawn(item.control, item.ref.address, decided=False)
    finding = context.home.scans.finding(name).finding
    exemptions.withdraw(finding.control, finding.ref, by)
    decide_again(context, finding.id)
    return Withdrawn(finding.control, finding.ref.address, decided=True)


def record_lapsed(context: ServiceContext, rules: Standing, seen: Seen) -> None:
    """Record which exemptions of a resource are no longer in force for what was found of it, so that it is seen."""
    if not rules.exemptions:
        return
    decided = {decision.finding for decision in seen.decisions}
    ended = {
        (lapse.exemption.control, lapse.exemption.ref): lapse.because
        for finding in seen.findings
        if finding.id in decided
        for lapse in lapsed(finding, rules.exemptions, context.clock.now())
    }
    still = {(item.control, item.ref) for item in context.home.exemptions.standing()} if ended else set()
    for control, ref in ended.keys() & still:
        context.home.exemptions.lapse(control, ref, f"lapsed: {ended[control, ref]}")


def _exemption(context: ServiceContext, finding: Finding, request: ExemptionRequest) -> Exemption:
    if finding.status is not Status.FAIL:
        raise UsageError(f"{finding.id} does not fail ({finding.status}); only a failing finding can be exempt")
    missing = [name for name in ("owner", "reason", "expires") if not getattr(request, name)]
    if missing:
        raise UsageError(f"an exemption needs {' and '.join(f'--{name}' for name in missing)}")
    now = context.clock.now()
    expires, by = _expiry(request.expires, now), context.actor.name
    return Exemption(finding.control, finding.ref, request.owner, request.reason, expires, finding.state, by, now)


def _expiry(text: str, now: datetime) -> datetime:
    """A date, or days from now as `90d`; raises UsageError when it is neither or has passed."""
    try:
        days = re.fullmatch(r"(\d{1,4})d", text)
        when = now + timedelta(days=int(days[1])) if days else datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise UsageError(f"`{text}` is no date; write YYYY-MM-DD, or days as `90d`") from error
    if when <= now:
        raise UsageError(f"`{text}` has passed; an exemption ends in the future")
    return when
