"""The labels of the estate, as they were written before any rule was judged by them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FILE: Final = Path(__file__).with_name("labels.csv")


@dataclass(frozen=True)
class Row:
    """A resource: what its configuration is, which controls find it, whether repairing it harms somebody, and why.

    `probes` are what works for somebody and has to work afterwards. What nobody uses is not among them, such as
    anonymous reads of a bucket that is open by mistake.
    """

    row: str
    kind: str
    configuration: str
    controls: tuple[str, ...]
    harmful: bool
    why: str
    probes: tuple[str, ...]


def rows() -> tuple[Row, ...]:
    """Every row, in the order of the file."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return tuple(_row(item) for item in csv.DictReader(file))


def _row(item: dict[str, str]) -> Row:
    assert item["label"] in ("harmful", "harmless")
    controls, probes = (tuple(item[name].split(";")) for name in ("controls", "probes"))
    return Row(
        item["row"], item["kind"], item["configuration"], controls, item["label"] == "harmful", item["why"], probes
    )
