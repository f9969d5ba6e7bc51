"""Interfaces, instances and flow logs: what facts look at to tell who uses a security group, and controls judge."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import Get, Look, Send, absent_is, tags, until
from goldseam.clouds.aws.kind import ANSWER, REQUEST, TAGGED, AwsKind, Listing, changes
from goldseam.clouds.aws.owners import managed_by_service, principal
from goldseam.clouds.aws.services.ec2.among import MANAGED, Among
from goldseam.clouds.aws.services.ec2.instance_facets import Profile, StoppedFor
from goldseam.clouds.aws.services.ec2.user_data import secrets_in_user_data
from goldseam.clouds.aws.shapes import Settings, Switch
from goldseam.model.values import Json, Value


def _group_ids(raw: Json) -> Value:
    return sorted(group["GroupId"] for group in raw)


def _groups(listed: str) -> Look:
    """The ids of the security groups that it is in, sorted."""
    return Look(name="groups", listed=listed, decode=_group_ids, form=absent_is([]))


def _attachment(raw: Json) -> Value:
    return {"instance": raw.get("InstanceId", ""), "status": raw.get("Status", "")}


NETWORK_INTERFACE: Final = AwsKind(
    "aws.ec2.network-interface",
    "network interface",
    (
        _groups("Groups"),
        Look(name="public_ip", listed="Association.PublicIp"),
        Look(name="ipv6_addresses", listed="Ipv6Addresses.Ipv6Address", form=absent_is([])),
        Look(name="private_ip", listed="PrivateIpAddress"),
        Look(name="attachment", listed="Attachment", decode=_attachment),
        Look(name="status", listed="Status"),
        Look(name="interface_type", listed="InterfaceType"),
        Look(name="description", listed="Description"),
        Look(name="requester", listed="RequesterId"),
        Look(name="vpc", listed="VpcId"),
        Look(name="subnet", listed="SubnetId"),
        tags(listed="TagSet"),
    ),
    touched_by=(
        changes(
            "ec2",
            TAGGED,
            f"{REQUEST}.networkInterfaceId",
            f"{ANSWER}.networkInterface.networkInterfaceId",
            f"{ANSWER}.instancesSet.items.networkInterfaceSet.items.networkInterfaceId",
            id="eni-.+",
        ),
    ),
    address="arn:{partition}:ec2:{region}:{account}:network-interface/{id}",
    find=Listing(
        "ec2.DescribeNetworkInterfaces",
        "NetworkInterfaces",
        id="NetworkInterfaceId",
        narrow={"NetworkInterfaceIds": ["{id}"]},
    ),
)

_METADATA: Final = ("HttpTokens", "HttpPutResponseHopLimit", "HttpEndpoint", "InstanceMetadataTags")
_GONE: Final = frozenset({"terminated", "shutting-down"})
_MONITORED: Final = frozenset({"enabled", "pending"})


def _monitoring(change: str) -> Send:
    return Send(f"ec2.{change}Instances", {"InstanceIds": ["{id}"]})


INSTANCE: Final = AwsKind(
    "aws.ec2.instance",
    "instance",
    (
        _groups("SecurityGroups"),
        Look(name="public_ip", listed="PublicIpAddress"),
        Look(name="private_ip", listed="PrivateIpAddress"),
        Look(name="state", listed="State.Name"),
        Look(name="image", listed="ImageId"),
        Look(name="launched", listed="LaunchTime"),
        Look(name="gone", listed="State.Name", decode=_GONE.__contains__),
        StoppedFor(name="stopped_days"),
        Settings(
            name="metadata",
            listed="MetadataOptions",
            modify=Send("ec2.ModifyInstanceMetadataOptions", {"InstanceId": "{id}"}),
            fields={name: name for name in _METADATA},
            waits=until("MetadataOptions.State", "applied", of="the metadata options of the instance"),
        ),
        Switch(
            name="monitored",
            listed="Monitoring.State",
            decode=_MONITORED.__contains__,
            levels={True: _monitoring("Monitor"), False: _monitoring("Unmonitor")},
            waits=until("Monitoring.State", "enabled", "disabled", of="the monitoring of the instance"),
        ),
        Profile(name="profile"),
        Among(name="managed", others=MANAGED, decode=bool),
        Look(
            name="user_data",
            get=Get("ec2.DescribeInstanceAttribute", {"InstanceId": "{id}", "Attribute": "userData"}, "UserData.Value"),
            decode=secrets_in_user_data,
            form=absent_is([]),
        ),
        Look(name="vpc", listed="VpcId"),
        Look(name="operator", listed="Operator", decode=principal, form=absent_is("")),
        tags(),
    ),
    touched_by=(
        changes(
            "ec2",
            TAGGED,
            f"{REQUEST}.instanceId",
            f"{REQUEST}.instancesSet.items.instanceId",
            f"{ANSWER}.instancesSet.items.instanceId",
            id="i-.+",
        ),
    ),
    address="arn:{partition}:ec2:{region}:{account}:instance/{id}",
    find=Listing(
        "ec2.DescribeInstances",
        "Reservations.Instances",
        id="InstanceId",
        narrow={"InstanceIds": ["{id}"]},
    ),
    owner_rule=managed_by_service,
)


def _destination(raw: Json) -> Value:
    """Where the log goes, with the default that EC2 leaves out."""
    return {
        "type": raw.get("LogDestinationType") or "cloud-watch-logs",
        "address": raw.get("LogDestination") or "",
        "log_group": raw.get("LogGroupName") or "",
    }


FLOW_LOG: Final = AwsKind(
    "aws.ec2.flow-log",
    "flow log",
    (
        Look(name="resource", listed="ResourceId"),
        Look(name="destination", listed="", decode=_destination),
        Look(name="traffic", listed="TrafficType"),
        Look(name="format", listed="LogFormat"),
        Look(name="status", listed="FlowLogStatus"),
        Look(name="delivery", listed="DeliverLogsStatus"),
        tags(),
    ),
    touched_by=(
        changes(
            "ec2",
            TAGGED,
            f"{REQUEST}.DeleteFlowLogsRequest.FlowLogId.content",
            f"{ANSWER}.CreateFlowLogsResponse.flowLogIdSet.item",
            id="fl-.+",
        ),
    ),
    address="arn:{partition}:ec2:{region}:{account}:vpc-flow-log/{id}",
    find=Listing("ec2.DescribeFlowLogs", "FlowLogs", id="FlowLogId", narrow={"FlowLogIds": ["{id}"]}),
)
