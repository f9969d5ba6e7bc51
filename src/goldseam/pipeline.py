"""The stages in order: what is wrong here, and what would the policies have done about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from goldseam.collect import Collection, collect
from goldseam.context import Fact, gather
from goldseam.control import Catalog, Control, Surroundings
from goldseam.decide import Circumstances, Decision, Exemption, decide, exempted, marked, settings_of
from goldseam.evaluate import Finding, Status, evaluate
from goldseam.plan import Plan, propose
from goldseam.policy import PolicySet
from goldseam.ports import Clock, Gap, Reader, Shard
from goldseam.recall import Memory
from goldseam.resource import Resource
from goldseam.values import Unknown


@dataclass(frozen=True)
class Standing:
    """All that the deciding stages are told beside the resource: the user's rules, and what happened before."""

    policies: PolicySet
    exemptions: tuple[Exemption, ...] = ()
    memory: Memory = field(default_factory=Memory)


@dataclass(frozen=True, slots=True)
class Seen:
    """One resource with everything that the scan found out about it."""

    resource: Resource
    findings: tuple[Finding, ...]
    facts: tuple[Fact, ...]
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What one shard gave: the resources that a control speaks of, the failed listings, and what was asked for."""

    shard: Shard
    kinds: tuple[str, ...]
    seen: tuple[Seen, ...]
    gaps: tuple[Gap, ...]


def scan(reader: Reader, catalog: Catalog, standing: Standing, clock: Clock) -> Iterator[Report]:
    """Stages 1 to 4, a shard at a time; what an account has once stays at hand for the facts of its regions."""
    account_wide: dict[str, tuple[Resource, ...] | Unknown] = {}
    for collection in collect(reader, catalog):
        around = collection.by_kind()
        account_wide.update({kind.name: around[kind.name] for kind in collection.kinds if kind.account_wide})
        seen = tuple(_looked_at(collection, catalog, standing, {**account_wide, **around}, clock))
        judged = tuple(kind.name for kind in collection.kinds if kind.name in catalog.controls_of)
        yield Report(collection.shard, judged, seen, collection.gaps)


def _looked_at(
    collection: Collection,
    catalog: Catalog,
    standing: Standing,
    around: Mapping[str, tuple[Resource, ...] | Unknown],
    clock: Clock,
) -> Iterator[Seen]:
    for resource in collection.resources:
        if resource.ref.kind in catalog.controls_of:
            yield look(resource, catalog, standing, Surroundings(resource.ref, clock.now(), around))


def look(resource: Resource, catalog: Catalog, standing: Standing, around: Surroundings) -> Seen:
    """Stages 2 to 4 on one resource; facts are gathered only where something is to be decided."""
    controls = catalog.controls_of[resource.ref.kind]
    found = evaluate(resource, controls, settings_of(standing.policies))
    if all(finding.status is Status.PASS for finding in found):
        return Seen(resource, found, (), ())
    facts = gather(resource, catalog.facts_of(catalog.kind(resource.ref.kind)), around)
    return judged(resource, facts, catalog, standing, around.now)


def judged(resource: Resource, facts: tuple[Fact, ...], catalog: Catalog, standing: Standing, now: datetime) -> Seen:
    """Stages 2 and 4 on a resource whose context is known."""
    controls = catalog.controls_of[resource.ref.kind]
    found = evaluate(resource, controls, settings_of(standing.policies))
    around = Circumstances(now, standing.exemptions, standing.memory.usage)
    decisions = tuple(
        decide(
            finding, catalog.control(finding.control), resource, facts, standing.policies, around,
            precedent=standing.memory.precedent(finding),
        )
        for finding in found
        if finding.status is not Status.PASS
    )  # fmt: skip
    findings = tuple(marked(finding, standing.exemptions, now) for finding in found)
    return Seen(resource, findings, facts, decisions)


def plan_for(
    resource: Resource, wanted: Sequence[Control], catalog: Catalog, standing: Standing, now: datetime, follows: str
) -> Plan:
    """Stage 5 on a resource: the one plan for the wanted controls, under the user's settings and exemptions.

    `follows` is the last plan on the resource, from the ledger. Raises PlanRefused, ExemptResource.
    """
    controls = catalog.controls_of[resource.ref.kind]
    settings = settings_of(standing.policies)
    exempt = frozenset(
        finding.control
        for finding in evaluate(resource, controls, settings)
        if exempted(finding, standing.exemptions, now)
    )
    return propose(resource, wanted, controls, settings, exempt, follows)
