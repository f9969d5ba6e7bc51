"""What the user's policies say of a finding: which apply, what they allow together, and who must approve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from goldseam.decide.case import Case, Opinion, TraceLine, fact_shown, shortly
from goldseam.decide.clause import Clause
from goldseam.decide.policy import Approvals, Mode, Policy, PolicySet, tags_of
from goldseam.model.values import Json, Unknown


def ruled(case: Case, policies: PolicySet) -> tuple[tuple[Policy, ...], Opinion]:
    """The policies that apply, the most careful first, and what they allow together: leave, when none does."""
    values, lines = _values(case), list[TraceLine]()
    applicable: list[tuple[Mode, Policy]] = []
    for policy in policies.naming(case.control):
        most, told = _ruling(policy, case, values)
        lines += told
        if most is not None:
            applicable.append((most, policy))
    if not applicable:
        text = "a policy applies" if lines else "a policy names this control"
        lines.append(TraceLine("policy", text, truth=False, effect="leave: silence means no", caps=Mode.LEAVE))
    applicable.sort(key=lambda pair: pair[0].rank)
    most_allowed = Mode.most_careful(mode for mode, _ in applicable)
    return tuple(policy for _, policy in applicable), Opinion(most_allowed, tuple(lines))


def _ruling(policy: Policy, case: Case, values: Mapping[str, Json]) -> tuple[Mode | None, list[TraceLine]]:
    """The most that one policy allows, None when it does not apply; any unknown turns auto into ask."""
    covered, why = policy.scope.covers(case.resource, case.control.kind)
    clauses = [] if covered is False else [_asked(clause, case, values) for clause in policy.when]
    truths = [covered, *(line.truth for line in clauses)]
    truth = False if False in truths else None if None in truths else True
    most = _allowed(policy, truth)
    effect = f"at most {most}" if most is not None else "does not apply"
    text = f"policy `{policy.name}` ({policy.where}), mode {policy.mode}, applies"
    doubtful = policy.mode is Mode.AUTO and any(line.truth is None for line in clauses)
    caps = None if most is None or most is Mode.AUTO or doubtful else most
    doubts = [line if most is not None else replace(line, caps=None) for line in clauses]
    return most, [TraceLine("policy", text, truth, effect, (why,), policy.name, caps), *doubts]


def _allowed(policy: Policy, applies: bool | None) -> Mode | None:  # noqa: FBT001 - three values of one question
    if applies is False:
        return None
    if policy.mode is Mode.AUTO and not policy.when:
        return Mode.LEAVE
    return policy.mode if applies else Mode.most_careful((policy.mode, Mode.ASK))


def _asked(clause: Clause, case: Case, values: Mapping[str, Json]) -> TraceLine:
    truth = clause.truth(values)
    effect = {True: "holds", False: "the policy does not apply", None: "unknown: at most ask"}[truth]
    shown = tuple(_shown(name, case, values) for name in clause.mentions)
    return TraceLine("clause", clause.text, truth, effect, shown, clause.text, Mode.ASK if truth is None else None)


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


def agreed(applicable: Sequence[Policy]) -> tuple[Approvals, Opinion]:
    """The approvals that satisfy every policy that applies: the most people, of groups that all of them accept."""
    needed = max((policy.approvals.needed for policy in applicable), default=1)
    asked = [policy.approvals.groups for policy in applicable if policy.approvals.groups]
    if not asked:
        return Approvals(needed), Opinion(Mode.AUTO)
    groups = tuple(name for name in asked[0] if all(name in others for others in asked))
    if groups:
        return Approvals(needed, groups), Opinion(Mode.AUTO)
    effect = "at most assist: nobody can approve"
    text = "one group may approve for every policy that applies"
    told = TraceLine("policy", text, truth=False, effect=effect, about="groups", caps=Mode.ASSIST)
    return Approvals(needed, asked[0]), Opinion(Mode.ASSIST, (told,))
