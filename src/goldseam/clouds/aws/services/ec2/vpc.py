"""Networks: what they record, how they reach AWS, and those that nobody designed."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import Look, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, TAGGED, AwsKind, Listing, changes
from goldseam.clouds.aws.named import BucketArn, LogGroup, Role
from goldseam.clouds.aws.owners import shared
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.ec2.among import ENDPOINTS, SUBNETS, Among, Own
from goldseam.clouds.aws.services.ec2.flow_logs import TO_BUCKET, TO_GROUP, FlowLogs, flow_log
from goldseam.control import (
    Example,
    Severity,
    Verdict,
    compliant,
    control,
    harmless,
    should_be,
    violation,
)
from goldseam.model.values import Json, Value

_GONE: Final = frozenset({"deleted", "deleting", "expired", "failed", "rejected"})
_ENOUGH_ZONES: Final = 2


def _services(raw: Json) -> Value:
    return sorted({item["ServiceName"] for item in raw if str(item.get("State")).lower() not in _GONE})


def _zones(raw: Json) -> Value:
    return sorted({item["AvailabilityZone"] for item in raw})


VPC: Final = AwsKind(
    "aws.ec2.vpc",
    "VPC",
    (
        FlowLogs(name="flow_logs", of="VPC"),
        Among(name="endpoints", others=ENDPOINTS, decode=_services),
        Among(name="zones", others=SUBNETS, decode=_zones),
        Look(name="is_default", listed="IsDefault"),
        Own(name="own", listed="OwnerId"),
        tags(),
    ),
    touched_by=(
        changes(
            "ec2",
            TAGGED,
            f"{REQUEST}.vpcId",
            f"{REQUEST}.CreateFlowLogsRequest.ResourceId.content",
            f"{REQUEST}.CreateVpcEndpointRequest.VpcId",
            f"{ANSWER}.vpc.vpcId",
            id="vpc-.+",
        ),
    ),
    address="arn:{partition}:ec2:{region}:{account}:vpc/{id}",
    find=Listing("ec2.DescribeVpcs", "Vpcs", id="VpcId", narrow={"VpcIds": ["{id}"]}),
    owner_rule=shared(),
)

_BUCKET: Final = "arn:aws:s3:::flow-logs-of-the-company"
_ROLE: Final = "arn:aws:iam::123456789012:role/flow-logs"
_TO_GROUP: Final = {"log_group": "flow-logs", "role": _ROLE}
_IN_GROUP: Final = flow_log("ALL", TO_GROUP, "flow-logs", _ROLE)
_IN_BUCKET: Final = flow_log("ALL", TO_BUCKET, _BUCKET)
_ACCEPTED: Final = flow_log("ACCEPT", TO_GROUP, "flow-logs", _ROLE)
_WHERE_TO: Final = (
    "1. choose where logs go: a bucket of the log account, or a log group with a role that "
    "`vpc-flow-logs.amazonaws.com` may assume and that may write to it; 2. give it in a policy as the setting `bucket` "
    "(an ARN), or as `log_group` and `role` (an ARN); 3. look at the finding again: it can then be repaired and taken "
    "back"
)


@control(
    "aws.ec2.vpc.flow-logged", VPC, severity=Severity.MEDIUM,
    disrupts=harmless(
        "flow logs are collected outside the path of the traffic, without impact on throughput or latency; "
        "delivery to the chosen destination is charged by volume",
        source="Amazon VPC User Guide, Logging IP traffic using VPC Flow Logs",
        noticed_by="those who pay",
    ),
    maps=required("vpc_flow_logs_enabled"),
    covers=("security-hub:EC2.6", "cloudbots:vpc_turn_on_flow_logs"),
    compliant=[
        {"flow_logs": [_IN_BUCKET], "own": True},
        {"flow_logs": [flow_log("REJECT", TO_GROUP, "flow-logs", _ROLE)], "own": True},
        {"flow_logs": [], "own": False},
    ],
    violating=[
        {"flow_logs": [], "own": True},
        Example({"flow_logs": [], "own": True}, _TO_GROUP, {"flow_logs": [_IN_GROUP]}),
        Example({"flow_logs": [_ACCEPTED], "own": True}, {"bucket": _BUCKET}, {"flow_logs": [_ACCEPTED, _IN_BUCKET]}),
        Example(
            {"flow_logs": [], "own": True},
            {"bucket": _BUCKET, "accepted_too": False},
            {"flow_logs": [flow_log("REJECT", TO_BUCKET, _BUCKET)]},
        ),
    ],
)  # fmt: skip
def flow_logged(
    flow_logs: list[Json],
    own: bool,  # noqa: FBT001
    *,
    bucket: BucketArn = "",
    log_group: LogGroup = "",
    role: Role = "",
    accepted_too: bool = True,
) -> Verdict:
    """A network records the connections that it refuses.

    Without the record nobody can tell afterwards who tried what, from where, and what left the network. A log of
    accepted connections alone does not show the trying. A network that another account shares is that account's to
    record.
    """
    if not own or any(log["traffic"] in {"ALL", "REJECT"} for log in flow_logs):
        return compliant
    because = "only accepted connections are recorded" if flow_logs else "no flow log records the network"
    traffic = "ALL" if accepted_too else "REJECT"
    if bucket:
        made = flow_log(traffic, TO_BUCKET, bucket)
    elif log_group and role:
        made = flow_log(traffic, TO_GROUP, log_group, role)
    else:
        return violation(because=because, guide=_WHERE_TO)
    return should_be(flow_logs=[*flow_logs, made], because=because)


@control(
    "aws.ec2.vpc.reaches-ec2-privately", VPC, severity=Severity.LOW,
    maps=required("vpc_endpoint_for_ec2_enabled"),
    covers=("security-hub:EC2.10",),
    compliant=[
        {"endpoints": ["com.amazonaws.eu-west-1.ec2", "com.amazonaws.eu-west-1.s3"], "own": True},
        {"endpoints": [], "own": False},
    ],
    violating=[{"endpoints": [], "own": True}, {"endpoints": ["com.amazonaws.eu-west-1.ec2messages"], "own": True}],
)  # fmt: skip
def reaches_ec2_privately(endpoints: list[str], own: bool) -> Verdict:  # noqa: FBT001
    """Calls to EC2 do not leave the network.

    With an endpoint they need no way to the internet, and its policy says whose credentials may be used from inside. It
    answers for the name of EC2 in the whole network: with a wrong security group all those calls fail at once, so a
    person makes it.
    """
    if not own or any(name.rpartition(".")[2] == "ec2" for name in endpoints):
        return compliant
    return violation(
        because="the network has no endpoint for EC2",
        guide="1. make a security group that lets in tcp 443 from the network's own ranges; 2. choose one subnet in "
        "each zone; 3. `aws ec2 create-vpc-endpoint --vpc-endpoint-type Interface --vpc-id VPC --service-name "
        "com.amazonaws.REGION.ec2 --subnet-ids SUBNETS --security-group-ids GROUP --no-private-dns-enabled`; 4. call "
        "EC2 through the endpoint's own DNS name from each zone; 5. `aws ec2 modify-vpc-endpoint --vpc-endpoint-id "
        "ENDPOINT --private-dns-enabled`",
    )


@control(
    "aws.ec2.vpc.not-default", VPC, severity=Severity.LOW,
    compliant=[{"is_default": False}],
    violating=[{"is_default": True}],
)  # fmt: skip
def not_default(is_default: bool) -> Verdict:  # noqa: FBT001
    """The region has no default network.

    All its subnets are public and hand out public addresses: whatever is started without a thought about networks is on
    the internet.
    """
    if not is_default:
        return compliant
    return violation(
        because="it is the network that AWS made for the account",
        guide="1. `aws ec2 describe-network-interfaces --filters Name=vpc-id,Values=VPC`: move what is in it to a "
        "network of your own; 2. see that no template, pipeline or service relies on there being one; 3. detach and "
        "delete its internet gateway, delete its subnets, then `aws ec2 delete-vpc --vpc-id VPC`; 4. if it is ever "
        "needed again, `aws ec2 create-default-vpc` makes another",
    )


@control(
    "aws.ec2.vpc.in-two-zones", VPC, severity=Severity.LOW,
    maps=required("vpc_subnet_different_az"),
    compliant=[{"zones": ["eu-west-1a", "eu-west-1b"]}, {"zones": []}],
    violating=[{"zones": ["eu-west-1a"]}],
)  # fmt: skip
def in_two_zones(zones: list[str]) -> Verdict:
    """The subnets of a network lie in more than one zone.

    What can only be started in one zone goes down with it. A network without subnets holds nothing.
    """
    if not zones or len(zones) >= _ENOUGH_ZONES:
        return compliant
    return violation(
        because=f"all subnets lie in {zones[0]}",
        guide="1. make a subnet with the same routes in another zone; 2. give both to the groups, databases and load "
        "balancers of the network",
    )
