"""Redshift and DMS: what is sent, what is waited for, and that an endpoint's secrets are not kept."""

from __future__ import annotations

import pytest

from goldseam.clouds.aws.facet import AwsFacet
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.services import dms
from goldseam.clouds.aws.services.redshift import cluster
from goldseam.clouds.aws.services.redshift.cluster import CLUSTER
from goldseam.clouds.aws.services.redshift.parameters import tls_required
from goldseam.control import Example, Violation
from goldseam.model.values import ABSENT, Json
from goldseam.repair.propose import propose
from tests.aws.laws import as_read, parameters, planned, ref_of, verdict
from tests.aws.live import live


class Silent:
    """An `Ask` for facets that the listing holds: whatever they ask is too much."""

    def one(self, operation: str, parameters: Json, region: str) -> Json:
        raise AssertionError(operation)

    def every(self, operation: str, parameters: Json, region: str, member: str) -> list[Json]:
        raise AssertionError(operation)

    def today(self) -> str:
        raise AssertionError("no date is needed")


def reading(kind: AwsKind, name: str, **item: Json) -> tuple[Json, str]:
    facet = kind.facet_by_name[name]
    assert isinstance(facet, AwsFacet)
    found = facet.read(Silent(), ref_of(kind), item)
    return found.value, found.pending


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"ClusterStatus": "available", "PendingModifiedValues": {}}, ""),
        ({"ClusterStatus": "paused"}, ""),
        ({"ClusterStatus": "modifying"}, "the cluster, which is modifying"),
        ({"ClusterStatus": "available", "PendingModifiedValues": {"MasterUserPassword": "****"}}, ""),
        (
            {"ClusterStatus": "available", "PendingModifiedValues": {"EncryptionType": "KMS"}},
            "the cluster, which is being changed, for EncryptionType",
        ),
    ],
)
def test_peers_10_what_is_accepted_and_not_made_is_pending(item: Json, said: str) -> None:
    assert reading(CLUSTER, "settings", PubliclyAccessible=False, **item) == ({"PubliclyAccessible": False}, said)


def test_several_findings_on_a_cluster_are_one_call() -> None:
    held = {"PubliclyAccessible": True, "AllowVersionUpgrade": False, "AutomatedSnapshotRetentionPeriod": 14,
            "EnhancedVpcRouting": True, "Encrypted": True}  # fmt: skip
    wanted = [cluster.not_public, cluster.upgraded, cluster.backed_up]
    plan = propose(as_read(cluster.not_public, Example({"settings": held})), wanted[:2], wanted)
    assert parameters(plan) == [
        {"ClusterIdentifier": "goldseam-example", "PubliclyAccessible": False, "AllowVersionUpgrade": True}
    ]


def test_a_record_goes_to_the_chosen_bucket_and_is_ended_again() -> None:
    plan = planned(cluster.audited, Example({"log": ABSENT}, {"bucket": "audit"}))
    assert parameters(plan) == [
        {"ClusterIdentifier": "goldseam-example", "LogDestinationType": "s3", "BucketName": "audit"}
    ]
    assert [call.operation for call in plan.undo] == ["redshift.DisableLogging"]


def test_a_parameter_is_set_without_a_method_and_reset_when_it_was_not_set() -> None:
    plan = planned(tls_required, tls_required.violating[0])
    assert parameters(plan)[0]["Parameters"] == [{"ParameterName": "require_ssl", "ParameterValue": "true"}]
    assert plan.undo[0].operation == "redshift.ResetClusterParameterGroup"


def test_of_an_endpoint_only_what_protects_the_connection_is_kept() -> None:
    held, _ = reading(
        dms.ENDPOINT, "security", EngineName="mongodb", SslMode="none", Username="canary", ServerName="db.example.com",
        MongoDbSettings={"AuthType": "password", "Password": "canary", "Username": "canary"},
    )  # fmt: skip
    assert "canary" not in str(held)
    assert isinstance(verdict(dms.encrypted_in_transit, Example({"security": held})), Violation)


def test_peers_10_a_standby_that_waits_is_not_asked_for_again() -> None:
    off = {"AutoMinorVersionUpgrade": True, "MultiAZ": False}
    found = verdict(dms.multi_az, Example({"settings": off, "waiting": {"MultiAZ": True}}))
    assert isinstance(found, Violation)
    _, pending = reading(dms.INSTANCE, "settings", **off, ReplicationInstanceStatus="modifying")
    assert pending == "the instance, which is modifying"


def test_on_moto_clusters_and_instances_are_read_repaired_and_taken_back(moto_url: str) -> None:
    with live(moto_url, CLUSTER) as aws:
        aws.make("redshift.CreateCluster", ClusterIdentifier="sales", NodeType="ra3.large", MasterUsername="awsuser",
                 MasterUserPassword="Not-a-secret-1", ClusterType="single-node", PubliclyAccessible=True)  # fmt: skip
        sales = aws.found()["sales"]
        assert sales.facets["transport"] == {"group": "default.redshift-1.0", "values": {"require_ssl": "false"}}
        aws.there_and_back(sales, cluster.not_public, cluster.encrypted, cluster.audited)
    with live(moto_url, dms.INSTANCE) as aws:
        aws.make("dms.CreateReplicationInstance", ReplicationInstanceIdentifier="copier",
                 ReplicationInstanceClass="dms.t3.micro", AutoMinorVersionUpgrade=False)  # fmt: skip
        (copier,) = aws.found().values()
        aws.there_and_back(copier, dms.upgraded)
