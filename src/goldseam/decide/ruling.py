"""What the user's policies and guardrails allow: the first policy that applies decides, every guardrail caps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from goldseam.decide.case import AT_MOST_ASK, NO_OBJECTION, Case, Opinion, TraceLine, fact_shown, shortly
from goldseam.decide.clause import Clause
from goldseam.decide.policy import (
    Approvals,
    Guardrail,
    Limits,
    Mode,
    Policy,
    PolicySet,
    Window,
    settings_source,
    tags_of,
)
from goldseam.model.values import Json, Unknown


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the user's rules say of a finding.

    `policy` names the policy that decides: of the one that applies and those that may apply before it the most careful,
    empty when none applies. The rest is what these policies and the guardrails that hold require together.
    """

    policy: str
    opinions: tuple[Opinion, ...]
    approvals: Approvals
    limits: tuple[Limits, ...]
    windows: tuple[tuple[str, Window], ...]


def ruled(case: Case, policies: PolicySet, now: datetime) -> Ruling:
    """The policies in order up to the first that applies, and all guardrails that hold; leave, when none applies."""
    values = _values(case)
    reached, ordered = _in_order(case, policies, values)
    holding, capped = _guarded(case, policies, values, now)
    most = sorted(reached, key=lambda pair: pair[0].rank)
    rules: tuple[Policy | Guardrail, ...] = (*(policy for _, policy in reached), *holding)
    approvals, agreement = _agreed([rule.approvals for rule in rules if rule.approvals is not None])
    settings = _settled(case, policies, most[0][1].name if most else "")
    return Ruling(
        most[0][1].name if most else "",
        (ordered, capped, agreement, settings),
        approvals,
        tuple(rule.limits for rule in rules if rule.limits is not None),
        tuple((rule.name, rule.window) for rule in rules if rule.window is not None),
    )


def _in_order(case: Case, policies: PolicySet, values: Mapping[str, Json]) -> tuple[list[tuple[Mode, Policy]], Opinion]:
    """The first policy that applies, after those that may apply, each with the most that it allows.

    What may apply caps what the next one says; where none follows, its own word counts.
    """
    reached, lines = list[tuple[Mode, Policy]](), list[TraceLine]()
    for policy in policies.naming(case.control):
        applies, why, clauses = _applies(policy, case, values)
        most = _allowed(policy, applies)
        lines += _told(policy, most, applies, why, clauses)
        if most is not None:
            reached.append((most, policy))
        if applies:
            break
    if not reached:
        text = "a policy applies" if lines else "a policy names this control"
        lines.append(TraceLine("policy", text, truth=False, effect="leave: silence means no", caps=Mode.LEAVE))
    return reached, Opinion(Mode.most_careful(mode for mode, _ in reached), tuple(lines))


def _applies(
    rule: Policy | Guardrail, case: Case, values: Mapping[str, Json]
) -> tuple[bool | None, str, list[TraceLine]]:
    """Whether a rule applies, what its scope says, and what each of its clauses does; None is that it may."""
    covered, why = rule.scope.covers(case.resource, case.control.kind)
    clauses = [] if covered is False else [_evaluated(clause, case, values) for clause in rule.when]
    truths = [covered, *(line.truth for line in clauses)]
    return False if False in truths else None if None in truths else True, why, clauses


def _allowed(policy: Policy, applies: bool | None) -> Mode | None:  # noqa: FBT001 - three values of one question
    if applies is False:
        return None
    if policy.mode is Mode.AUTO and not policy.when:
        return Mode.LEAVE
    return policy.mode if applies else Mode.most_careful((policy.mode, Mode.ASK))


def _told(
    policy: Policy,
    most: Mode | None,
    applies: bool | None,  # noqa: FBT001 - three values of one question
    why: str,
    clauses: list[TraceLine],
) -> list[TraceLine]:
    """The lines about one policy: itself, then its clauses."""
    effect = "does not apply" if most is None else f"decides: {most}" if applies else f"may apply: at most {most}"
    text = f"policy `{policy.name}` ({policy.where}), mode {policy.mode}, applies"
    doubtful = policy.mode is Mode.AUTO and any(line.truth is None for line in clauses)
    caps = None if most is None or most is Mode.AUTO or doubtful else most
    doubts = [line if most is not None else replace(line, caps=None) for line in clauses]
    return [TraceLine("policy", text, applies, effect, (why,), policy.name, caps), *doubts]


def _evaluated(clause: Clause, case: Case, values: Mapping[str, Json]) -> TraceLine:
    truth = clause.truth(values)
    effect = {True: "holds", False: "the policy does not apply", None: "unknown: at most ask"}[truth]
    shown = tuple(_shown(name, case, values) for name in clause.mentions)
    return TraceLine("clause", clause.text, truth, effect, shown, clause.text, Mode.ASK if truth is None else None)


def _guarded(
    case: Case, policies: PolicySet, values: Mapping[str, Json], now: datetime
) -> tuple[list[Guardrail], Opinion]:
    """The guardrails that apply or may apply, and the most that they allow together."""
    holding, lines, most = list[Guardrail](), list[TraceLine](), Mode.AUTO
    for guardrail in policies.guardrails:
        if not guardrail.names(case.control) or not guardrail.holds_at(now):
            continue
        applies, why, clauses = _applies(guardrail, case, values)
        allowed = _capped(guardrail, applies)
        lines += _caps(guardrail, allowed, applies, why, clauses)
        if applies is not False:
            holding.append(guardrail)
            most = Mode.most_careful((most, allowed))
    return holding, Opinion(most, tuple(lines))


def _capped(guardrail: Guardrail, applies: bool | None) -> Mode:  # noqa: FBT001 - three values of one question
    """The most that a guardrail allows: what may apply caps as if it did, and is never automatic."""
    if applies is False:
        return Mode.AUTO
    return guardrail.at_most if applies else Mode.most_careful((guardrail.at_most, Mode.ASK))


def _caps(
    guardrail: Guardrail,
    allowed: Mode,
    applies: bool | None,  # noqa: FBT001 - three values of one question
    why: str,
    clauses: list[TraceLine],
) -> list[TraceLine]:
    """The lines about one guardrail: itself, then the clauses on which it depends."""
    ends = f", until {guardrail.until.isoformat()}" if guardrail.until is not None else ""
    text = f"guardrail `{guardrail.name}` ({guardrail.where}){ends} applies"
    effect = "does not apply" if applies is False else NO_OBJECTION if allowed is Mode.AUTO else f"at most {allowed}"
    caps = None if allowed is Mode.AUTO else allowed
    line = TraceLine("guardrail", text, applies, effect, (why,), guardrail.name, caps)
    effects = {True: "holds", False: "the guardrail does not apply", None: "unknown: the guardrail may apply"}
    return [line, *(replace(told, effect=effects[told.truth], caps=None) for told in clauses)]


def _values(case: Case) -> dict[str, Json]:
    """What clauses may mention, by full name; what is unknown is left out."""
    ref, tags, past = case.finding.ref, tags_of(case.resource, case.control.kind), case.precedent
    values: dict[str, Json] = {f"resource.{name}": getattr(ref, name) for name in ("account", "region", "id", "kind")}
    values |= {"finding.severity": str(case.control.severity), "finding.control": case.control.id}
    values |= {
        f"context.{fact.name}": fact.value for fact in case.facts.values() if not isinstance(fact.value, Unknown)
    }
    if not isinstance(tags, Unknown):
        values["resource.tags"] = tags
    if past is not None:
        names = ("approved", "rejected", "rolled_back", "repaired")
        values |= {f"precedent.{name}": getattr(past, name) for name in names}
    return values


def _shown(name: str, case: Case, values: Mapping[str, Json]) -> str:
    """One variable with its value and the evidence for it, as a sentence."""
    root, _, rest = name.partition(".")
    if root == "context":
        return fact_shown(rest, case.facts.get(rest))
    if name in values:
        return f"{name} is {shortly(values[name])}"
    return f"{name} is unknown"


def _agreed(required: list[Approvals]) -> tuple[Approvals, Opinion]:
    """The approvals that satisfy everything that requires some: the most people, of groups that all of them accept."""
    needed = max((item.needed for item in required), default=1)
    named = [item.groups for item in required if item.groups]
    if not named:
        return Approvals(needed), Opinion(Mode.AUTO)
    groups = tuple(name for name in named[0] if all(name in others for others in named))
    if groups:
        return Approvals(needed, groups), Opinion(Mode.AUTO)
    effect = "at most assist: nobody can approve"
    text = "one group may approve for every policy and guardrail that applies"
    told = TraceLine("policy", text, truth=False, effect=effect, about="groups", caps=Mode.ASSIST)
    return Approvals(needed, named[0]), Opinion(Mode.ASSIST, (told,))


def _settled(case: Case, policies: PolicySet, decides: str) -> Opinion:
    """At most ask where another policy's settings may be the right ones; and whose they are, where another decides."""
    source = settings_source(policies, case.control, case.resource)
    lines = [
        TraceLine(
            "setting",
            f"the settings of policy `{policy.name}` ({policy.where}) do not apply",
            None,
            f"unknown: {AT_MOST_ASK}",
            (policy.scope.covers(case.resource, case.control.kind)[1],),
            policy.name,
            Mode.ASK,
        )
        for policy in source.doubtful
    ]
    most = Mode.ASK if lines else Mode.AUTO
    if source.policy is not None and source.policy.name != decides:
        text = f"the settings are those of policy `{source.policy.name}` ({source.policy.where})"
        told = "it is the first that gives settings and whose scope covers the resource"
        effect = f"{NO_OBJECTION}: another policy decides"
        lines.append(TraceLine("setting", text, truth=True, effect=effect, evidence=(told,), about=source.policy.name))
    return Opinion(most, tuple(lines))
