"""DAX: caches in front of DynamoDB. What matters is chosen when a cluster is made, so all of it is for people."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import Look, absent_is
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, changes
from goldseam.clouds.aws.requirements import required
from goldseam.control import Severity, Verdict, compliant, control, violation
from goldseam.model.values import ABSENT, Json, Value


def _zones(nodes: Json) -> Value:
    return sorted({str(node["AvailabilityZone"]) for node in nodes if node.get("AvailabilityZone")})


CLUSTER: Final = AwsKind(
    "aws.dax.cluster",
    "DAX cluster",
    (
        Look(name="encryption", listed="SSEDescription.Status"),
        Look(name="endpoint", listed="ClusterEndpointEncryptionType"),
        Look(name="zones", listed="Nodes", decode=_zones, form=absent_is([])),
    ),
    touched_by=(changes("dax", f"{REQUEST}.clusterName"),),
    address="arn:{partition}:dax:{region}:{account}:cache/{id}",
    find=Listing("dax.DescribeClusters", "Clusters", id="ClusterName", narrow={"ClusterNames": ["{id}"]}),
)


def _new_cluster(settings: str) -> str:
    return (
        f"1. make a new cluster with `{settings}` (it fills itself from DynamoDB); 2. give the clients its endpoint; "
        "3. delete the old one"
    )


@control(
    "aws.dax.cluster.encrypted", CLUSTER, severity=Severity.MEDIUM,
    maps=required("dynamodb_accelerator_cluster_encryption_enabled"),
    compliant=[{"encryption": "ENABLED"}],
    violating=[{"encryption": "DISABLED"}, {"encryption": ABSENT}],
)  # fmt: skip
def encrypted(encryption: Value) -> Verdict:
    """What a cluster writes to disk is encrypted.

    The cache holds what the tables hold, and should be kept as they are.
    """
    if encryption in {"ENABLED", "ENABLING"}:
        return compliant
    return violation(because="it is not encrypted at rest", guide=_new_cluster("--sse-specification Enabled=true"))


@control(
    "aws.dax.cluster.encrypted-in-transit", CLUSTER, severity=Severity.MEDIUM,
    maps=required("dynamodb_accelerator_cluster_in_transit_encryption_enabled"),
    compliant=[{"endpoint": "TLS"}],
    violating=[{"endpoint": "NONE"}],
)  # fmt: skip
def encrypted_in_transit(endpoint: Value) -> Verdict:
    """A cluster takes only encrypted connections.

    What is sent over a plain connection can be read on the way.
    """
    if endpoint == "TLS":
        return compliant
    guide = _new_cluster("--cluster-endpoint-encryption-type TLS")
    return violation(because="connections are not encrypted", guide=guide)


@control(
    "aws.dax.cluster.multi-az", CLUSTER, severity=Severity.LOW,
    maps=required("dynamodb_accelerator_cluster_multi_az"),
    compliant=[{"zones": ["eu-west-1a", "eu-west-1b"]}],
    violating=[{"zones": ["eu-west-1a"]}, {"zones": []}],
)  # fmt: skip
def multi_az(zones: Value) -> Verdict:
    """Nodes of a cluster stand in several zones.

    With nodes in one zone its loss sends every read to the tables, which may not be made for that.
    """
    if len(zones) > 1:
        return compliant
    return violation(
        because=f"all nodes stand in {zones[0] if zones else 'no known zone'}",
        guide="add nodes in other zones: `aws dax increase-replication-factor --availability-zones …`",
    )
