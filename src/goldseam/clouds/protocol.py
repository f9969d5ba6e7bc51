"""The one protocol of clouds: what goldseam asks of a cloud, and what of one that an account is opened in.

A `Cloud` knows its kinds and controls, the forms of its names, how a call is typed, which policies roles need and what
its log says, and asks nobody for that. `open` gives a `CloudAccount`, which reads, writes and gives keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from goldseam.clouds.bounds import DEFAULT, Bounds, Incomplete, Progress
from goldseam.control import Call, Catalog, Control, Kind
from goldseam.model.clock import SystemClock
from goldseam.model.resource import Ref, Resource
from goldseam.model.values import Json, Unknown
from goldseam.ports import Clock, Key, KeySource, Reader, Secret, WriterFactory
from goldseam.repair.plan import Plan

CommandWords: TypeAlias = Callable[[Call], tuple[str, ...]]
"""The words of the command that makes a call, before a shell's quoting."""


@dataclass(frozen=True, slots=True)
class Access:
    """How the user reaches an account; `regions` are the user's choice, or none for all."""

    profile: str = ""
    endpoint_url: str = ""
    regions: tuple[str, ...] = ()
    max_rate: float | None = None
    progress: Progress | None = None
    bounds: Bounds = DEFAULT
    clock: Clock = field(default_factory=SystemClock)


@dataclass(frozen=True, slots=True)
class RotatingRole:
    """A role that is assumed with a code which changes after every use, beside a `uuid` that stays."""

    role: str
    uuid: str


@dataclass(frozen=True, slots=True)
class Ancestor:
    """What an account is a part of: its organization, a unit, a management group, a folder."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, order=True)
class Touched:
    """A resource that an event of the cloud's log may have changed, as far as the event names it."""

    kind: str
    account: str
    region: str
    id: str


class ResourceReader(Protocol):
    """Reads single resources."""

    def read(self, ref: Ref, facets: frozenset[str]) -> Resource:
        """The facets as they are now; raises CloudError, ResourceGone, and GrantRefused where it may not read."""


class BoundedReader(Reader, Protocol):
    """A reader that keeps within bounds."""

    @property
    def incomplete(self) -> tuple[Incomplete, ...]:
        """Every read so far that exceeded a bound: what it feeds is unknown."""


class Minter(Protocol):
    """Makes keys out of the right to assume roles."""

    def mint(self, plan: Plan, role: str, source: str, *, on_behalf_of: str = "") -> Key:
        """A key of a role for exactly the plan's permissions, for at most 15 minutes.

        `source` is what the ledger calls who gives it; `on_behalf_of` is told to the cloud's own log where it takes
        that. Raises GrantRefused when the cloud gives none, PlanRefused when the key cannot be so narrow, CloudError.
        """


class CloudAccount(AbstractContextManager["CloudAccount"], Protocol):
    """One account, as the user's configuration reaches it; nothing is asked before it is used."""

    @property
    def reader(self) -> BoundedReader:
        """What reads the account, and its shards."""

    @property
    def writers(self) -> WriterFactory:
        """What opens a writer for a plan, given its key; it shares nothing with the reader but the pace."""

    @property
    def minter(self) -> Minter:
        """What makes keys, by the user's own right to assume roles."""

    def account_id(self) -> str:
        """The account that the user's configuration leads to; raises CloudError."""

    def ancestors(self) -> tuple[Ancestor, ...] | Unknown:
        """What the account is a part of, the outermost first; unknown where that cannot be read."""

    def operator_source(self, roles: Mapping[str, str], *, unscoped: bool = False) -> KeySource:
        """Keys of each account's role by the user's own credentials; with `unscoped` these, where there is no other."""

    def rotating_source(self, roles: Mapping[str, RotatingRole], ask: Callable[[str], str]) -> KeySource:
        """Keys of each account's role by a code that `ask` gets from a person, without an echo."""

    def rotate(self, role: RotatingRole) -> Secret:
        """Give the role a fresh code, the part `code` of the secret; raises GrantRefused, CloudError."""

    def reader_by_roles(self, roles: Mapping[str, str], catalog: Catalog) -> ResourceReader:
        """Reads resources of several accounts, each under its own role."""

    def close(self) -> None:
        """Stop the threads and close the connections that were opened."""


class AddressCheck(Protocol):
    """Tells whether references are what they claim."""

    def addressed(self, kind: Kind, ref: Ref) -> bool | Unknown:
        """Whether the address of a reference is the one that the kind gives to its id, account and region.

        Unknown where that cannot be checked, which is no yes.
        """


class NameForms(Protocol):
    """Knows the forms of a cloud's names that people write down."""

    def account(self, text: str) -> str:
        """The id of an account, checked for its form; raises UsageError."""

    def account_pattern(self, text: str) -> str:
        """The id of an account with `*` for any part of it, checked for its form; raises UsageError."""

    def role_account(self, text: str) -> str:
        """The account that the name of an identity says, of which keys are made; raises UsageError."""


class Cloud(AddressCheck, NameForms, Protocol):
    """One cloud: `name` is what its kinds and controls begin with (`aws.s3.bucket`), `title` what people call it."""

    @property
    def name(self) -> str:
        """The first word of its kinds."""

    @property
    def title(self) -> str:
        """What people call it."""

    @property
    def renamed(self) -> Mapping[str, str]:
        """Controls that were given another id: old id, new id."""

    def catalog(self) -> Catalog:
        """Every kind, control and fact of the cloud."""

    def open(self, access: Access, catalog: Catalog) -> CloudAccount:
        """An account, read by a catalog; nothing is asked of it yet."""

    @property
    def rule_example(self) -> Mapping[str, str]:
        """A rule of a keyholder's allow-list, for whoever writes the first one: a pattern for each of its lists."""

    def rotating_role(self, role: str, uuid: str) -> RotatingRole:
        """A role with a rotating code, checked for its form; raises UsageError."""

    def command_words(self, call: Call) -> tuple[str, ...]:
        """The words of the command that makes this call by hand, before a shell's quoting."""

    def scanner_policy(self, catalog: Catalog) -> Json:
        """What the scanner's role needs: the reads of the enabled controls and their facts, and nothing that writes."""

    def remediator_policy(self, controls: Iterable[Control]) -> Json:
        """What the remediator's role needs at most: the calls of the controls' fixes and of their undo."""

    def plan_policy(self, plan: Plan) -> Json:
        """Exactly what executing one plan, and undoing it on failure, takes."""

    def policy_warning(self, policy: Json) -> str:
        """Why the cloud may not take a policy as it is, and what to do; empty where it does."""

    def touched(self, catalog: Catalog, event: Json) -> frozenset[Touched]:
        """The resources that an event of the cloud's log may have changed."""


def cloud_of(name: str) -> str:
    """The name of the cloud that a kind or a control is of: `aws` of `aws.s3.bucket`."""
    return name.partition(".")[0]
