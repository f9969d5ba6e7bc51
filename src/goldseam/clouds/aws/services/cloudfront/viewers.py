"""How a distribution speaks to viewers, what it lets through, and what it writes down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final

from goldseam.clouds.aws.named import Bucket, WebAclArn
from goldseam.clouds.aws.requirements import required
from goldseam.clouds.aws.services.cloudfront.distribution import DISTRIBUTION
from goldseam.clouds.aws.services.cloudfront.example import (
    CLOUDFRONTS_OWN,
    FIREWALL,
    NO_LOG,
    behaviour,
    bucket,
    certificate,
    config,
    origin,
)
from goldseam.control import (
    Example,
    Placed,
    Severity,
    Verdict,
    compliant,
    control,
    harmless,
    may_disrupt,
    should_be,
    violation,
)
from goldseam.model.values import Json

_OPEN: Final = "allow-all"
_TO_HTTPS: Final = "redirect-to-https"


def _https(held: Mapping[str, Json]) -> Json:
    return {**held, "ViewerProtocolPolicy": _TO_HTTPS} if held["ViewerProtocolPolicy"] == _OPEN else held


@control(
    "aws.cloudfront.distribution.viewers-use-https",
    DISTRIBUTION,
    severity=Severity.HIGH,
    maps=required("cloudfront_distributions_https_enabled"),
    covers=("seed:cloudfrontHttpsOnly",),
    disrupts=may_disrupt("viewers that speak plain HTTP only, or send forms over it, are no longer served"),
    compliant=[{"config": config(behaviour("https-only", PathPattern="/api/*"))}],
    violating=[
        Example({"config": config(DefaultCacheBehavior=behaviour(_OPEN))}, leaves={"config": config()}),
        Example(
            {
                "config": config(
                    behaviour(_OPEN, PathPattern="/api/*"),
                    behaviour("https-only", PathPattern="/pay/*"),
                    DefaultCacheBehavior=behaviour(_OPEN),
                )
            },
            leaves={"config": config(behaviour(PathPattern="/api/*"), behaviour("https-only", PathPattern="/pay/*"))},
        ),
    ],
)
def viewers_use_https(config: Mapping[str, Json]) -> Verdict:
    """Viewers are led to HTTPS.

    What is sent in plain text is read and changed on the way, passwords and session cookies included.
    """
    others = config["CacheBehaviors"].get("Items") or []
    plain = [str(item["PathPattern"]) for item in others if item["ViewerProtocolPolicy"] == _OPEN]
    if config["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == _OPEN:
        plain.append("everything else")
    if not plain:
        return compliant
    wanted = {**config, "DefaultCacheBehavior": _https(config["DefaultCacheBehavior"])}
    if others:
        wanted["CacheBehaviors"] = {**config["CacheBehaviors"], "Items": [_https(item) for item in others]}
    return should_be(config=wanted, because=f"plain HTTP is allowed for {', '.join(plain)}")


_LEAST: Final = re.compile(r"TLSv1\.(\d)_")
_ENOUGH: Final = 2


def least_version(policy: str) -> int:
    """The least version of TLS 1 that a security policy lets in; 0 for the oldest ones.

    Source: CloudFront Developer Guide, "Supported protocols and ciphers between viewers and CloudFront".
    """
    found = _LEAST.match(policy)
    return int(found[1]) if found else 0


@control(
    "aws.cloudfront.distribution.viewer-tls-modern",
    DISTRIBUTION,
    severity=Severity.MEDIUM,
    disrupts=may_disrupt("viewers that do not speak TLS 1.2 cannot connect"),
    compliant=[
        {"config": config()},
        {"config": config(ViewerCertificate=certificate("TLSv1.3_2025"))},
        {"config": config(ViewerCertificate=CLOUDFRONTS_OWN)},
    ],
    violating=[
        Example({"config": config(ViewerCertificate=certificate("TLSv1"))}, leaves={"config": config()}),
        Example({"config": config(ViewerCertificate=certificate("TLSv1.1_2016"))}, leaves={"config": config()}),
        Example(
            {"config": config()},
            settings={"policy": "TLSv1.3_2025"},
            leaves={"config": config(ViewerCertificate=certificate("TLSv1.3_2025"))},
        ),
        Example({"config": config(ViewerCertificate=certificate("SSLv3"))}, settings={"policy": "TLSv1_2016"}),
    ],
)
def viewer_tls_modern(config: Mapping[str, Json], *, policy: str = "TLSv1.2_2021") -> Verdict:
    """Viewers connect with TLS 1.2 or newer.

    Older versions have known weaknesses. With CloudFront's own certificate the version cannot be chosen; a certificate
    of one's own is another control.
    """
    held = config["ViewerCertificate"]
    wanted = max(least_version(policy), _ENOUGH)
    if held.get("CloudFrontDefaultCertificate") or least_version(held["MinimumProtocolVersion"]) >= wanted:
        return compliant
    because = f"the security policy {held['MinimumProtocolVersion']} lets in versions of TLS before 1.{wanted}"
    if least_version(policy) < _ENOUGH:
        return violation(because=because, guide=f"choose another setting `policy`: {policy} lets them in as well")
    changed = {**held, "MinimumProtocolVersion": policy}
    return should_be(config={**config, "ViewerCertificate": changed}, because=because)


@control(
    "aws.cloudfront.distribution.certificate-by-name",
    DISTRIBUTION,
    severity=Severity.LOW,
    maps=required("cloudfront_distributions_https_sni_enabled"),
    disrupts=may_disrupt(
        "viewers that do not name the host when they connect, which very old ones do not, are refused"
    ),
    compliant=[{"config": config()}, {"config": config(ViewerCertificate=CLOUDFRONTS_OWN)}],
    violating=[Example({"config": config(ViewerCertificate=certificate(support="vip"))}, leaves={"config": config()})],
)
def certificate_by_name(config: Mapping[str, Json]) -> Verdict:
    """The certificate is chosen by the name that the viewer asks for.

    An address of its own in every location costs hundreds of dollars a month, for viewers that no longer exist.
    """
    held = config["ViewerCertificate"]
    if held.get("CloudFrontDefaultCertificate") or held.get("SSLSupportMethod") != "vip":
        return compliant
    changed = {**held, "SSLSupportMethod": "sni-only"}
    return should_be(config={**config, "ViewerCertificate": changed}, because="it has addresses of its own for TLS")


@control(
    "aws.cloudfront.distribution.own-certificate",
    DISTRIBUTION,
    severity=Severity.LOW,
    maps=required("cloudfront_distributions_custom_ssl_certificate"),
    compliant=[{"config": config()}],
    violating=[{"config": config(ViewerCertificate=CLOUDFRONTS_OWN)}],
)
def own_certificate(config: Mapping[str, Json]) -> Verdict:
    """A distribution has a certificate of its own.

    With CloudFront's, viewers know it by a name that says nothing, and every version of TLS since 1.0 is let in.
    """
    if not config["ViewerCertificate"].get("CloudFrontDefaultCertificate"):
        return compliant
    return violation(
        because="it has CloudFront's own certificate",
        guide="request a certificate in ACM in us-east-1 for the names of the site, add the names to the distribution "
        "with it and a security policy of TLS 1.2, and point the names' DNS records to the distribution",
    )


_FOR_ROOT: Final = frozenset({"*", "/*", "/"})
"""Path patterns that the root matches; the leading slash is optional (CloudFront Developer Guide, "Cache behavior
settings", path pattern)."""


def _root_origins(config: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    """The origins that a request for the root goes to: of the first behavior that it matches, or the default one."""
    behaviors = [*(config["CacheBehaviors"].get("Items") or ()), {**config["DefaultCacheBehavior"], "PathPattern": "*"}]
    target = next(item["TargetOriginId"] for item in behaviors if item["PathPattern"] in _FOR_ROOT)
    groups = {group["Id"]: group["Members"]["Items"] for group in config["OriginGroups"].get("Items") or ()}
    wanted = {member["OriginId"] for member in groups.get(target, ())} | {target}
    return [item for item in config["Origins"]["Items"] if item["Id"] in wanted]


_OF_BUCKET: Final = behaviour(TargetOriginId="files")
_SITE: Final = origin("http-only", domain="files.s3-website-eu-west-1.amazonaws.com")


def _files(*behaviors: Json, **changed: Json) -> dict[str, Json]:
    """A distribution whose root a bucket answers."""
    return config(*behaviors, origins=(bucket("E1"), origin()), DefaultCacheBehavior=_OF_BUCKET, **changed)


@control(
    "aws.cloudfront.distribution.root-object",
    DISTRIBUTION,
    severity=Severity.MEDIUM,
    maps=required("cloudfront_distributions_default_root_object"),
    covers=("security-hub:CloudFront.1",),
    disrupts=may_disrupt("whoever asks for the root gets this object instead of what the origin answers there"),
    compliant=[
        {"config": _files()},
        {"config": config(origins=(origin(),), DefaultRootObject="")},
        {"config": config(origins=(_SITE,), DefaultRootObject="")},
        {"config": config(origins=(origin(), bucket("E1")), DefaultRootObject="")},
        {"config": _files(behaviour(PathPattern="/*"), DefaultRootObject="")},
    ],
    violating=[
        Example({"config": _files(DefaultRootObject="")}, leaves={"config": _files()}),
        Example(
            {"config": _files(DefaultRootObject="")},
            settings={"object": "home.html"},
            leaves={"config": _files(DefaultRootObject="home.html")},
        ),
    ],
)
def root_object(config: Mapping[str, Json], *, object: str = "index.html") -> Verdict:
    """Whoever asks for the root gets a page, and not a list of what there is.

    A bucket that may be listed answers the root with the names of all its objects. An origin of the user's own (an API,
    a load balancer, a website endpoint of S3) answers the root itself, and is not asked about (Security Hub User Guide,
    CloudFront.1).
    """
    if config.get("DefaultRootObject") or not any("S3OriginConfig" in item for item in _root_origins(config)):
        return compliant
    return should_be(config={**config, "DefaultRootObject": object}, because="there is no default root object")


@control(
    "aws.cloudfront.distribution.logged",
    DISTRIBUTION,
    severity=Severity.MEDIUM,
    maps=required("cloudfront_distributions_logging_enabled"),
    disrupts=harmless(
        "viewers are served as before; storage of the logs is charged, CloudFront adds itself to the ACL of "
        "the bucket and refuses the change where the bucket has ACLs disabled",
        source="Amazon CloudFront Developer Guide, Configure standard logging (legacy)",
        noticed_by="those who pay",
    ),
    compliant=[
        {"config": config()},
        {
            "config": config(
                Logging=NO_LOG,
                DefaultCacheBehavior=behaviour(RealtimeLogConfigArn="arn:aws:cloudfront::123456789012:r"),
            )
        },
    ],
    violating=[
        {"config": config(Logging=NO_LOG)},
        Example(
            {"config": config(Logging=NO_LOG)},
            settings={"bucket": "goldseam-logs", "prefix": "edge/"},
            leaves={"config": config()},
        ),
    ],
)
def logged(config: Mapping[str, Json], *, bucket: Bucket = "", prefix: str = "") -> Verdict:
    """Requests to a distribution are logged.

    The log says who asked for what and when, which is the first question after an attack. Logs that CloudWatch delivers
    (standard logging, version 2) are no part of the distribution and are not seen: exempt it where there is one.
    """
    log = config.get("Logging") or NO_LOG
    if log.get("Enabled") or config["DefaultCacheBehavior"].get("RealtimeLogConfigArn"):
        return compliant
    if not bucket:
        return violation(
            because="requests are not logged",
            guide="make a bucket that takes ACLs (object ownership: bucket owner preferred), and give its name in a "
            "policy as the setting `bucket`",
        )
    wanted = {**NO_LOG, **log, "Enabled": True, "Bucket": f"{bucket}.s3.amazonaws.com", "Prefix": prefix}
    return should_be(config={**config, "Logging": wanted}, because="requests are not logged")


_AT_HOME: Final = Placed(
    "Amazon CloudFront API Reference, DistributionConfig: WebACLId",
    region="us-east-1",
)


@control(
    "aws.cloudfront.distribution.behind-firewall",
    DISTRIBUTION,
    severity=Severity.MEDIUM,
    maps=required("cloudfront_distributions_using_waf"),
    disrupts=may_disrupt("requests that the rules of the web ACL block are refused"),
    compliant=[{"config": config()}],
    violating=[
        {"config": config(WebACLId="")},
        Example({"config": config(WebACLId="")}, settings={"firewall": FIREWALL}, leaves={"config": config()}),
    ],
)
def behind_firewall(config: Mapping[str, Json], *, firewall: Annotated[WebAclArn, _AT_HOME] = "") -> Verdict:
    """Requests to a distribution pass a web application firewall.

    It takes out known attacks at the edge, before they reach an origin.
    """
    if config.get("WebACLId"):
        return compliant
    if not firewall:
        return violation(
            because="no web ACL is attached",
            guide="make a web ACL for CloudFront in us-east-1 with the managed rule groups that fit, let it count for "
            "some days and look at what it would have blocked; then give its ARN in a policy as the setting `firewall`",
        )
    return should_be(config={**config, "WebACLId": firewall}, because="no web ACL is attached")
