"""Clusters of MSK."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import kafka
from goldseam.model.values import ABSENT, Value
from goldseam.proving.aws_fixtures.making import pair
from goldseam.proving.emulated import REGION, EmulatedGround, Fixture, FixtureResult, Lack


def _given(facets: Mapping[str, Value], name: str, default: Value) -> Value:
    held = facets.get(name, ABSENT)
    return default if held is ABSENT else held


def _cluster(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    transit = {
        "ClientBroker": _given(facets, "client_broker", "TLS"),
        "InCluster": _given(facets, "between_brokers", default=True),
    }
    provisioned = {
        "BrokerNodeGroupInfo": {"ClientSubnets": ["subnet-1", "subnet-2"], "InstanceType": "kafka.m5.large"},
        "KafkaVersion": "3.6.0", "NumberOfBrokerNodes": 2, "EncryptionInfo": {"EncryptionInTransit": transit},
        "EnhancedMonitoring": _given(facets, "monitoring", "DEFAULT"),
    }  # fmt: skip
    authentication = facets.get("authentication", ABSENT)
    provisioned |= {} if authentication is ABSENT else {"ClientAuthentication": authentication}
    serverless = {"VpcConfigs": [{"SubnetIds": ["subnet-1"]}]}
    way = {"Serverless": serverless} if facets.get("serverless") else {"Provisioned": provisioned}
    made = [ground.make("kafka.CreateClusterV2", ClusterName=each, **way)["ClusterArn"] for each in pair(name)]
    refs = [kafka.CLUSTER.ref("aws", ground.account, REGION, each, each) for each in made]
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.kafka.cluster": Fixture(
        _cluster,
        normal=frozenset({"CurrentVersion"}),
        lacks=tuple(
            Lack("moto", name, "moto fails inside when monitoring is updated") for name in ("monitoring", "logging")
        ),
    )
}
