"""Why findings with a fix are not repaired automatically, summed up from the traces of their decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from goldseam.assess.evaluate import Status
from goldseam.cli import output
from goldseam.control import Catalog
from goldseam.decide import MANAGED_BY, TraceLine
from goldseam.decide.policy import Mode
from goldseam.model.values import Json, canonical
from goldseam.store.scans import Kept

_SHOWN: Final = 10
"""Reasons that are shown one by one, the most frequent first."""

_SENTENCES: Final[Mapping[tuple[str, str], str]] = {
    ("control", "reversible"): "the fix cannot be undone",
    ("control", "disruption"): "the fix might disrupt something, and no fact can rule that out",
    ("policy", ""): "no policy applies",
    ("policy", "decision"): "the decision failed",
    ("policy", "groups"): "no group may approve for every policy and guardrail that applies",
    ("exemption", "resource"): "an exemption holds the whole resource",
    ("limit", "per_hour"): "the limit of automatic repairs per hour is reached",
    ("limit", "per_account"): "the limit of automatic repairs per account is reached",
    ("precedent", "repaired"): "the finding was repaired before and fails again",
    ("decision", ""): "the reasons were not stored with the decision; scan again",
    ("precedent", "people"): "fixes of the control were rejected or rolled back more often than approved",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """What keeps a finding from being repaired automatically.

    `layer` and `about` name the line of the trace; `known` is false where the answer is unknown; `caps` is the most
    that is allowed; `wanted` is the value of the fact that would allow more, as JSON text, empty where no value would.
    """

    layer: str
    about: str
    known: bool
    caps: Mode
    wanted: str = ""

    def __str__(self) -> str:
        if sentence := _SENTENCES.get((self.layer, self.about)):
            return sentence
        if self.layer == "fact":
            return self._of_fact()
        sentences = {
            "clause": f"policy clause `{self.about}` is unknown",
            "window": f"the window of `{self.about}` is closed",
            "guardrail": f"guardrail `{self.about}` allows at most {self.caps}",
            "setting": f"the settings may be those of policy `{self.about}`",
            "policy": f"policy `{self.about}` allows at most {self.caps}",
        }
        return sentences.get(self.layer, f"the {self.layer} allows at most {self.caps}")

    def _of_fact(self) -> str:
        if self.about == MANAGED_BY:
            return (
                "the resource is managed by code"
                if self.known
                else "it is unknown whether code manages the resource; where no code does, name its kind in the policy "
                "under `ownership: unmanaged`"
            )
        if self.known:
            return f"`{self.about}` is not {self.wanted}"
        return f"`{self.about}` is unknown; the fix needs it to be {self.wanted}"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many findings a reason stops first, and how many of them nothing else stops."""

    reason: Reason
    findings: int
    alone: int

    def to_json(self) -> dict[str, Json]:
        """The tally as a JSON object."""
        return {
            "layer": self.reason.layer,
            "about": self.reason.about,
            "known": self.reason.known,
            "at_most": str(self.reason.caps),
            "wanted": self.reason.wanted or None,
            "because": str(self.reason),
            "findings": self.findings,
            "alone": self.alone,
        }


def not_automatic(found: Iterable[Kept], catalog: Catalog) -> tuple[Tally, ...]:
    """Sum up the failed findings with a fix that are not automatic by their first reason, the most frequent first."""
    first: Counter[Reason] = Counter()
    alone: Counter[Reason] = Counter()
    for kept in found:
        reasons = _reasons(kept, catalog)
        first.update(reasons[:1])
        if len(reasons) == 1:
            alone.update(reasons)
    tallies = [Tally(reason, number, alone[reason]) for reason, number in first.items()]
    return tuple(sorted(tallies, key=lambda item: (-item.findings, str(item.reason))))


def _reasons(kept: Kept, catalog: Catalog) -> list[Reason]:
    """Every reason, in the order of the trace; a decision that was stored without any has one of its own."""
    finding, decision = kept.finding, kept.decision
    if finding.status is not Status.FAIL or not finding.changes or decision is None or decision.mode is Mode.AUTO:
        return []
    unless = catalog.control(finding.control).disruption.unless
    held = [_reason(line, line.caps, unless) for line in decision.trace if line.caps is not None]
    return list(dict.fromkeys(held)) or [Reason("decision", "", known=False, caps=decision.mode)]


def _reason(line: TraceLine, caps: Mode, unless: Mapping[str, Json]) -> Reason:
    wanted = canonical(unless[line.about]).decode() if line.layer == "fact" and line.about in unless else ""
    return Reason(line.layer, line.about, line.truth is not None, caps, wanted)


def say_not_automatic(tallies: Sequence[Tally]) -> None:
    """Print why findings are not automatic; nothing where there is nothing to say."""
    if not tallies:
        return
    output.say()
    output.say("Why not automatic (failed findings with a fix, by the first reason):", "bold")
    for item in tallies[:_SHOWN]:
        more = f" (the only reason for {item.alone})" if item.alone else ""
        output.say(f"  {item.findings:>5}  {item.reason}{more}")
    if len(tallies) > _SHOWN:
        output.say(f"  and {len(tallies) - _SHOWN} more reasons; `--json` names them all", "dim")


__all__ = ["Reason", "Tally", "not_automatic", "say_not_automatic"]
