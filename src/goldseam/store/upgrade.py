"""A home that an older version wrote, brought up to date: once, in one transaction, with an entry in the ledger.

The ledger is never rewritten. The `upgrade` entry says which controls go by another id from now on and which exemptions
could not be mapped; who reads older entries maps them by it. What the latest scans found is rewritten in place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from goldseam.assess.evaluate import finding_id
from goldseam.decide import Exemption
from goldseam.model.errors import HomeError
from goldseam.model.resource import Ref
from goldseam.model.values import Json, canonical_document
from goldseam.repair.plan import FORMAT as PLAN_FORMAT
from goldseam.store.engine import Connection

if TYPE_CHECKING:
    from goldseam.store.home import Home

FORMAT: Final = 2
"""The format in which this version writes a home: 1 until plans had a format of their own, 2 since then."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What bringing a home up to date came to."""

    before: int
    unmapped: tuple[Exemption, ...]
    old_plans: int


def bring_up(home: Home, known: Collection[str], renamed: Mapping[str, str]) -> Upgrade | None:
    """Bring a home up to date; None where there was nothing to do.

    `known` are the ids of all controls, `renamed` the old ids with the new ones. Steps, all in one transaction: 1. look
    again whether it is to be done, since another process may have been faster; 2. rename in what scans found; 3. record
    the upgrade; 4. note the format.

    Raises HomeError for a home of a newer version.
    """
    if home.format > FORMAT:
        msg = f"`{home.path}` was made by a newer goldseam (format {home.format}); upgrade, or use --home"
        raise HomeError(msg)
    if home.format == FORMAT:
        return None
    with home.database.writing() as connection:
        # 1. once
        before = home.format
        if before == FORMAT:
            return None
        done = None
        if _holds_anything(connection):
            names = {old: _newest(old, renamed) for old in renamed}
            # 2. findings
            findings = _rename_findings(connection, names)
            # 3. the entry
            done = _recorded(home, before, names, findings, known)
        # 4. the format
        connection.execute(
            "INSERT INTO home (name, value) VALUES ('format', ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (FORMAT,),
        )
        return done


def _holds_anything(connection: Connection) -> bool:
    query = (
        "SELECT EXISTS (SELECT 1 FROM ledger) OR EXISTS (SELECT 1 FROM plan) OR EXISTS (SELECT 1 FROM scan)"
        " OR EXISTS (SELECT 1 FROM finding)"
    )
    return connection.execute(query).fetchone() in ((1,), (True,))


def _newest(control: str, renamed: Mapping[str, str]) -> str:
    """The id that a control has in the end, where it was renamed more than once."""
    seen = {control}
    while (new := renamed.get(control)) is not None and new not in seen:
        seen.add(new)
        control = new
    return control


def _recorded(
    home: Home,
    before: int,
    names: Mapping[str, str],
    findings: Mapping[str, str],
    known: Collection[str],
) -> Upgrade:
    standing = [(item, names.get(item.control, item.control)) for item in home.exemptions.standing()]
    unmapped = tuple(item for item, control in standing if control not in known)
    bodies = home.database.pages("SELECT id, body FROM plan WHERE id > ? ORDER BY id LIMIT ?", after="")
    old_plans = sum((orjson.loads(body).get("format") or 1) < PLAN_FORMAT for _, body in bodies)
    body: dict[str, Json] = {
        "from": before,
        "to": FORMAT,
        "controls": dict(names),
        "findings": dict(findings),
        "exemptions": [
            {"exemption": item.name, "control": control, "state": item.state}
            for item, control in standing if control in known
        ],
        "unmapped": [
            {"exemption": item.name, "control": item.control, "ref": item.ref.to_json()} for item in unmapped
        ],
        "old_plans": old_plans,
    }  # fmt: skip
    home.ledger.append("upgrade", body)
    return Upgrade(before, unmapped, old_plans)


def _rename_findings(connection: Connection, names: Mapping[str, str]) -> dict[str, str]:
    """Give the findings of renamed controls their new ids; where a finding of the new id is there already, it stays."""
    renamed: dict[str, str] = {}
    for old, new in names.items():
        query = "SELECT id, body, decision FROM finding WHERE control = ?"
        for name, body, decision in connection.execute(query, (old,)).fetchall():
            finding = orjson.loads(body)
            made = finding_id(new, Ref.from_json(finding["ref"]))
            renamed[name] = made
            connection.execute(
                "UPDATE finding SET id = ?, control = ?, body = ?, decision = ?"
                " WHERE id = ? AND NOT EXISTS (SELECT 1 FROM finding WHERE id = ?)",
                (made, new, _text({**finding, "id": made, "control": new}), _decision(decision, made), name, made),
            )
            connection.execute("DELETE FROM finding WHERE id = ?", (name,))
    return renamed


def _decision(text: str | None, finding: str) -> str | None:
    return None if text is None else _text({**orjson.loads(text), "finding": finding})


def _text(document: Mapping[str, Json]) -> str:
    return canonical_document(document).decode()
