"""Exemptions, told from the ledger: given, until they are withdrawn or have lapsed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from goldseam.audit.record import renamed_controls
from goldseam.decide import Exemption
from goldseam.model.errors import MISSHAPEN, LedgerBroken, UnknownName
from goldseam.model.resource import Ref
from goldseam.ports import Entry, Ledger

_GIVEN: Final = "exemption"
_WITHDRAWN: Final = "exemption-withdrawn"
_LAPSED: Final = "exemption-lapsed"
_KINDS: Final = (_GIVEN, _WITHDRAWN, _LAPSED)
_Place: TypeAlias = tuple[str, Ref]


class Exemptions:
    """Which findings are to be left alone. The ledger is the only place that says so: nothing can disagree with it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def give(self, exemption: Exemption) -> Entry:
        """Record an exemption; it takes the place of one for the same control and resource."""
        return self._ledger.append(_GIVEN, exemption.to_json())

    def withdraw(self, control: str, ref: Ref, by: str) -> Entry:
        """Take an exemption back; raises UnknownName when there is none."""
        return self._ended(_WITHDRAWN, control, ref, by=by)

    def lapse(self, control: str, ref: Ref, because: str) -> Entry:
        """Record that an exemption has lapsed, and why; raises UnknownName when there is none."""
        return self._ended(_LAPSED, control, ref, because=because)

    def named(self, name: str) -> Exemption:
        """The standing exemption of that name (`e-` and the number of its entry); raises UnknownName."""
        standing = self.standing()
        for item in standing:
            if item.name == name:
                return item
        raise UnknownName("exemption", name, (item.name for item in standing))

    def standing(self) -> tuple[Exemption, ...]:
        """The exemptions that were given and neither withdrawn nor recorded as lapsed, in the order they were given.

        One whose entry does not verify still stands, marked so: none is lost because somebody altered the ledger. What
        ends or replaces one has to verify. Controls go by the names that they have today. Whether one is in force
        depends on the time and on what offends: `decide.exempted` tells.

        Raises LedgerBroken for an entry that verifies and is not understood.
        """
        names = renamed_controls(self._ledger)
        trusted = {entry.seq for kind in _KINDS for entry in self._ledger.verified(kind=kind)}
        held: dict[_Place, tuple[Exemption, ...]] = {}
        for entry in sorted(self._entries(), key=lambda entry: entry.seq):
            if entry.seq in trusted:
                place = _place(entry, names)
                held.pop(place, None)
                if entry.kind == _GIVEN:
                    held[place] = (_exemption(entry, names),)
            elif entry.kind == _GIVEN and (altered := _altered(entry, names)):
                place = (altered.control, altered.ref)
                held[place] = (*held.get(place, ()), altered)
        return tuple(item for items in held.values() for item in items)

    def _entries(self) -> list[Entry]:
        return [entry for kind in _KINDS for entry in self._ledger.entries(kind=kind)]

    def _ended(self, kind: str, control: str, ref: Ref, **told: str) -> Entry:
        held = [item for item in self.standing() if item.control == control and item.ref == ref]
        if not held:
            raise UnknownName("exemption on", f"{control} {ref}", (f"{e.control} {e.ref}" for e in self.standing()))
        return self._ledger.append(kind, {"control": control, "ref": ref.to_json(), **told})


def _place(entry: Entry, names: Mapping[str, str]) -> _Place:
    try:
        control: str = entry.body["control"]
        return names.get(control, control), Ref.from_json(entry.body["ref"])
    except MISSHAPEN as error:
        raise _not_understood(entry) from error


def _exemption(entry: Entry, names: Mapping[str, str]) -> Exemption:
    try:
        given = Exemption.from_json(entry.body)
    except MISSHAPEN as error:
        raise _not_understood(entry) from error
    return replace(given, control=names.get(given.control, given.control), entry=entry.seq)


def _altered(entry: Entry, names: Mapping[str, str]) -> Exemption | None:
    """What an entry that somebody altered still says; None where it names no resource any more."""
    try:
        return replace(_exemption(entry, names), verified=False)
    except LedgerBroken:
        return None


def _not_understood(entry: Entry) -> LedgerBroken:
    return LedgerBroken(f"entry {entry.seq} of the ledger is an {entry.kind} that cannot be read; report this")
