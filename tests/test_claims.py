"""What frameworks demand beside what controls check: every claim has a row, and no default differs without a reason."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.control import Control
from goldseam.model.values import Json

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


def named(text: str, value: Json) -> bool:
    """Whether a text has a value in it, each item of a list."""
    items = value if isinstance(value, list) else [value]
    return all(re.search(rf"(?<![\w.]){re.escape(str(item).lower())}(?![\w.]*\w)", text.lower()) for item in items)


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.requirement} {row.control}")
def test_a_default_is_what_the_requirement_demands_or_the_row_says_both_values(row: Claim) -> None:
    """Our default is computed from the code.

    The mutation: change the default of a setting that a row names (45 days of IAM.22, 45 where IAM.8 allows 90), or
    leave one of two values that differ out of `why`.
    """
    assert row.relation in RELATIONS
    assert row.demands
    assert row.source
    defaults = json.loads(json.dumps(CATALOG.control(row.control).defaults))
    demanded = row.demanded()
    assert demanded.keys() <= defaults.keys(), "a parameter goes by the name of our setting"
    other = {name: value for name, value in demanded.items() if defaults[name] != value}
    assert not (other and row.relation == "equal"), (defaults, demanded)
    assert all(named(row.why, value) and named(row.why, defaults[name]) for name, value in other.items()), (
        row.why,
        other,
    )
    assert (row.relation == "equal") == (not row.why), "what is not equal says why, and nothing else does"


def test_a_value_is_named_as_a_word_of_its_own() -> None:
    """The mutation: look for the digits anywhere."""
    assert named("We count from 45 days, where 90 are allowed.", 90)
    assert named("It ends with 45.", 45)
    assert named("Ports 80 and 443.", [80, 443])
    assert not named("145 days, 45.5, 4500", 45)
    assert not named("Ports 80.", [80, 443])
    assert not named("", 45)
