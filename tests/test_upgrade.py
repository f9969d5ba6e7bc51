"""A home that an older version wrote is brought up to date once; the last such one wrote `homes/format1.sql`."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event

import orjson
import pytest

from goldseam.assess.evaluate import evaluate, finding_id
from goldseam.audit.chain import entry_hash
from goldseam.decide import Circumstances, Exemption, decide, with_known_controls
from goldseam.decide.policy import Mode, no_policies
from goldseam.model.errors import ExemptResource, HomeError, UnknownName
from goldseam.repair.apply import apply
from goldseam.repair.authorize import Leave, authorize
from goldseam.repair.recall import recall
from goldseam.service.pipeline import Standing, plan_for
from goldseam.store import Home
from goldseam.store.engine import RuleBroken
from goldseam.store.upgrade import FORMAT, bring_up
from tests.memory_cloud import CATALOG, OTHER, REF, VAULT, FakeClock, Scene, office_settings, private, scene, sealed
from tests.test_apply import grant

OLD = Path(__file__).parent / "homes" / "format1.sql"
KNOWN = CATALOG.control_by_id
RETIRED = "mem.vault.retired"


def old_home(folder: Path) -> Path:
    folder.mkdir()
    key = hashlib.sha256(b"the key of the old home").hexdigest()
    (folder / "ledger.key").write_text(key)
    connection = sqlite3.connect(folder / "goldseam.db", isolation_level=None)
    connection.executescript(OLD.read_text("utf-8"))
    connection.close()
    return folder


@pytest.fixture
def clock() -> FakeClock:
    made = FakeClock()
    made.time += timedelta(days=1)
    return made


@pytest.fixture
def home(tmp_path: Path, clock: FakeClock) -> Iterator[Home]:
    with Home(old_home(tmp_path / "home"), clock) as made:
        yield made


def upgrades(home: Home) -> list[dict[str, object]]:
    return [dict(entry.body) for entry in home.ledger.verified(kind="upgrade")]


def test_an_old_home_is_brought_up_to_date_once_and_the_ledger_says_so(home: Home) -> None:
    before = list(home.ledger.entries())
    assert home.format == 1
    done = bring_up(home, KNOWN, {})
    assert done is not None
    assert (done.before, [item.control for item in done.unmapped], done.old_plans) == (1, [RETIRED], 2)
    (body,) = upgrades(home)
    mapped, unmapped = home.exemptions.standing()
    assert body == {
        "from": 1, "to": FORMAT, "controls": {}, "findings": {}, "old_plans": 2,
        "exemptions": [{"exemption": mapped.name, "control": sealed.id, "state": mapped.state}],
        "unmapped": [{"exemption": unmapped.name, "control": RETIRED, "ref": OTHER.to_json()}],
    }  # fmt: skip
    assert bring_up(home, KNOWN, {}) is None
    assert len(upgrades(home)) == 1
    assert list(home.ledger.entries())[: len(before)] == before
    assert home.ledger.breaks() == ()


def test_what_the_old_ledger_says_still_counts(home: Home) -> None:
    bring_up(home, KNOWN, {})
    assert list(home.ledger.verified()) == list(home.ledger.entries())
    assert [entry.body["by"] for entry in home.ledger.verified(kind="approval")] == ["bob", "bob"]
    assert len(list(home.ledger.verified(kind="policy"))) == 1
    told = home.ledger.verify()
    assert told is not None
    assert told.entries == len(list(home.ledger.entries()))


def test_from_the_upgrade_on_an_unsigned_approval_is_not_believed(home: Home) -> None:
    bring_up(home, KNOWN, {})
    last = home.ledger.last()
    assert last is not None
    hashed = entry_hash(last.seq + 1, last.at, "approval", {"by": "mallory", "plan": "p-1"}, last.hash)
    with home.database.writing() as connection:
        row = (last.seq + 1, last.at, "approval", "p-1", '{"by":"mallory","plan":"p-1"}', last.hash, hashed)
        connection.execute("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    assert list(home.ledger.verified(kind="approval", plan="p-1")) == []
    assert [item.seq for item in home.ledger.breaks()] == [last.seq + 1]


def test_renamed_controls_are_renamed_in_exemptions_findings_and_memory(home: Home, clock: FakeClock) -> None:
    renamed = {RETIRED: "mem.vault.stored", "mem.vault.stored": "mem.vault.kept", private.id: "mem.vault.closed"}
    known = ["mem.vault.kept", "mem.vault.closed", sealed.id]
    old = {finding_id(private.id, ref): finding_id("mem.vault.closed", ref) for ref in (REF, OTHER)}
    done = bring_up(home, known, renamed)
    assert done is not None
    assert done.unmapped == ()
    (body,) = upgrades(home)
    assert body["controls"] == {**renamed, RETIRED: "mem.vault.kept"}
    assert body["findings"] == old
    assert [(item.control, item.ref) for item in home.exemptions.standing()] == [
        (sealed.id, REF), ("mem.vault.kept", OTHER),
    ]  # fmt: skip
    found = {item.finding.id: item for item in home.scans.findings()}
    assert set(found) == {*old.values(), finding_id(sealed.id, REF), finding_id(sealed.id, OTHER)}
    for name in old.values():
        decision = found[name].decision
        assert found[name].finding.control == "mem.vault.closed"
        assert decision is not None
        assert decision.finding == name
    memory = recall(home.ledger, clock.now())
    assert memory.approved == {"mem.vault.closed": 2}
    assert memory.repaired == {finding_id("mem.vault.closed", REF): 1}
    home.exemptions.withdraw("mem.vault.kept", OTHER, "ann")
    assert [item.control for item in home.exemptions.standing()] == [sealed.id]


def test_an_upgrade_that_is_cut_short_happened_not_at_all(home: Home) -> None:
    entries, findings = list(home.ledger.entries()), [item.finding.id for item in home.scans.findings()]
    with home.database.writing() as connection:
        connection.execute(
            "CREATE TRIGGER cut BEFORE UPDATE ON home BEGIN SELECT RAISE (FAIL, 'the power went off'); END"
        )  # fmt: skip
    with pytest.raises(RuleBroken, match="power"):
        bring_up(home, KNOWN, {private.id: "mem.vault.closed"})
    assert home.format == 1
    assert list(home.ledger.entries()) == entries
    assert [item.finding.id for item in home.scans.findings()] == findings
    with home.database.writing() as connection:
        connection.execute("DROP TRIGGER cut")
    assert bring_up(home, KNOWN, {}) is not None
    assert home.ledger.breaks() == ()


class Watched(Home):
    """A home that tells when somebody looked at its format."""

    looked = Event()

    @property
    def format(self) -> int:
        found = super().format
        self.looked.set()
        return found


def test_of_two_processes_that_both_find_an_old_home_one_upgrades(home: Home, clock: FakeClock) -> None:
    with Watched(home.path, clock) as other, ThreadPoolExecutor(1) as pool:
        with home.database.writing():
            late = pool.submit(bring_up, other, KNOWN, {})
            other.looked.wait()
            assert bring_up(home, KNOWN, {}) is not None
        assert late.result() is None
    assert len(upgrades(home)) == 1


def test_a_new_home_needs_no_upgrade_and_a_newer_one_is_refused(tmp_path: Path, clock: FakeClock) -> None:
    with Home(tmp_path / "new", clock) as made:
        assert made.format == FORMAT
        assert bring_up(made, KNOWN, {}) is None
        assert list(made.ledger.entries()) == []
        with made.database.writing() as connection:
            connection.execute("UPDATE home SET value = ? WHERE name = 'format'", (FORMAT + 1,))
        with pytest.raises(HomeError, match="newer goldseam"):
            bring_up(made, KNOWN, {})


# --- an exemption that cannot be mapped


def unmapped(stage: Scene, **fields: object) -> Exemption:
    now = stage.cloud.clock.now()
    given = Exemption(RETIRED, REF, "web", "a site", now + timedelta(days=1), "st", "ann", now)
    stage.home.exemptions.give(replace(given, **fields))  # type: ignore[arg-type]
    (item,) = with_known_controls(stage.home.exemptions.standing(), KNOWN)
    stage.exemptions = [item]
    return item


def test_an_exemption_that_cannot_be_mapped_leaves_its_whole_resource_and_no_other(tmp_path: Path) -> None:
    stage = scene(tmp_path)
    item, now = unmapped(stage), stage.cloud.clock.now()
    for ref in (REF, OTHER):
        resource = stage.cloud.read(ref, frozenset(facet.name for facet in VAULT.facets))
        (finding,) = evaluate(resource, [private], office_settings)
        decision = decide(finding, private, resource, (), no_policies(), Circumstances(now, (item,)))
        lines = [line for line in decision.trace if line.layer == "exemption"]
        assert decision.mode is Mode.LEAVE
        assert [line.effect for line in lines] == (["leave: the whole resource"] if ref == REF else [])
        assert all(f"goldseam exempt {item.name} --withdraw" in line.text for line in lines)
        assert all(f"`{RETIRED}`" in line.text for line in lines)


def test_nothing_is_planned_granted_or_applied_while_it_stands(tmp_path: Path) -> None:
    stage = scene(tmp_path)
    plan = stage.plan(private)
    other = stage.plan(private, ref=OTHER)
    item, now = unmapped(stage), stage.cloud.clock.now()
    resource = stage.cloud.read(REF, frozenset(facet.name for facet in VAULT.facets))
    with pytest.raises(ExemptResource, match=f"{item.name} .*{RETIRED}"):
        plan_for(resource, [private], CATALOG, Standing(no_policies(), (item,)), now, "")
    (finding,) = evaluate(resource, [private], office_settings)
    decision = decide(finding, private, resource, (), no_policies(), Circumstances(now, (item,)))
    stage.approved(plan)
    leave = Leave("ann", (replace(decision, mode=Mode.ASK),), stage.keys)
    with pytest.raises(ExemptResource, match=item.name):
        authorize(plan, leave, VAULT, stage.doors.ledger, stage.cloud.clock)
    assert stage.cloud.granted == []
    with pytest.raises(ExemptResource, match=item.name):
        apply(plan, grant(stage, plan), stage.doors)
    assert stage.cloud.calls == []
    assert apply(other, grant(stage, other), stage.doors).state == "done"


def test_it_holds_until_it_expires_or_is_withdrawn_by_its_name(tmp_path: Path) -> None:
    stage = scene(tmp_path)
    item = unmapped(stage)
    assert item.holds_resource(item.expires - timedelta(seconds=1))
    assert not item.holds_resource(item.expires)
    with pytest.raises(UnknownName, match="e-999"):
        stage.home.exemptions.named("e-999")
    assert stage.home.exemptions.named(item.name) == item.__class__.from_json(item.to_json())
    stage.home.exemptions.withdraw(item.control, item.ref, "ann")
    assert stage.home.exemptions.standing() == ()


def test_the_old_home_is_small_and_holds_what_it_should(home: Home) -> None:
    kinds = {entry.kind for entry in home.ledger.entries()}
    assert {"policy", "exemption", "approval", "plan", "repair", "outcome", "checkpoint", "scan"} <= kinds
    assert orjson.loads(home.database.rows("SELECT body FROM plan")[0][0]).get("format") is None


def test_what_is_kept_of_an_old_ledger_goes_by_the_new_names(home: Home, clock: FakeClock) -> None:
    """The mutation: what was kept before the upgrade stays as it is."""
    assert home.ledger.restraints().repaired
    assert bring_up(home, ["mem.vault.closed", sealed.id], {private.id: "mem.vault.closed"}) is not None
    memory = recall(home.ledger, clock.now(), home.ledger.restraints())
    assert memory.repaired == {finding_id("mem.vault.closed", REF): 1}
    assert memory.approved == {"mem.vault.closed": 2}
    assert memory.repaired == recall(home.ledger, clock.now()).repaired
