"""What the ledger comes to, kept with each append so that nobody has to read all of it.

Only what restrains is kept here: rejections and rollbacks by control, repairs by finding. It names the entry that it
was built up to, and is built again from the entries where that is not the last one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import orjson

from goldseam.assess.evaluate import finding_id
from goldseam.audit.record import renamed_controls
from goldseam.model.errors import MISSHAPEN, PlanRefused
from goldseam.model.values import canonical
from goldseam.ports import Entry, Ledger
from goldseam.repair.plan import Plan, Purpose
from goldseam.repair.recall import Restraints
from goldseam.store.database import Database
from goldseam.store.engine import Connection

_NAME: Final = "restraints"
_COLUMNS: Final = "purpose, controls, findings, rejections, claimed, verified"
_REJECTED: Final = "rejected"
_ROLLED_BACK: Final = "rolled back"
_REPAIRED: Final = "repaired"


@dataclass(frozen=True, slots=True)
class _Planned:
    """What is known of a plan; `controls` of a rollback are those of the plan that it takes back."""

    purpose: str = ""
    controls: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    rejections: int = 0
    claimed: bool = False
    verified: bool = False

    def restraints(self) -> Counter[tuple[str, str]]:
        """What the plan adds to the counts."""
        done = self.claimed and self.verified
        if self.purpose == Purpose.REPAIR:
            refused = Counter({(_REJECTED, control): self.rejections for control in self.controls})
            return refused + Counter((_REPAIRED, finding) for finding in self.findings if done)
        if self.purpose == Purpose.ROLLBACK and done:
            return Counter((_ROLLED_BACK, control) for control in self.controls)
        return Counter()


class Projection:
    """Keeps the counts in the caller's transaction; whoever calls keeps other writers of the ledger out."""

    def is_of(self, database: Database, last: Entry | None) -> bool:
        """Whether the counts are built up to that entry."""
        row = database.row("SELECT seq, hash FROM projection WHERE name = ?", (_NAME,))
        return row == ((last.seq, last.hash) if last else None)

    def read(self, database: Database) -> Restraints:
        """The counts."""
        found: dict[str, dict[str, int]] = {_REJECTED: {}, _ROLLED_BACK: {}, _REPAIRED: {}}
        for sort, name, count in database.rows("SELECT sort, name, count FROM tally WHERE count > 0"):
            found[sort][name] = count
        return Restraints(found[_REJECTED], found[_ROLLED_BACK], found[_REPAIRED])

    def note(self, connection: Connection, entry: Entry) -> None:
        """Count an entry that was appended; nothing where the counts were not built up to the one before it."""
        row = connection.execute("SELECT seq, hash FROM projection WHERE name = ?", (_NAME,)).fetchone()
        if row != (entry.seq - 1, entry.previous) and entry.seq > 1:
            return
        if entry.kind == "upgrade":
            connection.execute("DELETE FROM projection WHERE name = ?", (_NAME,))
            return
        self._count(connection, entry, {})
        connection.execute(
            "INSERT INTO projection (name, seq, hash) VALUES (?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
            (_NAME, entry.seq, entry.hash),
        )

    def rebuild(self, connection: Connection, ledger: Ledger) -> None:
        """Count all entries anew. A release frees a claim where it verifies only; controls go by today's names."""
        for table in ("projection", "planned", "tally"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - fixed names
        names = renamed_controls(ledger)
        released = {entry.seq for entry in ledger.verified(kind="release")}
        last: Entry | None = None
        for entry in ledger.entries():
            last = entry
            if entry.kind != "release" or entry.seq in released:
                self._count(connection, entry, names)
        if last is not None:
            query = "INSERT INTO projection (name, seq, hash) VALUES (?, ?, ?)"
            connection.execute(query, (_NAME, last.seq, last.hash))

    def _count(self, connection: Connection, entry: Entry, names: Mapping[str, str]) -> None:
        plan_id = entry.body.get("plan")
        if entry.kind not in ("plan", "rejection", "repair", "release", "outcome") or not isinstance(plan_id, str):
            return
        before = _planned(connection, plan_id)
        after = _changed(connection, before, entry, names)
        if after != before:
            _keep(connection, plan_id, after)
            _add(connection, before.restraints(), after.restraints())


def _changed(connection: Connection, known: _Planned, entry: Entry, names: Mapping[str, str]) -> _Planned:
    """What is known of a plan once an entry about it is."""
    if entry.kind == "plan":
        return _with_content(connection, known, entry, names)
    if entry.kind == "rejection":
        return replace(known, rejections=known.rejections + 1)
    if entry.kind == "repair" and "ref" in entry.body:
        return replace(known, claimed=True)
    if entry.kind == "release":
        return replace(known, claimed=False)
    if entry.kind == "outcome" and entry.body.get("state") == "verified":
        return replace(known, verified=True)
    return known


def _with_content(connection: Connection, known: _Planned, entry: Entry, names: Mapping[str, str]) -> _Planned:
    try:
        plan = Plan.from_json(entry.body["document"])
    except (PlanRefused, *MISSHAPEN):
        return known
    if plan.id != entry.body["plan"]:
        return known
    controls = tuple(names.get(control, control) for control in plan.controls)
    if plan.purpose is Purpose.ROLLBACK:
        controls = _planned(connection, plan.of).controls
    return replace(
        known,
        purpose=str(plan.purpose),
        controls=controls,
        findings=tuple(finding_id(control, plan.ref) for control in controls),
    )


def _planned(connection: Connection, plan_id: str) -> _Planned:
    query = f"SELECT {_COLUMNS} FROM planned WHERE plan = ?"  # noqa: S608 - fixed names
    row = connection.execute(query, (plan_id,)).fetchone()
    if row is None:
        return _Planned()
    purpose, controls, findings, rejections, claimed, verified = row
    lists = tuple(orjson.loads(controls)), tuple(orjson.loads(findings))
    return _Planned(purpose, *lists, rejections, bool(claimed), bool(verified))


def _keep(connection: Connection, plan_id: str, planned: _Planned) -> None:
    lists = canonical(list(planned.controls)).decode(), canonical(list(planned.findings)).decode()
    connection.execute(
        f"INSERT INTO planned (plan, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - fixed names
        " ON CONFLICT (plan) DO UPDATE SET purpose = excluded.purpose, controls = excluded.controls,"
        " findings = excluded.findings, rejections = excluded.rejections, claimed = excluded.claimed,"
        " verified = excluded.verified",
        (plan_id, planned.purpose, *lists, planned.rejections, int(planned.claimed), int(planned.verified)),
    )


def _add(connection: Connection, before: Counter[tuple[str, str]], after: Counter[tuple[str, str]]) -> None:
    changes = [(*key, after[key] - before[key]) for key in sorted({*before, *after}) if after[key] != before[key]]
    connection.executemany(
        "INSERT INTO tally (sort, name, count) VALUES (?, ?, ?)"
        " ON CONFLICT (sort, name) DO UPDATE SET count = tally.count + excluded.count",
        changes,
    )
