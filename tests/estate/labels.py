"""The labels of the estate, as they were written before any rule was judged by them; corrections are marked."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

Label = Literal["harmful", "noticed", "harmless"]
_FILE: Final = Path(__file__).with_name("labels.csv")


@dataclass(frozen=True)
class Row:
    """A resource: what its configuration is, which controls find it, whether repairing it harms somebody, and why.

    `harmful` is what a probe shows, `noticed` what AWS's page says and no emulator shows, such as a charge or a read
    that fails for minutes. `first` is the label that a page of AWS's corrected, which `why` names; else empty.
    `probes` are what works for somebody and has to work afterwards. What nobody uses is not among them, such as
    anonymous reads of a bucket that is open by mistake.
    """

    row: str
    kind: str
    configuration: str
    controls: tuple[str, ...]
    label: Label
    first: Label | Literal[""]
    why: str
    probes: tuple[str, ...]


def rows() -> tuple[Row, ...]:
    """Every row, in the order of the file."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return tuple(_row(item) for item in csv.DictReader(file))


def _row(item: dict[str, str]) -> Row:
    controls, probes = (tuple(item[name].split(";")) for name in ("controls", "probes"))
    label, first = (next(word for word in (*get_args(Label), "") if word == item[name]) for name in ("label", "first"))
    assert label
    return Row(item["row"], item["kind"], item["configuration"], controls, label, first, item["why"], probes)
