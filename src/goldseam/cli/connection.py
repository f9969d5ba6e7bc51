"""Where keys come from: the roles and the keyholder that `goldseam connect` wrote down. No key is among it."""

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from goldseam.cli import output
from goldseam.cli.interruption import asking
from goldseam.cli.workspace import Workspace
from goldseam.model.clock import SystemClock
from goldseam.model.display import visible
from goldseam.model.errors import InvalidDocument, UnknownName, UsageError
from goldseam.ports import KeySource, Secret

if TYPE_CHECKING:
    from goldseam.clouds.protocol import CloudAccount
    from goldseam.keyholder.identity import PrivateKey

FILE: Final = "connection.json"
SOURCES: Final = ("keyholder", "rotating-code", "operator")
_REQUESTER: Final = "requester.key"


@dataclass(frozen=True, slots=True)
class Connection:
    """The keyholder's address and public name, and for each account the role to assume and the rotating one."""

    keyholder_url: str = ""
    keyholder_name: str = ""
    keyholder_authority: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    rotating: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def with_role(self, arn: str, uuid: str = "") -> Connection:
        """The connection with one role more; its account is in its ARN; raises UsageError."""
        account = account_of(arn)
        if uuid:
            return replace(self, rotating={**self.rotating, account: {"arn": arn, "uuid": uuid}})
        return replace(self, roles={**self.roles, account: arn})


@dataclass(frozen=True, slots=True)
class Source:
    """Which key source the user chose, and what was typed about it."""

    kind: str
    role: str = ""
    ask_code: bool = False
    unscoped: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user wants written down."""

    role: str
    uuid: str
    keyholder_url: str
    keyholder_name: str
    authority: str


def connect(workspace: Workspace, wish: Wish, *, as_json: bool) -> int:
    """Write down where keys come from, and show it."""
    home = workspace.home.path
    connection = load(home)
    if wish.role:
        connection = connection.with_role(wish.role, wish.uuid)
    if wish.keyholder_url or wish.keyholder_name:
        connection = _with_keyholder(connection, wish)
    save(home, connection)
    shown = {**asdict(connection), "requester": requester(home).verifier.text}
    if as_json:
        output.print_json("goldseam.connection/1", connection=shown)
    else:
        for name, value in shown.items():
            output.say(f"{name:<20} {value or '-'}")
        output.say()
        output.say("`requester` is what the keyholder has to trust: `goldseam keyholder trust requester`.", "dim")
    return 0


def _with_keyholder(connection: Connection, wish: Wish) -> Connection:
    from goldseam.keyholder.client import checked_url
    from goldseam.keyholder.identity import KeyholderName

    url = wish.keyholder_url or connection.keyholder_url
    name = wish.keyholder_name or connection.keyholder_name
    checked_url(url)
    KeyholderName.parsed(name)
    return replace(connection, keyholder_url=url, keyholder_name=name, keyholder_authority=wish.authority)


def account_of(arn: str) -> str:
    """The account in a role's ARN; raises UsageError."""
    from goldseam.clouds.registry import cloud_of_role

    return cloud_of_role(arn).role_account(arn)


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


def key_source(source: Source, home: Path, cloud: CloudAccount) -> KeySource:
    """The chosen source, ready to be asked; raises UnknownName, UsageError."""
    connection = load(home)
    if source.role:
        connection = connection.with_role(source.role)
    if source.kind == "keyholder":
        return _keyholder(connection, home, ask_code=source.ask_code)
    if source.kind == "rotating-code":
        return _rotating(connection, cloud)
    if source.kind == "operator":
        return _operator(connection, cloud, unscoped=source.unscoped)
    raise UnknownName("key source", source.kind, SOURCES)


def _keyholder(connection: Connection, home: Path, *, ask_code: bool) -> KeySource:
    from goldseam.keyholder.client import KeyholderSource
    from goldseam.keyholder.identity import KeyholderName

    if not connection.keyholder_url or not connection.keyholder_name:
        raise UsageError("no keyholder is known; run `goldseam connect --keyholder URL --keyholder-name NAME`")
    authority = Path(connection.keyholder_authority) if connection.keyholder_authority else None
    name = KeyholderName.parsed(connection.keyholder_name)
    code = _typed_code if ask_code else None
    return KeyholderSource(
        connection.keyholder_url, name, requester(home), SystemClock(), code=code, authority=authority
    )  # fmt: skip


def _typed_code(plan: str) -> Secret:
    return Secret(code=_prompted(f"one-time code for plan {plan}: "))


def _prompted(prompt: str) -> str:
    """What a person types without an echo; Ctrl-C here ends the command before anything begins."""
    with asking():
        return getpass.getpass(visible(prompt))


def _rotating(connection: Connection, cloud: CloudAccount) -> KeySource:
    from goldseam.clouds.protocol import RotatingRole

    if not connection.rotating:
        raise UsageError("no role with a rotating code is known; run `goldseam connect --role ARN --uuid UUID`")
    roles = {account: RotatingRole(role["arn"], role["uuid"]) for account, role in connection.rotating.items()}
    return cloud.rotating_source(roles, _prompted)


def _operator(connection: Connection, cloud: CloudAccount, *, unscoped: bool) -> KeySource:
    return cloud.operator_source(connection.roles, unscoped=unscoped)
