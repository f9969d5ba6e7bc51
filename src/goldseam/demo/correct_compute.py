"""Makes the emulator check calls to Lambda and ECS under the rights that AWS documents for them.

The URL of a function is changed and deleted under rights of their own, and a service of ECS is changed under a right on
the service, not on its cluster.
"""
# ruff: noqa: SLF001 (the emulator has no types and no public hooks)

from __future__ import annotations

import importlib
from typing import Any, Final

actions: Any = importlib.import_module("ministack.core.iam_actions")

_ON_URLS: Final = {"PUT": "UpdateFunctionUrlConfig", "DELETE": "DeleteFunctionUrlConfig"}


def install() -> None:
    """Put every correction in place; called once, before the emulator serves."""
    _correct_urls()
    _correct_services()


def _correct_urls() -> None:
    general = actions._lambda_action

    def named(method: str, path: str) -> Any:
        on_url = path.rstrip("/").endswith("/url") and "/functions/" in path
        return (_ON_URLS.get(method) if on_url else None) or general(method, path)

    actions._lambda_action = named


def _correct_services() -> None:
    general = actions.extract_resource_arn

    def named(
        service: str, method: str, path: str, headers: Any, body: bytes, query: Any, region: str, account: str
    ) -> Any:
        cluster, name = (actions._safe_json_field(body, key) if service == "ecs" else "" for key in _PLACE)
        if cluster and name and not cluster.startswith("arn:"):
            return f"arn:aws:ecs:{region}:{account}:service/{cluster}/{name}"
        return general(service, method, path, headers, body, query, region, account)

    actions.extract_resource_arn = named


_PLACE: Final = ("cluster", "service")
