"""`apply`, `rollback`, `resume` and `key`: carry out, take back, clean up after a crash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from goldseam.cli import output
from goldseam.cli.connection import Source, key_source
from goldseam.cli.doors import doors
from goldseam.cli.interruption import noticed, under_way
from goldseam.cli.masks import repair_shown
from goldseam.cli.planning import Made, decided_auto, decided_on, fresh_look, proposed
from goldseam.cli.showing import print_plan, print_repair
from goldseam.cli.workspace import Workspace, who
from goldseam.decide.policy import Mode
from goldseam.model.errors import CloudError, HomeLocked, Refused, ResourceGone, UsageError
from goldseam.model.resource import Ref
from goldseam.ports import KeySource
from goldseam.repair.authorize import Leave
from goldseam.repair.execute import Repair, repair
from goldseam.repair.plan import Plan, Purpose

if TYPE_CHECKING:
    from goldseam.clouds.protocol import CloudAccount
    from goldseam.repair.apply import Doors


@contextmanager
def at_work(workspace: Workspace) -> Iterator[tuple[CloudAccount, Doors]]:
    """The account, and everything that executing a plan goes through."""
    with workspace.cloud() as cloud:
        yield cloud, doors(workspace, cloud)


def apply(
    workspace: Workspace, plan_ids: Sequence[str], source: Source, by: str, *, auto: bool, yes: bool, as_json: bool
) -> int:
    """Carry out plans, or everything that is automatic."""
    if bool(plan_ids) == auto:
        raise UsageError("say which plans to apply, or `--auto` for those that the policies make automatic")
    results: list[Repair] = []
    refusals: list[str] = []
    with at_work(workspace) as (cloud, through):
        wanted = _refs_decided_auto(workspace) if auto else [workspace.plan(name) for name in plan_ids]
        for item in wanted:
            if came := noticed():
                refusals.append(f"{item.id}: not begun, {came} came before")
                continue
            try:
                made = (
                    _decided(workspace, cloud, item) if isinstance(item, Plan) else _automatic(workspace, cloud, item)
                )
                if made is not None:
                    results += _applied(workspace, cloud, through, made, source, by, auto=auto, yes=yes, quiet=as_json)
            except (Refused, ResourceGone, CloudError, HomeLocked) as error:
                if len(plan_ids) == 1 and not as_json:
                    raise
                refusals.append(f"{item.id}: {error}")
                output.note(f"goldseam: {refusals[-1]}")
    if as_json:
        output.print_json(
            "goldseam.repairs/1", repairs=[repair_shown(item, workspace.catalog) for item in results], refused=refusals
        )
    elif auto and not results and not refusals:
        output.say("Nothing is to be repaired automatically. `goldseam findings` shows each decision.")
    return exit_code(results, refusals)


def exit_code(results: Sequence[Repair], refusals: Sequence[str]) -> int:
    """0 when everything is verified or pending, 1 when something was refused or undone, 3 when something is open."""
    if refusals or any(item.state in ("undone", "conflict") for item in results):
        return 1
    return 3 if any(item.state == "open" for item in results) else 0


def _applied(
    workspace: Workspace,
    cloud: CloudAccount,
    through: Doors,
    made: Made,
    source: Source,
    by: str,
    *,
    auto: bool,
    yes: bool,
    quiet: bool,
) -> list[Repair]:
    """One plan, under the decisions of a reading just made; after a person was asked, of another one."""
    plan = made.plan
    assert plan is not None
    if not auto and not yes:
        if not quiet:
            print_plan(plan, made.decisions, workspace.catalog)
        if not output.ask(f"carry out {plan.id}?"):
            raise Refused(f"{plan.id} was not carried out; add --yes where nobody can be asked")
        made = _decided(workspace, cloud, plan)
    by = who(by)["by"] if not auto else "policy"
    leave = Leave(by, made.decisions, key_source(source, workspace.home_path, cloud))
    return [carried_out(workspace, cloud, through, plan, leave, quiet=quiet)]


def carried_out(
    workspace: Workspace, cloud: CloudAccount, through: Doors, plan: Plan, leave: Leave, *, quiet: bool
) -> Repair:
    """Execute one plan, remember what the resource is like then, and show what came of it."""
    with under_way(plan) as ended:
        done = repair(plan, leave, through, workspace.home.signer)
        ended(done.state)
    remember(workspace, cloud, plan)
    if not quiet:
        print_repair(done, plan, workspace.catalog)
    output.note_unseen(f"{plan.id} {done.state}: {done.because or plan.ref.address}")
    return done


def _decided(workspace: Workspace, cloud: CloudAccount, plan: Plan) -> Made:
    """The plan with the decisions on its findings as they are now; what was decided when it was made is not used."""
    if plan.purpose is Purpose.ROLLBACK:
        from goldseam.cli.taking_back import rollback_decisions

        return Made(plan.ref, plan, rollback_decisions(workspace, cloud, plan))
    seen = fresh_look(workspace, cloud, plan.ref, workspace.standing())
    return Made(plan.ref, plan, decided_on(plan, seen))


def _refs_decided_auto(workspace: Workspace) -> Sequence[Ref]:
    """The resources with findings that are repaired automatically."""
    return tuple(dict.fromkeys(finding.ref for finding in decided_auto(workspace)))


def _automatic(workspace: Workspace, cloud: CloudAccount, ref: Ref) -> Made | None:
    """The plan for what is repaired automatically on a resource, made and decided on one look; None if nothing is."""
    standing = workspace.standing()
    seen = fresh_look(workspace, cloud, ref, standing)
    named = {decision.finding for decision in seen.decisions if decision.mode is Mode.AUTO}
    wanted = [workspace.catalog.control(item.control) for item in seen.findings if item.id in named]
    if not wanted:
        return None
    made = proposed(workspace, seen, wanted, standing)
    assert made.plan is not None
    workspace.home.plans.save([(made.plan, made.decisions)])
    return made


def remember(workspace: Workspace, cloud: CloudAccount, plan: Plan) -> None:
    """Store the resource and its facts as they read now, so that `findings` is right without another scan."""
    if noticed():
        return
    scans = workspace.home.scans
    known = scans.scans()
    if not known:
        return
    try:
        seen = fresh_look(workspace, cloud, plan.ref, workspace.standing())
    except (CloudError, ResourceGone) as error:
        output.note(f"goldseam: the repair is recorded, but `findings` shows {plan.ref.address} as before it: {error}")
        return
    scans.update(str(known[0]["id"]), seen)


def resume(workspace: Workspace, source: Source, by: str, *, wait: bool, as_json: bool) -> int:
    """End what has not ended."""
    from goldseam.repair.resume import resume as ended
    from goldseam.repair.resume import unfinished

    if not unfinished(workspace.home.ledger):
        output.print_json("goldseam.resume/1", resumed=[]) if as_json else output.say("Nothing is unfinished.")
        return 0
    with at_work(workspace) as (cloud, through):
        with under_way() as told:
            done = ended(
                through,
                _if_known(source, workspace, cloud),
                workspace.home.signer,
                who(by)["by"],
                keep=lambda back: workspace.home.plans.save([(back, ())]),
                waiting=_note_waiting if wait else None,
            )
            for item in done:
                told(f"{item.plan} {item.state}")
        for item in done:
            remember(workspace, cloud, workspace.plan(item.plan))
    if as_json:
        output.print_json("goldseam.resume/1", resumed=[asdict(item) for item in done])
    else:
        for item in done:
            output.say(f"{item.plan}  {item.state}: {item.because}", output.STATE_STYLE.get(item.state, ""))
    return 3 if any(item.state in ("open", "running") for item in done) else 0


def _note_waiting(until: datetime) -> None:
    output.note(f"goldseam: waiting until {until:%H:%M:%S} UTC, when the key of the interrupted repair has expired")


def _if_known(source: Source, workspace: Workspace, cloud: CloudAccount) -> KeySource | None:
    """The key source, or none where none is set up: what needs no key is ended all the same."""
    try:
        return key_source(source, workspace.home_path, cloud)
    except UsageError as error:
        output.note(f"goldseam: {error}")
        return None


def one_time_code(workspace: Workspace, plan_id: str, config: Path | None, *, as_json: bool) -> int:
    """Print a one-time code for a plan."""
    from goldseam.clouds.registry import clouds
    from goldseam.keyholder.commands import new_code
    from goldseam.keyholder.config import load_config

    path = config or workspace.home_path / "keyholder" / "keyholder.yaml"
    loaded = load_config(path, clouds())
    made = new_code(loaded, plan_id)
    if as_json:
        output.print_json("goldseam.code/1", plan=plan_id, code=made.code, about=list(made.about))
    else:
        for line in made.about:
            output.say(line)
        output.say(made.code, "bold")
        output.note(f"for plan {plan_id}, once, within {loaded.code_life}")
    return 0


__all__ = ["Source", "apply", "at_work", "carried_out", "exit_code", "one_time_code", "resume"]
