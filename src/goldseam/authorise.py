"""Stage 6: approvals and a grant. Whoever may say no is asked before the key is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from goldseam.decide import Decision
from goldseam.errors import AlreadyDone, ExemptResource, GrantRefused, NotApproved
from goldseam.plan import Plan, Purpose
from goldseam.policy import Mode
from goldseam.ports import Clock, Entry, Key, KeySource, Ledger
from goldseam.values import Json, same

_LONGEST: Final = timedelta(minutes=15)
_SKEW: Final = timedelta(minutes=5)
"""How far the clocks of two machines may be apart."""


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's yes to one plan.

    `groups` are those that the person was in; `digest` and `signature` are there when the approver signed the plan's
    content with a key of their own, for a keyholder to check.
    """

    plan: str
    by: str
    groups: tuple[str, ...]
    at: str
    comment: str = ""
    digest: str = ""
    signature: str = ""

    def to_json(self) -> dict[str, Json]:
        """The approval as a JSON object; without the members that only a signed one has, where it is not."""
        signed = {"digest": self.digest, "signature": self.signature} if self.signature else {}
        stated = {"plan": self.plan, "by": self.by, "groups": list(self.groups), "at": self.at, "comment": self.comment}
        return {**stated, **signed}

    @classmethod
    def from_json(cls, document: Mapping[str, Json]) -> Approval:
        """The inverse of `to_json`."""
        return cls(
            document["plan"],
            document["by"],
            tuple(document["groups"]),
            document["at"],
            document.get("comment", ""),
            document.get("digest", ""),
            document.get("signature", ""),
        )


@dataclass(frozen=True, slots=True)
class Grant:
    """The leave and the key to execute one plan; it lives in memory, for as long as that takes."""

    plan: str
    key: Key
    approvals: tuple[str, ...]
    """The hashes of the ledger's entries that approve the plan."""


def approve(ledger: Ledger, approval: Approval) -> Entry:
    """Record a person's yes."""
    return ledger.append("approval", approval.to_json())


def reject(ledger: Ledger, plan_id: str, by: str, comment: str = "") -> Entry:
    """Record a person's no; the plan cannot be executed after that."""
    return ledger.append("rejection", {"plan": plan_id, "by": by, "comment": comment})


def authorise(
    plan: Plan,
    decisions: Sequence[Decision],
    source: KeySource,
    ledger: Ledger,
    clock: Clock,
    requester: str | None = None,
) -> Grant:
    """Leave and key to execute a plan.

    `decisions` are those on the plan's findings, one for each. `requester` is who asked for it, where someone else
    has to approve; None where the person at the keyboard does both. Steps: 1. the plan was not executed; 2. it is in
    the ledger, with why; 3. nobody said no; 4. every decision allows it, with the approvals that it asks for; 5. the
    request is in the ledger; 6. the source gives a key; 7. the key is what was asked for; 8. that is in the ledger.

    Raises LedgerBroken where a new repair would start on a broken ledger, AlreadyDone, NotApproved, ExemptResource,
    GrantRefused.
    """
    if plan.purpose is Purpose.REPAIR:
        ledger.require_whole()
    # 1. once only
    if any(ledger.entries(kind="repair", plan=plan.id)):
        msg = f"plan `{plan.id}` was executed before; make a new plan if it is needed again"
        raise AlreadyDone(msg)
    # 2. what is asked for, and why
    file_plan(ledger, plan, decisions)
    # 3. a no
    _check_rejections(plan, ledger)
    # 4. a yes from everyone who is asked
    entries = tuple(ledger.verified(kind="approval", plan=plan.id))
    approvals = tuple(Approval.from_json(entry.body) for entry in entries)
    _check_leave(plan, decisions, approvals, requester)
    if plan.purpose is Purpose.RECOVERY:
        _check_recovers(plan, ledger)
    # 5. a source may give a key for a plan only once: what was asked is on record even if the answer never comes
    ledger.append("request", {"plan": plan.id, "ref": plan.ref.to_json(), "source": source.name})
    # 6. the key
    key = _key(plan, approvals, source, ledger)
    # 7. no more than was asked for
    _check_key(key, clock.now())
    # 8. for the record, without the key itself
    ledger.append("grant", _granted(plan, key))
    return Grant(plan.id, key, tuple(entry.hash for entry in entries))


def _key(plan: Plan, approvals: Sequence[Approval], source: KeySource, ledger: Ledger) -> Key:
    try:
        return source.key_for(plan.to_json(), [approval.to_json() for approval in approvals])
    except GrantRefused as error:
        body = {"plan": plan.id, "ref": plan.ref.to_json(), "source": source.name, "because": str(error)}
        ledger.append("refusal", body)
        raise


def file_plan(ledger: Ledger, plan: Plan, decisions: Iterable[Decision]) -> None:
    """Put a plan and the decisions on its findings into the ledger, unless it says just that already."""
    body = _filed(plan, decisions)
    if not any(same(entry.body, body) for entry in ledger.verified(kind="plan", plan=plan.id)):
        ledger.append("plan", body)


def _filed(plan: Plan, decisions: Iterable[Decision]) -> dict[str, Json]:
    made = {decision.finding: decision.to_json() for decision in decisions}
    versions = sorted({decision.policy_version for decision in decisions})
    return {
        "plan": plan.id,
        "document": plan.to_json(),
        "decisions": made,
        "policy_version": versions[0] if len(versions) == 1 else versions,
    }


def _granted(plan: Plan, key: Key) -> dict[str, Json]:
    return {
        "plan": plan.id,
        "source": key.source,
        "expires": key.expires.isoformat(),
        "narrowed": key.narrowed,
        "permissions": [permission.to_json() for permission in plan.permissions],
    }


def _check_rejections(plan: Plan, ledger: Ledger) -> None:
    for entry in ledger.entries(kind="rejection", plan=plan.id):
        msg = f"plan `{plan.id}` was rejected by {entry.body.get('by')}; make another plan, or leave it"
        raise NotApproved(msg)


def _check_leave(
    plan: Plan, decisions: Sequence[Decision], approvals: Sequence[Approval], requester: str | None
) -> None:
    """Every decision allows the plan. What is silent forbids (law 10)."""
    if plan.purpose is Purpose.RECOVERY:
        return  # it takes back what a crash left half done: the leave for that repair covers its undoing
    if plan.purpose is Purpose.ROLLBACK:
        _check_approvals(plan, approvals, 1, (), requester)
        return
    if missing := set(plan.findings) - {decision.finding for decision in decisions}:
        msg = f"plan `{plan.id}` has no decision on {', '.join(sorted(missing))}; scan, and plan again"
        raise NotApproved(msg)
    for decision in decisions:
        _check_decision(plan, decision, approvals, requester)


def _check_recovers(plan: Plan, ledger: Ledger) -> None:
    if not any(ledger.verified(kind="repair", plan=plan.of)):
        msg = f"plan `{plan.id}` recovers `{plan.of}`, which was never executed; make a rollback or a repair instead"
        raise NotApproved(msg)


def _check_decision(plan: Plan, decision: Decision, approvals: Sequence[Approval], requester: str | None) -> None:
    if given := next((line for line in decision.trace if line.layer == "exemption" and line.truth), None):
        msg = f"{decision.finding} is {given.text}; withdraw the exemption first, by `goldseam exempt --withdraw`"
        raise ExemptResource(msg)
    if decision.mode.rank < Mode.ASK.rank:
        msg = f"the policy says `{decision.mode}` for {decision.finding}: run `goldseam explain {decision.finding}`"
        raise NotApproved(msg)
    if decision.mode is Mode.ASK or not plan.reversible:
        needed = max(1, decision.approvals_needed)
        _check_approvals(plan, approvals, needed, decision.approval_groups, requester)


def _check_approvals(
    plan: Plan, approvals: Sequence[Approval], needed: int, groups: Sequence[str], requester: str | None
) -> None:
    """Enough different people said yes, not counting the one who asked."""
    people = {
        approval.by
        for approval in approvals
        if approval.by != requester and (not groups or set(groups) & set(approval.groups))
    }
    if len(people) < needed:
        whose = f" from {' or '.join(groups)}" if groups else ""
        other = ", by someone else than who asks for it" if requester is not None else ""
        msg = (
            f"plan `{plan.id}` has {len(people)} of {needed} approvals{whose}{other}; run `goldseam approve {plan.id}`"
        )
        raise NotApproved(msg)


def _check_key(key: Key, now: datetime) -> None:
    if key.expires <= now:
        msg = f"the key from {key.source} has expired before its use; ask for it again"
        raise GrantRefused(msg)
    if key.narrowed and key.expires > now + _LONGEST + _SKEW:
        msg = f"the key from {key.source} lasts longer than 15 minutes; let the source give a shorter one"
        raise GrantRefused(msg)
