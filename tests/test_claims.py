"""What frameworks demand beside what controls check: every claim has a row, and no default differs without a reason."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.control import Control
from goldseam.values import Json

CLAIMS: Final = Path(__file__).parents[1] / "docs" / "claims.csv"
SOURCES: Final = ("fsbp", "cis-aws-7.0", "security-hub", "seed", "prowler", "cloudbots")
RELATIONS: Final = ("equal", "stricter", "partial")
CATALOG: Final = aws_catalog()


class Claim(NamedTuple):
    """One row: a requirement, a control that maps it, and how the two compare."""

    requirement: str
    control: str
    demands: str
    parameters: str
    relation: str
    why: str
    source: str

    def demanded(self) -> dict[str, Json]:
        """The values that the requirement asks for, by the names of our settings."""
        return dict(json.loads(self.parameters or "{}"))


def rows() -> list[Claim]:
    with CLAIMS.open(encoding="utf-8", newline="") as lines:
        return [Claim(**row) for row in csv.DictReader(lines)]


def claimed(control: Control) -> set[str]:
    held = (*control.requirements, *control.covers)
    return {name for name in held if name.partition(":")[0] in SOURCES}


def test_every_claim_of_a_control_has_one_row_and_there_is_no_other() -> None:
    """The mutation: map one more requirement on a control, or leave a row out."""
    wanted = Counter((name, control.id) for control in CATALOG.controls for name in claimed(control))
    assert Counter((row.requirement, row.control) for row in rows()) == wanted


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.requirement} {row.control}")
def test_a_default_is_what_the_requirement_demands_or_the_row_says_why_not(row: Claim) -> None:
    """Our default is computed from the code. The mutation: change the default of a setting that a row names."""
    assert row.relation in RELATIONS
    assert row.demands
    assert row.source
    defaults = CATALOG.control(row.control).defaults
    demanded = row.demanded()
    assert demanded.keys() <= defaults.keys(), "a parameter goes by the name of our setting"
    equal = all(defaults[name] == value for name, value in demanded.items())
    assert (row.relation == "equal") <= equal, (defaults, demanded)
    assert (row.relation == "equal") == (not row.why), "what is not equal says why, and nothing else does"
