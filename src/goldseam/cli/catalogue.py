"""`controls` and `permissions`: what goldseam checks and repairs, and the permissions that this needs."""

from __future__ import annotations

from collections.abc import Sequence

from goldseam.cli import output
from goldseam.model.display import write_json
from goldseam.model.values import indented_document
from goldseam.service import controls as known
from goldseam.service.context import ServiceContext
from goldseam.service.controls import Control, Example


def controls(context: ServiceContext, control_id: str, services: str, *, as_json: bool) -> int:
    """List the controls, or show one in full."""
    found = known.find(context, services)
    if control_id:
        return _one(known.get(context, control_id), as_json=as_json)
    if as_json:
        output.print_json("goldseam.controls/1", controls=[known.described(control) for control in found])
        return 0
    output.table(
        ("SEVERITY", "CONTROL", "TITLE", "FIX"),
        (
            ((control.severity, output.SEVERITY_STYLE[control.severity]), control.id, control.title, _fix(control))
            for control in found
        ),
    )
    fixable = sum(control.fixable for control in found)
    output.say()
    output.say(f"{output.count(len(found), 'control')}, {fixable} with a fix. ", "dim")
    output.say("`goldseam controls <id>` shows one in full.", "dim")
    return 0


def _fix(control: Control) -> tuple[str, str]:
    if not control.fixable:
        return "by hand", "dim"
    return ("reversible", "green") if control.reversible else ("one way", "yellow")


def _one(control: Control, *, as_json: bool) -> int:
    if as_json:
        output.print_json("goldseam.control/1", control=known.with_examples(control))
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


def permissions(context: ServiceContext, what: str, plan_id: str, services: str, patterns: Sequence[str]) -> int:
    """Print the permission policy of the scanner, the remediator or one plan."""
    policy = known.permissions(context, what, plan_id, services, patterns)
    write_json(indented_document(policy.document))
    if policy.warning:
        output.note(f"goldseam: {policy.warning}")
    return 0
