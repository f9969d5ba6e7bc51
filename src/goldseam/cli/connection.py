"""`connect`: where keys come from."""

from __future__ import annotations

from goldseam.cli import output
from goldseam.service import connections
from goldseam.service.connections import ConnectionRequest
from goldseam.service.context import ServiceContext


def connect(context: ServiceContext, wanted: ConnectionRequest, *, as_json: bool) -> int:
    """Write down where keys come from, and show it."""
    shown = connections.connect(context, wanted)
    if as_json:
        output.print_json("goldseam.connection/1", connection=shown)
        return 0
    for name, value in shown.items():
        output.say(f"{name:<20} {value or '-'}")
    output.say()
    output.say("`requester` is what the keyholder has to trust: `goldseam keyholder trust requester`.", "dim")
    return 0
