"""Makes the emulator's OpenSearch publish logs, and IAM tell its domains apart."""
# ruff: noqa: SLF001 (the emulator has no types and no public hooks)

from __future__ import annotations

import copy
import importlib
from typing import Any, Final

actions: Any = importlib.import_module("ministack.core.iam_actions")
opensearch: Any = importlib.import_module("ministack.services.opensearch")

_LOGS: Final = "LogPublishingOptions"
_PATHS: Final = (opensearch._DOMAIN_RE, opensearch._DOMAIN_CONFIG_RE)


def install() -> None:
    """Put every correction in place; called once, before the emulator serves."""
    update, general = opensearch._update_domain_config, actions.extract_resource_arn

    def updated(name: str, payload: Any) -> Any:
        domain = opensearch._domains.get(name)
        if domain and _LOGS in payload:
            domain[_LOGS] = {**(domain.get(_LOGS) or {}), **copy.deepcopy(payload[_LOGS])}
        return update(name, payload)

    def named(
        service: str, method: str, path: str, headers: Any, body: bytes, query: Any, region: str, account: str
    ) -> Any:
        found = next((match for pattern in _PATHS if (match := pattern.match(path))), None)
        if service == "opensearch" and found and found["name"]:
            return f"arn:aws:es:{region}:{account}:domain/{found['name']}"
        return general(service, method, path, headers, body, query, region, account)

    opensearch._update_domain_config, actions.extract_resource_arn = updated, named
