"""The estate's networks: security groups with what they are on, instances, and what is shared of EC2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tests.estate.account import Account

EVERYWHERE: Final = "0.0.0.0/0"
OFFICE: Final = "10.0.0.0/8"
_IMAGE: Final = "ami-0c3a1b2d4e5f60718"


class Network:
    """A network with a subnet, and the account in which it is made."""

    def __init__(self, account: Account, block: str) -> None:
        self.account, self.ec2 = account, account.own("ec2")
        self.vpc = self.ec2.create_vpc(CidrBlock=f"{block}.0.0/16")["Vpc"]["VpcId"]
        self.subnet = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"{block}.1.0/24")["Subnet"]["SubnetId"]

    def group(self, row: str = "", *rules: dict[str, Any]) -> str:
        """A security group with these rules."""
        made: str = self.ec2.create_security_group(
            GroupName=self.account.name(), Description=self.account.name(), VpcId=self.vpc
        )["GroupId"]
        if rules:
            self.ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=list(rules))
        if row:
            self.account.ids[row] = made
        return made

    def default(self, row: str) -> str:
        """The group that came with the network."""
        filters = [{"Name": "vpc-id", "Values": [self.vpc]}, {"Name": "group-name", "Values": ["default"]}]
        found: str = self.ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]
        self.account.ids[row] = found
        return found

    def instance(self, groups: Sequence[str], row: str = "", **more: Any) -> str:
        """A running instance in the groups."""
        placed = {"SubnetId": self.subnet, "SecurityGroupIds": list(groups)}
        made: str = self.ec2.run_instances(
            ImageId=_IMAGE, MinCount=1, MaxCount=1, InstanceType="t3.small", **placed, **more
        )["Instances"][0]["InstanceId"]
        if row:
            self.account.ids[row] = made
        return made


def tcp(first: int, last: int | None = None, *sources: str) -> dict[str, Any]:
    """A rule for a port or more, from everywhere unless sources are named."""
    ranges = [{"CidrIp": source} for source in sources or (EVERYWHERE,)]
    return {"IpProtocol": "tcp", "FromPort": first, "ToPort": first if last is None else last, "IpRanges": ranges}


_UNUSED: Final[dict[str, dict[str, Any]]] = {
    "g20": tcp(22),
    "g21": {**tcp(3389), "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
    "g22": {"IpProtocol": "-1", "IpRanges": [{"CidrIp": EVERYWHERE}]},
    "g23": tcp(20, 8080),
    "g24": tcp(3306, None, EVERYWHERE, OFFICE),
    "g25": tcp(6379),
    "g26": tcp(27017),
    "g27": tcp(23),
    "g29": tcp(445),
    "g30": tcp(5900),
}


def network(account: Account) -> None:
    """Make the networks, groups and instances, and what EC2 shares with others."""
    main = Network(account, "10.20")
    account.held["web"] = main.group("", tcp(443))
    main.instance([account.held["web"]], "i02")
    for row, rule in _UNUSED.items():
        main.group(row, rule)
    _running(account, main)
    _sleeping(account, main)
    _in_containers(account, main)
    _defaults(account)
    _shared(account, main)


def _running(account: Account, main: Network) -> None:
    ec2 = main.ec2
    main.instance([main.group("g01", tcp(22))], "i01")
    main.instance([main.group("g02", tcp(5432))])
    main.instance([main.group("g09", tcp(3389))], "i03")
    ec2.stop_instances(InstanceIds=[account.ids["i03"]])
    entries = [{"Cidr": EVERYWHERE}]
    listed = ec2.create_managed_prefix_list(
        PrefixListName=account.name(), MaxEntries=5, AddressFamily="IPv4", Entries=entries
    )["PrefixList"]["PrefixListId"]
    by_list = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "PrefixListIds": [{"PrefixListId": listed}]}
    main.instance([main.group("g12", by_list)])


def _sleeping(account: Account, main: Network) -> None:
    """Groups that something names which does not run now."""
    ec2 = main.ec2
    template = {"ImageId": _IMAGE, "SecurityGroupIds": [main.group("g03", tcp(22))]}
    ec2.create_launch_template(LaunchTemplateName=account.name(), LaunchTemplateData=template)
    grown = {"ImageId": _IMAGE, "SecurityGroupIds": [main.group("g04", tcp(8080))], "InstanceType": "t3.small"}
    made = ec2.create_launch_template(LaunchTemplateName=account.name(), LaunchTemplateData=grown)["LaunchTemplate"]
    account.own("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=account.name(),
        MinSize=0,
        MaxSize=4,
        DesiredCapacity=0,
        LaunchTemplate={"LaunchTemplateId": made["LaunchTemplateId"], "Version": "$Latest"},
        VPCZoneIdentifier=main.subnet,
    )
    spare = ec2.create_network_interface(SubnetId=main.subnet, Groups=[main.group("g06", tcp(22))])
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    interface = spare["NetworkInterface"]["NetworkInterfaceId"]
    ec2.associate_address(AllocationId=address, NetworkInterfaceId=interface)
    account.own("batch").create_compute_environment(
        computeEnvironmentName=account.name(),
        type="MANAGED",
        state="ENABLED",
        computeResources={
            "type": "EC2",
            "minvCpus": 0,
            "maxvCpus": 8,
            "desiredvCpus": 0,
            "instanceTypes": ["optimal"],
            "subnets": [main.subnet],
            "securityGroupIds": [main.group("g11", tcp(22))],
            "instanceRole": "ecsInstanceRole",
        },
    )
    account.held["lambda-network"] = {"SubnetIds": [main.subnet], "SecurityGroupIds": [main.group("g31", tcp(22))]}


def _in_containers(account: Account, main: Network) -> None:
    """Groups of a service at 0 and of a task that a schedule starts."""
    ecs, events = account.own("ecs"), account.own("events")
    placed = {"subnets": [main.subnet], "assignPublicIp": "ENABLED"}
    for row in ("o01", "o02"):
        account.ids[row] = account.arn(
            "ecs", f"cluster/{ecs.create_cluster(clusterName=account.name())['cluster']['clusterName']}"
        )
    task = ecs.register_task_definition(
        family=account.name(),
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "a", "image": "public.ecr.aws/docker/library/busybox:1"}],
    )["taskDefinition"]["taskDefinitionArn"]
    ecs.create_service(
        cluster=account.ids["o02"],
        serviceName=account.name(),
        taskDefinition=task,
        desiredCount=0,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {**placed, "securityGroups": [main.group("g05", tcp(5601))]}},
    )
    rule = account.name()
    events.put_rule(Name=rule, ScheduleExpression="rate(1 day)", State="ENABLED")
    nightly = {
        "Subnets": [main.subnet],
        "SecurityGroups": [main.group("g10", tcp(9200))],
        "AssignPublicIp": "ENABLED",
    }
    target = {
        "Id": "t",
        "Arn": account.ids["o01"],
        "RoleArn": f"arn:aws:iam::{account.account_id}:role/ecsEventsRole",
        "EcsParameters": {
            "TaskDefinitionArn": task,
            "LaunchType": "FARGATE",
            "NetworkConfiguration": {"awsvpcConfiguration": nightly},
        },
    }
    events.put_targets(Rule=rule, Targets=[target])


def _defaults(account: Account) -> None:
    """The groups that come with networks: named by a function, on an instance, on nothing."""
    by_function = Network(account, "10.21")
    group = by_function.default("g07")
    account.held["lambda-default"] = {"SubnetIds": [by_function.subnet], "SecurityGroupIds": [group]}
    in_use = Network(account, "10.22")
    in_use.instance([in_use.default("g08")])
    Network(account, "10.23").default("g28")


def _shared(account: Account, main: Network) -> None:
    """A snapshot and an image for everyone, and a subnet that gives public addresses."""
    ec2 = main.ec2
    volume = ec2.create_volume(AvailabilityZone=f"{account.region}a", Size=8)["VolumeId"]
    account.ids["s01"] = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2.modify_snapshot_attribute(
        SnapshotId=account.ids["s01"], Attribute="createVolumePermission", OperationType="add", GroupNames=["all"]
    )
    root = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": ec2.create_snapshot(VolumeId=volume)["SnapshotId"]}}
    account.ids["m01"] = ec2.register_image(
        Name=account.name(), RootDeviceName="/dev/xvda", BlockDeviceMappings=[root]
    )["ImageId"]
    ec2.modify_image_attribute(ImageId=account.ids["m01"], LaunchPermission={"Add": [{"Group": "all"}]})
    account.ids["n01"] = ec2.create_subnet(VpcId=main.vpc, CidrBlock="10.20.9.0/24")["Subnet"]["SubnetId"]
    ec2.modify_subnet_attribute(SubnetId=account.ids["n01"], MapPublicIpOnLaunch={"Value": True})
    account.ids["a03"] = account.arn("ec2", "settings")
