"""Firewalls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import networkfirewall
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair
from goldseam.proving.emulated import REGION, EmulatedGround, Fixture, FixtureResult, Lack

_POLICY: Final = "arn:aws:network-firewall:eu-west-1:123456789012:firewall-policy/edge"
_WRITTEN: Final = ("deletion_protection", "subnet_protection", "policy_protection")


def _firewall(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    refs = []
    for each in pair(name):
        made = ground.make(
            "network-firewall.CreateFirewall", FirewallName=each, FirewallPolicyArn=_POLICY, VpcId="vpc-1",
            SubnetMappings=[{"SubnetId": "subnet-1"}],
        )  # fmt: skip
        arn = str(made["Firewall"]["FirewallArn"])
        refs.append(networkfirewall.FIREWALL.ref("aws", ground.account, REGION, each, arn))
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.networkfirewall.firewall": Fixture(
        _firewall,
        lacks=tuple(
            lack
            for name in _WRITTEN
            for lack in (
                Lack("ministack", name, "ministack has no firewalls"),
                Lack("moto", name, "moto has no call that changes a firewall"),
            )
        ),
    ),
}
