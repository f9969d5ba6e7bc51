"""EBS and RDS: settings of a region, sharing of snapshots, and changes that wait."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from goldseam.clouds.aws.facet import AwsFacet, Reading
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.services import rds
from goldseam.clouds.aws.services.cloudfront import DISTRIBUTION
from goldseam.clouds.aws.services.ec2 import ebs, region
from goldseam.clouds.aws.services.ec2.ebs import SNAPSHOT, snapshot_not_public
from goldseam.clouds.aws.services.ec2.network import FLOW_LOG, INSTANCE, NETWORK_INTERFACE
from goldseam.clouds.aws.services.ec2.region import REGION, ebs_encrypted_by_default
from goldseam.clouds.aws.services.rds import DB_INSTANCE, backed_up, deletion_protected, multi_az, not_public, upgraded
from goldseam.control import Catalog, Control, Violation
from goldseam.demo.emulator import EmbeddedCloud
from goldseam.errors import PlanRefused
from goldseam.evaluate import Status, evaluate
from goldseam.plan import propose
from goldseam.ports import Shard
from goldseam.resource import Resource
from goldseam.values import ABSENT, Json
from tests.aws.laws import after, held, ref_of, resource_of, says_its_piece
from tests.aws.live import Live, embedded, live
from tests.emulators import Moto

CONTROLS = Catalog.of([ebs, region, rds]).controls
DATABASE = [control for control in CONTROLS if control.kind == DB_INSTANCE]
EVERYONE, PARTNER = {"Group": "all"}, {"UserId": "111122223333"}
RAW = {
    "DBInstanceIdentifier": "orders", "DBInstanceStatus": "available", "Engine": "postgres",
    "PubliclyAccessible": True, "AutoMinorVersionUpgrade": False, "DeletionProtection": False,
    "CopyTagsToSnapshot": False, "BackupRetentionPeriod": 0, "MultiAZ": False, "StorageEncrypted": True,
    "PendingModifiedValues": {}, "TagList": [{"Key": "team", "Value": "shop"}],
    "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-2", "Status": "active"}, {"VpcSecurityGroupId": "sg-1"}],
}  # fmt: skip


class Silent:
    """An `Ask` for facets that the listing holds: whatever they ask is too much."""

    def one(self, operation: str, parameters: Mapping[str, Json], region: str) -> Mapping[str, Json]:
        raise AssertionError(operation)

    def every(self, operation: str, parameters: Mapping[str, Json], region: str, member: str) -> list[Json]:
        raise AssertionError(operation)

    def today(self) -> str:
        raise AssertionError("no date is needed")


def readings(kind: AwsKind, item: Json) -> dict[str, Reading]:
    """The facets of a listed item that cost no call."""
    facets = [facet for facet in kind.facets if isinstance(facet, AwsFacet) and not facet.read_operations]
    return {facet.name: facet.read(Silent(), ref_of(kind), item) for facet in facets}


def listed(kind: AwsKind, item: Json) -> Resource:
    found = readings(kind, item)
    pending = {name: reading.pending for name, reading in found.items() if reading.pending}
    return Resource(ref_of(kind), {name: reading.value for name, reading in found.items()}, pending)


def database(**changed: Json) -> Resource:
    return listed(DB_INSTANCE, {**RAW, **changed})


# --- every control ---


def test_every_control_says_its_piece() -> None:
    says_its_piece(
        CONTROLS,
        no_requirements=frozenset({"aws.ec2.region.images-blocked-from-public", "aws.ec2.region.serial-console-off"}),
    )


# --- RDS ---


def test_the_listing_holds_every_facet_of_a_database() -> None:
    resource = database()
    assert set(resource.facets) == {facet.name for facet in DB_INSTANCE.facets}
    assert resource.facets["tags"] == {"team": "shop"}
    assert resource.facets["groups"] == ["sg-1", "sg-2"]
    assert resource.pending == {}


def test_peers_07_only_the_fields_that_differ_are_sent() -> None:
    plan = propose(database(), [not_public, deletion_protected], DATABASE)
    (call,) = plan.calls
    assert call.operation == "rds.ModifyDBInstance"
    assert call.parameters == {
        "DBInstanceIdentifier": "goldseam-example", "PubliclyAccessible": False, "DeletionProtection": True,
    }  # fmt: skip
    (undo,) = plan.undo
    assert undo.parameters == {
        "DBInstanceIdentifier": "goldseam-example", "PubliclyAccessible": True, "DeletionProtection": False,
    }  # fmt: skip


def test_only_what_needs_the_window_is_applied_immediately() -> None:
    plan = propose(database(), [backed_up, multi_az], DATABASE)
    (call,) = plan.calls
    assert call.parameters == {
        "DBInstanceIdentifier": "goldseam-example", "ApplyImmediately": True, "BackupRetentionPeriod": 7,
        "MultiAZ": True,
    }  # fmt: skip


@pytest.mark.parametrize("control", [backed_up, multi_az], ids=lambda control: control.id)
def test_a_new_class_that_waits_is_not_brought_about_by_a_repair(control: Control) -> None:
    resource = database(PendingModifiedValues={"DBInstanceClass": "db.r6g.large"})
    verdict = evaluate(resource, [control])[0]
    assert verdict.status is Status.FAIL
    assert "DBInstanceClass" in verdict.because
    with pytest.raises(PlanRefused, match="has no fix"):
        propose(resource, [control], DATABASE)
    assert propose(resource, [not_public], DATABASE).calls


def test_peers_10_an_accepted_change_is_pending_and_never_a_pass_nor_made_twice() -> None:
    waiting = database(PendingModifiedValues={"MultiAZ": True})
    assert waiting.pending == {"resilience": "the maintenance window or a restart, for MultiAZ"}
    finding = evaluate(waiting, [multi_az])[0]
    assert finding.status is Status.FAIL
    assert "waits for the maintenance window" in finding.because
    assert finding.changes == {}


@pytest.mark.parametrize("status", ["modifying", "rebooting", "configuring-enhanced-monitoring", "upgrading"])
def test_peers_10_an_instance_in_motion_is_pending(status: str) -> None:
    assert set(database(DBInstanceStatus=status).pending) == {"settings", "resilience"}


@pytest.mark.parametrize("status", ["available", "backing-up", "stopped"])
def test_an_instance_at_rest_waits_for_nothing(status: str) -> None:
    assert database(DBInstanceStatus=status).pending == {}


def test_a_password_that_waits_is_not_kept() -> None:
    resource = database(PendingModifiedValues={"MasterUserPassword": "canary"})
    assert "canary" not in str(resource.facets)
    assert isinstance(backed_up.rule(*(resource.facets[name] for name in backed_up.reads)), Violation)


def test_members_of_a_cluster_are_left_to_their_cluster() -> None:
    resource = database(DBClusterIdentifier="shop")
    mended = [control for control in DATABASE if evaluate(resource, [control])[0].status is Status.FAIL]
    assert {control.id for control in mended} == {"aws.rds.instance.not-public", "aws.rds.instance.upgraded"}


def test_a_longer_retention_than_asked_for_stays() -> None:
    assert evaluate(database(BackupRetentionPeriod=35), [backed_up])[0].status is Status.PASS


# --- EBS ---


def test_only_everyone_is_taken_out_of_the_sharing() -> None:
    resource = resource_of(SNAPSHOT, {"sharing": [EVERYONE, PARTNER]})
    plan = propose(resource, [snapshot_not_public], [snapshot_not_public])
    (call,), (undo,) = plan.calls, plan.undo
    assert call.parameters["CreateVolumePermission"] == {"Remove": [EVERYONE]}
    assert undo.parameters["CreateVolumePermission"] == {"Add": [EVERYONE]}
    assert after(plan, resource).facets["sharing"] == [PARTNER]


def test_a_snapshot_has_no_account_in_its_address() -> None:
    assert ref_of(SNAPSHOT, "snap-1").address == "arn:aws:ec2:eu-west-1::snapshot/snap-1"


def test_the_sharing_of_a_snapshot_is_a_call_of_its_own_and_the_rest_is_listed() -> None:
    found = readings(SNAPSHOT, {"SnapshotId": "snap-1", "Encrypted": False, "VolumeId": "vol-1"})
    assert "sharing" not in found
    assert found["encrypted"].value is False
    assert found["tags"].value == {}


def test_the_block_on_public_snapshots_goes_back_to_what_it_was() -> None:
    facet, ref = REGION.facet("snapshot_block"), ref_of(REGION)
    (there,) = facet.write(ref, "block-new-sharing", "block-all-sharing")
    (back,) = facet.write(ref, "block-all-sharing", "block-new-sharing")
    assert (there.call.parameters["State"], back.call.parameters["State"]) == ("block-all-sharing", "block-new-sharing")
    (off,) = facet.write(ref, "block-all-sharing", "unblocked")
    assert off.call.operation == "ec2.DisableSnapshotBlockPublicAccess"
    with pytest.raises(PlanRefused):
        facet.write(ref, "unblocked", "half-blocked")


# --- what facts look at ---


def test_an_interface_says_its_groups_its_public_address_and_who_asked_for_it() -> None:
    resource = listed(NETWORK_INTERFACE, {
        "NetworkInterfaceId": "eni-1", "Groups": [{"GroupId": "sg-2"}, {"GroupId": "sg-1"}],
        "Association": {"PublicIp": "203.0.113.7"}, "Attachment": {"InstanceId": "i-1", "Status": "attached"},
        "Description": "ELB app/web", "RequesterId": "amazon-elb", "TagSet": [{"Key": "a", "Value": "b"}],
        "Ipv6Addresses": [{"Ipv6Address": "2001:db8::1"}],
    })  # fmt: skip
    assert resource.facets["groups"] == ["sg-1", "sg-2"]
    assert resource.facets["public_ip"] == "203.0.113.7"
    assert resource.facets["ipv6_addresses"] == ["2001:db8::1"]
    assert resource.facets["attachment"] == {"instance": "i-1", "status": "attached"}
    assert resource.facets["tags"] == {"a": "b"}
    bare = listed(NETWORK_INTERFACE, {"NetworkInterfaceId": "eni-2"})
    assert bare.facets["groups"] == []
    assert bare.facets["public_ip"] is ABSENT


def test_a_flow_log_goes_to_a_log_group_unless_it_says_otherwise() -> None:
    resource = listed(FLOW_LOG, {"FlowLogId": "fl-1", "ResourceId": "vpc-1", "LogGroupName": "flows"})
    assert resource.facets["destination"] == {"type": "cloud-watch-logs", "address": "", "log_group": "flows"}


def test_a_distribution_says_where_it_fetches_from() -> None:
    resource = listed(DISTRIBUTION, {
        "Id": "E1", "Origins": {"Quantity": 1, "Items": [
            {"Id": "o", "DomainName": "data.s3.amazonaws.com", "OriginPath": "", "OriginAccessControlId": "EOAC"},
        ]}, "Aliases": {"Quantity": 0},
    })  # fmt: skip
    assert resource.facets["origins"] == [{"id": "o", "domain": "data.s3.amazonaws.com", "path": "", "access": "EOAC"}]
    assert resource.facets["aliases"] == []


# --- on emulators ---


def _snapshot_live(cloud: Live) -> None:
    ec2 = cloud.client("ec2")
    volume = ec2.create_volume(AvailabilityZone=f"{cloud.region}a", Size=1)["VolumeId"]
    name = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    permission = {"Add": [EVERYONE, PARTNER]}
    ec2.modify_snapshot_attribute(
        SnapshotId=name, Attribute="createVolumePermission", CreateVolumePermission=permission
    )
    resource = cloud.read(cloud.ref(SNAPSHOT, name), "sharing")
    _, mended = cloud.there_and_back(resource, snapshot_not_public)
    assert mended.facets["sharing"] == [PARTNER]


def _region_live(cloud: Live) -> None:
    settings = cloud.read(cloud.ref(REGION, cloud.region), "ebs_encryption_by_default")
    cloud.there_and_back(settings, ebs_encrypted_by_default)


def _database_live(cloud: Live, settings: list[Control]) -> None:
    cloud.client("rds").create_db_instance(
        DBInstanceIdentifier="orders", DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=20,
        MasterUsername="postgres", MasterUserPassword="not-a-secret", PubliclyAccessible=True, DeletionProtection=False,
        AutoMinorVersionUpgrade=False, CopyTagsToSnapshot=False, BackupRetentionPeriod=1, MultiAZ=False,
    )  # fmt: skip
    resource = cloud.read(
        cloud.ref(DB_INSTANCE, "orders"), "settings", "resilience", "waiting", "cluster", "replica_of"
    )
    failing = [control for control in settings if evaluate(resource, [control])[0].status is Status.FAIL]
    plan, _ = cloud.there_and_back(resource, *failing)
    assert failing
    assert {call.operation for call in plan.calls} == {"rds.ModifyDBInstance"}


FIXED = [control for control in DATABASE if control.fixable]


def test_ministack_ends_as_planned_and_comes_back(ministack_cloud: EmbeddedCloud) -> None:
    with embedded(ministack_cloud, REGION, SNAPSHOT, DB_INSTANCE) as cloud:
        _snapshot_live(cloud)
        _region_live(cloud)
        _database_live(cloud, [control for control in FIXED if control is not upgraded])  # it keeps no such setting


def test_moto_ends_as_planned_and_comes_back(moto_cloud: Moto) -> None:
    with live(moto_cloud.endpoint, REGION, DB_INSTANCE) as cloud:
        _region_live(cloud)
        _database_live(cloud, FIXED)


def test_instances_are_found_through_their_reservations(moto_cloud: Moto) -> None:
    with live(moto_cloud.endpoint, INSTANCE, NETWORK_INTERFACE) as cloud:
        ec2 = cloud.client("ec2")
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        for _ in range(2):
            ec2.run_instances(ImageId=image, MinCount=2, MaxCount=2)
        shard = Shard(cloud.account, cloud.region)
        found = list(cloud.reader.scan(shard, {INSTANCE: frozenset(("groups", "state"))}))
        assert len(found) == 4
        assert all(isinstance(item, Resource) and item.facets["state"] == "running" for item in found)
        interfaces = list(cloud.reader.scan(shard, {NETWORK_INTERFACE: frozenset(("groups", "attachment"))}))
        assert {held(item, "attachment")["instance"] for item in interfaces if isinstance(item, Resource)} == {
            item.ref.id for item in found if isinstance(item, Resource)
        }
