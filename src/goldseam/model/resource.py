"""What is looked at: a reference to a resource, and the resource as it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from goldseam.model.values import Json, Unknown, Value, plain, restored


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """One resource in one account, by the cloud's own words.

    `address` is the full name that the cloud gives it (an ARN, a resource id); `id` the short one that its API takes.
    `region` is `global` where the cloud has no region for it.
    """

    kind: str
    account: str
    region: str
    id: str
    address: str

    def __str__(self) -> str:
        return self.address

    def to_json(self) -> dict[str, Json]:
        """The reference as a JSON object."""
        return {name: getattr(self, name) for name in ("kind", "account", "region", "id", "address")}

    @classmethod
    def from_json(cls, document: Mapping[str, Json]) -> Ref:
        """The inverse of `to_json`; raises LookupError, TypeError or ValueError where that did not write it."""
        words = {name: document[name] for name in ("kind", "account", "region", "id", "address")}
        if not all(isinstance(word, str) for word in words.values()):
            msg = "a reference to a resource holds something that is no text"
            raise ValueError(msg)
        return cls(**words)


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as one reading found it: each facet's value, or why it is unknown.

    `pending` names the facets with a change that the cloud has accepted and not yet made, and what it waits for. `told`
    holds, by facet, words that calls need and that are no part of the configuration, such as the number of a version.
    """

    ref: Ref
    facets: Mapping[str, Value | Unknown]
    pending: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, Mapping[str, str]] = field(default_factory=dict, compare=False)

    def with_facets(self, changed: Mapping[str, Value]) -> Resource:
        """The same resource with some facets at other values: a prediction, not a reading."""
        return Resource(self.ref, {**self.facets, **changed})

    def to_json(self) -> dict[str, Json]:
        """The resource as a JSON object."""
        return {"ref": self.ref.to_json(), "facets": plain(self.facets), "pending": dict(self.pending)}

    @classmethod
    def from_json(cls, document: Mapping[str, Json]) -> Resource:
        """The inverse of `to_json`."""
        facets = {name: restored(value) for name, value in document["facets"].items()}
        return cls(Ref.from_json(document["ref"]), facets, document.get("pending", {}))
