"""The home folder: everything in it, nothing lost, and one clear line when it cannot be used."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import orjson
import pytest

from goldseam.assess.context import Fact
from goldseam.assess.evaluate import Finding, Status, finding_id
from goldseam.audit.chain import START, entry_hash
from goldseam.decide import Decision, Exemption
from goldseam.decide.policy import Mode
from goldseam.model.errors import AlreadyDone, HomeError, HomeLocked, StorageFull, UnknownName
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import ABSENT, Unknown, document_digest
from goldseam.ports import Entry, Gap, Shard
from goldseam.store import Home
from goldseam.store.database import Database
from goldseam.store.engine import RuleBroken
from goldseam.store.filters import FindingFilter
from goldseam.store.kept import KeptCheckpoints
from goldseam.store.retention import forget_before
from goldseam.store.schema import MIGRATIONS
from tests.memory_cloud import REF, FakeClock, scene

SHARD = Shard("acc", "here")
FORKS = get_context("forkserver")
_SEAL_CHANGES = (
    {
        "{longer}": "UPDATE seal SET body = CAST(replace(CAST(body AS TEXT), 'started', 'started ') AS BLOB)",
        "{other}": "UPDATE seal SET body = X'7B7D'",
    },
    {
        "{longer}": "UPDATE seal SET body = replace(convert_from(body, 'UTF8'), 'started', 'started ')::bytea",
        "{other}": "UPDATE seal SET body = '{}'",
    },
)


@dataclass(frozen=True)
class Looked:
    resource: Resource
    findings: Sequence[Finding] = ()
    facts: Sequence[Fact] = ()
    decisions: Sequence[Decision] = ()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def home(tmp_path: Path, clock: FakeClock, database: str) -> Iterator[Home]:
    with Home(tmp_path / "home", clock, database) as made:
        yield made


def vault(number: int, **facets: object) -> Resource:
    ref = Ref("mem.vault", "acc", "here", f"v{number}", f"mem:v{number}")
    return Resource(ref, facets or {"rules": ["office"], "policy": ABSENT, "dials": Unknown("denied")})


def verdict(resource: Resource, control: str, status: Status = Status.FAIL) -> Finding:
    return Finding(
        finding_id(control, resource.ref), control, resource.ref, status, "why", {"policy": ABSENT}, "", "st"
    )


def decision(finding: Finding) -> Decision:
    return Decision(finding.id, Mode.ASK, "p", 2, ("security",), (), "v1")


def save(home: Home, *seen: Looked, gaps: Sequence[Gap] = ()) -> str:
    scan = home.scans.begin("acc")
    home.scans.save(scan, SHARD, {"mem.vault"}, seen, gaps)
    home.scans.end(scan, {"fail": len(seen)})
    return scan


@contextmanager
def other_writer(home: Home, database: str = "") -> Iterator[None]:
    """Someone else in the middle of a transaction."""
    other = Database(home.path, database)
    with other.writing(appending=True):
        yield
    other.close()


def test_a_home_is_made_on_first_use_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "home"
    with Home(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        for file in path.rglob("*"):
            assert not stat.S_IMODE(file.stat().st_mode) & 0o077 or file.suffix in (".db-wal", ".db-shm"), file


def test_what_is_written_is_there_when_the_home_is_opened_again(tmp_path: Path, database: str) -> None:
    with Home(tmp_path / "home", None, database) as home:
        first = home.ledger.append("scan", {"scan": "s-1"})
    with Home(tmp_path / "home", None, database) as home:
        assert list(home.ledger.entries()) == [first]


def test_sqlite_writes_ahead_and_to_the_disk(tmp_path: Path) -> None:
    with Home(tmp_path / "home") as home:
        assert home.database.row("PRAGMA journal_mode") == ("wal",)
        assert home.database.row("PRAGMA synchronous") == (2,)
        assert home.database.row("PRAGMA foreign_keys") == (1,)


def test_a_schema_of_the_future_is_refused_and_untouched(tmp_path: Path) -> None:
    Home(tmp_path / "home").close()
    with sqlite3.connect(tmp_path / "home" / "goldseam.db") as connection:
        connection.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(HomeError, match="newer goldseam"):
        Home(tmp_path / "home")


def test_what_is_no_database_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "goldseam.db").write_bytes(b"not a database, " * 200)
    with pytest.raises(HomeError, match="not a sound database"):
        Home(tmp_path)
    assert (tmp_path / "goldseam.db").read_bytes().startswith(b"not a database")


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(HomeError, match=r"cannot be used \(file exists\)"):
        Home(tmp_path / "home")


def test_a_home_under_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    with pytest.raises(HomeError, match="not a directory"):
        Home(tmp_path / "file" / "home")


def _open_as_nobody(path: Path, answer: Connection) -> None:
    os.setuid(65534)
    try:
        Home(path)
    except HomeError as error:
        answer.send(str(error))
    answer.close()


def _refusal(home: Path) -> str:
    """What opening the home says to someone who may not write there, whoever runs the tests."""
    if os.geteuid() != 0:
        home.chmod(0o500)
        with pytest.raises(HomeError) as caught:
            Home(home)
        home.chmod(0o700)
        return str(caught.value)
    here, there = FORKS.Pipe()
    child = FORKS.Process(target=_open_as_nobody, args=(home, there))
    child.start()
    there.close()
    said = str(here.recv())
    child.join()
    return said


def test_a_home_that_is_not_ones_own_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    Home(home).close()
    said = _refusal(home)
    assert said.startswith(f"the home folder `{home}`")
    assert "not yours to write in" in said or "permission denied" in said


def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path: Path, clock: FakeClock) -> None:
    home = Home(tmp_path / "home", clock)
    kept = home.ledger.append("scan", {"scan": "s-1"})
    (pages,) = home.database.row("PRAGMA page_count") or (0,)
    home.database.row(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StorageFull, match=r"no space is left for .*: free some and repeat"):
        home.ledger.append("scan", {"text": "x" * 100_000})
    with pytest.raises(StorageFull):
        save(home, *(Looked(vault(number, rules=["x" * 5000, number])) for number in range(50)))
    home.database.row("PRAGMA max_page_count=1000000")
    assert list(home.ledger.entries()) == [kept]
    assert list(home.scans.resources()) == []
    assert home.ledger.append("scan", {"scan": "s-2"}).previous == kept.hash


def test_someone_elses_transaction_is_named_by_its_process(tmp_path: Path) -> None:
    with Home(tmp_path / "home") as home, other_writer(home):
        home.database.rows("PRAGMA busy_timeout=10")
        with pytest.raises(HomeLocked, match=f"process {os.getpid()} is writing"):
            home.ledger.append("scan", {})


def test_a_lock_is_held_once_and_names_its_holder(home: Home) -> None:
    with home.locks.hold("vault"):
        with (
            pytest.raises(HomeLocked, match=rf"process {os.getpid()}( on \S+)? is working on `vault`"),
            home.locks.hold("vault"),
        ):
            pass
        with home.locks.hold("another"):
            pass
    with home.locks.hold("vault"):
        pass
    assert not any((home.path / "locks").glob("*.lock"))


def _hold_and_die(path: Path, database: str) -> None:
    home = Home(path, None, database)
    lock = home.locks.hold("vault")
    lock.__enter__()
    os._exit(3)


def test_a_lock_dies_with_its_process(tmp_path: Path, database: str) -> None:
    child = FORKS.Process(target=_hold_and_die, args=(tmp_path / "home", database))
    child.start()
    child.join()
    assert child.exitcode == 3
    with Home(tmp_path / "home", None, database) as home, held_soon(home, "vault"):
        pass


@contextmanager
def held_soon(home: Home, name: str) -> Iterator[None]:
    """Hold a lock as soon as the server has noticed that a process died."""
    until = time.monotonic() + 10
    while True:
        try:
            with home.locks.hold(name):
                yield
                return
        except HomeLocked:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def test_threads_keep_each_other_out(home: Home) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> bool:
        try:
            with home.locks.hold("vault"):
                inside.append(number)
                most.append(len(inside))
                inside.remove(number)
        except HomeLocked:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        done = list(pool.map(work, range(400)))
    assert any(done)
    assert max(most) == 1


def test_entries_are_chained_and_in_order(home: Home, clock: FakeClock) -> None:
    made = [home.ledger.append("scan", {"n": number, "plan": f"p-{number % 2}"}) for number in range(1200)]
    assert list(home.ledger.entries()) == made
    assert made[0].previous == START
    assert made[7].previous == made[6].hash
    assert made[7].hash == entry_hash(8, clock.now().isoformat(), "scan", {"n": 7, "plan": "p-1"}, made[6].hash)
    assert [entry.body["n"] for entry in home.ledger.entries(plan="p-1")] == list(range(1, 1200, 2))
    assert list(home.ledger.entries(kind="outcome")) == []
    assert home.ledger.last() == made[-1]


def test_a_ledger_may_grow_while_it_is_read(home: Home) -> None:
    for number in range(600):
        home.ledger.append("scan", {"n": number})
    seen = 0
    for entry in home.ledger.entries():
        seen += 1
        if entry.seq < 10:
            home.ledger.append("scan", {"n": -1})
    assert seen == 609


def test_a_plan_is_claimed_once(home: Home) -> None:
    home.ledger.claim("p-1", {"by": "ann"})
    with pytest.raises(AlreadyDone, match="`p-1` was executed before"):
        home.ledger.claim("p-1", {"by": "bob"})
    with pytest.raises(AlreadyDone):
        home.ledger.append("repair", {"plan": "p-1"})
    home.ledger.claim("p-2", {"by": "bob"})
    assert [entry.body["by"] for entry in home.ledger.entries(kind="repair")] == ["ann", "bob"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET body = '{{}}'",
        "DELETE FROM ledger",
        "{replace} SELECT * FROM ledger WHERE seq = 1 {conflict}",
        "INSERT INTO ledger VALUES (9, '', 'scan', NULL, '{{}}', '', '')",
        "{replace} SELECT 3, at, kind, plan, body, previous, hash FROM ledger WHERE seq = 2 {conflict}",
        "{replace} SELECT 3, at, 'takeover', plan, body, previous, hash FROM ledger WHERE seq = 2 {conflict}",
    ],
)
def test_the_ledger_is_only_appended_to(home: Home, database: str, statement: str) -> None:
    home.ledger.append("scan", {"n": 1})
    home.ledger.claim("p-1", {})
    entries = list(home.ledger.entries())
    rule = "only appended to|a claim of the plan stands|ledger_claim"
    replace, conflict = "INSERT OR REPLACE INTO ledger", ""
    if database:
        replace, conflict = "INSERT INTO ledger", "ON CONFLICT (seq) DO UPDATE SET body = excluded.body"
    statement = statement.format(replace=replace, conflict=conflict)
    with pytest.raises(RuleBroken, match=rule), home.database.writing() as connection:
        connection.execute(statement)
    assert list(home.ledger.entries()) == entries


def _append(path: Path, database: str, count: int) -> None:
    with Home(path, None, database) as home:
        for number in range(count):
            home.ledger.append("scan", {"n": number, "pid": os.getpid()})


def test_processes_append_to_one_chain(tmp_path: Path, database: str) -> None:
    """The mutation: PostgreSQL's advisory lock is not taken; two entries want the same number."""
    children = [FORKS.Process(target=_append, args=(tmp_path / "home", database, 25)) for _ in range(6)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    with Home(tmp_path / "home", None, database) as home:
        entries = list(home.ledger.entries())
    assert len(entries) == 150
    assert all(later.previous == earlier.hash for earlier, later in pairwise(entries))


def test_findings_are_kept_with_their_decisions(home: Home, clock: FakeClock) -> None:
    resource = vault(1)
    failing, passing = verdict(resource, "c1"), verdict(resource, "c2", Status.PASS)
    facts = (Fact("owner", "ann", ("tag owner",)), Fact("used", Unknown("no logs")))
    scan = save(home, Looked(resource, (failing, passing), facts, (decision(failing),)))
    kept = home.scans.finding(failing.id)
    assert (kept.finding, kept.decision, kept.scan) == (failing, decision(failing), scan)
    assert home.scans.finding(passing.id).decision is None
    assert [item.finding for item in home.scans.findings(status="fail")] == [failing]
    assert {item.finding.control for item in home.scans.findings()} == {"c1", "c2"}
    assert home.scans.resource(resource.ref) == (resource, facts)
    assert home.scans.named("mem:v1") == (resource.ref,)
    assert home.scans.scans()[0]["counts"] == {"fail": 1}


def test_since_stays_while_the_status_does(home: Home, clock: FakeClock) -> None:
    resource, dates = vault(1), []
    for status in (Status.FAIL, Status.FAIL, Status.PASS, Status.FAIL):
        save(home, Looked(resource, (verdict(resource, "c1", status),)))
        dates.append(home.scans.finding(finding_id("c1", resource.ref)).since)
        clock.sleep(60)
    assert dates[0] == dates[1]
    assert len(set(dates)) == 3


def test_a_scan_of_some_controls_keeps_what_is_known_of_the_others(home: Home) -> None:
    resource = vault(1)
    save(home, Looked(resource, (verdict(resource, "c1"), verdict(resource, "c2"))))
    save(home, Looked(resource, (verdict(resource, "c2"),)))
    assert {item.finding.control for item in home.scans.findings()} == {"c1", "c2"}


def _regional(number: int, region: str) -> Resource:
    ref = vault(number).ref
    return Resource(Ref(ref.kind, ref.account, region, ref.id, ref.address), vault(number).facets)


def test_what_an_account_lists_once_is_gone_when_it_is_not_seen_whatever_its_region(home: Home) -> None:
    here, there = _regional(1, "eu-west-1"), _regional(2, "us-east-1")
    whole = Shard(here.ref.account, "global")
    for seen, regions in (([here, there], ()), ([here], ("eu-west-1",))):
        scan = home.scans.begin(whole.account)
        home.scans.save(scan, whole, {here.ref.kind}, [Looked(item, ()) for item in seen], (), regions)
        assert set(home.scans.resources()) == {here.ref, there.ref}
    home.scans.save(home.scans.begin(whole.account), whole, {here.ref.kind}, [Looked(here, ())])
    assert set(home.scans.resources()) == {here.ref}


def test_a_listing_that_failed_for_the_account_makes_every_region_unknown(home: Home) -> None:
    there = _regional(2, "us-east-1")
    whole = Shard(there.ref.account, "global")
    home.scans.save(home.scans.begin(whole.account), whole, {there.ref.kind}, [Looked(there, (verdict(there, "c1"),))])
    gap = Gap(there.ref.kind, whole, "denied")
    home.scans.save(home.scans.begin(whole.account), whole, {there.ref.kind}, [], [gap])
    assert [item.finding.status for item in home.scans.findings()] == [Status.UNKNOWN]


def test_configuration_is_stored_once_and_its_history_is_a_list_of_hashes(home: Home, clock: FakeClock) -> None:
    open_one, shut = vault(1, rules=["world"]), vault(1, rules=[])
    for resource in (open_one, open_one, shut, open_one):
        save(home, Looked(resource), Looked(vault(2, rules=["world"])))
        clock.sleep(60)
    save(home, Looked(vault(2, rules=["world"])))
    versions = home.scans.history(open_one.ref)
    assert [version.gone for version in versions] == [False, False, False, True]
    assert versions[0].hash == versions[2].hash != versions[1].hash
    assert home.documents.get(versions[1].hash)["facets"] == {"rules": []}
    assert home.database.row("SELECT count(*) FROM document") == (3,)
    with pytest.raises(UnknownName):
        home.scans.resource(open_one.ref)
    assert len(home.scans.history(vault(2).ref)) == 1


def minutely(home: Home, clock: FakeClock, *seen: Looked) -> None:
    """A scan that takes a third of a minute, and the rest of the minute."""
    scan = home.scans.begin("acc")
    clock.sleep(20)
    home.scans.save(scan, SHARD, {"mem.vault"}, seen)
    clock.sleep(40)


def times(home: Home, ref: Ref, began: datetime) -> list[float | None]:
    found = (item.read_at for item in home.scans.earlier(ref))
    return [None if at is None else (at - began) / timedelta(minutes=1) for at in found]


def test_earlier_readings_are_dated_with_the_last_scan_that_found_it_so(home: Home, clock: FakeClock) -> None:
    """Mutations: dated by the first such scan, or by when it was saved; what is not there is dated."""
    began = clock.now()
    shut, open_one, other = vault(1, rules=[]), vault(1, rules=["world"]), vault(2, rules=["world"])
    for resource in (shut, shut, open_one):
        minutely(home, clock, Looked(resource), Looked(other))
    assert times(home, shut.ref, began) == [1, 2]
    minutely(home, clock, Looked(other))
    assert times(home, shut.ref, began) == [1, 2, None]
    assert [item.facets.get("rules") for item in home.scans.earlier(shut.ref)] == [[], ["world"], None]
    assert [item.there for item in home.scans.earlier(shut.ref)] == [True, True, False]
    assert times(home, other.ref, began) == [3]
    assert home.scans.earlier(vault(9).ref) == ()
    home.scans.update(home.scans.begin("acc"), Looked(vault(2, rules=["mine"])))
    assert times(home, other.ref, began) == [3, None]


def test_what_was_found_is_sealed_for_an_hour(home: Home, clock: FakeClock) -> None:
    began = clock.now()
    minutely(home, clock, Looked(vault(1, rules=[])))
    clock.sleep(3600)
    assert times(home, vault(1).ref, began) == [0]
    minutely(home, clock, Looked(vault(2, rules=[])))
    assert times(home, vault(1).ref, began) == [None, None]


@pytest.mark.parametrize(
    "change",
    [
        "{longer}",
        "UPDATE seal SET signature = '00'",
        "UPDATE seal SET signature = NULL WHERE FALSE; DELETE FROM seal",
        "{other}",
    ],
)
def test_what_somebody_wrote_into_the_database_dates_nothing(
    home: Home, clock: FakeClock, database: str, change: str
) -> None:
    """The mutation: a seal counts without its signature."""
    minutely(home, clock, Looked(vault(1, rules=[])))
    with home.database.writing() as connection:
        for statement in change.split("; "):
            connection.execute(_SEAL_CHANGES[bool(database)].get(statement, statement))
    (found,) = home.scans.earlier(vault(1).ref)
    assert (found.read_at, found.facets) == (None, {"rules": []})


def test_an_earlier_reading_that_is_not_what_its_hash_says_holds_nothing(home: Home) -> None:
    """The mutation: a document is believed whatever its hash."""
    save(home, Looked(vault(1, rules=["world"])))
    for body in (b"{", b'{"facets":{"rules":[]}}'):
        with home.database.writing() as connection:
            connection.execute("UPDATE document SET body = ?", (body,))
        (found,) = home.scans.earlier(vault(1).ref)
        assert (found.facets, found.there) == ({}, True)


def test_law_5_a_failed_listing_is_unknown_and_not_gone_peers_17(home: Home) -> None:
    resource = vault(1)
    found = verdict(resource, "c1", Status.PASS)
    save(home, Looked(resource, (found,)))
    gap = Gap("mem.vault", SHARD, "access denied")
    save(home, gaps=[gap])
    assert home.scans.gaps() == (gap,)
    kept = home.scans.finding(found.id)
    assert kept.finding.status is Status.UNKNOWN
    assert kept.finding.because == "the listing failed: access denied"
    assert kept.decision is None
    save(home, Looked(resource, (found,)))
    assert home.scans.gaps() == ()
    assert home.scans.finding(found.id).finding == found


def test_another_region_is_left_alone(home: Home) -> None:
    save(home, Looked(vault(1), (verdict(vault(1), "c1"),)))
    home.scans.save(home.scans.begin("acc"), Shard("acc", "there"), {"mem.vault"}, [])
    assert len(list(home.scans.findings())) == 1


def test_one_resource_can_be_brought_up_to_date(home: Home) -> None:
    save(home, Looked(vault(1), (verdict(vault(1), "c1"),)), Looked(vault(2), (verdict(vault(2), "c1"),)))
    home.scans.update(home.scans.begin("acc"), Looked(vault(1), (verdict(vault(1), "c1", Status.PASS),)))
    assert sorted(item.finding.status for item in home.scans.findings()) == ["fail", "pass"]


def test_a_wrong_name_offers_the_nearest_right_one(home: Home) -> None:
    found = verdict(vault(1), "c1")
    save(home, Looked(vault(1), (found,)))
    with pytest.raises(UnknownName, match=f"did you mean `{found.id}`"):
        home.scans.finding(f"{found.id[:-1]}x")
    with pytest.raises(UnknownName, match="no plan `p-nothing`"):
        home.plans.get("p-nothing")


def test_saving_is_by_the_shard_and_holds_no_more_than_one_resource_at_a_time(home: Home) -> None:
    """Ten thousand findings go through a generator, a hundred resources in a transaction, none made within one.

    One transaction for all of a shard kept repairs waiting for as long as it took.
    """
    scan, depths = home.scans.begin("acc"), set()
    most: list[int] = []

    def many() -> Iterator[Looked]:
        for number in range(500):
            depths.add(home.database._depth)
            if number % 100 == 0:
                most.append(len(list(home.scans.resources())))
            yield Looked(vault(number), [verdict(vault(number), f"c{control}") for control in range(20)])

    home.scans.save(scan, SHARD, {"mem.vault"}, many())
    assert depths == {0}
    assert most == [0, 100, 200, 300, 400]
    assert sum(1 for _ in home.scans.findings()) == 10_000
    assert home.database.row("SELECT count(*) FROM document") == (1,)


def test_plans_are_kept_with_their_decisions(tmp_path: Path) -> None:
    stage = scene(tmp_path)
    plan = stage.plan()
    held = tuple(Decision(name, Mode.ASK, "p", 1, (), (), "v1") for name in plan.findings)
    stage.home.plans.save([(plan, held)])
    stage.home.plans.save([(plan, held)])
    filed = stage.home.plans.get(plan.id)
    assert filed.plan.id == plan.id
    assert filed.plan == plan
    assert filed.decisions == held
    assert [item.plan for item in stage.home.plans.all()] == [plan]


def test_exemptions_are_what_the_ledger_says(home: Home, clock: FakeClock) -> None:
    later = clock.now() + timedelta(days=1)
    one = Exemption("c1", REF, "web", "a site", later, "st", "ann", clock.now())
    two = Exemption("c2", REF, "web", "a site", later, "st", "ann", clock.now())
    home.exemptions.give(one)
    home.exemptions.give(two)
    assert home.exemptions.standing() == (one, two)
    home.exemptions.withdraw("c1", REF, "bob")
    assert home.exemptions.standing() == (two,)
    with pytest.raises(UnknownName):
        home.exemptions.withdraw("c1", REF, "bob")
    home.exemptions.give(one)
    home.exemptions.lapse("c2", REF, "it expired")
    assert home.exemptions.standing() == (one,)
    kinds = [entry.kind for entry in home.ledger.entries() if entry.kind != "checkpoint"]
    assert kinds == ["exemption", "exemption", "exemption-withdrawn", "exemption", "exemption-lapsed"]


def test_the_signing_key_is_made_once_and_is_its_owners_only(home: Home) -> None:
    assert home.signer.public == ""
    assert not (home.path / "ledger.key").exists()
    home.signer.sign(b"first")
    public = home.signer.public
    assert stat.S_IMODE((home.path / "ledger.key").stat().st_mode) == 0o600
    assert (home.path / "ledger.pub").read_text().strip() == public
    with Home(home.path) as again:
        assert again.signer.public == public
    (home.path / "ledger.key").write_text("scribble")
    with Home(home.path) as spoiled, pytest.raises(HomeError, match="is not a key"):
        _ = spoiled.signer.public


def test_opening_a_home_needs_no_heavy_library() -> None:
    heavy = "{'cryptography', 'rich', 'botocore', 'rfc8785', 'yaml', 'cel_expr_python', 'shutil'}"
    code = f"import sys, goldseam.store; print({heavy} & {{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_documents_have_their_hash_as_a_name(home: Home) -> None:
    save(home, Looked(vault(1)))
    (version,) = home.scans.history(vault(1).ref)
    assert document_digest(home.documents.get(version.hash)) == version.hash


def test_old_configurations_are_forgotten_and_what_was_in_force_stays(home: Home, clock: FakeClock) -> None:
    """Mutations: the version in force goes too, or documents that something still names."""
    began = clock.now()
    for word in ("one", "two", "three", "two", "four"):
        save(home, Looked(vault(1, rules=[word])), Looked(vault(2, rules=["two"])))
        home.ledger.append("scan", {"n": word})
        clock.sleep(60)
    entries = list(home.ledger.entries())
    assert forget_before(home.database, began) == 0
    assert forget_before(home.database, began + timedelta(seconds=200)) == 3
    kept = [
        orjson.loads(orjson.dumps(home.documents.get(item.hash)))["facets"]["rules"]
        for item in home.scans.history(vault(1).ref)
    ]
    assert kept == [["two"], ["four"]]
    assert len(home.scans.history(vault(2).ref)) == 1
    assert home.database.row("SELECT count(*) FROM document") == (2,)
    assert list(home.ledger.entries()) == entries
    assert forget_before(home.database, clock.now()) == 1
    assert home.scans.resource(vault(2).ref)[0].facets == {"rules": ["two"]}


@pytest.mark.parametrize("gaps", [(), (Gap("mem.vault", SHARD, "denied"),)], ids=["gone", "not listed"])
def test_what_is_gone_or_could_not_be_listed_is_written_a_hundred_resources_at_a_time(
    home: Home, monkeypatch: pytest.MonkeyPatch, gaps: Sequence[Gap]
) -> None:
    """The mutation: all of it in one transaction, which kept a repair waiting for seconds."""
    save(home, *(Looked(vault(number), (verdict(vault(number), "c1"),)) for number in range(250)))
    counts: list[int] = [250]
    engine = home.database.engine
    commit = engine.commit

    def counted() -> None:
        left = engine.execute("SELECT count(*) FROM finding WHERE status = 'fail'").fetchone()
        counts.append(int((left or (0,))[0]))
        commit()

    monkeypatch.setattr(engine, "commit", counted)
    save(home, gaps=gaps)
    assert counts[-1] == 0
    assert max(earlier - later for earlier, later in pairwise(counts)) <= 100


def test_a_scan_leaves_alone_what_a_later_scan_of_the_account_has_seen(home: Home) -> None:
    """The mutation: whatever another scan wrote is gone when this one did not see it."""
    slow = home.scans.begin("acc")
    quick = home.scans.begin("acc")
    home.scans.save(quick, SHARD, {"mem.vault"}, [Looked(vault(1), (verdict(vault(1), "c1"),))])
    home.scans.save(slow, SHARD, {"mem.vault"}, [])
    assert [item.scan for item in home.scans.findings()] == [quick]


def elsewhere(number: int, account: str, kind: str = "mem.vault", region: str = "here", **facets: object) -> Resource:
    return Resource(Ref(kind, account, region, f"v{number}", f"{account}:v{number}"), facets)


@pytest.mark.parametrize("region", ["here", "global"])
def test_a_scan_of_one_account_or_cloud_restamps_nothing_of_another(home: Home, region: str) -> None:
    """The mutation: a gap, or what is gone, is written whatever the account or the cloud."""
    mine, theirs, cloud = (
        elsewhere(1, "acc", region=region),
        elsewhere(1, "other", region=region),
        elsewhere(1, "acc", "sky.vault", region),
    )
    first = {}
    for resource in (mine, theirs, cloud):
        first[resource.ref] = home.scans.begin(resource.ref.account)
        shard = Shard(resource.ref.account, region)
        seen = [Looked(resource, (verdict(resource, "c1"),))]
        gap = Gap(f"{resource.ref.kind}x", shard, "denied")
        home.scans.save(first[resource.ref], shard, {resource.ref.kind}, seen, [gap])
    again = home.scans.begin("acc")
    home.scans.save(again, Shard("acc", region), {"mem.vault"}, [Looked(mine, (verdict(mine, "c1", Status.PASS),))])
    stamps = {item.finding.ref: item.scan for item in home.scans.findings()}
    assert stamps == {mine.ref: again, theirs.ref: first[theirs.ref], cloud.ref: first[cloud.ref]}
    assert {(gap.kind, gap.shard.account) for gap in home.scans.gaps()} == {
        ("mem.vaultx", "other"),
        ("sky.vaultx", "acc"),
    }
    assert [scan["cloud"] for scan in home.scans.scans()] == ["mem", "sky", "mem", "mem"]


def test_findings_are_chosen_by_place_kind_tag_decision_and_age(home: Home, clock: FakeClock) -> None:
    """Mutations: a member of the filter is ignored; an unknown tag counts as one."""
    now, found = clock.now(), dict[str, str]()
    kinds: dict[str, tuple[str, str, str, dict[str, object]]] = {
        "a": ("acc", "mem.vault", "here", {"tags": {"team": "web"}}),
        "b": ("other", "mem.vault", "there", {"tags": {"team": "data", "$x": "1"}}),
        "c": ("acc", "mem.box", "here", {"tags": Unknown("denied")}),
        "d": ("acc", "sky.box", "here", {}),
    }
    for number, (name, (account, kind, region, facets)) in enumerate(kinds.items()):
        resource = elsewhere(number, account, kind, region, **facets)
        failing = verdict(resource, "c1" if name in "ab" else "c2", Status.FAIL if name != "d" else Status.UNKNOWN)
        seen = Looked(resource, (failing,), (), (decision(failing),) if name in "ac" else ())
        home.scans.save(home.scans.begin(account), Shard(account, region), {kind}, [seen])
        found[failing.id] = name
        clock.sleep(60)

    def chosen(**members: object) -> str:
        wanted = FindingFilter(**members)  # type: ignore[arg-type]
        return "".join(sorted(found[item.finding.id] for item in home.scans.findings(wanted=wanted)))

    assert chosen() == "abcd"
    assert chosen(accounts=("acc",)) == "acd"
    assert chosen(accounts=("acc", "other"), clouds=("mem",)) == "abc"
    assert (chosen(regions=("there",)), chosen(kinds=("mem.vault",)), chosen(controls=("c2",))) == ("b", "ab", "cd")
    assert (chosen(statuses=("unknown",)), chosen(decisions=("ask",)), chosen(decisions=("auto",))) == ("d", "ac", "")
    assert (chosen(tags={"team": "web"}), chosen(tags={"team": ""}), chosen(tags={"$x": "1"})) == ("a", "ab", "b")
    age = clock.now() - now
    assert chosen(at_least=age - timedelta(seconds=60)) == "ab"
    assert chosen(at_most=age - timedelta(seconds=120)) == "cd"
    assert chosen(accounts=("acc",), tags={"team": ""}, decisions=("ask",)) == "a"


def test_a_claim_and_a_reading_of_two_threads_do_not_wait_for_each_other(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutation: the chain is guarded by a lock of its own, which a reader takes first and a claim second."""
    home.ledger.append("note", {})
    reads, writes, right = threading.Event(), threading.Event(), KeptCheckpoints.read

    def meeting(kept: KeptCheckpoints) -> tuple[Entry, ...]:
        reads.set()
        writes.wait(0.5)
        return right(kept)

    def claims() -> None:
        reads.wait()
        with home.database.writing():
            writes.set()
            assert list(home.ledger.verified())

    monkeypatch.setattr(KeptCheckpoints, "read", meeting)
    threads = [threading.Thread(target=act, daemon=True) for act in (lambda: list(home.ledger.verified()), claims)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
