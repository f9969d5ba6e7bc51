"""State machines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import stepfunctions
from goldseam.model.values import Json, Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.aws_fixtures.roles import role_for
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack


def _machine(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    states: Json = {"Call": {"Type": "Pass", "End": True}}
    if facets.get("secrets"):
        states["Call"]["Parameters"] = {"Password": "not-a-secret-1"}
    definition, refs = json.dumps({"StartAt": "Call", "States": states}), []
    for each in pair(name):
        made = ground.make(
            "stepfunctions.CreateStateMachine", name=each, definition=definition,
            roleArn=role_for(ground, "states.amazonaws.com"),
        )  # fmt: skip
        refs.append(reference(ground, stepfunctions.STATE_MACHINE, made["stateMachineArn"]))
    return FixtureResult(refs[0], {}, (refs[1],))


def _either(value: Value) -> bool:
    """Both values; the facet is there all the same, so what it takes to write it can be shown."""
    return isinstance(value, bool)


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.stepfunctions.state-machine": Fixture(
        _machine,
        lacks=(Lack("ministack", "traced", "ministack does not keep whether executions are traced", _either),),
        normal=frozenset({"updateDate", "revisionId", "loggingConfiguration", "tracingConfiguration"}),
    ),
}
