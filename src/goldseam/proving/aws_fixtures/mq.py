"""Brokers of Amazon MQ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import mq
from goldseam.model.resource import Ref
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair
from goldseam.proving.emulated import REGION, EmulatedGround, Fixture, FixtureResult, Lack


def _ref(ground: EmulatedGround, made: Mapping[str, Value]) -> Ref:
    return mq.BROKER.ref("aws", ground.account, REGION, made["BrokerId"], made["BrokerArn"])


def _broker(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    engine = facets.get("engine", "ACTIVEMQ")
    made = [
        ground.make(
            "mq.CreateBroker", BrokerName=each, EngineType=engine, HostInstanceType="mq.m5.large",
            DeploymentMode=facets.get("deployment", "SINGLE_INSTANCE"), PubliclyAccessible=facets.get("public", False),
            AutoMinorVersionUpgrade=facets.get("settings", {}).get("AutoMinorVersionUpgrade", True),
            Users=[{"Username": "proof", "Password": "not-a-secret-1"}],
            EngineVersion="5.18" if engine == "ACTIVEMQ" else "3.13",
        )
        for each in pair(name)
    ]  # fmt: skip
    refs = [_ref(ground, each) for each in made]
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.mq.broker": Fixture(
        _broker,
        normal=frozenset({"Audit"}),
        lacks=tuple(
            Lack("ministack", name, "ministack looks for the right on an ARN that brokers do not have")
            for name in ("settings", "logs")
        ),
    )
}
