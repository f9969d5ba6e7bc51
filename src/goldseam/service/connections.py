"""The connection: the roles and the keyholder that keys come from, written down and shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from goldseam.model.values import Json
from goldseam.service import keys
from goldseam.service.context import ServiceContext
from goldseam.service.rights import Right, needs


@dataclass(frozen=True, slots=True)
class ConnectionRequest:
    """What is to be written down; what is empty stays as it is, but for the authority of a keyholder that is named."""

    role: str = ""
    uuid: str = ""
    keyholder_url: str = ""
    keyholder_name: str = ""
    authority: str = ""


@needs(Right.CONNECT)
def connect(context: ServiceContext, request: ConnectionRequest) -> Mapping[str, Json]:
    """Write down where keys come from; the whole connection, with the public name of this requester.

    Raises InvalidDocument, UsageError.
    """
    home = context.home.path
    connection = keys.load(home)
    if request.role:
        connection = connection.with_role(request.role, request.uuid)
    if request.keyholder_url or request.keyholder_name:
        connection = _with_keyholder(connection, request)
    keys.save(home, connection)
    return {**asdict(connection), "requester": keys.requester(home).verifier.text}


def _with_keyholder(connection: keys.Connection, request: ConnectionRequest) -> keys.Connection:
    from goldseam.keyholder.client import checked_url
    from goldseam.keyholder.identity import KeyholderName

    url = request.keyholder_url or connection.keyholder_url
    name = request.keyholder_name or connection.keyholder_name
    checked_url(url)
    KeyholderName.parsed(name)
    return replace(connection, keyholder_url=url, keyholder_name=name, keyholder_authority=request.authority)
