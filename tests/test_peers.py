"""Cases that break others in the same trade, by number, where no other test holds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldseam.repair import repair
from goldseam.rollback import plan_rollback
from goldseam.values import same
from tests.memory_cloud import Scene, scene


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
