"""What each other layer allows: the finding, exemptions, disruption, ownership, precedent, limits and windows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from goldseam.assess.context import Fact
from goldseam.assess.evaluate import Finding, Status
from goldseam.control import Disruption, Owner
from goldseam.decide.case import (
    AT_MOST_ASK,
    NO_OBJECTION,
    Circumstances,
    Layer,
    Opinion,
    Precedent,
    TraceLine,
    Usage,
    fact_shown,
    shortly,
)
from goldseam.decide.exemption import Exemption, exempted, held, lapsed
from goldseam.decide.policy import MANAGED_BY, Limits, Mode, Window
from goldseam.model.values import Json, Unknown, same

REPAIRS_BEFORE_STOP: Final = 2
"""How often one finding is repaired before fixing it by itself stops (law 13)."""


def of_finding(finding: Finding, *, reversible: bool) -> Opinion:
    """What the finding itself allows: only a failure with a fix that can be taken back may be repaired unasked."""
    if finding.status is Status.UNKNOWN:
        line = TraceLine(
            "control",
            "the control can be told",
            None,
            "leave: nothing to plan",
            (finding.because,),
            "verdict",
            Mode.LEAVE,
        )
        return Opinion(Mode.LEAVE, (line,))
    if finding.status is not Status.FAIL:
        effect = f"leave: the finding is {finding.status}"
        line = TraceLine("control", "the control fails", truth=False, effect=effect, about="verdict", caps=Mode.LEAVE)
        return Opinion(Mode.LEAVE, (line,))
    if not finding.changes:
        told = (finding.because, finding.guide or "mend it by hand")
        effect, caps = "at most assist", Mode.ASSIST
        line = TraceLine("control", "there is a fix", truth=False, effect=effect, evidence=told, about="fix", caps=caps)
        return Opinion(Mode.ASSIST, (line,))
    return _unless("control", "reversible", "the fix can be taken back", reversible)


def _unless(
    layer: Layer,
    about: str,
    text: str,
    truth: bool | None,  # noqa: FBT001
    *evidence: str,
    objection: str = AT_MOST_ASK,
) -> Opinion:
    """The opinion that all is well when a statement is true, and that a person must be asked when it is not."""
    effect, caps = (NO_OBJECTION, None) if truth else (objection, Mode.ASK)
    return Opinion(caps or Mode.AUTO, (TraceLine(layer, text, truth, effect, evidence, about, caps),))


def _all_of(parts: Iterable[Opinion]) -> Opinion:
    """Several opinions as one: the most careful of them, auto where there is none."""
    told = tuple(parts)
    most = Mode.most_careful((Mode.AUTO, *(part.most for part in told)))
    return Opinion(most, tuple(line for part in told for line in part.lines))


def of_owner(owner: Owner | Unknown | None) -> Opinion:
    """At most ask where it is unknown whether the account may change the resource; leave what it may not change."""
    if owner is None:
        return Opinion(Mode.AUTO)
    text = "the account may change the resource"
    if isinstance(owner, Unknown):
        return _unless("control", "owner", text, None, owner.reason)
    told = (owner.reason, owner.source)
    effect, caps = "leave: not applicable", Mode.LEAVE
    line = TraceLine("control", text, truth=False, effect=effect, evidence=told, about="owner", caps=caps)
    return Opinion(caps, (line,))


def of_exemptions(finding: Finding, around: Circumstances) -> Opinion:
    """Leave what is exempt; and say which exemptions are not in force any more."""
    lines = [
        TraceLine("exemption", _sentence(lapse.exemption), truth=False, effect=f"lapsed: {lapse.because}")
        for lapse in lapsed(finding, around.exemptions, around.now)
    ]
    if whole := held(finding.ref, around.exemptions, around.now):
        return Opinion(Mode.LEAVE, (*lines, *map(_held_line, whole)))
    item = exempted(finding, around.exemptions, around.now)
    if item is None:
        return Opinion(Mode.AUTO, tuple(lines))
    told = (f"given by {item.given_by} at {item.at.isoformat()}",)
    effect, caps = "leave: exempt", Mode.LEAVE
    lines.append(
        TraceLine("exemption", _sentence(item), truth=True, effect=effect, evidence=told, about="finding", caps=caps)
    )
    return Opinion(Mode.LEAVE, tuple(lines))


def _held_line(told: str) -> TraceLine:
    effect, caps = "leave: the whole resource", Mode.LEAVE
    return TraceLine("exemption", told, truth=True, effect=effect, about="resource", caps=caps)


def _sentence(item: Exemption) -> str:
    return f"exempt for {item.owner} until {item.expires.isoformat()}: {item.reason}"


def of_disruption(disruption: Disruption, facts: Mapping[str, Fact]) -> Opinion:
    """What the control's own word on its fix allows: all the facts that excuse it must be known and as wanted.

    Harmless counts with its source only; where nothing is claimed, nothing is known.
    """
    if not disruption.harms and not disruption.source:
        return _unless("control", "disruption", "what a fix disrupts is known", truth=None)
    if not disruption.harms:
        return _unless(
            "control", "disruption", f"the fix is harmless: {disruption.why} ({disruption.source})", truth=True
        )
    told = _all_of(_excuse(name, wanted, facts.get(name)) for name, wanted in disruption.unless.items())
    shown = bool(told.lines) and told.most is Mode.AUTO
    whole = _unless("control", "disruption", f"nothing is disrupted; it might be: {disruption.harms}", shown)
    if told.lines:
        whole = replace(whole, lines=tuple(replace(line, caps=None) for line in whole.lines))
    return _all_of((whole, told))


def _excuse(name: str, wanted: Json, fact: Fact | None) -> Opinion:
    """Whether a fact shows that nothing is disrupted; what is unknown shows nothing (law 5)."""
    truth = None if fact is None or isinstance(fact.value, Unknown) else same(fact.value, wanted)
    return _unless("fact", name, f"{name} is {shortly(wanted)}", truth, fact_shown(name, fact))


def of_ownership(fact: Fact | None) -> Opinion:
    """Code that made a resource makes it again, so never against it unasked.

    It takes a fact that looked for markers and found none; a kind without the fact is asked about (law 5).
    """
    truth = fact.value == "" if fact is not None and isinstance(fact.value, str) else None
    objection = f"{AT_MOST_ASK}: change the code too, or it puts this back"
    shown = fact_shown(MANAGED_BY, fact)
    return _unless("fact", MANAGED_BY, "no ownership marker was found", truth, shown, objection=objection)


def of_precedent(past: Precedent | None) -> Opinion:
    """What earlier repairs and answers allow: not a third time (law 13), and not what people mostly refuse."""
    if past is None:
        return Opinion(Mode.AUTO)
    fresh = past.repaired < REPAIRS_BEFORE_STOP
    liked = past.rejected + past.rolled_back <= past.approved
    people = f"approved {past.approved}, rejected {past.rejected}, rolled back {past.rolled_back} times"
    often = f"{past.repaired} times, and failing"
    approved = "people approve of this control's fixes at least as often as not"
    rarely = f"the finding was repaired fewer than {REPAIRS_BEFORE_STOP} times before"
    stops = f"{AT_MOST_ASK}: fixing it unasked stops"
    return _all_of((
        _unless("precedent", "repaired", rarely, fresh, f"repaired {often}", objection=stops),
        _unless("precedent", "people", approved, liked, people),
    ))  # fmt: skip


def of_limits(required: Sequence[Limits], usage: Usage, account: str) -> Opinion:
    """The least of all limits that are required; `0` is none at all (PEERS 14)."""
    if not required:
        return Opinion(Mode.AUTO)
    least = least_limits(required)
    sides = (
        ("per_hour", "in the last hour", usage.last_hour, least.per_hour),
        ("per_account", f"in the last hour in account {account}", usage.by_account.get(account, 0), least.per_account),
    )
    return _all_of(
        _unless("limit", side, f"fewer than {most} automated repairs {when}", used < most, f"there were {used}")
        for side, when, used, most in sides
    )


def least_limits(held: Iterable[Limits]) -> Limits:
    """The least of several limits, each side on its own; the defaults when there are none."""
    limits = tuple(held) or (Limits(),)
    return Limits(min(limit.per_hour for limit in limits), min(limit.per_account for limit in limits))


def of_windows(required: Sequence[tuple[str, Window]], now: datetime) -> Opinion:
    """Every window, each with the name of its policy or guardrail, must be open."""
    it_is = f"it is {now.isoformat()}"
    return _all_of(
        _unless("window", name, f"the window of `{name}` is open: {window}", window.open_at(now), it_is)
        for name, window in required
    )
