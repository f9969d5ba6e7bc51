from __future__ import annotations

from typing import Any

import pytest

from goldseam.clouds.aws.services import eks
from goldseam.control import Compliant, Example, ShouldBe
from goldseam.model.values import Json
from tests.aws.laws import left, parameters, planned, ref_of, verdict

OPEN = {"endpointPublicAccess": True, "endpointPrivateAccess": True, "publicAccessCidrs": ["0.0.0.0/0"]}


class Answers:
    """An account that answers every question alike."""

    def __init__(self, answer: Json, today: str = "2026-07-29") -> None:
        self._answer, self._today = answer, today

    def one(self, *_: object) -> Json:
        return self._answer

    def today(self) -> str:
        return self._today


def read(kind: Any, name: str, **cluster: Json) -> Any:
    return kind.facet(name).read(Answers({"cluster": cluster}), ref_of(kind), None)


def test_networks_are_sent_with_a_public_endpoint_only_and_come_back_as_they_were() -> None:
    held = {**OPEN, "publicAccessCidrs": ["0.0.0.0/0", "::/0"]}
    plan = planned(eks.endpoint_not_public, Example({"endpoint": held}))
    assert parameters(plan) == [{"name": "goldseam-example", "resourcesVpcConfig": {"endpointPublicAccess": False}}]
    assert [dict(call.parameters) for call in plan.undo] == [
        {
            "name": "goldseam-example",
            "resourcesVpcConfig": {"endpointPublicAccess": True, "publicAccessCidrs": ["0.0.0.0/0", "::/0"]},
        }
    ]


def test_a_closed_endpoint_reads_alike_whatever_networks_eks_shows() -> None:
    closed = {"endpointPublicAccess": False, "endpointPrivateAccess": True}
    shown = [read(eks.CLUSTER, "endpoint", resourcesVpcConfig={**closed, "publicAccessCidrs": nets}).value
             for nets in (["0.0.0.0/0"], [])]  # fmt: skip
    assert shown[0] == shown[1] == {**closed, "publicAccessCidrs": []}
    assert isinstance(verdict(eks.endpoint_not_public, Example({"endpoint": shown[0]})), Compliant)


@pytest.mark.parametrize(("network", "wide"), [("0.0.0.0/1", True), ("10.0.0.0/8", False), ("2001:db8::/32", False)])
def test_half_the_world_is_the_world(network: str, wide: bool) -> None:
    found = verdict(eks.endpoint_not_public, Example({"endpoint": {**OPEN, "publicAccessCidrs": [network]}}))
    assert isinstance(found, ShouldBe if wide else Compliant)


def test_named_networks_stay_when_the_world_goes() -> None:
    held = {**OPEN, "publicAccessCidrs": ["198.51.100.0/24", "0.0.0.0/0"]}
    fixed = left(eks.endpoint_not_public, Example({"endpoint": held}, {"networks": ["203.0.113.0/24"]}), "endpoint")
    assert fixed == {**OPEN, "publicAccessCidrs": ["198.51.100.0/24", "203.0.113.0/24"]}


def test_only_missing_logs_are_switched_on() -> None:
    plan = planned(eks.logging_complete, Example({"logs": ["audit", "api", "scheduler"]}))
    parts = [{"types": ["authenticator", "controllerManager"], "enabled": True}]
    assert parameters(plan)[0]["logging"] == {"clusterLogging": parts}
    assert plan.undo[0].parameters["logging"] == {"clusterLogging": [{**parts[0], "enabled": False}]}


def test_peers_10_an_accepted_update_is_pending_until_the_cluster_is_active() -> None:
    found = read(eks.LOGGING, "logs", status="UPDATING", logging={"clusterLogging": []})
    assert found.pending == "the cluster, which is UPDATING"
    assert not read(eks.LOGGING, "logs", status="ACTIVE").pending


@pytest.mark.parametrize(
    ("version", "ended"), [("1.33", ""), ("1.32", "2026-03-23"), ("1.19", "2023-10-11"), ("1.40", "")]
)
def test_a_version_is_old_from_the_day_after_its_last(version: str, ended: str) -> None:
    assert read(eks.CLUSTER, "version", version=version).value == {"name": version, "ended": ended}
