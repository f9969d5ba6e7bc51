"""Makes the emulator ask for the right that AWS documents where the URL of a function is changed or deleted."""
# ruff: noqa: SLF001 (the emulator has no types and no public hooks)

from __future__ import annotations

import importlib
from typing import Any, Final

actions: Any = importlib.import_module("ministack.core.iam_actions")

_ON_URLS: Final = {"PUT": "UpdateFunctionUrlConfig", "DELETE": "DeleteFunctionUrlConfig"}


def install() -> None:
    """Put the correction in place; called once, before the emulator serves."""
    general = actions._lambda_action

    def named(method: str, path: str) -> Any:
        on_url = path.rstrip("/").endswith("/url") and "/functions/" in path
        return (_ON_URLS.get(method) if on_url else None) or general(method, path)

    actions._lambda_action = named
