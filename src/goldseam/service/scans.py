"""Scans: an account read and held against the controls, and what was found stored."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from goldseam.assess.collect import AHEAD
from goldseam.assess.evaluate import Status
from goldseam.clouds.bounds import DEFAULT, Bounds, Incomplete, Progress
from goldseam.control import Catalog
from goldseam.model.values import Json
from goldseam.ports import Gap
from goldseam.repair.resume import Resumed, closed_by_looking
from goldseam.service.context import ServiceContext
from goldseam.service.exemptions import record_lapsed
from goldseam.service.pipeline import Standing
from goldseam.service.pipeline import scan as scanned
from goldseam.service.rights import Right, needs
from goldseam.service.selection import chosen

if TYPE_CHECKING:
    from goldseam.clouds.protocol import CloudAccount


__all__ = ["SHARDS_AT_ONCE", "Incomplete", "Progress", "ScanRequest", "ScanResult", "any_scan", "scan"]

SHARDS_AT_ONCE: Final = AHEAD + 1
"""How many shards are held at once, at most: those that are read and the one that is looked at."""


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """What a scan is about: services, control patterns and regions (none means all), and what reading is limited to.

    `max_rate` is in calls a second to one service in one region, `read_timeout` in seconds for one call with its
    retries, `region_timeout` in seconds for one region.
    """

    services: str = ""
    controls: Sequence[str] = ()
    regions: tuple[str, ...] = ()
    max_rate: float | None = None
    read_timeout: float = DEFAULT.read
    region_timeout: float = DEFAULT.shard

    @property
    def bounds(self) -> Bounds:
        """What reading may take."""
        timeout = self.read_timeout
        return Bounds(read=timeout, silence=timeout / 2, shard=self.region_timeout)


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What a scan found, in numbers.

    `counts` has the resources, each status, the failed listings (`gaps`) and the `incomplete` reads. `resumed` are
    repairs that waited for their effect and were looked at again.
    """

    scan: str
    counts: Mapping[str, int]
    gaps: tuple[str, ...]
    incomplete: tuple[Incomplete, ...]
    resumed: tuple[Resumed, ...]

    @property
    def statuses(self) -> dict[str, int]:
        """How many findings have each status."""
        return {str(status): self.counts[status] for status in Status}

    def to_json(self) -> dict[str, Json]:
        """The scan as a JSON object."""
        return {
            "scan": self.scan,
            "counts": dict(self.counts),
            "gaps": list(self.gaps),
            "incomplete": [asdict(read) for read in self.incomplete],
            "repairs": [asdict(item) for item in self.resumed],
        }


@dataclass
class _Tally:
    """What was found so far."""

    statuses: Counter[str]
    gaps: list[Gap]
    resources: int = 0


@needs(Right.SCAN)
def scan(context: ServiceContext, request: ScanRequest, progress: Progress | None = None) -> ScanResult:
    """Read the account, hold it against the controls, and store and record what was found. Changes nothing there.

    Raises UnknownName for words that choose nothing, CloudError where the account cannot be reached at all.
    """
    catalog, home = chosen(context.catalog, request.services, request.controls), context.home
    standing = context.standing()
    with context.open(request.regions, request.max_rate, progress, request.bounds) as account, _garbage_seldom():
        account_id = account.account_id()
        name = home.scans.begin(account_id)
        tally = _stored(context, account, catalog, standing, (name, request.regions))
        closed = closed_by_looking(context.doors(account), home.signer, account_id)
        incomplete = account.reader.incomplete
    found = {str(status): tally.statuses[status] for status in Status}
    counts = {"resources": tally.resources, **found, "gaps": len(tally.gaps), "incomplete": len(incomplete)}
    home.scans.end(name, counts)
    home.ledger.append("scan", {"scan": name, "account": account_id, "counts": counts})
    gaps = tuple(f"{gap.kind} in {gap.shard.region}: {gap.reason}" for gap in tally.gaps)
    return ScanResult(name, counts, gaps, incomplete, tuple(closed))


@needs(Right.READ)
def any_scan(context: ServiceContext) -> bool:
    """Whether anything was scanned yet."""
    return bool(context.home.scans.scans())


def _stored(
    context: ServiceContext,
    account: CloudAccount,
    catalog: Catalog,
    standing: Standing,
    where: tuple[str, Sequence[str]],
) -> _Tally:
    """Judge and store the account, a shard at a time."""
    tally, (scan_id, regions) = _Tally(Counter(), []), where
    for report in scanned(account.reader, catalog, standing, context.clock):
        context.home.scans.save(scan_id, report.shard, report.kinds, report.seen, report.gaps, regions)
        for seen in report.seen:
            record_lapsed(context, standing, seen)
            tally.statuses.update(str(finding.status) for finding in seen.findings)
        tally.resources += len(report.seen)
        tally.gaps += report.gaps
    return tally


@contextmanager
def _garbage_seldom() -> Iterator[None]:
    """Look for garbage less often: seventy descriptions of services are long-lived, and walked through at each look."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
