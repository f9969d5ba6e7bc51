"""Stage 9: signed checkpoints, the verification of a whole ledger, and the evidence of one repair.

`chain` says how entries hang together: a line whose body is left out can still be followed, so that the evidence of one
repair shows nothing of others. A checkpoint signs an earlier entry's hash with Ed25519, over RFC 8785 canonical JSON.
Who keeps a checkpoint elsewhere can tell later whether anything up to there was changed or cut off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn, Protocol

import orjson

from goldseam.audit.chain import Chain, line_hash, link_of, signature_holds, statement
from goldseam.audit.disclosure import Show, body_hash, check_disclosed, entry_of, whole
from goldseam.model.errors import LedgerBroken, UsageError
from goldseam.model.values import Json, canonical_document, document_digest
from goldseam.ports import Entry, Ledger

_FORMAT: Final = "goldseam evidence/2"


class CheckpointSigner(Protocol):
    """Signs checkpoints. It opens nothing in any cloud: it only says that a ledger is this installation's."""

    @property
    def public(self) -> str:
        """The Ed25519 public key, 64 hexadecimal digits; empty as long as nothing was signed."""

    def sign(self, message: bytes) -> str:
        """The signature, 128 hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a ledger that verifies holds: how many entries, how many checkpoints, up to where they sign, the last hash.

    What comes after `signed` is chained and not signed yet. Where the ledger was broken and resealed, `since` is the
    entry from which it is whole, and `resealed` says by whom, why, and what was broken before.
    """

    entries: int
    checkpoints: int
    signed: int
    hash: str
    since: int = 1
    resealed: Mapping[str, Json] | None = None

    def to_json(self) -> dict[str, Json]:
        """The result as a JSON object."""
        return {
            "entries": self.entries,
            "checkpoints": self.checkpoints,
            "signed": self.signed,
            "hash": self.hash,
            "since": self.since,
            "resealed": dict(self.resealed) if self.resealed is not None else None,
        }


def checkpoint(ledger: Ledger, last: Entry, signer: CheckpointSigner) -> Entry:
    """Sign the ledger up to an entry, and record that."""
    return ledger.append("checkpoint", checkpoint_body(last.seq, last.hash, signer))


def checkpoint_body(seq: int, hashed: str, signer: CheckpointSigner, signs: str = "") -> dict[str, Json]:
    """What a checkpoint says of the entry that it signs; `signs` is its kind where this is its own signature."""
    signature = signer.sign(statement(seq, hashed, signs))
    own = {"signs": signs} if signs else {}
    return {"seq": seq, "hash": hashed, "key": signer.public, "signature": signature, **own}


def verify_ledger(entries: Iterable[Entry], public_key: str, kept: Sequence[Mapping[str, Json]] = ()) -> Verified:
    """Walk the chain and its checkpoints; `kept` are bodies of checkpoints that were put aside earlier.

    Raises LedgerBroken that names the first entry which is not as it was written, or the checkpoint that finds its
    entry missing. What a signed `reseal` accepts is not raised, but told in the result.
    """
    chain = Chain(public_key)
    for entry in entries:
        check_disclosed(entry, public_key)
        chain.add(link_of(entry, body_hash(entry)))
    return verified_chain(chain, kept)


def verified_chain(chain: Chain, kept: Sequence[Mapping[str, Json]] = ()) -> Verified:
    """What a chain that was walked to its end holds; raises LedgerBroken."""
    for item in (*chain.breaks(), *chain.kept_problems(kept)):
        _broken(item.problem)
    if chain.length and not chain.signed:
        msg = "the ledger has no signed checkpoint and proves nothing yet; make one with `goldseam ledger checkpoint`"
        raise LedgerBroken(msg)
    found, reseal = (chain.length, chain.checkpoints, chain.signed, chain.last_hash), chain.reseal
    if reseal is None:
        return Verified(*found)
    return Verified(*found, reseal.seq, {**(reseal.body or {}), "at": reseal.at})


def renamed_controls(ledger: Ledger) -> Mapping[str, str]:
    """Old ids of controls with the ids that they have today, as the home's upgrades recorded it."""
    names: dict[str, str] = {}
    for entry in ledger.verified(kind="upgrade"):
        renamed: Mapping[str, str] = entry.body["controls"]
        names = {old: renamed.get(new, new) for old, new in names.items()} | dict(renamed)
    return names


def close_unverified(ledger: Ledger) -> tuple[str, ...]:
    """Record a conflict for each claim that does not verify and has no outcome; the plans that were closed so.

    Nobody can tell what such a repair was meant to do, so `resume` leaves it alone, and it must not be in the way.
    """
    trusted = {entry.seq for entry in ledger.verified(kind="repair")}
    ended = {entry.body.get("plan") for entry in ledger.entries(kind="outcome")}
    closed = {}
    for entry in ledger.entries(kind="repair"):
        plan_id = entry.body.get("plan")
        if entry.seq not in trusted and plan_id and plan_id not in ended:
            because = f"its claim, entry {entry.seq}, does not verify; look at the resource"
            body = {"plan": plan_id, "ref": entry.body.get("ref"), "state": "conflict", "because": because, "waits": {}}
            closed[str(plan_id)] = ledger.append("outcome", body)
    return tuple(closed)


def _broken(problem: str) -> NoReturn:
    msg = f"the ledger is broken: {problem}; restore it from a copy, or go on from here by `goldseam ledger reseal`"
    raise LedgerBroken(msg)


def _spoiled(problem: str) -> NoReturn:
    msg = f"the evidence does not verify: {problem}; export it again"
    raise LedgerBroken(msg)


def exported(entry: Entry, show: Show = whole) -> str:
    """The entry as one line of JSON: whole, or as `show` (`disclosure.masking`) gives it."""
    return canonical_document(show(entry)).decode()


def imported(lines: Iterable[str]) -> Iterator[Entry]:
    """The entries of exported lines; raises LedgerBroken that names the line which is none."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                item = orjson.loads(line)
                yield entry_of(item)
            except (ValueError, KeyError, TypeError):
                _broken(f"line {number} is not an entry")


def evidence_pack(entries: Iterable[Entry], plan_id: str, show: Show = whole) -> dict[str, Json]:
    """All that the ledger says about one repair, with the proof that it says so, as one JSON document.

    `chain` runs from the first entry about the plan to the checkpoint that signs the last one; lines about other
    things are there without their bodies. `show` (`disclosure.masking`) says how entries are exported.

    Raises UsageError when the ledger holds nothing about the plan, or no checkpoint signs all of it yet.
    """
    chain = _segment(entries, plan_id)
    own = [entry for entry in chain if _about(entry, plan_id)]
    if not own:
        msg = f"the ledger holds nothing about `{plan_id}`; look at `goldseam ledger show`"
        raise UsageError(msg)
    if chain[-1].kind != "checkpoint":
        msg = f"no checkpoint signs all entries about `{plan_id}` yet; sign one with `goldseam ledger checkpoint`"
        raise UsageError(msg)
    shown = {entry.seq: show(entry) for entry in (*own, chain[-1])}
    told = _told([entry_of(shown[entry.seq]) for entry in own])
    kept = [shown.get(entry.seq) or _hidden(entry) for entry in chain]
    return {"format": _FORMAT, "plan": plan_id, "repair": told, "chain": kept}


def _about(entry: Entry, plan_id: str) -> bool:
    return entry.body.get("plan") == plan_id


def _segment(entries: Iterable[Entry], plan_id: str) -> list[Entry]:
    """From the first entry about the plan to the first checkpoint that signs the last one, or to the end."""
    found: list[Entry] = []
    last_own, end = 0, 0
    for entry in entries:
        if not found and not _about(entry, plan_id):
            continue
        found.append(entry)
        if _about(entry, plan_id):
            last_own, end = entry.seq, 0
        elif entry.kind == "checkpoint" and not end and entry.body["seq"] >= last_own:
            end = len(found)
    return found[:end] if end else found


def _hidden(entry: Entry) -> dict[str, Json]:
    line = whole(entry)
    return {**{key: line[key] for key in line if key != "body"}, "body_hash": document_digest(entry.body)}


def _told(own: Sequence[Entry]) -> dict[str, Json]:
    """Who, why, with what leave and key, which calls, before, after and the verdict: taken from the entries alone."""
    by_kind: dict[str, list[Mapping[str, Json]]] = {}
    for entry in own:
        by_kind.setdefault(entry.kind, []).append({**entry.body, "at": entry.at})
    latest: dict[str, Mapping[str, Json]] = {kind: bodies[-1] for kind, bodies in by_kind.items()}
    plan, claim = latest.get("plan", {}), latest.get("repair", {})
    document = plan.get("document", {})
    return {
        "who": {"by": claim.get("by"), "at": claim.get("at")},
        "what": {"purpose": document.get("purpose"), "of": document.get("of"), "resource": document.get("ref")},
        "why": {"because": document.get("because"), "decisions": plan.get("decisions")},
        "policy_version": plan.get("policy_version"),
        "approvals": by_kind.get("approval", []),
        "key": {name: latest.get("grant", {}).get(name) for name in ("source", "expires", "narrowed", "permissions")},
        "calls": _calls(own),
        "before": latest.get("before", {}).get("facets"),
        "after": latest.get("after", {}).get("facets"),
        "verdict": {name: latest.get("outcome", {}).get(name) for name in ("state", "because", "waits", "at")},
    }


def _calls(own: Sequence[Entry]) -> list[dict[str, Json]]:
    """Each call that was meant, with what the cloud answered to it."""
    calls: list[dict[str, Json]] = []
    for entry in own:
        body = entry.body
        if entry.kind == "intent":
            calls.append({"step": body["step"], "undo": body["undo"], "call": body["call"], "at": entry.at})
        elif entry.kind in ("result", "failure") and calls:
            answer = {name: body[name] for name in ("request_id", "code", "message") if name in body}
            calls[-1] |= {entry.kind: answer}
    return calls


def verify_pack(pack: Mapping[str, Json], public_key: str) -> None:
    """Check evidence with nothing but the public key: each link, the checkpoint, and that the summary says the same.

    Raises LedgerBroken that says what does not fit.
    """
    try:
        _check_pack(pack, public_key)
    except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
        msg = f"the evidence is not complete ({error}); export it again"
        raise LedgerBroken(msg) from error


def _check_pack(pack: Mapping[str, Json], public_key: str) -> None:
    chain: Sequence[Mapping[str, Json]] = pack["chain"]
    previous = chain[0]["previous"]
    for place, line in enumerate(chain):
        hashed_body = line["body_hash"] if "body_hash" in line else document_digest(line["body"])
        hashed = line_hash(line["seq"], line["at"], line["kind"], hashed_body, line["previous"])
        if line["seq"] != chain[0]["seq"] + place or line["previous"] != previous or hashed != line["hash"]:
            _spoiled(f"entry {line['seq']} of the evidence does not fit the chain")
        previous = line["hash"]
    shown = [entry_of(line) for line in chain if "body" in line]
    for entry in shown:
        check_disclosed(entry, public_key)
    own = [entry for entry in shown if _about(entry, pack["plan"])]
    _check_sealed(chain, own[-1].seq, public_key)
    if canonical_document(_told(own)) != canonical_document(pack["repair"]):
        _spoiled("the summary does not say what the entries say")


def _check_sealed(chain: Sequence[Mapping[str, Json]], last_own: int, public_key: str) -> None:
    seal = chain[-1]["body"]
    if chain[-1]["kind"] != "checkpoint" or not last_own <= seal["seq"] < chain[-1]["seq"]:
        _spoiled("no checkpoint signs all entries of the evidence")
    if seal["key"] != public_key:
        _spoiled("the evidence is signed with another key than the one given")
    if not signature_holds(seal, public_key):
        _spoiled("its checkpoint has no valid signature")
    if chain[seal["seq"] - chain[0]["seq"]]["hash"] != seal["hash"]:
        _spoiled("the checkpoint signs another entry than the evidence holds")
