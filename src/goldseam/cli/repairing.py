"""`apply`, `rollback`, `resume` and `key`: carry out, take back, clean up after a crash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from goldseam.cli import output
from goldseam.cli.connection import Source, key_source
from goldseam.cli.doors import doors
from goldseam.cli.interruption import noticed, under_way
from goldseam.cli.planning import decided_auto, fresh_look, proposed
from goldseam.cli.showing import print_plan, print_repair
from goldseam.cli.workspace import Workspace, who
from goldseam.clock import SystemClock
from goldseam.decide import Decision
from goldseam.errors import CloudError, HomeLocked, Refused, ResourceGone, UsageError
from goldseam.plan import Plan
from goldseam.policy import Mode
from goldseam.ports import KeySource
from goldseam.repair import Leave, Repair, repair
from goldseam.resource import Ref

if TYPE_CHECKING:
    from goldseam.apply import Doors
    from goldseam.clouds.aws.cloud import AwsCloud


@contextmanager
def _at_work(workspace: Workspace) -> Iterator[tuple[AwsCloud, Doors]]:
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
    with _at_work(workspace) as (cloud, through):
        wanted = _refs_decided_auto(workspace) if auto else [workspace.plan(name) for name in plan_ids]
        for item in wanted:
            if came := noticed():
                refusals.append(f"{item.id}: not begun, {came} came before")
                continue
            try:
                plan = item if isinstance(item, Plan) else _automatic(workspace, cloud, item)
                if plan is not None:
                    results += _applied(workspace, cloud, through, plan, source, by, auto=auto, yes=yes, quiet=as_json)
            except (Refused, ResourceGone, CloudError, HomeLocked) as error:
                if len(plan_ids) == 1 and not as_json:
                    raise
                refusals.append(f"{item.id}: {error}")
                output.note(f"goldseam: {refusals[-1]}")
    if as_json:
        output.print_json("goldseam.repairs/1", repairs=[item.to_json() for item in results], refused=refusals)
    elif auto and not results and not refusals:
        output.say("Nothing is to be repaired automatically. `goldseam findings` shows each decision.")
    return _exit_code(results, refusals)


def _exit_code(results: Sequence[Repair], refusals: Sequence[str]) -> int:
    if refusals or any(item.state in ("undone", "conflict") for item in results):
        return 1
    return 3 if any(item.state == "open" for item in results) else 0


def _applied(
    workspace: Workspace,
    cloud: AwsCloud,
    through: Doors,
    plan: Plan,
    source: Source,
    by: str,
    *,
    auto: bool,
    yes: bool,
    quiet: bool,
) -> list[Repair]:
    """One plan, under today's decisions: what was decided when it was made may have changed."""
    decisions = _decisions(workspace, cloud, plan)
    if not auto and not yes and not quiet:
        print_plan(plan, decisions, workspace.catalog)
    if not auto and not yes and not output.ask(f"carry out {plan.id}?"):
        raise Refused(f"{plan.id} was not carried out; add --yes where nobody can be asked")
    leave = Leave(who(by)["by"] if not auto else "policy", decisions, key_source(source, workspace.home_path, cloud))
    with under_way(plan) as ended:
        done = repair(plan, leave, through, workspace.home.signer)
        ended(done.state)
    _remember(workspace, cloud, plan)
    if not quiet:
        print_repair(done, plan)
    output.note_unseen(f"{plan.id} {done.state}: {done.because or plan.ref.address}")
    return [done]


def _decisions(workspace: Workspace, cloud: AwsCloud, plan: Plan) -> tuple[Decision, ...]:
    seen = fresh_look(workspace, cloud, plan.ref, workspace.standing())
    return tuple(decision for decision in seen.decisions if decision.finding in plan.findings)


def _refs_decided_auto(workspace: Workspace) -> Sequence[Ref]:
    """The resources with findings that are repaired automatically."""
    return tuple(dict.fromkeys(finding.ref for finding in decided_auto(workspace)))


def _automatic(workspace: Workspace, cloud: AwsCloud, ref: Ref) -> Plan | None:
    """The plan for what is repaired automatically on a resource, decided anew; none where nothing is any more."""
    standing = workspace.standing()
    seen = fresh_look(workspace, cloud, ref, standing)
    named = {decision.finding for decision in seen.decisions if decision.mode is Mode.AUTO}
    wanted = [workspace.catalog.control(item.control) for item in seen.findings if item.id in named]
    if not wanted:
        return None
    made = proposed(workspace, cloud, ref, wanted, standing)
    assert made.plan is not None
    workspace.home.plans.save([(made.plan, made.decisions)])
    return made.plan


def _remember(workspace: Workspace, cloud: AwsCloud, plan: Plan) -> None:
    """Keep what the resource is like now, so that `findings` is right without another scan."""
    if noticed():
        return
    scans = workspace.home.scans
    if known := scans.scans():
        seen = fresh_look(workspace, cloud, plan.ref, workspace.standing())
        scans.update(str(known[0]["id"]), seen)


def rollback(workspace: Workspace, plan_id: str, source: Source, by: str, *, yes: bool, as_json: bool) -> int:
    """Take a repair back."""
    from goldseam.authorise import Approval, approve
    from goldseam.rollback import plan_rollback

    with _at_work(workspace) as (cloud, through):
        back = plan_rollback(plan_id, through)
        workspace.home.plans.save([(back, ())])
        if not as_json:
            print_plan(back, (), workspace.catalog)
        if not yes and not output.ask(f"take {plan_id} back?"):
            output.note(f"{plan_id} was not taken back; add --yes where nobody can be asked")
            return 1
        person = who(by)["by"]
        approve(workspace.home.ledger, Approval(back.id, person, (), SystemClock().now().isoformat(), "rollback"))
        leave = Leave(person, (), key_source(source, workspace.home_path, cloud))
        with under_way(back) as ended:
            done = repair(back, leave, through, workspace.home.signer)
            ended(done.state)
        _remember(workspace, cloud, back)
    if as_json:
        output.print_json("goldseam.repairs/1", repairs=[done.to_json()], refused=[])
    else:
        print_repair(done, back)
    output.note_unseen(f"{back.id} {done.state}: {done.because or back.ref.address}")
    return _exit_code([done], [])


def resume(workspace: Workspace, source: Source, by: str, *, as_json: bool) -> int:
    """End what has not ended."""
    from goldseam.resume import resume as ended
    from goldseam.resume import unfinished

    if not unfinished(workspace.home.ledger):
        output.print_json("goldseam.resume/1", resumed=[]) if as_json else output.say("Nothing is unfinished.")
        return 0
    with _at_work(workspace) as (cloud, through):
        with under_way() as told:
            done = ended(through, _if_known(source, workspace, cloud), workspace.home.signer, who(by)["by"])
            for item in done:
                told(f"{item.plan} {item.state}")
        for item in done:
            _remember(workspace, cloud, workspace.plan(item.plan))
    if as_json:
        output.print_json("goldseam.resume/1", resumed=[asdict(item) for item in done])
    else:
        for item in done:
            output.say(f"{item.plan}  {item.state}: {item.because}", output.STATE_STYLE.get(item.state, ""))
    return 3 if any(item.state in ("open", "running") for item in done) else 0


def _if_known(source: Source, workspace: Workspace, cloud: AwsCloud) -> KeySource | None:
    """The key source, or none where none is set up: what needs no key is ended all the same."""
    try:
        return key_source(source, workspace.home_path, cloud)
    except UsageError as error:
        output.note(f"goldseam: {error}")
        return None


def one_time_code(workspace: Workspace, plan_id: str, config: Path | None, *, as_json: bool) -> int:
    """Print a one-time code for a plan."""
    from goldseam.keyholder.commands import new_code
    from goldseam.keyholder.config import load_config

    path = config or workspace.home_path / "keyholder" / "keyholder.yaml"
    loaded = load_config(path)
    made = new_code(loaded, plan_id)
    if as_json:
        output.print_json("goldseam.code/1", plan=plan_id, code=made.code, about=list(made.about))
    else:
        for line in made.about:
            output.say(line)
        output.say(made.code, "bold")
        output.note(f"for plan {plan_id}, once, within {loaded.code_life}")
    return 0


__all__ = ["Source", "apply", "one_time_code", "resume", "rollback"]
