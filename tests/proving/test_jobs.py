"""How the work of a run is spread: no worker is left with a long job while the others wait."""

from __future__ import annotations

from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.proving import jobs


def test_jobs_are_of_about_one_load_and_hold_every_control_once() -> None:
    """The mutation: every kind that is no job of its own goes into one."""
    catalog = aws_catalog()
    parts = jobs._parts(catalog.controls_of.values())
    assert sorted(name for part in parts for name in part) == sorted(catalog.control_by_id)
    loads = []
    for part in parts:
        controls = [catalog.control(name) for name in part]
        loads.append(sum(len(control.violating) for control in controls))
        assert loads[-1] <= jobs._LOAD or len({control.kind.name for control in controls}) == 1
    assert loads[0] == max(loads)
    assert len(parts) <= 2 * sum(loads) // jobs._LOAD


def test_a_kind_is_never_split_for_its_findings_are_merged() -> None:
    catalog = aws_catalog()
    place = {name: number for number, part in enumerate(jobs._parts(catalog.controls_of.values())) for name in part}
    for controls in catalog.controls_of.values():
        assert len({place[control.id] for control in controls}) == 1
