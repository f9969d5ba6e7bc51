"""Stage 8: read again, and say what is so. Nothing is called fixed that is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from goldseam.assess.evaluate import verdict_on
from goldseam.control import Catalog, Compliant, Facet, ShouldBe, Verdict, compliant, masked
from goldseam.model.errors import CloudError, ResourceGone
from goldseam.model.resource import Resource
from goldseam.model.values import Json, Unknown, Value, canonical, changed_parts, same
from goldseam.ports import Clock, Reader
from goldseam.repair.plan import Plan, Purpose

PATIENCE: Final = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds to wait before each reading."""


class VerificationResult(StrEnum):
    """What verification can say."""

    VERIFIED = "verified"
    PENDING = "pending"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Verification:
    """What a fresh reading shows of an executed plan.

    `waits` says, by facet, what a pending change waits for; `after` is the reading, None when there was none.
    """

    state: VerificationResult
    because: str
    waits: Mapping[str, str] = field(default_factory=dict)
    after: Resource | None = None


def verify(
    plan: Plan,
    catalog: Catalog,
    reader: Reader,
    facets: frozenset[str],
    clock: Clock,
    patience: tuple[float, ...] = PATIENCE,
) -> Verification:
    """Read a resource again until its plan is seen to have worked, or patience ends.

    A repair has worked when every control of the plan passes, with the settings that the plan was made with, or answers
    what the plan's own change leaves to a person (`ShouldBe.remains`), and is not called passing then; a
    rollback or recovery when the facets are as they were. A repair that passes in another way than was planned is
    waited for, and told of. What the cloud accepted and has not done yet is pending, and
    so is what cannot be read.
    """
    seen = Verification(VerificationResult.FAILED, "it was not looked at")
    for pause in patience:
        clock.sleep(pause)
        seen = _look(plan, catalog, reader, facets)
        if seen.state is VerificationResult.VERIFIED and not (seen.after and _differences(plan, seen.after, catalog)):
            return seen
    if seen.state is VerificationResult.VERIFIED and seen.after:
        odd = "; ".join(_differences(plan, seen.after, catalog))
        accepted = "accepted, since the verdict of every control of the plan is as planned"
        return replace(seen, because=f"{seen.because}; not exactly as planned ({accepted}): {odd}")
    return seen


def _look(plan: Plan, catalog: Catalog, reader: Reader, facets: frozenset[str]) -> Verification:
    try:
        after = reader.read(plan.ref, facets)
    except ResourceGone as error:
        return Verification(VerificationResult.FAILED, str(error))
    except CloudError as error:
        return Verification(VerificationResult.PENDING, f"{plan.ref} cannot be read", {"": f"a reading: {error}"})
    waits = _waits(plan, after, catalog)
    if waits:
        told = "; ".join(f"{facet} waits for {reason}" for facet, reason in sorted(waits.items()))
        return Verification(VerificationResult.PENDING, told, waits, after)
    if plan.purpose is not Purpose.REPAIR:
        wrong, proved = _differences(plan, after, catalog), _brought_back(plan)
    else:
        found = {name: verdict_on(catalog.control(name), after, _chosen(plan, name, catalog)) for name in plan.controls}
        wrong, proved = _offences(plan, found, catalog), _proved(found)
    return Verification(
        VerificationResult.FAILED if wrong else VerificationResult.VERIFIED, "; ".join(wrong) or proved, {}, after
    )


def _waits(plan: Plan, after: Resource, catalog: Catalog) -> dict[str, str]:
    """What keeps the plan from being judged: changes that are accepted and not made, facets that cannot be read."""
    changed = {change.facet for change in plan.changes}
    looked_at = changed.union(*(catalog.control(control).reads for control in plan.controls))
    waits = {facet: reason for facet, reason in after.pending.items() if facet in changed}
    for facet in looked_at:
        value = after.facets.get(facet, Unknown("it was not read"))
        if isinstance(value, Unknown):
            waits[facet] = f"a reading: {value.reason}"
    return waits


def _offences(plan: Plan, found: Mapping[str, Verdict], catalog: Catalog) -> list[str]:
    """The verdicts that are neither a pass nor what the plan itself says that it leaves."""
    left = _left(plan, catalog)
    return [_said(name, verdict) for name, verdict in found.items() if verdict not in (compliant, left.get(name))]


def _said(name: str, verdict: Verdict) -> str:
    if isinstance(verdict, Unknown):
        return f"{name} cannot be told: {verdict.reason}"
    return name if isinstance(verdict, Compliant) else f"{name} does not pass: {verdict.because}"


def _chosen(plan: Plan, name: str, catalog: Catalog) -> Mapping[str, Json]:
    return catalog.control(name).chosen(plan.settings[name])


def _left(plan: Plan, catalog: Catalog) -> dict[str, Verdict]:
    """What controls answer where the plan itself says that it leaves something to a person, by name."""
    before = Resource(plan.ref, plan.values)
    target = before.with_facets({change.facet: change.after for change in plan.changes})
    left = {}
    for name in plan.controls:
        control, settings = catalog.control(name), _chosen(plan, name, catalog)
        verdict = verdict_on(control, before, settings)
        if isinstance(verdict, ShouldBe) and verdict.remains:
            left[name] = verdict_on(control, target, settings)
    return left


def _differences(plan: Plan, after: Resource, catalog: Catalog) -> list[str]:
    """What is other than planned, place by place, with sensitive members masked."""
    kind = catalog.kind(plan.ref.kind)
    return [
        line
        for change in plan.changes
        if not same(after.facets[change.facet], change.after)
        for line in _facet_differences(kind.facet(change.facet), change.after, after.facets[change.facet])
    ]


def _facet_differences(facet: Facet, planned: Value, found: Value | Unknown) -> list[str]:
    pairs = changed_parts(masked(planned, facet), masked(found, facet))
    lines = [_difference(f"{facet.name}.{path}" if path else facet.name, no, yes) for path, no, yes, _ in pairs]
    return lines or [f"the {facet.name} differs in a sensitive member"]


def _difference(place: str, lacking: Sequence[Value], extra: Sequence[Value]) -> str:
    wanted, there = (", ".join(canonical(item).decode() for item in items) for items in (lacking, extra))
    if wanted and there:
        return f"the {place} is {there}, and {wanted} was planned"
    return f"the {place} has {there}, which was not planned" if there else f"the {place} lacks {wanted}"


def _brought_back(plan: Plan) -> str:
    return f"{', '.join(change.facet for change in plan.changes)} as before"


def _proved(found: Mapping[str, Verdict]) -> str:
    passing = [name for name, verdict in found.items() if isinstance(verdict, Compliant)]
    parts = [f"{', '.join(passing)} {'passes' if len(passing) == 1 else 'pass'}"] if passing else []
    left = [_said(name, verdict) for name, verdict in found.items() if name not in passing]
    return "; ".join([*parts, *(f"changed as planned, and {said}" for said in left)])
