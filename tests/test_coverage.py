"""Every remediation that others have is covered by a control, or it is said why not."""

from __future__ import annotations

import csv
from pathlib import Path

from goldseam.clouds.aws.cloud import aws_catalog

COVERAGE = Path(__file__).parents[1] / "docs" / "coverage.csv"


def rows() -> dict[str, str]:
    with COVERAGE.open(encoding="utf-8", newline="") as lines:
        return {f"{row['source']}:{row['row']}": row["why_not"] for row in csv.DictReader(lines)}


def covered() -> set[str]:
    return {row for control in aws_catalog().controls for row in control.covers}


def test_the_table_holds_all_rows_of_the_four_sources() -> None:
    counts: dict[str, int] = {}
    for row in rows():
        source = row.partition(":")[0]
        counts[source] = counts.get(source, 0) + 1
    assert counts == {"seed": 68, "security-hub": 106, "prowler": 55, "cloudbots": 60}


def test_controls_name_rows_that_exist() -> None:
    assert covered() - set(rows()) == set()


def test_every_row_is_covered_or_says_why_not_and_never_both() -> None:
    neither = [row for row, why_not in rows().items() if row not in covered() and not why_not]
    both = [row for row, why_not in rows().items() if row in covered() and why_not]
    assert (neither, both) == ([], [])


def test_there_are_more_fixes_with_a_way_back_than_anyone_else_has() -> None:
    controls = aws_catalog().controls
    assert len(controls) >= 160
    assert sum(control.reversible for control in controls) >= 120
    assert len({control.id.split(".")[1] for control in controls}) >= 35
