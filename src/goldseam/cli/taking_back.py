"""`rollback` and `review`: take a repair back, at once in an outage, and look at it afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from goldseam.audit.record import exported
from goldseam.cli import output
from goldseam.cli.connection import Source, key_source
from goldseam.cli.masks import entries_shown, repair_shown
from goldseam.cli.planning import Made, fresh_look, show_plans
from goldseam.cli.repairing import at_work, carried_out, exit_code
from goldseam.cli.showing import print_plan
from goldseam.cli.workspace import Workspace, who
from goldseam.decide import Decision
from goldseam.model.clock import SystemClock
from goldseam.model.errors import UsageError
from goldseam.repair.approval import Approval
from goldseam.repair.approval import approve as record_approval
from goldseam.repair.authorize import Leave, repair_behind
from goldseam.repair.emergency import declare, unreviewed
from goldseam.repair.emergency import review as record_review
from goldseam.repair.plan import Plan
from goldseam.repair.rollback import plan_rollback
from goldseam.service.pipeline import judged

if TYPE_CHECKING:
    from goldseam.clouds.protocol import CloudAccount


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which plan to take back, and how: `prepare` only makes the plan; `emergency` waits for no approval."""

    plan: str
    prepare: bool
    emergency: bool
    because: str
    signing_key: Path | None
    by: str
    yes: bool


def rollback(workspace: Workspace, wanted: Wanted, source: Source, *, as_json: bool) -> int:
    """Take a repair back, or make the plan for it."""
    if wanted.emergency and not wanted.because.strip():
        raise UsageError("an emergency rollback needs a reason; add -m 'what is broken'")
    with at_work(workspace) as (cloud, through):
        back = plan_rollback(wanted.plan, through)
        decisions = rollback_decisions(workspace, cloud, back)
        workspace.home.plans.save([(back, decisions)])
        if wanted.prepare:
            return show_prepared(workspace, back, decisions, as_json=as_json)
        if not as_json:
            print_plan(back, decisions, workspace.catalog)
        if not wanted.yes and not output.ask(f"take {wanted.plan} back?"):
            output.note(f"{wanted.plan} was not taken back; add --yes where nobody can be asked")
            return 1
        person = who(wanted.by)["by"]
        if wanted.emergency:
            _declared(workspace, back, person, wanted)
        leave = Leave(person, decisions, key_source(source, workspace.home_path, cloud), emergency=wanted.emergency)
        done = carried_out(workspace, cloud, through, back, leave, quiet=as_json)
    if as_json:
        output.print_json("goldseam.repairs/1", repairs=[repair_shown(done, workspace.catalog)], refused=[])
    note_unreviewed(workspace)
    return exit_code([done], [])


def show_prepared(workspace: Workspace, back: Plan, decisions: tuple[Decision, ...], *, as_json: bool) -> int:
    """Print a rollback that waits for its approval, as `goldseam plan` prints one, and what comes next."""
    show_plans(workspace, [Made(back.ref, back, decisions)], "json" if as_json else "table")
    if not as_json:
        output.say(f"next: `goldseam approve {back.id}`, then `goldseam rollback {back.of}`", "dim")
    return 0


def _declared(workspace: Workspace, back: Plan, person: str, wanted: Wanted) -> None:
    """Record the emergency, with the approval that a keyholder asks for where a key to sign it is given."""
    declare(workspace.home.ledger, back, person, wanted.because)
    if wanted.signing_key is not None:
        record_approval(workspace.home.ledger, _signed(back, person, wanted.because, wanted.signing_key))


def _signed(back: Plan, by: str, comment: str, path: Path) -> Approval:
    """The one signed approval that a keyholder asks for in an emergency."""
    from goldseam.keyholder.approval import signed_approval
    from goldseam.keyholder.identity import PrivateKey

    now = SystemClock().now()
    return Approval.from_json(signed_approval(back, by, PrivateKey.load(path), now, comment=comment, emergency=True))


def rollback_decisions(workspace: Workspace, cloud: CloudAccount, back: Plan) -> tuple[Decision, ...]:
    """What the policies in force decide on the findings of the repair behind a rollback.

    A finding that passes now is decided on as it will be once the repair is taken back.
    """
    findings = set(repair_behind(back, workspace.home.ledger).findings)
    standing, now = workspace.standing(), SystemClock().now()
    seen = fresh_look(workspace, cloud, back.ref, standing)
    target = seen.resource.with_facets({change.facet: change.after for change in back.changes})
    then = judged(target, seen.facts, workspace.catalog, standing, now, seen.located)
    made = {item.finding: item for item in (*then.decisions, *seen.decisions) if item.finding in findings}
    return tuple(made[finding] for finding in sorted(made))


def review(workspace: Workspace, plan_id: str, comment: str, by: str, *, as_json: bool) -> int:
    """Record a review of an emergency rollback, or list those that wait for one."""
    ledger, show = workspace.home.ledger, entries_shown(workspace)
    if not plan_id:
        waiting = unreviewed(ledger)
        if as_json:
            output.print_json(
                "goldseam.emergencies/1", waiting=[orjson.loads(exported(entry, show)) for entry in waiting]
            )
        elif waiting:
            rows = ((e.at[:19], e.body["plan"], e.body["by"], e.body["because"]) for e in waiting)
            output.table(("AT", "PLAN", "BY", "WHY"), rows)
        else:
            output.say("No emergency rollback waits for a review.")
        return 0
    entry = record_review(ledger, plan_id, who(by)["by"], comment)
    if as_json:
        output.print_json("goldseam.review/1", entry=orjson.loads(exported(entry, show)))
    else:
        output.say(f"{plan_id} reviewed by {entry.body['by']}")
    return 0


def note_unreviewed(workspace: Workspace) -> None:
    """Announce the emergency rollbacks that nobody else has reviewed yet, on standard error."""
    for entry in unreviewed(workspace.home.ledger):
        body = entry.body
        output.note(
            f"goldseam: emergency rollback {body['plan']} by {body['by']} ({body['because']}) waits for a review by "
            f"somebody else: goldseam review {body['plan']}"
        )


__all__ = ["Source", "Wanted", "note_unreviewed", "review", "rollback", "rollback_decisions", "show_prepared"]
