"""What other listings of the region say of a resource, asked once for all resources of a scan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from goldseam.clouds.aws.facet import Look, Reading
from goldseam.clouds.aws.kind import Ask, at
from goldseam.resource import Ref
from goldseam.values import Json


@dataclass(frozen=True)
class Others:
    """A paginated call whose items name the resource at the path `of`."""

    operation: str
    items: str
    of: str
    parameters: Mapping[str, Json] = field(default_factory=dict)

    def about(self, ask: Ask, ref: Ref) -> Iterator[Json]:
        """The items that name the resource; raises CloudError."""
        for item in ask.every(self.operation, self.parameters, ref.region, self.items):
            named = at(item, self.of)
            if ref.id in (named if isinstance(named, list) else [named]):
                yield item


FLOW_LOGS: Final = Others("ec2.DescribeFlowLogs", "FlowLogs", of="ResourceId")
ENDPOINTS: Final = Others("ec2.DescribeVpcEndpoints", "VpcEndpoints", of="VpcId")
SUBNETS: Final = Others("ec2.DescribeSubnets", "Subnets", of="VpcId")
PROFILES: Final = Others(
    "ec2.DescribeIamInstanceProfileAssociations", "IamInstanceProfileAssociations", of="InstanceId"
)
MANAGED: Final = Others("ssm.DescribeInstanceInformation", "InstanceInformationList", of="InstanceId")
SNAPSHOTS: Final = Others("ec2.DescribeSnapshots", "Snapshots", of="VolumeId", parameters={"OwnerIds": ["self"]})


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
        return Reading(self.normal(self.decode(list(self.others.about(ask, ref)))))
