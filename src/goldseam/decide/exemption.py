"""Exemptions: what somebody wants left alone, and when that ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from goldseam.evaluate import Finding, Status
from goldseam.resource import Ref
from goldseam.values import Json


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
    return (item for item in exemptions if item.control == finding.control and item.ref == finding.ref)


def _lapsed(exemption: Exemption, finding: Finding, now: datetime) -> str:
    """Why an exemption is not in force; empty when it is. A state that cannot be told does not end one."""
    if now >= exemption.expires:
        return f"it expired at {exemption.expires.isoformat()}"
    if finding.status is not Status.UNKNOWN and finding.state != exemption.state:
        return "what is wrong is no longer what it was given for"
    return ""
