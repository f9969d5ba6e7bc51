"""What the ledger remembers that the deciding stages are told: precedents, and how much of the limits is used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from goldseam.claim import standing_claims, usage
from goldseam.decide import Precedent, Usage
from goldseam.evaluate import Finding
from goldseam.plan import Plan, Purpose
from goldseam.ports import Entry, Ledger


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


def recall(ledger: Ledger, now: datetime) -> Memory:
    """Read the ledger once and count."""
    plans = {entry.body["plan"]: Plan.from_json(entry.body["document"]) for entry in ledger.entries(kind="plan")}
    repairs = [plans[claim.body["plan"]] for claim in standing_claims(ledger) if claim.body["plan"] in plans]
    verified = {entry.body["plan"] for entry in ledger.entries(kind="outcome") if entry.body["state"] == "verified"}
    done = [plan for plan in repairs if plan.id in verified]
    return Memory(
        approved=_by_control(ledger.entries(kind="approval"), plans),
        rejected=_by_control(ledger.entries(kind="rejection"), plans),
        rolled_back=Counter(
            control for plan in done if plan.purpose is Purpose.ROLLBACK and plan.of in plans
            for control in plans[plan.of].controls
        ),
        repaired=Counter(finding for plan in done if plan.purpose is Purpose.REPAIR for finding in plan.findings),
        usage=usage(ledger, now),
    )  # fmt: skip


def _by_control(entries: Iterable[Entry], plans: Mapping[str, Plan]) -> Counter[str]:
    made = (plans[entry.body["plan"]] for entry in entries if entry.body["plan"] in plans)
    return Counter(control for plan in made if plan.purpose is Purpose.REPAIR for control in plan.controls)
