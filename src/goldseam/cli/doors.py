"""What executing and proving plans goes through, put together from a workspace and an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldseam.cli.workspace import Workspace
from goldseam.decide import settings_of
from goldseam.model.clock import SystemClock

if TYPE_CHECKING:
    from goldseam.clouds.protocol import CloudAccount
    from goldseam.repair.apply import Doors


def doors(workspace: Workspace, cloud: CloudAccount) -> Doors:
    """Everything outside that executing a plan goes through."""
    from goldseam.cli.interruption import stoppable
    from goldseam.repair.apply import Doors

    home = workspace.home
    return Doors(
        workspace.catalog,
        cloud.reader,
        stoppable(cloud.writers),
        home.ledger,
        home.locks,
        SystemClock(),
        workspace.exemptions,
        settings_of(workspace.policies),
    )
