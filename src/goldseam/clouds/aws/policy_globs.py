"""Patterns with `*` and `?` in policies, and whether one covers an action or a resource. Pure.

Sources: IAM User Guide, "IAM JSON policy elements: Action" (case does not matter), "IAM JSON policy elements: Resource"
(case matters; wildcards are meant within the segments of an ARN, `*` at the end of one "can expand to match beyond the
colon boundaries"), "IAM policy elements: Variables and tags" (`${*}`, `${?}` and `${$}` are the characters themselves).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, TypeAlias

Variables: TypeAlias = Callable[[str], str]
"""The value of a policy variable by its name in lower case."""

UNRESOLVED: Final = "\ue001"
"""Stands for a variable without a known value: no action and no resource contains it."""

_TOKEN: Final = re.compile(r"\$\{([^}]*)\}|[*?]")
_ESCAPES: Final = frozenset("*?$")
_SEGMENTS: Final = 6


def substituted(pattern: str, variables: Variables) -> str:
    """The pattern with the values of its variables, whose own wildcards are escaped."""
    return _TOKEN.sub(lambda found: _value(found, variables), pattern) if "${" in pattern else pattern


def _value(found: re.Match[str], variables: Variables) -> str:
    name = found[1]
    if name is None or name in _ESCAPES:
        return found[0]
    return re.sub(r"[*?$]", lambda each: f"${{{each[0]}}}", variables(name.partition(",")[0].strip().lower()))


def literal(pattern: str) -> str:
    """The pattern as plain text: its escaped characters are themselves."""
    return _TOKEN.sub(lambda found: found[1] or found[0], pattern)


@lru_cache(maxsize=20_000)
def glob(pattern: str) -> re.Pattern[str]:
    """The pattern as an expression for a whole text.

    It never goes back, so that no pattern takes long: after a `*`, the first place where the next part fits is best.
    """
    parts = [""]
    end = 0
    for found in _TOKEN.finditer(pattern):
        parts[-1] += re.escape(pattern[end : found.start()])
        end = found.end()
        if found[0] == "*":
            parts.append("")
        else:
            parts[-1] += "." if found[0] == "?" else re.escape(literal(found[0]) if found[1] in _ESCAPES else found[0])
    parts[-1] += re.escape(pattern[end:])
    head, *rest = parts
    between = "".join(f"(?>.*?{part})" for part in rest[:-1])
    tail = f".*{rest[-1]}" if rest else ""
    return re.compile(f"(?s:{head}{between}{tail})\\Z")


def any_action(patterns: Iterable[str]) -> re.Pattern[str]:
    """The actions of a statement as one expression, for actions in lower case."""
    return re.compile("|".join(f"(?:{glob(each.lower()).pattern})" for each in patterns) or r"(?!)")


def covers_arn(pattern: str, arn: str) -> bool | None:
    """Whether a pattern covers an ARN, segment by segment.

    None where it does only if a `*` reaches over a colon before the last segment, which AWS's page leaves open.
    """
    if set(pattern) == {"*"} or _by_segment(pattern, arn):
        return True
    return None if glob(pattern).match(arn) else False


def covers_resource(pattern: str, resource: str) -> bool | None:
    """Whether a `Resource` covers a resource: an ARN, or `*` for an action that takes none.

    None also where a wildcard is in the resource's type, such as `u*` for `user`, which is not allowed (IAM User Guide,
    "Identify AWS resources with Amazon Resource Names (ARNs)").
    """
    if resource == "*" or set(pattern) == {"*"}:
        return set(pattern) == {"*"}
    found = covers_arn(pattern, resource)
    return None if found and _is_blurred(_segments(pattern)[-1], resource) else found


_TYPE: Final = re.compile(r"[^/:]+[/:]")


def _is_blurred(segment: str, resource: str) -> bool:
    """Whether the last segment of a pattern has a wildcard where the resource has its type; objects have none."""
    _, _, service, *_, last = resource.split(":", _SEGMENTS - 1)
    kind = _TYPE.match(last)
    return kind is not None and service != "s3" and set(segment) != {"*"} and not segment.startswith(kind[0])


def _by_segment(pattern: str, resource: str) -> bool:
    wanted, segments = resource.split(":", _SEGMENTS - 1), _segments(pattern)
    return len(segments) == len(wanted) and all(
        segment == text or glob(segment).match(text) is not None for segment, text in zip(segments, wanted, strict=True)
    )


@lru_cache(maxsize=20_000)
def _segments(pattern: str) -> list[str]:
    """The six segments of an ARN; a `*` at the end of a shorter one stands for those that follow."""
    masked = _TOKEN.sub(lambda found: found[0].replace(":", "\0"), pattern)
    segments = [segment.replace("\0", ":") for segment in masked.split(":", _SEGMENTS - 1)]
    if len(segments) < _SEGMENTS and pattern.endswith("*"):
        segments += ["*"] * (_SEGMENTS - len(segments))
    return segments
