"""What the ledger remembers that the deciding stages are told: precedents, and how much of the limits is used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from goldseam.decide import Precedent, Usage
from goldseam.errors import MISSHAPEN, PlanRefused
from goldseam.evaluate import Finding, finding_id
from goldseam.plan import Plan, Purpose
from goldseam.policy import Mode
from goldseam.ports import Entry, Ledger
from goldseam.record import renamed_controls

_HOUR: Final = timedelta(hours=1)


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
    """Read the ledger once and count.

    What loosens a decision (an approval) counts when it verifies; what tightens it counts in any case. Controls go by
    the names that they have today.
    """
    names, plans = renamed_controls(ledger), _plans(ledger)
    claims = ((entry, str(entry.body.get("plan"))) for entry in ledger.entries(kind="repair"))
    repairs = [(entry, plans[name]) for entry, name in claims if name in plans]
    outcomes = ledger.entries(kind="outcome")
    verified = {entry.body.get("plan") for entry in outcomes if entry.body.get("state") == "verified"}
    done = [plan for entry, plan in repairs if plan.id in verified]
    taken_back = [plans[plan.of] for plan in done if plan.purpose is Purpose.ROLLBACK and plan.of in plans]
    return Memory(
        approved=_by_control(_about(ledger.verified(kind="approval"), plans), names),
        rejected=_by_control(_about(ledger.entries(kind="rejection"), plans), names),
        rolled_back=_by_control(taken_back, names),
        repaired=Counter(
            finding_id(names.get(control, control), plan.ref)
            for plan in done if plan.purpose is Purpose.REPAIR for control in plan.controls
        ),
        usage=_usage(ledger, repairs, now),
    )  # fmt: skip


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


def _usage(ledger: Ledger, repairs: Iterable[tuple[Entry, Plan]], now: datetime) -> Usage:
    """The repairs of the last hour that every decision on them made automatic."""
    automatic = {entry.body.get("plan") for entry in ledger.entries(kind="plan") if _automatic(entry)}
    recent = [
        plan.ref.account
        for entry, plan in repairs
        if plan.id in automatic and datetime.fromisoformat(entry.at) > now - _HOUR
    ]
    return Usage(len(recent), Counter(recent))


def _automatic(entry: Entry) -> bool:
    modes = [decision["mode"] for decision in entry.body.get("decisions", {}).values()]
    return bool(modes) and all(mode == Mode.AUTO for mode in modes)
