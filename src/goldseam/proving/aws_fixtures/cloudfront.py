"""Distributions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.services import cloudfront
from goldseam.model.values import Json, Value
from goldseam.proving.aws_fixtures.making import reference
from goldseam.proving.emulated import EmulatedGround, Fixture, FixtureResult

_KEY: Final = {"Quantity": 1, "Items": [{"HeaderName": "X-Origin-Key", "HeaderValue": "not-a-secret-1"}]}


def _origin(name: str, domain: str, **more: Json) -> Json:
    return {"Id": name, "DomainName": domain, **more}


def _config(name: str, facets: Mapping[str, Value]) -> Json:
    """A distribution whose origins have the headers that the example's have, for none can be added later."""
    gone = facets.get("missing_buckets")
    bucket = gone[0] if gone else "goldseam-files"
    usual = [{"Id": "app" if gone is None else "files"}]
    held = (facets.get("config") or {}).get("Origins", {}).get("Items") or usual
    ours = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "http-only"}
    origins = [
        _origin("app", "app.example.com", CustomHeaders=_KEY, CustomOriginConfig=ours)
        if item["Id"] == "app"
        else _origin(item["Id"], f"{bucket}.s3.amazonaws.com", S3OriginConfig={"OriginAccessIdentity": ""})
        for item in held
    ]
    return {
        "CallerReference": name, "Comment": name, "Enabled": True,
        "Origins": {"Quantity": len(origins), "Items": origins},
        "DefaultCacheBehavior": {
            "TargetOriginId": origins[0]["Id"], "ViewerProtocolPolicy": "allow-all", "MinTTL": 0,
            "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
        },
    }  # fmt: skip


def _distribution(ground: EmulatedGround, name: str, facets: Mapping[str, Value]) -> FixtureResult:
    ids = [
        ground.make("cloudfront.CreateDistribution", DistributionConfig=_config(each, facets))["Distribution"]["Id"]
        for each in (name, f"{name}-beside")
    ]
    refs = [reference(ground, cloudfront.DISTRIBUTION, each) for each in ids]
    return FixtureResult(refs[0], {}, (refs[1],))


FIXTURES: Final[Mapping[str, Fixture]] = {
    "aws.cloudfront.distribution": Fixture(
        _distribution,
        normal=frozenset({"ETag", "LastModifiedTime"}),
        unasked=frozenset({"s3:GetBucketAcl", "s3:PutBucketAcl"}),
    ),
}
