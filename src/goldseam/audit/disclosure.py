"""Ledger entries as they are exported: whole, or masked and signed.

The hash of an entry covers all of its body. An entry that is exported without its sensitive values therefore carries
the hash of the whole body, which keeps the chain checkable, and a signature by the ledger's key over what is shown,
which keeps anybody else from showing something different.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from goldseam.audit.chain import is_signed
from goldseam.model.errors import LedgerBroken
from goldseam.model.values import Json, canonical_document, document_digest
from goldseam.ports import Entry

_PURPOSE: Final = "goldseam masked entry/1"

Show: TypeAlias = Callable[[Entry], Mapping[str, Json]]
"""How an entry is exported: one line as a JSON object."""


class _Signer(Protocol):
    def sign(self, message: bytes) -> str:
        """The signature, 128 hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class MaskedEntry(Entry):
    """An exported entry without its sensitive values: `body` is what is shown, `body_hash` the hash of the whole."""

    body_hash: str
    signature: str


def whole(entry: Entry) -> dict[str, Json]:
    """The entry with all of its body, as a JSON object."""
    return {
        "seq": entry.seq,
        "at": entry.at,
        "kind": entry.kind,
        "body": dict(entry.body),
        "previous": entry.previous,
        "hash": entry.hash,
    }


def masking(body_of: Callable[[Entry], Mapping[str, Json]], signer: _Signer) -> Show:
    """What exports entries with the bodies that `body_of` gives; those that differ from the whole are signed."""

    def line(entry: Entry) -> Mapping[str, Json]:
        shown = body_of(entry)
        if document_digest(shown) == document_digest(entry.body):
            return whole(entry)
        signature = signer.sign(_statement(entry.hash, shown))
        return {**whole(entry), "body": dict(shown), "body_hash": document_digest(entry.body), "signature": signature}

    return line


def entry_of(line: Mapping[str, Json]) -> Entry:
    """The entry in an exported line; raises KeyError, TypeError."""
    parts = (line["seq"], line["at"], line["kind"], line["body"], line["previous"], line["hash"])
    return MaskedEntry(*parts, line["body_hash"], line["signature"]) if "body_hash" in line else Entry(*parts)


def body_hash(entry: Entry) -> str:
    """The hash of the entry's whole body."""
    return entry.body_hash if isinstance(entry, MaskedEntry) else document_digest(entry.body)


def check_disclosed(entry: Entry, public_key: str) -> None:
    """Check that what a masked entry shows is signed with the ledger's key; a checkpoint is never masked.

    Raises LedgerBroken.
    """
    if not isinstance(entry, MaskedEntry):
        return
    if entry.kind == "checkpoint":
        msg = f"the ledger is broken: entry {entry.seq} is a checkpoint and masked; export it again"
        raise LedgerBroken(msg)
    if not is_signed(_statement(entry.hash, entry.body), entry.signature, public_key):
        msg = f"the ledger is broken: masked entry {entry.seq} has no valid signature; restore it from a copy"
        raise LedgerBroken(msg)


def _statement(hashed: str, shown: Mapping[str, Json]) -> bytes:
    """What is signed of a masked entry: which one it is, and what is shown of it."""
    return canonical_document({"purpose": _PURPOSE, "hash": hashed, "shown": document_digest(shown)})
