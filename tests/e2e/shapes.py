"""The shape of a JSON document: every path of it with the types found there, so that two versions can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

OPEN: Final = frozenset({
    "after", "because", "before", "body", "compliant", "connection", "default", "evidence", "limits", "parameters",
    "settings", "unless", "value", "values", "violating", "wanted",
})  # fmt: skip
"""Members whose keys are data, or whose content is somebody else's: a cloud's, a user's, an entry of the ledger.

That they are there is part of the shape, and nothing else of them.
"""

_TYPES: Final = {str: "text", bool: "truth", int: "number", float: "number", type(None): "null", list: "list"}


def shape(document: Any) -> dict[str, str]:
    """Each path (`findings[].id`) with the types of what stands there, joined by `|`."""
    found: dict[str, set[str]] = {}
    for path, kind in _parts(document, ""):
        found.setdefault(path, set()).add(kind)
    return {path: "|".join(sorted(kinds)) for path, kinds in sorted(found.items())}


def together(shapes: Iterable[dict[str, str]]) -> dict[str, str]:
    """The shape of several documents of one schema."""
    found: dict[str, set[str]] = {}
    for one in shapes:
        for path, kinds in one.items():
            found.setdefault(path, set()).update(kinds.split("|"))
    return {path: "|".join(sorted(kinds)) for path, kinds in sorted(found.items())}


def _parts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if path.rpartition(".")[2] in OPEN:
        yield path, "any"
        return
    if path:
        yield path, "object" if isinstance(value, dict) else _TYPES[type(value)]
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _parts(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for item in value:
            yield from _parts(item, f"{path}[]")
