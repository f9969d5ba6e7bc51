"""What the ledger remembers that the deciding stages are told: precedents, and how much of the limits is used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from goldseam.assess.evaluate import Finding, finding_id
from goldseam.audit.record import renamed_controls
from goldseam.decide import Precedent, Usage
from goldseam.model.errors import MISSHAPEN, PlanRefused
from goldseam.ports import Entry, Ledger
from goldseam.repair.claim import standing_claims, usage
from goldseam.repair.plan import Plan, Purpose


@dataclass(frozen=True, slots=True)
class Restraints:
    """What the ledger comes to that makes decisions more careful: refusals and rollbacks by control, repairs.

    A store may keep it with each append, so that nobody has to read the whole ledger. It is never believed where it
    would permit something.
    """

    rejected: Mapping[str, int]
    rolled_back: Mapping[str, int]
    repaired: Mapping[str, int]


@dataclass(frozen=True)
class Memory:
    """What happened before.

    `approved`, `rejected` and `rolled_back` count by control, `repaired` by finding; `usage` counts the automated
    repairs of the last hour.
    """

    approved: Mapping[str, int] = field(default_factory=dict)
    rejected: Mapping[str, int] = field(default_factory=dict)
    rolled_back: Mapping[str, int] = field(default_factory=dict)
    repaired: Mapping[str, int] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)

    def precedent(self, finding: Finding) -> Precedent:
        """What people and repairs did before about a finding and its control."""
        name = finding.control
        return Precedent(
            name,
            self.approved.get(name, 0),
            self.rejected.get(name, 0),
            self.rolled_back.get(name, 0),
            self.repaired.get(finding.id, 0),
        )


def recall(ledger: Ledger, now: datetime, kept: Restraints | None = None) -> Memory:
    """Read the ledger once and count; what a store has kept of it is not counted again.

    What loosens a decision (an approval) counts when it verifies, and is read in any case; what tightens it counts
    whether it verifies or not. Controls go by the names that they have today.
    """
    if kept is not None:
        approved = _approved(ledger, renamed_controls(ledger))
        return Memory(approved, kept.rejected, kept.rolled_back, kept.repaired, usage(ledger, now))
    names, plans = renamed_controls(ledger), _plans(ledger)
    repairs = [plans[claim.body["plan"]] for claim in standing_claims(ledger) if claim.body.get("plan") in plans]
    outcomes = ledger.entries(kind="outcome")
    verified = {entry.body.get("plan") for entry in outcomes if entry.body.get("state") == "verified"}
    done = [plan for plan in repairs if plan.id in verified]
    taken_back = [plans[plan.of] for plan in done if plan.purpose is Purpose.ROLLBACK and plan.of in plans]
    return Memory(
        approved=_by_control(_about(ledger.verified(kind="approval"), plans), names),
        rejected=_by_control(_about(ledger.entries(kind="rejection"), plans), names),
        rolled_back=_by_control(taken_back, names),
        repaired=Counter(
            finding_id(names.get(control, control), plan.ref)
            for plan in done if plan.purpose is Purpose.REPAIR for control in plan.controls
        ),
        usage=usage(ledger, now),
    )  # fmt: skip


def _approved(ledger: Ledger, names: Mapping[str, str]) -> Counter[str]:
    """Verified approvals by control, told by the verified entries of their plans."""
    approvals = Counter(entry.body.get("plan") for entry in ledger.verified(kind="approval"))
    found: dict[str, Iterable[str]] = {}
    for entry in ledger.verified(kind="plan") if approvals else ():
        document = entry.body.get("document", {})
        if entry.body.get("plan") in approvals and document.get("purpose") == Purpose.REPAIR:
            found[entry.body["plan"]] = document.get("controls", ())
    made: Counter[str] = Counter()
    for plan, controls in found.items():
        made.update({names.get(control, control): approvals[plan] for control in controls})
    return made


def _plans(ledger: Ledger) -> Mapping[str, Plan]:
    """The plans by id. One that was altered is not what its id says, and is not among them."""
    found = {}
    for entry in ledger.entries(kind="plan"):
        try:
            plan = Plan.from_json(entry.body["document"])
        except (PlanRefused, *MISSHAPEN):
            continue
        found[plan.id] = plan
    return found


def _about(entries: Iterable[Entry], plans: Mapping[str, Plan]) -> Iterable[Plan]:
    made = (plans[entry.body["plan"]] for entry in entries if entry.body.get("plan") in plans)
    return (plan for plan in made if plan.purpose is Purpose.REPAIR)


def _by_control(plans: Iterable[Plan], names: Mapping[str, str]) -> Counter[str]:
    return Counter(names.get(control, control) for plan in plans for control in plan.controls)
