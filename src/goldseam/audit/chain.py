"""The ledger's chain of hashes: which entries are as they were written, and where the chain is broken.

An entry's hash is SHA-256 over the canonical JSON of `[seq, at, kind, SHA-256 of the body's canonical JSON, previous]`.
A checkpoint is an entry that names an earlier one and signs its hash with Ed25519. What a person says or allows, and
the claim and the outcome of a repair (`SIGNED_KINDS`), is followed at once by a checkpoint of its own: one of these
entries that somebody else inserts is not signed, and a checkpoint that comes later does not make it so.

A signature vouches for the entries before it as far back as the links hold. A break therefore costs the trust in what
stands between it and the signature before it, and nothing else.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from goldseam.model.values import Json, canonical_document, document_digest
from goldseam.ports import Entry

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

START: Final = "0" * 64
"""What the first entry has as its previous hash."""
CHECKPOINT: Final = "checkpoint"
RESEAL: Final = "reseal"
SIGNED_KINDS: Final = frozenset({
    "approval", "rejection", "exemption", "exemption-withdrawn", "exemption-lapsed", "policy", "repair", "takeover",
    "release", "outcome", RESEAL, "upgrade", "emergency", "review",
})  # fmt: skip
"""The kinds whose entries are signed one by one as they are written."""

_PURPOSE: Final = "goldseam ledger checkpoint/1"
_ALTERED: Final = "is not what was written: its content does not have its hash"


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as the chain sees it; `body` only where its content counts here.

    `consistent` is False where the store keeps something beside the body that contradicts it.
    """

    seq: int
    at: str
    kind: str
    body_hash: str
    previous: str
    hash: str
    body: Mapping[str, Json] | None = None
    consistent: bool = True


@dataclass(frozen=True, slots=True)
class Break:
    """A place where the chain is broken. `seq` is the entry; 0 where the ledger as a whole is meant."""

    seq: int
    problem: str

    def to_json(self) -> dict[str, Json]:
        """The break as a JSON object."""
        return {"seq": self.seq, "problem": self.problem}


@dataclass(slots=True)
class _Run:
    """Entries that follow each other without a break; those up to `signed` are signed, 0 where none is."""

    start: int
    signed: int = 0


def entry_hash(seq: int, at: str, kind: str, body: Mapping[str, Json], previous: str) -> str:
    """The hash of an entry."""
    return line_hash(seq, at, kind, document_digest(body), previous)


def line_hash(seq: int, at: str, kind: str, body_hash: str, previous: str) -> str:
    """The hash of an entry whose body is known by its hash only."""
    return document_digest([seq, at, kind, body_hash, previous])


def link_of(entry: Entry, body_hash: str) -> Link:
    """An entry as the chain sees it; `body_hash` is that of the whole body, which an export may have masked."""
    return Link(entry.seq, entry.at, entry.kind, body_hash, entry.previous, entry.hash, entry.body)


def statement(seq: int, hashed: str, signs: str = "") -> bytes:
    """What a checkpoint signs, as RFC 8785 has it: for words and a whole number canonical JSON is the same.

    `signs` is the kind of the entry where the checkpoint is the entry's own signature.
    """
    own = {"signs": signs} if signs else {}
    return canonical_document({"purpose": _PURPOSE, "seq": seq, "hash": hashed, **own})


def signature_holds(body: Mapping[str, Json], public_key: str) -> bool:
    """Whether a checkpoint's signature was made with the key; what is no checkpoint has none."""
    try:
        message = statement(body["seq"], body["hash"], body.get("signs", ""))
        return is_signed(message, body["signature"], public_key)
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def is_signed(message: bytes, signature: Json, public_key: str) -> bool:
    """Whether the Ed25519 signature, in hexadecimal digits, is of the message and was made with the key."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - only verifying needs it

    try:
        _key(public_key).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


@lru_cache(maxsize=4)
def _key(public_key: str) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - slow to import

    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))


class Chain:
    """Follows the entries of a ledger in order and remembers which of them are as they were written.

    `signed_from_start` says that entries of `SIGNED_KINDS` were signed one by one from the first on. Without it this
    counts from the first that was: older versions did not do so.
    """

    def __init__(self, public_key: str, *, signed_from_start: bool = False) -> None:
        self.public_key = public_key
        self.length = 0
        self.last_seq, self.last_hash = 0, START
        self.signed = self.checkpoints = 0
        self.reseal: Link | None = None
        self._strict = signed_from_start
        self._breaks: list[Break] = []
        self._accepted: set[int] = set()
        self._hashes: dict[int, bytes] = {}
        self._runs: list[_Run] = []
        self._running = False
        self._unsigned: set[int] = set()
        self._waiting: Link | None = None

    def add(self, link: Link) -> None:
        """Follow one more entry."""
        linked = self._follows(link)
        intact = link.consistent and link_hash_holds(link)
        if not intact:
            self._breaks.append(Break(link.seq, f"entry {link.seq} {_ALTERED}"))
        elif not (linked and self._running):
            self._runs.append(_Run(link.seq))
        self._running = intact
        self.length, self.last_seq, self.last_hash = self.length + 1, link.seq, link.hash
        waiting, self._waiting = self._waiting, None
        if intact:
            self._hashes[link.seq] = bytes.fromhex(link.hash)
            self._heed(link, waiting)
        elif waiting is not None:
            self._found_unsigned(waiting)

    def _follows(self, link: Link) -> bool:
        expected = self.last_seq + 1
        if link.seq != expected:
            problem = f"entry {expected} is missing: number {link.seq} is in its place"
        elif link.previous != self.last_hash:
            problem = f"entry {link.seq} does not follow the entry before it"
        else:
            return True
        self._breaks.append(Break(link.seq, problem))
        return False

    def _heed(self, link: Link, waiting: Link | None) -> None:
        """Take in what an intact entry says of others."""
        signs_waiting = False
        if link.kind == CHECKPOINT:
            problem = self._problem_of(link.body or {}, f"entry {link.seq}")
            if problem:
                self._breaks.append(Break(link.seq, problem))
                self._runs.append(_Run(link.seq))
            else:
                named = (link.body or {})["seq"]
                self._signed_up_to(named)
                signs = (link.body or {}).get("signs")
                signs_waiting = waiting is not None and (named, signs) == (waiting.seq, waiting.kind)
        elif link.kind in SIGNED_KINDS:
            self._waiting = link
        if waiting is not None:
            self._found_signed(waiting) if signs_waiting else self._found_unsigned(waiting)

    def _problem_of(self, body: Mapping[str, Json], where: str) -> str:
        """Why a checkpoint is not good; empty when it is."""
        if body.get("key") != self.public_key:
            return f"{where} is signed with another key than this ledger's"
        if not signature_holds(body, self.public_key):
            return f"{where} has no valid signature"
        seq = body["seq"]
        if seq not in self._hashes:
            end = ": the end of the ledger was cut off" if seq > self.last_seq else ""
            return f"{where} signs entry {seq}, which is missing{end}"
        if self._hashes[seq].hex() != body["hash"]:
            return f"{where} signs another entry {seq} than the ledger holds"
        return ""

    def _signed_up_to(self, seq: int) -> None:
        run = self._run_of(seq)
        run.signed = max(run.signed, seq)
        self.signed, self.checkpoints = max(self.signed, seq), self.checkpoints + 1

    def _found_signed(self, link: Link) -> None:
        self._strict = True
        if link.kind == RESEAL:
            self.reseal = link
            self._accepted |= {item["seq"] for item in (link.body or {})["broken"]}

    def _found_unsigned(self, link: Link) -> None:
        if self._strict:
            self._unsigned.add(link.seq)
            self._breaks.append(_unsigned(link))

    def _run_of(self, seq: int) -> _Run:
        return self._runs[bisect_right(self._runs, seq, key=lambda run: run.start) - 1]

    def trusts(self, link: Link) -> bool:
        """Whether the entry is as it was written: signed, or linked without a break to what is signed or begins."""
        seq = link.seq
        if not (link.consistent and link_hash_holds(link) and self._hashes.get(seq) == bytes.fromhex(link.hash)):
            return False
        if seq in self._unsigned or (self._strict and self._waiting is not None and seq == self._waiting.seq):
            return False
        run = self._run_of(seq)
        at_end = self._running and run is self._runs[-1]
        return seq <= run.signed or (at_end and (run.start == 1 or run.signed > 0))

    def holds(self, seq: int, hashed: str) -> bool:
        """Whether the ledger has an intact entry with that number and hash."""
        return seq in self._hashes and self._hashes[seq].hex() == hashed

    def breaks(self) -> tuple[Break, ...]:
        """Where the chain is broken and no reseal has accepted it, as it was found."""
        return tuple(item for item in self.all_breaks() if item.seq not in self._accepted)

    def all_breaks(self) -> tuple[Break, ...]:
        """Where the chain is broken, also what a reseal has accepted."""
        waiting = self._waiting if self._strict else None
        return (*self._breaks, *([_unsigned(waiting)] if waiting is not None else []))

    def kept_problems(self, kept: Iterable[Mapping[str, Json]]) -> tuple[Break, ...]:
        """What checkpoints that were kept elsewhere, by their bodies, show to be missing or different."""
        found = (self._problem_of(body, "the kept checkpoint") for body in kept)
        return tuple(Break(0, problem) for problem in found if problem)

    @property
    def unsure_until(self) -> int:
        """The last place where something is broken or was resealed: what was said before it may have been revoked."""
        return max([0, *(item.seq for item in self.all_breaks()), self.reseal.seq if self.reseal else 0])


def link_hash_holds(link: Link) -> bool:
    """Whether an entry's content has its hash."""
    return line_hash(link.seq, link.at, link.kind, link.body_hash, link.previous) == link.hash


def _unsigned(link: Link) -> Break:
    return Break(link.seq, f"entry {link.seq} ({link.kind}) has no signature of its own: goldseam did not write it")
