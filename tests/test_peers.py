"""Cases that break others in the trade, by number, where no other test holds them; docs/peers.md lists them all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from goldseam.assess.context import Fact
from goldseam.assess.evaluate import Status, evaluate
from goldseam.control import Catalog, Kind
from goldseam.decide import Circumstances, Exemption, decide
from goldseam.decide.policy import Mode, load_policies
from goldseam.model.errors import ExemptResource, InvalidDocument
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Unknown, same
from goldseam.ports import Gap, Shard
from goldseam.repair.claim import followed
from goldseam.repair.execute import repair
from goldseam.repair.recall import recall
from goldseam.repair.rollback import plan_rollback
from goldseam.service.pipeline import Report, Standing, plan_for, scan
from goldseam.store import Home
from tests import toy
from tests.memory_cloud import CATALOG, OTHER, REF, FakeClock, Scene, dials_safe, scene


@pytest.fixture
def stage(tmp_path: Path) -> Scene:
    return scene(tmp_path)


def test_peers_22_a_rollback_goes_back_last_change_first(stage: Scene) -> None:
    """A public policy cannot be put back before the block on public policies, which came after it, is gone."""
    held, plan = stage.facts(), stage.plan()
    assert repair(plan, stage.leave(plan), stage.doors, stage.home.signer).state == "verified"
    back = plan_rollback(plan.id, stage.doors)
    assert back.calls == plan.undo
    assert [change.facet for change in back.changes] == [change.facet for change in reversed(plan.changes)]
    stage.approved(back)
    assert repair(back, stage.leave(back), stage.doors, stage.home.signer).state == "verified"
    assert same(stage.facts(), held)


NOW = FakeClock().now()
AUTO = """\
version: 2
policies:
  - name: everything
    controls: ["*"]
    when: ["resource.account == 'acc'"]
    mode: auto
"""


UNOWNED = (Fact("managed_by", "", ("no marker found",)),)


class Listing:
    """A reader of one shard that answers what it is given."""

    def __init__(self, *items: Resource | Gap) -> None:
        self._items = items

    def shards(self, kinds: Sequence[Kind]) -> Sequence[Shard]:
        del kinds
        return (Shard("acc", "here"),)

    def scan(self, shard: Shard, wanted: Mapping[Kind, frozenset[str]]) -> Iterator[Resource | Gap]:
        del shard, wanted
        return iter(self._items)

    def more(self, lacking: Iterable[tuple[Resource, frozenset[str]]]) -> Iterator[Resource]:
        return (resource for resource, _ in lacking)

    def read(self, ref: Ref, facets: frozenset[str]) -> Resource:
        raise AssertionError((ref, facets))


def scanned(*items: Resource | Gap, exemptions: tuple[Exemption, ...] = ()) -> Report:
    catalog = Catalog.of([toy]).only([toy.no_window_door])
    standing = Standing(load_policies(AUTO, "auto.yaml", catalog), exemptions)
    (report,) = scan(Listing(*items), catalog, standing, FakeClock())
    return report


def test_peers_15_an_exempted_finding_is_never_fixed() -> None:
    house = toy.house(doors=["open-window", "shut"])
    (finding,) = evaluate(house, [toy.no_window_door])
    (free,) = scanned(house).seen[0].decisions
    assert free.mode is Mode.AUTO
    exemption = Exemption(finding.control, house.ref, "o", "r", NOW + timedelta(days=1), finding.state, "dana", NOW)
    (seen,) = scanned(house, exemptions=(exemption,)).seen
    assert [item.status for item in seen.findings] == [Status.EXEMPT]
    assert [item.mode for item in seen.decisions] == [Mode.LEAVE]
    catalog = Catalog.of([toy])
    standing = Standing(load_policies(AUTO, "auto.yaml", catalog), (exemption,))
    with pytest.raises(ExemptResource):
        plan_for(house, [toy.no_window_door], catalog, standing, NOW, "")


def test_peers_17_a_failed_listing_is_not_no_resources(tmp_path: Path) -> None:
    house, shard = toy.house(doors=["open-window"]), Shard("acc", "here")
    home = Home(tmp_path / "home", FakeClock())
    for items in ([house], [Gap("toy.house", shard, "access denied")]):
        report = scanned(*items)
        home.scans.save(home.scans.begin("acc"), report.shard, report.kinds, report.seen, report.gaps)
    (kept,) = home.scans.findings()
    assert (kept.finding.status, kept.decision) == (Status.UNKNOWN, None)
    assert [gap.reason for gap in home.scans.gaps()] == ["access denied"]
    home.close()


@pytest.mark.parametrize("mode", ["aks", "on", "off", "true", "no", "AUTO", "", "[auto]"])
def test_peers_13_a_misspelt_mode_is_an_error_at_load_and_not_on_or_off(mode: str) -> None:
    with pytest.raises(InvalidDocument, match=r"auto\.yaml:6"):
        load_policies(AUTO.replace("mode: auto", f"mode: {mode}"), "auto.yaml", Catalog.of([toy]))


def test_peers_13_what_cannot_be_told_of_one_resource_does_not_stop_the_others() -> None:
    untold = toy.house(doors=Unknown("access denied"))
    other = replace(toy.house(doors=["open-window", "shut"]), ref=replace(toy.REF, id="h2", address="toy:h2"))
    first, second = scanned(untold, other).seen
    assert [item.mode for item in first.decisions] == [Mode.LEAVE]
    assert [item.mode for item in second.decisions] == [Mode.AUTO]


def done(stage: Scene, ref: Ref = REF, mode: Mode = Mode.AUTO) -> None:
    plan = stage.plan(dials_safe, ref=ref, follows=followed(stage.home.ledger, ref))
    stage.approved(plan)
    assert repair(plan, stage.leave(plan, mode), stage.doors, stage.home.signer).state == "verified"


def test_peers_14_limits_count_automated_repairs_across_regions_and_policies(stage: Scene) -> None:
    done(stage, REF)
    done(stage, OTHER)
    usage = recall(stage.home.ledger, stage.cloud.clock.now()).usage
    assert (usage.last_hour, usage.by_account) == (2, {"acc": 2})
    stage.cloud.change("dials", {"tries": 99, "tone": "low"})
    done(stage, REF, Mode.ASK)
    assert recall(stage.home.ledger, stage.cloud.clock.now()).usage.last_hour == 2
    assert recall(stage.home.ledger, stage.cloud.clock.now() + timedelta(hours=1)).usage.last_hour == 0


def test_peers_20_what_comes_back_after_two_repairs_is_not_fixed_a_third_time(stage: Scene) -> None:
    """Code puts the hole back each time: the ledger tells, and from then on a person is asked."""
    standing = load_policies(AUTO.replace("resource.account == 'acc'", "true"), "auto.yaml", CATALOG)
    for repaired, mode in ((0, Mode.AUTO), (1, Mode.AUTO), (2, Mode.ASK)):
        memory = recall(stage.home.ledger, stage.cloud.clock.now() + timedelta(hours=2))
        resource = stage.cloud.read(REF, frozenset({"dials"}))
        (finding,) = evaluate(resource, [dials_safe])
        assert memory.precedent(finding).repaired == repaired
        around = Circumstances(stage.cloud.clock.now(), (), memory.usage)
        decided = decide(finding, dials_safe, resource, UNOWNED, standing, around, precedent=memory.precedent(finding))
        assert decided.mode is mode
        done(stage)
        stage.cloud.change("dials", {"tries": 99, "tone": "low"})


def test_the_page_names_tests_that_exist_for_every_case() -> None:
    root = Path(__file__).parents[1]
    rows = re.findall(r"^\| (\d+) \|[^|]+\|([^|]+)\|$", (root / "docs" / "peers.md").read_text("utf-8"), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 23))
    held = {
        int(number)
        for path in (root / "tests").rglob("test_*.py")
        for number in re.findall(r"^def test_peers_(\d+)_", path.read_text("utf-8"), re.MULTILINE)
    }
    assert {int(number) for number, where in rows if "tests/" in where} == held
    for _, where in rows:
        for name in re.findall(r"`(tests/[\w/.]+)`", where):
            assert (root / name).exists()
