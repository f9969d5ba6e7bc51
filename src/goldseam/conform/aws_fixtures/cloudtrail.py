"""Trails."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import cloudtrail
from goldseam.conform.aws_fixtures.making import pair, reference
from goldseam.conform.emulated import REGION, EmulatedGround, Fixture, Made
from goldseam.values import Value

_KEY_ID: Final = "1234abcd-12ab-34cd-56ef-1234567890ab"
"""The key in the examples of keys and trails."""


def _trail(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> Made:
    del facets
    place = {"LocationConstraint": REGION}
    ground.make("s3.CreateBucket", Bucket=f"{name}-log", CreateBucketConfiguration=place)
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
                "Action": ["s3:GetBucketAcl", "s3:PutObject"],
                "Resource": [f"arn:aws:s3:::{name}-log", f"arn:aws:s3:::{name}-log/*"],
            }
        ],
    }  # fmt: skip
    ground.make("s3.PutBucketPolicy", Bucket=f"{name}-log", Policy=json.dumps(policy))
    for each in pair(name):
        ground.make("cloudtrail.CreateTrail", Name=each, S3BucketName=f"{name}-log")
    key = ground.make("kms.CreateKey", Description=name)["KeyMetadata"]["KeyId"]
    refs = [reference(ground, cloudtrail.TRAIL, each) for each in pair(name)]
    return Made(refs[0], {_KEY_ID: key}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.cloudtrail.trail": Fixture(_trail, normal=frozenset({"KmsKeyId"})),
}
