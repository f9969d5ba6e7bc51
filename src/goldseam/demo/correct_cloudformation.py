"""Makes the emulator tell which stack a resource belongs to, by its physical id, as AWS does."""
# ruff: noqa: SLF001 (the emulator has no types and no public hooks)

from __future__ import annotations

import importlib
from typing import Any

cloudformation: Any = importlib.import_module("ministack.services.cloudformation")
handlers: Any = importlib.import_module("ministack.services.cloudformation.handlers")


def install() -> None:
    """Put the correction in place; called once, before the emulator serves."""
    uncorrected = handlers._ACTION_HANDLERS["DescribeStackResources"]

    def describe(params: Any) -> Any:
        physical = handlers._p(params, "PhysicalResourceId")
        if not physical or handlers._p(params, "StackName"):
            return uncorrected(params)
        for name, stack in cloudformation._stacks.items():
            if any(held.get("PhysicalResourceId") == physical for held in stack.get("_resources", {}).values()):
                return uncorrected({**params, "StackName": [name]})
        return handlers._error("ValidationError", f"Stack for {physical} does not exist")

    handlers._ACTION_HANDLERS["DescribeStackResources"] = describe
