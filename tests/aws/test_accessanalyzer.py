"""Analyzers: the rights that making one takes, and no more."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from goldseam.clouds.aws.facet import AwsFacet
from goldseam.clouds.aws.permissions import remediator_policy
from goldseam.clouds.aws.services import accessanalyzer
from goldseam.control import Compliant, Example, Permission, Violation
from goldseam.model.values import Json
from tests.aws.laws import ACCOUNT, REGION, parameters, planned, ref_of, verdict

ANALYZERS = f"arn:aws:access-analyzer:{REGION}:{ACCOUNT}:analyzer"
UNUSED = {"name": "unused", "type": "ACCOUNT_UNUSED_ACCESS"}


def test_an_analyzer_is_made_and_taken_away_by_its_name() -> None:
    plan = planned(accessanalyzer.analyzed, Example({"analyzers": [UNUSED]}, settings={"analyzer": "outside"}))
    assert parameters(plan) == [{"analyzerName": "outside", "type": "ACCOUNT"}]
    assert [dict(call.parameters) for call in plan.undo] == [{"analyzerName": "outside"}]
    role = "aws-service-role/access-analyzer.amazonaws.com/AWSServiceRoleForAccessAnalyzer"
    assert plan.permissions == (
        Permission("access-analyzer:CreateAnalyzer", f"{ANALYZERS}/outside"),
        Permission("access-analyzer:DeleteAnalyzer", f"{ANALYZERS}/outside"),
        Permission("iam:CreateServiceLinkedRole", f"arn:aws:iam::{ACCOUNT}:role/{role}"),
    )


def test_the_remediator_may_make_one_of_any_name() -> None:
    allowed = remediator_policy([accessanalyzer.analyzed], account=ACCOUNT)
    assert f"arn:aws:access-analyzer:*:{ACCOUNT}:analyzer/*" in str(allowed)


class Analyzers:
    """Analyzers of external access in each status that there is."""

    def one(self, operation: str, parameters: Mapping[str, Json], region: str) -> Mapping[str, Json]:
        del operation, parameters
        types = {"eu-west-1": "ACTIVE", "eu-west-2": "DISABLED", "eu-west-3": "FAILED", "eu-north-1": "CREATING"}
        return {"analyzers": [{"name": "main", "type": "ACCOUNT", "status": types[region]}]}

    def every(self, operation: str, parameters: Mapping[str, Json], region: str, member: str) -> list[Json]:
        raise NotImplementedError

    def today(self) -> str:
        raise NotImplementedError


@pytest.mark.parametrize("region", ["eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1"])
def test_only_an_analyzer_that_is_active_analyzes(region: str) -> None:
    """The mutation: leave the status out of what is read."""
    facet = accessanalyzer.REGION.facet("analyzers")
    assert isinstance(facet, AwsFacet)
    seen = facet.read(Analyzers(), ref_of(accessanalyzer.REGION, region, region=region), None)
    found = verdict(accessanalyzer.analyzed, Example({"analyzers": seen.value}))
    assert isinstance(found, Compliant if region == "eu-west-1" else Violation)
    assert bool(seen.pending) is (region == "eu-north-1")


def test_beside_an_analyzer_that_is_disabled_another_may_be_active() -> None:
    """The mutation: fail for any analyzer that is not active."""
    held = [{"name": "all", "type": "ORGANIZATION", "status": "DISABLED"}, {"name": "main", "type": "ACCOUNT"}]
    assert isinstance(verdict(accessanalyzer.analyzed, Example({"analyzers": held})), Compliant)
