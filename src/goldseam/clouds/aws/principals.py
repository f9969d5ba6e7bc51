"""Who is named in the `Principal` or `NotPrincipal` of a policy statement, and whether that is everyone. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from goldseam.clouds.aws.conditions import texts
from goldseam.model.values import Json

EVERYONE: Final = "*"


def reaches_everyone(statement: Json) -> bool:
    """Everyone named, or everyone but some."""
    return "NotPrincipal" in statement or has_everyone(statement)


def has_everyone(statement: Json) -> bool:
    """Whether everyone is named, by itself or among others."""
    principal = statement.get("Principal")
    return principal == EVERYONE or any(is_everyone(value, kind) for kind, value in principals_of(principal))


def principals_of(principal: Json) -> Iterator[tuple[str, str]]:
    """Who is named in a `Principal` or `NotPrincipal`, each with its type."""
    if isinstance(principal, Mapping):
        for kind, value in principal.items():
            yield from ((kind, text) for text in texts(value))
    else:
        yield from (("AWS", text) for text in texts(principal))


def named_as(kind: str, statement: Json) -> list[str]:
    """The principals of a type, such as `AWS` or `Service`, that a statement names in its `Principal`."""
    principal = statement.get("Principal")
    return list(texts(principal.get(kind))) if isinstance(principal, Mapping) else []


_WEB_IDENTITIES: Final = frozenset(
    {"accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com"}
)
"""Where anybody can have an identity (S3 User Guide, "Public bucket policies", the first example)."""


def is_everyone(value: str, kind: str = "AWS") -> bool:
    """Whether a principal stands for everyone."""
    if kind == "Federated" and value in _WEB_IDENTITIES:
        return True
    return value == EVERYONE or (EVERYONE in value and _in_any_account(value))


def _in_any_account(value: str) -> bool:
    return value.startswith("arn:") and value.split(":")[4:5] == [EVERYONE]


def named_principals(statement: Json) -> Json:
    """The principals without everyone, spelt as they were; None when nobody is left."""
    principal = statement.get("Principal")
    if not isinstance(principal, Mapping):
        return None
    left = {kind: _named(value, kind) for kind, value in principal.items()}
    return {kind: value for kind, value in left.items() if value} or None


def _named(value: Json, kind: str) -> Json:
    if isinstance(value, list):
        return [item for item in value if not is_everyone(str(item), kind)]
    return None if is_everyone(str(value), kind) else value
