"""The bucket and its facets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldseam.clouds.aws.bucket_regions import LISTED
from goldseam.clouds.aws.facet import VALUE, Account, Address, Get, Look, Send, tags
from goldseam.clouds.aws.kind import REQUEST, AwsKind, Listing, ListingScope, changes
from goldseam.clouds.aws.public import FLAGS, in_force
from goldseam.clouds.aws.services.s3.configuration import (
    IfVersioned,
    Replication,
    as_lifecycle,
    lifecycle_form,
    logging_form,
    notification_form,
    ownership_of,
)
from goldseam.clouds.aws.services.s3.use import CORS
from goldseam.clouds.aws.shapes import Document, Switch, policy
from goldseam.model.values import ABSENT, Json, Value, canonical
from goldseam.ports import GLOBAL

__all__ = ["BUCKET", "FLAGS", "NO_BLOCKS", "in_force", "with_all_flags"]

NO_BLOCKS: Final[Mapping[str, Value]] = {"public_access_block": ABSENT, "account_public_access_block": ABSENT}
_WEBSITE: Final = ("ErrorDocument", "IndexDocument", "RedirectAllRequestsTo", "RoutingRules")
_BUCKET: Final = {"Bucket": "{id}"}


def _with_bucket_key(value: Value) -> Value:
    """Every rule says whether it uses a bucket key; AWS adds that to what is put without it."""
    if value is ABSENT:
        return ABSENT
    return {**value, "Rules": [{"BucketKeyEnabled": False, **rule} for rule in value.get("Rules", [])]}


def with_all_flags(value: Value) -> Value:
    """A block with its four flags; a flag that is not set is off."""
    return value if value is ABSENT else {flag: value.get(flag, False) for flag in FLAGS}


def _acl_form(value: Value) -> Value:
    """Owner and grants by id, in canonical order; display names are labels that AWS adds, or no longer does."""
    if value is ABSENT:
        return ABSENT
    grants = [{**grant, "Grantee": _unlabelled(grant["Grantee"])} for grant in value.get("Grants", [])]
    return {"Owner": _unlabelled(value.get("Owner", {})), "Grants": sorted(grants, key=canonical)}


def _unlabelled(party: Mapping[str, Json]) -> dict[str, Json]:
    return {key: item for key, item in party.items() if key != "DisplayName"}


def _website(answer: Mapping[str, Json]) -> Value:
    return {key: answer[key] for key in _WEBSITE if key in answer} or ABSENT


def _versioning(status: str) -> Send:
    return Send("s3.PutBucketVersioning", {**_BUCKET, "VersioningConfiguration": {"Status": status}})


def _keeps_versions(value: Value) -> Value:
    return value is True


BUCKET: Final = AwsKind(
    "aws.s3.bucket",
    "S3 bucket",
    (
        Document(
            name="encryption",
            get=Get(
                "s3.GetBucketEncryption",
                _BUCKET,
                "ServerSideEncryptionConfiguration",
                absent=("ServerSideEncryptionConfigurationNotFoundError",),
            ),
            put=Send("s3.PutBucketEncryption", {**_BUCKET, "ServerSideEncryptionConfiguration": VALUE}),
            delete=Send("s3.DeleteBucketEncryption", _BUCKET),
            form=_with_bucket_key,
        ),
        policy(
            "policy",
            get=Get("s3.GetBucketPolicy", _BUCKET, "Policy", absent=("NoSuchBucketPolicy",)),
            put=Send("s3.PutBucketPolicy", {**_BUCKET, "Policy": VALUE}),
            delete=Send("s3.DeleteBucketPolicy", _BUCKET),
        ),
        Document(
            name="acl",
            get=Get("s3.GetBucketAcl", _BUCKET),
            put=Send("s3.PutBucketAcl", {**_BUCKET, "AccessControlPolicy": VALUE}),
            form=_acl_form,
        ),
        # Whether the bucket keeps versions. AWS knows no way back to a bucket that never kept any: both that and a
        # suspended one are `False` here, because neither keeps a version of what is overwritten from then on. Taking
        # the repair back suspends versioning; the versions made in between stay until a person deletes them.
        Switch(
            name="versioning",
            get=Get("s3.GetBucketVersioning", _BUCKET, "Status"),
            decode=lambda status: status == "Enabled",
            form=_keeps_versions,
            levels={True: _versioning("Enabled"), False: _versioning("Suspended")},
        ),
        Document(
            name="public_access_block",
            get=Get(
                "s3.GetPublicAccessBlock",
                _BUCKET,
                "PublicAccessBlockConfiguration",
                absent=("NoSuchPublicAccessBlockConfiguration",),
            ),
            put=Send("s3.PutPublicAccessBlock", {**_BUCKET, "PublicAccessBlockConfiguration": VALUE}),
            delete=Send("s3.DeletePublicAccessBlock", _BUCKET),
            form=with_all_flags,
        ),
        Look(
            name="account_public_access_block",
            get=Get(
                "s3control.GetPublicAccessBlock",
                {"AccountId": "{account}"},
                "PublicAccessBlockConfiguration",
                absent=("NoSuchPublicAccessBlockConfiguration",),
                region=GLOBAL,
            ),
            form=with_all_flags,
        ),
        Look(
            name="website",
            get=Get("s3.GetBucketWebsite", _BUCKET, absent=("NoSuchWebsiteConfiguration",)),
            decode=_website,
        ),
        tags(Get("s3.GetBucketTagging", _BUCKET, "TagSet", absent=("NoSuchTagSet",))),
        Address(name="arn"),
        Account(name="account"),
        Look(
            name="mfa_delete",
            get=Get("s3.GetBucketVersioning", _BUCKET, "MFADelete"),
            decode=lambda status: status == "Enabled",
            form=_keeps_versions,
        ),
        Document(
            name="logging",
            get=Get("s3.GetBucketLogging", _BUCKET, "LoggingEnabled"),
            put=Send("s3.PutBucketLogging", {**_BUCKET, "BucketLoggingStatus": {"LoggingEnabled": VALUE}}),
            delete=Send("s3.PutBucketLogging", {**_BUCKET, "BucketLoggingStatus": {}}),
            form=logging_form,
        ),
        Document(
            name="ownership",
            get=Get(
                "s3.GetBucketOwnershipControls",
                _BUCKET,
                "OwnershipControls.Rules.ObjectOwnership",
                absent=("OwnershipControlsNotFoundError",),
            ),
            put=Send(
                "s3.PutBucketOwnershipControls",
                {**_BUCKET, "OwnershipControls": {"Rules": [{"ObjectOwnership": VALUE}]}},
            ),
            delete=Send("s3.DeleteBucketOwnershipControls", _BUCKET),
            decode=ownership_of,
        ),
        Document(
            name="notifications",
            get=Get("s3.GetBucketNotificationConfiguration", _BUCKET),
            put=Send("s3.PutBucketNotificationConfiguration", {**_BUCKET, "NotificationConfiguration": VALUE}),
            form=notification_form,
        ),
        Document(
            name="lifecycle",
            get=Get("s3.GetBucketLifecycleConfiguration", _BUCKET, absent=("NoSuchLifecycleConfiguration",)),
            put=Send("s3.PutBucketLifecycleConfiguration", _BUCKET),
            delete=Send("s3.DeleteBucketLifecycle", _BUCKET),
            form=lifecycle_form,
            encode=as_lifecycle,
            spread=True,
        ),
        IfVersioned(
            name="object_lock",
            get=Get(
                "s3.GetObjectLockConfiguration",
                _BUCKET,
                "ObjectLockConfiguration.ObjectLockEnabled",
                absent=("ObjectLockConfigurationNotFoundError",),
            ),
        ),
        Replication(
            name="replication",
            get=Get(
                "s3.GetBucketReplication",
                _BUCKET,
                "ReplicationConfiguration.Rules",
                absent=("ReplicationConfigurationNotFoundError",),
            ),
        ),
        CORS,
    ),
    touched_by=(changes("s3", f"{REQUEST}.bucketName"),),
    address="arn:{partition}:s3:::{id}",
    find=Listing(
        "s3.ListBuckets",
        "Buckets",
        id="Name",
        region="BucketRegion",
        parameters=LISTED,
        narrow={"Prefix": "{id}"},
    ),
    scope=ListingScope.GLOBAL,
)
