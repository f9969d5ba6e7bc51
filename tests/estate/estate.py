"""The whole estate, built with plain boto3 in an empty emulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.estate.account import Account
from tests.estate.buckets import buckets, open_late
from tests.estate.messages import keys, messages, people
from tests.estate.network import network
from tests.estate.services import services

_PARTS: Final[tuple[Callable[[Account], None], ...]] = (people, buckets, network, messages, keys, services)


def built(endpoint: str, region: str, account_id: str, seed: int) -> Account:
    """An account with every resource as it was before the one that is opened late."""
    account = Account(endpoint, region, account_id, seed)
    for part in _PARTS:
        part(account)
    return account


__all__ = ["built", "open_late"]
