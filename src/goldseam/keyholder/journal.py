"""What was asked, granted and decided: one append-only file, and an entry counts only when it is on disk.

Several threads and processes may share it: each act takes the file's lock, reads and verifies what others added, and
then writes. The file holds ids, times and digests. It never holds a credential, nor a code in clear. Where it does not
verify, nothing is granted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from goldseam.keyholder.chain import ChainedFile, Head, Opened
from goldseam.keyholder.code import code_hash, fresh_code, fresh_salt, matches
from goldseam.model.errors import MISSHAPEN, AlreadyDone, GrantRefused, HomeError
from goldseam.model.values import Json
from goldseam.repair.plan import Plan

LACKS_CODE: Final = "code"
"""What a refused decision says under `lacks` where a one-time code was all that was missing."""

_MEMORY: Final = timedelta(minutes=15)
_WANTED: Final = timedelta(hours=24)
"""How long after a request a code for it may be made."""
_GUESSES: Final = 5


def described(plan: Plan) -> dict[str, Json]:
    """What a plan does, for a decision: enough for a person to know it by, and none of its values."""
    return {
        "purpose": str(plan.purpose),
        "facets": [change.facet for change in plan.changes],
        "calls": [f"{call.operation} in {call.region}" for call in plan.calls],
    }


@dataclass
class _Code:
    salt: str
    hash: str
    expires: datetime
    wrong: int = 0


@dataclass
class _State:
    """What the entries so far add up to."""

    seen: dict[str, datetime] = field(default_factory=dict)
    claimed: dict[str, str] = field(default_factory=dict)
    """Each plan that is claimed, and what it may be claimed for once."""
    granted: dict[str, Mapping[str, Json]] = field(default_factory=dict)
    codes: dict[str, _Code] = field(default_factory=dict)
    lacking: dict[str, Mapping[str, Json]] = field(default_factory=dict)
    """By plan, the last decision that refused it for want of a code."""

    def add(self, entry: Mapping[str, Json]) -> None:
        """Take one more entry into account."""
        plan = str(entry.get("plan", ""))
        match entry["event"]:
            case "asked":
                self.seen[entry["nonce"]] = datetime.fromisoformat(entry["at"])
            case "claimed":
                self.claimed[plan] = str(entry.get("once_of", ""))
                self.granted[plan] = dict(entry["record"] if "record" in entry else entry["before"])
                self.codes.pop(plan, None)
                self.lacking.pop(plan, None)
            case "released":
                self.claimed.pop(plan, None)
                if not entry.get("granted", True):
                    self.granted.pop(plan, None)
            case "code":
                self.codes[plan] = _Code(entry["salt"], entry["hash"], datetime.fromisoformat(entry["expires"]))
            case "wrong-code" if plan in self.codes:
                self.codes[plan].wrong += 1
            case "decided" if entry.get("lacks") == LACKS_CODE:
                datetime.fromisoformat(entry["at"])
                self.lacking[plan] = entry


class Journal:
    """The keyholder's record; `key` authenticates it, `create` makes it where there is none.

    It is readable by its owner only. Every method raises HomeError where it is damaged or missing.
    """

    def __init__(self, path: Path, key: bytes, *, create: bool = False) -> None:
        self.path = path
        self._state = _State()
        self._file = ChainedFile(path, key, create=create)

    def ask(self, nonce: str, at: datetime) -> None:
        """Note a signed request, so that it is heard once; raises GrantRefused for one that was heard before."""
        with self._open() as file:
            recent = {key: time for key, time in self._state.seen.items() if at - time < _MEMORY}
            if nonce in recent:
                msg = "this request was sent before; ask again with a new one"
                raise GrantRefused(msg)
            self._state.seen = recent
            self._append(file, {"event": "asked", "nonce": nonce, "at": at.isoformat()})

    def claim(
        self, plan_id: str, record: Mapping[str, Json], at: datetime, code: str = "", *, once_of: str = ""
    ) -> None:
        """Note that a plan is being answered: on disk before any key is made; spends the plan's code.

        `record` is kept with the claim, and `granted` gives it back. `once_of` names what may be claimed once at a
        time, whatever the plan: the plan that this one takes back.

        Raises AlreadyDone when it was answered before, or when another claim of the same `once_of` stands; GrantRefused
        for a code that is not the plan's.
        """
        with self._open() as file:
            self._check_free(plan_id, once_of)
            if code:
                self._check_code(file, plan_id, code, at)
            entry = {"event": "claimed", "plan": plan_id, "record": dict(record), "once_of": once_of}
            self._append(file, {**entry, "at": at.isoformat()})

    def release(self, plan: str, at: datetime, because: str, *, granted: bool = True) -> bool:
        """Let a plan be asked for once more, when no key of it is left; says whether it was claimed.

        `granted` is False where no key can have been made: the plan then was never granted here.
        """
        with self._open() as file:
            held = plan in self._state.claimed
            if held:
                entry = {"event": "released", "plan": plan, "because": because, "granted": granted}
                self._append(file, {**entry, "at": at.isoformat()})
        return held

    def lacking_code(self, plan: str, at: datetime) -> Mapping[str, Json]:
        """The decision that refused a plan, within the last 24 hours, for want of a code alone.

        Raises GrantRefused where there is none: nobody asked for that plan, it was refused for something else, or it
        was granted since.
        """
        with self._open():
            found = self._state.lacking.get(plan)
        if found is None or at - datetime.fromisoformat(found["at"]) > _WANTED:
            msg = (
                f"no request for plan {plan} was refused here for want of a code in the last 24 hours; run"
                f" `goldseam apply {plan} --key keyholder` first, then make the code"
            )
            raise GrantRefused(msg)
        return found

    def issue_code(self, plan: str, at: datetime, life: timedelta) -> str:
        """A new code for one plan, in place of any that it had; only its hash is kept."""
        code, salt = fresh_code(), fresh_salt()
        entry = {"event": "code", "plan": plan, "salt": salt, "hash": code_hash(plan, salt, code)}
        with self._open() as file:
            self._append(file, {**entry, "expires": (at + life).isoformat(), "at": at.isoformat()})
        return code

    def decide(self, entry: Mapping[str, Json]) -> None:
        """Log a decision."""
        with self._open() as file:
            self._append(file, {"event": "decided", **entry})

    def granted(self) -> Mapping[str, Mapping[str, Json]]:
        """Every plan that was granted here, with the record of its claim."""
        with self._open():
            return dict(self._state.granted)

    def decisions(self) -> list[Mapping[str, Json]]:
        """Every decision so far, oldest first."""
        with self._open(again=True) as opened:
            return [entry for entry in opened.entries if entry["event"] == "decided"]

    def verified(self) -> Head:
        """The number of entries and the hash of the last one, after reading and verifying all of them."""
        with self._open(again=True):
            return self._file.head

    def _check_free(self, plan: str, once_of: str) -> None:
        if plan in self._state.claimed:
            msg = f"plan {plan} was granted before; plan again, or run `goldseam-keyholder release {plan}` there"
            raise AlreadyDone(msg)
        other = next((name for name, of in self._state.claimed.items() if once_of and of == once_of), "")
        if other:
            msg = (
                f"plan {once_of} was taken back before, by plan {other}; look at the resource, and where that did not"
                f" happen run `goldseam-keyholder release {other}` there"
            )
            raise AlreadyDone(msg)

    def _check_code(self, file: Opened, plan: str, code: str, at: datetime) -> None:
        kept = self._state.codes.get(plan)
        if kept is None or kept.expires < at or kept.wrong >= _GUESSES:
            msg = f"there is no code in force for plan {plan}; run `goldseam-keyholder key {plan}` on its side"
            raise GrantRefused(msg)
        if not matches(kept.hash, plan, kept.salt, code):
            self._append(file, {"event": "wrong-code", "plan": plan, "at": at.isoformat()})
            msg = f"the code is not the one for plan {plan}; type it again"
            raise GrantRefused(msg)

    @contextmanager
    def _open(self, *, again: bool = False) -> Iterator[Opened]:
        """The file under its lock, with everything in it read; `again` reads all of it, and not only what is new."""
        with self._file.locked(again=again) as opened:
            self._take(opened)
            yield opened

    def _take(self, opened: Opened) -> None:
        if opened.anew:
            self._state = _State()
        try:
            for entry in opened.entries:
                self._state.add(entry)
        except MISSHAPEN as error:
            msg = f"the keyholder's record `{self.path}` is damaged: an entry has no known form; nothing is granted"
            raise HomeError(msg) from error

    def _append(self, file: Opened, entry: Mapping[str, Json]) -> None:
        """Write one entry; it is on disk when this returns, or not there at all."""
        self._file.append(file, entry)
        self._state.add(entry)
