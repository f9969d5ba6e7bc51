"""Plans that were made, by id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import orjson

from goldseam.decide import Decision
from goldseam.model.errors import UnknownName
from goldseam.model.values import canonical_document
from goldseam.ports import Clock
from goldseam.repair.plan import Plan
from goldseam.store.database import Database
from goldseam.store.saving import cloud_of

_SHORTEST: Final = len("p-123456")


@dataclass(frozen=True, slots=True)
class Filed:
    """A plan as it is kept: when it was made, and the decisions that led to it."""

    plan: Plan
    decisions: tuple[Decision, ...]
    made: str


class Plans:
    """Keeps plans until someone approves, executes or forgets them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def save(self, plans: Iterable[tuple[Plan, tuple[Decision, ...]]]) -> None:
        """Keep plans with their decisions, in one transaction; the same plan made again keeps its date."""
        made = self._clock.now().isoformat()
        rows = [_row(plan, decisions, made) for plan, decisions in plans]
        with self._database.writing() as connection:
            connection.executemany(
                "INSERT INTO plan (id, cloud, account, address, purpose, made, body, decisions)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET decisions = excluded.decisions",
                sorted(rows),
            )

    def get(self, name: str) -> Filed:
        """The plan of that id, or the only one whose id begins so (six digits at least).

        Raises UnknownName with the nearest ones, PlanRefused when it was tampered with.
        """
        query = "SELECT id, body, decisions, made FROM plan WHERE id >= ? AND id < ? ORDER BY id LIMIT 2"
        rows = self._database.rows(query, (name, f"{name}~"))
        row = next((row for row in rows if row[0] == name), None)
        if row is None and len(rows) == 1 and len(name) >= _SHORTEST:
            row = rows[0]
        if row is None:
            known = self._database.rows("SELECT id FROM plan ORDER BY made DESC LIMIT 10000")
            raise UnknownName("plan", name, (item for (item,) in known))
        return _filed(row)

    def all(self) -> Iterator[Filed]:
        """Every plan that is kept, by id."""
        query = "SELECT id, body, decisions, made FROM plan WHERE id > ? ORDER BY id LIMIT ?"
        return map(_filed, self._database.pages(query, after=""))


def _row(plan: Plan, decisions: Iterable[Decision], made: str) -> tuple[str, ...]:
    ref = plan.ref
    body = canonical_document(plan.to_json()).decode()
    held = canonical_document([item.to_json() for item in decisions]).decode()
    return plan.id, cloud_of(ref.kind), ref.account, ref.address, str(plan.purpose), made, body, held


def _filed(row: tuple[str, ...]) -> Filed:
    _, body, decisions, made = row
    held = tuple(Decision.from_json(item) for item in orjson.loads(decisions))
    return Filed(Plan.from_json(orjson.loads(body)), held, made)
