"""Controls, and the permissions that scanning, repairing and one plan need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldseam.control import Control, Example
from goldseam.model.errors import UnknownName, UsageError
from goldseam.model.values import Json, plain
from goldseam.service.context import ServiceContext
from goldseam.service.rights import Right, needs
from goldseam.service.selection import chosen, service_of

if TYPE_CHECKING:
    from goldseam.clouds.protocol import Cloud


@dataclass(frozen=True, slots=True)
class PermissionPolicy:
    """A permission policy, and why the cloud may not take it as it is (empty where it does)."""

    document: Json
    warning: str


@needs(Right.READ)
def find(context: ServiceContext, services: str = "") -> tuple[Control, ...]:
    """The controls of services (with commas; empty: of all); raises UnknownName."""
    return tuple(chosen(context.catalog, services).controls)


@needs(Right.READ)
def get(context: ServiceContext, control_id: str) -> Control:
    """The control of that id; raises UnknownName."""
    return context.catalog.control(control_id)


@needs(Right.READ)
def permissions(
    context: ServiceContext, role: str, plan_id: str = "", services: str = "", patterns: Sequence[str] = ()
) -> PermissionPolicy:
    """The permission policy of the `scanner`, the `remediator` or one `plan`; raises UsageError, UnknownName."""
    from goldseam.clouds.registry import cloud_of_kind, default_cloud

    if role == "plan":
        if not plan_id:
            raise UsageError("say which plan: `goldseam permissions plan <PLAN>`")
        plan = context.home.plans.get(plan_id).plan
        cloud = cloud_of_kind(plan.ref.kind)
        return _checked(cloud, cloud.plan_policy(plan))
    catalog, cloud = chosen(context.catalog, services, patterns), default_cloud()
    if role == "scanner":
        return _checked(cloud, cloud.scanner_policy(catalog))
    if role == "remediator":
        return _checked(cloud, cloud.remediator_policy(catalog.controls))
    raise UnknownName("permission policy", role, ("scanner", "remediator", "plan"))


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


def with_examples(control: Control) -> dict[str, Json]:
    """A control for programs, with its examples."""
    sides = (("compliant", control.compliant), ("violating", control.violating))
    return described(control) | {
        "examples": {side: [plain(example.facets) for example in examples] for side, examples in sides}
    }


def _checked(cloud: Cloud, document: Json) -> PermissionPolicy:
    return PermissionPolicy(document, cloud.policy_warning(document))


__all__ = [
    "Control",
    "Example",
    "PermissionPolicy",
    "described",
    "find",
    "get",
    "permissions",
    "with_examples",
]
