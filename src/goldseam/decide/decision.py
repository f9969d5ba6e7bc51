"""The decision on a finding: the most careful of all opinions, with the whole reasoning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from goldseam.assess.context import Fact
from goldseam.assess.evaluate import Finding, owner_of
from goldseam.control import Control
from goldseam.decide import opinions
from goldseam.decide.case import Case, Circumstances, Precedent, TraceLine
from goldseam.decide.ownership import MANAGED_BY, with_markers
from goldseam.decide.policy import Limits, Mode, PolicySet
from goldseam.decide.ruling import agreed, ruled
from goldseam.model.resource import Resource
from goldseam.model.values import Json

_DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Decision:
    """What may be done about a finding, and the whole reasoning.

    `policy` names the most careful policy that applies, empty when none does. `approvals_needed` is 0 for auto only.
    `limits` are the least of all policies that apply.
    """

    finding: str
    mode: Mode
    policy: str
    approvals_needed: int
    approval_groups: tuple[str, ...]
    trace: tuple[TraceLine, ...]
    policy_version: str
    limits: Limits = _DEFAULT_LIMITS

    def to_json(self) -> dict[str, Json]:
        """The decision as a JSON object."""
        return {
            "finding": self.finding,
            "mode": str(self.mode),
            "policy": self.policy,
            "approvals_needed": self.approvals_needed,
            "approval_groups": list(self.approval_groups),
            "trace": [line.to_json() for line in self.trace],
            "policy_version": self.policy_version,
            "limits": {"per_hour": self.limits.per_hour, "per_account": self.limits.per_account},
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Json]) -> Decision:
        """The inverse of `to_json`."""
        return cls(
            document["finding"],
            Mode(document["mode"]),
            document["policy"],
            document["approvals_needed"],
            tuple(document["approval_groups"]),
            tuple(TraceLine.from_json(line) for line in document["trace"]),
            document["policy_version"],
            Limits(**document.get("limits", {})),
        )


def decide(
    finding: Finding,
    control: Control,
    resource: Resource,
    facts: Sequence[Fact],
    policies: PolicySet,
    around: Circumstances,
    *,
    precedent: Precedent | None = None,
    reversible: bool | None = None,
) -> Decision:
    """The decision on a finding: the most careful of all opinions.

    `reversible` says whether the plan at hand has an inverse; without it the control's examples tell.
    """
    about = with_markers({fact.name: fact for fact in facts}, resource, control.kind, policies.ownership)
    case = Case(finding, control, resource, about, precedent)
    applicable, ruling = ruled(case, policies)
    approvals, agreement = agreed(applicable)
    voices = (
        opinions.of_finding(finding, reversible=control.reversible if reversible is None else reversible),
        opinions.of_owner(owner_of(control, resource)),
        opinions.of_exemptions(finding, around),
        ruling,
        agreement,
        opinions.of_disruption(control.disruption, case.facts),
        opinions.of_ownership(case.facts.get(MANAGED_BY)),
        opinions.of_precedent(precedent),
        opinions.of_limits(applicable, around.usage, finding.ref.account),
        opinions.of_windows(applicable, around.now),
    )
    mode = Mode.most_careful(opinion.most for opinion in voices)
    return Decision(
        finding.id,
        mode,
        applicable[0].name if applicable else "",
        0 if mode is Mode.AUTO else approvals.needed,
        approvals.groups,
        tuple(line for opinion in voices for line in opinion.lines),
        policies.version,
        opinions.least_limits(policy.limits for policy in applicable),
    )
