"""What is kept with each append is what reading the whole ledger comes to, and it permits nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from goldseam.model.errors import AlreadyDone, ClaimLost
from goldseam.repair.approval import Approval, approve, reject
from goldseam.repair.claim import Claim, current_epoch, epoch_of
from goldseam.repair.plan import Plan, Purpose
from goldseam.repair.recall import recall
from tests.memory_cloud import OTHER, Scene, dials_safe, private, scene

ACTS = ("file", "approve", "reject", "claim", "release", "take over", "verified", "pending")
HISTORY = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 4)), max_size=40)


def plans(stage: Scene) -> list[Plan]:
    """Two repairs, the rollback of each, and a recovery."""
    one, other = stage.plan(private, dials_safe), stage.plan(private, ref=OTHER)
    backs = [replace(plan, purpose=Purpose.ROLLBACK, of=plan.id) for plan in (one, other)]
    return [one, other, *backs, replace(one, purpose=Purpose.RECOVERY, of=one.id)]


def perform(stage: Scene, plan: Plan, act: str) -> None:
    ledger = stage.home.ledger
    began = current_epoch(ledger, plan.id)
    claim = Claim(plan.id, epoch_of(began) if began else 1, ledger)
    if act == "file":
        ledger.append("plan", {"plan": plan.id, "document": plan.to_json(), "decisions": {}})
    elif act == "approve":
        approve(ledger, Approval(plan.id, "bob", (), stage.cloud.clock.now().isoformat()))
    elif act == "reject":
        reject(ledger, plan.id, "eve")
    elif act == "claim":
        body = {"purpose": str(plan.purpose), "of": plan.of, "ref": plan.ref.to_json(), "automatic": True}
        ledger.claim(plan.id, body)
    elif act == "take over":
        ledger.take_over(plan.id, {"by": "ann"})
    else:
        body = {"because": "no"} if act == "release" else {"state": act}
        claim.append("release" if act == "release" else "outcome", body)


def tried(stage: Scene, plan: Plan, act: str) -> None:
    try:
        perform(stage, plan, act)
    except (AlreadyDone, ClaimLost):
        return


def same(stage: Scene) -> bool:
    ledger, now = stage.home.ledger, stage.cloud.clock.now()
    whole, kept = recall(ledger, now), recall(ledger, now, ledger.restraints())
    return {name: dict(getattr(whole, name)) for name in NAMES} == {name: dict(getattr(kept, name)) for name in NAMES}


NAMES = ("approved", "rejected", "rolled_back", "repaired")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=HISTORY)
@example(history=[("claim", 0), ("verified", 0), ("release", 0)])
@example(history=[("reject", 0), ("reject", 0), ("approve", 2), ("claim", 2), ("verified", 2)])
def test_what_is_kept_is_what_the_whole_ledger_comes_to(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str, int]]
) -> None:
    """Mutations: a release does not take the repair away, a rejection counts once, an approval of any plan counts."""
    stage = scene(tmp_path_factory.mktemp("scene"))
    filed = plans(stage)
    for plan in filed:
        perform(stage, plan, "file")
    assert stage.home.ledger.restraints().repaired == {}
    for act, number in history:
        tried(stage, filed[number], act)
    assert same(stage)
    with stage.home.database.writing() as connection:
        connection.execute("UPDATE projection SET hash = 'another'")
    assert same(stage)
    stage.home.close()


def test_it_is_kept_with_the_append_and_built_again_where_it_is_not_of_the_last_entry(
    tmp_path: Path, stands_on: str
) -> None:
    """The mutation: what is kept is believed whichever entry it was built up to."""
    stage = scene(tmp_path)
    one = plans(stage)[0]
    for act in ("file", "reject", "claim", "verified"):
        perform(stage, one, act)
    found = stage.home.database.row("SELECT seq FROM projection")
    last = stage.home.ledger.last()
    assert last is not None
    assert found == (last.seq,)
    assert stage.home.ledger.restraints().rejected == {private.id: 1, dials_safe.id: 1}
    with stage.home.database.writing() as connection:
        connection.execute("DELETE FROM tally")
        connection.execute("UPDATE projection SET seq = seq - 1")
    assert stage.home.ledger.restraints().repaired == dict.fromkeys(one.findings, 1)
    assert same(stage)


def test_an_approval_that_somebody_writes_into_what_is_kept_permits_nothing(tmp_path: Path, stands_on: str) -> None:
    """The mutation: approvals are counted in what is kept."""
    stage = scene(tmp_path)
    perform(stage, plans(stage)[0], "file")
    stage.home.ledger.restraints()
    with stage.home.database.writing() as connection:
        connection.execute("INSERT INTO tally VALUES ('repaired', 'x', -9), ('rejected', 'c', -9)")
    memory = recall(stage.home.ledger, stage.cloud.clock.now(), stage.home.ledger.restraints())
    assert (memory.approved, dict(memory.rejected), dict(memory.repaired)) == ({}, {}, {})
