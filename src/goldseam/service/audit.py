"""The ledger: read, verified, exported, signed, and accepted as it is where it is broken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from goldseam.audit.chain import START
from goldseam.audit.record import (
    Verified,
    checkpoint,
    close_unverified,
    evidence_pack,
    exported,
    imported,
    verify_ledger,
    verify_pack,
)
from goldseam.model.errors import UsageError
from goldseam.model.values import Json
from goldseam.service.context import ServiceContext
from goldseam.service.rights import Right, needs

__all__ = [
    "Resealed",
    "Verification",
    "Verified",
    "entries",
    "export",
    "reseal",
    "sign",
    "verify",
    "verify_export",
]

_NOTHING: Final = {"entries": 0, "checkpoints": 0, "signed": 0, "hash": START, "since": 1}


@dataclass(frozen=True, slots=True)
class Verification:
    """What was verified: a ledger, or the evidence about the plan that `plan` names.

    `ledger` is None where nothing is recorded yet, and for evidence.
    """

    plan: str = ""
    ledger: Verified | None = None

    def to_json(self) -> dict[str, Json]:
        """The verification as a JSON object."""
        if self.plan:
            return {"plan": self.plan}
        return self.ledger.to_json() if self.ledger else dict(_NOTHING)


@dataclass(frozen=True, slots=True)
class Resealed:
    """A broken ledger that was accepted as it is.

    `closed` are the plans whose claims do not verify; `policy_version` and `policy_at` are of the policy in force,
    empty where none is.
    """

    seq: int
    broken: tuple[Mapping[str, Json], ...]
    closed: tuple[str, ...]
    policy_version: str
    policy_at: str
    entry: Mapping[str, Json]


@needs(Right.READ)
def entries(
    context: ServiceContext, plan_id: str = "", kind: str = "", last: int = 0
) -> tuple[Mapping[str, Json], ...]:
    """The entries as they may be shown, oldest first: all of them, or those about a plan, of a kind, the last ones."""
    found = list(context.home.ledger.entries(kind=kind or None, plan=plan_id or None))
    found = found[-last:] if last > 0 else found
    show = context.masking.entries(context.home)
    return tuple(orjson.loads(exported(entry, show)) for entry in found)


@needs(Right.READ)
def verify(context: ServiceContext, public_key: str = "") -> Verification:
    """Verify the ledger, by its own public key or by another one; raises LedgerBroken, UsageError."""
    if public_key:
        return Verification(ledger=verify_ledger(context.home.ledger.entries(), public_key))
    return Verification(ledger=context.home.ledger.verify())


@needs(Right.READ)
def verify_export(context: ServiceContext, text: str, public_key: str = "") -> Verification:
    """Verify an exported ledger or evidence pack; raises LedgerBroken, and UsageError where there is no public key."""
    key = public_key or _own_key(context)
    if pack := _pack(text):
        verify_pack(pack, key)
        return Verification(plan=str(pack["plan"]))
    return Verification(ledger=verify_ledger(imported(text.splitlines()), key))


@needs(Right.SEAL)
def reseal(context: ServiceContext, because: str) -> Resealed:
    """Accept a broken ledger as it is; approvals from before count no more. Raises UsageError without a reason."""
    if not because.strip():
        raise UsageError("say why the broken ledger is accepted, by `-m`")
    ledger = context.home.ledger
    made = ledger.reseal(context.actor.name, because)
    closed = close_unverified(ledger)
    policy = context.policy_entry
    version, at = (str(policy.body["version"]), policy.at) if policy else ("", "")
    return Resealed(made.seq, tuple(made.body["broken"]), tuple(closed), version, at, orjson.loads(exported(made)))


@needs(Right.READ)
def export(context: ServiceContext, plan_id: str = "") -> Iterator[str]:
    """The text of the whole ledger as JSON lines, or of the evidence pack about one plan; raises UsageError."""
    found, show = context.home.ledger.entries(), context.masking.entries(context.home)
    if plan_id:
        pack = orjson.dumps(evidence_pack(found, plan_id, show), option=orjson.OPT_INDENT_2)
        return iter((pack.decode() + "\n",))
    return (f"{exported(entry, show)}\n" for entry in found)


@needs(Right.SEAL)
def sign(context: ServiceContext) -> Mapping[str, Json]:
    """Sign the ledger up to its last entry: the body of the checkpoint. Raises UsageError where it is empty."""
    last = context.home.ledger.last()
    if last is None:
        raise UsageError("the ledger is empty: there is nothing to sign")
    return dict(checkpoint(context.home.ledger, last, context.home.signer).body)


def _pack(text: str) -> Mapping[str, Json] | None:
    """The evidence pack in a text that is one JSON object; a ledger is a line of JSON for each entry."""
    try:
        held = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return held if isinstance(held, dict) and "chain" in held else None


def _own_key(context: ServiceContext) -> str:
    if key := context.home.signer.public:
        return key
    raise UsageError("this home has signed nothing and has no public key; name one with --public-key")
