"""Four eyes count people: on a store that others write into, a name that nobody vouches for approves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldseam.clouds.aws.cloud import aws_catalog
from goldseam.control import Example
from goldseam.keyholder.identity import PrivateKey
from goldseam.model.errors import NotApproved
from goldseam.model.resource import Resource
from goldseam.repair.plan import Plan
from goldseam.repair.propose import propose
from goldseam.service import approvals
from goldseam.service.approvals import Consent
from goldseam.service.context import ServiceContext
from goldseam.service.rights import Actor
from tests.aws.laws import ref_of

CATALOG = aws_catalog()
PUBLIC = CATALOG.control("aws.s3.bucket.policy-not-public")


def planned(tmp_path: Path, *, shared: bool) -> tuple[ServiceContext, Plan]:
    context = ServiceContext(tmp_path / "home", shared=shared)
    example = PUBLIC.violating[0]
    assert isinstance(example, Example)
    plan = propose(Resource(ref_of(PUBLIC.kind, "one"), {**example.facets, "tags": {}}), [PUBLIC], [PUBLIC])
    context.home.plans.save([(plan, ())])
    return context, plan


def approved_by(context: ServiceContext) -> list[str]:
    return [str(entry.body["by"]) for entry in context.home.ledger.entries(kind="approval")]


def test_a_typed_name_counts_in_a_home_of_ones_own(tmp_path: Path) -> None:
    context, plan = planned(tmp_path, shared=False)
    done = approvals.approve(context.by("dana"), plan.id, Consent("agreed"))
    assert (done.plan, done.by, approved_by(context)) == (plan.id, "dana", ["dana"])


def test_a_typed_name_approves_nothing_on_a_shared_store(tmp_path: Path) -> None:
    """The mutation: record the approval whoever the actor is."""
    context, plan = planned(tmp_path, shared=True)
    with pytest.raises(NotApproved, match="`dana` does not count on a shared store"):
        approvals.approve(context.by("dana"), plan.id, Consent("agreed"))
    assert approved_by(context) == []
    with pytest.raises(NotApproved, match="a review by `dana` does not count"):
        approvals.review(context.by("dana"), plan.id, "looked at")


def test_a_no_counts_whoever_says_it(tmp_path: Path) -> None:
    """What restrains needs nobody to vouch for it."""
    context, plan = planned(tmp_path, shared=True)
    assert approvals.reject(context.by("dana"), plan.id, "not now").by == "dana"
    assert [entry.body["by"] for entry in context.home.ledger.entries(kind="rejection")] == ["dana"]


def test_a_login_or_a_signature_counts_on_a_shared_store(tmp_path: Path) -> None:
    """The mutation: refuse everybody there."""
    context, plan = planned(tmp_path, shared=True)
    approvals.approve(context.acting(Actor("ann", authenticated=True)), plan.id, Consent())
    key = tmp_path / "dana.key"
    PrivateKey.load_or_create(key)
    approvals.approve(context.by("dana"), plan.id, Consent(signing_key=key))
    assert approved_by(context) == ["ann", "dana"]
