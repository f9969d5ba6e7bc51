"""`apply` and `resume`: carry plans out, and clean up after a crash."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial

from goldseam.cli import output
from goldseam.cli.interruption import noticed
from goldseam.cli.showing import print_plan, print_repair
from goldseam.model.errors import Refused, UsageError
from goldseam.service import plans, repairs
from goldseam.service.context import ServiceContext
from goldseam.service.execution import Done
from goldseam.service.keys import Source


def apply(
    context: ServiceContext, plan_ids: Sequence[str], source: Source, *, auto: bool, yes: bool, as_json: bool
) -> int:
    """Carry out plans, or everything that is automatic."""
    if bool(plan_ids) == auto:
        raise UsageError("say which plans to apply, or `--auto` for those that the policies make automatic")
    results: list[Done] = []
    refusals: list[str] = []
    for name, attempt in _attempts(context, plan_ids, source, ask=not yes, quiet=as_json):
        if came := noticed():
            refusals.append(f"{name}: not begun, {came} came before")
            continue
        try:
            if (done := attempt()) is not None:
                results.append(done)
                show_done(context, done, quiet=as_json)
        except repairs.NOT_CARRIED_OUT as error:
            if len(plan_ids) == 1 and not as_json:
                raise
            refusals.append(f"{name}: {error}")
            output.note(f"goldseam: {refusals[-1]}")
    if as_json:
        print_repairs(context, results, refusals)
    elif auto and not results and not refusals:
        output.say("Nothing is to be repaired automatically. `goldseam findings` shows each decision.")
    return exit_code(results, refusals)


def _attempts(
    context: ServiceContext, plan_ids: Sequence[str], source: Source, *, ask: bool, quiet: bool
) -> Iterator[tuple[str, Callable[[], Done | None]]]:
    """What is to be carried out, by name: the plans, or where none is named each resource with automatic repairs."""
    if not plan_ids:
        for ref in repairs.automatic(context):
            yield ref.id, partial(repairs.apply_automatic, context, ref, source)
    for plan_id in plans.check(context, plan_ids):
        yield plan_id, partial(_applied, context, plan_id, source, ask=ask, quiet=quiet)


def _applied(context: ServiceContext, plan_id: str, source: Source, *, ask: bool, quiet: bool) -> Done:
    if ask:
        proposal = repairs.ready(context, plan_id)
        if not quiet:
            print_plan(plans.view(context, proposal))
        if not output.ask(f"carry out {plan_id}?"):
            raise Refused(f"{plan_id} was not carried out; add --yes where nobody can be asked")
    return repairs.apply(context, plan_id, source)


def show_done(context: ServiceContext, done: Done, *, quiet: bool) -> None:
    """Show what became of a plan; on standard error in one line where standard output reaches nobody."""
    view = repairs.view(context, done)
    if not quiet:
        print_repair(view)
    output.note_unseen(f"{view.plan} {view.state}: {view.because or view.address}")


def print_repairs(context: ServiceContext, results: Sequence[Done], refusals: Sequence[str]) -> None:
    """Print what became of plans, for programs."""
    shown = [repairs.document(context, item) for item in results]
    output.print_json("goldseam.repairs/1", repairs=shown, refused=list(refusals))


def exit_code(results: Sequence[Done], refusals: Sequence[str]) -> int:
    """0 when everything is verified or pending, 1 when something was refused or undone, 3 when something is open."""
    states = {item.repair.state for item in results}
    if refusals or states & {"undone", "conflict"}:
        return 1
    return 3 if "open" in states else 0


def resume(context: ServiceContext, source: Source, *, wait: bool, as_json: bool) -> int:
    """End what has not ended."""
    done = repairs.resume(context, source, _note_waiting if wait else None)
    if as_json:
        output.print_json("goldseam.resume/1", resumed=[asdict(item) for item in done])
    elif not done:
        output.say("Nothing is unfinished.")
    for item in done if not as_json else ():
        output.say(f"{item.plan}  {item.state}: {item.because}", output.STATE_STYLE.get(item.state, ""))
    return 3 if any(item.state in ("open", "running") for item in done) else 0


def _note_waiting(until: datetime) -> None:
    output.note(f"goldseam: waiting until {until:%H:%M:%S} UTC, when the key of the interrupted repair has expired")
