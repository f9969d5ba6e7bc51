"""Stage 9: the ledger as a chain of hashes with signed checkpoints, and the evidence of one repair.

An entry's hash is SHA-256 over the canonical JSON of `[seq, at, kind, SHA-256 of the body's canonical JSON, previous]`:
a line whose body is left out can still be followed, so that the evidence of one repair shows nothing of others.
A checkpoint is an entry that names an earlier one and signs its hash with Ed25519, over RFC 8785 canonical JSON. Who
keeps a checkpoint elsewhere can tell later whether anything up to there was changed or cut off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn, Protocol

import orjson

from goldseam.disclosure import Show, body_hash, check_disclosed, check_signature, entry_of, whole
from goldseam.errors import LedgerBroken, UsageError
from goldseam.ports import Entry, Ledger
from goldseam.values import Json, canonical_document, document_digest

START: Final = "0" * 64
"""What the first entry has as its previous hash."""

_PURPOSE: Final = "goldseam ledger checkpoint/1"
_FORMAT: Final = "goldseam evidence/2"


class Signer(Protocol):
    """Signs checkpoints. It opens nothing in any cloud: it only says that a ledger is this installation's."""

    @property
    def public(self) -> str:
        """The Ed25519 public key, 64 hexadecimal digits."""

    def sign(self, message: bytes) -> str:
        """The signature, 128 hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a ledger that verifies holds: how many entries, how many checkpoints, up to where they sign, the last hash.

    What comes after `signed` is chained and not signed yet.
    """

    entries: int
    checkpoints: int
    signed: int
    hash: str

    def to_json(self) -> dict[str, Json]:
        """The result as a JSON object."""
        return {"entries": self.entries, "checkpoints": self.checkpoints, "signed": self.signed, "hash": self.hash}


def entry_hash(seq: int, at: str, kind: str, body: Mapping[str, Json], previous: str) -> str:
    """The hash of an entry."""
    return _line_hash(seq, at, kind, document_digest(body), previous)


def _line_hash(seq: int, at: str, kind: str, body_hash: str, previous: str) -> str:
    return document_digest([seq, at, kind, body_hash, previous])


def checkpoint(ledger: Ledger, last: Entry, signer: Signer) -> Entry:
    """Sign the ledger up to an entry, and record that."""
    body = {"seq": last.seq, "hash": last.hash, "key": signer.public}
    return ledger.append("checkpoint", {**body, "signature": signer.sign(_statement(last.seq, last.hash))})


def _statement(seq: int, hashed: str) -> bytes:
    import rfc8785  # noqa: PLC0415 - only signing and verifying need it

    return rfc8785.dumps({"purpose": _PURPOSE, "seq": seq, "hash": hashed})


def verify_ledger(entries: Iterable[Entry], public_key: str, kept: Sequence[Mapping[str, Json]] = ()) -> Verified:
    """Walk the chain and its checkpoints; `kept` are bodies of checkpoints that were put aside earlier.

    Raises LedgerBroken that names the first entry which is not as it was written, or the checkpoint that finds its
    entry missing.
    """
    hashes: list[bytes] = []
    previous, signed, checkpoints = START, 0, 0
    for entry in entries:
        _check_link(entry, len(hashes) + 1, previous)
        check_disclosed(entry, public_key)
        if entry.kind == "checkpoint":
            _check_signed(entry.body, public_key, hashes, f"entry {entry.seq}")
            signed, checkpoints = max(signed, entry.body["seq"]), checkpoints + 1
        hashes.append(bytes.fromhex(entry.hash))
        previous = entry.hash
    for body in kept:
        _check_signed(body, public_key, hashes, "the kept checkpoint")
        signed = max(signed, body["seq"])
    if hashes and not signed:
        msg = "the ledger has no signed checkpoint and proves nothing yet; make one with `goldseam ledger checkpoint`"
        raise LedgerBroken(msg)
    return Verified(len(hashes), checkpoints, signed, previous)


def _check_link(entry: Entry, seq: int, previous: str) -> None:
    if entry.seq != seq:
        _broken(f"entry {seq} is missing: number {entry.seq} is in its place")
    if entry.previous != previous:
        _broken(f"entry {seq} does not follow the entry before it")
    if _line_hash(entry.seq, entry.at, entry.kind, body_hash(entry), entry.previous) != entry.hash:
        _broken(f"entry {seq} is not what was written: its content does not have its hash")


def _check_signed(body: Mapping[str, Json], public_key: str, hashes: Sequence[bytes], where: str) -> None:
    """A checkpoint is signed with the key, and what it names is there and the same."""
    if body.get("key") != public_key:
        _broken(f"{where} is signed with another key than the one given")
    _check_signature(body, public_key, where)
    seq = body["seq"]
    if not 1 <= seq <= len(hashes):
        _broken(f"{where} signs entry {seq}, which is missing: the end of the ledger was cut off")
    if hashes[seq - 1].hex() != body["hash"]:
        _broken(f"{where} signs another entry {seq} than the ledger holds")


def _check_signature(body: Mapping[str, Json], public_key: str, where: str) -> None:
    try:
        signature, statement = body["signature"], _statement(body["seq"], body["hash"])
    except (KeyError, TypeError, ValueError) as error:
        msg = f"the ledger is broken: {where} has no valid signature; restore it from a copy"
        raise LedgerBroken(msg) from error
    check_signature(public_key, signature, statement, where)


def _broken(problem: str) -> NoReturn:
    msg = f"the ledger is broken: {problem}; restore it from a copy"
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
        hashed = _line_hash(line["seq"], line["at"], line["kind"], hashed_body, line["previous"])
        if line["seq"] != chain[0]["seq"] + place or line["previous"] != previous or hashed != line["hash"]:
            _broken(f"entry {line['seq']} of the evidence does not fit the chain")
        previous = line["hash"]
    shown = [entry_of(line) for line in chain if "body" in line]
    for entry in shown:
        check_disclosed(entry, public_key)
    own = [entry for entry in shown if _about(entry, pack["plan"])]
    _check_sealed(chain, own[-1].seq, public_key)
    if canonical_document(_told(own)) != canonical_document(pack["repair"]):
        _broken("the summary does not say what the entries say")


def _check_sealed(chain: Sequence[Mapping[str, Json]], last_own: int, public_key: str) -> None:
    seal = chain[-1]["body"]
    if chain[-1]["kind"] != "checkpoint" or not last_own <= seal["seq"] < chain[-1]["seq"]:
        _broken("no checkpoint signs all entries of the evidence")
    if seal["key"] != public_key:
        _broken("the evidence is signed with another key than the one given")
    _check_signature(seal, public_key, "the checkpoint of the evidence")
    if chain[seal["seq"] - chain[0]["seq"]]["hash"] != seal["hash"]:
        _broken("the checkpoint signs another entry than the evidence holds")
