"""Progress of a scan: a bar on a terminal, plain lines elsewhere, both on standard error."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from goldseam.clouds.aws.shard import Progress
    from goldseam.ports import Shard


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
    """One line for each shard, once the next one begins or the scan ends."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._last: tuple[Shard, int] | None = None

    def __call__(self, shard: Shard, done: int, total: int) -> None:
        del total
        with self._turn:
            if self._last is not None and self._last[0] != shard:
                self._write()
            self._last = (shard, done)

    def close(self) -> None:
        """Say the last shard too."""
        with self._turn:
            self._write()

    def _write(self) -> None:
        if self._last is not None:
            shard, done = self._last
            sys.stderr.write(f"read {shard.account} {shard.region}: {done} resources\n")
            self._last = None


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[Shard, TaskID] = {}

        def progress(shard: Shard, done: int, total: int) -> None:
            task = tasks.get(shard)
            if task is None:
                task = tasks[shard] = bar.add_task(f"{shard.account} {shard.region}")
            bar.update(task, completed=done, total=total, visible=done < total)

        yield progress
