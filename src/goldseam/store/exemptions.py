"""Exemptions, told from the ledger: given, until they are withdrawn or have lapsed."""

from __future__ import annotations

from goldseam.decide import Exemption
from goldseam.errors import UnknownName
from goldseam.ports import Entry, Ledger
from goldseam.resource import Ref


class Exemptions:
    """Which findings are to be left alone. The ledger is the only place that says so: nothing can disagree with it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def give(self, exemption: Exemption) -> Entry:
        """Record an exemption; it takes the place of one for the same control and resource."""
        return self._ledger.append("exemption", exemption.to_json())

    def withdraw(self, control: str, ref: Ref, by: str) -> Entry:
        """Take an exemption back; raises UnknownName when there is none."""
        return self._ended("exemption-withdrawn", control, ref, by=by)

    def lapse(self, control: str, ref: Ref, because: str) -> Entry:
        """Record that an exemption has lapsed, and why; raises UnknownName when there is none."""
        return self._ended("exemption-lapsed", control, ref, because=because)

    def standing(self) -> tuple[Exemption, ...]:
        """The exemptions that were given and neither withdrawn nor recorded as lapsed, in the order they were given.

        Whether one is in force depends on the time and on what offends: `decide.exempted` tells.
        """
        held: dict[tuple[str, Ref], Exemption] = {}
        for entry in sorted(self._entries(), key=lambda entry: entry.seq):
            place = (entry.body["control"], Ref.from_json(entry.body["ref"]))
            held.pop(place, None)
            if entry.kind == "exemption":
                held[place] = Exemption.from_json(entry.body)
        return tuple(held.values())

    def _entries(self) -> list[Entry]:
        kinds = ("exemption", "exemption-withdrawn", "exemption-lapsed")
        return [entry for kind in kinds for entry in self._ledger.entries(kind=kind)]

    def _ended(self, kind: str, control: str, ref: Ref, **told: str) -> Entry:
        held = [item for item in self.standing() if item.control == control and item.ref == ref]
        if not held:
            raise UnknownName("exemption on", f"{control} {ref}", (f"{e.control} {e.ref}" for e in self.standing()))
        return self._ledger.append(kind, {"control": control, "ref": ref.to_json(), **told})
