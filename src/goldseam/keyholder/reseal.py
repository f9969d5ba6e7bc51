"""A record that does not verify, or that an older version wrote, taken as the record from now on by a person's word."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from goldseam.keyholder.chain import begin_again, exclusive, replace_file
from goldseam.model.errors import MISSHAPEN, HomeError, UsageError
from goldseam.model.values import Json

_KEPT: Final = {
    "asked": ("nonce", "at"),
    "claimed": ("plan", "at"),
    "decided": ("at", "decision"),
    "resealed": ("at", "because"),
}
"""What is taken over of a record that proves nothing: all that says no. A release and a code would say yes."""


@dataclass(frozen=True, slots=True)
class Resealed:
    """What was taken over: lines kept and left out, plans that stay claimed, and where the old record is kept."""

    kept: int
    left_out: tuple[int, ...]
    claims: int
    aside: Path | None


def reseal(path: Path, key: bytes, because: str, at: datetime) -> Resealed:
    """Begin a new chain with what can be read of the old record, which is kept beside it.

    A release that does not verify is not taken over: its plan stays granted, and can be released again. Raises
    UsageError without a reason, HomeError.
    """
    if not because.strip():
        msg = "say why the record is sealed again, with `-m`; the reason stays in it"
        raise UsageError(msg)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with exclusive(path, os.O_CREAT) as file:
            held = file.readall()
            entries, left_out = _readable(held)
            aside = _put_aside(path, held, at)
            first: dict[str, Json] = {
                "event": "resealed", "because": because, "at": at.isoformat(), "lines": len(held.splitlines()),
                "left_out": list(left_out), "sha256": hashlib.sha256(held).hexdigest(),
            }  # fmt: skip
            begin_again(path, key, [first, *entries])
    except OSError as error:
        msg = f"the keyholder's record `{path}` cannot be sealed again ({error.strerror}); check its folder"
        raise HomeError(msg) from error
    claims = {str(entry["plan"]) for entry in entries if entry["event"] == "claimed"}
    return Resealed(len(entries), left_out, len(claims), aside)


def _put_aside(path: Path, held: bytes, at: datetime) -> Path | None:
    if not held:
        return None
    aside = path.with_name(f"{path.stem}.{at:%Y%m%dT%H%M%S}{path.suffix}")
    replace_file(aside, held)
    return aside


def _readable(held: bytes) -> tuple[list[dict[str, Json]], tuple[int, ...]]:
    """The entries to take over, and the numbers of the other lines."""
    entries, left_out = [], []
    for number, line in enumerate(held.splitlines(), 1):
        entry = _entry(line)
        if entry is None:
            left_out.append(number)
        else:
            entries.append(entry)
    return entries, tuple(left_out)


def _entry(line: bytes) -> dict[str, Json] | None:
    try:
        held: Json = json.loads(line)
        datetime.fromisoformat(held["at"])
        needed = _KEPT[held["event"]]
        record: Json = held.get("record", held.get("before", {}))
        whole = all(isinstance(held[name], str) for name in needed) and isinstance(record, Mapping)
    except MISSHAPEN:
        return None
    kept = {name: value for name, value in held.items() if name not in ("prev", "mac", "lacks", "before")}
    return {**kept, "record": dict(record)} if whole and held["event"] == "claimed" else kept if whole else None
