"""Auto Scaling: what a group goes by, and what nobody can change."""

from __future__ import annotations

from goldseam.clouds.aws.services import autoscaling
from goldseam.control import Catalog, Example, Violation
from tests.aws.laws import left, parameters, planned, verdict
from tests.aws.live import known, live


def test_a_grace_that_is_long_enough_is_not_touched() -> None:
    facets = {"health": {"HealthCheckType": "EC2", "HealthCheckGracePeriod": 900}, "balanced": True}
    plan = planned(autoscaling.health_checked_by_balancer, Example(facets))
    assert parameters(plan) == [{"AutoScalingGroupName": "goldseam-example", "HealthCheckType": "ELB"}]


def test_other_checks_of_a_group_stay() -> None:
    facets = {"health": {"HealthCheckType": "EC2,VPC_LATTICE", "HealthCheckGracePeriod": 300}, "balanced": True}
    kept = left(autoscaling.health_checked_by_balancer, Example(facets), "health")
    assert kept["HealthCheckType"] == "ELB,VPC_LATTICE"


def test_what_cannot_be_changed_comes_with_a_way_on() -> None:
    for control in Catalog.of([autoscaling]).controls:
        if "launch-configuration" in control.id:
            found = verdict(control, control.violating[0])
            assert isinstance(found, Violation)
            assert "create-launch-template" in found.guide


def test_on_moto_launch_configurations_are_read_without_their_secrets(moto_url: str) -> None:
    with live(moto_url, autoscaling.GROUP, autoscaling.LAUNCH_CONFIGURATION) as aws:
        asked = {"LaunchConfigurationName": "web", "ImageId": "ami-12c6146b", "InstanceType": "t3.micro"}
        aws.client("autoscaling").create_launch_configuration(**asked, UserData="export DB_PASSWORD=hunter2hunter2")
        found = aws.found()["web"]
        assert known(found)
        assert found.facets["user_data"] == [{"line": 1, "kind": "password"}]
        assert "hunter2" not in repr(found)
