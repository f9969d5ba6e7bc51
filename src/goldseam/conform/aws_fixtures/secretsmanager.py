"""Secrets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from goldseam.clouds.aws.services import secretsmanager
from goldseam.conform.aws_fixtures.making import pair, reference
from goldseam.conform.emulated import EmulatedGround, Fixture, Lack, Made
from goldseam.resource import Ref
from goldseam.values import Value


def _secret(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> Made:
    del facets
    made = [ground.make("secretsmanager.CreateSecret", Name=each, SecretString="not-one") for each in pair(name)]
    refs = [reference(ground, secretsmanager.SECRET, each["ARN"]) for each in made]
    return Made(refs[0], {}, (refs[1],))


def _so_old(ground: EmulatedGround, ref: Ref, value: Value) -> None:
    del ref
    ground.calendar.ahead = timedelta(days=value["changed"])


def _was_read(value: Value) -> bool:
    return bool(value["changed"] != value["read"])


def _is_owned(value: Value) -> bool:
    return bool(value)


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.secretsmanager.secret": Fixture(
        _secret,
        {"ages": _so_old},
        lacks=(
            Lack("ministack", "rotation", "ministack has no way to switch rotation off, and forgets the function"),
            Lack("moto", "rotation", "moto invokes the function, and it would have to run there"),
            *(
                lack
                for name in ("ministack", "moto")
                for lack in (
                    Lack(name, "owner", "only services of AWS make secrets that they own", _is_owned),
                    Lack(name, "ages", "what is made on an emulator was read and changed on the same day", _was_read),
                )
            ),
        ),
    ),
}
