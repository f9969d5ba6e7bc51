"""Changes by patch operations, as API Gateway is asked for them.

Source: API Gateway API Reference, "Patch operations".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from goldseam.clouds.aws.shapes import Document
from goldseam.control import Step
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Json, Value, same


def _text(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def patch(path: str, value: Json) -> Json:
    """The operation that puts a value at a path."""
    return {"op": "replace", "path": path, "value": _text(value)}


@dataclass(frozen=True)
class Patched(Document):
    """A value whose paths are patched, each with a part of it; removed by a patch that removes a path."""

    paths: Mapping[str, str] = field(kw_only=True)
    """Of each member its path; of a value that has no members, the path under no name."""
    root: str = field(kw_only=True)

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One call."""
        if same(before, after):
            return ()
        if after is ABSENT:
            patches = [{"op": "remove", "path": self.root}]
        else:
            patches = [patch(path, after[name] if name else after) for name, path in self.paths.items()]
        return (self.step(self.put.call(ref, patches), after),)
