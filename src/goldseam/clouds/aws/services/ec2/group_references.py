"""What names security groups without having an interface in them: templates, schedules, and what is scaled to nothing.

`ec2:DescribeNetworkInterfaces` tells what is in a group now. What starts tomorrow is told by what names the group:
sources are the "Security groups" parts of Amazon EC2 User Guide, "Store instance launch parameters in Amazon EC2 launch
templates"; Amazon EC2 Auto Scaling User Guide, "Create a launch configuration"; Amazon ECS Developer Guide, "Amazon ECS
task networking options for Fargate"; AWS Lambda Developer Guide, "Giving Lambda functions access to resources in an
Amazon VPC" (interfaces of idle functions are taken away); AWS CodeBuild User Guide, "Use AWS CodeBuild with Amazon
Virtual Private Cloud"; AWS Glue Developer Guide, "AWS Glue connection properties"; AWS Batch User Guide, "Compute
environment parameters"; Amazon SageMaker AI Developer Guide, "Connect a notebook instance in a VPC to external
resources".
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from goldseam.clouds.aws.facet import Look, Reading
from goldseam.clouds.aws.kind import Ask, AwsKind, at
from goldseam.model.errors import NotOffered
from goldseam.model.resource import Ref
from goldseam.model.values import Json, canonical

DEFAULT: Final = ""
"""Stands for the default group of a network, which is used where none is named."""

_GROUP: Final = re.compile(r"\bsg-[0-9a-zA-Z]+")


@dataclass(frozen=True)
class ReferenceStep:
    """One call on the way to what names groups; its answer's `items` fill the parameters of the next one.

    Words in braces are members of the items before, or `{item}` where an item is a text. Without `items` the answer is
    the one item.
    """

    operation: str
    items: str = ""
    parameters: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class GroupReferences(Look):
    """Which things of a sort name which groups: `{group id or name: [names of the things]}`, sorted.

    `label` is the path of a thing's name; `by_name` that of groups that go by name; where `placed` is in an item and no
    group is, it uses a default group; an item whose `state` is one of `over` is of the past.
    """

    title: str = field(kw_only=True)
    steps: tuple[ReferenceStep, ...] = field(kw_only=True)
    label: str = field(kw_only=True)
    by_name: str = field(default="", kw_only=True)
    placed: str = field(default="", kw_only=True)
    state: str = field(default="", kw_only=True)
    over: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def read_operations(self) -> tuple[str, ...]:
        """All calls on the way."""
        return tuple(step.operation for step in self.steps)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Ask for all things of the sort; a region without the service has none."""
        del item
        found: dict[str, set[str]] = defaultdict(set)
        try:
            for thing in _things(ask, ref.region, self.steps, {}):
                for group in self._groups(thing):
                    found[group].add(str(at(thing, self.label)))
        except NotOffered:
            return Reading({})
        return Reading({group: sorted(names) for group, names in sorted(found.items())})

    def _groups(self, thing: Json) -> set[str]:
        """The groups that a thing names anywhere in what describes it, by id, and those that it names by name."""
        if self.state and at(thing, self.state) in self.over:
            return set()
        by_name = at(thing, self.by_name) or [] if self.by_name else []
        named = {*_GROUP.findall(canonical(thing).decode()), *map(str, by_name)}
        return named or ({DEFAULT} if self.placed and at(thing, self.placed) is not None else set())


def _things(ask: Ask, region: str, steps: tuple[ReferenceStep, ...], words: Mapping[str, str]) -> Iterator[Json]:
    step, rest = steps[0], steps[1:]
    asked = _filled(step.parameters, words)
    if step.items:
        found = ask.every(step.operation, asked, region, step.items)
    else:
        found = [ask.one(step.operation, asked, region)]
    for item in found:
        yield from _things(ask, region, rest, {**words, **_words(item)}) if rest else (item,)


def _words(item: Json) -> dict[str, str]:
    if isinstance(item, str):
        return {"item": item}
    return {key: value for key, value in item.items() if isinstance(value, str)}


def _filled(template: Json, words: Mapping[str, str]) -> Json:
    if isinstance(template, str):
        return template.format(**words)
    if isinstance(template, Mapping):
        return {key: _filled(value, words) for key, value in template.items()}
    return [_filled(item, words) for item in template] if isinstance(template, list) else template


def _listed(operation: str, items: str, **parameters: Json) -> ReferenceStep:
    return ReferenceStep(operation, items, parameters)


_NETWORK: Final = "networkConfiguration.awsvpcConfiguration"
_TASK: Final = "EcsParameters.NetworkConfiguration.awsvpcConfiguration"
_SCHEDULED: Final = "Target.EcsParameters.NetworkConfiguration.awsvpcConfiguration"
_TEMPLATE: Final = {"LaunchTemplateId": "{LaunchTemplateId}"}
_ENDED: Final = ("cancelled", "cancelled_running", "cancelled_terminating", "closed", "failed")

_NAMINGS: Final = (
    GroupReferences(
        name="launch_templates", title="launch template", label="LaunchTemplateName",
        by_name="LaunchTemplateData.SecurityGroups", placed="LaunchTemplateData",
        steps=(
            _listed("ec2.DescribeLaunchTemplates", "LaunchTemplates"),
            ReferenceStep("ec2.DescribeLaunchTemplateVersions", "LaunchTemplateVersions", _TEMPLATE),
        ),
    ),
    GroupReferences(
        name="launch_configurations", title="launch configuration", label="LaunchConfigurationName",
        by_name="SecurityGroups", placed="LaunchConfigurationName",
        steps=(_listed("autoscaling.DescribeLaunchConfigurations", "LaunchConfigurations"),),
    ),
    GroupReferences(
        name="spot_requests", title="Spot Instance request", label="SpotInstanceRequestId",
        placed="LaunchSpecification", state="State", over=_ENDED,
        steps=(_listed("ec2.DescribeSpotInstanceRequests", "SpotInstanceRequests"),),
    ),
    GroupReferences(
        name="spot_fleets", title="Spot Fleet", label="SpotFleetRequestId",
        placed="SpotFleetRequestConfig.LaunchSpecifications", state="SpotFleetRequestState", over=_ENDED,
        steps=(_listed("ec2.DescribeSpotFleetRequests", "SpotFleetRequestConfigs"),),
    ),
    GroupReferences(
        name="ecs_services", title="ECS service", label="serviceName", placed=_NETWORK,
        steps=(
            _listed("ecs.ListClusters", "clusterArns"),
            ReferenceStep("ecs.DescribeClusters", "clusters", {"clusters": ["{item}"]}),
            _listed("ecs.ListServices", "serviceArns", cluster="{clusterArn}"),
            ReferenceStep("ecs.DescribeServices", "services", {"cluster": "{clusterArn}", "services": ["{item}"]}),
        ),
    ),
    GroupReferences(
        name="functions", title="Lambda function", label="FunctionName",
        steps=(_listed("lambda.ListFunctions", "Functions", FunctionVersion="ALL"),),
    ),
    GroupReferences(
        name="databases", title="DB instance", label="DBInstanceIdentifier",
        steps=(_listed("rds.DescribeDBInstances", "DBInstances"),),
    ),
    GroupReferences(
        name="db_clusters", title="DB cluster", label="DBClusterIdentifier",
        steps=(_listed("rds.DescribeDBClusters", "DBClusters"),),
    ),
    GroupReferences(
        name="caches", title="ElastiCache cluster", label="CacheClusterId",
        steps=(_listed("elasticache.DescribeCacheClusters", "CacheClusters"),),
    ),
    GroupReferences(
        name="warehouses", title="Redshift cluster", label="ClusterIdentifier",
        steps=(_listed("redshift.DescribeClusters", "Clusters"),),
    ),
    GroupReferences(
        name="replications", title="DMS replication instance", label="ReplicationInstanceIdentifier",
        steps=(_listed("dms.DescribeReplicationInstances", "ReplicationInstances"),),
    ),
    GroupReferences(
        name="builds", title="CodeBuild project", label="name",
        steps=(
            _listed("codebuild.ListProjects", "projects"),
            ReferenceStep("codebuild.BatchGetProjects", "projects", {"names": ["{item}"]}),
        ),
    ),
    GroupReferences(
        name="notebooks", title="SageMaker notebook instance", label="NotebookInstanceName",
        steps=(
            _listed("sagemaker.ListNotebookInstances", "NotebookInstances"),
            ReferenceStep("sagemaker.DescribeNotebookInstance", "", {"NotebookInstanceName": "{NotebookInstanceName}"}),
        ),
    ),
    GroupReferences(
        name="domains", title="SageMaker domain", label="DomainName",
        steps=(
            _listed("sagemaker.ListDomains", "Domains"),
            ReferenceStep("sagemaker.DescribeDomain", "", {"DomainId": "{DomainId}"}),
        ),
    ),
    GroupReferences(
        name="models", title="SageMaker model", label="ModelName",
        steps=(
            _listed("sagemaker.ListModels", "Models"),
            ReferenceStep("sagemaker.DescribeModel", "", {"ModelName": "{ModelName}"}),
        ),
    ),
    GroupReferences(
        name="connections", title="Glue connection", label="Name",
        steps=(ReferenceStep("glue.GetConnections", "ConnectionList", {"HidePassword": True}),),
    ),
    GroupReferences(
        name="compute_environments", title="Batch compute environment", label="computeEnvironmentName",
        steps=(_listed("batch.DescribeComputeEnvironments", "computeEnvironments"),),
    ),
    GroupReferences(
        name="directories", title="WorkSpaces directory", label="DirectoryId",
        steps=(_listed("workspaces.DescribeWorkspaceDirectories", "Directories"),),
    ),
    GroupReferences(
        name="rules", title="target of EventBridge rule", label="Id", placed=_TASK,
        steps=(
            _listed("events.ListEventBuses", "EventBuses"),
            _listed("events.ListRules", "Rules", EventBusName="{Name}"),
            _listed("events.ListTargetsByRule", "Targets", Rule="{Name}", EventBusName="{EventBusName}"),
        ),
    ),
    GroupReferences(
        name="schedules", title="EventBridge schedule", label="Name", placed=_SCHEDULED,
        steps=(
            _listed("scheduler.ListSchedules", "Schedules"),
            ReferenceStep("scheduler.GetSchedule", "", {"Name": "{Name}", "GroupName": "{GroupName}"}),
        ),
    ),
    GroupReferences(
        name="state_machines", title="Step Functions state machine", label="name",
        steps=(
            _listed("stepfunctions.ListStateMachines", "stateMachines"),
            ReferenceStep("stepfunctions.DescribeStateMachine", "", {"stateMachineArn": "{stateMachineArn}"}),
        ),
    ),
)  # fmt: skip

GROUP_REFERENCES: Final = AwsKind(
    "aws.ec2.security-group-references",
    "what names security groups",
    _NAMINGS,
    address="arn:{partition}:ec2:{region}:{account}:security-group/*",
)

TITLES: Final[Mapping[str, str]] = {naming.name: naming.title for naming in _NAMINGS}
"""By facet, what the things are called that name groups."""
