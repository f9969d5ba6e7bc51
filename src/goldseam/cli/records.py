"""`ledger`: read, verify and export the record of everything done."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from goldseam.cli import output
from goldseam.model.display import write_record
from goldseam.model.errors import UsageError
from goldseam.model.values import Json
from goldseam.service import audit
from goldseam.service.audit import Verified
from goldseam.service.context import ServiceContext

_KEY_LENGTH: Final = 64
_RESEALED: Final = 1
"""The exit code for a ledger that is whole since it was resealed, and was broken before."""


def show(context: ServiceContext, plan_id: str, kind: str, last: int, *, as_json: bool) -> int:
    """Print entries."""
    entries = audit.entries(context, plan_id, kind, last)
    if as_json:
        output.print_json("goldseam.ledger/1", entries=list(entries))
    elif entries:
        rows = ((str(line["seq"]), line["at"][:19], line["kind"], in_words(line["body"])) for line in entries)
        output.table(("SEQ", "AT", "KIND", "WHAT"), rows)
    else:
        output.say("The ledger holds nothing of that sort.")
    return 0


def in_words(body: Mapping[str, Json]) -> str:
    """The body of an entry in one line."""
    call = body.get("call")
    words = [
        str(body[name])
        for name in ("plan", "by", "source", "state", "scan", "control", "reason", "because", "code")
        if body.get(name)
    ]
    return " ".join([*words, call["operation"]] if call else words)


def verify(context: ServiceContext, file: Path | None, public_key: Path | None, *, as_json: bool) -> int:
    """Verify a ledger or an evidence pack."""
    text = file.read_text("utf-8") if file else None
    key = _public_key(public_key) if public_key else ""
    verified = audit.verify(context, key) if text is None else audit.verify_export(context, text, key)
    if as_json:
        output.print_json("goldseam.verification/1", **verified.to_json())
    elif verified.plan:
        output.say(f"the evidence about {verified.plan} is whole", "green")
    elif verified.ledger is None:
        output.say("Nothing is recorded yet.")
    else:
        _say_verified(verified.ledger)
    return _RESEALED if verified.ledger and verified.ledger.resealed else 0


def _say_verified(verified: Verified) -> None:
    told = verified.to_json()
    numbers = ", ".join(f"{name} {told[name]}" for name in ("entries", "checkpoints", "signed", "hash"))
    if verified.resealed is None:
        output.say(f"the ledger is whole: {numbers}", "green")
        return
    by, because = verified.resealed["by"], verified.resealed["because"]
    output.say(f"the ledger is whole since entry {verified.since} (resealed by {by}: {because}): {numbers}", "yellow")
    for item in verified.resealed["broken"]:
        output.say(f"  broken before: {item['problem']}", "yellow")


def _public_key(path: Path) -> str:
    key = path.read_text("utf-8").strip()
    if len(key) != _KEY_LENGTH:
        raise UsageError(f"`{path}` holds no public key; it is the file `ledger.pub` of the home folder")
    return key


def reseal(context: ServiceContext, because: str, *, as_json: bool) -> int:
    """Accept a broken ledger as it is."""
    made = audit.reseal(context, because)
    if as_json:
        output.print_json("goldseam.reseal/1", entry=made.entry, closed=list(made.closed))
        return 0
    for item in made.broken:
        output.say(f"accepted as it is: {item['problem']}")
    for plan_id in made.closed:
        output.say(f"{plan_id}: its claim does not verify, so `resume` does not touch it; look at the resource")
    in_force = f"version {made.policy_version[:12]} of {made.policy_at}" if made.policy_version else "none"
    output.say(f"resealed at entry {made.seq}; approvals from before count no more; the policy in force is {in_force}")
    return 0


def export(context: ServiceContext, plan_id: str, to: Path | None) -> int:
    """Write the ledger, or one repair's evidence."""
    text = "".join(audit.export(context, plan_id))
    if to is None:
        write_record(text)
    else:
        to.write_text(text, encoding="utf-8")
        output.note(f"wrote {to}; its signatures are checked with {context.home.path / 'ledger.pub'}")
    return 0


def sign(context: ServiceContext, *, as_json: bool) -> int:
    """Sign the ledger up to its last entry."""
    made = audit.sign(context)
    if as_json:
        output.print_json("goldseam.checkpoint/1", checkpoint=made)
    else:
        output.say(f"signed up to entry {made['seq']} with key {made['key'][:16]}…")
    return 0
