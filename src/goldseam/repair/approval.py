"""Approvals and rejections: a person's yes or no to one plan, on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from goldseam.model.values import Json
from goldseam.ports import Entry, Ledger


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's yes to one plan.

    `groups` are those that the person was in; `digest` and `signature` are there when the approver signed the plan's
    content with a key of their own, for a keyholder to check. `emergency` is part of what was signed: it is for an
    emergency rollback.
    """

    plan: str
    by: str
    groups: tuple[str, ...]
    at: str
    comment: str = ""
    digest: str = ""
    signature: str = ""
    emergency: bool = False

    def to_json(self) -> dict[str, Json]:
        """The approval as a JSON object; without the members that only a signed one has, where it is not."""
        signed: dict[str, Json] = {"digest": self.digest, "signature": self.signature} if self.signature else {}
        signed |= {"emergency": True} if self.emergency else {}
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
            document.get("emergency", False),
        )


def approve(ledger: Ledger, approval: Approval) -> Entry:
    """Record a person's yes."""
    return ledger.append("approval", approval.to_json())


def reject(ledger: Ledger, plan_id: str, by: str, comment: str = "") -> Entry:
    """Record a person's no; the plan cannot be executed after that."""
    return ledger.append("rejection", {"plan": plan_id, "by": by, "comment": comment})
