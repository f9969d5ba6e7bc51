"""`plan`, `approve` and `exempt`: what would be changed, who agrees, and what is to be left."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson

from goldseam.assess.evaluate import Finding, Status
from goldseam.audit.record import exported
from goldseam.cli import output
from goldseam.cli.masks import commands_shown, entries_shown, plan_shown, secrets_of
from goldseam.cli.selection import chosen, words
from goldseam.cli.showing import print_plan
from goldseam.cli.workspace import Workspace, who
from goldseam.control import Catalog, Control
from goldseam.decide import Decision, Exemption
from goldseam.model.clock import SystemClock
from goldseam.model.display import write_line
from goldseam.model.errors import (
    UNFORESEEN,
    CloudError,
    CredentialsExpired,
    CredentialsMissing,
    Refused,
    ResourceGone,
    UnknownName,
    Unreadable,
    UsageError,
    in_words,
)
from goldseam.model.resource import Ref
from goldseam.model.values import Json
from goldseam.repair.approval import Approval, reject
from goldseam.repair.approval import approve as record_approval
from goldseam.repair.authorize import file_plan
from goldseam.repair.claim import followed
from goldseam.repair.plan import Plan, Purpose
from goldseam.service.pipeline import Seen, judged, look, plan_for

if TYPE_CHECKING:
    from goldseam.clouds.protocol import CloudAccount, CommandWords
    from goldseam.service.pipeline import Standing

_FORMS: Final = ("diff", "json", "cli")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What plans are wanted for: findings or plans by id, every finding, or those of controls."""

    names: Sequence[str]
    everything: bool
    controls: Sequence[str]


@dataclass(frozen=True, slots=True)
class Made:
    """A plan with the decisions on its findings, or why there is none."""

    ref: Ref
    plan: Plan | None
    decisions: tuple[Decision, ...] = ()
    refusal: str = ""


def plan(workspace: Workspace, wanted: Chosen, form: str) -> int:
    """Make or show plans."""
    if form not in _FORMS:
        raise UnknownName("format", form, _FORMS)
    old = [name for name in wanted.names if name.startswith("p-")]
    made = [Made(filed.plan.ref, filed.plan, filed.decisions) for filed in map(workspace.filed, old)]
    findings = _findings(workspace, wanted)
    if findings:
        with workspace.cloud() as cloud:
            made += [_made(workspace, cloud, ref, names) for ref, names in _by_resource(findings).items()]
    elif not old:
        output.note("There is nothing to plan: no open finding with a fix. `goldseam findings` lists what there is.")
        return 0
    fresh = [(item.plan, item.decisions) for item in made if item.plan]
    workspace.home.plans.save(fresh)
    show_plans(workspace, made, form)
    return 0 if all(item.plan for item in made) else 1


def _findings(workspace: Workspace, wanted: Chosen) -> list[Finding]:
    """The open findings with a fix that the user means."""
    named = [workspace.home.scans.finding(name).finding for name in wanted.names if not name.startswith("p-")]
    if not wanted.everything and not wanted.controls:
        if not wanted.names:
            raise UsageError("say what to plan: a finding, `--control ID` or `--all`")
        return named
    controls = chosen(workspace.catalog, "", wanted.controls).control_by_id
    kept = workspace.home.scans.findings(status=str(Status.FAIL))
    return named + [item.finding for item in kept if item.finding.control in controls and item.finding.changes]


def _by_resource(findings: Sequence[Finding]) -> dict[Ref, list[str]]:
    groups: dict[Ref, list[str]] = {}
    for finding in findings:
        groups.setdefault(finding.ref, []).append(finding.control)
    return groups


def _made(workspace: Workspace, cloud: CloudAccount, ref: Ref, names: Sequence[str]) -> Made:
    controls = [workspace.catalog.control(name) for name in dict.fromkeys(names)]
    standing = workspace.standing()
    try:
        return proposed(workspace, fresh_look(workspace, cloud, ref, standing), controls, standing)
    except (CredentialsMissing, CredentialsExpired):
        raise
    except (Refused, ResourceGone, CloudError, Unreadable) as error:
        return Made(ref, None, (), str(error))
    except UNFORESEEN as error:
        return Made(ref, None, (), unforeseen(error))


def fresh_look(workspace: Workspace, cloud: CloudAccount, ref: Ref, standing: Standing) -> Seen:
    """A resource with its facts, read and decided now; raises ResourceGone, CloudError."""
    return look(cloud.reader, workspace.catalog, standing, ref, SystemClock())


def proposed(workspace: Workspace, seen: Seen, controls: Sequence[Control], standing: Standing) -> Made:
    """The plan for controls on a resource and the decisions on it, both from one look.

    Raises PlanRefused, ExemptResource.
    """
    ref = seen.resource.ref
    follows = followed(workspace.home.ledger, ref)
    now = SystemClock().now()
    made = plan_for(seen.resource, controls, workspace.catalog, standing, now, follows, seen.located)
    return Made(ref, made, decided_on(made, seen))


def decided_on(plan: Plan, seen: Seen) -> tuple[Decision, ...]:
    """The decisions of a look on the findings of a plan."""
    return tuple(item for item in seen.decisions if item.finding in plan.findings)


def show_plans(workspace: Workspace, made: Sequence[Made], form: str) -> None:
    """Print plans, in one of the forms of `goldseam plan`: `table`, `json` or `cli`."""
    if form == "json":
        output.print_json(
            "goldseam.plans/1",
            plans=[
                plan_shown(item.plan, workspace.catalog)
                | {"decisions": [_decision_shown(item.plan, decision, workspace) for decision in item.decisions]}
                for item in made
                if item.plan
            ],
            refused=[{"resource": item.ref.address, "because": item.refusal} for item in made if not item.plan],
        )
        return
    for item in made:
        if item.plan is None:
            output.note(f"no plan for {item.ref.address}: {item.refusal}")
        else:
            try:
                _show_one(workspace, item.plan, item.decisions, form)
            except UNFORESEEN as error:
                output.note(f"{item.plan.id} cannot be shown: {unforeseen(error)}; `--format json` shows it whole")


def unforeseen(error: Exception) -> str:
    """Why one resource or plan was not looked at, where the others were."""
    return f"something about it was not foreseen ({in_words(error)}); run with `--debug` and report this"


def _show_one(workspace: Workspace, plan: Plan, decisions: Sequence[Decision], form: str) -> None:
    if form == "cli":
        from goldseam.clouds.registry import cloud_of_kind

        _print_commands(plan, workspace.catalog, cloud_of_kind(plan.ref.kind).command_words)
    else:
        print_plan(plan, decisions, workspace.catalog)


def _decision_shown(plan: Plan, decision: Decision, workspace: Workspace) -> Json:
    return secrets_of(plan, workspace.catalog).document(decision.to_json())


def _print_commands(plan: Plan, catalog: Catalog, words: CommandWords) -> None:
    """The assisted way: what a person would type."""
    for line in (f"# {plan.id}: {plan.ref.address}", *commands_shown(plan, catalog, words)):
        write_line(line)


@dataclass(frozen=True, slots=True)
class Opinion:
    """A person's yes or no to a plan."""

    plan: str
    reject: bool
    comment: str
    groups: str
    signing_key: Path | None
    by: str


def approve(workspace: Workspace, opinion: Opinion, *, as_json: bool) -> int:
    """Record a yes or a no."""
    filed, ledger, by = workspace.filed(opinion.plan), workspace.home.ledger, who(opinion.by)["by"]
    plan = filed.plan
    plan.require_current()
    file_plan(ledger, plan, filed.decisions)
    if opinion.reject:
        entry = reject(ledger, plan.id, by, opinion.comment)
    else:
        entry = record_approval(ledger, _approval(plan, opinion, by))
    if as_json:
        output.print_json("goldseam.approval/1", entry=orjson.loads(exported(entry, entries_shown(workspace))))
    else:
        step = f"rollback {plan.of}" if plan.purpose is Purpose.ROLLBACK else f"apply {plan.id}"
        output.say(
            f"{plan.id} " + (f"rejected by {by}" if opinion.reject else f"approved by {by}; next: `goldseam {step}`")
        )
    return 0


def _approval(plan: Plan, opinion: Opinion, by: str) -> Approval:
    now, groups = SystemClock().now(), words(opinion.groups)
    if opinion.signing_key is None:
        return Approval(plan.id, by, groups, now.isoformat(), opinion.comment)
    from goldseam.keyholder.approval import signed_approval
    from goldseam.keyholder.identity import PrivateKey

    key = PrivateKey.load(opinion.signing_key)
    return Approval.from_json(signed_approval(plan, by, key, now, groups=groups, comment=opinion.comment))


@dataclass(frozen=True, slots=True)
class Wish:
    """That a finding be left alone, or no longer."""

    finding: str
    owner: str
    reason: str
    expires: str
    withdraw: bool
    by: str


def exempt(workspace: Workspace, wish: Wish, *, as_json: bool) -> int:
    """Give, withdraw or list exemptions."""
    if not wish.finding:
        return _list_exemptions(workspace, as_json=as_json)
    if wish.withdraw and wish.finding.startswith("e-"):
        return _withdraw_named(workspace, wish)
    finding, home, by = workspace.home.scans.finding(wish.finding).finding, workspace.home, who(wish.by)["by"]
    if wish.withdraw:
        home.exemptions.withdraw(finding.control, finding.ref, by)
        _decide_again(workspace, finding.id)
        output.note(f"{finding.control} on {finding.ref.address} is no longer exempt")
        return 0
    home.exemptions.give(_exemption(finding, wish, by))
    _decide_again(workspace, finding.id)
    if as_json:
        return _list_exemptions(workspace, as_json=True)
    output.say(f"exempt: {finding.control} on {finding.ref.address}, for {wish.owner}, as it is today")
    return 0


def _withdraw_named(workspace: Workspace, wish: Wish) -> int:
    """End an exemption by its own name; there may be no finding that it is about."""
    item = workspace.home.exemptions.named(wish.finding)
    workspace.home.exemptions.withdraw(item.control, item.ref, who(wish.by)["by"])
    output.note(f"{item.control} on {item.ref.address} is no longer exempt; `goldseam scan` decides anew")
    return 0


def _decide_again(workspace: Workspace, name: str) -> None:
    """Store today's forecast for a finding, on what was read last, for `findings` and `explain`.

    It permits nothing: `plan` and `apply` read the resource and its facts again. The facts keep their times.
    """
    scans = workspace.home.scans
    kept = scans.finding(name)
    resource, facts = scans.resource(kept.finding.ref)
    now = SystemClock().now()
    seen = judged(resource, facts, workspace.catalog, workspace.standing(), now, workspace.stored_regions)
    same_one = tuple(item for item in seen.findings if item.id == name and item.state == kept.finding.state)
    decisions = tuple(item for item in seen.decisions if item.finding == name)
    scans.update(kept.scan, replace(seen, findings=same_one, decisions=decisions))


def _exemption(finding: Finding, wish: Wish, by: str) -> Exemption:
    if finding.status is not Status.FAIL:
        raise UsageError(f"{finding.id} does not fail ({finding.status}); only a failing finding can be exempt")
    missing = [name for name in ("owner", "reason", "expires") if not getattr(wish, name)]
    if missing:
        raise UsageError(f"an exemption needs {' and '.join(f'--{name}' for name in missing)}")
    now = SystemClock().now()
    expires = expiry(wish.expires, now)
    return Exemption(finding.control, finding.ref, wish.owner, wish.reason, expires, finding.state, by, now)


def expiry(text: str, now: datetime) -> datetime:
    """A date, or days from now as `90d`; raises UsageError when it is neither or has passed."""
    try:
        days = re.fullmatch(r"(\d{1,4})d", text)
        when = now + timedelta(days=int(days[1])) if days else datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise UsageError(f"`{text}` is no date; write YYYY-MM-DD, or days as `90d`") from error
    if when <= now:
        raise UsageError(f"`{text}` has passed; an exemption ends in the future")
    return when


def _list_exemptions(workspace: Workspace, *, as_json: bool) -> int:
    held = workspace.exemptions()
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


def decided_auto(workspace: Workspace) -> Iterator[Finding]:
    """The open findings whose stored forecast is automatic; each is decided again before anything is done."""
    for kept in workspace.home.scans.findings(status=str(Status.FAIL)):
        if kept.decision is not None and kept.decision.mode == "auto":
            yield kept.finding
