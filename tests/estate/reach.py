"""Who could connect to what, by plain descriptions of EC2, ECS, EventBridge and Batch: the emulator has no network."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

from tests.estate.account import STRANGER, Account


def connects(account: Account, group: str, port: int) -> bool:
    """Whether a stranger reaches a port of a running instance that is in the group, by the group's own rules."""
    return any(group in groups for groups in _running(account)) and opens(account, group, port)


def will_connect(account: Account, group: str, port: int) -> bool:
    """Whether a stranger will reach the port of what is started later in the group."""
    return any(group in groups for groups in _sleeping(account)) and opens(account, group, port)


def opens(account: Account, group: str, port: int, source: str = STRANGER) -> bool:
    """Whether the group's rules let an address in to a TCP port."""
    held = account.own("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    return any(
        ip_address(source) in ip_network(block)
        for rule in held["IpPermissions"]
        if rule["IpProtocol"] == "-1" or (rule["IpProtocol"] == "tcp" and rule["FromPort"] <= port <= rule["ToPort"])
        for block in _blocks(account, rule)
    )


def leaves(account: Account, group: str) -> bool:
    """Whether the group lets traffic out to everywhere."""
    held = account.own("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    return any(
        item["CidrIp"] == "0.0.0.0/0"
        for rule in held["IpPermissionsEgress"]
        if rule["IpProtocol"] == "-1"
        for item in rule["IpRanges"]
    )


def _blocks(account: Account, rule: dict[str, Any]) -> Iterator[str]:
    for item in rule.get("IpRanges", []):
        yield item["CidrIp"]
    for item in rule.get("PrefixListIds", []):
        entries = account.own("ec2").get_managed_prefix_list_entries(PrefixListId=item["PrefixListId"])["Entries"]
        yield from (entry["Cidr"] for entry in entries)


def _running(account: Account) -> Iterator[list[str]]:
    for item in _instances(account):
        if item["State"]["Name"] == "running":
            yield [group["GroupId"] for group in item["SecurityGroups"]]


def _instances(account: Account) -> Iterator[dict[str, Any]]:
    for reservation in account.own("ec2").describe_instances()["Reservations"]:
        yield from reservation["Instances"]


def _sleeping(account: Account) -> Iterator[list[str]]:
    """The groups of everything that names some and does not run now."""
    ec2 = account.own("ec2")
    for item in _instances(account):
        if item["State"]["Name"] == "stopped":
            yield [group["GroupId"] for group in item["SecurityGroups"]]
    for template in ec2.describe_launch_templates()["LaunchTemplates"]:
        for version in ec2.describe_launch_template_versions(LaunchTemplateId=template["LaunchTemplateId"])[
            "LaunchTemplateVersions"
        ]:
            yield version["LaunchTemplateData"].get("SecurityGroupIds", [])
    for interface in ec2.describe_network_interfaces()["NetworkInterfaces"]:
        if interface["Status"] == "available":
            yield [group["GroupId"] for group in interface["Groups"]]
    yield from _containers(account)
    for environment in account.own("batch").describe_compute_environments()["computeEnvironments"]:
        yield environment["computeResources"]["securityGroupIds"]


def _containers(account: Account) -> Iterator[list[str]]:
    ecs, events = account.own("ecs"), account.own("events")
    for cluster in ecs.list_clusters()["clusterArns"]:
        names = ecs.list_services(cluster=cluster)["serviceArns"]
        for service in ecs.describe_services(cluster=cluster, services=names)["services"] if names else []:
            yield service["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"]
    for rule in events.list_rules()["Rules"]:
        for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]:
            placed = target.get("EcsParameters", {}).get("NetworkConfiguration", {}).get("awsvpcConfiguration", {})
            yield placed.get("SecurityGroups", [])
