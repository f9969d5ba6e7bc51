"""A distribution for examples: everything as it should be, in the form in which CloudFront gives it."""

from __future__ import annotations

from typing import Final

from goldseam.model.values import Json, Placeholder

_METHODS: Final = {
    "Quantity": 2, "Items": ["GET", "HEAD"], "CachedMethods": {"Quantity": 2, "Items": ["GET", "HEAD"]},
}  # fmt: skip
_NOBODY: Final = {"Enabled": False, "Quantity": 0}


def behaviour(viewers: str = "redirect-to-https", **more: Json) -> dict[str, Json]:
    """A cache behaviour that speaks to viewers in this way."""
    return {
        "TargetOriginId": "app", "ViewerProtocolPolicy": viewers, "AllowedMethods": _METHODS, "SmoothStreaming": False,
        "TrustedSigners": _NOBODY, "TrustedKeyGroups": _NOBODY, "Compress": True, "FieldLevelEncryptionId": "",
        "LambdaFunctionAssociations": {"Quantity": 0}, "FunctionAssociations": {"Quantity": 0},
        "RealtimeLogConfigArn": "", "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
        "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
        "MinTTL": 0, "DefaultTTL": 0, "MaxTTL": 0, **more,
    }  # fmt: skip


def origin(protocol: str = "https-only", *versions: str, domain: str = "app.example.com") -> dict[str, Json]:
    """A server of the user's own; what it is sent in `X-Origin-Key` is a secret."""
    held = versions or ("TLSv1.2",)
    key = {"HeaderName": "X-Origin-Key", "HeaderValue": Placeholder("config", "app/X-Origin-Key/HeaderValue")}
    return {
        "Id": "app", "DomainName": domain, "OriginPath": "", "ConnectionAttempts": 3, "ConnectionTimeout": 10,
        "CustomHeaders": {"Quantity": 1, "Items": [key]}, "OriginShield": {"Enabled": False},
        "CustomOriginConfig": {
            "HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": protocol, "OriginReadTimeout": 30,
            "OriginKeepaliveTimeout": 5, "OriginSslProtocols": {"Quantity": len(held), "Items": list(held)},
        },
    }  # fmt: skip


def bucket(access: str = "", identity: str = "") -> dict[str, Json]:
    """A bucket as an origin, with an origin access control or an origin access identity."""
    return {
        "Id": "files", "DomainName": "goldseam-files.s3.amazonaws.com", "OriginPath": "", "ConnectionAttempts": 3,
        "ConnectionTimeout": 10, "CustomHeaders": {"Quantity": 0}, "OriginShield": {"Enabled": False},
        "S3OriginConfig": {"OriginAccessIdentity": identity}, "OriginAccessControlId": access,
    }  # fmt: skip


def certificate(least: str = "TLSv1.2_2021", support: str = "sni-only") -> dict[str, Json]:
    """A certificate of the user's own."""
    return {
        "CloudFrontDefaultCertificate": False, "IAMCertificateId": "", "SSLSupportMethod": support,
        "ACMCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1234abcd-12ab-34cd-56ef-1234567890ab",
        "MinimumProtocolVersion": least,
    }  # fmt: skip


CLOUDFRONTS_OWN: Final = {
    "CloudFrontDefaultCertificate": True, "IAMCertificateId": "", "ACMCertificateArn": "",
    "SSLSupportMethod": "sni-only", "MinimumProtocolVersion": "TLSv1",
}  # fmt: skip
NO_LOG: Final = {"Enabled": False, "IncludeCookies": False, "Bucket": "", "Prefix": ""}
LOG: Final = {**NO_LOG, "Enabled": True, "Bucket": "goldseam-logs.s3.amazonaws.com", "Prefix": "edge/"}
FIREWALL: Final = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/edge/1234abcd-12ab-34cd-56ef-1234567890ab"


def config(*behaviours: Json, origins: tuple[Json, ...] = (), **changed: Json) -> dict[str, Json]:
    """A distribution with these behaviours beside the default one; what is named is changed."""
    held = origins or (origin(),)
    others = {"Quantity": len(behaviours), **({"Items": list(behaviours)} if behaviours else {})}
    return {
        "CallerReference": "example", "Aliases": {"Quantity": 0}, "DefaultRootObject": "index.html",
        "Origins": {"Quantity": len(held), "Items": list(held)}, "OriginGroups": {"Quantity": 0},
        "DefaultCacheBehavior": behaviour(), "CacheBehaviors": others, "CustomErrorResponses": {"Quantity": 0},
        "Comment": "example", "Logging": LOG, "PriceClass": "PriceClass_All", "Enabled": True,
        "ViewerCertificate": certificate(),
        "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
        "WebACLId": FIREWALL, "HttpVersion": "http2", "IsIPV6Enabled": True, **changed,
    }  # fmt: skip
