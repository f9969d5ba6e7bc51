"""What leaves the store: plans, repairs and ledger entries with the sensitive members masked. Pure.

Values are masked where facets declare it (`Facet.sensitive`), and wherever else in the document the same text occurs:
parameters of calls, reasons, messages, evidence. A kind or a facet that the catalog does not know declares nothing, so
all of it is masked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from goldseam.control import EVERYTHING, Catalog, Kind, Mask, Secrets, masked
from goldseam.model.resource import Resource
from goldseam.model.values import Json, Unknown, Value, plain, restored, same
from goldseam.ports import Entry

_IDENTITY: Final = frozenset(
    {"id", "plan", "of", "ref", "permissions", "by", "groups", "at", "expires", "digest", "signature", "key", "hash",
     "seq", "step", "undo", "operation", "region", "facet", "controls", "fixes", "breaks", "source", "request_id",
     "policy_version", "purpose", "follows", "account", "scan", "approvals"}
)  # fmt: skip
"""Members that name things, in plans and entries: they are compared and looked up, and hold no configuration."""


@dataclass(frozen=True, slots=True)
class _Undeclared:
    """Stands in for a facet that the catalog does not know."""

    sensitive: tuple[str, ...] = EVERYTHING


def _facet(kind: Kind | None, name: str) -> Json:
    return (kind.facet_by_name.get(name) if kind else None) or _Undeclared()


def secrets_in(facets: Mapping[str, Value | Unknown], kind: Kind | None, mask: Mask) -> Secrets:
    """The sensitive texts in the values of a resource's facets."""
    return Secrets.of(((_facet(kind, name), value) for name, value in facets.items()), mask)


def masked_facets(facets: Mapping[str, Value | Unknown], kind: Kind | None, mask: Mask) -> dict[str, Json]:
    """The facets as a JSON object, each with its sensitive members masked."""
    return {name: plain(masked(value, _facet(kind, name), mask)) for name, value in facets.items()}


def plan_secrets(document: Mapping[str, Json], kind: Kind | None, mask: Mask) -> Secrets:
    """The sensitive texts in the images and the values of a plan; what names its resource is said openly."""
    found = Secrets(mask=mask)
    for name, value in _images(document):
        found |= secrets_in({name: value}, kind, mask)
    ref = document.get("ref") or {}
    return found.beside(*(str(part) for part in ref.values()))


def _images(document: Mapping[str, Json]) -> Iterator[tuple[str, Value | Unknown]]:
    for change in document.get("changes") or ():
        yield change["facet"], restored(change["before"])
        yield change["facet"], restored(change["after"])
    for name, value in (document.get("values") or {}).items():
        yield name, restored(value)


def masked_plan(document: Mapping[str, Json], kind: Kind | None, mask: Mask) -> dict[str, Json]:
    """A plan's document (`Plan.to_json`) to be shown; `masked` lists the places that are."""
    secrets = plan_secrets(document, kind, mask)
    shown = {
        **_beside(document, secrets),
        "changes": [_change(change, kind, mask) for change in document.get("changes") or ()],
        **{name: [_call(call, secrets) for call in document.get(name) or ()] for name in ("calls", "undo")},
    }
    if "values" in document:
        shown["values"] = masked_facets(_restored(document["values"]), kind, mask)
    if "witness" in document:
        shown["witness"] = _digests(document, kind, mask)
    return {**shown, "masked": list(places(document, shown))}


def _change(change: Mapping[str, Json], kind: Kind | None, mask: Mask) -> dict[str, Json]:
    facet = _facet(kind, change["facet"])
    sides = {side: plain(masked(restored(change[side]), facet, mask)) for side in ("before", "after")}
    return {**change, **sides}


def _digests(document: Mapping[str, Json], kind: Kind | None, mask: Mask) -> dict[str, Json]:
    """The digests of facets; one of a value with something sensitive would let likely values be tried."""
    hidden = {name for name, value in _images(document) if not same(value, masked(value, _facet(kind, name), mask))}
    return {name: mask.of(text) if name in hidden else text for name, text in document["witness"].items()}


def _call(call: Mapping[str, Json], secrets: Secrets) -> dict[str, Json]:
    return {**call, "parameters": secrets.document(call["parameters"])}


def _beside(document: Mapping[str, Json], secrets: Secrets) -> dict[str, Json]:
    """The members of a document that are no images and no calls, masked by value."""
    return {name: item if name in _IDENTITY else secrets.document(item) for name, item in document.items()}


def places(whole: Json, shown: Json, way: str = "") -> Iterator[str]:
    """The places at which two documents of one form differ, as JSON pointers (RFC 6901)."""
    if isinstance(whole, Mapping) and isinstance(shown, Mapping):
        for name, item in whole.items():
            step = str(name).replace("~", "~0").replace("/", "~1")
            yield from places(item, shown.get(name), f"{way}/{step}")
    elif isinstance(whole, (list, tuple)) and isinstance(shown, (list, tuple)):
        for number, (item, other) in enumerate(zip(whole, shown, strict=True)):
            yield from places(item, other, f"{way}/{number}")
    elif whole != shown:
        yield way


@dataclass(frozen=True)
class MaskedLedger:
    """Masks the bodies of ledger entries, by what the ledger says about their plans.

    `about` gives the entries about one plan.
    """

    catalog: Catalog
    about: Callable[[str], Iterable[Entry]]
    mask: Mask
    _known: dict[str, tuple[Kind | None, Secrets]] = field(default_factory=dict, repr=False)

    def body(self, entry: Entry) -> Mapping[str, Json]:
        """The body of an entry to be shown: the same object where nothing in it is sensitive."""
        plan = entry.body.get("plan")
        if not isinstance(plan, str):
            return entry.body
        if plan not in self._known:
            self._known[plan] = self._learned(plan)
        shown = self._shown(entry, *self._known[plan])
        return entry.body if same(shown, entry.body) else shown

    def _learned(self, plan: str) -> tuple[Kind | None, Secrets]:
        """The kind of a plan's resource, and the sensitive texts of all readings that the ledger has of it."""
        entries = [entry for entry in self.about(plan) if entry.kind in ("plan", "before", "after")]
        documents = [entry.body["document"] for entry in entries if entry.kind == "plan"]
        kind = self.catalog.kind_by_name.get(documents[0]["ref"]["kind"]) if documents else None
        found = Secrets(mask=self.mask)
        for document in documents:
            found |= plan_secrets(document, kind, self.mask)
        for entry in entries:
            if "facets" in entry.body:
                found |= secrets_in(_restored(entry.body["facets"]), kind, self.mask)
        return kind, found

    def _shown(self, entry: Entry, kind: Kind | None, secrets: Secrets) -> dict[str, Json]:
        body = entry.body
        shown = _beside(body, secrets)
        if "document" in body:
            document = masked_plan(body["document"], kind, self.mask)
            del document["masked"]
            shown["document"] = document
        if "facets" in body:
            shown["facets"] = masked_facets(_restored(body["facets"]), kind, self.mask)
        if "call" in body:
            shown["call"] = _call(body["call"], secrets)
        return shown


def _restored(facets: Mapping[str, Json]) -> dict[str, Value | Unknown]:
    return {name: restored(value) for name, value in facets.items()}


def resource_secrets(resource: Resource, catalog: Catalog, mask: Mask) -> Secrets:
    """The sensitive texts of a resource as it was read."""
    return secrets_in(resource.facets, catalog.kind_by_name.get(resource.ref.kind), mask)
