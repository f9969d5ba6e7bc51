"""What the keyholder grants, and everything that it refuses."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from goldseam.keyholder import message
from goldseam.keyholder.allow import Rule
from goldseam.keyholder.approval import signed_approval
from goldseam.keyholder.hearing import Hearing
from goldseam.keyholder.identity import PrivateKey
from goldseam.model.errors import AccessDenied, AlreadyDone, GoldseamError, GrantRefused, Unreachable
from goldseam.repair.approval import Approval
from tests import toy
from tests.keyholder.desk import ANYTHING, CANARIES, NOON, ROLE, Desk, desk, house, in_reach, repair

TWO = dataclasses.replace(ANYTHING, approvals=2)


def test_a_plan_gets_a_key_for_its_own_permissions_and_15_minutes(tmp_path: Path) -> None:
    office, plan = desk(tmp_path), repair()
    key = office.ask(plan.to_json())
    assert key.secret.reveal() == dict(zip(("access_key", "secret_key", "session_token"), CANARIES, strict=True))
    assert key.expires == NOON + timedelta(minutes=15)
    assert (key.source, key.narrowed) == ("keyholder", True)
    [asked] = office.sts.asked
    assert asked["DurationSeconds"] == 900
    assert asked["RoleArn"] == ROLE
    assert asked["RoleSessionName"] == f"goldseam-{plan.id}"
    [statement] = json.loads(asked["Policy"])["Statement"]
    assert statement["Resource"] == toy.REF.address
    assert sorted(statement["Action"]) == sorted({item.action for item in plan.permissions})
    assert "SourceIdentity" not in asked


def test_the_session_names_who_asked_where_the_role_allows_it(tmp_path: Path) -> None:
    office = desk(tmp_path, source_identity=True)
    office.ask(repair().to_json())
    assert office.sts.asked[0]["SourceIdentity"] == "goldseam-console"


def test_a_plan_is_granted_once(tmp_path: Path) -> None:
    office, plan = desk(tmp_path), repair().to_json()
    office.ask(plan)
    with pytest.raises(AlreadyDone, match="granted before"):
        office.ask(plan)
    assert len(office.sts.asked) == 1


def test_one_of_many_requests_at_once_is_granted(tmp_path: Path) -> None:
    office, plan = desk(tmp_path), repair().to_json()

    def attempt(_: int) -> bool:
        try:
            office.ask(plan)
        except AlreadyDone:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(16))) == 1
    assert len(office.sts.asked) == 1


def test_the_answer_is_on_disk_before_any_key_exists(tmp_path: Path) -> None:
    office, plan = desk(tmp_path), repair()
    seen: list[str] = []

    class Watching:
        def call(self, service: str, operation: str, region: str | None = None, /, **params: Any) -> Any:
            seen.append(office.keyholder.journal.path.read_text())
            return office.sts.call(service, operation, region, **params)

    office.keyholder = dataclasses.replace(office.keyholder, clouds=in_reach(Watching(), office.world))
    office.ask(plan.to_json())
    [entries] = [[json.loads(line) for line in text.splitlines()] for text in seen]
    assert [(entry["event"], entry.get("plan")) for entry in entries][-1] == ("claimed", plan.id)


@pytest.mark.parametrize("failure", [AccessDenied("no", code="AccessDenied"), Unreachable("no answer")])
def test_when_sts_gives_no_key_the_plan_may_be_asked_for_again(tmp_path: Path, failure: Any) -> None:
    office, plan = desk(tmp_path), repair().to_json()
    office.sts.failing = failure
    with pytest.raises(GrantRefused):
        office.ask(plan)
    office.sts.failing = None
    assert office.ask(plan).narrowed
    with pytest.raises(AlreadyDone):
        office.ask(plan)


def refusal(office: Desk, ask: Callable[[], object]) -> str:
    """Why a request is refused; nothing was claimed and STS was not asked."""
    with pytest.raises(GrantRefused) as refused:
        ask()
    assert office.sts.asked == []
    assert office.keyholder.journal.granted() == {}
    return str(refused.value)


def test_a_stranger_is_refused_and_cannot_fill_the_record(tmp_path: Path) -> None:
    office = desk(tmp_path)
    assert "not signed by anyone" in refusal(office, lambda: office.ask(repair().to_json(), signer=PrivateKey.fresh()))
    assert not office.keyholder.journal.path.exists() or not office.keyholder.journal.path.read_text()


def test_a_request_that_only_names_a_trusted_key_is_refused(tmp_path: Path) -> None:
    office = desk(tmp_path)
    name = office.keyholder.signer.keyholder_name
    asked = message.asking(repair().to_json(), (), PrivateKey.fresh(), name, NOON)
    envelope = orjson.loads(asked.body)
    envelope["message"]["requester"] = office.requester.verifier.text
    reply = office.keyholder.answer(orjson.dumps(envelope))
    assert "not signed by anyone" in refusal(office, lambda: message.key_in(reply, asked, name))


@pytest.mark.parametrize("word", ["nonce", "time", "sealed", "reply_to", "code", "keyholder"])
def test_no_word_of_a_request_can_be_changed_on_the_way(tmp_path: Path, word: str) -> None:
    office = desk(tmp_path)
    name = office.keyholder.signer.keyholder_name
    asked, other = (message.asking(repair().to_json(), (), office.requester, name, NOON) for _ in "12")
    envelope, donor = orjson.loads(asked.body), orjson.loads(other.body)
    donor["message"] |= {"code": "x", "keyholder": "y", "time": "2026-05-04T12:00:01Z"}
    envelope["message"][word] = donor["message"][word]
    reply = orjson.loads(office.keyholder.answer(orjson.dumps(envelope)))
    assert "not signed by anyone" in reply["message"]["because"]
    assert office.sts.asked == []


def test_a_request_is_heard_once(tmp_path: Path) -> None:
    office = desk(tmp_path, (TWO,))
    name = office.keyholder.signer.keyholder_name
    asked = message.asking(repair().to_json(), (), office.requester, name, NOON)
    first, second = office.keyholder.answer(asked.body), office.keyholder.answer(asked.body)
    assert b"approvals" in first
    assert "sent before" in orjson.loads(second)["message"]["because"]


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_request_of_another_time_is_refused(tmp_path: Path, minutes: int) -> None:
    office = desk(tmp_path)
    name = office.keyholder.signer.keyholder_name
    asked = message.asking(repair().to_json(), (), office.requester, name, NOON + timedelta(minutes=minutes))
    reply = office.keyholder.answer(asked.body)
    assert "5 minutes" in refusal(office, lambda: message.key_in(reply, asked, name))


def test_a_request_for_another_keyholder_is_refused(tmp_path: Path) -> None:
    office = desk(tmp_path)
    other = PrivateKey.fresh().keyholder_name
    asked = message.asking(repair().to_json(), (), office.requester, other, NOON)
    reply = office.keyholder.answer(asked.body)
    name = office.keyholder.signer.keyholder_name
    assert "another keyholder" in refusal(office, lambda: message.key_in(reply, asked, name))


def test_an_answer_of_somebody_else_is_not_believed(tmp_path: Path) -> None:
    office = desk(tmp_path)
    asked = message.asking(repair().to_json(), (), office.requester, office.keyholder.signer.keyholder_name, NOON)
    reply = office.keyholder.answer(asked.body)
    with pytest.raises(GrantRefused, match="not from the keyholder"):
        message.key_in(reply, asked, PrivateKey.fresh().keyholder_name)
    again = message.asking(repair().to_json(), (), office.requester, office.keyholder.signer.keyholder_name, NOON)
    with pytest.raises(GrantRefused, match="not from the keyholder"):
        message.key_in(reply, again, office.keyholder.signer.keyholder_name)


def test_a_tampered_plan_is_refused(tmp_path: Path) -> None:
    office, plan = desk(tmp_path), repair().to_json()
    plan["ref"] = {**plan["ref"], "address": "toy:h2"}
    assert "is not what its id says" in refusal(office, lambda: office.ask(plan))


@pytest.mark.parametrize("broken", [{"id": "p-1"}, {"id": "p-1", "purpose": "joke", "ref": 7}, {"id": None}])
def test_what_is_no_plan_is_refused(tmp_path: Path, broken: dict[str, Any]) -> None:
    office = desk(tmp_path)
    assert "not a plan" in refusal(office, lambda: office.ask(broken))


@pytest.mark.parametrize(
    ("narrower", "because"),
    [
        ({"accounts": ("other",)}, "account `acc`"),
        ({"kinds": ("toy.cas*",)}, "kind `toy.house`"),
        ({"controls": ("toy.house.lamp-*",)}, "control `toy.house.no-open-door`"),
        ({"actions": ("Add",)}, "`Remove` on `toy:h1`"),
        ({"resources": ("toy:h2", "toy:h1?")}, "on `toy:h1`"),
        ({"accounts": ()}, "account `acc`"),
        ({"actions": ()}, "on `toy:h1`"),
    ],
)
def test_nothing_beyond_the_allow_list_is_granted(tmp_path: Path, narrower: dict[str, Any], because: str) -> None:
    office = desk(tmp_path, (dataclasses.replace(ANYTHING, **narrower),))
    assert because in refusal(office, lambda: office.ask(repair().to_json()))


def test_an_empty_allow_list_grants_nothing(tmp_path: Path) -> None:
    office = desk(tmp_path, ())
    assert "the list is empty" in refusal(office, lambda: office.ask(repair().to_json()))


def test_an_account_without_a_role_is_refused(tmp_path: Path) -> None:
    office = desk(tmp_path, roles={"other": ROLE})
    assert "no role in account `acc`" in refusal(office, lambda: office.ask(repair().to_json()))


def test_of_two_rules_that_fit_the_more_careful_one_counts(tmp_path: Path) -> None:
    office = desk(tmp_path, (ANYTHING, TWO))
    assert "0 of the 2" in refusal(office, lambda: office.ask(repair().to_json()))


def test_enough_approvals_give_a_key(tmp_path: Path) -> None:
    office = desk(tmp_path, (TWO,))
    office.ask(repair().to_json(), approved_by=("ada", "ben"))
    assert office.decisions[-1]["approvers"] == ["ada", "ben"]


def test_one_person_does_not_count_for_two(tmp_path: Path) -> None:
    office = desk(tmp_path, (TWO,))
    assert "1 of the 2" in refusal(office, lambda: office.ask(repair().to_json(), approved_by=("ada", "ada")))


def test_a_forged_approval_does_not_count(tmp_path: Path) -> None:
    office, plan = desk(tmp_path, (TWO,)), repair()
    by_another_hand = signed_approval(plan, "ben", office.approvers["ada"], NOON)
    why = refusal(office, lambda: office.ask(plan.to_json(), approved_by=("ada",), approvals=(by_another_hand,)))
    assert "`ben` is not signed with that approver's key" in why


def test_an_approval_with_a_changed_word_does_not_count(tmp_path: Path) -> None:
    office, plan = desk(tmp_path, (TWO,)), repair()
    changed = {**office.approval(plan, "ben"), "comment": "and everything else too"}
    why = refusal(office, lambda: office.ask(plan.to_json(), approved_by=("ada",), approvals=(changed,)))
    assert "not signed" in why


def test_an_approval_by_nobody_known_does_not_count(tmp_path: Path) -> None:
    office, plan = desk(tmp_path, (TWO,)), repair()
    stranger = signed_approval(plan, "eve", PrivateKey.fresh(), NOON)
    why = refusal(office, lambda: office.ask(plan.to_json(), approved_by=("ada",), approvals=(stranger,)))
    assert "`eve` is by nobody" in why


def test_an_approval_of_another_plan_does_not_count(tmp_path: Path) -> None:
    office, plan = desk(tmp_path, (TWO,)), repair()
    other = office.approval(repair(house(["open", "wide"])), "ben")
    why = refusal(office, lambda: office.ask(plan.to_json(), approved_by=("ada",), approvals=(other,)))
    assert "for another plan" in why


def test_an_approval_covers_the_content_and_not_only_the_short_id(tmp_path: Path) -> None:
    office, plan = desk(tmp_path, (TWO,)), repair()
    statement = {**office.approval(plan, "ben"), "digest": "0" * 64}
    del statement["signature"]
    signature = office.approvers["ben"].sign({"purpose": "goldseam approval/1", **statement})
    why = refusal(
        office,
        lambda: office.ask(plan.to_json(), approved_by=("ada",), approvals=({**statement, "signature": signature},)),
    )
    assert "for another plan" in why


def test_an_expired_approval_does_not_count(tmp_path: Path) -> None:
    office, plan = desk(tmp_path, (TWO,)), repair()
    old = office.approval(plan, "ben")
    office.clock.sleep(24 * 3600 + 1)
    why = refusal(office, lambda: office.ask(plan.to_json(), approved_by=("ada",), approvals=(old,)))
    assert "has expired" in why


def test_manual_mode_takes_a_code_for_the_plan_once(tmp_path: Path) -> None:
    office, plan = desk(tmp_path, automated=False), repair()
    assert "needs a one-time code" in refusal(office, lambda: office.ask(plan.to_json()))
    other = office.keyholder.journal.issue_code("p-0000000000000000", NOON, timedelta(minutes=15))
    assert "no code in force" in refusal(office, lambda: office.ask(plan.to_json(), code=other))
    code = office.keyholder.journal.issue_code(plan.id, NOON, timedelta(minutes=15))
    assert "not the one" in refusal(office, lambda: office.ask(plan.to_json(), code=other))
    assert office.ask(plan.to_json(), code=code.lower().replace("-", " ")).narrowed
    office.keyholder.journal.release(plan.id, NOON, "test")
    with pytest.raises(GrantRefused, match="no code in force"):
        office.ask(plan.to_json(), code=code)


def test_a_code_expires_and_cannot_be_guessed(tmp_path: Path) -> None:
    office, plan = desk(tmp_path, automated=False), repair()
    code = office.keyholder.journal.issue_code(plan.id, NOON, timedelta(minutes=15))
    office.clock.sleep(15 * 60 + 1)
    assert "no code in force" in refusal(office, lambda: office.ask(plan.to_json(), code=code))
    code = office.keyholder.journal.issue_code(plan.id, office.clock.now(), timedelta(minutes=15))
    for _ in range(5):
        assert "not the one" in refusal(office, lambda: office.ask(plan.to_json(), code="0000-0000-0000-0000"))
    assert "no code in force" in refusal(office, lambda: office.ask(plan.to_json(), code=code))


def test_every_decision_is_logged_without_secrets(tmp_path: Path) -> None:
    office, plan = desk(tmp_path, (TWO,)), repair()
    refusal(office, lambda: office.ask(plan.to_json()))
    office.ask(plan.to_json(), approved_by=("ada", "ben"))
    no, yes = office.decisions
    assert (no["decision"], no["plan"], no["requester"]) == ("refused", plan.id, "console")
    assert no["because"].startswith("step 6: ")
    assert (yes["decision"], yes["resource"], yes["controls"]) == ("granted", "toy:h1", ["toy.house.no-open-door"])
    assert yes["permissions"] == [item.to_json() for item in plan.permissions]
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()).decode()
    assert plan.id in written
    assert not [canary for canary in CANARIES if canary in written]


def test_without_a_record_of_its_own_nothing_is_granted(tmp_path: Path) -> None:
    office = desk(tmp_path)
    office.keyholder.journal.path.parent.mkdir(parents=True)
    office.keyholder.journal.path.symlink_to("/dev/full")
    with pytest.raises(GoldseamError):
        office.ask(repair().to_json())
    assert office.sts.asked == []


STEPS = (
    "who_asks", "which_plan", "what_it_takes", "may_it_be", "read_resource", "who_says_so", "once", "the_key",
    "the_answer", "the_log",
)  # fmt: skip


@pytest.mark.parametrize(("done", "next_one"), [*itertools.product(range(len(STEPS)), range(len(STEPS)))])
def test_the_steps_have_one_order(tmp_path: Path, done: int, next_one: int) -> None:
    office = desk(tmp_path)
    name = office.keyholder.signer.keyholder_name
    asked = message.asking(repair().to_json(), (), office.requester, name, NOON)
    hearing = Hearing(office.keyholder)
    made: dict[int, Any] = {}

    def arguments(step: int) -> tuple[Any, ...]:
        ready = {0: (asked.body,), 5: (made.get(4), made.get(0)), 8: (made.get(7), made.get(6), made.get(0)), 9: ()}
        return ready.get(step, (made.get(step - 1),))

    for step in range(done):
        made[step] = getattr(hearing, STEPS[step])(*arguments(step))
    if next_one == done:
        getattr(hearing, STEPS[next_one])(*arguments(next_one))
        return
    with pytest.raises(RuntimeError, match=f"step {next_one + 1} of a hearing came after step {done}"):
        getattr(hearing, STEPS[next_one])(*arguments(next_one))


def test_a_rule_needs_every_permission_of_the_plan(tmp_path: Path) -> None:
    halves = tuple(Rule(("*",), ("*",), ("*",), (action,), ("*",), 0) for action in ("Add", "Remove"))
    office = desk(tmp_path, halves)
    assert "allow-list" in refusal(office, lambda: office.ask(repair().to_json()))


def test_a_signed_approval_survives_the_ledger(tmp_path: Path) -> None:
    office, plan = desk(tmp_path, (dataclasses.replace(ANYTHING, approvals=1),)), repair()
    kept = Approval.from_json(office.approval(plan, "ada")).to_json()
    assert office.ask(plan.to_json(), approvals=(kept,)).narrowed
