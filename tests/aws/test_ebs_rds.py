"""EBS: settings of a region and sharing of snapshots; and what facts look at."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from goldseam.clouds.aws.facet import AwsFacet, Reading
from goldseam.clouds.aws.kind import AwsKind
from goldseam.clouds.aws.services.cloudfront import DISTRIBUTION
from goldseam.clouds.aws.services.ec2 import ebs, region
from goldseam.clouds.aws.services.ec2.ebs import SNAPSHOT, snapshot_not_public
from goldseam.clouds.aws.services.ec2.network import FLOW_LOG, INSTANCE, NETWORK_INTERFACE
from goldseam.clouds.aws.services.ec2.region import REGION, ebs_encrypted_by_default
from goldseam.control import Catalog
from goldseam.demo.emulator import EmbeddedCloud
from goldseam.model.errors import PlanRefused
from goldseam.model.resource import Resource
from goldseam.model.values import ABSENT, Json
from goldseam.ports import Shard
from goldseam.repair.propose import propose
from tests.aws.laws import after, held, ref_of, resource_of, says_its_piece
from tests.aws.live import Live, embedded, live
from tests.emulators import Moto

CONTROLS = Catalog.of([ebs, region]).controls
EVERYONE, PARTNER = {"Group": "all"}, {"UserId": "111122223333"}


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


# --- every control ---


def test_every_control_says_its_piece() -> None:
    says_its_piece(
        CONTROLS,
        no_requirements=frozenset({"aws.ec2.region.images-blocked-from-public", "aws.ec2.region.serial-console-off"}),
    )


# --- EBS ---


def test_only_everyone_is_taken_out_of_the_sharing() -> None:
    resource = resource_of(SNAPSHOT, {"public": [EVERYONE]})
    plan = propose(resource, [snapshot_not_public], [snapshot_not_public])
    (call,), (undo,) = plan.calls, plan.undo
    assert call.parameters["CreateVolumePermission"] == {"Remove": [EVERYONE]}
    assert undo.parameters["CreateVolumePermission"] == {"Add": [EVERYONE]}
    assert after(plan, resource).facets["public"] == []


def test_a_snapshot_has_no_account_in_its_address() -> None:
    assert ref_of(SNAPSHOT, "snap-1").address == "arn:aws:ec2:eu-west-1::snapshot/snap-1"


def test_the_sharing_of_a_snapshot_is_a_call_of_its_own_and_the_rest_is_listed() -> None:
    found = readings(SNAPSHOT, {"SnapshotId": "snap-1", "Encrypted": False, "VolumeId": "vol-1"})
    assert "public" not in found
    assert found["encrypted"].value is False
    assert found["tags"].value == {}


class Region:
    """A region with three snapshots, of which everyone may restore one."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def every(self, operation: str, parameters: Mapping[str, Json], region: str, member: str) -> list[Json]:
        self.asked.append(operation)
        assert parameters["Filters"] == [{"Name": "owner-id", "Values": [ref_of(SNAPSHOT).account]}]
        return [{"SnapshotId": "snap-open"}]

    def one(self, operation: str, parameters: Mapping[str, Json], region: str) -> Mapping[str, Json]:
        self.asked.append(operation)
        return {"CreateVolumePermissions": [PARTNER, EVERYONE]}

    def today(self) -> str:
        raise AssertionError


def test_one_call_tells_which_snapshots_are_open_and_only_those_are_asked_about() -> None:
    region, facet = Region(), SNAPSHOT.facet("public")
    assert isinstance(facet, AwsFacet)
    read = {name: facet.read(region, ref_of(SNAPSHOT, name), {}).value for name in ("snap-1", "snap-open", "snap-2")}
    assert read == {"snap-1": [], "snap-open": [EVERYONE], "snap-2": []}
    assert region.asked.count("ec2.DescribeSnapshotAttribute") == 1


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
    assert resource.facets["origins"] == [{"id": "o", "domain": "data.s3.amazonaws.com", "path": ""}]
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
    resource = cloud.read(cloud.ref(SNAPSHOT, name), "public")
    _, mended = cloud.there_and_back(resource, snapshot_not_public)
    assert mended.facets["public"] == []
    left = ec2.describe_snapshot_attribute(SnapshotId=name, Attribute="createVolumePermission")
    assert PARTNER in left["CreateVolumePermissions"]


def _region_live(cloud: Live) -> None:
    settings = cloud.read(cloud.ref(REGION, cloud.region), "ebs_encryption_by_default")
    cloud.there_and_back(settings, ebs_encrypted_by_default)


def test_ministack_ends_as_planned_and_comes_back(ministack_cloud: EmbeddedCloud) -> None:
    with embedded(ministack_cloud, REGION, SNAPSHOT) as cloud:
        _snapshot_live(cloud)
        _region_live(cloud)


def test_moto_ends_as_planned_and_comes_back(moto_cloud: Moto) -> None:
    with live(moto_cloud.endpoint, REGION) as cloud:
        _region_live(cloud)


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
