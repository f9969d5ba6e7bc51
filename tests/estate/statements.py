"""A small reader of resource policies for what the emulator does not enforce: services, plain HTTP, endpoints.

It knows only the operators that the estate uses and refuses every other, so that it cannot answer wrongly by silence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any


def allowed(policy: str | None, principal: str, action: str, **context: str) -> bool:
    """Whether a policy by itself allows a caller an action: an allowance and no denial.

    A caller is `*` for somebody without credentials, a service such as `s3.amazonaws.com`, or an account's number.
    Underscores in the names of condition keys stand for colons.
    """
    known = {name.replace("_", ":").lower(): value for name, value in context.items()}
    fitting = [item for item in _statements(policy) if _fits(item, principal, action, known)]
    return any(item["Effect"] == "Allow" for item in fitting) and not denied(policy, principal, action, **context)


def denied(policy: str | None, principal: str, action: str, **context: str) -> bool:
    """Whether a policy denies a caller an action."""
    known = {name.replace("_", ":").lower(): value for name, value in context.items()}
    return any(item["Effect"] == "Deny" and _fits(item, principal, action, known) for item in _statements(policy))


def _statements(policy: str | None) -> list[dict[str, Any]]:
    if not policy:
        return []
    held = json.loads(policy)["Statement"]
    return held if isinstance(held, list) else [held]


def _fits(item: Mapping[str, Any], principal: str, action: str, known: Mapping[str, str]) -> bool:
    assert not {"NotPrincipal", "NotAction", "NotResource"} & set(item), item
    named = _list(item["Action"])
    return (
        _is(item["Principal"], principal)
        and any(fnmatchcase(action.lower(), name.lower()) for name in named)
        and all(
            _holds(operator, key, _list(values), known)
            for operator, pairs in item.get("Condition", {}).items()
            for key, values in pairs.items()
        )
    )


def _is(named: Any, principal: str) -> bool:
    if named == "*":
        return True
    of_service, of_account = _list(named.get("Service", [])), _list(named.get("AWS", []))
    return (
        principal in of_service
        or "*" in of_account
        or any(principal in (name, name.split(":")[4] if ":" in name else "") for name in of_account)
    )


def _holds(operator: str, key: str, values: list[str], known: Mapping[str, str]) -> bool:
    value = known.get(key.lower())
    assert operator in ("Bool", "StringEquals", "ArnEquals", "StringLike", "ArnLike", "IpAddress"), operator
    assert operator != "IpAddress", "the emulator itself knows addresses"
    return value is not None and any(fnmatchcase(value, str(wanted)) for wanted in values)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
