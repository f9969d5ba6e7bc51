"""How AWS spells the ids of accounts and the names of regions."""

from __future__ import annotations

from typing import Final

from goldseam.control import Spelling

ACCOUNT_ID: Final = Spelling("an AWS account id has 12 digits", r"\d{12}", r"\d", 12, "111122223333")
"""AWS Account Management, "View AWS account identifiers": a 12-digit number."""

REGION_NAME: Final = Spelling(
    "an AWS region has a name",
    r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}|global",
    r"[a-z0-9-]",
    24,
    "eu-west-1",
)
"""AWS General Reference, "Regions and zones"; `global` is where an account has what it has once."""
