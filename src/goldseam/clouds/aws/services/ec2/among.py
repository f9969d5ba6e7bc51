"""What other listings of the region say of a resource, asked once for all resources of a scan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from goldseam.clouds.aws.facet import Look, Reading
from goldseam.clouds.aws.kind import Ask, at, derived, filled
from goldseam.model.resource import Ref
from goldseam.model.values import Json, canonical

_Index: TypeAlias = Mapping[str, list[Json]]


@dataclass(frozen=True)
class Others:
    """A paginated call whose items name the resource at the path `of`."""

    operation: str
    items: str
    of: str
    parameters: Mapping[str, Json] = field(default_factory=dict)

    def about(self, ask: Ask, ref: Ref) -> list[Json]:
        """The items that name the resource; raises CloudError."""
        found = ask.every(self.operation, filled(self.parameters, ref), ref.region, self.items)
        key = (self.operation, self.items, self.of, canonical(self.parameters), ref.account, ref.region)
        return derived(ask, key, lambda: self._index(found)).get(ref.id, [])

    def _index(self, found: list[Json]) -> _Index:
        index: dict[str, list[Json]] = defaultdict(list)
        for item in found:
            named = at(item, self.of)
            for name in dict.fromkeys(named if isinstance(named, list) else [named]):
                index[str(name)].append(item)
        return dict(index)


FLOW_LOGS: Final = Others("ec2.DescribeFlowLogs", "FlowLogs", of="ResourceId")
ENDPOINTS: Final = Others("ec2.DescribeVpcEndpoints", "VpcEndpoints", of="VpcId")
SUBNETS: Final = Others("ec2.DescribeSubnets", "Subnets", of="VpcId")
PROFILES: Final = Others(
    "ec2.DescribeIamInstanceProfileAssociations", "IamInstanceProfileAssociations", of="InstanceId"
)
MANAGED: Final = Others("ssm.DescribeInstanceInformation", "InstanceInformationList", of="InstanceId")
INTERFACES: Final = Others("ec2.DescribeNetworkInterfaces", "NetworkInterfaces", of="Groups.GroupId")
OWNED: Final = {"Filters": [{"Name": "owner-id", "Values": ["{account}"]}]}
SNAPSHOTS: Final = Others("ec2.DescribeSnapshots", "Snapshots", of="VolumeId", parameters=OWNED)
FOR_ALL: Final = Others(
    "ec2.DescribeSnapshots", "Snapshots", of="SnapshotId", parameters={**OWNED, "RestorableByUserIds": ["all"]}
)


@dataclass(frozen=True)
class Own(Look):
    """Whether the account itself owns it, and not another one that shares it; `listed` is the owner's account."""

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """The listing tells."""
        del ask
        return Reading(at(item, self.listed or "") in {None, ref.account})


@dataclass(frozen=True)
class Among(Look):
    """A facet made of the items of another listing that name the resource; its `decode` takes the list of them."""

    others: Others = field(kw_only=True)

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The other listing."""
        return (self.others.operation,)

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """What the items say."""
        del item
        return Reading(self.normal(self.decode(self.others.about(ask, ref))))
