"""A security group without an interface is in use as soon as something names it that starts one."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest
from botocore.session import get_session

from goldseam.clouds.aws.group_rules import atom
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.services.ec2.group_references import DEFAULT, GROUP_REFERENCES, TITLES, GroupReferences
from goldseam.clouds.aws.services.ec2.network import FLOW_LOG, INSTANCE, NETWORK_INTERFACE
from goldseam.clouds.aws.services.ec2.routing import ROUTE_TABLE
from goldseam.clouds.aws.services.ec2.security_group import SECURITY_GROUP
from goldseam.control import Kind
from goldseam.model.resource import Resource
from goldseam.model.values import Json, Value
from goldseam.ports import Shard
from tests.aws.laws import ACCOUNT, REGION
from tests.aws.live import Live, live
from tests.aws.test_facts import DENIED, a, told, value

FACTS: Final = ("attached", "attached_public", "port_in_use", "reachable_from_internet")
WORLD: Final = [atom("0.0.0.0/0", "tcp", 22)]


def group(called: str = "sg-1", name: str = "web", **held: Value) -> Resource:
    usual = {"group_name": name, "ingress": WORLD, "egress": [], "tags": {}, "prefix_list_networks": {}}
    return a(SECURITY_GROUP, called, **{**usual, **held})


NOTHING: Final[dict[str, Json]] = {name: {} for name in TITLES}
ALONE: Final = (group(),)


def near(naming: Json = None, groups: Json = ALONE) -> dict[AwsKind, Json]:
    references = a(GROUP_REFERENCES, REGION, **{**NOTHING, **(naming or {})})
    empty: dict[AwsKind, Json] = dict.fromkeys((NETWORK_INTERFACE, FLOW_LOG, INSTANCE, ROUTE_TABLE), ())
    return {**empty, GROUP_REFERENCES: (references,), SECURITY_GROUP: groups}


def of(beside: dict[AwsKind, Json], about: Resource | None = None) -> list[Json]:
    return [value(told(name, about or group(), SECURITY_GROUP, near=beside)) for name in FACTS]


def test_a_group_that_nothing_names_is_not_in_use() -> None:
    assert of(near()) == [False] * 4
    assert of(near({"functions": {"sg-2": ["resize"]}, "launch_templates": {"other": ["lt"]}})) == [False] * 4


@pytest.mark.parametrize("facet", TITLES)
def test_whatever_names_a_group_may_start_something_in_it(facet: str) -> None:
    """Mutations: one sort of thing is left out; a listing that failed names nothing."""
    assert of(near({facet: {"sg-1": ["a"]}})) == [None] * 4
    assert of(near({facet: {"web": ["a"]}})) == [None] * 4
    assert of(near({facet: DENIED})) == [None] * 4
    assert value(told("dependants", group(), SECURITY_GROUP, near=near({facet: {"sg-1": ["a"]}}))) == [
        f"{TITLES[facet]} a"
    ]


def test_what_names_no_group_uses_a_default_one() -> None:
    """The mutation: only what names a group uses one."""
    beside = near({"launch_templates": {DEFAULT: ["lt"]}})
    assert of(beside) == [False] * 4
    assert of(beside, group(name="default")) == [None] * 4


def test_a_rule_of_another_group_expects_members() -> None:
    """The mutation: only what starts something names a group."""
    naming = [atom(f"{ACCOUNT}/sg-1", "tcp", 5432)]
    for other in (group("sg-2", ingress=naming), group("sg-2", egress=naming)):
        assert of(near(groups=(group(), other))) == [None] * 4
    for itself in (group(ingress=naming), group(egress=naming)):
        assert of(near(groups=(itself,))) == [False] * 4
    assert of(near(groups=DENIED)) == [None] * 4


def test_what_was_not_looked_at_is_not_nothing() -> None:
    for missing in (GROUP_REFERENCES, NETWORK_INTERFACE):
        beside = {kind: held for kind, held in near().items() if kind is not missing}
        assert of(beside) == [None] * 4
        assert of({**beside, missing: DENIED}) == [None] * 4
    assert of({**near(), GROUP_REFERENCES: ()}) == [None] * 4
    lacking = a(GROUP_REFERENCES, REGION, **dict(list(NOTHING.items())[1:]))
    assert of({**near(), GROUP_REFERENCES: (lacking,)}) == [None] * 4


def test_the_reason_says_what_names_the_group() -> None:
    fact = told("port_in_use", group(), SECURITY_GROUP, near=near({"functions": {"sg-1": ["resize"]}}))
    assert getattr(fact.value, "reason", "") == (
        "no network interface is in the group now, but Lambda function resize name it"
    )


NAMINGS: Final = {facet.name: facet for facet in GROUP_REFERENCES.facets if isinstance(facet, GroupReferences)}


def member(shape: Any, path: str) -> Any:
    """The shape at a path of an answer, through lists; None where the SDK knows none."""
    for part in path.split(".") if path else ():
        while shape.type_name == "list":
            shape = shape.member
        shape = shape.members.get(part)
        if shape is None:
            return None
    return shape


@pytest.mark.parametrize("naming", NAMINGS.values(), ids=NAMINGS)
def test_each_way_to_what_names_groups_is_one_that_the_sdk_knows(naming: GroupReferences) -> None:
    """The mutation: a member or a parameter is misspelt."""
    session, words, shape = get_session(), set[str](), None
    for step in naming.steps:
        service, _, operation = step.operation.partition(".")
        model = session.get_service_model(service).operation_model(operation)
        assert set(step.parameters) <= set(model.input_shape.members if model.input_shape else ())
        used = set(re.findall(r"{(\w+)}", json.dumps(dict(step.parameters))))
        assert used <= words
        shape = member(model.output_shape, step.items)
        assert shape is not None
        item = shape.member if shape.type_name == "list" else shape
        words |= {"item"} if item.type_name == "string" else set(item.members)
    for path in (naming.label, naming.by_name, naming.placed, naming.state):
        assert not path or member(shape, path) is not None


class Asked:
    """One item in answer to each call, with all that the next one asks for and a group in the last."""

    def __init__(self, naming: GroupReferences, last: Json) -> None:
        self.naming, self.last, self.asked = naming, last, list[tuple[str, Json]]()

    def one(self, operation: str, parameters: Json, region: str) -> Json:
        self.asked.append((operation, parameters))
        words = {
            word for step in self.naming.steps for word in re.findall(r"{(\w+)}", json.dumps(dict(step.parameters)))
        }
        return self.last if operation == self.naming.steps[-1].operation else {word: f"a {word}" for word in words}

    def every(self, operation: str, parameters: Json, region: str, member: str) -> list[Json]:
        item = self.one(operation, parameters, region)
        return [f"an {member}"] if member.endswith(("Arns", "projects")) and "item" in item else [item]


def under(path: str, value: Json) -> Json:
    for part in reversed(path.split(".")):
        value = {part: value}
    return value


@pytest.mark.parametrize("naming", NAMINGS.values(), ids=NAMINGS)
def test_a_group_is_found_wherever_it_is_named(naming: GroupReferences) -> None:
    """Mutations: what is over still names groups; what goes by name is not seen; what is placed needs no group."""

    def found(**more: Json) -> Json:
        ask: Any = Asked(naming, {**under(naming.label, "thing"), **more})
        reading: Any = naming.read(ask, group().ref, None)
        return reading.value

    assert found(deep=[{"down": ["sg-0a1b2c3d"]}]) == {"sg-0a1b2c3d": ["thing"]}
    assert found() == ({DEFAULT: ["thing"]} if naming.placed == naming.label else {})
    if naming.by_name and "." not in naming.by_name:
        assert found(**under(naming.by_name, ["web"])) == {"web": ["thing"]}
    if naming.placed and naming.placed != naming.label:
        assert found(**under(naming.placed, {})) == {DEFAULT: ["thing"]}
    for state in naming.over:
        assert found(deep="sg-0a1b2c3d", **under(naming.state, state)) == {}


def network(subnet: str, group: str) -> Json:
    return {"awsvpcConfiguration": {"Subnets": [subnet], "SecurityGroups": [group]}}


def seed(aws: Live) -> dict[str, str]:
    """A group for each sleeper, by the facet that names it."""
    vpc = aws.make("ec2.CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    names = ("launch_templates", "older_version", "launch_configurations", "ecs_services", "rules", "schedules")
    groups = {
        name: aws.make("ec2.CreateSecurityGroup", GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        for name in names
    }
    older = {"LaunchTemplateData": {"SecurityGroupIds": [groups["older_version"]]}}
    aws.make("ec2.CreateLaunchTemplate", LaunchTemplateName="web", **older)
    newer = {"NetworkInterfaces": [{"DeviceIndex": 0, "Groups": [groups["launch_templates"]]}]}
    aws.make("ec2.CreateLaunchTemplateVersion", LaunchTemplateName="web", LaunchTemplateData=newer)
    aws.make("ec2.CreateLaunchTemplate", LaunchTemplateName="bare", LaunchTemplateData={"InstanceType": "t3.nano"})
    aws.make(
        "autoscaling.CreateLaunchConfiguration", LaunchConfigurationName="lc", ImageId="ami-12c6146b",
        InstanceType="t3.nano", SecurityGroups=[groups["launch_configurations"]],
    )  # fmt: skip
    aws.make("ecs.CreateCluster", clusterName="c")
    aws.make("ecs.RegisterTaskDefinition", family="t", containerDefinitions=[{"name": "t", "image": "t", "memory": 9}])
    subnet = aws.make("ec2.CreateSubnet", VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    service = {"cluster": "c", "serviceName": "idle", "taskDefinition": "t", "desiredCount": 0}
    own = {"subnets": [subnet], "securityGroups": [groups["ecs_services"]]}
    aws.make("ecs.CreateService", **service, networkConfiguration={"awsvpcConfiguration": own})
    aws.make("events.PutRule", Name="nightly", ScheduleExpression="rate(1 day)")
    arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
    task = {"TaskDefinitionArn": f"{arn}:task-definition/t"}
    nightly = {**task, "NetworkConfiguration": network(subnet, groups["rules"])}
    target = {"Id": "1", "Arn": f"{arn}:cluster/c", "EcsParameters": nightly}
    aws.make("events.PutTargets", Rule="nightly", Targets=[target])
    hourly = {**task, "NetworkConfiguration": network(subnet, groups["schedules"])}
    aws.make(
        "scheduler.CreateSchedule", Name="hourly", ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": f"{arn}:cluster/c", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r", "EcsParameters": hourly},
    )  # fmt: skip
    return groups


def test_on_moto_what_sleeps_is_found(moto_url: str) -> None:
    """From the calls to the names: all versions of a template, a service at zero, scheduled tasks."""
    with live(moto_url, GROUP_REFERENCES, SECURITY_GROUP) as aws:
        groups = seed(aws)
        wanted: dict[Kind, frozenset[str]] = {GROUP_REFERENCES: frozenset(TITLES)}
        (found,) = [item for item in aws.reader.scan(Shard(ACCOUNT, REGION), wanted) if isinstance(item, Resource)]
    held = found.facets
    assert held["launch_templates"] == {
        DEFAULT: ["bare"], groups["launch_templates"]: ["web"], groups["older_version"]: ["web"],
    }  # fmt: skip
    assert held["launch_configurations"] == {groups["launch_configurations"]: ["lc"]}
    assert held["ecs_services"] == {groups["ecs_services"]: ["idle"]}
    assert held["rules"] == {groups["rules"]: ["1"]}
    assert held["schedules"] == {groups["schedules"]: ["hourly"]}
    rest = set(TITLES) - {"launch_templates", "launch_configurations", "ecs_services", "rules", "schedules"}
    assert {name: held[name] for name in rest} == {name: {} for name in rest}
