"""Users."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from goldseam.clouds.aws.services.iam import user
from goldseam.conform.aws_fixtures.making import pair, reference
from goldseam.conform.emulated import EmulatedGround, Fixture, Lack, Made
from goldseam.resource import Ref
from goldseam.values import Value


def _user(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> Made:
    for each in pair(name):
        ground.make("iam.CreateUser", UserName=each)
    words = {}
    for key in facets.get("access_keys", ()):
        made = ground.make("iam.CreateAccessKey", UserName=name)["AccessKey"]
        words[key["id"]] = made["AccessKeyId"]
    for made in ground.make("iam.ListAccessKeys", UserName=name)["AccessKeyMetadata"]:
        words[facets["access_keys"][0]["created"]] = str(made["CreateDate"])
    return Made(reference(ground, user.USER, name), words, (reference(ground, user.USER, f"{name}-beside"),))


def _so_old(ground: EmulatedGround, ref: Ref, value: Value) -> None:
    """Let so many days pass as all keys are old; what was made today cannot be of several ages."""
    del ref
    if len({item["days"] for item in value}) == 1:
        ground.calendar.ahead = timedelta(days=value[0]["days"])


def _of_several_ages(keys: Value) -> bool:
    return len({key["days"] for key in keys}) > 1


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.iam.user": Fixture(
        _user,
        {"idle": _so_old, "age": _so_old},
        lacks=tuple(
            Lack(name, "idle", "keys that are made on an emulator are all equally old", _of_several_ages)
            for name in ("ministack", "moto")
        ),
        by_member=frozenset({"access_keys"}),
    ),
}
