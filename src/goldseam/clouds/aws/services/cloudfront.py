"""CloudFront distributions, as far as facts need them: which names they answer to and where they fetch from."""

from __future__ import annotations

from typing import Final

from goldseam.clouds.aws.facet import Look, no_list_is_empty
from goldseam.clouds.aws.kind import ANSWER, REQUEST, AwsKind, Listing, Scope, changes
from goldseam.values import Json, Value

_ON_DISTRIBUTIONS: Final = (
    "CreateDistribution",
    "CreateDistributionWithTags",
    "UpdateDistribution",
    "DeleteDistribution",
)


def _origin(raw: Json) -> Json:
    access = raw.get("OriginAccessControlId") or (raw.get("S3OriginConfig") or {}).get("OriginAccessIdentity") or ""
    return {"id": raw["Id"], "domain": raw["DomainName"], "path": raw.get("OriginPath") or "", "access": access}


def _origins(raw: Json) -> Value:
    return [_origin(origin) for origin in raw]


DISTRIBUTION: Final = AwsKind(
    "aws.cloudfront.distribution",
    "CloudFront distribution",
    (
        Look(name="origins", listed="Origins.Items", decode=_origins, form=no_list_is_empty),
        Look(name="aliases", listed="Aliases.Items", form=no_list_is_empty),
        Look(name="domain", listed="DomainName"),
        Look(name="enabled", listed="Enabled"),
        Look(name="comment", listed="Comment"),
    ),
    touched_by=(changes("cloudfront", f"{REQUEST}.id", f"{ANSWER}.distribution.id", names=_ON_DISTRIBUTIONS),),
    address="arn:{partition}:cloudfront::{account}:distribution/{id}",
    find=Listing("cloudfront.ListDistributions", "DistributionList.Items", id="Id"),
    scope=Scope.GLOBAL,
)
