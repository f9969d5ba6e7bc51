"""Reads single resources under a role of their account: the keyholder's own right to read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from goldseam.clouds.aws.client import AwsSession
from goldseam.clouds.aws.keys import MintingSession, assumed
from goldseam.clouds.aws.read import AwsReader
from goldseam.control import Catalog
from goldseam.model.errors import GrantRefused
from goldseam.model.resource import Ref, Resource
from goldseam.ports import Clock, Secret

_SESSION: Final = "goldseam-keyholder-read"
_SPARE: Final = timedelta(minutes=2)
"""How long before its end a session is replaced."""


class OneReader(Protocol):
    """Reads single resources."""

    def read(self, ref: Ref, facets: frozenset[str]) -> Resource:
        """The facets as they are now."""


@dataclass(frozen=True, slots=True)
class _Held:
    reader: OneReader
    until: datetime


class RoleReader:
    """Reads resources of several accounts, each under its own role, by sessions that it renews.

    `open_reader` makes a reader of the credentials of a role; the standard one reads AWS.
    """

    def __init__(
        self,
        session: MintingSession,
        roles: Mapping[str, str],
        catalog: Catalog,
        clock: Clock,
        open_reader: Callable[[Secret, Catalog], OneReader] | None = None,
    ) -> None:
        self._session, self._roles, self._catalog, self._clock = session, roles, catalog, clock
        self._open = open_reader or _aws_reader
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()

    def read(self, ref: Ref, facets: frozenset[str]) -> Resource:
        """The facets as they are now; raises GrantRefused for an account without a role, CloudError, ResourceGone."""
        return self._reader(ref.account).read(ref, facets)

    def _reader(self, account: str) -> OneReader:
        role = self._roles.get(account)
        if role is None:
            msg = f"it has no role to read account `{account}`; add one to `read_roles` there"
            raise GrantRefused(msg)
        with self._lock:
            held = self._held.get(account)
            if held is None or held.until <= self._clock.now() + _SPARE:
                secret, until = assumed(self._session, role, _SESSION)
                held = self._held[account] = _Held(self._open(secret, self._catalog), until)
        return held.reader


def _aws_reader(secret: Secret, catalog: Catalog) -> OneReader:
    parts = secret.reveal()
    session = AwsSession.with_credentials(parts["access_key"], parts["secret_key"], parts["session_token"])
    return AwsReader(session, catalog)
