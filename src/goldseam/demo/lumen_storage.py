"""Lumen Bikes' buckets: a public website, public customer data by mistake, and three as they should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from goldseam.demo.aws import Clients, policy, tags

_PAGE: Final = b"<!doctype html><title>Lumen Bikes</title><h1>Bikes that light your way home</h1>\n"
_CUSTOMERS: Final = b"id,name,email\n1001,Ada Berg,ada.berg@example.com\n1002,Noor Haddad,noor.haddad@example.com\n"
_CLOSED: Final = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


@dataclass(frozen=True, slots=True)
class Storage:
    """The names of the buckets, and of the object that should not be public."""

    website_bucket: str = "lumen-bikes-www"
    data_bucket: str = "lumen-bikes-customer-exports"
    data_key: str = "2026/customers.csv"
    private_bucket: str = "lumen-bikes-invoices"
    assets_bucket: str = "lumen-bikes-shop-assets"
    trail_bucket: str = "lumen-bikes-audit-logs"


def seed_storage(clients: Clients, account: str, *, opened: bool = True) -> Storage:
    """Create the buckets with what is in them; the customer data open to everyone, or not yet."""
    names = Storage()
    s3 = clients("s3")
    _website(s3, clients.region, names.website_bucket)
    _customer_data(s3, clients.region, account, names)
    if opened:
        open_customer_data(clients, account)
    _private(s3, clients.region, names.private_bucket, "finance", "confidential")
    _private(s3, clients.region, names.assets_bucket, "web", "public")
    _trail_logs(s3, clients.region, account, names.trail_bucket)
    return names


def _create(s3: Any, region: str, bucket: str, labels: list[dict[str, str]]) -> None:
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": labels})


def _website(s3: Any, region: str, bucket: str) -> None:
    """A bucket that is public on purpose."""
    _create(s3, region, bucket, tags(environment="production", team="web", data_classification="public"))
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_website(
        Bucket=bucket,
        WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "error.html"}},
    )
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(public_read("PublicReadForWebsite", bucket)))
    for key in ("index.html", "error.html"):
        s3.put_object(Bucket=bucket, Key=key, Body=_PAGE, ContentType="text/html")


def _customer_data(s3: Any, region: str, account: str, names: Storage) -> None:
    """A bucket with two statements that are right, closed as every new one is."""
    bucket = names.data_bucket
    _create(s3, region, bucket, tags(environment="staging", team="data", data_classification="confidential"))
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=_CLOSED)
    s3.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    )
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(tls_only(bucket), _portal(bucket, account)))
    s3.put_object(Bucket=bucket, Key=names.data_key, Body=_CUSTOMERS, ContentType="text/csv")


def open_customer_data(clients: Clients, account: str) -> None:
    """What somebody does for a partner, and forgets."""
    s3, bucket = clients("s3"), Storage().data_bucket
    s3.delete_public_access_block(Bucket=bucket)
    statements = (tls_only(bucket), public_read("TemporaryPartnerDownload", bucket), _portal(bucket, account))
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(*statements))


def _private(s3: Any, region: str, bucket: str, team: str, data_class: str) -> None:
    """A bucket as it should be: closed, encrypted with KMS, versioned, TLS only."""
    _create(s3, region, bucket, tags(environment="production", team=team, data_classification=data_class))
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=_CLOSED)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/aws/s3"}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(tls_only(bucket)))


def _trail_logs(s3: Any, region: str, account: str, bucket: str) -> None:
    """The bucket that receives audit and flow logs."""
    _private(s3, region, bucket, "platform", "internal")
    arn = f"arn:aws:s3:::{bucket}"
    service = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    statements = (
        {"Sid": "AWSCloudTrailAclCheck", **service, "Action": "s3:GetBucketAcl", "Resource": arn},
        {"Sid": "AWSCloudTrailWrite", **service, "Action": "s3:PutObject", "Resource": f"{arn}/AWSLogs/{account}/*"},
        tls_only(bucket),
    )
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(*statements))


def public_read(sid: str, bucket: str) -> dict[str, Any]:
    """A statement that lets everybody read the objects."""
    resource = f"arn:aws:s3:::{bucket}/*"
    return {"Sid": sid, "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": resource}


def tls_only(bucket: str) -> dict[str, Any]:
    """A statement, without a Sid, that refuses plain HTTP."""
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _portal(bucket: str, account: str) -> dict[str, Any]:
    """A statement that lets one CloudFront distribution read the objects."""
    return {
        "Sid": "AllowPartnerPortal",
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"StringEquals": {"AWS:SourceArn": f"arn:aws:cloudfront::{account}:distribution/E2LUMENPORTAL"}},
    }
