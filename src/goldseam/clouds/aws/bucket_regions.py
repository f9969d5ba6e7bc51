"""In which region a bucket is: listings of older endpoints and ARNs do not say it."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.kind import Ask
from goldseam.ports import GLOBAL

LOCATE: Final = "s3.GetBucketLocation"
_FIRST_REGION: Final = "us-east-1"
_OLD_NAMES: Final = {"EU": "eu-west-1"}
"""Bucket locations that are not names of regions (S3 API Reference, GetBucketLocation)."""

LISTED: Final = {"MaxBuckets": 1000}
"""The parameters by which buckets are listed; an answer names their regions only where there are some (S3 API
Reference, ListBuckets, `BucketRegion`)."""


def located(ask: Ask, bucket: str) -> str:
    """The region of a bucket of the account; raises CloudError."""
    name = ask.one(LOCATE, {"Bucket": bucket}, GLOBAL).get("LocationConstraint") or _FIRST_REGION
    return _OLD_NAMES.get(name, name)


def own_region(ask: Ask, bucket: str) -> str | None:
    """The region of a bucket where the account owns it, None where it does not; raises CloudError."""
    held = ask.every("s3.ListBuckets", LISTED, GLOBAL, "Buckets")
    region = next((item.get("BucketRegion", "") for item in held if item["Name"] == bucket), None)
    return located(ask, bucket) if region == "" else region
