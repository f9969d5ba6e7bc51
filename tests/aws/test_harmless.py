"""Harmless is a claim with a source: no source, no harmless, and the list of claims is a document."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.control import Catalog, Control, Disruption, Severity, Verdict, control, harmless, may_disrupt, should_be
from goldseam.control import violation as violates
from tests import toy

FIXES: Final = tuple(each for each in aws_catalog().controls if each.fixable)
HARMLESS: Final = tuple(each for each in FIXES if not each.disruption.harms)
DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "harmless.md"
ROW: Final = re.compile(r"^\| `(aws\.[^`]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
GUIDE_AND_PAGE: Final = re.compile(r"^[A-Z][^,]+ (Guide|Reference|Load Balancers), \S.*$")


def claims(disruption: Disruption, *, fixes: bool = True) -> Control:
    """A control of the toy house, with a fix or without, and what is claimed of it."""

    @control(
        "toy.house.claimed", toy.HOUSE, severity=Severity.LOW, disrupts=disruption, title="A lamp is lit",
        compliant=[{"lamp": {"watts": 10}}], violating=[{"lamp": {"watts": 0}}],
    )  # fmt: skip
    def rule(lamp: object) -> Verdict:
        del lamp
        lit = should_be(lamp={"watts": 10}, because="it is dark")
        return lit if fixes else violates(because="it is dark", guide="light it")

    return rule


def catalogue(made: Control) -> Catalog:
    module = ModuleType("of_one_control")
    vars(module)["made"] = made
    return Catalog.of([module])


@pytest.mark.parametrize("disruption", [Disruption(), harmless("light hurts nobody", source="")])
def test_no_source_no_harmless(disruption: Disruption) -> None:
    """The mutation: `Catalog.of` does not look at what is claimed."""
    with pytest.raises(TypeError, match=r"toy\.house\.claimed"):
        catalogue(claims(disruption))


@pytest.mark.parametrize(
    ("disruption", "fixes"),
    [
        (harmless("light hurts nobody", source="Toys Guide, Lamps"), True),
        (may_disrupt("who sleeps wakes up"), True),
        (Disruption(), False),
    ],
)
def test_a_harm_a_source_or_no_fix_is_enough(disruption: Disruption, *, fixes: bool) -> None:
    """The mutation: `claimed` asks for a source of controls without a fix too."""
    assert catalogue(claims(disruption, fixes=fixes)).controls[0].claimed


@pytest.mark.parametrize("each", HARMLESS, ids=lambda each: each.id)
def test_each_harmless_fix_names_guide_and_page_and_who_can_notice(each: Control) -> None:
    """The mutation: one control is harmless by a source without a page, or is charged for and noticed by nobody."""
    said = each.disruption
    assert said.why
    assert not said.unless
    assert GUIDE_AND_PAGE.match(said.source), said.source
    assert said.noticed_by
    charged = "charge" in said.why.replace("free of charge", "")
    assert not charged or "pay" in said.noticed_by, said


@pytest.mark.parametrize("each", [each for each in FIXES if each.disruption.harms], ids=lambda each: each.id)
def test_a_fix_that_may_disrupt_is_not_called_harmless_as_well(each: Control) -> None:
    """The mutation: `may_disrupt` keeps why the fix was harmless once."""
    assert not each.disruption.why
    assert not each.disruption.noticed_by


def test_the_document_lists_the_harmless_fixes_and_nothing_else() -> None:
    """The mutation: a verdict changes in a service module, and docs/harmless.md is not made anew."""
    listed = {row[0]: row[1:] for row in ROW.findall(DOCUMENT.read_text(encoding="utf-8"))}
    said = {each.id: each.disruption for each in HARMLESS}
    assert listed == {name: (each.noticed_by, each.why, each.source) for name, each in said.items()}


@pytest.mark.parametrize(
    ("name", "unless"),
    [
        ("aws.sqs.queue.encrypted", {"public": False, "old_requests": False}),
        ("aws.s3.bucket.versioned", {}),
        ("aws.apigateway.stage.cache-encrypted", {}),
        ("aws.athena.workgroup.results-encrypted", {}),
        ("aws.cloudtrail.trail.management-events", {}),
        ("aws.cloudtrail.trail.multi-region", {}),
        ("aws.cognito.client.tokens-revocable", {}),
        ("aws.cognito.user-pool.password-length", {}),
        ("aws.cognito.user-pool.password-lowercase", {}),
        ("aws.cognito.user-pool.password-numbers", {}),
        ("aws.cognito.user-pool.password-symbols", {}),
        ("aws.cognito.user-pool.password-uppercase", {}),
        ("aws.cognito.user-pool.temporary-password-short-lived", {}),
        ("aws.dynamodb.table.tagged", {}),
        ("aws.efs.file-system.policy-not-public", {}),
        ("aws.eks.logging.complete", {}),
        ("aws.elasticache.replication-group.failover", {}),
        ("aws.elasticache.replication-group.multi-az", {}),
        ("aws.fsx.file-system.backed-up", {}),
        ("aws.kafka.cluster.logged", {}),
        ("aws.lightsail.database.backed-up", {}),
        ("aws.opensearch.domain.audited", {}),
        ("aws.opensearch.domain.errors-logged", {}),
        ("aws.rds.cluster.iam-authenticated", {}),
        ("aws.rds.instance.iam-authenticated", {}),
        ("aws.route53domains.domain.contacts-private", {}),
    ],
)
def test_what_callers_or_bills_can_notice_is_not_harmless(name: str, unless: dict[str, object]) -> None:
    """By AWS's own page, which each names. The mutation: the fix is called harmless again."""
    said = aws_catalog().control_by_id[name].disruption
    assert said.harms
    assert GUIDE_AND_PAGE.match(said.source), said.source
    assert said.unless == unless
