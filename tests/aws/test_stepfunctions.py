from __future__ import annotations

from goldseam.clouds.aws.services import stepfunctions
from goldseam.control import Example
from tests.aws.laws import left, parameters, planned

FACET = stepfunctions.STATE_MACHINE.facet("logging")
GROUP = {"cloudWatchLogsLogGroup": {"logGroupArn": "arn:aws:logs:eu-west-1:123456789012:log-group:orders:*"}}


def test_no_logging_reads_as_logging_that_is_off() -> None:
    off = {"level": "OFF", "includeExecutionData": False, "destinations": []}
    assert FACET.normal({}) == FACET.normal({"level": "OFF"}) == off


def test_logging_is_switched_on_where_it_was_and_records_no_more_than_it_did() -> None:
    held = {"level": "OFF", "includeExecutionData": True, "destinations": [GROUP]}
    fixed = left(stepfunctions.machine_logged, Example({"logging": held}), "logging")
    assert fixed == {**held, "level": "ERROR"}


def test_tracing_and_logging_are_written_apart() -> None:
    plan = planned(stepfunctions.machine_traced, Example({"traced": False}))
    assert parameters(plan) == [{"stateMachineArn": "goldseam-example", "tracingConfiguration": {"enabled": True}}]
