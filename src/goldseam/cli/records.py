"""`ledger`: read, verify and export the record of everything done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import orjson

from goldseam.audit.chain import START
from goldseam.audit.disclosure import entry_of
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
from goldseam.cli import output
from goldseam.cli.masks import entries_shown
from goldseam.cli.workspace import Workspace, who
from goldseam.model.display import write_record
from goldseam.model.errors import UsageError
from goldseam.model.values import Json
from goldseam.ports import Entry

_KEY_LENGTH: Final = 64
_RESEALED: Final = 1
"""The exit code for a ledger that is whole since it was resealed, and was broken before."""


def show(workspace: Workspace, plan_id: str, kind: str, last: int, *, as_json: bool) -> int:
    """Print entries."""
    entries = list(workspace.home.ledger.entries(kind=kind or None, plan=plan_id or None))
    entries = entries[-last:] if last > 0 else entries
    shown = entries_shown(workspace)
    lines = [orjson.loads(exported(entry, shown)) for entry in entries]
    if as_json:
        output.print_json("goldseam.ledger/1", entries=lines)
    elif lines:
        rows = ((str(e.seq), e.at[:19], e.kind, _told(e)) for e in map(entry_of, lines))
        output.table(("SEQ", "AT", "KIND", "WHAT"), rows)
    else:
        output.say("The ledger holds nothing of that sort.")
    return 0


def _told(entry: Entry) -> str:
    body = entry.body
    call = body.get("call")
    words = [
        str(body[name])
        for name in ("plan", "by", "source", "state", "scan", "control", "reason", "because", "code")
        if body.get(name)
    ]
    return " ".join([*words, call["operation"]] if call else words)


def verify(workspace: Workspace, file: Path | None, public_key: Path | None, *, as_json: bool) -> int:
    """Verify a ledger or an evidence pack."""
    text = file.read_text("utf-8") if file else ""
    if pack := _pack(text):
        return _verify_pack(pack, _public_key(workspace, public_key), as_json=as_json)
    verified = _verified(workspace, text.splitlines() if file else None, public_key)
    if verified is None:
        if as_json:
            output.print_json("goldseam.verification/1", entries=0, checkpoints=0, signed=0, hash=START, since=1)
        else:
            output.say("Nothing is recorded yet.")
        return 0
    if as_json:
        output.print_json("goldseam.verification/1", **verified.to_json())
    else:
        _say_verified(verified)
    return _RESEALED if verified.resealed else 0


def _verified(workspace: Workspace, lines: Sequence[str] | None, public_key: Path | None) -> Verified | None:
    """What the ledger in an export or in the home holds; None where nothing was recorded yet. Raises LedgerBroken."""
    if lines is not None:
        return verify_ledger(imported(lines), _public_key(workspace, public_key))
    if public_key is not None:
        return verify_ledger(workspace.home.ledger.entries(), _public_key(workspace, public_key))
    return workspace.home.ledger.verify()


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


def reseal(workspace: Workspace, because: str, by: str, *, as_json: bool) -> int:
    """Accept a broken ledger as it is."""
    if not because.strip():
        raise UsageError("say why the broken ledger is accepted, by `-m`")
    ledger = workspace.home.ledger
    made = ledger.reseal(who(by)["by"], because)
    closed = close_unverified(ledger)
    if as_json:
        output.print_json("goldseam.reseal/1", entry=orjson.loads(exported(made)), closed=list(closed))
        return 0
    for item in made.body["broken"]:
        output.say(f"accepted as it is: {item['problem']}")
    for plan_id in closed:
        output.say(f"{plan_id}: its claim does not verify, so `resume` does not touch it; look at the resource")
    policy = workspace.policy_entry
    in_force = f"version {policy.body['version'][:12]} of {policy.at}" if policy else "none"
    output.say(f"resealed at entry {made.seq}; approvals from before count no more; the policy in force is {in_force}")
    return 0


def _pack(text: str) -> Mapping[str, Json] | None:
    """The evidence pack in a text that is one JSON object; a ledger is a line of JSON for each entry."""
    try:
        held = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return held if isinstance(held, dict) and "chain" in held else None


def _verify_pack(pack: Mapping[str, Json], public_key: str, *, as_json: bool) -> int:
    verify_pack(pack, public_key)
    if as_json:
        output.print_json("goldseam.verification/1", plan=pack["plan"])
    else:
        output.say(f"the evidence about {pack['plan']} is whole", "green")
    return 0


def _public_key(workspace: Workspace, path: Path | None) -> str:
    if path is None:
        if key := workspace.home.signer.public:
            return key
        raise UsageError("this home has signed nothing and has no public key; name one with --public-key")
    key = path.read_text("utf-8").strip()
    if len(key) != _KEY_LENGTH:
        raise UsageError(f"`{path}` holds no public key; it is the file `ledger.pub` of the home folder")
    return key


def export(workspace: Workspace, plan_id: str, to: Path | None) -> int:
    """Write the ledger, or one repair's evidence."""
    entries, show = workspace.home.ledger.entries(), entries_shown(workspace)
    if plan_id:
        text = orjson.dumps(evidence_pack(entries, plan_id, show), option=orjson.OPT_INDENT_2).decode() + "\n"
    else:
        text = "".join(f"{exported(entry, show)}\n" for entry in entries)
    if to is None:
        write_record(text)
    else:
        to.write_text(text, encoding="utf-8")
        output.note(f"wrote {to}; its signatures are checked with {workspace.home.path / 'ledger.pub'}")
    return 0


def sign(workspace: Workspace, *, as_json: bool) -> int:
    """Sign the ledger up to its last entry."""
    entries = list(workspace.home.ledger.entries())
    if not entries:
        raise UsageError("the ledger is empty: there is nothing to sign")
    made = checkpoint(workspace.home.ledger, entries[-1], workspace.home.signer)
    if as_json:
        output.print_json("goldseam.checkpoint/1", checkpoint=dict(made.body))
    else:
        output.say(f"signed up to entry {made.body['seq']} with key {made.body['key'][:16]}…")
    return 0
