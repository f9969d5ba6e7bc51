"""The estate's buckets."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.estate.account import PARTNER, Account, allow, document, root_of

KEY: Final = "a/1.bin"
_BODY: Final = b"what is kept here\n"
SHOP: Final = "https://shop.example/"
ENDPOINT: Final = "vpce-0a1b2c3d4e5f60718"
DISTRIBUTION: Final = "E2QWRUHAPOMQZL"


def buckets(account: Account) -> None:
    """Make every bucket but those that are opened later."""
    records = account.held["records"] = _bucket(account)
    for row, statements in _PUBLIC.items():
        name = _bucket(account, row)
        _opened(account, name, statements)
    _website(account)
    _tagged_shop(account)
    _recorded(account)
    _by_distribution(account)
    _by_acl(account)
    _logged(account, records)
    _counted(account, "b11", 40)
    _counted(account, "b23", 0)
    _private(account)


def open_late(account: Account) -> None:
    """Open the bucket that was private at the scan before."""
    _opened(account, account.ids["b22"], "read")


_PUBLIC: Final = {
    "b01": "read", "b02": "read", "b03": "read", "b05": "read", "b06": "other", "b07": "oai", "b09": "referer",
    "b10": "read", "b11": "read", "b12": "read", "b13": "put", "b14": "mirror", "b17": "halves", "b20": "read",
    "b23": "read", "b24": "drop",
}  # fmt: skip
_EMPTY: Final = ("b13", "b20", "b21", "b24", "b25")


def _bucket(account: Account, row: str = "", name: str = "") -> str:
    """A bucket with an object, where it is not an empty one."""
    s3, name = account.own("s3"), name or account.name()
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": account.region})
    if row:
        account.ids[row] = name
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "environment", "Value": "production"}]})
    if row and row not in _EMPTY:
        s3.put_object(Bucket=name, Key=KEY, Body=_BODY)
    return name


def _opened(account: Account, name: str, what: str) -> None:
    s3, objects, bucket = account.own("s3"), f"arn:aws:s3:::{name}/*", f"arn:aws:s3:::{name}"
    read = allow("*", "s3:GetObject", objects)
    front = {"Service": "cloudfront.amazonaws.com"}
    source = {"StringEquals": {"AWS:SourceArn": f"arn:aws:cloudfront::{PARTNER}:distribution/{DISTRIBUTION}"}}
    oai = {"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1ODPQ4U7K2YZT"}
    statements: list[dict[str, Any]] = {
        "read": [read],
        "other": [read, allow(front, "s3:GetObject", objects, source)],
        "oai": [read, allow(oai, "s3:GetObject", objects)],
        "referer": [allow("*", "s3:GetObject", objects, {"StringLike": {"aws:Referer": f"{SHOP}*"}})],
        "put": [allow("*", "s3:PutObject", objects)],
        "drop": [allow("*", "s3:PutObject", objects), allow("*", "s3:ListBucket", bucket)],
        "mirror": [read, allow("*", "s3:ListBucket", bucket)],
        "halves": [allow("*", "s3:GetObject", objects, {"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}})],
    }[what]
    s3.delete_public_access_block(Bucket=name)
    s3.put_bucket_policy(Bucket=name, Policy=document(*statements))


def _website(account: Account) -> None:
    s3, name = account.own("s3"), account.ids["b01"]
    s3.put_bucket_website(Bucket=name, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})


def _tagged_shop(account: Account) -> None:
    s3, name = account.own("s3"), account.ids["b02"]
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": [SHOP.rstrip("/")], "AllowedHeaders": ["*"]}
    s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [rule]})
    s3.put_object(Bucket=name, Key="p/1.jpg", Body=_BODY, ContentType="image/jpeg")


def _recorded(account: Account) -> None:
    """Two buckets that the account's own DNS leads to, one of them named like its host."""
    route53, zone = account.own("route53"), f"{account.name()}.example"
    host = f"{account.name()}.{zone}"
    _opened(account, _bucket(account, "b04", host), "read")
    made = route53.create_hosted_zone(Name=zone, CallerReference=account.name())["HostedZone"]["Id"]
    changes = [
        {
            "Action": "CREATE",
            "ResourceRecordSet": {
                "Name": record,
                "Type": "CNAME",
                "TTL": 300,
                "ResourceRecords": [{"Value": f"{bucket}.s3.{account.region}.amazonaws.com"}],
            },
        }
        for record, bucket in ((host, host), (f"{account.name()}.{zone}", account.ids["b03"]))
    ]
    route53.change_resource_record_sets(HostedZoneId=made, ChangeBatch={"Changes": changes})


def _by_distribution(account: Account) -> None:
    """A distribution that fetches without credentials."""
    domain = f"{account.ids['b05']}.s3.{account.region}.amazonaws.com"
    origin = {"Id": "o", "DomainName": domain, "S3OriginConfig": {"OriginAccessIdentity": ""}}
    behavior = {
        "TargetOriginId": "o",
        "ViewerProtocolPolicy": "redirect-to-https",
        "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
        "MinTTL": 0,
    }
    account.own("cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": account.name(),
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": behavior,
        }
    )


def _by_acl(account: Account) -> None:
    """Buckets whose control lists let others in: everyone, everyone but there is nothing, and the partner."""
    s3 = account.own("s3")
    for row in ("b08", "b21"):
        name = _bucket(account, row)
        s3.put_bucket_ownership_controls(
            Bucket=name, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
        )
        s3.delete_public_access_block(Bucket=name)
        s3.put_bucket_acl(Bucket=name, ACL="public-read")
        if row not in _EMPTY:
            s3.put_object(Bucket=name, Key=KEY, Body=_BODY, ACL="public-read")


def _logged(account: Account, records: str) -> None:
    """Server access logs of a bucket, with strangers in them."""
    s3, name = account.own("s3"), account.ids["b10"]
    arn = f"arn:aws:s3:::{records}/*"
    deliver = allow({"Service": "logging.s3.amazonaws.com"}, "s3:PutObject", arn)
    s3.put_bucket_policy(Bucket=records, Policy=document(deliver))
    s3.put_bucket_logging(
        Bucket=name, BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": records, "TargetPrefix": f"{name}/"}}
    )
    for days in range(1, 4):
        when = datetime.now(UTC) - timedelta(days=days)
        line = (
            f"79a59df900b949e55d96a1e698fbaced {name} [{when:%d/%b/%Y:%H:%M:%S} +0000] 203.0.113.9 - 3E57427F3EXAMPLE "
            f'REST.GET.OBJECT {KEY} "GET /{name}/{KEY} HTTP/1.1" 200 - 18 18 7 6 "-" "curl/8.5" -\n'
        )
        s3.put_object(Bucket=records, Key=f"{name}/{when:%Y-%m-%d-%H-%M-%S}-{days:016X}", Body=line.encode())


def _counted(account: Account, row: str, each_day: int) -> None:
    """Request metrics of a whole bucket, for more than 30 days."""
    name, filtered = account.ids[row], "EntireBucket"
    account.own("s3").put_bucket_metrics_configuration(Bucket=name, Id=filtered, MetricsConfiguration={"Id": filtered})
    dimensions = [{"Name": "BucketName", "Value": name}, {"Name": "FilterId", "Value": filtered}]
    now = time.time()
    data = [
        {
            "MetricName": metric,
            "Dimensions": dimensions,
            "Timestamp": datetime.fromtimestamp(now - days * 86400 - 3600, UTC),
            "Value": each_day,
            "Unit": "Count",
        }
        for metric in ("AllRequests", "GetRequests")
        for days in range(35)
    ]
    account.own("cloudwatch").put_metric_data(Namespace="AWS/S3", MetricData=data)


def _private(account: Account) -> None:
    """Buckets that are not public, with and without a block."""
    s3 = account.own("s3")
    for row in ("b15", "b16", "b31"):
        _bucket(account, row)
    for row in ("b22", "b25", "b26", "b27", "b28", "b29", "b30", "b32"):
        s3.delete_public_access_block(Bucket=_bucket(account, row))
    for row in ("b27", "b28", "b29", "b30"):
        name = account.ids[row]
        both = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
        s3.put_bucket_policy(Bucket=name, Policy=document(_limited(account, row, both)))


def _limited(account: Account, row: str, both: list[str]) -> dict[str, Any]:
    if row == "b27":
        return allow(root_of(PARTNER), "s3:GetObject", both[1])
    if row == "b28":
        source = f"arn:aws:cloudfront::{account.account_id}:distribution/{DISTRIBUTION}"
        front = {"Service": "cloudfront.amazonaws.com"}
        return allow(front, "s3:GetObject", both[1], {"StringEquals": {"AWS:SourceArn": source}})
    if row == "b29":
        return allow("*", "s3:GetObject", both[1], {"StringEquals": {"aws:SourceVpce": ENDPOINT}})
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    return {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": both, "Condition": plain}
