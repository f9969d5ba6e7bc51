"""Lumen Bikes' network: security groups right, wide open and mixed, on instances and on nothing; snapshots."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

from goldseam.demo.aws import Clients, tags

_WORLD: Final = "0.0.0.0/0"
_WORLD_6: Final = "::/0"
_OFFICE: Final = "10.0.0.0/8"
_PARTNER_ACCOUNT: Final = "602211847733"
_FLOW_GROUP: Final = "/lumen/vpc-flow-logs"


@dataclass(frozen=True, slots=True)
class Network:
    """The ids of the network's parts."""

    vpc: str
    web_group: str
    """443 and 80 open to the world, on the web server: right."""
    mixed_group: str
    """SSH for the world and for the office in one permission, on the bastion."""
    range_group: str
    """20-8080 open to the world, on nothing."""
    open_group: str
    """Every protocol open to the world, on nothing."""
    remote_desktop_group: str
    """3389 open to the world over IPv4 and IPv6, on nothing."""
    database_group: str
    """PostgreSQL for the web servers only: right."""
    public_snapshot: str
    partner_snapshot: str


def seed_network(clients: Clients, account: str, log_bucket: str) -> Network:
    """Create the VPC, its groups, two instances, flow logs and two shared snapshots."""
    ec2 = clients("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16", **_tagged("vpc", "lumen-main"))["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.1.0/24")["Subnet"]["SubnetId"]
    groups = _groups(ec2, vpc)
    for name, group in (("shop-web-1", groups["shop-web"]), ("bastion", groups["bastion"])):
        ec2.run_instances(
            ImageId="ami-0c3a1b2d4e5f60718",
            MinCount=1,
            MaxCount=1,
            InstanceType="t3.small",
            SubnetId=subnet,
            SecurityGroupIds=[group],
            **_tagged("instance", name),
        )
    _flow_logs(clients, account, vpc, log_bucket)
    _flow_records(clients, account, groups["bastion"])
    public, partner = _snapshots(ec2, clients.region)
    return Network(
        vpc=vpc,
        web_group=groups["shop-web"],
        mixed_group=groups["bastion"],
        range_group=groups["batch-import"],
        open_group=groups["migration-2023"],
        remote_desktop_group=groups["old-windows"],
        database_group=groups["shop-database"],
        public_snapshot=public,
        partner_snapshot=partner,
    )


def _tagged(kind: str, name: str, environment: str = "production") -> dict[str, Any]:
    labels = [{"Key": "Name", "Value": name}, *tags(environment=environment, team="platform")]
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": labels}]}


def _groups(ec2: Any, vpc: str) -> dict[str, str]:
    """The security groups by name; the last one refers to the first."""
    made: dict[str, str] = {}
    for name, about, environment, rules in (
        ("shop-web", "the shop, for everybody", "production", [_open(443), _open(80)]),
        ("bastion", "the way in for operators", "production", [_mixed_ssh()]),
        ("batch-import", "supplier files", "staging", [_permission(20, 8080, {_WORLD: "suppliers, all of them"})]),
        ("migration-2023", "data centre move", "staging", [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": _WORLD}]}]),
        ("old-windows", "accounting terminal", "staging", [_open(3389)]),
        ("shop-database", "orders, from the shop only", "production", []),
    ):
        labels = _tagged("security-group", name, environment)
        made[name] = ec2.create_security_group(GroupName=name, Description=about, VpcId=vpc, **labels)["GroupId"]
        allowed = rules or [_from_group(5432, made["shop-web"])]
        ec2.authorize_security_group_ingress(GroupId=made[name], IpPermissions=allowed)
    return made


def _permission(first: int, last: int, ranges: dict[str, str]) -> dict[str, Any]:
    sources = [{"CidrIp": cidr, "Description": about} for cidr, about in ranges.items()]
    return {"IpProtocol": "tcp", "FromPort": first, "ToPort": last, "IpRanges": sources}


def _open(port: int) -> dict[str, Any]:
    return {**_permission(port, port, {_WORLD: "everybody"}), "Ipv6Ranges": [{"CidrIpv6": _WORLD_6}]}


def _mixed_ssh() -> dict[str, Any]:
    return _permission(22, 22, {_WORLD: "temporary, remove after the move", _OFFICE: "office and VPN"})


def _from_group(port: int, group: str) -> dict[str, Any]:
    source = {"GroupId": group, "Description": "the shop's web servers"}
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": [source]}


def _flow_logs(clients: Clients, account: str, vpc: str, log_bucket: str) -> None:
    """Flow logs of the VPC in two places: refused traffic in a bucket, all of it in a log group."""
    ec2, scope = clients("ec2"), {"ResourceType": "VPC", "ResourceIds": [vpc]}
    bucket = f"arn:aws:s3:::{log_bucket}"
    ec2.create_flow_logs(**scope, TrafficType="REJECT", LogDestinationType="s3", LogDestination=bucket)
    role = f"arn:aws:iam::{account}:role/flow-logs"
    ec2.create_flow_logs(**scope, TrafficType="ALL", LogGroupName=_FLOW_GROUP, DeliverLogsPermissionArn=role)


def _flow_records(clients: Clients, account: str, group: str) -> None:
    """Records that show the bastion's SSH used from the office only."""
    interfaces = clients("ec2").describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [group]}])
    interface = interfaces["NetworkInterfaces"][0]["NetworkInterfaceId"]
    now = int(time.time())
    events = [
        {"timestamp": (now - age) * 1000, "message": _record(account, interface, source, now - age)}
        for age, source in ((7200, "10.4.1.17"), (3600, "10.4.2.80"), (600, "10.9.0.5"))
    ]
    logs, stream = clients("logs"), {"logGroupName": _FLOW_GROUP, "logStreamName": f"{interface}-all"}
    logs.create_log_group(logGroupName=_FLOW_GROUP)
    logs.create_log_stream(**stream)
    logs.put_log_events(**stream, logEvents=events)


def _record(account: str, interface: str, source: str, second: int) -> str:
    """One accepted SSH connection in the default format of flow logs."""
    return f"2 {account} {interface} {source} 10.20.1.30 51514 22 6 24 4821 {second} {second + 59} ACCEPT OK"


def _snapshots(ec2: Any, region: str) -> tuple[str, str]:
    """One snapshot that everybody may restore, and one shared with a partner's account as agreed."""
    volume = ec2.create_volume(AvailabilityZone=f"{region}a", Size=8, **_tagged("volume", "orders-copy"))["VolumeId"]
    public, partner = (
        ec2.create_snapshot(VolumeId=volume, Description=about, **_tagged("snapshot", name, "staging"))["SnapshotId"]
        for name, about in (("orders-copy", "orders before the move"), ("catalogue", "catalogue for the partner"))
    )
    share = {"Attribute": "createVolumePermission", "OperationType": "add"}
    ec2.modify_snapshot_attribute(SnapshotId=public, GroupNames=["all"], **share)
    ec2.modify_snapshot_attribute(SnapshotId=partner, UserIds=[_PARTNER_ACCOUNT], **share)
    return public, partner
