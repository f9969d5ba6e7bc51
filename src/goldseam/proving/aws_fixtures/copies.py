"""Desktops of WorkSpaces, tasks of DataSync, and what Bedrock writes down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import bedrock, datasync
from goldseam.model.values import ABSENT, Value
from goldseam.proving.aws_fixtures.making import pair, quietly, reference
from goldseam.proving.emulated import REGION, EmulatedGround, Fixture, FixtureResult


def _task(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    place = {"Subdirectory": "/", "ServerHostname": "files", "OnPremConfig": {"AgentArns": []}}
    host = ground.make("datasync.CreateLocationNfs", **{**place, "OnPremConfig": {"AgentArns": [_AGENT]}})
    group = facets.get("log_group", ABSENT)
    more = {} if group is ABSENT else {"CloudWatchLogGroupArn": group}
    arn = host["LocationArn"]
    made = [
        ground.make(
            "datasync.CreateTask", SourceLocationArn=arn, DestinationLocationArn=arn, Name=each,
            Options=facets.get("options", {}), **more,
        )["TaskArn"]
        for each in pair(name)
    ]  # fmt: skip
    refs = [reference(ground, datasync.TASK, each) for each in made]
    return FixtureResult(refs[0], {}, (refs[1],))


_AGENT: Final = "arn:aws:datasync:eu-west-1:123456789012:agent/agent-0123456789abcdef0"


def _bedrock(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del name, facets
    quietly(ground, "bedrock.DeleteModelInvocationLoggingConfiguration")
    return FixtureResult(reference(ground, bedrock.REGION, REGION))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.datasync.task": Fixture(_task),
    "aws.bedrock.region": Fixture(_bedrock),
}
