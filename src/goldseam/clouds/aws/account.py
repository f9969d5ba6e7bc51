"""One AWS account: its reader, the writers for plans, and the keys that lead to them.

Nothing here loads the SDK before the account is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

from goldseam.clouds.protocol import Access, Ancestor, ResourceReader, RotatingRole
from goldseam.control import Catalog
from goldseam.model.values import Unknown
from goldseam.ports import KeySource, Secret, WriterFactory

if TYPE_CHECKING:
    from goldseam.clouds.aws.client import AwsSession
    from goldseam.clouds.aws.keys import SessionMinter
    from goldseam.clouds.aws.read import AwsReader


@dataclass(frozen=True)
class AwsAccount:
    """One AWS account, as the user's configuration reaches it."""

    access: Access
    catalog: Catalog

    @cached_property
    def session(self) -> AwsSession:
        """The client for everything that is read; raises UnknownName for a profile that does not exist."""
        from goldseam.clouds.aws.client import AwsSession  # noqa: PLC0415 - loads the SDK
        from goldseam.clouds.aws.permissions import reading_operations  # noqa: PLC0415

        access, operations = self.access, reading_operations(self.catalog)
        profile, endpoint = access.profile or None, access.endpoint_url or None
        return AwsSession(profile, endpoint, access.max_rate, operations=operations, bounds=access.bounds)

    @cached_property
    def reader(self) -> AwsReader:
        """The reader of the account."""
        from goldseam.clouds.aws.read import AwsReader  # noqa: PLC0415 - loads threads and queues

        access = self.access
        return AwsReader(
            self.session,
            self.catalog,
            access.regions,
            progress=access.progress,
            clock=access.clock,
            bounds=access.bounds,
        )

    @cached_property
    def writers(self) -> WriterFactory:
        """What opens a writer for a plan, given its key; it shares nothing with the reader but the pace."""
        from goldseam.clouds.aws.write import AwsWriterFactory  # noqa: PLC0415 - loads the SDK

        return AwsWriterFactory(
            self.session.default_region(),
            endpoint_url=self.access.endpoint_url or None,
            governors=self.session.governors,
            clock=self.access.clock,
        )

    @cached_property
    def minter(self) -> SessionMinter:
        """What makes keys, by the configuration's own right to assume roles."""
        from goldseam.clouds.aws.keys import SessionMinter  # noqa: PLC0415

        return SessionMinter(self.session)

    def account_id(self) -> str:
        """The account that the configuration leads to; raises CloudError."""
        return self.session.account_id()

    def ancestors(self) -> tuple[Ancestor, ...] | Unknown:
        """The root and the organizational units of the account, the outermost first."""
        from goldseam.clouds.aws.ancestors import ancestors  # noqa: PLC0415

        return ancestors(self.session, self.session.account_id())

    def operator_source(self, roles: Mapping[str, str], *, unscoped: bool = False) -> KeySource:
        """Keys of each account's role by the user's own credentials; with `unscoped` these, where there is no other."""
        from goldseam.clouds.aws.keys import OperatorSource  # noqa: PLC0415

        own = self.session.own_credentials if unscoped else None
        return OperatorSource(self.session, roles, self.access.clock, unscoped=unscoped, own=own)

    def rotating_source(self, roles: Mapping[str, RotatingRole], ask: Callable[[str], str]) -> KeySource:
        """Keys of each account's role by a code that `ask` gets from a person, without an echo."""
        from goldseam.clouds.aws.keys import RotatingCodeSource, typed  # noqa: PLC0415

        return RotatingCodeSource(self.session, roles, typed(ask))

    def rotate(self, role: RotatingRole) -> Secret:
        """Give the role a fresh code, the part `code` of the secret; raises GrantRefused, CloudError."""
        from goldseam.clouds.aws.keys import rotated  # noqa: PLC0415

        return rotated(self.session, role)

    def reader_by_roles(self, roles: Mapping[str, str], catalog: Catalog) -> ResourceReader:
        """Reads resources of several accounts, each under its own role."""
        from goldseam.clouds.aws.role_reader import RoleReader  # noqa: PLC0415

        return RoleReader(self.session, roles, catalog, self.access.clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the threads and close the connections that were opened."""
        for name in ("reader", "session"):
            if name in self.__dict__:
                getattr(self, name).close()
