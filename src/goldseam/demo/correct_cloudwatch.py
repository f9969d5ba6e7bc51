"""Makes the emulator keep the data of metrics for 455 days, not two weeks, as CloudWatch does of periods of an hour.

Source: Amazon CloudWatch User Guide, "Metrics concepts". Shorter periods are kept for longer here than there.
"""

from __future__ import annotations

import importlib
from typing import Any, Final

cloudwatch: Any = importlib.import_module("ministack.services.cloudwatch")

_KEPT: Final = 455 * 86_400


def install() -> None:
    """Put the correction in place; called once, before the emulator serves."""
    cloudwatch.TWO_WEEKS_SECONDS = _KEPT
