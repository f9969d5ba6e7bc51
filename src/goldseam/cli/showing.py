"""How a plan and a repair look to a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from goldseam.cli import output
from goldseam.cli.masks import no_way_back, repair_shown, secrets_of
from goldseam.control import Catalog, Secrets, masked
from goldseam.decide import Decision
from goldseam.model.values import Json, restored, same
from goldseam.repair.execute import Repair
from goldseam.repair.plan import Plan, Purpose


def print_plan(plan: Plan, decisions: Sequence[Decision], catalog: Catalog) -> None:
    """A plan: what is wrong, the diff, the calls and the way back, what else it does."""
    secrets, kind = secrets_of(plan, catalog), catalog.kind(plan.ref.kind)
    modes = sorted({str(decision.mode) for decision in decisions})
    output.say(f"{plan.id}  {plan.purpose} of {catalog.kind(plan.ref.kind).title} {plan.ref.id}", "bold")
    output.say(f"  {plan.ref.address}", "dim")
    for control, because in plan.because.items():
        output.say(f"  {control}: {secrets.text(because)}")
    if plan.purpose is not Purpose.REPAIR:
        output.say(f"  takes back {plan.of}")
    for change in plan.changes:
        output.say()
        output.say(f"  {change.facet}", "bold")
        facet = kind.facet(change.facet)
        output.print_diff(masked(change.before, facet, secrets.mask), masked(change.after, facet, secrets.mask))
    _print_effects(plan, secrets, catalog)
    if modes:
        output.say(f"  decision     {', '.join(modes)}")
    output.say()


def _print_effects(plan: Plan, secrets: Secrets, catalog: Catalog) -> None:
    output.say("")
    for call in plan.calls:
        output.say(f"  call         {call.operation} in {call.region}")
    for call in plan.undo:
        output.say(f"  undo         {call.operation} in {call.region}", "dim")
    if not plan.reversible:
        output.say(f"  undo         none: {no_way_back(plan, catalog)}", "yellow")
    for permission in plan.permissions:
        output.say(f"  permission   {permission.action} on {permission.resource}", "dim")
    output.say(
        f"  disruption   {secrets.text('; '.join(plan.disruption)) or 'none'}", "yellow" if plan.disruption else ""
    )
    output.say(f"  what if      fixes {len(plan.fixes)}, breaks {len(plan.breaks)}" + _named(plan.breaks))


def _named(controls: Sequence[str]) -> str:
    return f": {', '.join(controls)}" if controls else ""


def print_repair(repair: Repair, plan: Plan, catalog: Catalog) -> None:
    """What became of a plan, with the difference between two fresh readings."""
    shown = repair_shown(repair, catalog)
    style = output.STATE_STYLE.get(repair.state, "")
    output.say(f"{plan.id}  {repair.state}: {shown['because'] or plan.ref.address}", style)
    for change in plan.changes:
        before, after = (restored((shown[side] or {}).get(change.facet)) for side in ("before", "after"))
        if repair.after and not same(before, after):
            output.say()
            output.say(f"  {change.facet}", "bold")
            output.print_diff(before, after)
    _print_other_than_planned(repair, plan, catalog, shown["after"] or {})
    requests = ", ".join(receipt.request_id for receipt in repair.receipts)
    output.say(f"  requests     {requests or 'none'}", "dim")
    if repair.state == "verified":
        output.say(f"  undo         goldseam rollback {plan.id}", "dim")
    if repair.state == "pending":
        output.say("  `goldseam resume` or the next scan closes it when it has taken effect.", "dim")


def _print_other_than_planned(repair: Repair, plan: Plan, catalog: Catalog, after: Mapping[str, Json]) -> None:
    """Facet by facet, from what was planned to what was read, where a verified repair is not as planned."""
    if repair.state != "verified" or repair.after is None:
        return
    secrets, kind = secrets_of(plan, catalog), catalog.kind(plan.ref.kind)
    for change in plan.changes:
        if not same(repair.after.facets.get(change.facet), change.after):
            output.say()
            output.say(f"  {change.facet}: from what was planned to what was read", "bold")
            planned = masked(change.after, kind.facet(change.facet), secrets.mask)
            output.print_diff(planned, restored(after.get(change.facet)))
