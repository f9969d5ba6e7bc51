"""Makes the emulator's Cognito keep what a user pool does about risks, which it otherwise knows nothing of."""
# ruff: noqa: SLF001 (the emulator has no types and no public hooks)

from __future__ import annotations

import importlib
import json
from typing import Any, Final

from goldseam.demo.kept_state import regional_store

cognito: Any = importlib.import_module("ministack.services.cognito")

_POOL: Final = "UserPoolId"
_MEMBERS: Final = (
    "CompromisedCredentialsRiskConfiguration", "AccountTakeoverRiskConfiguration", "RiskExceptionConfiguration",
)  # fmt: skip


def install() -> None:
    """Put the correction in place; called once, before the emulator serves."""
    general, risks = cognito._dispatch_idp, regional_store(cognito, "goldseam_risk_configurations")

    async def dispatched(action: str, data: dict[str, Any]) -> Any:
        if action not in {"DescribeRiskConfiguration", "SetRiskConfiguration"}:
            return await general(action, data)
        pool = data.get(_POOL, "")
        if pool not in cognito._user_pools:
            message = f"User pool {pool} does not exist."
            return cognito.error_response_json("ResourceNotFoundException", message, 400)
        if action == "SetRiskConfiguration":
            risks[pool] = {name: data[name] for name in _MEMBERS if data.get(name)}
        answer = {"RiskConfiguration": {_POOL: pool, **risks.get(pool, {})}}
        return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(answer).encode()

    cognito._dispatch_idp = dispatched
