"""Plans: made on a fresh reading, and shown again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from goldseam.assess.evaluate import Finding, Status
from goldseam.model.errors import (
    UNFORESEEN,
    CloudError,
    CredentialsExpired,
    CredentialsMissing,
    Refused,
    ResourceGone,
    Unreadable,
    UsageError,
    in_words,
)
from goldseam.model.resource import Ref
from goldseam.model.values import Json
from goldseam.repair.plan import Plan
from goldseam.service.context import ServiceContext
from goldseam.service.readings import Proposal, fresh_look, proposed
from goldseam.service.rights import Right, needs
from goldseam.service.selection import chosen
from goldseam.service.views import PlanView, plan_view


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What plans are wanted for: findings or plans by id, every finding, or those of controls."""

    names: Sequence[str] = ()
    everything: bool = False
    controls: Sequence[str] = ()


@needs(Right.PLAN)
def make(context: ServiceContext, request: PlanRequest) -> tuple[Proposal, ...]:
    """Make plans for findings, and take plans that were made; none where nothing open has a fix.

    What cannot be planned says why, and the others are planned. Raises UsageError, UnknownName, CredentialsMissing,
    CredentialsExpired.
    """
    old = [context.home.plans.get(name) for name in request.names if _is_plan(name)]
    made = [Proposal(filed.plan.ref, filed.plan, filed.decisions) for filed in old]
    made += [_planned(context, ref, names) for ref, names in _by_resource(_findings(context, request)).items()]
    if made:
        context.home.plans.save([(item.plan, item.decisions) for item in made if item.plan])
    return tuple(made)


@needs(Right.READ)
def check(context: ServiceContext, plan_ids: Sequence[str]) -> tuple[str, ...]:
    """The ids, each of a plan that was made; raises UnknownName."""
    return tuple(context.home.plans.get(plan_id).plan.id for plan_id in plan_ids)


@needs(Right.READ)
def view(context: ServiceContext, proposal: Proposal) -> PlanView:
    """A plan for people; raises UsageError where there is none, and what is unforeseen about an odd one."""
    return plan_view(_plan_of(proposal), proposal.decisions, context.masking)


@needs(Right.READ)
def document(context: ServiceContext, proposal: Proposal) -> dict[str, Json]:
    """A plan with its decisions for programs; raises UsageError where there is none."""
    plan = _plan_of(proposal)
    secrets = context.masking.secrets_of(plan)
    decisions = [secrets.document(item.to_json()) for item in proposal.decisions]
    return context.masking.plan(plan) | {"decisions": decisions}


@needs(Right.READ)
def commands(context: ServiceContext, proposal: Proposal) -> tuple[str, ...]:
    """The commands that a person would type to carry a plan out, and the way back as comments."""
    from goldseam.clouds.registry import cloud_of_kind

    plan = _plan_of(proposal)
    return tuple(context.masking.commands(plan, cloud_of_kind(plan.ref.kind).command_words))


def unforeseen(error: Exception) -> str:
    """Why one resource or plan was not looked at, where the others were."""
    return f"something about it was not foreseen ({in_words(error)}); run with `--debug` and report this"


def _is_plan(name: str) -> bool:
    return name.startswith("p-")


def _plan_of(proposal: Proposal) -> Plan:
    if proposal.plan is None:
        msg = f"there is no plan for {proposal.ref.address}: {proposal.refusal}"
        raise UsageError(msg)
    return proposal.plan


def _findings(context: ServiceContext, request: PlanRequest) -> list[Finding]:
    """The open findings with a fix that are meant."""
    named = [context.home.scans.finding(name).finding for name in request.names if not _is_plan(name)]
    if not request.everything and not request.controls:
        if not request.names:
            raise UsageError("say what to plan: a finding, `--control ID` or `--all`")
        return named
    controls = chosen(context.catalog, "", request.controls).control_by_id
    kept = context.home.scans.findings(status=str(Status.FAIL))
    return named + [item.finding for item in kept if item.finding.control in controls and item.finding.changes]


def _by_resource(findings: Sequence[Finding]) -> dict[Ref, list[str]]:
    groups: dict[Ref, list[str]] = {}
    for finding in findings:
        groups.setdefault(finding.ref, []).append(finding.control)
    return groups


def _planned(context: ServiceContext, ref: Ref, names: Sequence[str]) -> Proposal:
    controls = [context.catalog.control(name) for name in dict.fromkeys(names)]
    standing = context.standing()
    try:
        return proposed(context, fresh_look(context, ref, standing), controls, standing)
    except (CredentialsMissing, CredentialsExpired):
        raise
    except (Refused, ResourceGone, CloudError, Unreadable) as error:
        return Proposal(ref, None, (), str(error))
    except UNFORESEEN as error:
        return Proposal(ref, None, (), unforeseen(error))
