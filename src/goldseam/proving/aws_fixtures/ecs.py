"""Clusters, services and task definitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services.ecs import service, task
from goldseam.model.values import ABSENT, Json, Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult

_NETWORK: Final = {"subnets": ["subnet-0a1b2c3d"], "securityGroups": ["sg-0a1b2c3d"]}


def _cluster(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    settings = [{"name": "containerInsights", "value": "disabled"}]
    for each in pair(name):
        ground.make("ecs.CreateCluster", clusterName=each, settings=settings)
    refs = [reference(ground, service.CLUSTER, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


def _service(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    ground.make("ecs.CreateCluster", clusterName=name)
    container = {"name": "app", "image": "app:1", "memory": 64}
    ground.make("ecs.RegisterTaskDefinition", family=name, networkMode="awsvpc", containerDefinitions=[container])
    for each in pair(name):
        ground.make(
            "ecs.CreateService", cluster=name, serviceName=each, taskDefinition=name, desiredCount=0, **_chosen(facets)
        )
    refs = [reference(ground, service.SERVICE, f"{name}/{each}") for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


def _chosen(facets: Mapping[str, Value]) -> dict[str, Json]:
    chosen: dict[str, Json] = {"launchType": "FARGATE" if facets.get("platform", ABSENT) else "EC2"}
    if facets.get("network", ABSENT) is not ABSENT:
        chosen["networkConfiguration"] = {"awsvpcConfiguration": _NETWORK}
    if facets.get("controller"):
        chosen["deploymentController"] = {"type": facets["controller"]}
    return chosen


def _definition(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    sharing = facets.get("sharing", {})
    shared = {key: sharing[key] for key in ("networkMode", "pidMode", "ipcMode") if sharing.get(key)}
    if sharing.get("Windows"):
        shared["runtimePlatform"] = {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}
    containers = [_container(container) for container in facets.get("containers", [{"Name": "app"}])]
    for each in pair(name):
        ground.make("ecs.RegisterTaskDefinition", family=each, containerDefinitions=containers, **shared)
    refs = [reference(ground, task.TASK_DEFINITION, each) for each in pair(name)]
    return FixtureResult(refs[0], {}, (refs[1],))


def _container(wanted: Mapping[str, Json]) -> Json:
    made: dict[str, Json] = {"name": wanted["Name"], "image": "app:1", "memory": 64}
    made["privileged"], made["readonlyRootFilesystem"] = wanted.get("Privileged", False), wanted.get("ReadOnly", False)
    made["environment"] = [{"name": name, "value": "not-a-secret-1"} for name in wanted.get("Secrets", ())]
    if wanted.get("User"):
        made["user"] = wanted["User"]
    if wanted.get("LogDriver"):
        options = {"options": {"mode": wanted["LogMode"]}} if wanted.get("LogMode") else {}
        made["logConfiguration"] = {"logDriver": wanted["LogDriver"], **options}
    return made


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.ecs.cluster": Fixture(_cluster, normal=frozenset({"statistics"})),
    "aws.ecs.service": Fixture(_service, normal=frozenset({"deployments", "events", "updatedAt"})),
    "aws.ecs.task-definition": Fixture(_definition),
}
