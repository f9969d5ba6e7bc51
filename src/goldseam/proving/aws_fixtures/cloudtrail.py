"""Trails."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import cloudtrail
from goldseam.model.values import Value
from goldseam.proving.aws_fixtures.making import pair, reference
from goldseam.proving.emulated import REGION, EmulatedGround, Fixture, FixtureResult, Lack

_KEY_ID: Final = "1234abcd-12ab-34cd-56ef-1234567890ab"
"""The key in the examples of keys and trails."""
_ROLE: Final = "goldseam-trail-to-logs"


def log_bucket(ground: EmulatedGround, bucket: str) -> None:
    """A bucket that takes in trails."""
    place = {"LocationConstraint": REGION}
    ground.make("s3.CreateBucket", Bucket=bucket, CreateBucketConfiguration=place)
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
                "Action": ["s3:GetBucketAcl", "s3:PutObject"],
                "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
            }
        ],
    }  # fmt: skip
    ground.make("s3.PutBucketPolicy", Bucket=bucket, Policy=json.dumps(policy))


def _trail(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    log_bucket(ground, f"{name}-log")
    for each in pair(name):
        ground.make("cloudtrail.CreateTrail", Name=each, S3BucketName=f"{name}-log")
    ground.make("logs.CreateLogGroup", logGroupName=f"{name}-events")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    ground.make("iam.CreateRole", RoleName=f"{name}-role", AssumeRolePolicyDocument=json.dumps(trust))
    key = ground.make("kms.CreateKey", Description=name)["KeyMetadata"]["KeyId"]
    refs = [reference(ground, cloudtrail.TRAIL, each) for each in pair(name)]
    words = {_KEY_ID: key, "log-group:goldseam-example": f"log-group:{name}-events", _ROLE: f"{name}-role"}
    return FixtureResult(refs[0], words, (refs[1],))


def no_trails(ground: EmulatedGround) -> None:
    """Delete the trails of all regions."""
    for trail in ground.make("cloudtrail.DescribeTrails", includeShadowTrails=True)["trailList"]:
        ground.make("cloudtrail.DeleteTrail", trail["HomeRegion"], Name=trail["Name"])


def _account(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    del facets
    no_trails(ground)
    log_bucket(ground, f"{name}-log")
    ref = reference(ground, cloudtrail.ACCOUNT, ground.account)
    return FixtureResult(ref, {"goldseam-example": f"{name}-log"})


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.cloudtrail.trail": Fixture(
        _trail,
        lacks=(
            Lack("ministack", "insights", "it has no insights"),
            Lack("moto", "insights", "it adds to the insights and never takes one away"),
        ),
        normal=frozenset({"KmsKeyId"}),
    ),
    "aws.cloudtrail.account": Fixture(_account),
}
