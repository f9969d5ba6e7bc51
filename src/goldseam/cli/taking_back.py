"""`rollback` and `review`: take a repair back, at once in an outage, and look at it afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from goldseam.cli import output
from goldseam.cli.planning import show_plans
from goldseam.cli.repairing import exit_code, print_repairs, show_done
from goldseam.cli.showing import print_plan
from goldseam.service import approvals, plans, rollbacks
from goldseam.service.context import ServiceContext
from goldseam.service.keys import Source
from goldseam.service.readings import Proposal
from goldseam.service.rollbacks import EmergencyRequest


@dataclass(frozen=True, slots=True)
class RollbackOptions:
    """Which plan to take back, and how: `prepare` only makes the plan; an emergency waits for no approval."""

    plan: str
    prepare: bool
    yes: bool
    emergency: EmergencyRequest | None = None


def rollback(context: ServiceContext, wanted: RollbackOptions, source: Source, *, as_json: bool) -> int:
    """Take a repair back, or make the plan for it."""
    prepared = rollbacks.prepare(context, wanted.plan, wanted.emergency)
    if wanted.prepare:
        return show_prepared(context, prepared, as_json=as_json)
    if not as_json:
        print_plan(plans.view(context, prepared))
    if not wanted.yes and not output.ask(f"take {wanted.plan} back?"):
        output.note(f"{wanted.plan} was not taken back; add --yes where nobody can be asked")
        return 1
    done = rollbacks.roll_back(context, prepared, source, wanted.emergency)
    show_done(context, done, quiet=as_json)
    if as_json:
        print_repairs(context, [done], [])
    note_unreviewed(context)
    return exit_code([done], [])


def show_prepared(context: ServiceContext, prepared: Proposal, *, as_json: bool) -> int:
    """Print a rollback that waits for its approval, as `goldseam plan` prints one, and what comes next."""
    show_plans(context, [prepared], "json" if as_json else "diff")
    if not as_json and prepared.plan is not None:
        back = prepared.plan
        output.say(f"next: `goldseam approve {back.id}`, then `goldseam rollback {back.of}`", "dim")
    return 0


def review(context: ServiceContext, plan_id: str, comment: str, *, as_json: bool) -> int:
    """Record a review of an emergency rollback, or list those that wait for one."""
    if not plan_id:
        return _list_unreviewed(context, as_json=as_json)
    done = approvals.review(context, plan_id, comment)
    if as_json:
        output.print_json("goldseam.review/1", entry=done.entry)
    else:
        output.say(f"{plan_id} reviewed by {done.by}")
    return 0


def _list_unreviewed(context: ServiceContext, *, as_json: bool) -> int:
    waiting = approvals.unreviewed_emergencies(context)
    if as_json:
        output.print_json("goldseam.emergencies/1", waiting=[item.entry for item in waiting])
    elif waiting:
        rows = ((item.at[:19], item.plan, item.by, item.because) for item in waiting)
        output.table(("AT", "PLAN", "BY", "WHY"), rows)
    else:
        output.say("No emergency rollback waits for a review.")
    return 0


def note_unreviewed(context: ServiceContext) -> None:
    """Announce the emergency rollbacks that nobody else has reviewed yet, on standard error."""
    for item in approvals.unreviewed_emergencies(context):
        output.note(
            f"goldseam: emergency rollback {item.plan} by {item.by} ({item.because}) waits for a review by "
            f"somebody else: goldseam review {item.plan}"
        )
