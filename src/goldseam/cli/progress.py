"""Progress of a scan: a bar on a terminal, plain lines elsewhere, both on standard error."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from goldseam.model.display import visible, write_error
from goldseam.ports import Shard
from goldseam.service.scans import SHARDS_AT_ONCE

if TYPE_CHECKING:
    from goldseam.service.scans import Progress


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """A callback that shows how far each shard is, for as long as the block lasts."""
    if sys.stderr.isatty():
        with _bar() as progress:
            yield progress
    else:
        lines = _Lines()
        try:
            yield lines
        finally:
            lines.close()


class _Lines:
    """One line for each shard, in their order, once it is done; what facts look at later is not counted."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._done: dict[Shard, int] = {}
        self._told: set[Shard] = set()

    def __call__(self, shard: Shard, done: int, total: int) -> None:
        del total
        with self._turn:
            if shard not in self._told:
                self._done[shard] = max(done, self._done.get(shard, 0))
            if len(self._done) > SHARDS_AT_ONCE:
                self._write(next(iter(self._done)))

    def close(self) -> None:
        """Say the last shards too."""
        with self._turn:
            for shard in tuple(self._done):
                self._write(shard)

    def _write(self, shard: Shard) -> None:
        self._told.add(shard)
        write_error(f"read {shard.account} {shard.region}: {self._done.pop(shard)} resources")


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[Shard, TaskID] = {}

        def progress(shard: Shard, done: int, total: int) -> None:
            task = tasks.get(shard)
            if task is None:
                task = tasks[shard] = bar.add_task(visible(f"{shard.account} {shard.region}"))
            bar.update(task, completed=done, total=total, visible=done < total)

        yield progress
