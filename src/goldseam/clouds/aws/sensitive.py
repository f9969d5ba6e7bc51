"""Where documents that many facets hold have sensitive members: policies. Pure."""

from __future__ import annotations

from typing import Final

_SHARED_SECRETS: Final = ("sts:ExternalId", "aws:Referer", "aws:UserAgent", "lambda:EventSourceToken")
"""Condition keys whose value works like a password: a request that carries it is let in.

Sources: IAM User Guide, "The confused deputy problem" and "AWS global condition context keys" (`aws:Referer` and
`aws:UserAgent` come from the caller); Lambda API Reference, AddPermission (`EventSourceToken`).
"""

IN_POLICY: Final = tuple(f"Statement.[].Condition.*.{key}" for key in _SHARED_SECRETS)
"""The sensitive members of a policy document."""


def in_policies(under: str) -> tuple[str, ...]:
    """The sensitive members of the policies under a path, such as `[].document` or `*`."""
    return tuple(f"{under}.{path}" for path in IN_POLICY)


IN_STATEMENTS: Final = tuple(path.removeprefix("Statement.") for path in IN_POLICY)
"""The sensitive members of a list of statements."""
