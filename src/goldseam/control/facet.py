"""Facets: lenses on one part of a resource's configuration."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from goldseam.errors import PlanRefused
from goldseam.resource import Ref
from goldseam.values import Json, Value


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


@dataclass(frozen=True, slots=True)
class Call:
    """One API call as data: what would be sent, and the permissions that sending it takes.

    `operation` is `service.Operation` as the cloud's API spells it (`s3.PutBucketPolicy`).
    """

    operation: str
    region: str
    parameters: Mapping[str, Json]
    permissions: tuple[Permission, ...]

    def to_json(self) -> dict[str, Json]:
        """The call as a JSON object."""
        return {
            "operation": self.operation,
            "region": self.region,
            "parameters": dict(self.parameters),
            "permissions": [permission.to_json() for permission in self.permissions],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Json]) -> Call:
        """The inverse of `to_json`."""
        permissions = tuple(Permission.from_json(item) for item in document["permissions"])
        return cls(document["operation"], document["region"], document["parameters"], permissions)


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
    writable: ClassVar[bool] = True

    def normal(self, value: Value) -> Value:
        """The value in the form in which two readings of the same configuration are equal."""
        return value

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
