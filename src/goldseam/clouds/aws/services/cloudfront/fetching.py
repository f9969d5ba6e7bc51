"""How a distribution fetches from its origins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.named import OriginAccessControl
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.cloudfront.distribution import DISTRIBUTION
from goldseam.clouds.aws.services.cloudfront.example import bucket, config, origin
from goldseam.control import Example, Severity, Verdict, compliant, control, may_disrupt, should_be, violation
from goldseam.model.values import Json

_HTTPS: Final = "https-only"
_OLD: Final = ("SSLv3", "TLSv1", "TLSv1.1")
_MODERN: Final = "TLSv1.2"
_WEBSITE: Final = ".s3-website"


def _origins(config: Mapping[str, Json]) -> list[dict[str, Json]]:
    held: list[dict[str, Json]] = config["Origins"]["Items"]
    return held


def _servers(config: Mapping[str, Json]) -> list[dict[str, Json]]:
    """Origins that are the user's own servers; an S3 website endpoint speaks plain HTTP only."""
    return [item for item in _origins(config) if "CustomOriginConfig" in item and _WEBSITE not in item["DomainName"]]


def _changed(config: Mapping[str, Json], mended: Mapping[str, Json]) -> dict[str, Json]:
    """The configuration with other origins in the place of those with these ids."""
    items = [mended.get(str(item["Id"]), item) for item in _origins(config)]
    return {**config, "Origins": {**config["Origins"], "Items": items}}


def _server(item: Mapping[str, Json], **changed: Json) -> Json:
    return {**item, "CustomOriginConfig": {**item["CustomOriginConfig"], **changed}}


@control(
    "aws.cloudfront.distribution.origin-uses-https",
    DISTRIBUTION,
    severity=Severity.MEDIUM,
    maps=required("cloudfront_distributions_origin_traffic_encrypted"),
    disrupts=may_disrupt("an origin that does not speak HTTPS with a valid certificate is no longer reached"),
    compliant=[
        {"config": config()},
        {"config": config(origins=(origin("http-only", domain="b.s3-website-eu-west-1.amazonaws.com"),))},
    ],
    violating=[
        Example({"config": config(origins=(origin("http-only"),))}, leaves={"config": config()}),
        Example(
            {"config": config(origins=(origin("match-viewer"), bucket("E1")))},
            leaves={"config": config(origins=(origin(), bucket("E1")))},
        ),
    ],
)
def origin_uses_https(config: Mapping[str, Json]) -> Verdict:
    """CloudFront fetches over HTTPS.

    Between CloudFront and an origin is the open internet too. Websites of S3 speak no HTTPS and are another control.
    """
    plain = [item for item in _servers(config) if item["CustomOriginConfig"]["OriginProtocolPolicy"] != _HTTPS]
    if not plain:
        return compliant
    mended = {str(item["Id"]): _server(item, OriginProtocolPolicy=_HTTPS) for item in plain}
    return should_be(config=_changed(config, mended), because=f"plain HTTP may be spoken to {_named(plain)}")


def _named(items: list[dict[str, Json]]) -> str:
    return ", ".join(f"{item['Id']} ({item['DomainName']})" for item in items)


@control(
    "aws.cloudfront.distribution.origin-tls-modern",
    DISTRIBUTION,
    severity=Severity.MEDIUM,
    maps=required("cloudfront_distributions_using_deprecated_ssl_protocols"),
    disrupts=may_disrupt("an origin that does not speak TLS 1.2 is no longer reached"),
    compliant=[{"config": config()}],
    violating=[
        Example(
            {"config": config(origins=(origin("https-only", "TLSv1", "TLSv1.1", "TLSv1.2"),))},
            leaves={"config": config()},
        ),
        Example({"config": config(origins=(origin("https-only", "SSLv3"),))}, leaves={"config": config()}),
    ],
)
def origin_tls_modern(config: Mapping[str, Json]) -> Verdict:
    """CloudFront speaks no version of TLS before 1.2 to an origin.

    Older versions have known weaknesses, and whoever stands between can ask for the oldest that both know.
    """
    old = [item for item in _servers(config) if set(_versions(item)) & set(_OLD)]
    if not old:
        return compliant
    mended = {str(item["Id"]): _modern(item) for item in old}
    return should_be(config=_changed(config, mended), because=f"old versions of TLS may be spoken to {_named(old)}")


def _versions(item: Mapping[str, Json]) -> list[str]:
    held: list[str] = (item["CustomOriginConfig"].get("OriginSslProtocols") or {}).get("Items") or []
    return held


def _modern(item: Mapping[str, Json]) -> Json:
    kept = [version for version in _versions(item) if version not in _OLD] or [_MODERN]
    return _server(item, OriginSslProtocols={"Quantity": len(kept), "Items": kept})


@control(
    "aws.cloudfront.distribution.no-website-origin",
    DISTRIBUTION,
    severity=Severity.MEDIUM,
    maps=required("cloudfront_distributions_origin_traffic_encrypted"),
    compliant=[{"config": config()}],
    violating=[{"config": config(origins=(origin("http-only", domain="b.s3-website-eu-west-1.amazonaws.com"),))}],
)
def no_website_origin(config: Mapping[str, Json]) -> Verdict:
    """No origin is a website of S3.

    Such an endpoint speaks plain HTTP only, and its bucket must be open to everyone.
    """
    found = [item for item in _origins(config) if _WEBSITE in item["DomainName"]]
    if not found:
        return compliant
    return violation(
        because=f"{_named(found)} is a website endpoint of S3",
        guide="add the bucket's own endpoint as an origin with an origin access control, let the bucket's policy allow "
        "the distribution, replace index documents and redirects by a CloudFront function, move the behaviours to the "
        "new origin, then block public access to the bucket",
    )


@control(
    "aws.cloudfront.distribution.origin-access-controlled",
    DISTRIBUTION,
    severity=Severity.MEDIUM,
    maps=required("cloudfront_distributions_s3_origin_access_control"),
    disrupts=may_disrupt("a bucket whose policy does not allow the distribution by its ARN is no longer reached"),
    compliant=[{"config": config(origins=(bucket("E1"),))}, {"config": config()}],
    violating=[
        {"config": config(origins=(bucket(),))},
        {"config": config(origins=(bucket(identity="origin-access-identity/cloudfront/E2"),))},
        Example(
            {"config": config(origins=(bucket(identity="origin-access-identity/cloudfront/E2"), origin()))},
            settings={"access_control": "E1"},
            leaves={"config": config(origins=(bucket("E1"), origin()))},
        ),
    ],
)
def origin_access_controlled(config: Mapping[str, Json], *, access_control: OriginAccessControl = "") -> Verdict:
    """CloudFront signs what it asks of a bucket, so that the bucket need not be open to others.

    Origin access control is AWS's present way; the older identity does not know all regions, nor KMS.
    """
    open_ones = [
        item for item in _origins(config) if "S3OriginConfig" in item and not item.get("OriginAccessControlId")
    ]
    if not open_ones:
        return compliant
    because = f"no origin access control for {_named(open_ones)}"
    if not access_control:
        return violation(
            because=because,
            guide="make an origin access control of type s3 that signs always, let the policy of the bucket (and its "
            "KMS key) allow cloudfront.amazonaws.com with the distribution's ARN as source, and give its id in a "
            "policy as the setting `access_control`",
        )
    mended = {str(item["Id"]): _controlled(item, access_control) for item in open_ones}
    return should_be(config=_changed(config, mended), because=because)


def _controlled(item: Mapping[str, Json], control: str) -> Json:
    held = {**item["S3OriginConfig"], "OriginAccessIdentity": ""}
    return {**item, "S3OriginConfig": held, "OriginAccessControlId": control}


@control(
    "aws.cloudfront.distribution.origin-bucket-exists",
    DISTRIBUTION,
    severity=Severity.HIGH,
    maps=required("cloudfront_distributions_s3_origin_non_existent_bucket"),
    covers=("security-hub:CloudFront.12",),
    compliant=[{"missing_buckets": []}],
    violating=[{"missing_buckets": ["goldseam-gone"]}],
)
def origin_bucket_exists(missing_buckets: list[str]) -> Verdict:
    """Buckets that a distribution fetches from exist.

    Whoever makes a bucket with the name of one that is gone decides what the viewers of the site are served.
    """
    if not missing_buckets:
        return compliant
    return violation(
        because=f"there is no bucket {', '.join(missing_buckets)}",
        guide="make a bucket of that name in your own account at once, so that nobody else can; then take the origin "
        "and the behaviours that use it out of the distribution, and delete the bucket when that is deployed",
    )


_BOTH: Final = {
    "Quantity": 1,
    "Items": [
        {
            "Id": "both",
            "FailoverCriteria": {"StatusCodes": {"Quantity": 2, "Items": [500, 503]}},
            "Members": {"Quantity": 2, "Items": [{"OriginId": "app"}, {"OriginId": "files"}]},
        }
    ],
}


@control(
    "aws.cloudfront.distribution.origin-has-spare",
    DISTRIBUTION,
    severity=Severity.LOW,
    maps=required("cloudfront_distributions_multiple_origin_failover_configured"),
    compliant=[{"config": config(origins=(origin(), bucket("E1")), OriginGroups=_BOTH)}],
    violating=[{"config": config()}],
)
def origin_has_spare(config: Mapping[str, Json]) -> Verdict:
    """A second origin answers when the first does not.

    Without one an outage of the origin is an outage of the site, whatever CloudFront does.
    """
    if config.get("OriginGroups", {}).get("Quantity"):
        return compliant
    return violation(
        because="no origin group has a second origin",
        guide="copy the content to a second origin (a bucket in another region, with replication), make an origin "
        "group of both with the status codes on which CloudFront turns to the second, and point the behaviours to the "
        "group",
    )
