"""Repositories: which rules of the registry have one scanned."""

from __future__ import annotations

import pytest

from goldseam.clouds.aws.services import ecr
from goldseam.control import Compliant, Example, ShouldBe, Violation
from goldseam.model.values import Json
from tests.aws.laws import ACCOUNT, REGION, verdict

ARN = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/team/app"


def registry(*filters: str, kind: str = "BASIC", frequency: str = "SCAN_ON_PUSH") -> Json:
    held = [{"filter": name, "filterType": "WILDCARD"} for name in filters]
    return {"scanType": kind, "rules": [{"scanFrequency": frequency, "repositoryFilters": held}]}


def judged(scanning: Json, *, on_push: bool = False) -> object:
    facets = {"scan_on_push": on_push, "registry_scanning": scanning, "arn": ARN}
    return type(verdict(ecr.scanned, Example(facets)))


@pytest.mark.parametrize("pattern", ["*", "team/*", "*app", "team*app", "app", "team/app"])
def test_a_rule_that_takes_in_the_repository_scans_it(pattern: str) -> None:
    assert judged(registry("other", pattern)) is Compliant


@pytest.mark.parametrize("pattern", ["app*", "*team", "team.app", "apps"])
def test_a_rule_for_others_does_not(pattern: str) -> None:
    assert judged(registry(pattern)) is ShouldBe


def test_a_rule_of_scans_by_hand_does_not_and_under_enhanced_scanning_only_rules_count() -> None:
    assert judged(registry("*", frequency="MANUAL")) is ShouldBe
    assert judged(registry("other", kind="ENHANCED"), on_push=True) is Violation
    assert judged(registry("app", kind="ENHANCED", frequency="CONTINUOUS_SCAN")) is Compliant
