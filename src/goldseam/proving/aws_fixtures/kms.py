"""Keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import kms
from goldseam.model.resource import Ref
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult

_KEY_ID: Final = "1234abcd-12ab-34cd-56ef-1234567890ab"
"""The key in the examples of keys and trails."""


def _key(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    refs = [
        reference(ground, kms.KEY, ground.make("kms.CreateKey", Description=each)["KeyMetadata"]["KeyId"])
        for each in pair(name)
    ]
    return FixtureResult(refs[0], {_KEY_ID: refs[0].id}, (refs[1],))


def _state(ground: EmulatedGround, ref: Ref, value: Value) -> None:
    state = ground.make("kms.DescribeKey", KeyId=ref.id)["KeyMetadata"]["KeyState"]
    if state == "PendingDeletion":
        ground.make("kms.CancelKeyDeletion", KeyId=ref.id)
    if value == "PendingDeletion":
        ground.make("kms.ScheduleKeyDeletion", KeyId=ref.id, PendingWindowInDays=7)
    else:
        ground.make("kms.EnableKey" if value == "Enabled" else "kms.DisableKey", KeyId=ref.id)


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.kms.key": Fixture(_key, {"state": _state}),
}
