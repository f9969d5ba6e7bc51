"""Cases that break others in the trade, by number, where no other test holds them; docs/peers.md lists them all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from goldseam.control import Catalog, Kind
from goldseam.decide import Exemption
from goldseam.errors import ExemptResource
from goldseam.evaluate import Status, evaluate
from goldseam.pipeline import Report, Standing, plan_for, scan
from goldseam.policy import Mode, load_policies
from goldseam.ports import Gap, Shard
from goldseam.repair import repair
from goldseam.resource import Ref, Resource
from goldseam.rollback import plan_rollback
from goldseam.store import Home
from goldseam.values import same
from tests import toy
from tests.memory_cloud import FakeClock, Scene, scene


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
version: 1
policies:
  - name: everything
    controls: ["*"]
    when: ["resource.account == 'acc'"]
    mode: auto
"""


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
