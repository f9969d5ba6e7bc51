"""What the automatic repairs of a policy did to the estate, counted against its labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.estate.account import Account
from tests.estate.labels import Row


@dataclass(frozen=True)
class Outcome:
    """What a policy came to: harm by row and probe, and which rows were not repaired by themselves."""

    policy: str
    harmful: int
    harmless: int
    harmed: Mapping[str, tuple[str, ...]]
    left: Mapping[str, tuple[str, ...]]
    """Harmless rows with the controls that still fail."""
    noticed: tuple[str, ...]
    """Rows that were repaired by themselves though a page of AWS's says that somebody notices."""
    as_first: str
    """The harmless rows as they were labelled first, and how many of them were automatic."""

    @property
    def automatic(self) -> int:
        """How many harmless rows were repaired by themselves."""
        return self.harmless - len(self.left)

    @property
    def share(self) -> float:
        """The part of the harmless repairs that was automatic."""
        return self.automatic / self.harmless

    def __str__(self) -> str:
        lines = [
            f"{self.policy}: harmful automatic repairs {len(self.harmed)} of {self.harmful}",
            f"  harmless automatic {self.automatic} of {self.harmless} ({self.share:.0%})",
            f"  as first labelled {self.as_first}",
        ]
        lines += [f"  noticed {row}" for row in self.noticed]
        lines += [f"  harmed {row}: {', '.join(probes)}" for row, probes in sorted(self.harmed.items())]
        lines += [f"  left {row}: {', '.join(controls)}" for row, controls in sorted(self.left.items())]
        return "\n".join(lines)


def outcome(
    policy: str,
    account: Account,
    rows: Iterable[Row],
    before: Mapping[tuple[str, str], bool],
    after: Mapping[tuple[str, str], bool],
    findings: Iterable[dict[str, Any]],
) -> Outcome:
    """Compare what worked before with what works after, and say which harmless rows are not as they should be."""
    labelled = tuple(rows)
    harmed: dict[str, tuple[str, ...]] = {}
    for row, probe in sorted(key for key, worked in before.items() if worked and not after[key]):
        harmed[row] = (*harmed.get(row, ()), probe)
    status = {(item["control"], item["resource"]): item["status"] for item in findings}
    left = {row.row: failing(account, row, status) for row in labelled}
    harmless = [row.row for row in labelled if row.label == "harmless"]
    first = [row.row for row in labelled if (row.first or row.label) == "harmless"]
    return Outcome(
        policy,
        sum(row.label == "harmful" for row in labelled),
        len(harmless),
        harmed,
        {row: left[row] for row in harmless if left[row]},
        tuple(row.row for row in labelled if row.label == "noticed" and not left[row.row]),
        f"{sum(not left[row] for row in first)} of {len(first)}",
    )


def failing(account: Account, row: Row, status: Mapping[tuple[str, str], str]) -> tuple[str, ...]:
    """The row's controls that do not pass on its resource."""
    return tuple(control for control in row.controls if status.get(key_of(account, row, control, status)) != "pass")


def key_of(account: Account, row: Row, control: str, status: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """The finding of a control on the row's resource."""
    own = account.ids[row.row]
    found = [key for key in status if key[0] == control and _names(key[1], own)]
    assert len(found) <= 1, found
    return found[0] if found else (control, own)


def _names(resource: str, own: str) -> bool:
    return resource == own or resource.endswith((f":{own}", f"/{own}"))
