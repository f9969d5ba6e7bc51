"""Buckets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import s3
from goldseam.model.resource import Ref
from goldseam.model.values import ABSENT, Value
from goldseam.proving.aws_fixtures.making import quietly, reference
from goldseam.proving.emulated import REGION, EmulatedGround, Fixture, FixtureResult, Lack

_EXAMPLE: Final = "goldseam-example"
"""The name of the resource in the examples of storage and messaging."""


def _bucket(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    for bucket in (name, f"{name}-beside"):
        place = {"LocationConstraint": REGION}
        ground.make("s3.CreateBucket", Bucket=bucket, CreateBucketConfiguration=place, ObjectOwnership="ObjectWriter")
        ground.make("s3.DeletePublicAccessBlock", Bucket=bucket)
    quietly(ground, "s3control.DeletePublicAccessBlock", AccountId=ground.account)
    words = {_EXAMPLE: name}
    if "acl" in facets:
        words[facets["acl"]["Owner"]["ID"]] = ground.make("s3.GetBucketAcl", Bucket=name)["Owner"]["ID"]
    return FixtureResult(reference(ground, s3.BUCKET, name), words, (reference(ground, s3.BUCKET, f"{name}-beside"),))


def _account_block(ground: EmulatedGround, ref: Ref, value: Value) -> None:
    if value is ABSENT:
        ground.make("s3control.DeletePublicAccessBlock", AccountId=ref.account)
    else:
        ground.make("s3control.PutPublicAccessBlock", AccountId=ref.account, PublicAccessBlockConfiguration=value)


def _is_absent(value: Value) -> bool:
    return value is ABSENT


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.s3.bucket": Fixture(
        _bucket,
        {"account_public_access_block": _account_block},
        lacks=(Lack("ministack", "encryption", "as on AWS since 2023, no bucket is without encryption", _is_absent),),
        normal=frozenset({"Status"}),
    ),
}
