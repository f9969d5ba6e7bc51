"""`plan`, `approve` and `exempt`: what would be changed, who agrees, and what is to be left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from goldseam.cli import output
from goldseam.cli.showing import print_plan
from goldseam.model.display import write_line
from goldseam.model.errors import UNFORESEEN, UnknownName
from goldseam.service import approvals, exemptions, plans
from goldseam.service.approvals import Consent
from goldseam.service.context import ServiceContext
from goldseam.service.exemptions import ExemptionRequest
from goldseam.service.plans import PlanRequest
from goldseam.service.readings import Proposal

_FORMS: Final = ("diff", "json", "cli")


def plan(context: ServiceContext, wanted: PlanRequest, form: str) -> int:
    """Make or show plans."""
    if form not in _FORMS:
        raise UnknownName("format", form, _FORMS)
    made = plans.make(context, wanted)
    if not made:
        output.note("There is nothing to plan: no open finding with a fix. `goldseam findings` lists what there is.")
        return 0
    show_plans(context, made, form)
    return 0 if all(item.plan for item in made) else 1


def show_plans(context: ServiceContext, made: Sequence[Proposal], form: str) -> None:
    """Print plans, in one of the forms of `goldseam plan`: `diff`, `json` or `cli`."""
    if form == "json":
        output.print_json(
            "goldseam.plans/1",
            plans=[plans.document(context, item) for item in made if item.plan],
            refused=[{"resource": item.ref.address, "because": item.refusal} for item in made if not item.plan],
        )
        return
    for item in made:
        if item.plan is None:
            output.note(f"no plan for {item.ref.address}: {item.refusal}")
            continue
        try:
            _show_one(context, item, form)
        except UNFORESEEN as error:
            output.note(f"{item.plan.id} cannot be shown: {plans.unforeseen(error)}; `--format json` shows it whole")


def _show_one(context: ServiceContext, item: Proposal, form: str) -> None:
    if form != "cli":
        print_plan(plans.view(context, item))
    elif item.plan is not None:
        print_commands(f"{item.plan.id}: {item.ref.address}", plans.commands(context, item))


def print_commands(title: str, commands: Sequence[str]) -> None:
    """The assisted way: what a person would type."""
    for line in (f"# {title}", *commands):
        write_line(line)


def approve(context: ServiceContext, plan_id: str, consent: Consent, *, reject: bool, as_json: bool) -> int:
    """Record a yes or a no."""
    if reject:
        done = approvals.reject(context, plan_id, consent.comment)
    else:
        done = approvals.approve(context, plan_id, consent)
    if as_json:
        output.print_json("goldseam.approval/1", entry=done.entry)
        return 0
    step = f"rollback {done.takes_back}" if done.takes_back else f"apply {done.plan}"
    output.say(
        f"{done.plan} " + (f"rejected by {done.by}" if reject else f"approved by {done.by}; next: `goldseam {step}`")
    )
    return 0


def exempt(context: ServiceContext, wanted: ExemptionRequest, *, withdraw: bool, as_json: bool) -> int:
    """Give, withdraw or list exemptions."""
    if not wanted.finding:
        return _list_exemptions(context, as_json=as_json)
    if withdraw:
        ended = exemptions.withdraw(context, wanted.finding)
        more = "" if ended.decided else "; `goldseam scan` decides anew"
        output.note(f"{ended.control} on {ended.address} is no longer exempt{more}")
        return 0
    given = exemptions.give(context, wanted)
    if as_json:
        return _list_exemptions(context, as_json=True)
    output.say(f"exempt: {given.control} on {given.ref.address}, for {given.owner}, as it is today")
    return 0


def _list_exemptions(context: ServiceContext, *, as_json: bool) -> int:
    held = exemptions.standing(context)
    if as_json:
        rows = [item.to_json() | {"name": item.name, "verified": item.verified, "mapped": item.mapped} for item in held]
        output.print_json("goldseam.exemptions/1", exemptions=rows)
    elif held:
        output.table(
            ("NAME", "EXPIRES", "OWNER", "CONTROL", "RESOURCE", "REASON"),
            ((e.name, str(e.expires.date()), e.owner, e.control, e.ref.address, e.reason) for e in held),
        )
    else:
        output.say("Nothing is exempt. `goldseam exempt <finding> --owner … --reason … --expires 90d` leaves one.")
    return 0
