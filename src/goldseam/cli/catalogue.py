"""`controls`, `permissions` and `conform`: what goldseam knows, what it needs, and what is proved of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from goldseam.cli import output
from goldseam.cli.selection import chosen, service_of
from goldseam.cli.workspace import Workspace
from goldseam.control import Control, Example
from goldseam.model.display import write_json
from goldseam.model.errors import UnknownName, UsageError
from goldseam.model.values import Json, indented_document, plain

if TYPE_CHECKING:
    from goldseam.clouds.protocol import Cloud


def controls(workspace: Workspace, control_id: str, services: str, *, as_json: bool) -> int:
    """List the controls, or show one in full."""
    catalog = chosen(workspace.catalog, services)
    if control_id:
        return _one(workspace.catalog.control(control_id), as_json=as_json)
    if as_json:
        output.print_json("goldseam.controls/1", controls=[described(control) for control in catalog.controls])
        return 0
    output.table(
        ("SEVERITY", "CONTROL", "TITLE", "FIX"),
        (
            ((control.severity, output.SEVERITY_STYLE[control.severity]), control.id, control.title, _fix(control))
            for control in catalog.controls
        ),
    )
    fixable = sum(control.fixable for control in catalog.controls)
    output.say()
    output.say(f"{output.count(len(catalog.controls), 'control')}, {fixable} with a fix. ", "dim")
    output.say("`goldseam controls <id>` shows one in full.", "dim")
    return 0


def described(control: Control) -> dict[str, Json]:
    """A control for programs."""
    return {
        "id": control.id,
        "kind": control.kind.name,
        "service": service_of(control.id),
        "severity": str(control.severity),
        "title": control.title,
        "why": " ".join(control.why.split()),
        "fixable": control.fixable,
        "reversible": control.reversible,
        "reads": list(control.reads),
        "settings": [
            {"name": setting.name, "type": setting.type_name, "default": plain(setting.default)}
            for setting in control.settings
        ],
        "disruption": {
            "harms": control.disruption.harms,
            "why": control.disruption.why,
            "unless": dict(control.disruption.unless),
            "noticed_by": control.disruption.noticed_by,
            "source": control.disruption.source,
        },
        "requirements": list(control.requirements),
        "covers": list(control.covers),
        "not_applicable": [{"reason": owner.reason, "source": owner.source} for owner in control.owners],
    }


def _fix(control: Control) -> tuple[str, str]:
    if not control.fixable:
        return "by hand", "dim"
    return ("reversible", "green") if control.reversible else ("one way", "yellow")


def _one(control: Control, *, as_json: bool) -> int:
    if as_json:
        shown = {
            side: [plain(example.facets) for example in getattr(control, side)] for side in ("compliant", "violating")
        }
        output.print_json("goldseam.control/1", control=described(control) | {"examples": shown})
        return 0
    output.say(control.id, "bold")
    output.say(f"{control.title}.")
    output.say()
    output.say(" ".join(control.why.split()))
    output.say()
    output.say(f"severity      {control.severity}")
    output.say(f"reads         {', '.join(control.reads)} of {control.kind.title}")
    output.say(f"fix           {_fix(control)[0]}")
    output.say(f"disruption    {_disruption(control)}")
    for setting in control.settings:
        output.say(f"setting       {setting.name}: {setting.type_name} = {setting.default!r}")
    for owner in control.owners:
        output.say(f"not applicable where {owner.reason} ({owner.source})")
    output.say(f"requirements  {', '.join(control.requirements) or 'none mapped'}")
    for title, examples in (("compliant", control.compliant), ("violating", control.violating)):
        _examples(title, examples)
    return 0


def _disruption(control: Control) -> str:
    disruption = control.disruption
    if not control.fixable:
        return "none: there is no fix"
    source = f" ({disruption.source})" if disruption.source else ""
    if not disruption.harms:
        return f"harmless: {disruption.why}; noticed by {disruption.noticed_by}{source}"
    shown = " and ".join(f"{name} is {str(value).lower()}" for name, value in disruption.unless.items())
    return f"{disruption.harms}{source}; {f'automatic only when {shown}' if shown else 'never automatic'}"


def _examples(title: str, examples: Sequence[Example]) -> None:
    output.say()
    output.say(title, "bold")
    for example in examples:
        for name, value in example.facets.items():
            lines = output.pretty(value) or ["(absent)"]
            output.say(f"  {name}: {lines[0]}")
            for line in lines[1:]:
                output.say(f"  {line}")


def permissions(workspace: Workspace, what: str, plan_id: str, services: str, patterns: Sequence[str]) -> int:
    """Print the IAM policy of the scanner, the remediator or one plan."""
    from goldseam.clouds.registry import cloud_of_kind, default_cloud

    if what == "plan":
        if not plan_id:
            raise UsageError("say which plan: `goldseam permissions plan <PLAN>`")
        plan = workspace.plan(plan_id)
        _policy(cloud_of_kind(plan.ref.kind), cloud_of_kind(plan.ref.kind).plan_policy(plan))
        return 0
    catalog = chosen(workspace.catalog, services, patterns)
    if what == "scanner":
        _policy(default_cloud(), default_cloud().scanner_policy(catalog))
    elif what == "remediator":
        _policy(default_cloud(), default_cloud().remediator_policy(catalog.controls))
    else:
        raise UnknownName("permission policy", what, ("scanner", "remediator", "plan"))
    return 0


def _policy(cloud: Cloud, document: Json) -> None:
    write_json(indented_document(document))
    if warning := cloud.policy_warning(document):
        output.note(f"goldseam: {warning}")


def conform(
    workspace: Workspace,
    patterns: Sequence[str],
    modules: Sequence[str],
    write: Path | None,
    check: Path | None,
    *,
    as_json: bool,
) -> int:
    """Prove the laws and print the table; write the page of proofs, or compare it."""
    from goldseam.clouds.conformance import built_in
    from goldseam.proving import report

    return report.run(workspace.catalog, built_in(), patterns, modules, as_json=as_json, write=write, check=check)
