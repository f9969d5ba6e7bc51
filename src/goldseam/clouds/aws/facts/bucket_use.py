"""What shows that a bucket is used without credentials: websites, CORS rules, DNS records, CDNs, counted requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from goldseam.clouds.aws.facts.bucket_cdn import ORIGINS, fetched, fetching
from goldseam.clouds.aws.facts.bucket_open import ACTIVITY, Held, activity_of, as_bucket, is_closed, requested, unused
from goldseam.clouds.aws.facts.matching import listed, those
from goldseam.clouds.aws.facts.sources import BUCKET_METRICS
from goldseam.clouds.aws.facts.tagged import bare, tagged
from goldseam.clouds.aws.public import yes
from goldseam.clouds.aws.services.route53 import HOSTED_ZONE
from goldseam.clouds.aws.services.s3 import BUCKET
from goldseam.control import Answer, Known, Surroundings, fact
from goldseam.model.resource import Resource
from goldseam.model.values import Json, Unknown

_SITE_KEYS: Final = ("website", "purpose", "usage", "use", "role", "content", "type")
_SITES: Final = frozenset({"website", "site", "staticsite", "staticwebsite", "publicwebsite", "webhosting"})
_NO: Final = frozenset({"false", "no", "none", "0"})
_DOMAIN: Final = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}")


@fact(
    "serves_website", BUCKET, bool, needs={**ORIGINS, HOSTED_ZONE: ("domain", "to_buckets")}, lookups=ACTIVITY,
    tolerant=True, dear=True, lag=BUCKET_METRICS.lag, source=BUCKET_METRICS.source,
)  # fmt: skip
def serves_website(
    website: Held, tags: Held, cors: Held, policy: Held, acl: Held, public_access_block: Held,
    account_public_access_block: Held, ownership: Held, *, around: Surroundings,
) -> Answer:  # fmt: skip
    """Whether people or websites read the bucket without credentials.

    True by a website configuration or a tag, and of an open bucket also by CORS rules (Amazon S3 User Guide, "Using
    cross-origin resource sharing (CORS)"), a record in a hosted zone of the account ("Virtual hosting of general
    purpose buckets"), a CloudFront distribution, or requests that CloudWatch counted ("CloudWatch metrics
    configurations"). False where nobody reaches it without credentials, or where something shows that nobody uses it.
    """
    held = as_bucket(policy, acl, public_access_block, account_public_access_block, ownership)
    zones, cdn = _zones(around), fetched(policy, around)
    closed = is_closed(held)
    outside = () if closed else _outside(cors, zones, cdn, around)
    if signs := (*_own(website, tags), *outside):
        return yes(*signs)
    for part in (website, tags) if closed else (website, tags, cors, zones, cdn):
        if isinstance(part, Unknown):
            return part
    return unused(held, around, named=_is_domain(around))


@fact("cloudfront_origin", BUCKET, bool, needs=ORIGINS, lookups=ACTIVITY, tolerant=True, dear=True,
      lag=BUCKET_METRICS.lag, source=BUCKET_METRICS.source)  # fmt: skip
def cloudfront_origin(
    policy: Held, acl: Held, public_access_block: Held, account_public_access_block: Held, ownership: Held,
    *, around: Surroundings,
) -> Answer:  # fmt: skip
    """Whether a CloudFront distribution fetches from the bucket.

    Distributions of other accounts are seen where the bucket policy lets them in by name (Amazon CloudFront Developer
    Guide, "Restrict access to an Amazon Simple Storage Service origin"). Of an open bucket they are not, so where none
    is seen it takes something that shows that nobody uses the bucket.
    """
    cdn = fetched(policy, around)
    if isinstance(cdn, Unknown) or cdn.value:
        return cdn
    held = as_bucket(policy, acl, public_access_block, account_public_access_block, ownership)
    rest = unused(held, around, named=_is_domain(around))
    return Known(rest.value, (*cdn.evidence, *rest.evidence)) if isinstance(rest, Known) else rest


@fact("dependants", BUCKET, list, needs=ORIGINS)
def bucket_dependants(*, around: Surroundings) -> Answer:
    """What in the account depends on the resource, by name; unknown where nothing is seen.

    Of a bucket, the CloudFront distributions that fetch from it.
    """
    found = fetching(around)
    return found if isinstance(found, Unknown) else listed([item.ref.id for item in found], "fetches from the bucket")


def _own(website: Held, tags: Held) -> Iterator[str]:
    """What the bucket's own configuration says."""
    if isinstance(website, Mapping):
        yield f"the bucket has a website configuration: {_site(website)}"
    for key, value in tagged(tags, _SITE_KEYS) if isinstance(tags, Mapping) else ():
        if bare(value) in _SITES or (bare(key) == "website" and bare(value) not in _NO):
            yield f"tag `{key}` is `{value}`"


def _site(website: Mapping[str, Json]) -> str:
    if host := (website.get("RedirectAllRequestsTo") or {}).get("HostName"):
        return f"every request is redirected to `{host}`"
    return f"its index document is `{(website.get('IndexDocument') or {}).get('Suffix', '')}`"


def _outside(cors: Held, zones: tuple[Resource, ...] | Unknown, cdn: Answer, around: Surroundings) -> Iterator[str]:
    """Which web pages may read an open bucket, what names it, and the requests that were counted."""
    if isinstance(cors, list) and cors:
        origins = sorted({str(origin) for rule in cors for origin in rule.get("AllowedOrigins") or ()})
        yield f"its CORS rules allow web pages of {', '.join(origins)}"
    points = _points_to(around.ref.id)
    for zone in () if isinstance(zones, Unknown) else zones:
        records: Json = zone.facets["to_buckets"]
        yield from (
            f"record `{it['record']}` of hosted zone {zone.ref.id} points to it" for it in records if points(it)
        )
    if isinstance(cdn, Known) and cdn.value:
        yield from cdn.evidence
    if counted := requested(activity_of(around)):
        yield counted


def _zones(around: Surroundings) -> tuple[Resource, ...] | Unknown:
    """The hosted zones of the account with a record that points to the bucket."""
    points = _points_to(around.ref.id)
    return those(around.of(HOSTED_ZONE), "to_buckets", lambda records: any(map(points, records)))


def _points_to(bucket: str) -> Callable[[Mapping[str, str]], bool]:
    """Whether a record is called like the bucket, or its target names it."""
    return lambda record: bucket in (record["record"], record["bucket"])


def _is_domain(around: Surroundings) -> str:
    """The sentence that the bucket is called like a domain, which it may serve by itself; empty where it is not."""
    name, zones = around.ref.id, around.of(HOSTED_ZONE)
    domains = [] if isinstance(zones, Unknown) else [zone.facets.get("domain") for zone in zones]
    for domain in domains:
        if isinstance(domain, str) and (name == domain or name.endswith(f".{domain}")):
            return f"`{name}` is a name in the hosted zone of `{domain}`"
    return f"`{name}` is a domain name that it may serve" if _DOMAIN.fullmatch(name) else ""
