"""Secrets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from goldseam.clouds.aws.services import secretsmanager
from goldseam.model.resource import Ref
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult, Lack


def _secret(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    made = [ground.make("secretsmanager.CreateSecret", Name=each, SecretString="not-one") for each in pair(name)]
    refs = [reference(ground, secretsmanager.SECRET, each["ARN"]) for each in made]
    return FixtureResult(refs[0], {}, (refs[1],))


def _so_long_unread(ground: EmulatedGround, ref: Ref, value: Value) -> None:
    del ref
    ground.calendar.ahead = timedelta(days=value["read"])


def _older_than(ground: EmulatedGround, ref: Ref, value: Value) -> None:
    del ref
    ground.calendar.ahead = timedelta(days=value + 1)


def _is_owned(value: Value) -> bool:
    return bool(value)


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.secretsmanager.secret": Fixture(
        _secret,
        {"ages": _so_long_unread, "value_age": _older_than},
        lacks=(
            Lack("ministack", "rotation", "ministack has no way to switch rotation off, and forgets the function"),
            Lack("moto", "rotation", "moto invokes the function, and it would have to run there"),
            *(
                Lack(name, "owner", "only services of AWS make secrets that they own", _is_owned)
                for name in ("ministack", "moto")
            ),
        ),
    ),
}
