"""The stages in order: what is wrong here, and what would the policies have done about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from goldseam.assess.collect import Collection, Nearby, collect
from goldseam.assess.context import Fact, gather, not_gathered
from goldseam.assess.evaluate import Finding, Status, evaluate
from goldseam.control import Catalog, Control, Dependent, Earlier, FactRule, Kind, Located, Surroundings, no_earlier
from goldseam.decide import (
    Circumstances,
    Decision,
    Exemption,
    TraceLine,
    decide,
    exempted,
    held,
    marked,
    settings_of,
)
from goldseam.decide.policy import TAGS, Mode, Policy, PolicySet
from goldseam.model.errors import UNFORESEEN, ExemptResource, PlanRefused, in_words
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json
from goldseam.ports import Clock, Gap, Reader, Shard
from goldseam.repair.plan import Plan
from goldseam.repair.propose import propose
from goldseam.repair.recall import Memory

_COSTS: Final = (
    "it takes calls that cost, and neither a policy in force nor a failed control asked for it; scan again with a "
    "policy that does"
)


@dataclass(frozen=True)
class Standing:
    """All that the deciding stages are told beside the resource: the user's rules, and what happened before."""

    policies: PolicySet
    exemptions: tuple[Exemption, ...] = ()
    memory: Memory = field(default_factory=Memory)
    earlier: Callable[[Ref], Sequence[Earlier]] = no_earlier


@dataclass(frozen=True, slots=True)
class Seen:
    """One resource with everything that the scan found out about it.

    `located` lists what settings name, for the plan that is made of this look.
    """

    resource: Resource
    findings: tuple[Finding, ...]
    facts: tuple[Fact, ...]
    decisions: tuple[Decision, ...]
    located: Located | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Report:
    """What one shard gave: the resources that a control speaks of, the failed listings, and what was asked for."""

    shard: Shard
    kinds: tuple[str, ...]
    seen: tuple[Seen, ...]
    gaps: tuple[Gap, ...]


def scan(reader: Reader, catalog: Catalog, standing: Standing, clock: Clock) -> Iterator[Report]:
    """Stages 1 to 4, a shard at a time; what an account has once stays at hand for the facts of its regions.

    Facts are dated with the beginning of the scan: nothing that they rest on was read before. The decisions are
    forecasts; `look` makes those that permit.
    """
    nearby, read_at = Nearby(reader, catalog), clock.now()
    for collection in collect(reader, _judging(catalog, standing.policies)):
        nearby.enter(collection)
        seen = tuple(_looked_at(collection, catalog, standing, nearby, read_at, clock))
        kinds = tuple(kind.name for kind in collection.kinds)
        yield Report(collection.shard, kinds, seen, collection.gaps)


def look(reader: Reader, catalog: Catalog, standing: Standing, ref: Ref, clock: Clock) -> Seen:
    """One resource through stages 1 to 4 on one fresh reading: its facets, its tags and what its facts need.

    This is the reading for a decision that permits. Nothing that was stored, or read for another resource, goes into
    it: what facts read beside the resource is read once here, and again for the next resource. What earlier scans found
    can only show since when something is as it is now.

    Raises ResourceGone, CloudError.
    """
    kind, read_at = catalog.kind(ref.kind), clock.now()
    resource = reader.read(ref, catalog.judged[kind] | _tags(kind))
    nearby = Nearby(reader, catalog)
    findings = _verdicts(resource, catalog, standing, nearby.regions)
    if not _open(findings):
        return Seen(_kept(resource, findings, catalog), findings, (), (), nearby.regions)
    rules = _with_glances(_asked(resource, findings, catalog, standing), _named(findings, catalog, standing))
    nearby.read_ahead([(resource, rules)])
    (completed,) = nearby.completed([(resource, rules)])
    facts = _facts(completed, rules, catalog, Surroundings(ref, read_at, nearby.around(ref, rules), standing.earlier))
    return replace(_decided(completed, findings, facts, catalog, standing, clock.now()), located=nearby.regions)


def _with_glances(rules: Sequence[FactRule], named: frozenset[str]) -> tuple[FactRule, ...]:
    """The rules; those that a decision asks for need here what they only glance at where a scan reads it anyway."""
    return tuple(
        replace(rule, needs={**rule.glances, **rule.needs}) if rule.name in named and rule.glances else rule
        for rule in rules
    )


def _judging(catalog: Catalog, policies: PolicySet) -> Mapping[Kind, frozenset[str]]:
    """The facets to read of every resource: with the tags where a policy gives settings by them to those that judge."""
    by_tags = {control.kind for control in catalog.controls if any(map(_by_tags, policies.giving(control)))}
    return {kind: names | _tags(kind) if kind in by_tags else names for kind, names in catalog.judged.items()}


def _by_tags(given: tuple[Policy, Mapping[str, Json]]) -> bool:
    policy, settings = given
    return bool(policy.scope.tags) or any(isinstance(item, Dependent) and item.tag for item in settings.values())


def _tags(kind: Kind) -> frozenset[str]:
    return frozenset({TAGS} & kind.facet_by_name.keys())


def _looked_at(
    collection: Collection, catalog: Catalog, standing: Standing, nearby: Nearby, read_at: datetime, clock: Clock
) -> Iterator[Seen]:
    """Every resource through stages 2 to 4; facts are gathered, and read, only where something is to be decided."""
    found = [(resource, _verdicts(resource, catalog, standing, nearby.regions)) for resource in collection.resources]
    wrong = [
        (resource, _asked(resource, findings, catalog, standing)) for resource, findings in found if _open(findings)
    ]
    nearby.read_ahead(wrong)
    whole = nearby.completed(wrong)
    asked = iter(wrong)
    for resource, findings in found:
        if not _open(findings):
            yield Seen(resource, findings, (), ())
            continue
        _, rules = next(asked)
        around = Surroundings(resource.ref, read_at, nearby.around(resource.ref, rules), standing.earlier)
        completed = next(whole)
        facts = _facts(completed, rules, catalog, around)
        yield _decided(completed, findings, facts, catalog, standing, clock.now())


def _verdicts(resource: Resource, catalog: Catalog, standing: Standing, located: Located | None) -> tuple[Finding, ...]:
    return evaluate(resource, catalog.controls_of[resource.ref.kind], settings_of(standing.policies, located))


def _open(findings: Sequence[Finding]) -> bool:
    return any(map(_undecided, findings))


def _undecided(finding: Finding) -> bool:
    """Whether there is something to decide: not where a control passes, nor where only others may change it."""
    return finding.status not in {Status.PASS, Status.NOT_APPLICABLE}


def _asked(
    resource: Resource, findings: Sequence[Finding], catalog: Catalog, standing: Standing
) -> tuple[FactRule, ...]:
    """The facts to gather of a resource: those that cost much only where something asks for them."""
    names = _named(findings, catalog, standing)
    rules = catalog.facts_of(catalog.kind(resource.ref.kind))
    return tuple(rule for rule in rules if not rule.dear or rule.name in names)


def _named(findings: Sequence[Finding], catalog: Catalog, standing: Standing) -> frozenset[str]:
    """The facts that a policy in force or the disruption of a control that does not pass names."""
    failed = [catalog.control(item.control) for item in findings if _undecided(item)]
    return standing.policies.facts.union(*(control.disruption.unless for control in failed))


def _facts(resource: Resource, asked: Sequence[FactRule], catalog: Catalog, around: Surroundings) -> tuple[Fact, ...]:
    """The facts that are asked for, and each other one with the reason why it was not gathered."""
    names = {rule.name for rule in asked}
    others = (rule for rule in catalog.facts_of(catalog.kind(resource.ref.kind)) if rule.name not in names)
    return (*gather(resource, asked, around), *(not_gathered(rule, _COSTS, around.now) for rule in others))


def judged(
    resource: Resource,
    facts: tuple[Fact, ...],
    catalog: Catalog,
    standing: Standing,
    now: datetime,
    located: Located | None = None,
) -> Seen:
    """Stages 2 and 4 on a resource and facts that were stored: a forecast, never a decision that permits."""
    return _decided(resource, _verdicts(resource, catalog, standing, located), facts, catalog, standing, now)


def _decided(
    resource: Resource,
    found: Sequence[Finding],
    facts: tuple[Fact, ...],
    catalog: Catalog,
    standing: Standing,
    now: datetime,
) -> Seen:
    """Stage 4 on what was found of a resource; what facts read beside it changes no verdict."""
    around = Circumstances(now, standing.exemptions, standing.memory.usage)
    decisions = tuple(
        _decision(finding, catalog, resource, facts, standing, around) for finding in found if _undecided(finding)
    )
    findings = tuple(marked(finding, standing.exemptions, now) for finding in found)
    return Seen(_kept(resource, found, catalog), findings, facts, decisions)


def _decision(
    finding: Finding,
    catalog: Catalog,
    resource: Resource,
    facts: tuple[Fact, ...],
    standing: Standing,
    around: Circumstances,
) -> Decision:
    """Stage 4 on one finding; where it cannot be decided it is left, and the others are decided all the same."""
    control, precedent = catalog.control(finding.control), standing.memory.precedent(finding)
    try:
        return decide(finding, control, resource, facts, standing.policies, around, precedent=precedent)
    except UNFORESEEN as error:
        because = f"{in_words(error)}; report this"
        line = TraceLine(
            "policy", "the decision can be made", None, "leave: it cannot", (because,), "decision", Mode.LEAVE
        )
        return Decision(finding.id, Mode.LEAVE, "", 1, (), (line,), standing.policies.version)


def _kept(resource: Resource, found: Sequence[Finding], catalog: Catalog) -> Resource:
    """The resource as it is kept: what controls look at, and its tags while there is something to decide.

    What only facts look at is in the facts; much of it moves by itself, and would make a history of no change.
    """
    names = catalog.judged[catalog.kind(resource.ref.kind)] | ({TAGS} if _open(found) else frozenset())
    return replace(resource, facets={name: value for name, value in resource.facets.items() if name in names})


def plan_for(
    resource: Resource,
    wanted: Sequence[Control],
    catalog: Catalog,
    standing: Standing,
    now: datetime,
    follows: str,
    located: Located | None = None,
) -> Plan:
    """Stage 5 on a resource: the one plan for the wanted controls, under the user's settings and exemptions.

    `follows` is the last plan on the resource, from the ledger; `located` lists what settings name, as the look at the
    resource does. Raises PlanRefused, ExemptResource.
    """
    for whole in held(resource.ref, standing.exemptions, now):
        raise ExemptResource(whole)
    controls = catalog.controls_of[resource.ref.kind]
    settings = settings_of(standing.policies, located)
    exempt = frozenset(
        finding.control
        for finding in evaluate(resource, controls, settings)
        if exempted(finding, standing.exemptions, now)
    )
    try:
        return propose(resource, wanted, controls, settings, exempt, follows, catalog.version)
    except UNFORESEEN as error:
        msg = f"the plan for `{resource.ref}` cannot be made ({in_words(error)}); report this"
        raise PlanRefused(msg) from error
