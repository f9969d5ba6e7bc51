"""Somebody alters the ledger in the database: what is noticed, what is refused, and what goes on.

Every attack is made at the level of SQL, by somebody who can compute hashes and cannot sign.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from goldseam.audit.chain import SIGNED_KINDS, entry_hash
from goldseam.audit.record import checkpoint, close_unverified
from goldseam.decide import Exemption, held
from goldseam.decide.policy import Mode
from goldseam.model.errors import AlreadyDone, LedgerBroken, NotApproved, RollbackRefused, UsageError
from goldseam.model.values import Json, canonical
from goldseam.repair.approval import reject
from goldseam.repair.authorize import file_plan
from goldseam.repair.claim import outcome_of
from goldseam.repair.execute import repair
from goldseam.repair.plan import Plan
from goldseam.repair.resume import resume, unfinished
from goldseam.repair.rollback import plan_rollback
from goldseam.store import Home
from goldseam.store.copying import copy
from goldseam.store.database import Database
from goldseam.store.engine import Engine
from tests.memory_cloud import OTHER, REF, Scene, dials_safe, no_world_rule, private, scene, sealed


class Killed(BaseException):
    """The process ended here."""


def exemption(stage: Scene, control: str, ref: Any) -> Exemption:
    now = stage.cloud.clock.now()
    return Exemption(control, ref, "web", "a site", now + timedelta(days=90), "state", "ann", now)


def history(stage: Scene) -> None:
    """One entry of each kind that permits or restrains, a repair that ended and one that was cut short."""
    ledger, exemptions = stage.home.ledger, stage.home.exemptions
    ledger.append("scan", {"scan": "s-1"})
    ledger.append("policy", {"version": "v1", "text": "version: 2\npolicies: []\n", "path": "p", "by": "dana"})
    exemptions.give(exemption(stage, sealed.id, REF))
    exemptions.give(exemption(stage, dials_safe.id, OTHER))
    exemptions.withdraw(dials_safe.id, OTHER, "dana")
    ended = stage.plan(private, dials_safe)
    stage.approved(ended)
    assert repair(ended, stage.leave(ended, Mode.ASK, 1), stage.doors, stage.home.signer).state == "verified"
    refused = stage.plan(no_world_rule, ref=OTHER)
    file_plan(ledger, refused, stage.leave(refused).decisions)
    stage.approved(refused)
    reject(ledger, refused.id, "eve")
    wanted = stage.plan(private, ref=OTHER)
    file_plan(ledger, wanted, stage.leave(wanted).decisions)
    stage.approved(wanted)
    cut_short(stage)
    last = ledger.last()
    assert last is not None
    checkpoint(ledger, last, stage.home.signer)
    ledger.append("scan", {"scan": "s-2"})


def cut_short(stage: Scene) -> None:
    plan = stage.plan(no_world_rule)
    calls = []

    def die(call: object, when: str) -> None:
        calls.append(call)
        if len(calls) > 2 and when == "before":
            raise Killed

    stage.cloud.on_call = die
    with pytest.raises(Killed):
        repair(plan, stage.leave(plan), stage.doors, stage.home.signer)
    stage.cloud.on_call = lambda call, when: None


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a scene with its history, to be copied."""
    folder = tmp_path_factory.mktemp("attacked") / "scene"
    stage = scene(folder, kept=True)
    history(stage)
    stage.home.close()
    return folder


@pytest.fixture
def folder(kept: Path, tmp_path: Path, database: str) -> Path:
    made = Path(shutil.copytree(kept, tmp_path / "scene"))
    if database:
        with Home(made / "home") as source, Home(made / "home", None, database) as target:
            copy(source, target)
        (made / "home" / "goldseam.db").unlink()
        (made / "database").write_text(database, "utf-8")
    return made


def opened(folder: Path) -> Scene:
    """The scene an hour later."""
    stage = scene(folder, kept=True)
    stage.cloud.clock.time += timedelta(hours=1)
    return stage


Row = dict[str, Any]


class Table:
    """The ledger's table in the hands of somebody who took its triggers away."""

    def __init__(self, connection: Engine) -> None:
        self.connection = connection
        connection.remove_guards()
        connection.execute("DROP INDEX IF EXISTS ledger_claim")
        names = ("seq", "at", "kind", "plan", "body", "previous", "hash")
        found = connection.execute(f"SELECT {', '.join(names)} FROM ledger ORDER BY seq").fetchall()
        self.rows: list[Row] = [dict(zip(names, row, strict=True)) for row in found]

    def place(self, kind: str) -> int:
        """Where the last entry of a kind is."""
        return max(place for place, row in enumerate(self.rows) if row["kind"] == kind)

    def write(self) -> None:
        self.connection.execute("DELETE FROM ledger")
        for row in self.rows:
            self.connection.execute("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?)", tuple(row.values()))

    def rehash(self, first: int, last: int | None = None) -> None:
        """Give entries the numbers, links and hashes that their contents and their places ask for."""
        for place in range(first, len(self.rows) if last is None else last):
            row = self.rows[place]
            row["seq"] = place + 1
            row["previous"] = self.rows[place - 1]["hash"] if place else "0" * 64
            row["hash"] = entry_hash(row["seq"], row["at"], row["kind"], orjson.loads(row["body"]), row["previous"])

    def alter(self, place: int) -> None:
        body = orjson.loads(self.rows[place]["body"])
        self.rows[place]["body"] = canonical({**body, "by": "mallory"}).decode()


def altered(table: Table, place: int) -> None:
    table.alter(place)


def altered_and_hashed(table: Table, place: int) -> None:
    table.alter(place)
    table.rehash(place, place + 1)


def altered_and_all_hashed(table: Table, place: int) -> None:
    table.alter(place)
    table.rehash(place)


def no_json(table: Table, place: int) -> None:
    table.rows[place]["body"] = "scribble"


def emptied_body(table: Table, place: int) -> None:
    table.rows[place]["body"] = "{}"


def other_kind(table: Table, place: int) -> None:
    table.rows[place]["kind"] = "scan"


def other_plan(table: Table, place: int) -> None:
    table.rows[place]["plan"] = "p-none"


def deleted(table: Table, place: int) -> None:
    del table.rows[place]


def deleted_and_all_hashed(table: Table, place: int) -> None:
    del table.rows[place]
    table.rehash(place)


def inserted(table: Table, place: int) -> None:
    """Another one behind it, everything numbered and hashed anew."""
    table.rows.insert(place + 1, dict(table.rows[place]))
    table.rehash(place + 1)


def swapped(table: Table, place: int) -> None:
    one, two = table.rows[place - 1], table.rows[place]
    one["seq"], two["seq"] = two["seq"], one["seq"]


def cut_off(table: Table, place: int) -> None:
    del table.rows[place:]


def emptied(table: Table, place: int) -> None:
    del table.rows[:]


ATTACKS: Final[tuple[Callable[[Table, int], None], ...]] = (
    altered, altered_and_hashed, altered_and_all_hashed, no_json, emptied_body, other_kind, other_plan, deleted,
    deleted_and_all_hashed, inserted, swapped, cut_off, emptied,
)  # fmt: skip
KINDS: Final = (
    "approval", "rejection", "plan", "repair", "exemption", "exemption-withdrawn", "policy", "checkpoint", "grant",
    "outcome",
)  # fmt: skip


@contextmanager
def table_of(folder: Path) -> Iterator[Table]:
    named = folder / "database"
    database = Database(folder / "home", named.read_text("utf-8") if named.exists() else "")
    table = Table(database.engine)
    yield table
    table.write()
    database.close()


def attack(folder: Path, act: Callable[[Table, int], None], kind: str) -> None:
    with table_of(folder) as table:
        act(table, table.place(kind))


def wanted_is_repaired(stage: Scene) -> str:
    plan = stage.plan(private, ref=OTHER)
    return repair(plan, stage.leave(plan, Mode.ASK, 1), stage.doors, stage.home.signer).state


def test_without_an_attack_everything_goes_on(folder: Path) -> None:
    stage = opened(folder)
    stage.home.ledger.require_whole()
    assert list(stage.home.ledger.verified()) == list(stage.home.ledger.entries())
    told = stage.home.ledger.verify()
    assert told is not None
    assert (told.since, told.resealed) == (1, None)
    with pytest.raises(UsageError, match="nothing to reseal"):
        stage.home.ledger.reseal("ann", "why not")
    assert wanted_is_repaired(stage) == "verified"


HARMLESS: Final = (inserted, "checkpoint")
"""A good checkpoint once more says nothing that it did not say."""


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        pytest.param(act, kind, id=f"{act.__name__}-{kind}")
        for act in ATTACKS
        for kind in KINDS
        if (act, kind) != HARMLESS
    ],
)
def test_no_new_repair_starts_on_an_altered_ledger_until_it_is_resealed(
    folder: Path, act: Callable[[Table, int], None], kind: str
) -> None:
    attack(folder, act, kind)
    stage = opened(folder)
    ledger, calls = stage.home.ledger, len(stage.cloud.calls)
    with pytest.raises(LedgerBroken, match="goldseam ledger reseal"):
        ledger.verify()
    stage.approved(stage.plan(private, ref=OTHER), "bob")
    with pytest.raises(LedgerBroken, match="no new repair starts"):
        wanted_is_repaired(stage)
    assert len(stage.cloud.calls) == calls
    entry = ledger.reseal("ann", "looked at every resource")
    assert entry.body["broken"]
    told = ledger.verify()
    assert told is not None
    assert told.resealed is not None
    assert (told.since, told.resealed["by"]) == (entry.seq, "ann")
    with pytest.raises(NotApproved, match="0 of 1 approvals"):
        wanted_is_repaired(stage)
    stage.approved(stage.plan(private, ref=OTHER), "bob")
    assert wanted_is_repaired(stage) == "verified"
    assert opened(folder).home.ledger.breaks() == ()


@pytest.mark.parametrize("kind", sorted(SIGNED_KINDS))
def test_an_entry_that_somebody_else_appends_is_not_believed_even_when_later_ones_are_signed(
    folder: Path, kind: str
) -> None:
    with table_of(folder) as table:
        forged = {**table.rows[-1], "kind": kind, "plan": "p-1", "body": '{"by":"mallory","plan":"p-1"}'}
        table.rows.append(forged)
        table.rehash(len(table.rows) - 1)
    stage = opened(folder)
    seq = max(entry.seq for entry in stage.home.ledger.entries())
    for round_ in range(3):
        assert seq not in [entry.seq for entry in stage.home.ledger.verified()]
        assert [item.seq for item in stage.home.ledger.breaks()] == [seq]
        if round_:
            stage.approved(stage.plan(private, ref=OTHER))
        last = stage.home.ledger.last()
        assert last is not None
        checkpoint(stage.home.ledger, last, stage.home.signer)


@pytest.mark.parametrize("act", [altered, altered_and_hashed, no_json, other_plan], ids=lambda act: act.__name__)
def test_an_altered_approval_is_not_believed_and_the_rest_goes_on(
    folder: Path, act: Callable[[Table, int], None]
) -> None:
    attack(folder, act, "approval")
    stage = opened(folder)
    wanted = stage.plan(private, ref=OTHER)
    assert list(stage.home.ledger.verified(kind="approval", plan=wanted.id)) == []
    (done,) = resume(stage.doors, stage.keys, stage.home.signer, "ann")
    assert done.state == "undone"
    taken_back(stage)
    with pytest.raises(LedgerBroken):
        wanted_is_repaired(stage)


def taken_back(stage: Scene) -> None:
    """The repair that ended is rolled back: not without an approval that is given now."""
    ended = next(e.body["plan"] for e in stage.home.ledger.entries(kind="outcome") if e.body["state"] == "verified")
    back = plan_rollback(ended, stage.doors)
    with pytest.raises(NotApproved):
        repair(back, stage.leave(back), stage.doors, stage.home.signer)
    stage.approved(back)
    assert repair(back, stage.leave(back), stage.doors, stage.home.signer).state == "verified"


def test_an_approval_of_a_rollback_from_before_a_break_does_not_count(folder: Path) -> None:
    stage = opened(folder)
    resume(stage.doors, stage.keys, stage.home.signer, "ann")
    ended = next(e.body["plan"] for e in stage.home.ledger.entries(kind="outcome") if e.body["state"] == "verified")
    back = plan_rollback(ended, stage.doors)
    stage.approved(back)
    reject(stage.home.ledger, back.id, "eve")
    stage.home.ledger.append("scan", {})
    stage.home.close()
    attack(folder, deleted, "rejection")
    again = opened(folder)
    with pytest.raises(NotApproved, match="0 of 1"):
        repair(back, again.leave(back), again.doors, again.home.signer)


@pytest.mark.parametrize("how", ["written", "made of another"])
def test_an_approval_of_a_rollback_that_somebody_forged_does_not_count(folder: Path, how: str) -> None:
    stage = opened(folder)
    resume(stage.doors, stage.keys, stage.home.signer, "ann")
    ended = next(e.body["plan"] for e in stage.home.ledger.entries(kind="outcome") if e.body["state"] == "verified")
    back = plan_rollback(ended, stage.doors)
    stage.home.close()
    with table_of(folder) as table:
        row = table.rows[table.place("approval")]
        forged = {"plan": back.id, "body": canonical({**orjson.loads(row["body"]), "plan": back.id}).decode()}
        if how == "written":
            table.rows.append({**row, **forged})
            table.rehash(len(table.rows) - 1)
        else:
            row.update(forged)
    again = opened(folder)
    with pytest.raises(NotApproved, match="0 of 1"):
        repair(back, again.leave(back), again.doors, again.home.signer)
    assert len(again.cloud.granted) == len(stage.cloud.granted)


def test_an_approval_does_not_count_where_its_rejection_was_cut_off_the_end(folder: Path) -> None:
    stage = opened(folder)
    resume(stage.doors, stage.keys, stage.home.signer, "ann")
    ended = next(e.body["plan"] for e in stage.home.ledger.entries(kind="outcome") if e.body["state"] == "verified")
    back = plan_rollback(ended, stage.doors)
    stage.approved(back)
    stage.cloud.clock.time += timedelta(minutes=1)
    reject(stage.home.ledger, back.id, "eve")
    stage.home.close()
    attack(folder, cut_off, "rejection")
    again = opened(folder)
    again.cloud.clock.time += timedelta(hours=1)
    with pytest.raises(NotApproved, match="0 of 1"):
        repair(back, again.leave(back), again.doors, again.home.signer)
    again.approved(back)
    assert repair(back, again.leave(back), again.doors, again.home.signer).state == "verified"


def test_a_rejection_that_was_altered_still_forbids(folder: Path) -> None:
    attack(folder, altered, "rejection")
    stage = opened(folder)
    stage.home.ledger.reseal("ann", "so be it")
    refused = stage.plan(no_world_rule, ref=OTHER)
    stage.approved(refused)
    with pytest.raises(NotApproved, match="rejected by mallory"):
        repair(refused, stage.leave(refused, Mode.ASK, 1), stage.doors, stage.home.signer)


def test_an_altered_claim_is_not_resumed_and_not_claimed_again_and_is_closed_by_the_reseal(folder: Path) -> None:
    attack(folder, altered, "repair")
    stage = opened(folder)
    ledger = stage.home.ledger
    plan_id = list(ledger.entries(kind="repair"))[-1].body["plan"]
    assert plan_id not in [claim.body["plan"] for claim in unfinished(ledger)]
    assert resume(stage.doors, stage.keys, stage.home.signer, "ann") == ()
    ledger.reseal("ann", "it was mended by hand")
    assert close_unverified(ledger) == (plan_id,)
    assert outcome_of(ledger, plan_id) == "conflict"
    plan = Plan.from_json(next(ledger.entries(kind="plan", plan=plan_id)).body["document"])
    with pytest.raises(AlreadyDone):
        repair(plan, stage.leave(plan), stage.doors, stage.home.signer)


def test_lost_intents_do_not_make_a_half_done_repair_look_untouched(folder: Path) -> None:
    with table_of(folder) as table:
        while "intent" in [row["kind"] for row in table.rows]:
            del table.rows[table.place("intent")]
    stage = opened(folder)
    assert "cellar" in stage.cloud.hold()["rules"]
    (done,) = resume(stage.doors, stage.keys, stage.home.signer, "ann")
    assert done.state == "undone"
    assert "cellar" not in stage.cloud.hold()["rules"]


@pytest.mark.parametrize("field", ["expires", "state", "control"])
def test_an_altered_exemption_holds_its_whole_resource(folder: Path, field: str) -> None:
    with table_of(folder) as table:
        place = next(place for place, row in enumerate(table.rows) if row["kind"] == "exemption")
        body = orjson.loads(table.rows[place]["body"])
        value = "2000-01-01T00:00:00+00:00" if field == "expires" else "mem.vault.other"
        table.rows[place]["body"] = canonical({**body, field: value}).decode()
    stage = opened(folder)
    (item,) = stage.home.exemptions.standing()
    assert (item.ref, item.verified) == (REF, False)
    assert held(REF, [item], stage.cloud.clock.now())[0].startswith(f"exemption {item.name} on {REF.address} cannot be")
    assert held(OTHER, [item], stage.cloud.clock.now()) == ()
    stage.home.exemptions.withdraw(item.control, item.ref, "ann")
    assert stage.home.exemptions.standing() == ()


@pytest.mark.parametrize("act", [altered, altered_and_hashed, emptied_body, other_kind], ids=lambda act: act.__name__)
def test_an_altered_withdrawal_withdraws_nothing(folder: Path, act: Callable[[Table, int], None]) -> None:
    attack(folder, act, "exemption-withdrawn")
    standing = {(item.control, item.ref.id) for item in opened(folder).home.exemptions.standing()}
    assert standing == {(sealed.id, REF.id), (dials_safe.id, OTHER.id)}


def test_an_exemption_that_somebody_appends_replaces_none(folder: Path) -> None:
    """Another end for an exemption is a way to withdraw it."""
    with table_of(folder) as table:
        place = next(place for place, row in enumerate(table.rows) if row["kind"] == "exemption")
        short: Json = {**orjson.loads(table.rows[place]["body"]), "expires": "2000-01-01T00:00:00+00:00"}
        table.rows.append({**table.rows[place], "body": canonical(short).decode()})
        table.rehash(len(table.rows) - 1)
    assert [item.verified for item in opened(folder).home.exemptions.standing()] == [True, False]


def test_an_altered_plan_is_not_the_one_that_is_taken_back(folder: Path) -> None:
    stage = opened(folder)
    ended = next(e.body["plan"] for e in stage.home.ledger.entries(kind="outcome") if e.body["state"] == "verified")
    stage.home.close()
    with table_of(folder) as table:
        place = next(p for p, row in enumerate(table.rows) if row["kind"] == "plan" and row["plan"] == ended)
        other = orjson.loads(table.rows[table.place("plan")]["body"])
        table.rows[place]["body"] = canonical({**other, "plan": ended}).decode()
    again = opened(folder)
    with pytest.raises(UsageError, match="there is no executed plan"):
        plan_rollback(ended, again.doors)


def test_an_image_that_somebody_appends_does_not_hide_that_the_resource_moved(folder: Path) -> None:
    stage = opened(folder)
    resume(stage.doors, stage.keys, stage.home.signer, "ann")
    ended = next(e.body["plan"] for e in stage.home.ledger.entries(kind="outcome") if e.body["state"] == "verified")
    (after,) = stage.home.ledger.entries(kind="after", plan=ended)
    stage.cloud.change("policy", {"allow": ["carl"]})
    stage.cloud.keep()
    stage.home.close()
    with table_of(folder) as table:
        facets = {**after.body["facets"], "policy": {"allow": ["carl"]}}
        body = canonical({"facets": facets, "plan": ended}).decode()
        table.rows.append({**table.rows[-1], "kind": "after", "plan": ended, "body": body})
        table.rehash(len(table.rows) - 1)
    with pytest.raises(RollbackRefused, match="changed since"):
        plan_rollback(ended, opened(folder).doors)


def test_what_is_altered_while_the_process_runs_is_not_handed_out(folder: Path) -> None:
    stage = opened(folder)
    assert len(list(stage.home.ledger.verified(kind="approval"))) == 3
    attack(folder, altered, "approval")
    assert len(list(stage.home.ledger.verified(kind="approval"))) == 2


def test_what_is_deleted_while_the_process_runs_is_noticed(folder: Path) -> None:
    stage = opened(folder)
    stage.home.ledger.require_whole()
    attack(folder, deleted, "rejection")
    with pytest.raises(LedgerBroken):
        stage.home.ledger.require_whole()


def test_a_key_without_entries_says_that_entries_were_removed(folder: Path) -> None:
    attack(folder, emptied, "scan")
    (folder / "home" / "ledger.checkpoint").unlink()
    with pytest.raises(LedgerBroken, match="empty beside its signing key"):
        opened(folder).home.ledger.verify()


def test_verifying_a_home_that_was_never_used_makes_no_key(tmp_path: Path) -> None:
    stage = scene(tmp_path)
    assert stage.home.ledger.verify() is None
    assert not list(stage.home.path.glob("ledger.*"))


def test_a_lost_end_stays_known_when_the_ledger_grows(folder: Path) -> None:
    attack(folder, cut_off, "repair")
    stage = opened(folder)
    for _ in range(60):
        stage.home.ledger.append("scan", {})
    stage.approved(stage.plan(private, ref=OTHER))
    assert [item.seq for item in stage.home.ledger.breaks()] == [0]


@pytest.mark.parametrize("text", ["", "scribble\n", '{"seq": 1}\n'])
def test_an_altered_kept_checkpoint_is_noticed_or_was_emptied(folder: Path, text: str) -> None:
    (folder / "home" / "ledger.checkpoint").write_text(text)
    stage = opened(folder)
    stage.approved(stage.plan(private, ref=OTHER))
    found = [item.problem for item in stage.home.ledger.breaks()]
    assert found == ([] if not text else [f"`{folder}/home/ledger.checkpoint` does not hold the last checkpoint"])


def test_another_home_of_the_same_name_has_not_this_key(folder: Path, tmp_path: Path) -> None:
    """A ledger that somebody else signed whole is put in the place of this one's."""
    forger = scene(tmp_path / "forger", kept=True)
    history(forger)
    forger.home.close()
    with table_of(tmp_path / "forger") as forged, table_of(folder) as table:
        table.rows = forged.rows
    stage = opened(folder)
    with pytest.raises(LedgerBroken, match="another key"):
        stage.home.ledger.require_whole()
    assert list(stage.home.ledger.verified(kind="approval")) == []


def test_a_break_that_comes_after_a_reseal_is_not_covered_by_it(folder: Path) -> None:
    attack(folder, altered, "approval")
    stage = opened(folder)
    stage.home.ledger.reseal("ann", "once")
    stage.home.close()
    attack(folder, altered, "policy")
    with pytest.raises(LedgerBroken, match="is not what was written"):
        opened(folder).home.ledger.verify()
