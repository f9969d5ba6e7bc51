"""Clusters and the services in them."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import VALUE, Get, Look, Send, tags
from goldseam.clouds.aws.kind import ANSWER, LAST, REQUEST, AwsKind, Listing, at, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document
from goldseam.control import (
    Example,
    Severity,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.values import ABSENT, Json, Value

_CLUSTERS: Final = Listing("ecs.ListClusters", "clusterArns", id=LAST)
_CLUSTER: Final = {"clusters": ["{id}"], "include": ["SETTINGS", "TAGS"]}
_INSIGHTS: Final = "containerInsights"


def _insights(raw: Json) -> Value:
    held = {item["name"]: item["value"] for item in raw[0].get("settings") or []}
    return held.get(_INSIGHTS, "disabled")


CLUSTER: Final = AwsKind(
    "aws.ecs.cluster",
    "ECS cluster",
    (
        Document(
            name="insights",
            get=Get("ecs.DescribeClusters", _CLUSTER, "clusters"),
            put=Send(
                "ecs.UpdateClusterSettings", {"cluster": "{id}", "settings": [{"name": _INSIGHTS, "value": VALUE}]}
            ),
            decode=_insights,
        ),
        tags(Get("ecs.DescribeClusters", _CLUSTER, "clusters.tags"), key="key", value="value"),
    ),
    touched_by=(
        changes(
            "ecs", f"{REQUEST}.cluster", f"{REQUEST}.clusterName", f"{ANSWER}.cluster.clusterArn",
            id="(?:arn:.+:cluster/)?([^/:]+)",
        ),
    ),
    address="arn:{partition}:ecs:{region}:{account}:cluster/{id}",
    find=_CLUSTERS,
)  # fmt: skip

_OF_SERVICE: Final = {"cluster": "{parent}", "service": "{name}"}
_SERVICE: Final = Get(
    "ecs.DescribeServices", {"cluster": "{parent}", "services": ["{name}"], "include": ["TAGS"]}, "services"
)


def _update(parameter: str, value: object = VALUE) -> Send:
    return Send("ecs.UpdateService", {**_OF_SERVICE, parameter: value})


def _network(raw: Json) -> Value:
    """Where tasks are put that have a network interface of their own."""
    held = at(raw[0], "networkConfiguration.awsvpcConfiguration")
    if not held:
        return ABSENT
    return {
        "subnets": sorted(held.get("subnets") or []),
        "securityGroups": sorted(held.get("securityGroups") or []),
        "assignPublicIp": held.get("assignPublicIp") or "DISABLED",
    }


def _rolling(answer: Json) -> str:
    """What an accepted change of a service waits for."""
    states = at(answer, "services.deployments.rolloutState") or []
    return "a deployment of the service, which is in progress" if "IN_PROGRESS" in states else ""


def _executes(raw: Json) -> Value:
    return bool(raw[0].get("enableExecuteCommand"))


def _platform(raw: Json) -> Value:
    return raw[0].get("platformVersion") or ABSENT


def _controller(raw: Json) -> Value:
    return at(raw[0], "deploymentController.type") or "ECS"


SERVICE: Final = AwsKind(
    "aws.ecs.service",
    "ECS service",
    (
        Document(
            name="network",
            get=_SERVICE,
            put=_update("networkConfiguration", {"awsvpcConfiguration": VALUE}),
            decode=_network,
            waits=_rolling,
        ),
        Document(name="platform", get=_SERVICE, put=_update("platformVersion"), decode=_platform, waits=_rolling),
        Document(name="shell", get=_SERVICE, put=_update("enableExecuteCommand"), decode=_executes),
        Look(name="controller", get=_SERVICE, decode=_controller),
        tags(Get(_SERVICE.operation, _SERVICE.parameters, "services.tags"), key="key", value="value"),
    ),
    touched_by=(changes("ecs", f"{ANSWER}.service.serviceArn", id="arn:.+:service/([^/]+/[^/]+)"),),
    address="arn:{partition}:ecs:{region}:{account}:service/{id}",
    find=Listing("ecs.ListServices", "serviceArns", id=LAST, parameters={"cluster": "{parent}"}, within=_CLUSTERS),
)

_PRIVATE: Final = {"subnets": ["subnet-0a1b2c3d"], "securityGroups": ["sg-0a1b2c3d"], "assignPublicIp": "DISABLED"}
_PUBLIC: Final = {**_PRIVATE, "assignPublicIp": "ENABLED"}


@control(
    "aws.ecs.cluster.insights-on",
    CLUSTER,
    severity=Severity.LOW,
    maps=required("ecs_cluster_container_insights_enabled"),
    disrupts=harmless(
        "metrics of tasks and services are collected, and charged as custom metrics; tasks go on",
        source="Amazon ECS Developer Guide, Monitor Amazon ECS containers using Container Insights with enhanced "
        "observability",
        noticed_by="those who pay",
    ),
    compliant=({"insights": "enabled"}, {"insights": "enhanced"}),
    violating=(Example({"insights": "disabled"}, leaves={"insights": "enabled"}),),
)
def insights_on(insights: str) -> Verdict:
    """Metrics of the cluster's tasks are collected.

    A task that is misused shows first in what it costs.
    """
    if insights != "disabled":
        return compliant
    return should_be(insights="enabled", because="Container Insights is off")


@control(
    "aws.ecs.service.no-public-address",
    SERVICE,
    severity=Severity.HIGH,
    maps=required("ecs_service_no_assign_public_ip"),
    disrupts=may_disrupt(
        "the service deploys its tasks anew; in a subnet without a NAT gateway or endpoints they cannot fetch their "
        "image, and whoever calls them by their public addresses is cut off"
    ),
    compliant=(
        {"network": _PRIVATE, "controller": "ECS"},
        {"network": ABSENT, "controller": "ECS"},
    ),
    violating=(
        Example({"network": _PUBLIC, "controller": "ECS"}, leaves={"network": _PRIVATE}),
        {"network": _PUBLIC, "controller": "CODE_DEPLOY"},
    ),
)
def no_public_address(network: Value, controller: str) -> Verdict:
    """Tasks of the service get no public address.

    Without one a mistake in a security group does not put them on the internet.
    """
    if network is ABSENT or network["assignPublicIp"] != "ENABLED":
        return compliant
    because = "tasks get public addresses"
    if controller == "ECS":
        return should_be(network={**network, "assignPublicIp": "DISABLED"}, because=because)
    return violation(
        because=because,
        guide=f"the network of a service that is deployed by {controller} cannot be changed: set `assignPublicIp` to "
        "DISABLED in the next deployment (in the AppSpec file, or in the next task set), with a route through a NAT "
        "gateway or endpoints",
    )


_CURRENT: Final = ("LATEST", "1.4.0", "1.0.0")
"""The latest platform is 1.4.0 for Linux and 1.0.0 for Windows (ECS Developer Guide, Fargate platform versions)."""


@control(
    "aws.ecs.service.latest-platform",
    SERVICE,
    severity=Severity.MEDIUM,
    maps=required("ecs_service_fargate_latest_platform_version"),
    disrupts=may_disrupt("the service deploys its tasks anew on a newer platform"),
    compliant=(
        {"platform": "LATEST", "controller": "ECS"},
        {"platform": "1.4.0", "controller": "ECS"},
        {"platform": ABSENT, "controller": "ECS"},
    ),
    violating=(
        Example({"platform": "1.3.0", "controller": "ECS"}, leaves={"platform": "LATEST"}),
        {"platform": "1.3.0", "controller": "CODE_DEPLOY"},
    ),
)
def latest_platform(platform: Value, controller: str) -> Verdict:
    """Tasks on Fargate run on the latest platform.

    Kernel and container runtime of an old one get no fixes.
    """
    if platform is ABSENT or platform in _CURRENT:
        return compliant
    because = f"tasks run on platform {platform}"
    if controller == "ECS":
        return should_be(platform="LATEST", because=because)
    return violation(
        because=because,
        guide="set the platform version to LATEST in the next deployment (in the AppSpec file or the next task set)",
    )


@control(
    "aws.ecs.service.no-shell",
    SERVICE,
    severity=Severity.LOW,
    disrupts=may_disrupt("people who open shells in the service's tasks cannot do so in tasks that start from now on"),
    compliant=({"shell": False, "controller": "ECS"},),
    violating=(
        Example({"shell": True, "controller": "ECS"}, leaves={"shell": False}),
        {"shell": True, "controller": "CODE_DEPLOY"},
    ),
)
def no_shell(shell: bool, controller: str) -> Verdict:  # noqa: FBT001
    """Nobody opens a shell in tasks of the service.

    ECS Exec gives whoever may use it the task's role and its secrets. It is meant for finding faults, not to stay.
    """
    if not shell:
        return compliant
    if controller == "ECS":
        return should_be(shell=False, because="ECS Exec is on")
    return violation(
        because="ECS Exec is on",
        guide=f"a service that is deployed by {controller} keeps the setting: make a service beside it without "
        "`--enable-execute-command`, move the traffic, and delete the old one; deny "
        "`ecs:ExecuteCommand` on it until then",
    )
