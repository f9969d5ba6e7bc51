"""Stage 5, the data: a plan, its content and the states that it passes through. Pure.

A plan is one change to one resource. Its id is the hash of its content, and everything that comes after (approval,
grant, execution, record) names that id. `propose` makes plans.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Final

from goldseam.assess.evaluate import finding_id
from goldseam.control import Call, Kind, Permission, Step
from goldseam.model.errors import PlanRefused
from goldseam.model.resource import Ref
from goldseam.model.values import (
    Json,
    Placeholder,
    Unknown,
    Value,
    canonical_document,
    digest,
    document_digest,
    plain,
    restored,
    same,
)

FORMAT: Final = 2
"""The format of the plans that this version makes. Plans of an older format can be read and taken back, no more."""


class Purpose(StrEnum):
    """Why a plan was made."""

    REPAIR = "repair"
    ROLLBACK = "rollback"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True)
class Change:
    """One facet before, as it was read, and after, as it is predicted."""

    facet: str
    before: Value
    after: Value

    def to_json(self) -> dict[str, Json]:
        """The change as a JSON object."""
        return {"facet": self.facet, "before": plain(self.before), "after": plain(self.after)}

    @classmethod
    def from_json(cls, document: Mapping[str, Json]) -> Change:
        """The inverse of `to_json`."""
        return cls(document["facet"], restored(document["before"]), restored(document["after"]))


@dataclass(frozen=True)
class Plan:
    """One change to one resource.

    `values` holds every facet that the plan rests on, as it was read: those that are read by any control of the kind
    that reads a changed facet. Apply stops when one of them differs (law 7), and a keyholder works out from them alone
    what the named controls would change. A facet that could not be read is an `Unknown` there.

    `settings` are those that the controls were asked with: of the named ones all, of the others where they are not the
    defaults. `fixes`, `breaks` and `untold` are the controls whose verdict the change turns, or of which that cannot be
    told. `permissions` are what the calls and their undo need together. `undo` is empty when there is no way back.
    `because` says for each control what is wrong; `disruption` what the change may break. `of` is the plan that this
    one takes back, `follows` the one executed on the resource before it: the same change, needed again, is another
    plan with another id, which old approvals do not cover. `catalog_version` names the rules that it was made by.
    `confirm` is reserved: None.

    Times, facts and decisions are no part of a plan: two processes that see the same resource make the same id.
    """

    purpose: Purpose
    ref: Ref
    controls: tuple[str, ...]
    because: Mapping[str, str]
    settings: Mapping[str, Mapping[str, Json]]
    changes: tuple[Change, ...]
    calls: tuple[Call, ...]
    undo: tuple[Call, ...]
    reversible: bool
    values: Mapping[str, Value | Unknown]
    fixes: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    disruption: tuple[str, ...] = ()
    of: str = ""
    follows: str = ""
    catalog_version: str = ""
    confirm: None = None
    old: Mapping[str, Json] | None = field(default=None, repr=False)
    """The document of a plan of an older format, as it was written; None for a plan of this format."""

    @cached_property
    def id(self) -> str:
        """The hash of the plan's content: `p-` and 32 hexadecimal digits.

        128 bits, because an approval names a plan by its id: nobody may find two plans with one id.
        """
        return _id_of(self._content() if self.old is None else _old_content(self.old))

    @property
    def format(self) -> int:
        """The format that the plan is written in."""
        return FORMAT if self.old is None else 1

    @property
    def cloud(self) -> str:
        """The cloud of the resource: the first word of its kind's name."""
        return self.ref.kind.partition(".")[0]

    @property
    def findings(self) -> tuple[str, ...]:
        """The ids of the findings that the plan is for."""
        return tuple(finding_id(control, self.ref) for control in self.controls)

    @property
    def permissions(self) -> tuple[Permission, ...]:
        """The permissions that executing the plan, and undoing it on failure, takes: no more."""
        return tuple(sorted({item for call in (*self.calls, *self.undo) for item in call.permissions}))

    @property
    def witness(self) -> Mapping[str, str]:
        """The digest of every facet that the plan rests on and that could be read."""
        return {name: digest(value) for name, value in self.values.items() if not isinstance(value, Unknown)}

    def require_current(self) -> None:
        """Raise PlanRefused for a plan of an older format: it cannot be approved, granted or applied."""
        if self.old is not None:
            msg = (
                f"plan `{self.id}` has the format of an older goldseam and can only be read and taken back; "
                "make it again with `goldseam plan`"
            )
            raise PlanRefused(msg)

    def _content(self) -> dict[str, Json]:
        return {
            "format": FORMAT,
            "cloud": self.cloud,
            "catalog_version": self.catalog_version,
            "purpose": str(self.purpose),
            "of": self.of,
            "follows": self.follows,
            "ref": self.ref.to_json(),
            "controls": list(self.controls),
            "because": dict(self.because),
            "settings": plain(self.settings),
            "values": {name: plain(value) for name, value in self.values.items()},
            "changes": [change.to_json() for change in self.changes],
            "calls": [call.to_json() for call in self.calls],
            "undo": [call.to_json() for call in self.undo],
            "reversible": self.reversible,
            "fixes": list(self.fixes),
            "breaks": list(self.breaks),
            "untold": list(self.untold),
            "disruption": list(self.disruption),
            "confirm": self.confirm,
        }

    def to_json(self) -> dict[str, Json]:
        """The plan as a JSON object, with its id; one of an older format as it was written."""
        if self.old is not None:
            return dict(self.old)
        return {"id": self.id, **self._content(), "permissions": [item.to_json() for item in self.permissions]}

    @classmethod
    def from_json(cls, document: Mapping[str, Json]) -> Plan:
        """The inverse of `to_json`, of this format and of the one before it.

        Raises PlanRefused when the document is not, as a whole, the one that its id names, or is of a newer format.
        """
        kept = document.get("format", 1)
        if kept not in (1, FORMAT):
            msg = f"plan {document['id']} has format {kept}, and this goldseam reads up to {FORMAT}; upgrade it"
            raise PlanRefused(msg)
        plan = _read(document, old=kept == 1)
        if plan.id != document["id"] or canonical_document(plan.to_json()) != canonical_document(document):
            msg = f"the content of plan {document['id']} is not what its id says; make the plan again"
            raise PlanRefused(msg)
        return plan


_OLD_BESIDE: Final = ("id", "permissions")
"""What a plan of format 1 holds beside the content that its id is the hash of."""


def _id_of(content: Mapping[str, Json]) -> str:
    return f"p-{document_digest(content)[:32]}"


def _old_content(document: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in document.items() if name not in _OLD_BESIDE}


def _with_placeholders(document: Json, *, old: bool) -> Json:
    """The same, with each placeholder as this format writes it: format 1 wrote `{"told by": [facet, name]}`."""
    if not old:
        return document
    match document:
        case {"told by": [str(facet), str(name)], **rest} if not rest:
            return plain(Placeholder(facet, name))
        case dict():
            return {key: _with_placeholders(item, old=True) for key, item in document.items()}
        case list():
            return [_with_placeholders(item, old=True) for item in document]
    return document


def _read(document: Mapping[str, Json], *, old: bool) -> Plan:
    changes = tuple(Change.from_json(item) for item in _with_placeholders(document["changes"], old=old))
    before = {change.facet: change.before for change in changes}
    return Plan(
        Purpose(document["purpose"]),
        Ref.from_json(document["ref"]),
        tuple(document["controls"]),
        document["because"],
        {name: {key: restored(it) for key, it in held.items()} for name, held in document["settings"].items()},
        changes,
        tuple(Call.from_json(item) for item in _with_placeholders(document["calls"], old=old)),
        tuple(Call.from_json(item) for item in _with_placeholders(document["undo"], old=old)),
        document["reversible"],
        before if old else {name: restored(value) for name, value in document["values"].items()},
        tuple(document["fixes"]),
        tuple(document["breaks"]),
        () if old else tuple(document["untold"]),
        tuple(document["disruption"]),
        document["of"],
        document["follows"],
        "" if old else document["catalog_version"],
        old=dict(document) if old else None,
    )


def image_path(plan: Plan, kind: Kind) -> tuple[Mapping[str, Value], ...]:
    """The states of the changed facets along the plan: before the first call, and after each (law 8)."""
    state = {change.facet: change.before for change in plan.changes}
    path = [dict(state)]
    for step in steps_of(plan.ref, plan.changes, kind):
        state[step.facet] = step.leaves
        path.append(dict(state))
    return tuple(path)


def values_along(plan: Plan, kind: Kind) -> Mapping[str, list[Value]]:
    """For each changed facet, the values that it has along the plan, in order."""
    along: dict[str, list[Value]] = {change.facet: [] for change in plan.changes}
    for image in image_path(plan, kind):
        for name, value in image.items():
            if place_of(value, along[name]) is None:
                along[name].append(value)
    return along


def back_steps(plan: Plan, kind: Kind, change: Change, value: Value) -> tuple[Step, ...] | None:
    """The steps that bring one facet back to where it began; None when there is no way."""
    try:
        return kind.facet(change.facet).write(plan.ref, value, change.before)
    except PlanRefused:
        return None


def place_of(value: Value, values: Sequence[Value]) -> int | None:
    """Where a value is among others; None when it is not."""
    return next((at for at, other in enumerate(values) if same(value, other)), None)


def own_values(plan: Plan, kind: Kind, recovered: Iterable[Plan] = ()) -> dict[str, list[Value]]:
    """For each changed facet, the values that a plan, its undo from any point and its recoveries can have left."""
    own = {name: list(values) for name, values in values_along(plan, kind).items()}
    for back in recovered:
        for name, values in values_along(back, kind).items():
            own.get(name, []).extend(values)
    for change in plan.changes:
        for value in tuple(own[change.facet]):
            own[change.facet] += (step.leaves for step in back_steps(plan, kind, change, value) or ())
    return own


def require_derived(plan: Plan, kind: Kind) -> None:
    """Raise PlanRefused unless the plan's calls and undo are those that its images give."""
    if not calls_derived(plan, kind):
        msg = f"the calls of plan `{plan.id}` are not those that its change takes; make the plan again"
        raise PlanRefused(msg)


def calls_derived(plan: Plan, kind: Kind) -> bool:
    """Whether the plan's calls and undo are those that its before and after images give: nothing was slipped in."""
    calls = tuple(step.call for step in steps_of(plan.ref, plan.changes, kind))
    undo = undo_of(plan.ref, plan.changes, kind)
    return calls == plan.calls and undo == (plan.undo if plan.reversible else None)


def steps_of(ref: Ref, changes: Iterable[Change], kind: Kind) -> tuple[Step, ...]:
    """The steps that make the changes, in their order."""
    return tuple(
        step for change in changes for step in kind.facet(change.facet).write(ref, change.before, change.after)
    )


def why_no_way_back(plan: Plan, kind: Kind) -> str:
    """Why a plan cannot be taken back, as the facet that refuses says it; empty where it can."""
    for change in reversed(plan.changes):
        try:
            kind.facet(change.facet).write(plan.ref, change.after, change.before)
        except PlanRefused as error:
            return str(error)
    return ""


def undo_of(ref: Ref, changes: Sequence[Change], kind: Kind) -> tuple[Call, ...] | None:
    """The calls back, last change first; None when one of the changes has no way back."""
    backwards = [Change(change.facet, change.after, change.before) for change in reversed(changes)]
    try:
        return tuple(step.call for step in steps_of(ref, backwards, kind))
    except PlanRefused:
        return None
