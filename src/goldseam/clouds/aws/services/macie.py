"""What Amazon Macie says of buckets, where it is on: how sensitive what it found in them is."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import Look
from goldseam.clouds.aws.kind import AwsKind, Listing

MACIE_BUCKET: Final = AwsKind(
    "aws.macie.bucket",
    "bucket as Macie sees it",
    (Look(name="score", listed="sensitivityScore"),),
    address="arn:{partition}:s3:::{id}",
    find=Listing("macie2.DescribeBuckets", "buckets", id="bucketName"),
)
