"""What an approver signs, and how a keyholder counts it.

An approval names the plan's id and the full digest of its content, so that it covers exactly what the approver saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from goldseam.keyholder.identity import PrivateKey, Verifier
from goldseam.model.values import Json, document_digest
from goldseam.repair.plan import Plan, Purpose

_PURPOSE: Final = "goldseam approval/1"


@dataclass(frozen=True, slots=True)
class Approvers:
    """Who approved a plan, whether one of them said that it is an emergency, and why other approvals do not count."""

    names: frozenset[str]
    emergency: bool
    faults: tuple[str, ...]


def plan_digest(plan: Plan) -> str:
    """SHA-256 of the plan's content: what an approval covers."""
    return document_digest(plan.to_json())


def signed_approval(
    plan: Plan,
    by: str,
    key: PrivateKey,
    at: datetime,
    *,
    groups: Sequence[str] = (),
    comment: str = "",
    emergency: bool = False,
) -> dict[str, Json]:
    """An approval of a plan as a JSON object, signed with the approver's key.

    `emergency` says that it is for taking a repair back at once: the keyholder asks for no second one then.
    """
    statement: dict[str, Json] = {
        "plan": plan.id,
        "digest": plan_digest(plan),
        "by": by,
        "groups": list(groups),
        "at": at.isoformat(),
        "comment": comment,
        **({"emergency": True} if emergency else {}),
    }
    return {**statement, "signature": key.sign({"purpose": _PURPOSE, **statement})}


def approvers_of(
    plan: Plan,
    approvals: Iterable[Mapping[str, Json]],
    known: Mapping[str, Verifier],
    now: datetime,
    valid: timedelta,
) -> Approvers:
    """The approvers who said yes to this very plan in time, and why each other approval does not count."""
    names, emergency, faults = set[str](), False, list[str]()
    for approval in approvals:
        by = approval.get("by")
        if fault := _fault(plan, approval, known, now, valid):
            faults.append(f"the approval by `{by}` {fault}")
        else:
            names.add(str(by))
            emergency |= approval.get("emergency") is True
    return Approvers(frozenset(names), emergency, tuple(faults))


def _fault(
    plan: Plan, approval: Mapping[str, Json], known: Mapping[str, Verifier], now: datetime, valid: timedelta
) -> str:
    """What is wrong with an approval; nothing when it counts."""
    statement = {key: value for key, value in approval.items() if key != "signature"}
    key = known.get(str(approval.get("by")))
    if key is None:
        return "is by nobody whom the keyholder knows as an approver"
    if not key.signed({"purpose": _PURPOSE, **statement}, str(approval.get("signature", ""))):
        return "is not signed with that approver's key"
    if approval.get("plan") != plan.id or approval.get("digest") != plan_digest(plan):
        return "is for another plan"
    if approval.get("emergency") and plan.purpose is not Purpose.ROLLBACK:
        return "says that it is an emergency, which only a rollback can be"
    return _untimely(str(approval.get("at")), now, valid)


def _untimely(said: str, now: datetime, valid: timedelta) -> str:
    try:
        age = now - datetime.fromisoformat(said)
    except (ValueError, TypeError):
        return "has no time in it"
    if age > valid:
        return "has expired"
    return "is from the future" if age < -timedelta(minutes=5) else ""
