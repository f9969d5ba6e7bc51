"""Facets: lenses on one part of a resource's configuration."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, TypeAlias

from goldseam.model.errors import PlanRefused
from goldseam.model.resource import Ref
from goldseam.model.values import Json, Placeholder, Value, plain, restored, same


@dataclass(frozen=True, slots=True, order=True)
class Permission:
    """The right to do one action on one resource, in the cloud's own names."""

    action: str
    resource: str

    def to_json(self) -> dict[str, Json]:
        """The permission as a JSON object."""
        return {"action": self.action, "resource": self.resource}

    @classmethod
    def from_json(cls, document: Mapping[str, Json]) -> Permission:
        """The inverse of `to_json`."""
        return cls(document["action"], document["resource"])


Told: TypeAlias = Mapping[str, Mapping[str, str]]
"""What a reading tells beside the values: by facet, words by name (`{"config": {"ETag": "E2QWRUHAPOMQZL"}}`)."""


@dataclass(frozen=True, slots=True)
class Call:
    """One API call as data: what would be sent, and the permissions that sending it takes.

    `operation` is `service.Operation` as the cloud's API spells it (`s3.PutBucketPolicy`). `parameters` may hold
    placeholders; they are filled in from a reading that shows the facet as the plan expects it.
    """

    operation: str
    region: str
    parameters: Mapping[str, Json]
    permissions: tuple[Permission, ...]

    def also(self, *more: Permission) -> Call:
        """The call with permissions that the cloud asks for beside its own."""
        return replace(self, permissions=(*self.permissions, *more))

    @property
    def asks(self) -> frozenset[str]:
        """The facets that must be read just before the call, for what they tell."""
        return frozenset(found.facet for found in _placeholders(self.parameters))

    def filled(self, words: Told, *, missing: str = "") -> dict[str, Json]:
        """The parameters with a word for each placeholder, and `missing`, if that is given, where one is not told.

        Raises LookupError that names the first one that is not told.
        """
        return {name: _filled(item, words, missing) for name, item in self.parameters.items()}

    def to_json(self) -> dict[str, Json]:
        """The call as a JSON object."""
        return {
            "operation": self.operation,
            "region": self.region,
            "parameters": {name: plain(item) for name, item in self.parameters.items()},
            "permissions": [permission.to_json() for permission in self.permissions],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Json]) -> Call:
        """The inverse of `to_json`."""
        permissions = tuple(Permission.from_json(item) for item in document["permissions"])
        parameters = {name: restored(item) for name, item in document["parameters"].items()}
        return cls(document["operation"], document["region"], parameters, permissions)


def _placeholders(parameter: Json) -> Iterator[Placeholder]:
    if isinstance(parameter, Placeholder):
        yield parameter
    elif isinstance(parameter, (Mapping, list, tuple)):
        for item in parameter.values() if isinstance(parameter, Mapping) else parameter:
            yield from _placeholders(item)


def _filled(parameter: Json, words: Told, missing: str) -> Json:
    if isinstance(parameter, Placeholder):
        word = words.get(parameter.facet, {}).get(parameter.name, missing)
        if not word:
            msg = f"the {parameter.facet} does not tell its {parameter.name}"
            raise LookupError(msg)
        return word
    if isinstance(parameter, Mapping):
        return {key: _filled(item, words, missing) for key, item in parameter.items()}
    if isinstance(parameter, (list, tuple)):
        return [_filled(item, words, missing) for item in parameter]
    return parameter


def admits(planned: Json, sent: Json) -> bool:
    """Whether what is sent is what was planned, with some word for each placeholder."""
    if isinstance(planned, Placeholder):
        return isinstance(sent, str) and bool(sent)
    if isinstance(planned, Mapping):
        alike = isinstance(sent, Mapping) and planned.keys() == sent.keys()
        return alike and all(admits(item, sent[key]) for key, item in planned.items())
    if isinstance(planned, (list, tuple)):
        alike = isinstance(sent, (list, tuple)) and len(planned) == len(sent)
        return alike and all(map(admits, planned, sent))
    return same(planned, sent)


@dataclass(frozen=True, slots=True)
class Step:
    """A call, the facet that it writes, and the value that the facet holds once it is done."""

    facet: str
    call: Call
    leaves: Value


@dataclass(frozen=True)
class Facet(ABC):
    """A lens: how one part of a resource is read, written and taken back, defined once for every control.

    A cloud's folder derives from this the few shapes that its API has; only they know how a reading is made. What the
    stages need is here: `normal`, and `write`, from which undo follows (`write` from after to before).
    """

    name: str = field(default="", kw_only=True)
    sensitive: tuple[str, ...] = field(default=(), kw_only=True)
    """The members that are masked wherever they are shown, as paths into the value (`control.sensitive`)."""
    writable: ClassVar[bool] = True
    one_by_one: ClassVar[bool] = False
    """Whether each member is written by a call of its own."""
    in_parts: ClassVar[bool] = False
    """Whether the value says which of its parts could not be read, so that what is known of the others counts."""

    def normal(self, value: Value) -> Value:
        """The value in the form in which two readings of the same configuration are equal."""
        return value

    @property
    def question(self) -> tuple[str, ...]:
        """What is asked about a resource to read it; empty where the listing of its kind tells it already.

        Facets with the same question are read together, so that the second one costs nothing.
        """
        return (self.name,)

    @abstractmethod
    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """The calls that turn `before` into `after`; none when they are equal.

        Between two steps the facet is never less strict than both ends, and never lacks what both ends hold.

        Raises PlanRefused when no call can bring the facet to `after`.
        """


class ReadOnly(Facet, ABC):
    """A facet that controls and facts may look at and nothing can write."""

    writable: ClassVar[bool] = False

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """Refuse: there is no call for this."""
        del before, after
        msg = f"the {self.name} of {ref} cannot be written"
        raise PlanRefused(msg)
