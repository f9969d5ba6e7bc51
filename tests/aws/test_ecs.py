from __future__ import annotations

from typing import Any

from goldseam.clouds.aws.kind import LAST, at
from goldseam.clouds.aws.services.ecs import service, task
from goldseam.control import Example, touched
from goldseam.model.values import ABSENT, Json
from tests.aws.laws import ACCOUNT, REGION, parameters, planned
from tests.aws.live import known, live

ARN = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/main/shop"


def read(facet: str, **answer: Json) -> Any:
    lens: Any = service.SERVICE.facet(facet)
    return lens.normal(lens.decode([answer]))


def test_the_last_part_of_an_arn_is_a_name() -> None:
    assert at([ARN, f"{ARN}-2"], LAST) == ["shop", "shop-2"]
    assert at(ARN, LAST) == at({"arn": ARN}, f"arn.{LAST}") == "shop"


def test_a_service_loses_its_public_address_and_keeps_its_network() -> None:
    held = {"subnets": ["subnet-2", "subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "ENABLED"}
    network = read("network", networkConfiguration={"awsvpcConfiguration": held})
    plan = planned(service.no_public_address, Example({"network": network, "controller": "ECS"}))
    sent = parameters(plan)[0]["networkConfiguration"]["awsvpcConfiguration"]
    assert sent == {"subnets": ["subnet-1", "subnet-2"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}


def test_a_service_in_the_machine_s_network_has_none_of_its_own() -> None:
    assert read("network") is ABSENT
    assert read("platform", platformVersion="") is ABSENT


def test_peers_10_a_change_is_pending_while_tasks_are_replaced() -> None:
    waits: Any = service.SERVICE.facet("network")
    rolling = {"services": [{"deployments": [{"rolloutState": "IN_PROGRESS"}, {"rolloutState": "COMPLETED"}]}]}
    assert waits.waits(rolling) == "a deployment of the service, which is in progress"
    assert not waits.waits({"services": [{"deployments": [{"rolloutState": "COMPLETED"}]}]})


def test_events_name_services_with_their_cluster_and_families_without_revision() -> None:
    event = {"eventSource": "ecs.amazonaws.com", "responseElements": {"service": {"serviceArn": ARN}}}
    assert touched(service.SERVICE, event) == {"main/shop"}
    event = {"eventSource": "ecs.amazonaws.com", "requestParameters": {"taskDefinition": "shop:7"}}
    assert touched(task.TASK_DEFINITION, event) == {"shop"}


def test_on_moto_all_of_it_is_read_and_no_secret_with_it(moto_url: str) -> None:
    with live(moto_url, service.CLUSTER, service.SERVICE, task.TASK_DEFINITION) as aws:
        aws.make("ecs.CreateCluster", clusterName="main")
        secret = [{"name": "DB_PASSWORD", "value": "hunter2hunter2"}, {"name": "ECS_ENGINE_AUTH_DATA", "value": "{}"}]
        container = {"name": "app", "image": "app:1", "memory": 64, "environment": secret}
        aws.make("ecs.RegisterTaskDefinition", family="shop", containerDefinitions=[container])
        aws.make("ecs.CreateService", cluster="main", serviceName="shop", taskDefinition="shop", desiredCount=0)
        found = aws.found()
        assert {"main", "main/shop", "shop"} <= set(found)
        assert all(map(known, found.values())), found
        containers: Any = found["shop"].facets["containers"]
        assert containers[0]["Secrets"] == ["DB_PASSWORD", "ECS_ENGINE_AUTH_DATA"]
        assert "hunter2" not in str(found)
