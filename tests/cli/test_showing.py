"""What people see of a plan without a way back, and of a repair that came out otherwise than planned."""

from __future__ import annotations

from dataclasses import replace

import pytest

from goldseam.cli.showing import print_plan, print_repair
from goldseam.clouds.aws.commands import command_words
from goldseam.control import Catalog
from goldseam.model.resource import Resource
from goldseam.model.values import ABSENT, Value
from goldseam.repair.execute import Repair
from goldseam.repair.plan import Plan
from goldseam.repair.propose import propose
from goldseam.service.masking import Masking
from goldseam.service.views import plan_view, repair_view
from tests import toy

MASKING = Masking(Catalog((toy.HOUSE,), tuple(toy.CONTROLS)))


def sealed() -> Plan:
    return propose(toy.house(seal=ABSENT), [toy.sealed], toy.CONTROLS)


def way_back(plan: Plan) -> list[str]:
    """What is printed behind the commands."""
    return list(MASKING.commands(plan, command_words))[len(plan.calls) :]


def test_a_plan_without_a_way_back_says_why_instead_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """The mutation: print `# to take it back` whatever the plan is."""
    (line,) = way_back(sealed())
    assert line == "# there is no way back: a seal cannot be broken"
    print_plan(plan_view(sealed(), (), MASKING))
    assert "undo         none: a seal cannot be broken" in capsys.readouterr().out
    lit = propose(toy.house(lamp=ABSENT), [toy.lamp_lit], toy.CONTROLS)
    assert way_back(lit)[0] == "# to take it back"
    assert len(way_back(lit)) == 1 + len(lit.undo)


def repaired(doors: Value) -> tuple[Repair, Plan]:
    before = toy.house(doors=["open", "shut"])
    plan = propose(before, [toy.no_open_door], toy.CONTROLS)
    after = Resource(before.ref, {**before.facets, "doors": doors})
    return Repair(plan.id, "verified", "as it was verified", before, after, (), ()), plan


def test_a_repair_that_came_out_otherwise_shows_both_differences(capsys: pytest.CaptureFixture[str]) -> None:
    """From before to after, and from what was planned to after. The mutation: leave the second one out."""
    repair, plan = repaired(["shut", "shut-twice"])
    print_repair(repair_view(repair, plan, MASKING))
    printed = capsys.readouterr().out
    assert "doors: from what was planned to what was read" in printed
    assert printed.count('+ "shut-twice"') == 2
    print_repair(repair_view(replace(repair, state="conflict"), plan, MASKING))
    assert "what was planned" not in capsys.readouterr().out


def test_a_repair_as_planned_shows_one_difference(capsys: pytest.CaptureFixture[str]) -> None:
    repair, plan = repaired(["shut"])
    print_repair(repair_view(repair, plan, MASKING))
    assert "what was planned" not in capsys.readouterr().out


def test_what_was_absent_before_is_no_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """The mutation: compare the images as they are written in JSON, where absence has a marker."""
    before = toy.house(lamp=ABSENT)
    plan = propose(before, [toy.lamp_lit], toy.CONTROLS)
    after = before.with_facets({change.facet: change.after for change in plan.changes})
    print_repair(repair_view(Repair(plan.id, "verified", "as it was verified", before, after, (), ()), plan, MASKING))
    printed = capsys.readouterr().out
    assert "watts" in printed
    assert "goldseam\n" not in printed
    assert "absent" not in printed
