"""Build projects; no emulator has report groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services.codebuild.project import PROJECT
from goldseam.model.values import Json, Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.aws_fixtures.roles import role_for
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack

_MACHINE: Final = {
    "type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0", "computeType": "BUILD_GENERAL1_SMALL",
}  # fmt: skip


def _project(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    named = [{"name": each, "value": "not-a-secret-1"} for each in facets.get("secrets", ())]
    login = "user:not-a-secret-1@" if facets.get("logins") else ""
    for each in pair(name):
        source = {"type": "GITHUB", "location": f"https://{login}github.com/example/{each}.git"}
        ground.make(
            "codebuild.CreateProject", name=each, source=source, artifacts={"type": "NO_ARTIFACTS"},
            environment=_with(facets, named), serviceRole=role_for(ground, "codebuild.amazonaws.com"),
        )  # fmt: skip
    refs = [reference(ground, PROJECT, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


def _with(facets: Mapping[str, Value], named: Json) -> Json:
    """The machine with variables, in clear text where the example shows none of their values."""
    held = facets.get("environment", {}).get("environmentVariables", ())
    variables = [{"value": "plain", **variable} for variable in held]
    more = {"privilegedMode": True} if any("value" not in variable for variable in held) else {}
    return {**_MACHINE, **more, "environmentVariables": [*variables, *named]}


def _either(value: Value) -> bool:
    """Any value; the facet is there all the same, so what it takes to write it can be shown."""
    return value is not None


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.codebuild.project": Fixture(
        _project,
        lacks=(
            Lack("ministack", "logs", "ministack does not keep where builds are recorded", _either),
            Lack("ministack", "visibility", "ministack does not have UpdateProjectVisibility"),
            Lack("ministack", "triggers", "ministack does not have webhooks of projects"),
            *(
                Lack("moto", facet, "moto does not have UpdateProject", _either)
                for facet in ("environment", "logs", "artifacts", "triggers", "visibility")
            ),
        ),
        normal=frozenset({"artifacts", "environment", "lastModified"}),
    ),
}
