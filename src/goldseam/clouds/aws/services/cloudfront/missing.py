"""Which buckets that others point to do not exist, so that whoever makes one decides what is served."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from goldseam.clouds.aws.kind import Ask
from goldseam.model.errors import CloudError, NotFound

LOOKS_FOR_BUCKETS: Final = ("s3.ListBuckets", "s3.HeadBucket")
"""The operations that it takes."""
_ELSEWHERE: Final = ("301", "307", "PermanentRedirect")
"""Codes of a bucket that is there, in another region (S3 API Reference, HeadBucket)."""


def missing(ask: Ask, region: str, names: Iterable[str]) -> list[str]:
    """Those of the names that no bucket of any account has; those of the own account cost one listing.

    Raises CloudError where that cannot be told: a bucket that may not be looked at is not known to exist.
    """
    wanted = set(names)
    if not wanted:
        return []
    own = {str(bucket["Name"]) for bucket in ask.every("s3.ListBuckets", {}, region, "Buckets")}
    return [name for name in sorted(wanted - own) if not _exists(ask, region, name)]


def _exists(ask: Ask, region: str, bucket: str) -> bool:
    try:
        ask.one("s3.HeadBucket", {"Bucket": bucket}, region)
    except NotFound:
        return False
    except CloudError as error:
        if error.code not in _ELSEWHERE:
            raise
    return True
