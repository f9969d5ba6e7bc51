"""AWS as one thing: its catalogue, the reader of an account, and the writers for plans.

Nothing here loads the SDK before an account is asked: help, controls and policies work without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType
from typing import TYPE_CHECKING, Self

from goldseam.clouds.aws import facts, services
from goldseam.clouds.aws.bounds import DEFAULT, Bounds
from goldseam.clouds.aws.spellings import ACCOUNT_ID, REGION_NAME
from goldseam.control import Catalog
from goldseam.model.clock import SystemClock
from goldseam.ports import Clock, WriterFactory

if TYPE_CHECKING:
    from goldseam.clouds.aws.client import AwsSession
    from goldseam.clouds.aws.read import AwsReader
    from goldseam.clouds.aws.shard import Progress


def aws_catalog() -> Catalog:
    """Every kind, control and fact of AWS: all that stands in the folders of services and facts."""
    found = Catalog.of(module for folder in (services, facts) for module in _modules(folder))
    return replace(found, account_spellings=(ACCOUNT_ID,), region_spellings=(REGION_NAME,))


def _modules(folder: ModuleType) -> Iterator[ModuleType]:
    for found in walk_packages(folder.__path__, f"{folder.__name__}."):
        yield import_module(found.name)


@dataclass(frozen=True)
class AwsCloud:
    """One AWS account, as the user's configuration reaches it; `regions` are the user's choice, or none for all."""

    profile: str | None = None
    endpoint_url: str | None = None
    regions: tuple[str, ...] = ()
    max_rate: float | None = None
    progress: Progress | None = None
    clock: Clock = field(default_factory=SystemClock)
    bounds: Bounds = DEFAULT

    @cached_property
    def catalog(self) -> Catalog:
        """What can be read, judged and repaired."""
        return aws_catalog()

    @cached_property
    def session(self) -> AwsSession:
        """The client for everything that is read; raises UnknownName for a profile that does not exist."""
        from goldseam.clouds.aws.client import AwsSession  # noqa: PLC0415 - loads the SDK
        from goldseam.clouds.aws.permissions import reading_operations  # noqa: PLC0415

        operations = reading_operations(self.catalog)
        return AwsSession(
            self.profile, self.endpoint_url, self.max_rate, operations=operations, bounds=self.bounds
        )  # fmt: skip

    @cached_property
    def reader(self) -> AwsReader:
        """The reader of the account."""
        from goldseam.clouds.aws.read import AwsReader  # noqa: PLC0415 - loads threads and queues

        return AwsReader(
            self.session, self.catalog, self.regions, progress=self.progress, clock=self.clock, bounds=self.bounds
        )

    @cached_property
    def writers(self) -> WriterFactory:
        """What opens a writer for a plan, given its key; it shares nothing with the reader but the pace."""
        from goldseam.clouds.aws.write import AwsWriterFactory  # noqa: PLC0415 - loads the SDK

        return AwsWriterFactory(
            self.session.default_region(),
            endpoint_url=self.endpoint_url,
            governors=self.session.governors,
            clock=self.clock,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the threads and close the connections that were opened."""
        for name in ("reader", "session"):
            if name in self.__dict__:
                getattr(self, name).close()
