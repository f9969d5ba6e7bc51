"""How a plan and a repair look to a person."""

from __future__ import annotations

from collections.abc import Sequence

from goldseam.cli import output
from goldseam.service.views import ChangeView, PlanView, RepairView


def print_plan(plan: PlanView) -> None:
    """A plan: what is wrong, the diff, the calls and the way back, what else it does."""
    output.say(f"{plan.id}  {plan.purpose} of {plan.kind} {plan.resource}", "bold")
    output.say(f"  {plan.address}", "dim")
    for control, because in plan.because.items():
        output.say(f"  {control}: {because}")
    if plan.takes_back:
        output.say(f"  takes back {plan.takes_back}")
    for change in plan.changes:
        _print_change(change)
    _print_effects(plan)
    if plan.modes:
        output.say(f"  decision     {', '.join(plan.modes)}")
    output.say()


def _print_change(change: ChangeView, more: str = "") -> None:
    output.say()
    output.say(f"  {change.facet}{more}", "bold")
    output.print_diff(change.before, change.after)


def _print_effects(plan: PlanView) -> None:
    output.say("")
    for call in plan.calls:
        output.say(f"  call         {call.operation} in {call.region}")
    for call in plan.undo:
        output.say(f"  undo         {call.operation} in {call.region}", "dim")
    if plan.no_way_back:
        output.say(f"  undo         none: {plan.no_way_back}", "yellow")
    for permission in plan.permissions:
        output.say(f"  permission   {permission.action} on {permission.resource}", "dim")
    output.say(f"  disruption   {plan.disruption or 'none'}", "yellow" if plan.disruption else "")
    output.say(f"  what if      fixes {len(plan.fixes)}, breaks {len(plan.breaks)}" + _named(plan.breaks))


def _named(controls: Sequence[str]) -> str:
    return f": {', '.join(controls)}" if controls else ""


def print_repair(repair: RepairView) -> None:
    """What became of a plan, with the difference between two fresh readings."""
    style = output.STATE_STYLE.get(repair.state, "")
    output.say(f"{repair.plan}  {repair.state}: {repair.because or repair.address}", style)
    for change in repair.changes:
        _print_change(change)
    for change in repair.unplanned:
        _print_change(change, ": from what was planned to what was read")
    output.say(f"  requests     {', '.join(repair.requests) or 'none'}", "dim")
    if repair.state == "verified":
        output.say(f"  undo         goldseam rollback {repair.plan}", "dim")
    if repair.state == "pending":
        output.say("  `goldseam resume` or the next scan closes it when it has taken effect.", "dim")
