"""How a plan and a repair look to a person."""

from __future__ import annotations

from collections.abc import Sequence

from goldseam.cli import output
from goldseam.control import Catalog
from goldseam.decide import Decision
from goldseam.plan import Plan, Purpose
from goldseam.repair import Repair
from goldseam.values import same


def print_plan(plan: Plan, decisions: Sequence[Decision], catalog: Catalog) -> None:
    """A plan: what is wrong, the diff, the calls and the way back, what else it does."""
    modes = sorted({str(decision.mode) for decision in decisions})
    output.say(f"{plan.id}  {plan.purpose} of {catalog.kind(plan.ref.kind).title} {plan.ref.id}", "bold")
    output.say(f"  {plan.ref.address}", "dim")
    for control, because in plan.because.items():
        output.say(f"  {control}: {because}")
    if plan.purpose is not Purpose.REPAIR:
        output.say(f"  takes back {plan.of}")
    for change in plan.changes:
        output.say()
        output.say(f"  {change.facet}", "bold")
        output.print_diff(change.before, change.after)
    _print_effects(plan)
    if modes:
        output.say(f"  decision     {', '.join(modes)}")
    output.say()


def _print_effects(plan: Plan) -> None:
    output.say("")
    for call in plan.calls:
        output.say(f"  call         {call.operation} in {call.region}")
    for call in plan.undo:
        output.say(f"  undo         {call.operation} in {call.region}", "dim")
    if not plan.reversible:
        output.say("  undo         none: this cannot be taken back", "yellow")
    for permission in plan.permissions:
        output.say(f"  permission   {permission.action} on {permission.resource}", "dim")
    output.say(f"  disruption   {'; '.join(plan.disruption) or 'none'}", "yellow" if plan.disruption else "")
    output.say(f"  what if      fixes {len(plan.fixes)}, breaks {len(plan.breaks)}" + _named(plan.breaks))


def _named(controls: Sequence[str]) -> str:
    return f": {', '.join(controls)}" if controls else ""


def print_repair(repair: Repair, plan: Plan) -> None:
    """What became of a plan, with the difference between two fresh readings."""
    style = output.STATE_STYLE.get(repair.state, "")
    output.say(f"{plan.id}  {repair.state}: {repair.because or plan.ref.address}", style)
    for change in plan.changes:
        before = repair.before.facets.get(change.facet)
        after = repair.after.facets.get(change.facet) if repair.after else None
        if repair.after and not same(before, after):
            output.say()
            output.say(f"  {change.facet}", "bold")
            output.print_diff(before, after)
    requests = ", ".join(receipt.request_id for receipt in repair.receipts)
    output.say(f"  requests     {requests or 'none'}", "dim")
    if repair.state == "verified":
        output.say(f"  undo         goldseam rollback {plan.id}", "dim")
    if repair.state == "pending":
        output.say("  `goldseam resume` or the next scan closes it when it has taken effect.", "dim")
