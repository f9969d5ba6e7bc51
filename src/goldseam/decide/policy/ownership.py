"""What the user's policy says of code that manages resources: the markers of its tools, and what no code manages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from goldseam.model.pattern import matches
from goldseam.model.values import Unknown

MANAGED_BY: Final = "managed_by"
"""The fact that names the tool whose code made a resource."""


@dataclass(frozen=True, slots=True)
class TagMarker:
    """A tag whose key and value match patterns; upper and lower case are the same."""

    key: str
    values: tuple[str, ...]
    means: str

    def __str__(self) -> str:
        return f"tag `{self.key}`: {' or '.join(f'`{value}`' for value in self.values)}"

    def found(self, tags: Mapping[str, str], names: tuple[str, ...]) -> str:
        """What carries the marker, as a sentence; empty when nothing does."""
        del names
        for key, value in tags.items():
            if _like((self.key,), key) and _like(self.values, value):
                return f"tag `{key}` is `{value}`"
        return ""


@dataclass(frozen=True, slots=True)
class NameMarker:
    """A name that matches a pattern: the whole id of the resource or its last part; case does not matter."""

    pattern: str
    means: str

    def __str__(self) -> str:
        return f"name `{self.pattern}`"

    def found(self, tags: Mapping[str, str], names: tuple[str, ...]) -> str:
        """What carries the marker, as a sentence; empty when nothing does."""
        del tags
        return next((f"it is called `{name}`" for name in names if _like((self.pattern,), name)), "")


@dataclass(frozen=True, slots=True)
class Ownership:
    """What a policy declares; it counts beside the markers that tools write themselves."""

    markers: tuple[TagMarker | NameMarker, ...] | None = None
    """None where the policy declares none, and then tags that people write by convention count."""
    unmanaged: tuple[str, ...] = ()
    """Names or patterns of kinds that no code manages, as the policy's author says."""

    def found(self, tags: Mapping[str, str] | Unknown, called: str) -> tuple[tuple[str, str], ...]:
        """The tools whose markers a resource carries, each with a sentence that says so."""
        names = tuple(dict.fromkeys((called, called.rpartition("/")[2].rpartition(":")[2])))
        known = {} if isinstance(tags, Unknown) else tags
        pairs = ((marker, marker.found(known, names)) for marker in self.markers or ())
        return tuple((marker.means, f"{line}, a declared marker ({marker})") for marker, line in pairs if line)

    @property
    def by_tags(self) -> bool:
        """Whether a marker looks at tags."""
        return any(isinstance(marker, TagMarker) for marker in self.markers or ())

    def leaves_out(self, kind: str) -> bool:
        """Whether the policy says that no code manages resources of a kind."""
        return matches(self.unmanaged, kind)

    def __str__(self) -> str:
        return "; ".join(map(str, self.markers or ()))


def _like(patterns: tuple[str, ...], text: str) -> bool:
    return matches((pattern.lower() for pattern in patterns), text.lower())
