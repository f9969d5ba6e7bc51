"""What a finding says can be fixed, can be: over states composed of the examples of all controls of a kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from random import Random

import pytest

from goldseam.assess.evaluate import Finding, evaluate, verdict_on
from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.clouds.aws.services.elbv2 import load_balancer
from goldseam.clouds.aws.services.opensearch import controls as opensearch
from goldseam.clouds.aws.services.s3.data import versioned
from goldseam.control import Control, Example, ShouldBe
from goldseam.model.errors import PlanRefused
from goldseam.model.resource import Resource
from goldseam.model.values import Json, Value, canonical
from goldseam.repair.propose import propose
from tests.aws.laws import as_read, resource_of

CATALOG = aws_catalog()
OVERLAID, MIXED = 24, 12
"""States of each kind: an example laid over another, and each facet from some example."""


def states(kind: str, draw: Random) -> Iterator[dict[str, Value]]:
    controls = CATALOG.controls_of[kind]
    examples = [example for control in controls for example in (*control.compliant, *control.violating)]
    held: dict[str, dict[bytes, Value]] = defaultdict(dict)
    for example in examples:
        for name, value in example.facets.items():
            held[name][canonical(value)] = value
    pools = {name: list(values.values()) for name, values in held.items()}

    def mixed() -> dict[str, Value]:
        return {name: draw.choice(pool) for name, pool in pools.items()}

    pairs = [(one, other) for control in controls for one in control.violating for other in examples]
    for one, other in draw.sample(pairs, min(OVERLAID, len(pairs))):
        yield {**mixed(), **other.facets, **one.facets}
    for _ in range(MIXED):
        yield mixed()


@pytest.mark.parametrize("kind", sorted(CATALOG.controls_of))
def test_what_is_said_to_be_fixable_makes_a_plan(kind: str) -> None:
    """The mutation: `_finding` does not ask `_refusal`; load balancers and OpenSearch domains fail then."""
    draw, controls, planned = Random(kind), CATALOG.controls_of[kind], 0
    for state in states(kind, draw):
        resource = resource_of(CATALOG.kind(kind), state)
        settings = {item.id: item.chosen(draw.choice(item.violating).settings) for item in controls}

        def settings_of(control: Control, _: Resource, given: Mapping[str, Mapping[str, Json]] = settings) -> Json:
            return given[control.id]

        for control, finding in zip(controls, evaluate(resource, controls, settings_of), strict=True):
            if finding.changes:
                plan = propose(resource, [control], controls, settings_of)
                verdict = verdict_on(control, resource, settings[control.id])
                assert plan.fixes or (isinstance(verdict, ShouldBe) and verdict.remains)
                planned += 1
    assert planned or not any(control.fixable for control in controls)


def finding(control: Control, facets: Mapping[str, Value]) -> Finding:
    return evaluate(resource_of(control.kind, facets), [control])[0]


def test_a_fix_that_no_call_makes_is_not_offered_and_says_why() -> None:
    """Attributes that the load balancer does not have cannot be set. What an exemption is for stays the same."""
    control = load_balancer.desync_mitigated
    without = {"type": "application", "attributes": {"deletion_protection.enabled": "true"}}
    found = finding(control, without)
    assert not found.changes
    assert found.guide.startswith("no call brings the attributes of ")
    with pytest.raises(PlanRefused, match="no call brings the attributes"):
        propose(resource_of(control.kind, without), [control], [control])
    offered = finding(control, {**without, "attributes": {load_balancer._DESYNC: "monitor"}})
    assert offered.changes


def test_a_domain_with_an_update_that_waits_is_not_offered_a_switch_that_does_not_install_it() -> None:
    """The usual state of a domain that nobody updates: both are wrong, and switching alone mends one of them."""
    off = {"SoftwareUpdateOptions": {"AutoSoftwareUpdateEnabled": False}}
    example = opensearch.updated.violating[0].facets
    options = {**example["options"], **off}
    waiting = finding(opensearch.updated, {"options": options, "outdated": True})
    assert not waiting.changes
    assert "start-service-software-update" in waiting.guide
    assert finding(opensearch.updated, {"options": options, "outdated": False}).changes


def test_while_a_change_waits_no_other_is_offered_and_an_exemption_still_fits() -> None:
    """The mutation: `_refusal` does not look at what is pending."""
    open_ = as_read(versioned, Example({"versioning": False}))
    waiting = replace(open_, pending={"versioning": "the cloud"})
    offered, later = (evaluate(resource, [versioned])[0] for resource in (open_, waiting))
    assert offered.changes
    assert not later.changes
    assert later.guide == "a change of the versioning waits for the cloud; scan again when that is over"
    assert later.state == offered.state
    with pytest.raises(PlanRefused, match="waits for the cloud"):
        propose(waiting, [versioned], [versioned])
