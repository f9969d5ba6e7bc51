"""Exemptions: what somebody wants left alone, and when that ends."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from goldseam.assess.evaluate import Finding, Status
from goldseam.model.resource import Ref
from goldseam.model.values import Json


@dataclass(frozen=True, slots=True)
class Exemption:
    """Somebody's wish to leave a finding alone: why, until when, and the state of the finding that it was given for."""

    control: str
    ref: Ref
    owner: str
    reason: str
    expires: datetime
    state: str
    given_by: str
    at: datetime
    entry: int = field(default=0, compare=False)
    """The number of the ledger's entry that gives it, by which it can be withdrawn; 0 before it is recorded."""
    verified: bool = True
    """Whether that entry verifies; one that somebody altered holds its whole resource, whatever it says now."""
    mapped: bool = True
    """Whether its control is in the catalogue; where it is not, nothing tells which finding it was given for."""

    @property
    def name(self) -> str:
        """What `goldseam exempt` calls it."""
        return f"e-{self.entry}"

    def holds_resource(self, now: datetime) -> str:
        """Why nothing of its resource may be changed at all, and what to do; empty when it is about one finding."""
        if not self.verified:
            what = "cannot be verified: the ledger is broken there"
        elif not self.mapped and now < self.expires:
            what = f"is for the control `{self.control}`, which does not exist (any more)"
        else:
            return ""
        todo = f"withdraw it by `goldseam exempt {self.name} --withdraw`, and give another where one is needed"
        return f"exemption {self.name} on {self.ref.address} {what}; {todo}"

    def to_json(self) -> dict[str, Json]:
        """The exemption as a JSON object."""
        return {
            "control": self.control,
            "ref": self.ref.to_json(),
            "owner": self.owner,
            "reason": self.reason,
            "expires": self.expires.isoformat(),
            "state": self.state,
            "given_by": self.given_by,
            "at": self.at.isoformat(),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Json]) -> Exemption:
        """The inverse of `to_json`."""
        return cls(
            document["control"],
            Ref.from_json(document["ref"]),
            document["owner"],
            document["reason"],
            datetime.fromisoformat(document["expires"]),
            document["state"],
            document["given_by"],
            datetime.fromisoformat(document["at"]),
        )


def with_known_controls(exemptions: Iterable[Exemption], controls: Container[str]) -> tuple[Exemption, ...]:
    """The exemptions, those whose control is not among the known ones marked so."""
    return tuple(item if item.control in controls else replace(item, mapped=False) for item in exemptions)


def held(ref: Ref, exemptions: Iterable[Exemption], now: datetime) -> tuple[str, ...]:
    """Why a whole resource is to be left alone: its exemptions that cannot be told to be about one finding."""
    return tuple(told for item in exemptions if item.ref == ref and (told := item.holds_resource(now)))


@dataclass(frozen=True, slots=True)
class Lapse:
    """An exemption that is no longer in force, and why: it is reported, never dropped in silence."""

    exemption: Exemption
    because: str


def exempted(finding: Finding, exemptions: Iterable[Exemption], now: datetime) -> Exemption | None:
    """The exemption in force for a finding, if there is one."""
    return next((item for item in _about(finding, exemptions) if not _lapsed(item, finding, now)), None)


def lapsed(finding: Finding, exemptions: Iterable[Exemption], now: datetime) -> tuple[Lapse, ...]:
    """The exemptions that were given for a finding and are no longer in force, each with the reason."""
    found = ((item, _lapsed(item, finding, now)) for item in _about(finding, exemptions))
    return tuple(Lapse(item, because) for item, because in found if because)


def marked(finding: Finding, exemptions: Iterable[Exemption], now: datetime) -> Finding:
    """The finding, as exempt when it fails and an exemption is in force."""
    if finding.status is Status.FAIL and exempted(finding, exemptions, now):
        return replace(finding, status=Status.EXEMPT)
    return finding


def _about(finding: Finding, exemptions: Iterable[Exemption]) -> Iterable[Exemption]:
    return (
        item for item in exemptions if item.verified and item.control == finding.control and item.ref == finding.ref
    )


def _lapsed(exemption: Exemption, finding: Finding, now: datetime) -> str:
    """Why an exemption is not in force; empty when it is. A state that cannot be told does not end one."""
    if now >= exemption.expires:
        return f"it expired at {exemption.expires.isoformat()}"
    if finding.status is not Status.UNKNOWN and finding.state != exemption.state:
        return "what is wrong is no longer what it was given for"
    return ""
