"""Exemptions lapse by what is found and by time, whatever the words of a decision are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from goldseam.assess.evaluate import Finding, Status, finding_id
from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.decide import Decision, Exemption
from goldseam.decide.policy import Mode, no_policies
from goldseam.model.clock import SystemClock
from goldseam.model.resource import Resource
from goldseam.service.context import ServiceContext
from goldseam.service.exemptions import record_lapsed
from goldseam.service.pipeline import Seen, Standing
from tests.aws.laws import ref_of

CATALOG = aws_catalog()
PUBLIC = CATALOG.control("aws.s3.bucket.policy-not-public")
REF = ref_of(PUBLIC.kind, "one")
NOW = SystemClock().now()
EXEMPTION = Exemption(PUBLIC.id, REF, "web", "by design", NOW + timedelta(days=9), "state-1", "ann", NOW)
DECISION = Decision(finding_id(PUBLIC.id, REF), Mode.LEAVE, "", 1, (), (), "v")


def seen(state: str, decisions: tuple[Decision, ...] = (DECISION,), status: Status = Status.FAIL) -> Seen:
    found = replace(Finding(DECISION.finding, PUBLIC.id, REF, status, "because"), state=state)
    return Seen(Resource(REF, {}), (found,), (), decisions)


def lapses(context: ServiceContext, exemption: Exemption, found: Seen) -> list[str]:
    context.home.exemptions.give(exemption)
    rules = Standing(no_policies(), context.home.exemptions.standing())
    for _ in range(2):
        record_lapsed(context, rules, found)
    return [entry.body["because"] for entry in context.home.ledger.entries(kind="exemption-lapsed")]


@pytest.fixture
def context(tmp_path: Path) -> ServiceContext:
    return ServiceContext(tmp_path / "home")


def test_one_whose_finding_is_another_one_now_lapses_once(context: ServiceContext) -> None:
    """The decision has no trace at all. The mutation: look for the lapse in the lines of the trace."""
    assert lapses(context, EXEMPTION, seen("state-2")) == ["lapsed: what is wrong is no longer what it was given for"]
    assert context.home.exemptions.standing() == ()


def test_one_that_expired_lapses(context: ServiceContext) -> None:
    over = replace(EXEMPTION, expires=NOW - timedelta(days=1))
    (because,) = lapses(context, over, seen("state-1"))
    assert because == f"lapsed: it expired at {over.expires.isoformat()}"


@pytest.mark.parametrize(
    "found",
    [seen("state-1"), seen("state-2", status=Status.UNKNOWN), seen("state-2", decisions=())],
    ids=["in force", "unknown", "undecided"],
)
def test_what_is_in_force_unknown_or_undecided_ends_none(found: Seen, context: ServiceContext) -> None:
    """The mutation: let an exemption lapse that is in force."""
    assert lapses(context, EXEMPTION, found) == []
    assert len(context.home.exemptions.standing()) == 1


def test_one_that_was_withdrawn_meanwhile_is_not_recorded_again(context: ServiceContext) -> None:
    """The mutation: record a lapse without looking whether the exemption still stands."""
    context.home.exemptions.give(EXEMPTION)
    rules = Standing(no_policies(), context.home.exemptions.standing())
    context.home.exemptions.withdraw(PUBLIC.id, REF, "ann")
    record_lapsed(context, rules, seen("state-2"))
    assert list(context.home.ledger.entries(kind="exemption-lapsed")) == []
