"""Where keys come from: the roles and the keyholder that were written down. No key is among it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from goldseam.model.errors import InvalidDocument, UnknownName, UsageError
from goldseam.ports import KeySource, Secret
from goldseam.service.context import ServiceContext

if TYPE_CHECKING:
    from goldseam.keyholder.identity import PrivateKey

FILE: Final = "connection.json"
SOURCES: Final = ("keyholder", "rotating-code", "operator")
_REQUESTER: Final = "requester.key"
_ROLE: Final = "arn"
"""What the file calls the name of a role, since it was first written."""


@dataclass(frozen=True, slots=True)
class Connection:
    """The keyholder's address and public name, and for each account the role to assume and the rotating one."""

    keyholder_url: str = ""
    keyholder_name: str = ""
    keyholder_authority: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    rotating: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def with_role(self, role: str, uuid: str = "") -> Connection:
        """The connection with one role more; its account is in its name; raises UsageError."""
        account = _account_of(role)
        if uuid:
            return replace(self, rotating={**self.rotating, account: {_ROLE: role, "uuid": uuid}})
        return replace(self, roles={**self.roles, account: role})


@dataclass(frozen=True, slots=True)
class Source:
    """Which key source was chosen, and what was said about it; `ask_code` asks for the keyholder's one-time code."""

    kind: str
    role: str = ""
    ask_code: bool = False
    unscoped: bool = False


def load(home: Path) -> Connection:
    """The connection in a home folder, empty when there is none; raises InvalidDocument."""
    path = home / FILE
    if not path.exists():
        return Connection()
    try:
        return Connection(**json.loads(path.read_text("utf-8")))
    except (ValueError, TypeError) as error:
        raise InvalidDocument(str(path), None, f"not a connection ({error}); run `goldseam connect` again") from error


def save(home: Path, connection: Connection) -> None:
    """Write the connection down."""
    (home / FILE).write_text(json.dumps(asdict(connection), indent=2) + "\n", "utf-8")


def requester(home: Path) -> PrivateKey:
    """The key that signs requests to a keyholder, made on first use; it opens nothing in any cloud."""
    from goldseam.keyholder.identity import PrivateKey

    return PrivateKey.load_or_create(home / _REQUESTER)


def key_source(context: ServiceContext, source: Source) -> KeySource:
    """The chosen source, ready to be asked; raises UnknownName, UsageError."""
    connection = load(context.home_path)
    if source.role:
        connection = connection.with_role(source.role)
    if source.kind == "keyholder":
        return _keyholder(context, connection, ask_code=source.ask_code)
    if source.kind == "rotating-code":
        return _rotating(context, connection)
    if source.kind == "operator":
        return context.account.operator_source(connection.roles, unscoped=source.unscoped)
    raise UnknownName("key source", source.kind, SOURCES)


def _keyholder(context: ServiceContext, connection: Connection, *, ask_code: bool) -> KeySource:
    from goldseam.keyholder.client import KeyholderSource
    from goldseam.keyholder.identity import KeyholderName

    if not connection.keyholder_url or not connection.keyholder_name:
        raise UsageError("no keyholder is known; run `goldseam connect --keyholder URL --keyholder-name NAME`")
    authority = Path(connection.keyholder_authority) if connection.keyholder_authority else None
    name, signer = KeyholderName.parsed(connection.keyholder_name), requester(context.home_path)

    def typed(plan: str) -> Secret:
        return Secret(code=_asked(context, f"one-time code for plan {plan}: "))

    code = typed if ask_code else None
    return KeyholderSource(connection.keyholder_url, name, signer, context.clock, code=code, authority=authority)


def _rotating(context: ServiceContext, connection: Connection) -> KeySource:
    from goldseam.clouds.protocol import RotatingRole

    if not connection.rotating:
        raise UsageError("no role with a rotating code is known; run `goldseam connect --role ARN --uuid UUID`")
    roles = {account: RotatingRole(role[_ROLE], role["uuid"]) for account, role in connection.rotating.items()}
    return context.account.rotating_source(roles, lambda question: _asked(context, question))


def _asked(context: ServiceContext, question: str) -> str:
    """What a person types without an echo; an interruption here ends the use case before anything begins."""
    with context.interruption.asking_person():
        return context.ask_code(question)


def _account_of(role: str) -> str:
    """The account in a role's name; raises UsageError."""
    from goldseam.clouds.registry import cloud_of_role

    return cloud_of_role(role).role_account(role)
