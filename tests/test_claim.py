"""Claims: one stands at a time, an epoch shuts the one before out, and limits are reserved with the claim."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from threading import Barrier
from typing import Final

import pytest

from goldseam.assess.evaluate import evaluate
from goldseam.decide import Circumstances, Decision, decide
from goldseam.decide.policy import Limits, Mode, load_policies
from goldseam.model.errors import AlreadyDone, ClaimLost, GoldseamError, HomeError, HomeLocked, LimitReached
from goldseam.model.values import Json
from goldseam.ports import Entry, Ledger
from goldseam.proving.ground import Diary
from goldseam.repair.claim import (
    Claim,
    current_epoch,
    epoch_of,
    followed,
    keys_valid_until,
    may_still_be_sent,
    standing_claims,
    take_over,
    usage,
)
from goldseam.repair.execute import repair
from goldseam.repair.plan import Plan
from goldseam.repair.recall import recall
from goldseam.store import Home
from goldseam.store.database import Database
from goldseam.store.engine import RuleBroken
from goldseam.store.ledger import DatabaseLedger
from goldseam.store.schema import MIGRATIONS
from tests.databases import refuse
from tests.memory_cloud import CATALOG, OTHER, REF, VAULT, Scene, dials_safe, private, scene, sealed

FORKS: Final = get_context("forkserver")
PLAN: Final = "p-1"


@pytest.fixture
def stage(tmp_path: Path, stands_on: str) -> Scene:
    return scene(tmp_path)


@pytest.fixture(params=["stored", "memory"])
def ledger(request: pytest.FixtureRequest, stage: Scene) -> Ledger:
    return stage.home.ledger if request.param == "stored" else Diary()


def body(**more: Json) -> dict[str, Json]:
    return {"purpose": "repair", "of": "", "by": "ann", "ref": REF.to_json(), "automatic": True, **more}


def claimed(ledger: Ledger, plan: str = PLAN) -> Claim:
    return Claim(plan, epoch_of(ledger.claim(plan, body())), ledger)


def test_one_claim_stands_and_after_a_release_the_next_has_the_next_epoch(ledger: Ledger) -> None:
    first = claimed(ledger)
    with pytest.raises(AlreadyDone):
        claimed(ledger)
    first.append("release", {"because": "refused"})
    assert standing_claims(ledger) == []
    second = claimed(ledger)
    assert (first.epoch, second.epoch) == (1, 2)
    assert [epoch_of(entry) for entry in standing_claims(ledger)] == [2]
    with pytest.raises(ClaimLost):
        first.append("intent", {"step": 1})
    assert second.append("intent", {"step": 1}).body["epoch"] == 2


def test_who_took_a_claim_over_writes_and_the_other_does_not(ledger: Ledger) -> None:
    old, other = claimed(ledger), claimed(ledger, "p-2")
    old.append("intent", {"step": 1})
    new = take_over(ledger, PLAN, "bob")
    before = list(ledger.entries())
    for kind in ("intent", "result", "failure", "before", "after", "outcome", "release", "grant"):
        with pytest.raises(ClaimLost, match=f"`{PLAN}`"):
            old.append(kind, {"step": 2})
    assert list(ledger.entries()) == before
    new.append("outcome", {"state": "undone"})
    other.append("intent", {"step": 1})
    began = current_epoch(ledger, PLAN)
    assert began is not None
    assert (began.kind, began.body["by"], epoch_of(began)) == ("takeover", "bob", 2)


def test_what_nobody_holds_is_not_taken_over(ledger: Ledger) -> None:
    with pytest.raises(ClaimLost):
        take_over(ledger, PLAN, "bob")
    claimed(ledger).append("release", {"because": "refused"})
    with pytest.raises(ClaimLost):
        take_over(ledger, PLAN, "bob")


def test_a_check_that_fails_writes_no_claim(ledger: Ledger) -> None:
    def no() -> None:
        msg = "no"
        raise LimitReached(msg, "per_hour")

    with pytest.raises(LimitReached):
        ledger.claim(PLAN, body(), check=no)
    assert list(ledger.entries()) == []
    ledger.claim(PLAN, body(), check=lambda: None)


def test_a_failure_releases_the_claim_with_its_reason_and_is_raised(ledger: Ledger) -> None:
    claim = claimed(ledger)
    with pytest.raises(KeyboardInterrupt), claim.released_on_failure(lambda text: text.replace("secret", "…")):
        raise KeyboardInterrupt("secret")
    (entry,) = ledger.entries(kind="release")
    assert entry.body == {"plan": PLAN, "epoch": 1, "because": "…"}


def test_a_claim_that_cannot_be_released_is_named_beside_the_failure(ledger: Ledger) -> None:
    claim = claimed(ledger)
    take_over(ledger, PLAN, "bob")
    with pytest.raises(LookupError) as caught, claim.released_on_failure():
        raise LookupError("what went wrong")
    assert "still claimed" in caught.value.__notes__[0]


# --- the table keeps the rules too


@pytest.mark.parametrize(
    ("kind", "epoch", "rule"),
    [
        ("repair", 1, "a claim of the plan stands"),
        ("repair", 3, "a claim of the plan stands"),
        ("takeover", 2, "ledger_claim"),
        ("intent", 1, "newer epoch"),
        ("intent", None, "newer epoch"),
        ("release", 1, "newer epoch"),
    ],
)
def test_the_table_refuses_a_second_claim_and_an_old_intent(
    stage: Scene, kind: str, epoch: int | None, rule: str
) -> None:
    """Whatever program writes: an older version knows no epoch, and its entries are of the first."""
    claimed(stage.home.ledger)
    take_over(stage.home.ledger, PLAN, "bob")
    given = "{}" if epoch is None else f'{{"epoch":{epoch}}}'
    with pytest.raises(RuleBroken, match=rule), stage.home.database.writing() as connection:
        connection.execute(
            "INSERT INTO ledger SELECT max(seq) + 1, '', ?, ?, ?, '', '' FROM ledger", (kind, PLAN, given)
        )  # fmt: skip
    assert stage.kinds() == ["repair", "takeover"]


@pytest.mark.parametrize(
    ("trigger", "error", "told"),
    [
        ("a rule of ours", HomeError, "a rule of ours.*ledger verify"),
        ("the ledger is only appended to", HomeError, "only appended to"),
        ("a claim of the plan stands", AlreadyDone, "executed before"),
        ("the plan has a newer epoch", ClaimLost, "took plan `p-1` over"),
    ],
)
def test_an_integrity_error_says_which(
    stage: Scene, stands_on: str, trigger: str, error: type[GoldseamError], told: str
) -> None:
    with stage.home.database.writing() as connection:
        refuse(connection, stands_on, trigger)
    with pytest.raises(error, match=told):
        claimed(stage.home.ledger)
    assert stage.kinds() == []


def test_a_home_of_the_first_version_is_brought_forward_and_its_claims_are_of_the_first_epoch(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    old = sqlite3.connect(folder / "goldseam.db", isolation_level=None)
    old.executescript(f"{MIGRATIONS[0]}\nPRAGMA user_version=1;")
    given = '{"of":"","plan":"p-1","purpose":"repair"}'
    old.execute("INSERT INTO ledger VALUES (1, '2030-01-07T12:00:00+00:00', 'repair', 'p-1', ?, '', '')", (given,))
    old.close()
    with Home(folder) as home:
        with pytest.raises(AlreadyDone):
            home.ledger.claim(PLAN, body())
        assert take_over(home.ledger, PLAN, "ann").epoch == 2
        with pytest.raises(ClaimLost):
            home.ledger.append("intent", {"plan": PLAN, "step": 1})


def _claims(folder: Path, database: str, number: int) -> None:
    with Home(folder / "home", None, database) as home:
        try:
            claimed(home.ledger)
            said = "claimed"
        except AlreadyDone:
            said = "refused"
    (folder / f"said-{number}").write_text(said)


def test_of_many_processes_one_claims_and_one_again_after_the_release(tmp_path: Path, database: str) -> None:
    Home(tmp_path / "home", None, database).close()
    for round_ in (1, 2):
        children = [FORKS.Process(target=_claims, args=(tmp_path, database, number)) for number in range(6)]
        for child in children:
            child.start()
        for child in children:
            child.join()
        said = Counter(path.read_text() for path in tmp_path.glob("said-*"))
        assert said == {"claimed": 1, "refused": 5}
        with Home(tmp_path / "home", None, database) as home:
            Claim(PLAN, round_, home.ledger).append("release", {"because": "a test"})


# --- limits


def automatic(stage: Scene, plan: Plan, per_hour: int, per_account: int) -> str:
    leave = stage.leave(plan, Mode.AUTO, limits=Limits(per_hour, per_account))
    return repair(plan, leave, stage.doors, stage.home.signer).state


def test_the_limits_are_reserved_with_the_claim_and_the_refusal_names_which(stage: Scene) -> None:
    first, second = stage.plan(sealed), stage.plan(sealed, ref=OTHER)
    assert automatic(stage, first, 5, 1) == "verified"
    for limits, name in (((1, 5), "per_hour"), ((5, 1), "per_account"), ((0, 5), "per_hour")):
        with pytest.raises(LimitReached, match=f"limit `{name}`") as caught:
            automatic(stage, second, *limits)
        assert caught.value.limit == name
    assert len(stage.keys.asked) == 1
    assert [claim.body["plan"] for claim in standing_claims(stage.home.ledger)] == [first.id]
    assert automatic(stage, second, 2, 2) == "verified"


def test_the_least_limits_of_all_decisions_hold(stage: Scene) -> None:
    plan = stage.plan(sealed, dials_safe)
    one, other = (
        stage.leave(plan, limits=Limits(9, 9)).decisions[0],
        stage.leave(plan, limits=Limits(9, 0)).decisions[1],
    )
    leave = stage.leave(plan)
    with pytest.raises(LimitReached, match="per_account"):
        repair(plan, type(leave)("ann", (one, other), stage.keys), stage.doors, stage.home.signer)


def test_the_limits_are_of_automated_repairs_of_the_last_hour_in_that_account(stage: Scene) -> None:
    asked = stage.plan(private, ref=OTHER)
    stage.approved(asked)
    assert repair(asked, stage.leave(asked, Mode.ASK, 1), stage.doors, stage.home.signer).state == "verified"
    elsewhere = Claim("p-x", 1, stage.home.ledger)
    stage.home.ledger.claim("p-x", body(ref={**REF.to_json(), "account": "another"}))
    elsewhere.append("outcome", {"state": "verified", "ref": {}, "because": "", "waits": {}})
    plan = stage.plan(sealed)
    with pytest.raises(LimitReached, match="per_hour"):
        automatic(stage, plan, 1, 1)
    assert automatic(stage, plan, 2, 1) == "verified"
    stage.later(61)
    assert automatic(stage, stage.plan(dials_safe, follows=plan.id), 1, 1) == "verified"


def test_a_refusal_releases_the_limits_and_the_same_plan_can_be_asked_for_again(stage: Scene) -> None:
    plan = stage.plan(sealed)
    stage.keys.refuses = "not today; ask tomorrow"
    for _ in range(3):
        with pytest.raises(GoldseamError, match="not today"):
            automatic(stage, plan, 1, 1)
    now = stage.cloud.clock.now()
    assert usage(stage.home.ledger, now).last_hour == recall(stage.home.ledger, now).usage.last_hour == 0
    assert followed(stage.home.ledger, REF) == ""
    stage.keys.refuses = ""
    assert automatic(stage, plan, 1, 1) == "verified"
    used = recall(stage.home.ledger, now).usage
    assert (used.last_hour, used.by_account) == (1, {"acc": 1})
    assert [epoch_of(entry) for entry in stage.home.ledger.entries(kind="repair")] == [1, 2, 3, 4]
    assert followed(stage.home.ledger, REF) == plan.id
    assert recall(stage.home.ledger, now).repaired == {plan.findings[0]: 1}


def test_nobody_writes_between_the_check_of_a_claim_and_the_claim(stage: Scene, stands_on: str) -> None:
    other = DatabaseLedger(Database(stage.home.path, stands_on, patience=0.0), stage.cloud.clock, stage.home.signer)
    tried: list[str] = []

    def check() -> None:
        with pytest.raises(HomeLocked):
            other.claim("p-2", body())
        tried.append("in vain")

    stage.home.ledger.claim(PLAN, body(), check=check)
    other.claim("p-2", body())
    assert tried == ["in vain"]
    assert stage.kinds() == ["repair", "repair"]


def _automatic(folder: Path, database: str, number: int) -> None:
    """One of several processes that repair different resources, all sure that one more is allowed."""
    stage = scene(folder / f"world-{number}")
    stage.home = Home(folder / "home", stage.cloud.clock, database)
    ref = (REF, OTHER)[number % 2]
    plan = stage.plan((sealed, dials_safe, private)[number // 2], ref=ref)
    try:
        said = automatic(stage, plan, 2, 2)
    except GoldseamError as error:
        said = type(error).__name__
    (folder / f"said-{number}").write_text(said)


def test_processes_at_once_stay_within_the_limits(tmp_path: Path, database: str) -> None:
    """The mutation: the limits are counted before the claim's own transaction."""
    Home(tmp_path / "home", None, database).close()
    children = [FORKS.Process(target=_automatic, args=(tmp_path, database, number)) for number in range(6)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    said = Counter(path.read_text() for path in tmp_path.glob("said-*"))
    assert set(said) <= {"verified", "LimitReached", "HomeLocked", "Stale"}
    assert 1 <= said["verified"] <= 2


# --- what is left of earlier attempts


def test_a_key_lasts_until_every_clock_says_that_it_has_expired(stage: Scene) -> None:
    ledger, now = stage.home.ledger, stage.cloud.clock.now()
    claim = claimed(ledger)
    assert keys_valid_until(ledger, [PLAN]) is None
    claim.append("request", {"ref": REF.to_json(), "source": "keyholder"})
    assert keys_valid_until(ledger, [PLAN]) == now + timedelta(minutes=15 + 5)
    claim.append("grant", {"expires": (now + timedelta(minutes=3)).isoformat()})
    assert keys_valid_until(ledger, [PLAN]) == now + timedelta(minutes=3 + 5)
    other = claimed(ledger, "p-2")
    other.append("request", {"ref": REF.to_json(), "source": "keyholder"})
    assert keys_valid_until(ledger, [PLAN, "p-2"]) == now + timedelta(minutes=15 + 5)
    other.append("refusal", {"ref": REF.to_json(), "source": "keyholder", "because": "no"})
    assert keys_valid_until(ledger, [PLAN, "p-2"]) == now + timedelta(minutes=3 + 5)


@pytest.mark.parametrize(
    ("entries", "sent"),
    [
        ([], False),
        ([("intent", {})], True),
        ([("intent", {}), ("result", {})], False),
        ([("intent", {}), ("result", {}), ("intent", {})], True),
        ([("intent", {}), ("failure", {"uncertain": False})], False),
        ([("intent", {}), ("failure", {"uncertain": True})], True),
        ([("intent", {}), ("failure", {})], True),
        ([("intent", {}), ("failure", {"uncertain": True}), ("intent", {}), ("result", {})], True),
    ],
)
def test_a_call_without_a_certain_answer_may_still_arrive(
    stage: Scene, entries: list[tuple[str, dict[str, Json]]], *, sent: bool
) -> None:
    claim = claimed(stage.home.ledger)
    for kind, given in entries:
        claim.append(kind, given)
    assert may_still_be_sent(stage.home.ledger, [PLAN]) is sent
    later = take_over(stage.home.ledger, PLAN, "bob")
    later.append("intent", {})
    later.append("result", {})
    assert may_still_be_sent(stage.home.ledger, [PLAN]) is sent


LIMITED: Final = """
version: 2
guardrails:
  - name: few
    controls: ["mem.vault.dials-safe"]
    limits: {per_hour: 9, per_account: 2}
policies:
  - name: many
    controls: ["mem.vault.*"]
    when: ["resource.account == 'acc'"]
    mode: auto
    limits: {per_hour: 7, per_account: 6}
"""


def test_a_decision_carries_the_least_limits_of_its_policy_and_of_the_guardrails(stage: Scene) -> None:
    policies = load_policies(LIMITED, "limited.yaml", CATALOG)
    resource = stage.cloud.read(REF, frozenset(facet.name for facet in VAULT.facets))
    for about, limits in ((dials_safe, Limits(7, 2)), (sealed, Limits(7, 6))):
        (finding,) = evaluate(resource, [about])
        around = Circumstances(stage.cloud.clock.now(), (), usage(stage.home.ledger, stage.cloud.clock.now()))
        made = decide(finding, about, resource, (), policies, around)
        assert made.limits == limits
        assert Decision.from_json(made.to_json()) == made
        old = {name: value for name, value in made.to_json().items() if name != "limits"}
        assert Decision.from_json(old).limits == Limits()


def test_a_plan_that_was_refused_once_is_spent_when_a_key_was_given_for_it_later(stage: Scene) -> None:
    ledger, asked = stage.home.ledger, {"ref": REF.to_json(), "source": "keyholder"}
    first = claimed(ledger)
    for kind, more in (("request", {}), ("refusal", {"because": "no"}), ("release", {"because": "no"})):
        first.append(kind, {**asked, **more})
    assert followed(ledger, REF) == ""
    second = claimed(ledger)
    second.append("request", asked)
    second.append("release", {"because": "the resource changed"})
    assert followed(ledger, REF) == PLAN
    assert followed(ledger, OTHER) == ""


def test_ten_workers_at_once_do_not_exceed_a_limit(tmp_path: Path, database: str) -> None:
    """The mutation: the limit is counted outside the claim's transaction, or PostgreSQL's lock is not taken."""
    now, said = scene(tmp_path).cloud.clock, Counter[str]()
    homes = [Home(tmp_path / "home", now, database) for _ in range(10)]
    barrier = Barrier(10)

    def work(number: int) -> None:
        ledger = homes[number].ledger

        def check() -> None:
            if usage(ledger, now.now()).last_hour >= 3:
                raise LimitReached("enough", "per_hour")

        barrier.wait()
        try:
            ledger.claim(f"p-{number}", body(), check=check)
            said["claimed"] += 1
        except LimitReached:
            said["refused"] += 1

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(work, range(10)))
    assert said == {"claimed": 3, "refused": 7}
    entries = list(homes[0].ledger.entries())
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert homes[0].ledger.breaks() == ()
    for home in homes:
        home.close()


def test_limits_read_no_more_than_the_last_hour(stage: Scene, stands_on: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutation: every claim that was ever made is read within the claim's transaction."""
    ledger, clock = stage.home.ledger, stage.cloud.clock
    for number in range(5):
        ledger.claim(f"p-{number}", body())
    stage.later(59)
    ledger.claim("p-released", body())
    Claim("p-released", 1, ledger).append("release", {"because": "a test"})
    ledger.claim("p-late", body())
    assert usage(ledger, clock.now()).last_hour == 6
    stage.later(1)
    assert usage(ledger, clock.now()).last_hour == 1
    read: list[str] = []
    entries = ledger.entries

    def watched(**chosen: object) -> Iterator[Entry]:
        for entry in entries(**chosen):  # type: ignore[arg-type]
            read.append(entry.body["plan"])
            yield entry

    monkeypatch.setattr(ledger, "entries", watched)
    assert usage(ledger, clock.now()).by_account == {"acc": 1}
    assert read == ["p-released", "p-late"]
