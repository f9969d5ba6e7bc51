"""CloudFront distributions: one configuration that is read and written whole, against the version that was read.

What CloudFront sends to an origin in headers of the user's own is often a password. Such values are no part of the
configuration as goldseam keeps it: a placeholder stands for each, and a reading just before the write fills it in. A
header that is not there to be read cannot be written, so no plan adds or removes one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from goldseam.clouds.aws.facet import VALUE, Get, Look, Reading, Send, absent_is, until
from goldseam.clouds.aws.kind import ANSWER, REQUEST, Ask, AwsKind, Listing, ListingScope, changes, filled
from goldseam.clouds.aws.services.cloudfront.missing import LOOKS_FOR_BUCKETS, missing
from goldseam.clouds.aws.shapes import Document
from goldseam.control import EVERYTHING, Permission, Step
from goldseam.model.resource import Ref
from goldseam.model.values import Json, Placeholder, Value

_ON_DISTRIBUTIONS: Final = (
    "CreateDistribution",
    "CreateDistributionWithTags",
    "UpdateDistribution",
    "DeleteDistribution",
)
_CONFIG: Final = "config"
_SECRET: Final = frozenset(("HeaderValue", "DefaultValue"))
"""Members that hold what an origin is sent: values of the user's own headers, and what parameters in them stand for."""
_SENSITIVE: Final = (
    "Origins.Items.[].CustomHeaders.Items.[].HeaderValue",
    "Comment",
    "TenantConfig.ParameterDefinitions.[].Definition.StringSchema.DefaultValue",
    "TenantConfig.ParameterDefinitions.[].Definition.StringSchema.Comment",
)
_NAMES: Final = ("Id", "HeaderName", "Name")
_SAME: Final = frozenset(("Certificate", "CertificateSource"))
"""Older names of members of a viewer certificate, which CloudFront keeps equal to the newer ones."""


def _origin(raw: Json) -> Json:
    return {"id": raw["Id"], "domain": raw["DomainName"], "path": raw.get("OriginPath") or ""}


def _origins(raw: Json) -> Value:
    return [_origin(origin) for origin in raw]


def _secrets(node: Json, way: str = "") -> Iterator[tuple[str, str]]:
    """Where in a configuration secrets are, and what they are; nodes of lists go by their names."""
    if isinstance(node, Mapping):
        name = next((str(node[key]) for key in _NAMES if key in node), "")
        here = f"{way}/{name}" if name else way
        for key, item in node.items():
            if key in _SECRET and isinstance(item, str) and item:
                yield f"{here}/{key}".lstrip("/"), item
            else:
                yield from _secrets(item, here)
    elif isinstance(node, list):
        for item in node:
            yield from _secrets(item, way)


def _told(answer: Json) -> Mapping[str, str]:
    return {"ETag": str(answer["ETag"]), **dict(_secrets(answer["Distribution"]["DistributionConfig"]))}


def _without_secrets(node: Json, way: str = "") -> Json:
    """The same configuration with a placeholder for each secret."""
    if isinstance(node, list):
        return [_without_secrets(item, way) for item in node]
    if not isinstance(node, Mapping):
        return node
    name = next((str(node[key]) for key in _NAMES if key in node), "")
    here = f"{way}/{name}" if name else way
    return {key: _without_secret(key, item, here) for key, item in node.items()}


def _without_secret(key: str, item: Json, way: str) -> Json:
    if key in _SECRET and item:
        return Placeholder(_CONFIG, f"{way}/{key}".lstrip("/"))
    return _without_secrets(item, way)


def _ordered(node: Json) -> Json:
    """Lists of words are sets, and so are origins; the order of behaviours means something."""
    if isinstance(node, list):
        return [_ordered(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    held = {key: _ordered(item) for key, item in node.items() if key not in _SAME and (key, item) != ("Items", [])}
    items = held.get("Items") or []
    if "Quantity" in held and all(isinstance(item, (str, int)) for item in items):
        held |= {"Items": sorted(items)} if items else {}
    if isinstance(held.get("Origins"), Mapping):
        held["Origins"] = {
            **held["Origins"],
            "Items": sorted(held["Origins"]["Items"], key=lambda item: str(item["Id"])),
        }
    return held


def _form(value: Value) -> Value:
    made: Value = _ordered(value)
    return made


@dataclass(frozen=True)
class _Config(Document):
    """The configuration. A log needs rights on its bucket, where CloudFront lets the log's writer in.

    Source: CloudFront Developer Guide, "Configure standard logging (legacy)", permissions.
    """

    def write(self, ref: Ref, before: Value, after: Value) -> tuple[Step, ...]:
        """One update; none that adds a header whose value nobody can read, or takes one away."""
        if sorted(_placeholders(before)) != sorted(_placeholders(after)):
            raise self.no_way(ref, after)
        steps = super().write(ref, before, after)
        log = after.get("Logging") or {}
        if not log.get("Enabled") or log == before.get("Logging"):
            return steps
        bucket = filled("arn:{partition}:s3:::", ref) + log["Bucket"].partition(".s3")[0]
        more = tuple(Permission(f"s3:{action}", bucket) for action in ("GetBucketAcl", "PutBucketAcl"))
        return tuple(Step(step.facet, step.call.also(*more), step.leaves) for step in steps)


def _placeholders(node: Json) -> Iterator[Placeholder]:
    if isinstance(node, Placeholder):
        yield node
    elif isinstance(node, (Mapping, list)):
        for item in node.values() if isinstance(node, Mapping) else node:
            yield from _placeholders(item)


_BUCKET: Final = re.compile(r"(.+?)\.s3(?:[.-](?:[a-z0-9-]+\.)*)amazonaws\.com(?:\.cn)?")


@dataclass(frozen=True)
class MissingBuckets(Look):
    """Buckets that the distribution fetches from and that do not exist. Those of the account cost one listing."""

    @property
    def read_operations(self) -> tuple[str, ...]:
        """The account's buckets, and a question about each that is not among them."""
        return LOOKS_FOR_BUCKETS

    def read(self, ask: Ask, ref: Ref, item: Json) -> Reading:
        """Ask about every bucket that is an origin."""
        origins = (item["Origins"].get("Items") or []) if item else []
        found = {match[1] for origin in origins if (match := _BUCKET.fullmatch(origin["DomainName"]))}
        return Reading(missing(ask, ref.region, found))


DISTRIBUTION: Final = AwsKind(
    "aws.cloudfront.distribution",
    "CloudFront distribution",
    (
        _Config(
            name=_CONFIG,
            get=Get("cloudfront.GetDistribution", {"Id": "{id}"}, "Distribution.DistributionConfig"),
            decode=_without_secrets,
            form=_form,
            sensitive=_SENSITIVE,
            tells=_told,
            waits=until("Distribution.Status", "Deployed", of="the distribution"),
            put=Send(
                "cloudfront.UpdateDistribution",
                {"Id": "{id}", "IfMatch": Placeholder(_CONFIG, "ETag"), "DistributionConfig": VALUE},
            ),
        ),
        MissingBuckets(name="missing_buckets"),
        Look(name="origins", listed="Origins.Items", decode=_origins, form=absent_is([])),
        Look(name="aliases", listed="Aliases.Items", form=absent_is([])),
        Look(name="domain", listed="DomainName"),
        Look(name="enabled", listed="Enabled"),
        Look(name="comment", listed="Comment", sensitive=EVERYTHING),
    ),
    touched_by=(changes("cloudfront", f"{REQUEST}.id", f"{ANSWER}.distribution.id", names=_ON_DISTRIBUTIONS),),
    address="arn:{partition}:cloudfront::{account}:distribution/{id}",
    find=Listing("cloudfront.ListDistributions", "DistributionList.Items", id="Id"),
    scope=ListingScope.GLOBAL,
)
