"""Analyzers: the rights that making one takes, and no more."""

from __future__ import annotations

from goldseam.clouds.aws.permissions import remediator_policy
from goldseam.clouds.aws.services import accessanalyzer
from goldseam.control import Example, Permission
from tests.aws.laws import ACCOUNT, REGION, parameters, planned

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
