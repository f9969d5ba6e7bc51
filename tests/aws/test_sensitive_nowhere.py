"""A sensitive value of a resource is in the store and in the sealed request, and nowhere else.

Canaries are planted in every declared place of the examples of every control; each goes the whole way: judged, decided,
planned, recorded, and printed and exported in every form that the command line has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest

from goldseam.assess.context import gather
from goldseam.assess.evaluate import evaluate
from goldseam.audit.record import checkpoint
from goldseam.cli import planning, policies, records, repairing, scanning, taking_back
from goldseam.cli.showing import print_plan, print_repair
from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.aws.write import check_calls
from goldseam.control import Control, Example, Surroundings
from goldseam.decide import Circumstances, decide
from goldseam.decide.policy import no_policies
from goldseam.keyholder.identity import PrivateKey
from goldseam.keyholder.message import asking
from goldseam.model.clock import SystemClock
from goldseam.model.errors import GoldseamError, PlanRefused
from goldseam.model.resource import Resource
from goldseam.model.values import plain
from goldseam.repair.authorize import file_plan
from goldseam.repair.execute import Repair
from goldseam.repair.plan import Plan, Purpose
from goldseam.repair.propose import propose
from goldseam.repair.verify import verify
from goldseam.service.approvals import Consent
from goldseam.service.context import ServiceContext
from goldseam.service.execution import Done
from goldseam.service.findings import FindingRequest
from goldseam.service.pipeline import Seen
from goldseam.service.plans import PlanRequest
from goldseam.service.readings import Proposal
from goldseam.service.views import plan_view, repair_view
from tests.aws.laws import resource_of
from tests.canaries import Canaries
from tests.memory_cloud import FakeClock

CATALOG: Final = aws_catalog()
CONTROLS: Final = [
    control for control in CATALOG.controls if any(control.kind.facet(name).sensitive for name in control.reads)
]
POLICY: Final = 'version: 2\npolicies:\n  - {name: all, controls: ["*"], mode: ask, approvals: {needed: 1}}\n'


def resources(control: Control, canaries: Canaries) -> Iterator[tuple[Example, Resource]]:
    """The examples of a control, with canaries in what offends and beside it."""
    for example in (*control.compliant, *control.violating):
        for beside in (False, True):
            facets = {
                name: canaries.into(control.kind.facet(name), value, beside=beside)
                for name, value in example.facets.items()
            }
            yield example, resource_of(control.kind, facets)


@dataclass
class Way:
    """One control's examples on their way through the stages, in one home."""

    control: Control
    context: ServiceContext

    def seen(self, resource: Resource, example: Example) -> Seen:
        chosen = self.control.chosen(example.settings)
        findings = evaluate(resource, [self.control], lambda *_: chosen)
        rules = [rule for rule in CATALOG.facts_of(self.control.kind) if set(rule.reads) <= resource.facets.keys()]
        around = Surroundings(resource.ref, SystemClock().now())
        facts = gather(resource, rules, around)
        circumstances = Circumstances(around.now, ())
        decisions = tuple(
            decide(item, self.control, resource, facts, no_policies(), circumstances) for item in findings
        )
        return Seen(resource, findings, facts, decisions)

    def recorded(self, seen: Seen, plan: Plan) -> None:
        """What a repair of the plan puts into the ledger, with a cloud that repeats what it was sent."""
        ledger = self.context.home.ledger
        self.context.home.plans.save([(plan, seen.decisions)])
        file_plan(ledger, plan, seen.decisions)
        ledger.append(
            "repair", {"plan": plan.id, "of": "", "by": "ann", "ref": plan.ref.to_json(), "purpose": "repair"}
        )
        for when in ("before", "after"):
            ledger.append(when, {"plan": plan.id, "facets": plain(seen.resource.facets)})
        for step, call in enumerate(plan.calls, 1):
            place = {"plan": plan.id, "step": step, "undo": False}
            ledger.append("intent", {**place, "call": call.to_json()})
            ledger.append("failure", {**place, "code": "Invalid", "message": f"invalid: {call.parameters}"})
        told = f"it did not work: {plan.changes[0].before}"
        ledger.append("outcome", {"plan": plan.id, "state": "undone", "because": told, "waits": {"a": told}})
        last = ledger.last()
        assert last is not None
        checkpoint(ledger, last, self.context.home.signer)


def planned(control: Control, resource: Resource, example: Example) -> Plan | str:
    chosen = control.chosen(example.settings)
    try:
        return propose(resource, [control], [control], lambda *_: chosen)
    except GoldseamError as error:
        return str(error)


def printed(way: Way, seen: Seen, plan: Plan) -> None:
    """Everything that the command line prints of a plan and of its repair."""
    context = way.context
    print_plan(plan_view(plan, seen.decisions, context.masking))
    for form in ("diff", "json", "cli"):
        planning.plan(context, PlanRequest([plan.id]), form)
    after = seen.resource.with_facets({change.facet: change.after for change in plan.changes})
    repair = Repair(plan.id, "undone", f"{plan.changes[0].after}", seen.resource, after, (), ())
    print_repair(repair_view(repair, plan, context.masking))
    repairing.print_repairs(context, [Done(plan, repair)], [])
    for as_json in (False, True):
        taking_back.show_prepared(context, Proposal(plan.ref, plan, seen.decisions), as_json=as_json)
        planning.approve(context.by("ann"), plan.id, Consent(), reject=False, as_json=as_json)


def listed(way: Way, tmp_path: Path) -> None:
    """Everything that the command line prints of findings and of the ledger."""
    context = way.context
    draft = tmp_path / "draft.yaml"
    draft.write_text(POLICY)
    last = context.home.ledger.last()
    if last is not None:
        checkpoint(context.home.ledger, last, context.home.signer)
    for as_json in (False, True):
        scanning.findings(context, FindingRequest(), as_json=as_json)
        policies.simulate(context, draft, everything=True, as_json=as_json)
        records.show(context, "", "", 0, as_json=as_json)
        for kept in context.home.scans.findings():
            scanning.explain(context, kept.finding.id, as_json=as_json)
    for entry in tuple(context.home.ledger.entries(kind="plan")):
        pack = tmp_path / "pack.json"
        for place in (None, pack):
            records.export(context, entry.body["plan"], place)
        assert records.verify(context, pack, None, as_json=False) == 0
    whole = tmp_path / "ledger.jsonl"
    for place in (None, whole):
        records.export(context, "", place)
    if last is not None:
        assert records.verify(context, whole, None, as_json=False) == 0


def refusals(control: Control, plan: Plan) -> Iterator[str]:
    """What errors say that quote values: of writers, of the check before sending, and of verification."""
    for change in plan.changes:
        facet = control.kind.facet(change.facet)
        for side in (change.before, change.after):
            if hasattr(facet, "no_way"):
                yield str(facet.no_way(plan.ref, side))
    for call in plan.calls:
        wrong = replace(call, parameters={name: [value] for name, value in call.parameters.items()} | {"No": "such"})
        with pytest.raises(PlanRefused) as refused:
            check_calls([wrong])
        yield str(refused.value)


@dataclass
class Unmoved:
    """Reads a resource that stays as it is."""

    resource: Resource

    def read(self, *_: object) -> Resource:
        return self.resource


def unproven(plan: Plan, resource: Resource) -> str:
    """What verification says of a repair that did nothing, and of one that did something else."""
    back = replace(plan, purpose=Purpose.ROLLBACK, of=plan.id)
    reader = Unmoved(resource)
    return "; ".join(
        verify(item, CATALOG, reader, frozenset(resource.facets), FakeClock(), (0.0,)).because  # type: ignore[arg-type]
        for item in (plan, back)
    )


def requested(plan: Plan) -> bytes:
    """The request that a keyholder would get."""
    return asking(plan.to_json(), (), PrivateKey.fresh(), PrivateKey.fresh().keyholder_name, SystemClock().now()).body


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.id)
def test_no_sensitive_value_leaves_the_store(
    control: Control, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    canaries, context = Canaries(), ServiceContext(tmp_path / "home")
    context.__dict__["catalog"] = CATALOG
    way, said = Way(control, context), list[str]()
    scan = context.home.scans.begin("123456789012")
    for example, resource in resources(control, canaries):
        seen = way.seen(resource, example)
        said += [repr(finding.because) + finding.guide for finding in seen.findings]
        said += [repr(fact) for fact in seen.facts] + [repr(decision) for decision in seen.decisions]
        context.home.scans.update(scan, seen)
        made = planned(control, resource, example)
        if isinstance(made, str):
            said.append(made)
            continue
        said += [repr(made.because), repr(made.disruption), *refusals(control, made), unproven(made, resource)]
        said.append(requested(made).decode())
        if not any(context.home.ledger.entries(kind="plan", plan=made.id)):
            way.recorded(seen, made)
        printed(way, seen, made)
    listed(way, tmp_path)
    out, err = capsys.readouterr()
    files = [path.read_text() for path in (tmp_path / "pack.json", tmp_path / "ledger.jsonl") if path.exists()]
    for text in (*said, out, err, *files):
        assert canaries.found_in(text) == []


def test_the_search_finds_what_is_there() -> None:
    """The canaries are in the resources, in the plans and in the store; without masks they would be found."""
    planted, plans, kept = 0, 0, 0
    for control in CONTROLS:
        canaries = Canaries()
        for example, resource in resources(control, canaries):
            planted += bool(canaries.found_in(repr(resource.facets)))
            made = planned(control, resource, example)
            if isinstance(made, Plan):
                plans += 1
                kept += bool(canaries.found_in(repr(made.to_json())))
    assert planted >= 3 * len(CONTROLS)
    assert plans >= len(CONTROLS)
    assert kept >= plans / 2
