"""Which CloudFront distributions fetch from a bucket: those of the account, and those that the bucket policy names.

Source: Amazon CloudFront Developer Guide, "Restrict access to an Amazon Simple Storage Service origin": an origin
access control is the service principal with the distribution's ARN in `AWS:SourceArn`, an origin access identity is a
user of CloudFront or a canonical user.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from goldseam.clouds.aws.conditions import lines_of
from goldseam.clouds.aws.facts.matching import those
from goldseam.clouds.aws.principals import named_as
from goldseam.clouds.aws.public import no, yes
from goldseam.clouds.aws.services.cloudfront import DISTRIBUTION
from goldseam.clouds.aws.shapes import statements
from goldseam.control import Answer, Kind, Surroundings
from goldseam.model.resource import Resource
from goldseam.model.values import Json, Unknown, Value

ORIGINS: Final[Mapping[Kind, tuple[str, ...]]] = {DISTRIBUTION: ("origins", "enabled")}
_SERVICE: Final = "cloudfront.amazonaws.com"
_IDENTITY: Final = re.compile(r"arn:[a-z-]+:iam::cloudfront:user/(.+)")
_DISTRIBUTION: Final = re.compile(r"arn:[a-z-]+:cloudfront::(\d{12}):distribution/([A-Z0-9]+)")


def fetched(policy: Value | Unknown, around: Surroundings) -> Answer:
    """Whether a distribution is seen to fetch from the bucket; unknown where one might that is disabled or unread."""
    found, named = fetching(around), list(_named(policy, around))
    seen = [] if isinstance(found, Unknown) else [item for item in found if item.facets.get("enabled") is not False]
    signs = [f"the bucket is an origin of CloudFront distribution {item.ref.id}" for item in seen]
    if signs or named:
        return yes(*signs, *named)
    for part in (found, policy):
        if isinstance(part, Unknown):
            return part
    asleep = [] if isinstance(found, Unknown) else [item.ref.id for item in found]
    if asleep:
        return Unknown(f"CloudFront distribution {', '.join(asleep)} fetches from the bucket, and is disabled")
    if canonical := list(_canonical(policy)):
        return Unknown(f"the bucket policy names {', '.join(canonical)}, which may be an origin access identity")
    return no(
        "no CloudFront distribution of this account fetches from the bucket, and its policy names none that is enabled"
    )


def fetching(around: Surroundings) -> tuple[Resource, ...] | Unknown:
    """The distributions of the account that fetch from the bucket."""
    return those(
        around.of(DISTRIBUTION), "origins", lambda origins: any(_is_from(origin, around) for origin in origins)
    )


def _is_from(origin: Mapping[str, str], around: Surroundings) -> bool:
    """Whether an origin is the bucket, by any of the names that S3 answers to."""
    domain, bucket = origin["domain"].lower(), around.ref.id
    suffix = r"[.-][a-z0-9.-]*amazonaws\.com(\.cn)?"
    if re.fullmatch(rf"{re.escape(bucket)}\.s3{suffix}", domain):
        return True
    return bool(re.fullmatch(rf"s3{suffix}", domain)) and origin.get("path", "").strip("/").split("/")[0] == bucket


def _named(policy: Value | Unknown, around: Surroundings) -> Iterator[str]:
    """The distributions and identities that the bucket policy lets read.

    One of the account that does not exist any more, or that is disabled, reads nothing.
    """
    for statement in _allowing(policy):
        for principal in named_as("AWS", statement):
            if match := _IDENTITY.fullmatch(principal):
                yield f"the bucket policy lets `{match[1]}` read"
        if _SERVICE in named_as("Service", statement):
            sources = [value for line in lines_of(statement) if line.key == "aws:sourcearn" for value in line.values]
            for source in sources or ["any distribution"]:
                if not _is_off(source, around):
                    yield f"the bucket policy lets CloudFront read for {source}"


def _is_off(source: str, around: Surroundings) -> bool:
    """Whether a source is a distribution of the account that is known not to be there, or not to be enabled."""
    match, held = _DISTRIBUTION.fullmatch(source), around.of(DISTRIBUTION)
    if match is None or match[1] != around.ref.account or isinstance(held, Unknown):
        return False
    return all(item.facets.get("enabled") is False for item in held if item.ref.id == match[2])


def _canonical(policy: Value | Unknown) -> Iterator[str]:
    for statement in _allowing(policy):
        yield from (f"canonical user {name[:8]}…" for name in named_as("CanonicalUser", statement))


def _allowing(policy: Value | Unknown) -> Iterator[Json]:
    if not isinstance(policy, Unknown):
        yield from (item for item in statements(policy) if item.get("Effect") == "Allow")
