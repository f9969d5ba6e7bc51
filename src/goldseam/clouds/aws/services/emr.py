"""EMR: the region's block on public clusters, and clusters that run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Get, Look, Send, tags
from goldseam.clouds.aws.kind import ANSWER, REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.shapes import Document, Switch
from goldseam.control import Example, Severity, Verdict, compliant, control, may_disrupt, should_be, violation
from goldseam.model.values import ABSENT, Json, Value

_BLOCK: Final = "BlockPublicSecurityGroupRules"
_PORTS: Final = "PermittedPublicSecurityGroupRuleRanges"
_SSH: Final = {"MinRange": 22, "MaxRange": 22}


def _block_form(value: Value) -> Value:
    """The block, and the port ranges that it lets through, in order and with both ends."""
    held = value or {}
    ranges = [{"MaxRange": item["MinRange"], **item} for item in held.get(_PORTS) or ()]
    return {
        _BLOCK: held.get(_BLOCK, False),
        _PORTS: sorted(ranges, key=lambda item: (item["MinRange"], item["MaxRange"])),
    }


REGION: Final = AwsKind(
    "aws.emr.region",
    "EMR in a region",
    (
        Document(
            name="public_block",
            get=Get("emr.GetBlockPublicAccessConfiguration", {}, "BlockPublicAccessConfiguration"),
            form=_block_form,
            put=Send("emr.PutBlockPublicAccessConfiguration", {"BlockPublicAccessConfiguration": VALUE}, ("*",)),
        ),
    ),
    touched_by=(changes("elasticmapreduce", "awsRegion", names=("PutBlockPublicAccessConfiguration",)),),
    address="arn:{partition}:elasticmapreduce:{region}:{account}:settings",
)


@control(
    "aws.emr.region.public-access-blocked",
    REGION,
    severity=Severity.HIGH,
    disrupts=may_disrupt(
        "clusters whose security groups are open to everyone on other ports can no longer be launched"
    ),
    maps=required("emr_cluster_account_public_block_enabled", "emr_cluster_publicly_accesible"),
    compliant=[{"public_block": {_BLOCK: True, _PORTS: [_SSH]}}, {"public_block": {_BLOCK: True, _PORTS: []}}],
    violating=[
        Example(
            {"public_block": {_BLOCK: False, _PORTS: [_SSH]}},
            leaves={"public_block": {_BLOCK: True, _PORTS: [_SSH]}},
        ),
        {"public_block": {_BLOCK: True, _PORTS: [{"MinRange": 0, "MaxRange": 65535}]}},
        Example(
            {"public_block": {_BLOCK: True, _PORTS: [_SSH, {"MinRange": 8000, "MaxRange": 9000}]}},
            leaves={"public_block": {_BLOCK: True, _PORTS: [_SSH]}},
        ),
    ],
)
def public_access_blocked(public_block: Mapping[str, Json]) -> Verdict:
    """No cluster of the region is launched with ports open to everyone.

    The consoles of a cluster run what they are told. Port 22 may stay an exception, as AWS sets it; others go.
    """
    wide = [item for item in public_block[_PORTS] if item != _SSH]
    if public_block[_BLOCK] and not wide:
        return compliant
    ports = ", ".join(f"{item['MinRange']}-{item['MaxRange']}" for item in wide)
    because = [] if public_block[_BLOCK] else ["the block is off"]
    because += [f"it lets through ports {ports}"] if wide else []
    wanted = {_BLOCK: True, _PORTS: [item for item in public_block[_PORTS] if item == _SSH]}
    return should_be(public_block=wanted, because="; ".join(because))


_CLUSTER: Final = {"ClusterId": "{id}"}
_DESCRIBE: Final = "emr.DescribeCluster"
_RUNNING: Final = ("STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING")


def _protect(*, on: bool) -> Send:
    return Send("emr.SetTerminationProtection", {"JobFlowIds": ["{id}"], "TerminationProtected": on})


def _public_name(raw: Json) -> Value:
    return str(raw).startswith("ec2-")


def _lasting(raw: Json) -> Value:
    return not raw


CLUSTER: Final = AwsKind(
    "aws.emr.cluster",
    "EMR cluster",
    (
        Switch(
            name="protected",
            get=Get(_DESCRIBE, _CLUSTER, "Cluster.TerminationProtected"),
            form=bool,
            levels={True: _protect(on=True), False: _protect(on=False)},
        ),
        Look(name="lasting", get=Get(_DESCRIBE, _CLUSTER, "Cluster.AutoTerminate"), decode=_lasting, form=bool),
        Look(name="security_configuration", get=Get(_DESCRIBE, _CLUSTER, "Cluster.SecurityConfiguration")),
        Look(name="log_place", get=Get(_DESCRIBE, _CLUSTER, "Cluster.LogUri")),
        Look(
            name="public", get=Get(_DESCRIBE, _CLUSTER, "Cluster.MasterPublicDnsName"), decode=_public_name, form=bool
        ),
        tags(Get(_DESCRIBE, _CLUSTER, "Cluster.Tags")),
    ),
    touched_by=(
        changes("elasticmapreduce", f"{REQUEST}.clusterId", f"{ANSWER}.jobFlowId"),
        changes("elasticmapreduce", f"{REQUEST}.jobFlowIds"),
    ),
    address="arn:{partition}:elasticmapreduce:{region}:{account}:cluster/{id}",
    find=Listing("emr.ListClusters", "Clusters", id="Id", parameters={"ClusterStates": list(_RUNNING)}),
)


@control(
    "aws.emr.cluster.termination-protected",
    CLUSTER,
    severity=Severity.LOW,
    disrupts=may_disrupt("scripts that terminate the cluster are refused until they take the protection off first"),
    compliant=[{"protected": True, "lasting": True}, {"protected": False, "lasting": False}],
    violating=[Example({"protected": False, "lasting": True}, leaves={"protected": True})],
)
def termination_protected(protected: bool, lasting: bool) -> Verdict:  # noqa: FBT001
    """A cluster that is there to last cannot be terminated by one call.

    With it goes what its disks hold. One that ends with its last step has nothing to protect.
    """
    if protected or not lasting:
        return compliant
    return should_be(protected=True, because="termination protection is off")


@control(
    "aws.emr.cluster.no-public-address",
    CLUSTER,
    severity=Severity.HIGH,
    maps=required("emr_cluster_master_nodes_no_public_ip"),
    compliant=[{"public": False}],
    violating=[{"public": True}],
)
def no_public_address(public: bool) -> Verdict:  # noqa: FBT001
    """The main node of a cluster has no public address.

    Its consoles run what they are told, with the rights of the cluster's role.
    """
    if not public:
        return compliant
    return violation(
        because="the main node has a public address",
        guide="launch the cluster in a private subnet with endpoints for S3 and EMR, reach its consoles over Session "
        "Manager or a VPN, let the steps of this one end, and terminate it",
    )


@control(
    "aws.emr.cluster.security-configured",
    CLUSTER,
    severity=Severity.MEDIUM,
    compliant=[{"security_configuration": "encrypted"}],
    violating=[{"security_configuration": ABSENT}],
)
def security_configured(security_configuration: Value) -> Verdict:
    """A cluster has a security configuration.

    It is what says that data is encrypted on disks, in S3 and between nodes, and that credentials are given out against
    a token only.
    """
    if security_configuration is not ABSENT:
        return compliant
    return violation(
        because="the cluster has no security configuration",
        guide="make a security configuration with encryption at rest and in transit and IMDSv2, launch the cluster "
        "again with it, let the steps of this one end, and terminate it",
    )


@control(
    "aws.emr.cluster.logged",
    CLUSTER,
    severity=Severity.LOW,
    compliant=[{"log_place": "s3://logs/emr/"}],
    violating=[{"log_place": ABSENT}],
)
def logged(log_place: Value) -> Verdict:
    """A cluster keeps its logs in S3.

    They are gone with the cluster otherwise, and what ran on it is known to nobody.
    """
    if log_place is not ABSENT:
        return compliant
    return violation(
        because="logs stay on the cluster",
        guide="launch the cluster again with a place in S3 for its logs, let the steps of this one end, and terminate "
        "it",
    )
