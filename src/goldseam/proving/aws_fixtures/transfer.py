"""Servers of the Transfer Family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import transfer
from goldseam.model.values import ABSENT, Value
from goldseam.proving.aws_fixtures.making import reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack


def _server(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del name
    role = facets.get("log_role", ABSENT)
    more = {} if role is ABSENT else {"LoggingRole": role}
    held = {key: item for key, item in facets["settings"].items() if item}
    made = [ground.make("transfer.CreateServer", **held, **more)["ServerId"] for _ in range(2)]
    refs = [reference(ground, transfer.SERVER, each) for each in made]
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.transfer.server": Fixture(
        _server,
        lacks=tuple(Lack(ground, "settings", f"{ground} cannot change servers") for ground in ("ministack", "moto")),
    )
}
