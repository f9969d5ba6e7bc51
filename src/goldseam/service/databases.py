"""Databases: what one holds, a home copied into another, tables brought up to date, and what is kept of the past."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from goldseam.service.context import ServiceContext
from goldseam.service.rights import Right, needs
from goldseam.store.copying import DatabaseStatus, Migrated

__all__ = ["DatabaseStatus", "Migrated", "copy", "migrate", "prune", "status"]


@needs(Right.READ)
def status(context: ServiceContext) -> DatabaseStatus:
    """Which database is used, what it holds, and whether its ledger verifies."""
    from goldseam.store.copying import status as held

    return held(context.home)


@needs(Right.MANAGE_STORE)
def copy(context: ServiceContext, to: str) -> DatabaseStatus:
    """Copy everything into an empty database, a PostgreSQL address or a folder, and verify the ledger there.

    Raises HomeError, and then nothing was copied.
    """
    from goldseam.store import Home
    from goldseam.store.copying import copy as copied

    is_url = "://" in to
    home = context.home
    with Home(home.path if is_url else Path(to), None, to if is_url else "") as target:
        return copied(home, target)


@needs(Right.MANAGE_STORE)
def migrate(context: ServiceContext) -> Migrated:
    """Bring the tables up to date, or make them in an empty database; raises HomeError."""
    from goldseam.store.copying import migrate as migrated

    return migrated(context.home_path, context.database)


@needs(Right.MANAGE_STORE)
def prune(context: ServiceContext, days: int) -> int:
    """Forget configurations that were replaced more than so many days ago; the number of those forgotten."""
    from goldseam.store.retention import forget_before

    return forget_before(context.home.database, context.clock.now() - timedelta(days=days))
