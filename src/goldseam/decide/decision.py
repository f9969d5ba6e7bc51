"""The decision on a finding: what the policy that decides says, capped by all else, with the whole reasoning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from goldseam.assess.context import Fact
from goldseam.assess.evaluate import Finding, owner_of
from goldseam.control import Control
from goldseam.decide import opinions
from goldseam.decide.case import Case, Circumstances, Precedent, TraceLine
from goldseam.decide.ownership import with_markers
from goldseam.decide.policy import MANAGED_BY, Limits, Mode, PolicySet
from goldseam.decide.ruling import ruled
from goldseam.model.resource import Resource
from goldseam.model.values import Json

_DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Decision:
    """What may be done about a finding, and the whole reasoning.

    `policy` names the policy that decides, empty when none applies. `approvals_needed` is 0 for auto only. `limits` are
    the least of that policy, of those that may apply before it, and of the guardrails that hold.
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
    """The decision on a finding: of the policies the first that applies, capped by the most careful of all else.

    `reversible` says whether the plan at hand has an inverse; without it the control's examples tell.
    """
    about = with_markers({fact.name: fact for fact in facts}, resource, control.kind, policies.ownership)
    case = Case(finding, control, resource, about, precedent)
    ruling = ruled(case, policies, around.now)
    voices = (
        opinions.of_finding(finding, reversible=control.reversible if reversible is None else reversible),
        opinions.of_owner(owner_of(control, resource)),
        opinions.of_exemptions(finding, around),
        *ruling.opinions,
        opinions.of_disruption(control.disruption, case.facts),
        opinions.of_ownership(case.facts.get(MANAGED_BY)),
        opinions.of_precedent(precedent),
        opinions.of_limits(ruling.limits, around.usage, finding.ref.account),
        opinions.of_windows(ruling.windows, around.now),
    )
    mode = Mode.most_careful(opinion.most for opinion in voices)
    return Decision(
        finding.id,
        mode,
        ruling.policy,
        0 if mode is Mode.AUTO else ruling.approvals.needed,
        ruling.approvals.groups,
        tuple(line for opinion in voices for line in opinion.lines),
        policies.version,
        opinions.least_limits(ruling.limits),
    )
